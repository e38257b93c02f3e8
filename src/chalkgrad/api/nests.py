"""The loops that a function and its gradient are compiled to, to read: `code(work, "loops")`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from chalkgrad.errors import ValueNeeded
from chalkgrad.evaluate.worked import Worked
from chalkgrad.ir.program import Atom, Number, Program
from chalkgrad.ir.types import ArrayType
from chalkgrad.native.emit.lanes import choose
from chalkgrad.native.listing import listing
from chalkgrad.native.plan.plan import plan
from chalkgrad.native.segments import Part, pieces
from chalkgrad.native.threads import in_parts
from chalkgrad.transform.backprop import pullback
from chalkgrad.transform.fill import abstract_steps
from chalkgrad.transform.gates import recognise
from chalkgrad.transform.loops.opened import opened
from chalkgrad.transform.prepare import prepare
from chalkgrad.transform.roll import rolled


def nests(worked: Worked) -> str:
    """The loop nests of the value and the gradients: what is compiled, made out of the program that is shown.

    What has no loops, as a sort has none, runs in NumPy between them and is said. Raises ValueNeeded where a size has
    only a name, or a function is abstract.
    """
    left = abstract_steps(worked.program)
    if left:
        raise ValueNeeded(f"{next(iter(left))} is abstract: fill it in, and then there are loops")
    for var in worked.program.variables():
        if any(not isinstance(n, int) for n in var.type.shape):
            raise ValueNeeded(f"{var.hint or 'a value'} has sizes without a number: give values, and then loops")
    program = _run(worked)
    parts = pieces(program)
    if len(parts) == 1 and parts[0].native:
        return _listed(Part(program, native=True), [worked.loss, *[f"d{v.hint}" for v in worked.backprop.wrt]])
    return "\n".join([_listed(part) for part in parts])


def _run(worked: Worked) -> Program:
    """What is run for the value and the gradients."""
    shown = rolled(recognise(worked.program, evaluation=True))
    whole = pullback(shown, worked.backprop.wrt)
    if worked.unit:
        seed, type = whole.inputs[-1], worked.program.output.type
        one = Number(np.dtype(type.dtype).type(1), ArrayType((), type.dtype))

        def seeded(atoms: tuple[Atom, ...]) -> tuple[Atom, ...]:
            return tuple([one if a is seed else a for a in atoms])

        steps = tuple([replace(s, inputs=seeded(s.inputs)) if seed in s.inputs else s for s in whole.steps])
        whole = Program(whole.name, whole.inputs[:-1], steps, seeded(whole.outputs))
    return opened(prepare(whole))


def _listed(part: Part, outputs: Sequence[str] = ()) -> str:
    if part.native:
        tree = choose(in_parts(plan(part.program)))
        for buffer, name in zip(tree.outputs, outputs, strict=False):
            buffer.name = name
        return listing(tree)
    named = ", ".join([step.op.name + (f" ({step.origin})" if step.origin else "") for step in part.program.steps])
    return f"in NumPy: {named}\n"

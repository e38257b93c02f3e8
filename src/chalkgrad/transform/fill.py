"""Abstract functions filled in, before anything is differentiated: a stage keeps its name, and its Var."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from chalkgrad.errors import ShapeError, TooLarge
from chalkgrad.ir.build import Builder
from chalkgrad.ir.program import Atom, Program, Step, input_types
from chalkgrad.ir.registry import lookup
from chalkgrad.ops.abstract import is_abstract

MAX_STEPS = 16_000


def abstract_steps(program: Program) -> dict[str, Step]:
    """For every abstract function that is called, the first step that calls it."""
    found: dict[str, Step] = {}
    for step in program.steps:
        if is_abstract(step.op):
            found.setdefault(step.op.name, step)
    return found


def fill(program: Program, bodies: Mapping[str, Program]) -> Program:
    """The Program with every call of a function in `bodies` replaced by that Program's steps.

    Raises ShapeError where a body takes another number of arguments, or gives another type, and TooLarge.
    """
    builder = Builder()
    for step in program.steps:
        body = bodies.get(step.op.name) if is_abstract(step.op) else None
        if body is None:
            builder.steps.append(step)
        else:
            _inline(builder, step, body)
        if len(builder.steps) > MAX_STEPS:
            raise TooLarge(f"filled in, this is more than {MAX_STEPS} operations")
    return program.with_steps(tuple(builder.steps))


def _inline(builder: Builder, step: Step, body: Program) -> None:
    name = step.op.name
    if len(body.inputs) != len(step.inputs):
        takes, stand = len(body.inputs), len(step.inputs)
        raise ShapeError(f"{name} is called with {stand} arguments, and filled in by a function of {takes}")
    known: dict[Atom, Atom] = dict(zip(body.inputs, step.inputs, strict=True))
    for one in body.steps:
        inputs = tuple([known.get(a, a) for a in one.inputs])
        last = builder.bind(one.op, *inputs, params=one.params, origin=one.origin)
        known[one.output] = last
    out = known.get(body.output, body.output)
    if not body.steps or builder.steps[-1].outputs != (out,):  # an argument or a number: the stage is a copy of it
        builder.steps.append(Step((step.output,), lookup("accumulate"), (out,), origin=step.origin))
    made = builder.steps[-1]
    given = made.op.infer(input_types(made.inputs), made.params)
    if given != (step.output.type,):
        raise ShapeError(f"{name} filled in gives {given[0]}, where {step.output.type} is wanted")
    builder.steps[-1] = replace(made, outputs=(step.output,))

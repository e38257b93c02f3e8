"""How fine the gates are: `expand` opens an op into what it is made of, `recognise` closes it again.

Both read the same records: an op's `expand` is how it opens, its `forms` are what it is recognised by, so that no
pattern stands here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any, Literal

from chalkgrad.errors import ChalkgradError
from chalkgrad.ir.build import Builder
from chalkgrad.ir.program import NO_PARAMS, Atom, Number, Program, Step, Var, input_types
from chalkgrad.ir.registry import OPS
from chalkgrad.ir.types import SCALAR, ArrayType
from chalkgrad.transform.prune import prune

Gates = Literal["typed", "fine", "whole"]


def set_gates(program: Program, gates: Gates) -> Program:
    """`typed` leaves it as it is, `fine` opens every gate, `whole` closes 1/(1+e^-z) to σ."""
    if gates == "fine":
        return expand(program)
    if gates == "whole":
        return recognise(program)
    if gates != "typed":
        raise ChalkgradError(f"gates is one of typed, fine, whole, not {gates!r}")
    return program


def expand(program: Program) -> Program:
    """Every gate that is made of simpler ones, opened: σ becomes *-1, exp, +1, 1/x."""
    steps: list[Step] = []
    for step in program.steps:
        op: Any = step.op
        if op.expand is None:
            steps.append(step)
            continue
        builder = Builder()
        builder.origin = step.origin
        out = op.expand(*map(builder.value, step.inputs), **step.params).atom
        if isinstance(out, Number) or out.type != step.output.type:  # folded away, or 1/x of a whole number
            steps.append(step)
            continue
        steps.extend(replace(s, outputs=step.outputs) if s.outputs == (out,) else s for s in builder.steps)
    return program.with_steps(tuple(steps)).with_bodies(expand)


def recognise(program: Program, *, evaluation: bool = False) -> Program:
    """1/(1+e^-z) becomes σ(z), and so for every op that says what it is made of.

    A stage that a person named is not swallowed. With `evaluation`, it is, and the forms that matter only for exact
    evaluation are found too: log σ, log(1+e^x), sqrt(x²). Vars keep their identity; the same Program comes back
    where nothing was found.
    """
    patterns = _patterns(evaluation, len(OPS))
    if patterns.keys().isdisjoint([s.op.name for s in program.steps]) and not any([s.params for s in program.steps]):
        return program
    inside = partial(recognise, evaluation=evaluation)
    made: dict[Var, Step] = {}
    steps: list[Step] = []
    changed = False
    for step in program.steps:
        for pattern in patterns.get(step.op.name, _NONE):
            bound = pattern.match(step, made, swallow_named=evaluation)
            if bound is not None and _types(pattern.op, bound) == [v.type for v in step.given]:
                step = Step(step.outputs, pattern.op, bound, origin=step.origin)
                changed = True
                break
        whole = step.with_bodies(inside) if step.params else step
        changed = changed or whole is not step
        steps.append(whole)
        for out in whole.given:
            made[out] = whole
    if not changed:
        return program
    read = {a for s in program.steps for a in s.inputs}
    unused = [not any(v in read for v in s.outputs) for s in program.steps]  # a person's unused stages stay
    keep = frozenset(s for s, u in zip(steps, unused, strict=True) if u)
    return prune(program.with_steps(tuple(steps)), keep=keep)


def _types(op: Any, inputs: tuple[Atom, ...]) -> list[ArrayType]:
    return list(op.infer(input_types(inputs), NO_PARAMS))


class Pattern:
    """One form of one op: a little Program over placeholder inputs."""

    def __init__(self, op: Any, form: Callable[..., Any]) -> None:
        builder = Builder()
        self.op = op
        self.holes = [builder.input(f"x{i}", SCALAR) for i in range(form.__code__.co_argcount)]
        self.root = form(*map(builder.value, self.holes)).atom
        self.made = {s.output: s for s in builder.steps}

    def match(self, step: Step, made: dict[Var, Step], *, swallow_named: bool) -> tuple[Atom, ...] | None:
        """What stands in the holes if `step` has this form."""
        for bound in self._ways(self.made[self.root], step, made, {}, swallow_named):
            return tuple(bound[h] for h in self.holes)
        return None

    def _ways(self, want: Any, have: Step, made: dict[Var, Step], bound: dict[Var, Atom], named: bool) -> Any:
        """Every way to fill the holes; patterns are a few steps deep, so this may recurse."""
        if want.op is not have.op or any(have.params.get(k) != v for k, v in want.params.items()):
            return
        orders = [have.inputs]
        if want.op.symmetric:
            orders.append(have.inputs[::-1])
        for inputs in orders:
            partial = [bound]
            for hole, atom in zip(want.inputs, inputs, strict=True):
                partial = [b for p in partial for b in self._fill(hole, atom, made, p, named)]
            yield from partial

    def _fill(self, hole: Atom, atom: Atom, made: dict[Var, Step], bound: dict[Var, Atom], named: bool) -> Any:
        if isinstance(hole, Number):
            if isinstance(atom, Number) and atom.type.shape == () and atom.value == hole.value:
                yield bound
        elif hole in self.made:
            if isinstance(atom, Var) and atom in made and (named or not atom.hint):
                yield from self._ways(self.made[hole], made[atom], made, bound, named)
        elif hole not in bound:
            yield {**bound, hole: atom}
        elif bound[hole] is atom:
            yield bound


_NONE: list[Pattern] = []


@lru_cache(maxsize=4)  # the table only grows
def _patterns(evaluation: bool, table_size: int) -> dict[str, list[Pattern]]:
    found: dict[str, list[Pattern]] = {}
    for op in OPS.values():
        forms = op.forms if evaluation or op.expand is not None else ()
        for form in forms:
            pattern = Pattern(op, form)
            found.setdefault(pattern.made[pattern.root].op.name, []).append(pattern)
    return found

"""A loop without what it takes or carries in vain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import final

import numpy as np

from chalkgrad.ir.build import Builder
from chalkgrad.ir.program import Atom, Number, Program, Step, Var
from chalkgrad.ir.types import ArrayType
from chalkgrad.transform.loops.turning import Turning, before


@final
class Outside:
    """The steps around loops, as they are written: what stands for values that are gone, and who made the others."""

    def __init__(self) -> None:
        self.builder = Builder()
        self.same: dict[Var, Atom] = {}
        self.made: dict[Var, Step] = {}

    def now(self, atom: Atom) -> Atom:
        """What stands for an atom."""
        while isinstance(atom, Var) and atom in self.same:
            atom = self.same[atom]
        return atom

    def write(self, step: Step) -> None:
        """Add a step, its inputs as they are now."""
        inputs = tuple([self.now(a) for a in step.inputs])
        step = step if inputs == step.inputs else replace(step, inputs=inputs)
        self.builder.steps.append(step)
        self.made.update(dict.fromkeys(step.given, step))

    def inline(self, program: Program, atoms: Sequence[Atom]) -> list[Atom]:
        """Write the steps of a Program on these atoms; what its outputs are here."""
        known: dict[Var, Atom] = dict(zip(program.inputs, atoms, strict=True))
        for step in program.steps:
            outs = tuple([None if v is None else Var(v.type, v.hint) for v in step.outputs])
            inputs = tuple([known[a] if isinstance(a, Var) else a for a in step.inputs])
            self.write(Step(outs, step.op, inputs, step.params, step.origin))
            known.update({old: new for old, new in zip(step.outputs, outs, strict=True) if old and new})
        return [known[a] if isinstance(a, Var) else a for a in program.outputs]

    def row(self, atom: Atom) -> Atom | None:
        """One row of an array whose rows are all alike."""
        if isinstance(atom, Number):
            return _row_of(atom)
        step = self.made.get(atom)
        if step is None or step.op.name != "broadcast_to":
            return None
        (source,) = step.inputs
        shape = atom.type.shape
        if len(source.type.shape) == len(shape):
            if source.type.shape[0] != 1:
                return None
            source = self.bind("reshape", source, shape=source.type.shape[1:])
        return source if source.type.shape == shape[1:] else self.bind("broadcast_to", source, shape=shape[1:])

    def bind(self, name: str, *atoms: Atom, **params: object) -> Atom:
        """A new step by the op of that name."""
        count = len(self.builder.steps)
        first, *others = [self.builder.value(a) for a in atoms]
        found = first.apply(name, *others, **params).atom
        for step in self.builder.steps[count:]:
            self.made.update(dict.fromkeys(step.given, step))
        return found


def _row_of(number: Number) -> Number | None:
    values = np.asarray(number.value)
    bits = np.ascontiguousarray(values).view(np.uint8).reshape(len(values), -1) if values.size else None
    if bits is None or not np.array_equal(bits, np.broadcast_to(bits[:1], bits.shape)):
        return None
    row = values[0].copy()
    row.setflags(write=False)
    return Number(row if row.ndim else row[()], ArrayType(row.shape, row.dtype.name))


def tidy(loop: Turning, outside: Outside) -> None:
    """Put numbers into the body, take in the same only once, and drop what nobody reads."""
    drop(loop)
    _still(loop, outside)
    change: dict[Var, Atom] = {}
    # among float32 a bare number would be one more of them, and what was computed is not
    bare = all([a.type.dtype != "float32" for s in loop.steps for a in (*s.inputs, *s.given)])
    consts: list[tuple[Var, Atom]] = []
    xs: list[tuple[Var, Atom]] = []
    met: dict[Atom, Var] = {}
    for var, atom in loop.xs:
        row = outside.row(atom)
        if row is not None:
            loop.consts.append((var, row))
        elif atom in met:
            change[var] = met[atom]
        else:
            met[atom] = var
            xs.append((var, atom))
    known: dict[Atom, Var] = {}
    for var, atom in loop.consts:
        if isinstance(atom, Number) and bare:
            change[var] = atom
        elif atom in known:
            change[var] = known[atom]
        else:
            known[atom] = var
            consts.append((var, atom))
    loop.consts, loop.xs = consts, xs
    substitute(loop, change)
    drop(loop)


def substitute(loop: Turning, change: Mapping[Var, Atom]) -> None:
    """Let other atoms stand for some of the body."""
    if not change:
        return

    def now(atom: Atom) -> Atom:
        return change.get(atom, atom) if isinstance(atom, Var) else atom

    steps: list[Step] = []
    for step in loop.steps:
        inputs = tuple([now(a) for a in step.inputs])
        steps.append(step if inputs == step.inputs else replace(step, inputs=inputs))
    loop.steps = steps
    loop.ys = [(now(y), out) for y, out in loop.ys]
    for carry in loop.carries:
        carry.next = now(carry.next)


def drop(loop: Turning) -> None:
    """Without results that nobody reads, and without all that only they needed."""
    loop.ys = [(y, out) for y, out in loop.ys if out is not None]
    live = [c for c in loop.carries if c.final is not None or c.history is not None]
    while True:
        needed = before(loop.steps, [*[y for y, _ in loop.ys], *[c.next for c in live]])
        more = [c for c in loop.carries if c not in live and c.var in needed]
        if not more:
            break
        live += more
    loop.carries = [c for c in loop.carries if c in live]
    loop.steps = [s for s in loop.steps if not needed.isdisjoint(s.outputs)]
    loop.consts = [(v, a) for v, a in loop.consts if v in needed]
    loop.xs = [(v, a) for v, a in loop.xs if v in needed]


def _still(loop: Turning, outside: Outside) -> None:
    """A carry that no turn changes is a constant."""
    moving = [c for c in loop.carries if c.next is not c.var]
    for carry in loop.carries:
        if carry.next is not carry.var:
            continue
        loop.consts.append((carry.var, carry.init))
        if carry.final is not None:
            outside.same[carry.final] = carry.init
        if carry.history is not None:
            outside.same[carry.history] = outside.bind("broadcast_to", carry.init, shape=carry.history.type.shape)
    loop.carries = moving

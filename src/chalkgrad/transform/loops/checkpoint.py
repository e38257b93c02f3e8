"""Long loops in pieces, so that not every carry is kept for the way back, but one of many.

The way back of a loop reads each carry as it was before each turn. Where these take too much room, the loop becomes a
loop over pieces: forward it keeps the carries at the start of each piece, and on the way back it runs a piece forward
once more, keeping all carries of that piece alone. With pieces of √n turns the room is that of 2√n carries, for one
more run forward; the numbers are the same, bit for bit (Griewank and Walther, Evaluating Derivatives, chapter 12).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, final

import numpy as np

from chalkgrad.ir.build import Builder
from chalkgrad.ir.program import Atom, Program, Step, Var
from chalkgrad.ir.types import ArrayType
from chalkgrad.transform.scan import scan

# Bytes that may be kept of a loop for its way back.
BUDGET = 1 << 30


def in_pieces(program: Program) -> Program:
    """The Program with those loops in pieces whose histories are too large, and are read by one loop back alone."""
    steps = program.steps
    pairs: dict[Step, Step] = {}
    read: set[Atom] = {a for s in steps for a in s.inputs} | set(program.outputs)
    for step in steps:
        if step.op is scan and _room(step, read) > BUDGET:
            back = _reader(step, program, read)
            if back is not None and back not in pairs.values():
                pairs[step] = back
    if not pairs:
        return program
    same: dict[Var, Atom] = {}
    made: list[Step] = []
    halves: dict[Step, _Pieces] = {}
    for step in steps:
        inputs = tuple([same.get(a, a) if isinstance(a, Var) else a for a in step.inputs])
        step_now = step if inputs == step.inputs else replace(step, inputs=inputs)
        builder = Builder()
        builder.origin = step.origin
        if step in pairs:
            halves[pairs[step]] = found = _Pieces(_Loop.of(step_now), step.outputs)
            same.update(found.forward(builder))
        elif step in halves:
            same.update(halves[step].back(builder, step_now))
        else:
            builder.steps.append(step_now)
        made.extend(builder.steps)
    outputs = tuple([same.get(a, a) if isinstance(a, Var) else a for a in program.outputs])
    return replace(program, steps=tuple(made), outputs=outputs)


def _histories(step: Step, read: Collection[Atom]) -> list[Var]:
    """The histories of a loop that somebody reads."""
    return [v for v in step.outputs[len(step.outputs) - step.params["counts"][1] :] if v is not None and v in read]


def _room(step: Step, read: Collection[Atom]) -> int:
    """The bytes of all histories that are read."""
    kept = _histories(step, read)
    return sum([math.prod([n for n in v.type.shape if isinstance(n, int)]) * _width(v.type) for v in kept])


def _width(type: ArrayType) -> int:
    return np.dtype(type.dtype).itemsize


def _reader(step: Step, program: Program, read: Collection[Atom]) -> Step | None:
    """The one loop that goes the other way and takes the histories as its slices, where nobody else reads them."""
    kept = set(_histories(step, read))
    if not kept.isdisjoint(program.outputs):
        return None
    readers = [s for s in program.steps if not kept.isdisjoint(s.inputs)]
    if len(readers) != 1 or readers[0].op is not scan:
        return None
    (back,) = readers
    given = back.inputs[: sum(back.params["counts"])]
    turned = bool(back.params.get("reverse")) != bool(step.params.get("reverse"))
    alike = back.params["length"] == step.params["length"] and turned
    return back if alike and kept.isdisjoint(given) and not _histories(back, read) else None


@final
@dataclass(frozen=True, eq=False)
class _Loop:
    """A scan: its body, and what it is given."""

    body: Program
    consts: tuple[Atom, ...]
    inits: tuple[Atom, ...]
    xs: tuple[Atom, ...]
    length: int
    reverse: bool

    @classmethod
    def of(cls, step: Step) -> _Loop:
        consts, count = step.params["counts"]
        inputs, moving = step.inputs, consts + count
        params = step.params
        return cls(
            params["body"],
            inputs[:consts],
            inputs[consts:moving],
            inputs[moving:],
            params["length"],
            bool(params.get("reverse")),
        )

    def run(self, builder: Builder) -> _Results:
        """Write it; all of its results."""
        params = {
            "body": self.body,
            "counts": (len(self.consts), len(self.inits)),
            "length": self.length,
            "reverse": self.reverse,
        }
        outs = builder.bind_many(scan, *self.consts, *self.inits, *self.xs, params=MappingProxyType(params))
        count = len(self.inits)
        return _Results(outs[:count], outs[count : len(outs) - count], outs[len(outs) - count :])


@final
@dataclass(frozen=True, eq=False)
class _Results:
    finals: tuple[Atom, ...]
    ys: tuple[Atom, ...]
    histories: tuple[Atom, ...]


@final
class _Pieces:
    """A loop and its way back: `whole` turns in pieces of `size`, and a rest of fewer turns at the end."""

    def __init__(self, loop: _Loop, outputs: Sequence[Var | None]) -> None:
        self.loop, self.outputs = loop, outputs
        self.size = max(1, math.isqrt(loop.length))
        self.count = loop.length // self.size
        self.whole = self.count * self.size

    def forward(self, builder: Builder) -> dict[Var, Atom]:
        """Write the way forward; what stands for its results, the histories left out."""
        loop = self.loop
        self.piece = self._inner(loop.body, len(loop.consts), len(loop.inits), loop.reverse)
        inits = loop.inits
        if loop.reverse:
            self.rest = self._rest(builder, loop, inits)
            inits = inits if self.rest is None else self.rest.finals
        xs = tuple([self._parted(builder, x) for x in loop.xs])
        self.main = replace(loop, body=self.piece, inits=inits, xs=xs, length=self.count).run(builder)
        finals = self.main.finals
        if not loop.reverse:
            self.rest = self._rest(builder, loop, finals)
            finals = finals if self.rest is None else self.rest.finals
        ys = self._joined(builder, self.main.ys, () if self.rest is None else self.rest.ys)
        return _given(self.outputs, (*finals, *ys))

    def _inner(self, body: Program, consts: int, carries: int, reverse: bool) -> Program:
        """A piece: the body run `size` times, as the body of a loop over pieces."""
        inner = Builder()
        given = [inner.input(v.hint, self._type(v, k >= consts + carries)) for k, v in enumerate(body.inputs)]
        made = _Loop(
            body,
            tuple(given[:consts]),
            tuple(given[consts : consts + carries]),
            tuple(given[consts + carries :]),
            self.size,
            reverse,
        ).run(inner)
        return inner.program(f"{body.name}_piece", *made.finals, *made.ys)

    def _type(self, var: Var, sliced: bool) -> ArrayType:
        return ArrayType((self.size, *var.type.shape), var.type.dtype) if sliced else var.type

    def _rest(self, builder: Builder, loop: _Loop, inits: tuple[Atom, ...]) -> _Results | None:
        """The turns at the end that fill no piece, and keep all."""
        left = self.loop.length - self.whole
        if not left:
            return None
        xs = tuple([self._sliced(builder, x, slice(self.whole, None)) for x in loop.xs])
        return replace(loop, inits=inits, xs=xs, length=left).run(builder)

    def _sliced(self, builder: Builder, x: Atom, part: slice) -> Atom:
        return builder.value(x).apply("index", index=part).atom

    def _parted(self, builder: Builder, x: Atom) -> Atom:
        """The slices of all whole pieces, piece by piece."""
        main = x if self.whole == self.loop.length else self._sliced(builder, x, slice(0, self.whole))
        return builder.value(main).apply("reshape", shape=(self.count, self.size, *x.type.shape[1:])).atom

    def _joined(self, builder: Builder, pieces: Sequence[Atom], rest: Sequence[Atom]) -> tuple[Atom, ...]:
        """What the pieces give and what the rest gives, turn after turn."""
        found: list[Atom] = []
        for k, y in enumerate(pieces):
            flat = builder.value(y).apply("reshape", shape=(self.whole, *y.type.shape[2:]))
            if rest:
                flat = flat.apply("concatenate", builder.value(rest[k]), axis=0)
            found.append(flat.atom)
        return tuple(found)

    def back(self, builder: Builder, step: Step) -> dict[Var, Atom]:
        """Write the way back; what stands for its results."""
        loop = _Loop.of(step)
        histories = self.outputs[len(self.outputs) - len(self.loop.inits) :]
        # which of its slices are carries of the way forward, by their place among these
        of = {k: histories.index(x) for k, x in enumerate(loop.xs) if isinstance(x, Var) and x in histories}
        inits = loop.inits
        if not self.loop.reverse:
            rest = self._rest_back(builder, loop, of, inits)
            inits = inits if rest is None else rest.finals
        else:
            rest = None
        main = self._main_back(builder, loop, of, inits)
        finals = main.finals
        if self.loop.reverse:
            rest = self._rest_back(builder, loop, of, finals)
            finals = finals if rest is None else rest.finals
        ys = self._joined(builder, main.ys, () if rest is None else rest.ys)
        return _given(step.outputs, (*finals, *ys))

    def _rest_back(
        self, builder: Builder, loop: _Loop, of: Mapping[int, int], inits: tuple[Atom, ...]
    ) -> _Results | None:
        if self.rest is None:
            return None
        kept = self.rest.histories
        part = slice(self.whole, None)
        xs = tuple([kept[of[k]] if k in of else self._sliced(builder, x, part) for k, x in enumerate(loop.xs)])
        return replace(loop, inits=inits, xs=xs, length=self.loop.length - self.whole).run(builder)

    def _main_back(self, builder: Builder, loop: _Loop, of: Mapping[int, int], inits: tuple[Atom, ...]) -> _Results:
        """A loop over the pieces: each is run forward from where it started, and then back."""
        first, body = self.loop, loop.body
        moving = len(loop.consts) + len(loop.inits)
        inner = Builder()
        consts = [inner.input(v.hint, v.type) for v in body.inputs[: len(loop.consts)]]
        more = [inner.input(v.hint, v.type) for v in first.body.inputs[: len(first.consts)]]
        carries = [inner.input(v.hint, v.type) for v in body.inputs[len(loop.consts) : moving]]
        taken = first.body.inputs[len(first.consts) :]
        starts = [inner.input(v.hint, v.type) for v in taken[: len(first.inits)]]
        slices = [inner.input(v.hint, self._type(v, True)) for v in taken[len(first.inits) :]]
        own = {k: inner.input(v.hint, self._type(v, True)) for k, v in enumerate(body.inputs[moving:]) if k not in of}
        again = _Loop(first.body, tuple(more), tuple(starts), tuple(slices), self.size, first.reverse).run(inner)
        xs = tuple([again.histories[of[k]] if k in of else own[k] for k in range(len(loop.xs))])
        made = _Loop(body, tuple(consts), tuple(carries), xs, self.size, loop.reverse).run(inner)
        piece = inner.program(f"{body.name}_piece", *made.finals, *made.ys)
        return _Loop(
            piece,
            (*loop.consts, *first.consts),
            inits,
            (
                *self.main.histories,
                *[self._parted(builder, x) for x in first.xs],
                *[self._parted(builder, loop.xs[k]) for k in own],
            ),
            self.count,
            loop.reverse,
        ).run(builder)


def _given(outputs: Sequence[Any], values: Sequence[Atom]) -> dict[Var, Atom]:
    """What stands for each result that somebody reads."""
    return {out: value for out, value in zip(outputs, values, strict=False) if out is not None}

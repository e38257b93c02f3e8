"""Loops in which something is chosen by place, split where the choice changes.

The adjoint of a slice, or parts end to end, are read as `where(i >= 1, …)`. In the longest run of turns in which no
such condition changes, each is known, and nothing is asked; before and after that there are a few turns which ask.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import final

from chalkgrad.native.plan.edges import edge
from chalkgrad.native.plan.rewrite import buffer_of, folded, reads, summed
from chalkgrad.native.tree import Buffer, Choose, Loop, Product, Set, Stmt, expressions, walk, written
from chalkgrad.ops.kernel import Axis, Cast, Expr, Fn, Lit, Place, Read, inside_out, lift

# Loops of so few turns are split wherever a condition changes, if it does so no more often than this.
_SHORT, _ENDS, _VECTOR = 16, 8, 8
# Loops of more statements are left as they are.
_LARGE = 48
# What is left before and after is split as well if it has so many turns.
_LONG = 64


def peeled(body: list[Stmt]) -> None:
    """Split such loops, here and in all loops; the statements are changed."""
    uses: dict[Buffer, int] = {}
    for stmt in walk(body):
        for buffer in _touched(stmt):
            uses[buffer] = uses.get(buffer, 0) + 1
    _Peel(uses).visit(body)


def _touched(stmt: Stmt) -> list[Buffer]:
    return [*written(stmt), *[buffer_of(r) for e in expressions(stmt) for r in reads(e)]]


@final
class _Peel:
    def __init__(self, uses: Mapping[Buffer, int]) -> None:
        self._uses = uses

    def visit(self, body: list[Stmt]) -> None:
        body[:] = [new for stmt in body for new in (self._loop(stmt) if isinstance(stmt, Loop) else (stmt,))]

    def _loop(self, loop: Loop) -> list[Stmt]:
        """What stands for a loop."""
        ends = self._ends(loop)
        in_vectors = _VECTOR < loop.extent <= _SHORT and len(ends) <= 4  # to ask costs less than turns by themselves
        if len(ends) <= 2 or in_vectors:
            self.visit(loop.body)
            return [loop]
        longest = max(range(len(ends) - 1), key=lambda k: ends[k + 1] - ends[k])
        low, high = ends[longest], ends[longest + 1]
        if loop.extent > _SHORT or len(ends) > _ENDS:
            ends = sorted({0, low, high, loop.extent})
        found: list[Stmt] = []
        for start, stop in pairwise(ends):
            part = self._part(loop, start, stop)
            if start == low or stop - start >= _LONG:
                found += self._loop(part)
            else:
                found += [part] if stop - start > 1 else part.body
        return found

    def _ends(self, loop: Loop) -> list[int]:
        """Where the runs of turns begin in which no condition changes, and the end."""
        ends = {0, loop.extent}
        inner = list(walk(loop.body))
        plain = loop.role == "parallel" and len(inner) <= _LARGE
        if plain and loop.part is None and not any([isinstance(s, Product) for s in inner]):
            for e in [x for s in inner for x in expressions(s)]:
                for part in inside_out(e):
                    found = edge(part)
                    if found is not None and found.axis is loop.axis and 0 < found.place < loop.extent:
                        ends.add(found.place)
        return sorted(ends)

    def _part(self, loop: Loop, start: int, stop: int) -> Loop:
        """The turns of a loop from one up to another."""
        axis = Axis(stop - start)
        place = lift(0) if stop - start == 1 else Place(axis)
        inner = list(walk(loop.body))
        begun = {s.into for s in inner if isinstance(s, Set)}  # what goes on from turn to turn is that of all parts
        local = [b for s in inner for b in _touched(s) if b.space == "local" and b in begun]
        own = {b: replace(b) for b in dict.fromkeys(local) if local.count(b) == self._uses[b]}
        change = _Known(loop.axis, (start, stop), {loop.axis: place + start}, own)
        self._uses = {**self._uses, **{new: self._uses[old] for old, new in own.items()}}
        return replace(loop, axis=axis, body=[change.stmt(s) for s in loop.body])


@final
class _Known:
    """Statements for some turns of a loop, in which conditions are known; with counters and buffers of their own."""

    def __init__(
        self, axis: Axis, turns: tuple[int, int], places: Mapping[Axis, Expr], own: Mapping[Buffer, Buffer]
    ) -> None:
        self._axis, self._turns = axis, turns
        self._places, self._own = dict(places), own
        self._made: dict[Expr, Expr] = {}

    def stmt(self, stmt: Stmt) -> Stmt:
        """The same statement there."""
        assert not isinstance(stmt, Product)
        if isinstance(stmt, Loop):
            axis = Axis(stmt.axis.extent)
            self._places[stmt.axis] = Place(axis)
            return replace(stmt, axis=axis, body=[self.stmt(s) for s in stmt.body])
        index = tuple([self._expr(i) for i in stmt.index])
        value = self._expr(stmt.value)
        if isinstance(stmt, Choose):
            best, place = [self._own.get(b, b) for b in (stmt.best, stmt.place)]
            return replace(stmt, best=best, place=place, index=index, value=value, at=self._expr(stmt.at))
        return replace(stmt, into=self._own.get(stmt.into, stmt.into), index=index, value=value)

    def _expr(self, e: Expr) -> Expr:
        for part in inside_out(e):
            if part not in self._made:
                self._made[part] = self._one(part)
        return self._made[e]

    def _one(self, e: Expr) -> Expr:
        made = self._made
        if isinstance(e, Place):
            return self._places.get(e.axis, e)
        if isinstance(e, Cast):
            arg = made[e.arg]
            return e if arg is e.arg else folded(Cast(arg, e.dtype, e.weak))
        if isinstance(e, Read):
            index = tuple([made[i] for i in e.index])
            return Read(self._own.get(buffer_of(e), e.source), index, e.dtype)
        if not isinstance(e, Fn):
            return e
        found = edge(e)
        holds = found.holds(*self._turns) if found is not None and found.axis is self._axis else None
        if holds is not None:
            return Lit(holds, "bool", weak=e.weak)
        args = tuple([made[a] for a in e.args])
        if e.weak and e.dtype == "int64" and e.name in ("add", "subtract", "multiply"):
            return summed(e.name, *args)
        known = _decided(e.name, args) if e.name != "add" else _with_nought(e, args)
        if known is not None and (known.dtype, known.weak) == (e.dtype, e.weak):
            return known
        return (
            e if all([a is b for a, b in zip(args, e.args, strict=True)]) else folded(Fn(e.name, args, e.dtype, e.weak))
        )


def _decided(name: str, args: Sequence[Expr]) -> Expr | None:
    """What is left of a choice, or of a condition, if a part of it is known."""
    first = args[0]
    if name == "where" and isinstance(first, Lit):
        return args[1] if first.value else args[2]
    if name in ("logical_and", "logical_or"):
        for one, other in (args, args[::-1]):
            if isinstance(one, Lit):
                return other if bool(one.value) == (name == "logical_and") else one
    return None


def _with_nought(e: Fn, args: Sequence[Expr]) -> Expr | None:
    """A sum without a 0 in it: of what is not -0 that is the same, sign and all."""
    if e.name != "add" or not e.dtype.startswith("float"):
        return None
    for one, other in (args, args[::-1]):
        if other.dtype == e.dtype and _no_minus_zero(other):
            if _nought(one):
                return other
            inner = one.args if isinstance(one, Fn) and one.name == "add" and one.dtype == e.dtype else ()
            for k, part in enumerate(inner):
                if _nought(part) and inner[1 - k].dtype == e.dtype:
                    return Fn("add", tuple([inner[1 - k] if a is one else a for a in args]), e.dtype, e.weak)
    return None


def _nought(e: Expr) -> bool:
    return isinstance(e, Lit) and e.value == 0 and math.copysign(1, e.value) > 0


def _no_minus_zero(e: Expr) -> bool:
    if isinstance(e, Fn) and e.name == "add":
        return any([a.dtype == e.dtype and _no_minus_zero(a) for a in e.args])
    if isinstance(e, Fn) and e.name == "where":
        return all([_no_minus_zero(a) for a in e.args[1:]])
    return _nought(e) or (isinstance(e, Lit) and e.value != 0)


__all__ = ["peeled"]

"""How a value is read: from a buffer, from what other values hold at other places, or in another shape."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from chalkgrad.native.plan.affine import Line, line
from chalkgrad.native.plan.rewrite import Rewrite, ravelled
from chalkgrad.native.tree import Buffer
from chalkgrad.ops.kernel import Axis, Cast, Expr, Lit, Place, Read, fn, inside_out, lift

Shape = tuple[int, ...]


@final
@dataclass(frozen=True, eq=False)
class Stored:
    """A value that lies in a buffer, at the places `prefix` of its first axes."""

    buffer: Buffer
    prefix: tuple[Expr, ...]
    shape: Shape

    @property
    def dtype(self) -> str:
        """That of its entries."""
        return self.buffer.dtype

    def at(self, index: tuple[Expr, ...]) -> Expr:
        """An entry, which is known where a table is read at numbers."""
        plain = tuple([lift(0) if n == 1 else i for i, n in zip(index, self.shape, strict=True)])
        if self.buffer.values is not None and not self.prefix:
            at = [i.value for i in plain if isinstance(i, Lit)]
            if len(at) == len(plain) and all([0 <= i < n for i, n in zip(at, self.shape, strict=True)]):
                return Lit(self.buffer.values[tuple(at)].item(), self.buffer.dtype, weak=False)
        return Read(self.buffer, (*self.prefix, *plain), self.buffer.dtype)


@final
@dataclass(frozen=True, eq=False)
class Seen:
    """A value whose entries are those of others: `body` at the places of `axes`, which may be none if all are alike."""

    axes: tuple[Axis, ...]
    body: Expr
    shape: Shape

    @property
    def dtype(self) -> str:
        """That of its entries."""
        return self.body.dtype

    def at(self, index: tuple[Expr, ...]) -> Expr:
        """An entry."""
        if not self.axes:
            return self.body
        return Rewrite(dict(zip(self.axes, index, strict=True)))(self.body)


@final
@dataclass(frozen=True, eq=False)
class Flat:
    """The entries of an array of one axis, under another shape."""

    source: Stored
    shape: Shape

    @property
    def dtype(self) -> str:
        """That of its entries."""
        return self.source.dtype

    def at(self, index: tuple[Expr, ...]) -> Expr:
        """An entry."""
        return self.source.at((ravelled(index, self.shape),))


@final
@dataclass(frozen=True, eq=False)
class Regrouped:
    """The entries of a value under another shape, of which some axes are several of the value's, or a part of one."""

    source: Value
    shape: Shape

    @property
    def dtype(self) -> str:
        """That of its entries."""
        return self.source.dtype

    def at(self, index: tuple[Expr, ...]) -> Expr:
        """An entry."""
        inner: list[Expr] = []
        for outer, within in groups(self.shape, self.source.shape):
            at, sizes = tuple([index[k] for k in outer]), tuple([self.shape[k] for k in outer])
            into = tuple([self.source.shape[k] for k in within])
            wide = [i for i, n in zip(at, sizes, strict=True) if n != 1]
            if [n for n in sizes if n != 1] == [n for n in into if n != 1]:
                rest = iter(wide)
                inner += [lift(0) if n == 1 else next(rest) for n in into]
            else:
                inner += unravelled(ravelled(at, sizes), into)
        return self.source.at(tuple(inner))


@final
@dataclass(frozen=True, eq=False)
class Row:
    """What a value holds at one place of its first axis."""

    source: Value
    place: Expr

    @property
    def shape(self) -> Shape:
        """Without the first axis."""
        return self.source.shape[1:]

    @property
    def dtype(self) -> str:
        """That of its entries."""
        return self.source.dtype

    def at(self, index: tuple[Expr, ...]) -> Expr:
        """An entry."""
        return self.source.at((self.place, *index))


Value = Stored | Seen | Flat | Regrouped | Row


def groups(outer: Shape, inner: Shape) -> list[tuple[list[int], list[int]]]:
    """The axes of two shapes of as many entries, in the smallest groups that hold as many."""
    found: list[tuple[list[int], list[int]]] = []
    i = j = 0
    while i < len(outer) or j < len(inner):
        here, there, a, b = [], [], 1, 1
        while not (here or there) or a != b:
            if j >= len(inner) or (i < len(outer) and a <= b):
                here.append(i)
                a *= outer[i]
                i += 1
            else:
                there.append(j)
                b *= inner[j]
                j += 1
        found.append((here, there))
    return found


def unravelled(flat: Expr, shape: Shape) -> list[Expr]:
    """The places along the axes of what stands at a place of the flat array."""
    found: list[Expr] = [lift(0)] * len(shape)
    wide = [k for k, n in enumerate(shape) if n != 1]
    for n, k in enumerate(reversed(wide)):
        if n == len(wide) - 1:
            found[k] = flat
        else:
            flat, found[k] = divided(flat, shape[k])
    return found


def divided(place: Expr, by: int) -> tuple[Expr, Expr]:
    """A place divided, and what is left: with no division where the counters in it show how it goes."""
    known = split(place, by)
    return (fn("floor_divide", place, by), fn("remainder", place, by)) if known is None else known


def split(place: Expr, by: int) -> tuple[Expr, Expr] | None:
    """The same, or None: where all that is no multiple of the divisor stays below it, that is what is left."""
    known = line(place)
    if known is None:
        return None
    whole = Line(known.start // by, {a: n // by for a, n in known.steps.items() if n % by == 0})
    rest = Line(known.start % by, {a: n for a, n in known.steps.items() if n % by != 0})
    low, high = rest.range()
    return (_written(whole), _written(rest)) if low >= 0 and high < by else None


def _written(known: Line) -> Expr:
    total: Expr = lift(0)
    for axis, n in known.steps.items():
        term = fn("multiply", Place(axis), abs(n))
        total = fn("add", total, term) if n > 0 else fn("subtract", total, term)
    return fn("add", total, known.start) if known.start >= 0 else fn("subtract", total, -known.start)


def straight(found: Sequence[Expr], wanted: Sequence[Expr]) -> bool:
    """Whether these are the same counters, or the same numbers, in their order."""

    def same(a: Expr, b: Expr) -> bool:
        if isinstance(a, Place) and isinstance(b, Place):
            return a.axis is b.axis
        return isinstance(a, Lit) and isinstance(b, Lit) and a.value == b.value

    return all([same(a, b) for a, b in zip(found, wanted, strict=True)])


def hangs(e: Expr, axes: Sequence[Axis]) -> bool:
    """Whether an expression hangs on one of these counters."""
    return any([isinstance(p, Place) and p.axis in axes for p in inside_out(e)])


def lying(buffer: Buffer, shape: Shape, known: dict[Buffer, Buffer]) -> Buffer:
    """The buffer under another shape, which lies in it; one for all of those in `known`."""
    found = known.get(buffer)
    if found is None or found.shape != shape:
        found = known[buffer] = Buffer(buffer.name, buffer.dtype, shape, buffer.space, lies=buffer.lies or buffer)
    return found


def regrouped(source: Value, shape: Shape) -> Value | None:
    """The same entries under another shape, where that takes no divisions of places; else None."""
    if math.prod(shape) == 0:
        return Seen((), Cast(Lit(0, "int64"), source.dtype), shape)  # of no entries, none is read
    if isinstance(source, Seen) and not source.axes:
        return Seen((), source.body, shape)
    if isinstance(source, Flat):
        return Flat(source.source, shape)
    for outer, within in groups(shape, source.shape):
        inner = [source.shape[k] for k in within if source.shape[k] != 1]
        if len(inner) > 1 and inner != [shape[k] for k in outer if shape[k] != 1]:
            return None
    return Regrouped(source, shape)


__all__ = [
    "Flat",
    "Regrouped",
    "Row",
    "Seen",
    "Stored",
    "Value",
    "groups",
    "hangs",
    "lying",
    "regrouped",
    "split",
    "straight",
    "unravelled",
]

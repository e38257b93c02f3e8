"""Positions at which the turns of loops touch entries: a turn j of a loop stands at j + base."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import final

import numpy as np

from chalkgrad.native.plan.affine import line
from chalkgrad.native.plan.rewrite import buffer_of, reads
from chalkgrad.native.plan.statements import extent
from chalkgrad.native.tree import Buffer, Loop, Stmt, expressions, walk, written
from chalkgrad.ops.kernel import Axis, Expr, Place, inside_out

# Of a place in an index: whether it goes with the turn, and from where to where it goes besides.
Spot = tuple[bool, int, int]


@final
@dataclass(frozen=True, eq=False)
class Touch:
    """Entries that a turn reads or writes, of so many bytes."""

    buffer: Buffer
    write: bool
    spots: tuple[Spot, ...]
    size: int

    @property
    def along(self) -> bool:
        """Whether turns touch entries of their own."""
        return any([along for along, _, _ in self.spots])

    @property
    def strewn(self) -> bool:
        """Whether the entries of a turn lie apart, with those of other turns between them."""
        return self.along and self.spots[-1][0] and self.size > np.dtype(self.buffer.dtype).itemsize


@final
@dataclass(eq=False)
class Item:
    """A statement: a loop in tiles, or one that is done at once, which has no axis."""

    stmt: Stmt
    axis: Axis | None
    touches: list[Touch] = field(default_factory=list["Touch"])
    base: int = 0

    @property
    def turns(self) -> int:
        """How many there are."""
        return 1 if self.axis is None else extent(self.axis)


def touches(stmt: Stmt, axis: Axis | None) -> list[Touch]:
    """What the turns of a statement touch, whose counter is `axis` if it has one."""
    found: dict[tuple[Buffer, bool, tuple[Spot, ...]], Touch] = {}
    inner = {s.axis for s in walk([stmt]) if isinstance(s, Loop)} - {axis}
    for s in walk([stmt]):
        if isinstance(s, Loop):
            continue
        here = [(b, True, s.index) for b in written(s)]
        here += [(buffer_of(r), False, r.index) for e in expressions(s) for r in reads(e)]
        for buffer, write, index in here:
            spots = tuple([_spot(e, n, axis) for e, n in zip(index, buffer.shape, strict=True)])
            met = {p.axis for e in index for p in inside_out(e) if isinstance(p, Place)} & inner
            size = np.dtype(buffer.dtype).itemsize * math.prod([extent(a) for a in met])
            found.setdefault((buffer, write, spots), Touch(buffer, write, spots, size))
    return list(found.values())


def _spot(e: Expr, n: int, axis: Axis | None) -> Spot:
    known = line(e)
    if known is None:
        return False, 0, n - 1
    step = 0 if axis is None else known.steps.get(axis, 0)
    low = high = known.start
    for other, times in known.steps.items():
        if other is not axis:
            end = times * (extent(other) - 1)
            low, high = low + min(end, 0), high + max(end, 0)
    if step in (0, 1):
        return step == 1, low, high
    return False, 0, n - 1


def _meeting(a: Touch, b: Touch, first: Item, second: Item) -> int | None:
    """The least base of the second that is right, if these two meet at all."""
    least = first.base + first.turns - 1
    bases: list[int] = []
    for (along, low, high), (along_too, low_too, high_too) in zip(a.spots, b.spots, strict=True):
        start = max(low, low_too)
        end = min(high + along * (first.turns - 1), high_too + along_too * (second.turns - 1))
        if start > end:
            return None
        if along:
            bases.append(first.base - low + (high_too if along_too else end))
        elif along_too:
            bases.append(least - start + high_too)
    return min([least, *bases])


def least_base(first: Item, second: Item) -> int | None:
    """The least base of a later one with which the two are right; None if they have nothing to do with each other."""
    found: int | None = None
    for b in second.touches:
        for a in first.touches:
            if a.buffer is b.buffer and (a.write or b.write):
                base = _meeting(a, b, first, second)
                if base is not None and (found is None or base > found):
                    found = base
    return found


__all__ = ["Item", "Spot", "Touch", "least_base", "touches"]

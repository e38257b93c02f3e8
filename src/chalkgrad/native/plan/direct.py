"""Values that are only copied, made where the copy is wanted: no copy is left.

What a concatenation or a reshape puts end to end is written there at once, into the caller's own array most often.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import final

from chalkgrad.native.plan.affine import Line, line
from chalkgrad.native.plan.rewrite import Rewrite, buffer_of, reads
from chalkgrad.native.plan.statements import Statement, extent
from chalkgrad.native.plan.views import split
from chalkgrad.native.tree import Buffer
from chalkgrad.ops.kernel import Axis, Expr, Read

# Of a buffer that is copied: for every place of its index the counters of the copy that stand in it, outermost first.
Ways = list[list[Axis]]


def direct(statements: Sequence[Statement], wanted: Collection[Buffer]) -> list[Statement]:
    """The statements that are left, in their order; the given ones are changed."""
    walk = _Direct(statements, wanted)
    gone = {s for s in reversed(statements) if walk.gone(s)}
    return [s for s in statements if s not in gone]


@final
class _Direct:
    def __init__(self, statements: Sequence[Statement], wanted: Collection[Buffer]) -> None:
        self._kept = set(wanted)
        self._writers: dict[Buffer, list[Statement]] = {}
        self._reads: dict[Buffer, int] = {}
        for s in statements:
            for buffer in (s.into, *s.others):
                self._writers.setdefault(buffer, []).append(s)
            if s.kind == "block":
                self._kept.update((s.into, *s.others, *s.given))
            self._kept.update(s.others)
            for e in s.expressions():
                for read in reads(e):
                    self._reads[buffer_of(read)] = self._reads.get(buffer_of(read), 0) + 1

    def gone(self, copy: Statement) -> bool:
        """Whether what is copied is now made in its place."""
        read = copy.value
        if copy.kind != "set" or copy.ordered or not isinstance(read, Read):
            return False
        source = buffer_of(read)
        makers = self._writers.get(source, [])
        if source in self._kept or not makers or self._reads[source] > 1 or source.dtype != copy.into.dtype:
            return False
        ways = _ways(read, copy.axes)
        if ways is None or not self._alone(copy):
            return False
        found = [_placed(copy, ways, s.index) for s in makers]
        if any([f is None for f in found]):
            return False
        apart = all([m.region is not None for m in makers])
        for maker, index in zip(makers, found, strict=True):
            assert index is not None
            maker.into, maker.index = copy.into, index
            maker.region = maker.region if apart else copy.region
        others = [w for w in self._writers[copy.into] if w is not copy]
        self._writers[copy.into] = [*others, *makers]
        del self._writers[source]
        return True

    def _alone(self, copy: Statement) -> bool:
        """Whether nobody else writes where the copy does."""
        if copy.region is not None:
            return True
        here = _ranges(copy.index)
        for other in self._writers[copy.into]:
            if other is copy:
                continue
            there = _ranges(other.index)
            if not any([a and b and (a[1] < b[0] or b[1] < a[0]) for a, b in zip(here, there, strict=False)]):
                return False
        return True


def _ranges(index: Sequence[Expr]) -> list[tuple[int, int] | None]:
    lines = [line(e) for e in index]
    return [None if known is None else known.range() for known in lines]


def _ways(read: Read, axes: Sequence[Axis]) -> Ways | None:
    """How the counters of a copy run through all that is copied, each entry once; None where they do not."""
    found: Ways = []
    for e, n in zip(read.index, read.source.shape, strict=True):
        known = line(e)
        way = None if known is None else _way(known, n)
        if way is None:
            return None
        found.append(way)
    met = [a for way in found for a in way]
    return found if len(met) == len(axes) and set(met) == set(axes) else None


def _way(known: Line, size: int) -> list[Axis] | None:
    way = sorted(known.steps, key=lambda a: -known.steps[a])
    step = 1
    for axis in reversed(way):
        if known.steps[axis] != step:
            return None
        step *= extent(axis)
    return way if known.start == 0 and step == size else None


def _placed(copy: Statement, ways: Ways, index: Sequence[Expr]) -> tuple[Expr, ...] | None:
    """Where the copy puts what stands at `index` of what it copies."""
    places: dict[Axis, Expr] = {}
    for way, place in zip(ways, index, strict=True):
        for axis in reversed(way[1:]):
            known = split(place, extent(axis))
            if known is None:
                return None
            place, places[axis] = known
        if way:
            places[way[0]] = place
    change = Rewrite(places)
    return tuple([change(e) for e in copy.index])


__all__ = ["direct"]

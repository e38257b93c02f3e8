"""Lines put into loops: those that may share a loop do, and then the same inside of it.

A line joins a loop through one of its own axes, if what it reads of the loop's lines was made in the same turn: it
stands in both at the loop's counter in the same place. It does not if it reads there what is still being combined over
the loop, or an entry of another turn. The adjoint of a sum reads the seed and not the sum, so forward and backward
share their loops.

Which loop stands outermost is the choice that matters. Axes that meet in a buffer are of one class, and which extents
are equal by accident does not count. The class with the most work in it goes first, unless with another one less goes
to memory and back.

A long loop around other long ones is gone through in tiles where a turn of it holds much, or adds to much: what was the
outermost loop is then the innermost too, a tile of it at a time, and what passes between the loops inside stays near.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import final

from chalkgrad.native.plan.classes import Classes
from chalkgrad.native.plan.groups import Group, held, traffic
from chalkgrad.native.plan.lines import Cell, Line
from chalkgrad.native.plan.pack import packed
from chalkgrad.native.plan.rewrite import Rewrite
from chalkgrad.native.plan.statements import extent
from chalkgrad.native.tree import Choose, Loop, Product, Stmt
from chalkgrad.ops.kernel import Axis, Expr, Place

# Loops as short as this are left inside, where there is a longer one.
_SHORT = 16
# Partial sums of a matrix are kept beside a loop over what is summed if they are no more than this.
_PARTIALS = 32768
# How many loops a line looks at before it gets one of its own.
_LOOKS = 8
# Of so many lines at most other orders of loops are tried, and so many orders, of classes with so much of the work.
_TRIED, _ORDERS, _SHARE = 2000, 4, 0.05
# Tiles are of so many turns, by how many entries a turn holds; none where it holds and adds to no more than the last.
_TILES = ((128, 128), (256, 64), (4096, 32))
_LITTLE = 256
# So many entries of a tile stay in the nearest cache.
_NEAR = 2048
# A run is a multiple of this, so that all lanes are in use.
_LANES = 8


@final
@dataclass(frozen=True, eq=False)
class Tile:
    """Of a class whose loop is gone through in tiles: the counter of the tiles, and how many turns each has."""

    axis: Axis
    run: int


Tiles = Mapping[object, Tile]


def fused(lines: Sequence[Line], tiled: bool = False) -> list[Stmt]:
    """The loops of these lines, which stand in an order in which they may be done."""
    return _level(lines, Classes(lines), None if tiled else {}).statements({})


def _level(lines: Sequence[Line], classes: Classes, tiles: Tiles | None) -> _Level:
    """The best of a few orders of loops."""
    level = _Level(lines, classes, tiles, None)
    kinds = level.kinds()[:_ORDERS] if len(lines) <= _TRIED else ()
    if len(kinds) < 2:
        return level
    cost = level.cost()
    for kind in kinds:
        other = _Level(lines, classes, tiles, kind)
        if other.cost() < 0.9 * cost:
            level, cost = other, other.cost()
    return level


@final
class _Level:
    """Lines at one depth, as groups in an order. `tiles` is None where there may be some, and there is none yet."""

    def __init__(self, lines: Sequence[Line], classes: Classes, tiles: Tiles | None, outer: object) -> None:
        self.classes, self.tiles = classes, tiles
        self._outer = None if outer is None else classes.family(outer)
        self._groups: list[Group] = []
        self._open: dict[object, list[Group]] = {}
        self._writers: dict[Cell, list[tuple[Group, str | None]]] = {}
        self._readers: dict[Cell, list[Group]] = {}
        self._scores = self._scored(lines)
        self._order = {kind: k for k, kind in enumerate(self._scores)}
        self._filling: dict[object, Group] = {}
        self._shared: dict[Line, Axis] = {}
        self._apart: set[Line] = set()
        self._last = 0
        for line in lines:
            self._place(line)

    def kinds(self) -> list[object]:
        """The classes with much of the work, the first the one that goes first."""
        found = sorted(self._scores, key=self._rank)
        return [k for k in found if self._scores[k] > _SHARE * self._scores[found[0]]]

    def one_loop(self, kind: object) -> bool:
        """Whether all that has a loop is in one, of this class."""
        loops = [g for g in self._groups if g.axis is not None]
        return len(loops) == 1 and loops[0].kind is kind

    def cost(self) -> float:
        """What goes to memory and back."""
        return traffic(self._groups, self._size, self._run)

    def _size(self, axis: Axis) -> int:
        tile = self.tiles.get(self.classes.of(axis)) if self.tiles else None
        return extent(axis) if tile is None else min(tile.run, extent(axis))

    def _scored(self, lines: Sequence[Line]) -> dict[object, float]:
        found: dict[object, float] = {}
        for line in lines:
            for axis in line.axes:
                weight = self._weight(line, axis)
                kind = self.classes.of(axis)
                found[kind] = found.get(kind, 0.0) + weight * line.work
        return found

    def _weight(self, line: Line, axis: Axis) -> float:
        short = 0.01 if extent(axis) <= _SHORT else 1.0
        if axis in line.turns:
            return 0.5 * short
        if not line.combined or any([axis in spots for spots in line.written.values()]):
            return short
        return 0.0 if self._heavy(line, axis) else 0.5 * short

    def _heavy(self, line: Line, axis: Axis) -> bool:
        """Whether a loop over an axis that is summed would hold the partial sums of a large matrix."""
        for buffer in line.combined:
            kept = line.written[buffer]
            if axis not in kept and len(kept) > 1:
                return math.prod([extent(a) for a in kept if a in line.axes]) > _PARTIALS
        return False

    # Where a line goes.

    def _place(self, line: Line) -> None:
        first, second, latest = self._after(line)
        if not line.axes:
            if line.first is not None and line.first.axes:
                self._apart.add(line)
                self._early(line.first)
            place = (0, len(self._groups)) if latest is None else (first[0], len(self._groups))
            self._put(Group(place), line, None)
            return
        axes = line.axes[:1] if line.ordered else line.axes
        axes = [a for a in axes if line.windows.get(a, frozenset()).isdisjoint(line.axes)] or axes
        ranked = sorted(axes, key=lambda a: self._rank(self.classes.of(a)))
        axis = next((a for a in ranked if self._weight(line, a) > 0), ranked[0])
        kind = self.classes.of(axis)
        near = self._open.setdefault(kind, [])
        group = latest if latest is not None and second < latest.place and latest.kind is kind else None
        apart = self._narrow(line, axis)
        if group is None or group.apart != apart or not group.takes(line, axis):
            group = next((g for g in _behind(near, first) if g.apart == apart and g.takes(line, axis)), None)
        if group is None:
            self._last += 1
            group = Group((self._last, 0), Axis(axis.extent), kind, apart)
            near.append(group)
        self._begin(line, axis)
        self._put(group, line, axis)

    def _narrow(self, line: Line, axis: Axis) -> bool:
        """Whether turns of a loop cannot be done together, as each has a window of its own inside. A loop in tiles may
        be shared all the same: its tiles are then gone through apart."""
        return axis in line.windows or (self.tiles is not None and _decides(line, axis))

    def _begin(self, line: Line, axis: Axis) -> None:
        """What a line begins with goes into its loop, if that runs through what is filled; else before all."""
        first = line.first
        if first is None:
            return
        (filled,) = first.written
        at = line.written[filled].get(axis, frozenset[int]())
        meeting = [a for a, where in first.written[filled].items() if where & at and a in first.axes]
        own = axis if axis in first.axes else meeting[0] if meeting else None
        if own is not None and extent(own) == extent(axis):
            self._shared[first] = own
        else:
            self._apart.add(line)
            self._early(first)

    def _rank(self, kind: object) -> tuple[bool, float, int]:
        first = self._outer is not None and self.classes.family(kind) is self._outer
        return not first, -self._scores[kind], self._order[kind]

    def _early(self, first: Line) -> None:
        if not first.axes:
            self._put(Group((0, len(self._groups))), first, None)
            return
        axis = max(first.axes, key=lambda a: self._scores.get(self.classes.of(a), 0.0))
        kind = self.classes.of(axis)
        group = self._filling.get(kind)
        if group is None:
            group = self._filling[kind] = Group((0, len(self._groups)), Axis(axis.extent), kind)
        self._put(group, first, axis)

    def _after(self, line: Line) -> tuple[tuple[int, int], tuple[int, int], Group | None]:
        """The place of the last group on which the line rests, that of the last but it, and that group."""
        rests: set[Group] = set()
        for buffer in line.read:
            rests.update([g for g, _ in self._writers.get(buffer, ())])
        for buffer in line.written:
            how = line.combined.get(buffer)
            rests.update([g for g, h in self._writers.get(buffer, ()) if how is None or h != how])
            rests.update(self._readers.get(buffer, ()))
        first, second, latest = (0, -1), (0, -1), None
        for group in rests:
            if group.place > first:
                first, second, latest = group.place, first, group
            elif group.place > second:
                second = group.place
        return first, second, latest

    def _put(self, group: Group, line: Line, axis: Axis | None) -> None:
        if not group.lines:
            self._groups.append(group)
        group.put(line, axis)
        for buffer in line.read:
            readers = self._readers.setdefault(buffer, [])
            if not readers or readers[-1] is not group:
                readers.append(group)
        for buffer in line.written:
            self._writers.setdefault(buffer, []).append((group, line.combined.get(buffer)))

    # The loops.

    def statements(self, places: dict[Axis, Expr]) -> list[Stmt]:
        """The loops and lines of this depth, with what is inside. `places` is where axes stand, and is added to."""
        for line in self._apart:
            line.first = None
        found: list[Stmt] = []
        for group in sorted(self._groups, key=lambda g: g.place):
            if group.axis is None:
                for line, _ in group.lines:
                    stmts = line.stmts if line.first is None else [*line.first.stmts, *line.stmts]
                    found += [_at(stmt, places) for stmt in stmts]
                continue
            run = self._run(group)
            if run is not None:
                tile = Tile(Axis(-(-extent(group.axis) // run)), run)
                lines = packed(group, self.classes)
                inner = _level(lines, self.classes, {group.kind: tile})
                if len(lines) > len(group.lines) or not inner.one_loop(group.kind):
                    found.append(Loop(tile.axis, inner.statements(places), "parallel"))
                    continue
            found.append(self._loop(group, group.axis, places))
        return found

    def _loop(self, group: Group, counter: Axis, places: dict[Axis, Expr]) -> Loop:
        role = "parallel"
        for line, axis in group.lines:
            assert axis is not None
            places[axis] = Place(counter)
            if axis in line.turns:
                role = "serial"
            line.axes = tuple([a for a in line.axes if a is not axis])
            if line.first is not None and line.first in self._shared:
                own = self._shared[line.first]
                places[own] = Place(counter)
                line.first.axes = tuple([a for a in line.first.axes if a is not own])
        inner = _level([line for line, _ in group.lines], self.classes, self.tiles or {})
        loop = Loop(counter, inner.statements(places), role)
        tile = self.tiles.get(group.kind) if self.tiles else None
        if tile is not None:
            loop.part, loop.run = tile.axis, tile.run
        return loop

    def _run(self, group: Group) -> int | None:
        """How many turns a tile of a loop has, if it is gone through in tiles."""
        if group.axis is None:
            return None
        if self.tiles is not None or any([axis in line.turns for line, axis in group.lines]):
            return None
        n = extent(group.axis)
        own, sums = held(self._groups, group, self._size)
        run = next((run for limit, run in _TILES if own <= limit), None)
        if len({_decides(line, axis) for line, axis in group.lines}) > 1:
            # what passes from a loop to the next stays as near as can be
            run = min(n, run or _TILES[-1][1], max(2 * _LANES, _NEAR // max(own, 1) // _LANES * _LANES))
        else:
            long = any([a is not axis and extent(a) > _SHORT for line, axis in group.lines for a in line.axes])
            if not long or own + sums <= _LITTLE or run is None or n < 4 * run:
                return None
        # runs of equal length need no code for a shorter one
        least = max(run // 2 // _LANES, 1) * _LANES
        near = sorted(range(least, 2 * run + 1, _LANES), key=lambda r: abs(r - run))
        return next((r for r in near if n % r == 0), run)


def _decides(line: Line, axis: Axis | None) -> bool:
    """Whether it hangs on an axis which turns of another one do anything."""
    return any([axis in rests for rests in line.windows.values()])


def _behind(groups: Sequence[Group], first: tuple[int, int]) -> Iterable[Group]:
    """A few of the groups that stand after a place, from there on."""
    low, high = 0, len(groups)
    while low < high:
        middle = (low + high) // 2
        if groups[middle].place > first:
            high = middle
        else:
            low = middle + 1
    return groups[low : low + _LOOKS]


def _at(stmt: Stmt, places: dict[Axis, Expr]) -> Stmt:
    """A statement with the counters of the loops around it."""
    if isinstance(stmt, (Loop, Product)):
        return stmt
    change = Rewrite(places)
    stmt.index = tuple([change(i) for i in stmt.index])
    stmt.value = change(stmt.value)
    if isinstance(stmt, Choose):
        stmt.at = change(stmt.at)
    return stmt


__all__ = ["Classes", "Group", "fused"]

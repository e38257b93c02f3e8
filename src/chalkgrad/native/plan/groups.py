"""Lines that share a loop, and what that costs in entries that go to memory and back."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import final

from chalkgrad.native.plan.lines import Cell, Line, Spots
from chalkgrad.native.plan.statements import extent
from chalkgrad.native.tree import Buffer
from chalkgrad.ops.kernel import Axis

Extent = Callable[[Axis], int]

# What an entry costs by how many there are beside it, in additions: in registers, near, not so near, and far.
_RATES = ((512, 0.02), (4096, 0.25), (32768, 0.5))
_FAR = 1.5
# How many times as much where a loop goes from row to row, an entry in each.
_STREWN = 4
# What a loop costs by itself.
_LOOP = 200.0


@final
@dataclass(eq=False)
class Group:
    """Lines that share a loop, or a line alone that needs none. `place`: where it stands among the others.

    `apart`: of lines in which few turns of this loop, or of one inside, do anything, which is found out turn by turn.
    """

    place: tuple[int, int]
    axis: Axis | None = None
    kind: object = None
    apart: bool = False
    lines: list[tuple[Line, Axis | None]] = field(default_factory=list[tuple[Line, "Axis | None"]])
    reads: dict[Cell, frozenset[int]] = field(default_factory=dict[Cell, frozenset[int]])
    writes: dict[Cell, frozenset[int]] = field(default_factory=dict[Cell, frozenset[int]])
    combined: dict[Cell, str | None] = field(default_factory=dict[Cell, "str | None"])

    def takes(self, line: Line, axis: Axis) -> bool:
        """Whether a line may join through this axis."""
        if self.axis is None or extent(self.axis) != extent(axis):
            return False
        nowhere: frozenset[int] = frozenset()
        for buffer, spots in line.read.items():
            made = self.writes.get(buffer)
            if made is not None and not made & spots.get(axis, nowhere):
                return False
        for buffer, spots in line.written.items():
            made, here = self.writes.get(buffer), spots.get(axis, nowhere)
            how = line.combined.get(buffer)
            if made is not None and (how is None or self.combined[buffer] != how) and not made & here:
                return False
            seen = self.reads.get(buffer)
            if seen is not None and not seen & here:
                return False
        return True

    def put(self, line: Line, axis: Axis | None) -> None:
        """Take a line in."""
        self.lines.append((line, axis))
        for table, into in ((line.read, self.reads), (line.written, self.writes)):
            for buffer, spots in table.items():
                here = frozenset[int]() if axis is None else spots.get(axis, frozenset[int]())
                into[buffer] = into[buffer] & here if buffer in into else here
        for buffer in line.written:
            how = line.combined.get(buffer)
            self.combined[buffer] = how if self.combined.get(buffer, how) == how else None


def traffic(groups: Sequence[Group], size: Extent, tile: Callable[[Group], int | None]) -> float:
    """About what the entries cost that these loops read and write, but for those of one turn alone.

    What a loop does not run through, it goes through in every turn, or in every tile. What only one loop touches stays
    near.
    """
    touching: dict[Cell, int] = {}
    made: set[Cell] = set()
    for group in groups:
        for cell in {**group.reads, **group.writes}:
            touching[cell] = touching.get(cell, 0) + 1
        made.update([c for c in group.writes if not isinstance(c, Buffer) or c.space == "arena"])
    total = 0.0
    for group in groups:
        if group.axis is None:
            continue
        total += _LOOP
        run = tile(group)
        costs: dict[Cell, float] = {}
        for line, axis in group.lines:
            assert axis is not None
            for table in (line.read, line.written):
                for cell, spots in table.items():
                    alone = touching[cell] == 1 and cell in made
                    cost = _entries(cell, spots, line, axis, size, alone, run)
                    costs[cell] = max(costs.get(cell, 0.0), cost)
        total += sum(costs.values()) + _strewn(group)
    return total


def _strewn(group: Group) -> float:
    """What it costs more that a loop goes from row to row for entries beside its place."""
    found: dict[Buffer, int] = {}
    for line, axis in group.lines:
        if axis is not None:
            for buffer, entries in line.strewn.get(axis, {}).items():
                found[buffer] = max(found.get(buffer, 0), entries)
    return sum([n * rate(n) * (_STREWN - 1) for n in found.values() if n > _RATES[1][0]])


def _entries(cell: Cell, spots: Spots, line: Line, axis: Axis, size: Extent, alone: bool, run: int | None) -> float:
    entries = math.prod([size(a) for a in spots if a in line.axes])
    if axis not in spots:
        turns = size(axis) / (run or 1)
        return turns * entries * rate(entries) * (2 if cell in line.written else 1)
    if alone:  # inside of a tile it passes from loop to loop
        return 0.0 if run is None else entries * _RATES[1][1]
    # entry after entry lies in the last axis: a loop over that around all others goes from line to line
    last = isinstance(cell, Buffer) and len(cell.shape) - 1 in spots[axis]
    return entries * rate(entries) * (_STREWN if last and len(spots) > 1 and entries > _RATES[1][0] else 1)


def rate(entries: int) -> float:
    """What one of so many entries costs that are gone through again and again."""
    return next((cost for limit, cost in _RATES if entries <= limit), _FAR)


def _touched(cell: Cell, groups: Sequence[Group]) -> bool:
    return any(cell in g.reads or cell in g.writes for g in groups)


def held(groups: Sequence[Group], group: Group, size: Extent) -> tuple[int, int]:
    """How many entries one turn of a loop makes for itself, and to how many it adds in every turn."""
    others = [g for g in groups if g is not group]
    own: dict[Cell, int] = {}
    sums: dict[Cell, int] = {}
    for line, axis in group.lines:
        for cell, spots in line.written.items():
            entries = math.prod([size(a) for a in spots if a in line.axes and a is not axis])
            if axis not in spots:
                sums[cell] = entries
            elif isinstance(cell, Buffer) and cell.space == "arena" and not _touched(cell, others):
                own[cell] = entries
    return sum(own.values()), sum(sums.values())


__all__ = ["Extent", "Group", "held", "rate", "traffic"]

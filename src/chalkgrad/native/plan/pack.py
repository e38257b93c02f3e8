"""Rows of a tile turned, so that what a loop over the rows reads lies side by side.

The loop over the turns of a tile goes in lanes. An array that it runs through by rows, and that other loops inside of
the tile go through again and again, is copied once a tile: its copy is a temporary like any other, in which the tile
comes last.
"""

from __future__ import annotations

from collections.abc import Sequence

from chalkgrad.native.plan.classes import Classes
from chalkgrad.native.plan.groups import Group
from chalkgrad.native.plan.lines import Line, set_line
from chalkgrad.native.plan.rewrite import Rewrite
from chalkgrad.native.plan.statements import extent
from chalkgrad.native.tree import Buffer, Choose, Combine, Set, written
from chalkgrad.ops.kernel import Axis, Expr, Place, Read

# It is worth it where each entry is read more often than this.
_OFTEN = 4


def packed(group: Group, classes: Classes) -> list[Line]:
    """The lines of a group, changed so that they read copies, behind those that make the copies."""
    lines = [line for line, _ in group.lines]
    own = {b for line in lines for stmt in line.stmts for b in written(stmt)}  # in part, too
    copies: dict[Buffer, Buffer] = {}
    for line, axis in group.lines:
        for cell in line.read:
            if isinstance(cell, Buffer) and axis is not None and cell not in own and _often(line, cell, axis):
                copies.setdefault(cell, Buffer(f"{cell.name}_turned", cell.dtype, cell.shape, "arena"))
    made: list[Line] = []
    for cell, copy in copies.items():
        known = [(line, a) for line, a in group.lines if cell in line.read and a is not None and not line.windows]
        places = {line.read[cell].get(a, frozenset[int]()) for line, a in known}
        if len(places) == 1 and len(place := next(iter(places))) == 1:
            for line, _ in known:
                _redirect(line, cell, copy)
            made.append(_copy(cell, copy, next(iter(place)), group.kind, classes))
    return [*made, *lines]


def _often(line: Line, cell: Buffer, axis: Axis) -> bool:
    if line.windows:
        return False
    spots = line.read[cell]
    here = spots.get(axis, frozenset[int]())
    wide = [k for k, n in enumerate(cell.shape) if n != 1]
    if len(here) != 1 or len(wide) < 2 or wide[-1] in here:
        return False
    beside = {a for a, buffer, _ in line.along if buffer is cell}
    again = [a for a in line.axes if a not in spots and a not in beside and extent(a) > _OFTEN]
    return bool(again)


def _redirect(line: Line, cell: Buffer, copy: Buffer) -> None:
    def reading(read: Read, index: tuple[Expr, ...]) -> Expr:
        return Read(copy if read.source is cell else read.source, index, read.dtype)

    change = Rewrite({}, reading)
    for stmt in line.stmts:
        assert isinstance(stmt, (Set, Combine, Choose))
        stmt.index = tuple([change(i) for i in stmt.index])
        stmt.value = change(stmt.value)
        if isinstance(stmt, Choose):
            stmt.at = change(stmt.at)
    line.read[copy] = line.read.pop(cell)


def _copy(cell: Buffer, copy: Buffer, place: int, kind: object, classes: Classes) -> Line:
    axes: Sequence[Axis] = [Axis(n) for n in cell.shape]
    for k, axis in enumerate(axes):
        classes.put(axis, kind if k == place else None)
    here: tuple[Expr, ...] = tuple([Place(a) for a in axes])
    return set_line(Set(copy, here, Read(cell, here, cell.dtype)), tuple(axes))


__all__ = ["packed"]

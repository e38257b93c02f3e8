"""Statements as lines: what stands in the innermost place of the loops, with the counters that it needs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import final

from chalkgrad.native.plan.affine import line as affine
from chalkgrad.native.plan.rewrite import buffer_of, operations, reads
from chalkgrad.native.plan.statements import Region, Statement, extent
from chalkgrad.native.tree import Buffer, Choose, Combine, Loop, Set, Stmt, expressions, read_by, walk, written
from chalkgrad.native.windows import windows_of
from chalkgrad.ops.kernel import Axis, Expr, Fn, Lit, Place, Read, inside_out

Spots = dict[Axis, frozenset[int]]
Cell = Buffer | Region

# What an operation costs, in additions.
_slow = ["exp", "exp2", "expm1", "log", "log1p", "log2", "log10", "sin", "cos", "tan", "tanh", "sinh", "cosh", "cbrt"]
_slow += ["power", "arcsin", "arccos", "arctan", "arctan2", "arcsinh", "arccosh", "arctanh", "hypot"]
_COSTS = {**dict.fromkeys(_slow, 10), "divide": 4, "sqrt": 4}


@final
@dataclass(eq=False)
class Line:
    """Statements that are done together for every place of `axes`, of which `turns` one after another.

    `ordered`: the loops nest as the axes stand. `spots`: for every buffer that is read or written, in which places of
    its index an axis stands alone, in all that the line reads or writes of it. `first` fills what the line writes into
    with a number: it goes where the line goes, or before it. `windows` are axes of which only few turns do anything,
    each with those on which it hangs which ones do. `strewn`: of which arrays a loop over an axis touches one entry a
    row, beside its place, and how many entries in all. `along`: at which place of which array an axis stands, or
    beside it, and whether it does so one by one and alone.
    """

    stmts: list[Stmt]
    axes: tuple[Axis, ...]
    turns: frozenset[Axis] = frozenset()
    ordered: bool = False
    cost: float = 1.0
    read: dict[Cell, Spots] = field(default_factory=dict[Cell, Spots])
    written: dict[Cell, Spots] = field(default_factory=dict[Cell, Spots])
    combined: dict[Cell, str] = field(default_factory=dict[Cell, str])
    first: Line | None = None
    windows: dict[Axis, frozenset[Axis]] = field(default_factory=dict[Axis, "frozenset[Axis]"])
    strewn: dict[Axis, dict[Buffer, int]] = field(default_factory=dict[Axis, "dict[Buffer, int]"])
    along: dict[tuple[Axis, Buffer, int], bool] = field(default_factory=dict[tuple[Axis, Buffer, int], bool])

    @property
    def work(self) -> float:
        """An estimate of what it costs, in additions."""
        return self.cost * math.prod([extent(a) for a in self.axes])


def all_lines(statements: Sequence[Statement]) -> list[Line]:
    """The lines of statements; what is filled with a number for the line behind is kept with that."""
    found: list[Line] = []
    regions: dict[Buffer, list[Region]] = {}
    for s in statements:
        if s.region is not None:
            regions.setdefault(s.into, []).append(s.region)
    for line in (line for s in statements for line in lines_of(s)):
        for buffer, spots in list(line.read.items()):
            line.read.update(dict.fromkeys(regions.get(buffer, ()), spots) if isinstance(buffer, Buffer) else {})
        before = found[-1] if found else None
        if before is not None and _fills(before) and before.written.keys() <= line.written.keys():
            line.first = found.pop()
        found.append(line)
    return found


def set_line(stmt: Set, axes: tuple[Axis, ...]) -> Line:
    """The line of one statement."""
    return _line([stmt], axes)


def _fills(line: Line) -> bool:
    if len(line.stmts) != 1 or line.first is not None or line.read:
        return False
    stmt = line.stmts[0]
    return isinstance(stmt, Set) and isinstance(stmt.value, Lit)


def lines_of(statement: Statement) -> list[Line]:
    """The lines of a statement: what a reduction begins with, and the reduction itself, are two."""
    s = statement
    found = _block(s) if s.kind == "block" else _each(s)
    if s.region is not None:
        for line in found:
            if s.into in line.written:
                line.written[s.region] = line.written.pop(s.into)
            if s.into in line.combined:
                line.combined[s.region] = line.combined.pop(s.into)
            _strew(line, s.into, s.index, beside=False)
    return found


def _each(s: Statement) -> list[Line]:
    if s.kind == "set":
        turns = frozenset(s.axes) if s.ordered else frozenset[Axis]()
        return [_line([Set(s.into, s.index, s.value, s.step)], s.axes, turns, s.ordered)]
    if s.kind == "combine":
        line = _line([Combine(s.into, s.index, s.how, s.value, s.step)], (*s.axes, *s.over))
        if s.start is None:
            return [line]
        return [_line([Set(s.into, s.index, s.start, s.step)], s.axes), line]
    here: tuple[Expr, ...] = tuple([Place(a) for a in s.axes])
    if s.kind == "choose":
        best, place = s.others
        assert s.at is not None
        first: Stmt = Set(place, here, Lit(-1, "int64", weak=False), s.step)
        chosen: Stmt = Choose(best, place, here, s.how, s.value, s.at, s.step)
        last: Stmt = Set(s.into, s.index, Read(place, here, "int64"), s.step)
        return [_line([first], s.axes), _line([chosen], (*s.axes, *s.over)), _line([last], s.axes)]
    (total,) = s.others
    assert s.start is not None
    so_far = Read(total, here, total.dtype)
    grown: list[Stmt] = [
        Set(total, here, Fn(s.how, (so_far, s.value), total.dtype), s.step),
        Set(s.into, s.index, so_far, s.step),
    ]
    return [
        _line([Set(total, here, s.start, s.step)], s.axes),
        _line(grown, (*s.axes, *s.over), frozenset(s.over)),
    ]


def _line(
    stmts: list[Stmt], axes: tuple[Axis, ...], turns: frozenset[Axis] = frozenset(), ordered: bool = False
) -> Line:
    line = Line(stmts, axes, turns, ordered)
    for stmt in stmts:
        assert isinstance(stmt, (Set, Combine, Choose))
        line.cost += sum([_COSTS.get(f.name, 1) for f in operations(stmt.value)])
        for buffer in written(stmt):
            _meet(line.written, buffer, stmt.index)
            _strew(line, buffer, stmt.index)
        if isinstance(stmt, Combine):
            line.combined[stmt.into] = stmt.how
            for axis, window in windows_of(stmt.value).items():
                rests = frozenset([p.axis for e in window for p in inside_out(e) if isinstance(p, Place)])
                if axis not in rests:
                    line.windows[axis] = rests
        for e in expressions(stmt):
            for read in reads(e):
                _meet(line.read, buffer_of(read), read.index)
                _strew(line, buffer_of(read), read.index)
    return line


def _strew(line: Line, buffer: Buffer, index: Sequence[Expr], beside: bool = True) -> None:
    """Note what the last place of an index says; where it is a plain counter, `spots` says it already."""
    for k, e in enumerate(index):
        found = affine(e)
        if found is not None:
            alone = len(found.steps) == 1 and 1 in found.steps.values()
            line.along.update({(a, buffer, k): alone for a in found.steps if a in line.axes})
    if len(index) < 2 or (beside and isinstance(index[-1], Place)):
        return
    last = affine(index[-1])
    others = {p.axis for e in index[:-1] for p in inside_out(e) if isinstance(p, Place) and p.axis in line.axes}
    for axis in last.steps if last is not None and others else ():
        if axis in line.axes and axis not in others:
            line.strewn.setdefault(axis, {})[buffer] = math.prod([extent(a) for a in {axis, *others}])


def _meet(into: dict[Cell, Spots], buffer: Buffer, index: Sequence[Expr]) -> None:
    spots: dict[Axis, set[int]] = {}
    for k, e in enumerate(index):
        if isinstance(e, Place):
            spots.setdefault(e.axis, set()).add(k)
    found: Spots = {a: frozenset(s) for a, s in spots.items()}
    before = into.get(buffer)
    into[buffer] = (
        found if before is None else {a: s & before[a] for a, s in found.items() if a in before and s & before[a]}
    )


def _block(statement: Statement) -> list[Line]:
    """Statements that stand as they are; no loop around them is shared."""
    line = Line(list(statement.stmts), ())
    for stmt in walk(statement.stmts):
        if not isinstance(stmt, Loop):
            line.read.update({b: {} for b in read_by(stmt)})
            line.written.update({b: {} for b in written(stmt)})
    line.read.update({b: {} for b in statement.given})
    line.written.update({b: {} for b in (statement.into, *statement.others)})
    return [line]


__all__ = ["Cell", "Line", "Spots", "all_lines", "set_line"]

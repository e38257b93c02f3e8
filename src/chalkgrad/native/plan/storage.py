"""Where temporaries lie: each keeps only the axes that outlive its loops.

If all that writes or reads a buffer stands in one loop, and does so at the loop's counter in one place of the index,
then a turn needs only its own entries, and that axis goes. What is left is small most often: a register.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from chalkgrad.native.plan.rewrite import Rewrite, reads
from chalkgrad.native.tree import Buffer, Choose, Loop, Product, Stmt, expressions, read_by, walk, written
from chalkgrad.ops.kernel import Axis, Expr, Lit, Place, Read, fn

# What is made and read in one turn is kept close by up to so many bytes; beyond, it is in the arena.
_CLOSE, _CLOSE_OF_TILES = 8192, 32768


@final
@dataclass(frozen=True)
class _Run:
    """Counters of several loops over the same run of turns: `length` turns, the first at `length` times the counter."""

    part: Axis
    length: int


# What stands in a place of an index wherever a buffer is touched: a counter, a number, or None if that differs.
_Spot = Axis | _Run | int | None


@final
@dataclass(eq=False)
class _Known:
    """Of a buffer: the loops around all that touches it, and what stands in each place of its index."""

    loops: tuple[Loop, ...]
    index: list[_Spot]


@final
@dataclass(frozen=True, eq=False)
class _Change:
    """What a buffer becomes: the places of the index that are kept, in their order, each from where it then starts."""

    into: Buffer
    kept: tuple[tuple[int, _Run | None], ...]

    def index(self, index: tuple[Expr, ...]) -> tuple[Expr, ...]:
        """The places in what it becomes."""
        found: list[Expr] = []
        for k, run in self.kept:
            place = index[k]
            found.append(place if run is None else fn("subtract", place, fn("multiply", Place(run.part), run.length)))
        return tuple(found)


def stored(body: list[Stmt]) -> None:
    """Give every temporary of these statements its place, and change them so. What nobody reads is not made."""
    while _swept(body):
        pass
    runs = {s.axis: _Run(s.part, s.run) for s in walk(body) if isinstance(s, Loop) and s.part and s.run}
    known: dict[Buffer, _Known] = {}
    for loops, buffer, index in _touched(body):
        _meet(known, runs, loops, buffer, index)
    for stmt in walk(body):
        if isinstance(stmt, Choose):  # one index serves both
            place, best = known[stmt.place], known[stmt.best]
            best.loops, best.index = place.loops, place.index
    # a routine is given addresses and steps, which were worked out before
    whole = {b for s in walk(body) if isinstance(s, Product) for b in [*written(s), *read_by(s)]}
    changes: dict[Buffer, _Change] = {}
    for buffer, found in known.items():
        if buffer.space in ("arena", "local"):
            if buffer in whole:
                buffer.space = "arena"
            else:
                changes[buffer] = _changed(buffer, found)
    _apply(body, changes)


def _swept(body: list[Stmt]) -> bool:
    """Leave out what writes only what nobody reads; whether there was any."""
    read = {b for s in walk(body) for b in read_by(s)}
    gone = False
    bodies = [s.body for s in walk(body) if isinstance(s, Loop)]
    for inner in (*reversed(bodies), body):  # inner loops before those around them
        kept = [s for s in inner if (s.body if isinstance(s, Loop) else _needed(s, read))]
        gone = gone or len(kept) < len(inner)
        inner[:] = kept
    return gone


def _needed(stmt: Stmt, read: set[Buffer]) -> bool:
    return any([b in read or b.space == "output" for b in written(stmt)])


def _changed(buffer: Buffer, found: _Known) -> _Change:
    around = {loop.axis for loop in found.loops}
    kept: list[tuple[int, _Run | None]] = []
    last: list[tuple[int, _Run | None]] = []
    for k, spot in enumerate(found.index):
        if isinstance(spot, _Run) and spot.part in around:
            last.append((k, spot))  # side by side, as the innermost loops go
        elif not (spot in around if isinstance(spot, Axis) else spot == 0 and buffer.shape[k] == 1):
            kept.append((k, None))
    kept += last
    shape = tuple([buffer.shape[k] if run is None else min(run.length, buffer.shape[k]) for k, run in kept])
    size = math.prod(shape) * np.dtype(buffer.dtype).itemsize
    # what loops over a tile hand on is there once, and not once a lane
    close = not shape or (bool(found.loops) and size <= (_CLOSE_OF_TILES if last else _CLOSE))
    space = "local" if close or buffer.space == "local" else "arena"
    if space == "arena":
        for loop in found.loops:  # turns that share it cannot be done at a time
            loop.role = "serial"
    return _Change(Buffer(buffer.name, buffer.dtype, shape, space), tuple(kept))


def _touched(body: Sequence[Stmt]) -> Iterator[tuple[tuple[Loop, ...], Buffer, tuple[Expr, ...] | None]]:
    """Whatever is written or read, with the loops around; no index where it is touched as a whole."""
    waiting: list[tuple[Stmt, tuple[Loop, ...]]] = [(s, ()) for s in reversed(body)]
    while waiting:
        stmt, loops = waiting.pop()
        if isinstance(stmt, Loop):
            waiting.extend([(s, (*loops, stmt)) for s in reversed(stmt.body)])
            continue
        if isinstance(stmt, Product):
            yield loops, stmt.into, stmt.index
            yield loops, stmt.plan, None
        elif isinstance(stmt, Choose):
            yield loops, stmt.best, stmt.index
            yield loops, stmt.place, stmt.index
        else:
            yield loops, stmt.into, stmt.index
        for e in expressions(stmt):
            for read in reads(e):
                yield loops, read.source, read.index


def _meet(
    known: dict[Buffer, _Known],
    runs: dict[Axis, _Run],
    loops: tuple[Loop, ...],
    buffer: Buffer,
    index: tuple[Expr, ...] | None,
) -> None:
    here: list[_Spot] = [None] * len(buffer.shape)
    if index is not None:
        here = [e.axis if isinstance(e, Place) else e.value if isinstance(e, Lit) else None for e in index]
    before = known.get(buffer)
    if before is None:
        known[buffer] = _Known(loops, here)
        return
    shared = 0
    for a, b in zip(before.loops, loops, strict=False):
        if a is not b:
            break
        shared += 1
    if shared < len(before.loops):
        before.loops = before.loops[:shared]
        around = {loop.axis for loop in before.loops}
        # the loop over a run is no longer around, but what stands for all such loops may be
        before.index = [runs[a] if isinstance(a, Axis) and a in runs and a not in around else a for a in before.index]
    for k, a in enumerate(here):
        if before.index[k] != a:
            run = runs.get(a) if isinstance(a, Axis) else None
            before.index[k] = run if run is not None and before.index[k] == run else None


def _apply(body: Sequence[Stmt], changes: dict[Buffer, _Change]) -> None:
    def reading(read: Read, index: tuple[Expr, ...]) -> Expr:
        change = changes.get(read.source)
        if change is None:
            return Read(read.source, index, read.dtype)
        return Read(change.into, change.index(index), read.dtype)

    def moved(buffer: Buffer, index: tuple[Expr, ...]) -> tuple[Buffer, tuple[Expr, ...]]:
        change = changes.get(buffer)
        return (buffer, index) if change is None else (change.into, change.index(index))

    rewrite = Rewrite({}, reading)
    for stmt in walk(body):
        if isinstance(stmt, Loop):
            continue
        index = tuple([rewrite(i) for i in stmt.index])
        stmt.value = rewrite(stmt.value)
        if isinstance(stmt, Choose):
            stmt.at = rewrite(stmt.at)
            stmt.best, _ = moved(stmt.best, index)
            stmt.place, stmt.index = moved(stmt.place, index)
        else:
            stmt.into, stmt.index = moved(stmt.into, index)
        if isinstance(stmt, Product):
            left, right = rewrite(stmt.left), rewrite(stmt.right)
            assert isinstance(left, Read)
            assert isinstance(right, Read)
            stmt.left, stmt.right = left, right


__all__ = ["stored"]

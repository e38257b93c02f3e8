"""A sum of products as tiles or as matrices: how a routine may do it, and what that costs.

A contraction has axes of four kinds: those that only the left factor has beside the result (rows), only the right one
(columns), both but not the result (terms, which are summed over), and all three (turns). Axes of one kind of which one
goes on in memory where the other ends are one axis. A routine takes some of them, and the others are levels around it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np

from chalkgrad.native.plan.affine import Steps
from chalkgrad.native.plan.patterns import Pattern
from chalkgrad.native.products import blas
from chalkgrad.native.products.routines import BLOCK, BROADCAST, DOTS, LEVELS, LIBRARY, RUN_BLOCK, Plan
from chalkgrad.native.products.tiles import BYTES, DOT_TILE, TALL
from chalkgrad.ops.scalars import Axis

Numbers = np.ndarray[Any, Any]

# What a call of the library, a strip and a tile cost beside their products, in turns of the processor's clock.
LIBRARY_CALL, STRIP, TILE = 1000, 40, 40
# Tiles of our own reach this part of the speed that they could have; the library copies every entry first.
OWN_SPEED, DOT_SPEED, LIBRARY_COPY = 0.65, 0.4, 2.0
# A tile with more rows has more to do for what it reads.
SPEED = {6: 1.0, 4: 1.1}
# Bytes of one factor that are kept near while all of the other one passes: a part of the second cache.
NEAR = 2**17
# Threads share so many products, which take about 0.2 ms.
WORTH_THREADS = 2e6
# Columns of dot products that are written out in a plan, at most.
MOST_COLUMNS = 2048
# The nearest cache: lines of 64 bytes in sets, and how many lines with one place in it are kept.
LINE, SETS, WAYS = 64, 64, 8


@final
@dataclass(frozen=True)
class Way:
    """An axis of a contraction: its extent, and its steps in the result and in both factors."""

    extent: int
    into: int
    left: int
    right: int

    @property
    def steps(self) -> tuple[int, int, int]:
        return self.into, self.left, self.right

    def turned(self) -> Way:
        """The same with the factors in each other's place."""
        return Way(self.extent, self.into, self.right, self.left)


NONE = Way(1, 0, 0, 0)
Ways = tuple[Way, ...]


@final
@dataclass(frozen=True)
class Known:
    """Places of two axes, of which only those are of any account where the pattern holds."""

    first: Way
    second: Way
    pattern: Pattern

    def turned(self) -> Known:
        """The same with the factors in each other's place."""
        return Known(self.first.turned(), self.second.turned(), self.pattern)


@final
@dataclass(frozen=True)
class Contraction:
    """The axes by their kinds, those with the longest steps first.

    `left` and `right`: which entries of a factor may be other than 0, of terms and rows, and of terms and columns.
    `needed`: which entries of the result anybody needs, of rows and columns.
    """

    dtype: str
    rows: Ways
    columns: Ways
    terms: Ways
    turns: Ways
    left: Known | None = None
    right: Known | None = None
    needed: Known | None = None

    def count(self) -> int:
        """How many products there are."""
        return _count((*self.rows, *self.columns, *self.terms, *self.turns))


@final
@dataclass(frozen=True)
class Manner:
    """A plan for a routine, and what it costs."""

    plan: Numbers
    cost: float

    @property
    def leaves_out(self) -> bool:
        """Whether entries that nobody needs are not written."""
        at = self.plan[Plan.RANGES]
        ranges = self.plan[at:].reshape(-1, 4) if at else None
        return ranges is not None and bool(((ranges[:, 3] - ranges[:, 2]) < self.plan[Plan.ROWS]).any())


def _count(ways: Sequence[Way]) -> int:
    return math.prod([w.extent for w in ways])


def contraction(dtype: str, own: Sequence[Axis], into: Steps, left: Steps, right: Steps) -> Contraction | None:
    """The axes by their kinds; None where one is of none of these."""
    kinds: dict[tuple[bool, bool, bool], list[Way]] = {
        (True, True, False): [],
        (True, False, True): [],
        (False, True, True): [],
        (True, True, True): [],
    }
    for axis in own:
        assert isinstance(axis.extent, int)
        way = Way(axis.extent, into.get(axis, 0), left.get(axis, 0), right.get(axis, 0))
        if way.extent == 1:
            continue
        kind = (way.into != 0, way.left != 0, way.right != 0)
        if way.extent == 0 or kind not in kinds:
            return None
        kinds[kind].append(way)
    rows, columns, terms, turns = [_merged(ways) for ways in kinds.values()]
    return Contraction(dtype, rows, columns, terms, turns)


def _merged(ways: Sequence[Way]) -> Ways:
    """Ways of one kind, those in one where the outer goes on where the inner one ends."""
    rest = sorted(ways, key=lambda w: [abs(s) for s in w.steps], reverse=True)
    found: list[Way] = []
    for way in reversed(rest):
        inner = found[-1] if found else NONE
        if found and all([a == b * inner.extent for a, b in zip(way.steps, inner.steps, strict=True)]):
            found[-1] = Way(way.extent * inner.extent, *inner.steps)
        else:
            found.append(way)
    return tuple(found[::-1])


def turned(c: Contraction) -> Contraction:
    """The same with the factors in each other's place."""

    def other(ways: Ways) -> Ways:
        return tuple([w.turned() for w in ways])

    left, right, needed = [k if k is None else k.turned() for k in (c.left, c.right, c.needed)]
    if needed is not None:
        needed = Known(needed.second, needed.first, needed.pattern.T)
    return Contraction(c.dtype, other(c.columns), other(c.rows), other(c.terms), other(c.turns), right, left, needed)


def best(c: Contraction) -> Manner | None:
    """The cheapest way to do it by a routine, factors as they stand; None where there is none."""
    found = [by_broadcast(c), by_dots(c), by_library(c)]
    return min([m for m in found if m is not None], key=lambda m: m.cost, default=None)


def _lanes(dtype: str) -> int:
    return blas.width() // BYTES[dtype]


def _longest(ways: Ways) -> tuple[Way, Ways]:
    """The longest of the ways, and the others."""
    chosen = max(ways, key=lambda w: w.extent, default=NONE)
    return chosen, tuple([w for w in ways if w is not chosen])


def by_library(c: Contraction) -> Manner | None:
    """By the library: the result lies by rows, and each factor by rows or by columns."""
    library = blas.library()
    if library is None:
        return None
    (rows, above), (columns, beside), (terms, beyond) = [_longest(w) for w in (c.rows, c.columns, c.terms)]
    left = _matrix(rows.extent, terms.extent, rows.left, terms.left)
    right = _matrix(terms.extent, columns.extent, terms.right, columns.right)
    result = _matrix(rows.extent, columns.extent, rows.into, columns.into)
    if left is None or right is None or result is None or result[0]:
        return None
    if library.count == "i32" and max(rows.extent, columns.extent, terms.extent, left[1], right[1], result[1]) >= 2**31:
        return None
    block = Block((terms,), (), last=terms.extent)
    made = _plan(LIBRARY, rows, columns.extent, block, (*c.turns, *above, *beside, *beyond))
    if made is None:
        return None
    plan, times = made
    plan[Plan.LEFT_TURNED], plan[Plan.LEFT_LEADING] = left
    plan[Plan.RIGHT_TURNED], plan[Plan.RIGHT_LEADING] = right
    plan[Plan.INTO_ROW] = result[1]
    tiles = -(-rows.extent // TALL[0]) * TALL[0] * -(-columns.extent // (2 * _lanes(c.dtype)))
    copying = LIBRARY_COPY * terms.extent * (rows.extent + columns.extent)
    return Manner(plan, times * (LIBRARY_CALL + tiles * terms.extent + copying))


def _matrix(rows: int, columns: int, row: int, column: int) -> tuple[bool, int] | None:
    """Whether a matrix lies by columns, and how far apart its rows (or columns) are."""
    if (column == 1 or columns == 1) and (row >= columns or rows == 1):
        return False, max(row, columns)
    if (row == 1 or rows == 1) and (column >= rows or columns == 1):
        return True, max(column, rows)
    return None


def by_broadcast(c: Contraction) -> Manner | None:
    """By tiles of our own: entries of the result lie side by side along the columns."""
    near = [w for w in c.columns if w.into == 1]
    if not near:
        return None
    columns, rows = near[0], _longest(c.rows)[0]
    beside = [w for w in (*c.columns, *c.rows) if w is not columns and w is not rows]
    block = _block(c.terms, BLOCK)
    made = _plan(BROADCAST, rows, columns.extent, block, (*c.turns, *beside, *block.outer))
    if made is None:
        return None
    plan, times = made
    tall = min(TALL, key=lambda n: -(-rows.extent // n) * n * SPEED[n])
    strips, tiles = -(-columns.extent // (2 * _lanes(c.dtype))), -(-rows.extent // tall)
    copied = columns.right != 1 or (tiles > 3 and _crowded(block.ways, BYTES[c.dtype]))
    # a multiple of every tile's rows
    plan[Plan.HIGH] = max(1, NEAR // (BYTES[c.dtype] * _count(block.ways) * math.prod(TALL))) * math.prod(TALL)
    plan[Plan.RIGHT_COLUMN], plan[Plan.COPIED], plan[Plan.TALL] = columns.right, copied, tall
    copying = block.total * (2 if columns.right == 1 else 6 * _lanes(c.dtype)) if copied else 0
    tile = block.blocks * TILE + block.total * tall * SPEED[tall] / OWN_SPEED
    plan = np.concatenate([plan, _places(block.ways, "left"), _places(block.ways, "right")])
    ranges = _ranges(c, rows, columns, block, 2 * _lanes(c.dtype))
    if ranges is not None:
        plan[Plan.RANGES] = len(plan)
        plan[Plan.CHECKED] = bool((ranges[:, 1] < block.ways[0].extent).any())
        plan[Plan.NEAR] = block.ways[0].left == 1
        plan = np.concatenate([plan, ranges.ravel()])
        part = ranges[:, 1] * (ranges[:, 3] - ranges[:, 2])
        tile *= float(part.mean()) / (rows.extent * block.ways[0].extent)
    return Manner(plan, times * strips * (block.blocks * STRIP + copying + tiles * tile))


def _ranges(c: Contraction, rows: Way, columns: Way, block: Block, wide: int) -> Numbers | None:
    """For every strip of columns the first term and how many there are, and the first row and the one after the last.

    None where everything is of account.
    """
    if len(block.ways) != 1 or (c.right is None and c.needed is None):
        return None
    (terms,) = block.ways
    # a block of terms has the places of the first: in all of them the same are left out
    right = c.right if block.blocks == 1 else None
    found: list[tuple[int, int, int, int]] = []
    for j in range(0, columns.extent, wide):
        first, last = _reach(right, terms, columns, j, wide)
        top, bottom = _reach(c.needed, rows, columns, j, wide)
        found.append((first, last - first, top, bottom))
    everything = (0, terms.extent, 0, rows.extent)
    return None if all([f == everything for f in found]) else np.array(found, np.int64)


def _reach(known: Known | None, along: Way, columns: Way, j: int, wide: int) -> tuple[int, int]:
    """From where to where along an axis anything is of account, for these columns."""
    if known is None or known.first != along or known.second != columns:
        return 0, along.extent
    held = np.flatnonzero(known.pattern[:, j : j + wide].any(axis=1))
    return (int(held[0]), int(held[-1]) + 1) if held.size else (0, 0)


def _crowded(ways: Ways, bytes: int) -> bool:
    """Whether the rows of a strip lie so that they drive one another out of the nearest cache."""
    if len(ways) != 1:
        return False
    (way,) = ways
    step = abs(way.right) * bytes
    # rows that start everywhere in a line come to lie in all of the sets
    return step % LINE == 0 and way.extent > SETS // math.gcd(step // LINE, SETS) * WAYS // 2


def by_dots(c: Contraction) -> Manner | None:
    """By dot products: entries of both factors lie side by side along one of the terms."""
    near = [w for w in c.terms if w.left == w.right == 1]
    if not near:
        return None
    run, rows = near[0], _longest(c.rows)[0]
    rest = tuple([w for w in c.terms if w is not run])
    block = _block(rest, max(1, RUN_BLOCK // run.extent))
    columns, beside = _suffix(c.columns, MOST_COLUMNS)
    around = (*c.turns, *[w for w in c.rows if w is not rows], *beside, *block.outer)
    made = _plan(DOTS, rows, _count(columns), block, around)
    if made is None:
        return None
    plan, times = made
    plan[Plan.RUN] = run.extent
    high, wide = DOT_TILE
    tiles = -(-rows.extent // high) * -(-_count(columns) // wide)
    turn = high * wide / 2 / DOT_SPEED
    tile = 2 * block.blocks * TILE + block.total * -(-run.extent // _lanes(c.dtype)) * turn
    tables = [_places(block.ways, "left"), _places(block.ways, "right")]
    tables += [_places(columns, "right"), _places(columns, "into")]
    return Manner(np.concatenate([plan, *tables]), times * tiles * tile)


def _suffix(ways: Ways, most: int) -> tuple[Ways, Ways]:
    """The inner ways, as many as have so many places at most together; and the others."""
    for first in range(len(ways) + 1):
        if _count(ways[first:]) <= most:
            return ways[first:], ways[:first]
    return (), ways


@final
@dataclass(frozen=True)
class Block:
    """Terms whose places are written out in a plan: `ways`, of which the first may go on for several `blocks`.

    `outer` are those that are left for levels; `last` counts the terms of the last block.
    """

    ways: Ways
    outer: Ways
    blocks: int = 1
    last: int = 1
    left: int = 0
    right: int = 0

    @property
    def total(self) -> int:
        return (self.blocks - 1) * _count(self.ways) + self.last


def _block(terms: Ways, most: int) -> Block:
    """The inner terms, so many of them as may be written out."""
    inner, outer = _suffix(terms, most)
    each = most // _count(inner)
    if not outer or each < 2:
        return Block(inner, outer, last=_count(inner))
    first = outer[-1]
    blocks = -(-first.extent // each)
    last = (first.extent - (blocks - 1) * each) * _count(inner)
    ways = (replace(first, extent=each), *inner)
    return Block(ways, outer[:-1], blocks, last, each * first.left, each * first.right)


def _places(ways: Ways, step: str) -> Numbers:
    """Where the entries of these ways lie, the innermost running fastest."""
    found = np.zeros(1, np.int64)
    for way in ways:
        found = (found[:, None] + np.arange(way.extent, dtype=np.int64) * getattr(way, step)).ravel()
    return found


def _plan(how: int, rows: Way, columns: int, block: Block, around: Sequence[Way]) -> tuple[Numbers, int] | None:
    """A plan with what all manners need, and how often it is gone through; None where it has too many levels."""
    levels = [w for w in around if w.extent > 1]
    if len(levels) > LEVELS:
        return None
    # what is summed over goes on the inside: the result is still near when it is added to
    levels.sort(key=lambda w: w.into == 0)
    plan = np.zeros(Plan.PLACES, np.int64)
    plan[Plan.HOW], plan[Plan.ROWS], plan[Plan.COLUMNS] = how, rows.extent, columns
    plan[Plan.TERMS], plan[Plan.LAST_TERMS], plan[Plan.BLOCKS] = _count(block.ways), block.last, block.blocks
    plan[Plan.LEFT_BLOCK], plan[Plan.RIGHT_BLOCK] = block.left, block.right
    plan[Plan.INTO_ROW], plan[Plan.LEFT_ROW] = rows.into, rows.left
    for n in range(LEVELS):
        way = levels[n] if n < len(levels) else NONE
        at = Plan.LEVEL + 4 * n
        plan[at : at + 4] = (way.extent, *way.steps)
    whole = rows.extent * columns * block.total * _count(levels)
    plan[Plan.SHARED] = how != LIBRARY and bool(levels) and levels[0].into != 0 and whole >= WORTH_THREADS
    return plan, _count(levels)

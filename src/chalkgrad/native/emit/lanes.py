"""Which loops are done several turns at a time, in the lanes of vectors, and how many lanes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import llvmlite.binding as llvm

from chalkgrad.native.emit.homes import Homes, homes
from chalkgrad.native.emit.lane_costs import ONE, Lanes, cost, lane_axis, primitive, turns
from chalkgrad.native.emit.layout import packed, turned
from chalkgrad.native.emit.loops import differs, varying
from chalkgrad.native.emit.records import by_turns, in_records
from chalkgrad.native.emit.text import BYTES, LITERAL
from chalkgrad.native.tree import Buffer, Choose, Combine, Loop, Product, Set, Stmt, Tree, expressions, walk, written
from chalkgrad.native.windows import windows
from chalkgrad.ops.scalars import ARITHMETIC, Axis, Expr, Fn, Read, inside_out

# What it takes to begin and to fold what lanes share, an entry.
_FOLDED = 12.0
# Lanes over an outer loop take a few entries of every row: they are to be that much quicker than those inside.
_CLEARLY = 0.9


@cache
def register() -> int:
    """How many bytes a vector register of this machine has."""
    features = llvm.get_host_cpu_features()
    return 64 if features.get("avx512f") else 32 if features.get("avx2") else 16


def choose(tree: Tree) -> Tree:
    """The tree, in which some of the parallel loops have lanes, and entries lie as lanes take them."""
    inside = homes(tree.body)
    last = dict.fromkeys(_free(tree), -1)
    nests = [s for s in tree.body if isinstance(s, Loop)]
    found: dict[Loop, Lanes] = {}
    # what takes longest decides first in what order values lie that others read too
    for nest in sorted(nests, key=lambda s: -cost(s, ONE)):
        times = dict(_work(nest))
        chosen = sorted(_best(nest, inside, last).lanes, key=lambda one: -times[one[0]])
        if len(chosen) > 1 and last:  # the others find what the longest one touches in that one's order
            _settle(chosen[0][0], last)
            chosen = sorted(_best(nest, inside, last).lanes, key=lambda one: -times[one[0]])
        for loop, lanes in chosen:
            loop.role, loop.lanes = "lane", lanes
            found[loop] = Lanes(loop.axis, lanes, varying(inside, loop), last)
            _settle(loop, last)
    packed(tree, found)
    turned(tree, last)
    return in_records(tree)


def _work(loop: Loop, around: float = 1.0) -> Iterator[tuple[Loop, float]]:
    """About what each loop of a nest takes in all."""
    yield loop, around * cost(loop, ONE)
    for s in loop.body:
        if isinstance(s, Loop):
            yield from _work(s, around * turns(loop, ONE))


def _free(tree: Tree) -> list[Buffer]:
    """The buffers whose axes may be turned."""
    bound = by_turns(tree)
    for s in walk(tree.body):
        if isinstance(s, Product):
            bound.update(written(s))
            bound.update([p.source for p in inside_out(s.value) if isinstance(p, Read)])
    return [b for b in tree.buffers() if b.space == "arena" and len(b.shape) > 1 and b not in bound]


def _settle(loop: Loop, last: dict[Buffer, int]) -> None:
    """In what order the values lie that lanes take."""
    for s in walk(loop.body):
        if isinstance(s, (Loop, Product)):
            continue
        pairs = [(b, s.index) for b in written(s)]
        pairs += [(p.source, p.index) for e in expressions(s) for p in inside_out(e) if isinstance(p, Read)]
        for b, index in pairs:
            if last.get(b) == -1 and (axis := lane_axis(index, loop.axis)) is not None:
                last[b] = axis


@dataclass(frozen=True)
class _Choice:
    """What a loop takes, about, and which loops have how many lanes then."""

    cost: float
    lanes: tuple[tuple[Loop, int], ...] = ()


def _best(loop: Loop, inside: Homes, last: dict[Buffer, int], around: tuple[Axis, ...] = ()) -> _Choice:
    within = (*[a for a in around if a is not loop.part], loop.axis)
    parts = [
        _best(s, inside, last, within) if isinstance(s, Loop) else _Choice(cost(s, ONE, within)) for s in loop.body
    ]
    turn = sum([p.cost for p in parts]) + 1
    inner = _Choice(turn * turns(loop, ONE), tuple([x for p in parts for x in p.lanes]))
    if loop.role != "parallel" or loop.extent < 2 or not _legal(loop, inside) or windows(loop):
        return inner
    count = _count(loop, not [a for a in around if a is not loop.part])
    if count < 2:
        return inner
    n = loop.extent
    lanes = Lanes(loop.axis, min(count, register() // _width(loop)), varying(inside, loop), last)
    vector = (sum([cost(s, lanes, within) for s in loop.body]) + 1 / count) * count
    # that of a loop whose extent is given later must not hang on its last few turns
    whole = vector * n / count if n > LITERAL else vector * (n // count) + turn * (n % count)
    whole += _FOLDED * _shared(loop, inside, lanes)
    least = _CLEARLY * inner.cost if inner.lanes else inner.cost
    return _Choice(whole, ((loop, count),)) if whole < least else inner


def _shared(loop: Loop, inside: Homes, lanes: Lanes) -> int:
    """How many entries lanes share."""
    axes = {s.axis: s.extent for s in walk(loop.body) if isinstance(s, Loop)}
    total = 0
    for s in walk(loop.body):
        if not isinstance(s, (Combine, Choose)) or loop in inside.get(written(s)[0], ()):
            continue
        if not any([differs(e, loop.axis, lanes.wide) for e in s.index]):
            entries = 1
            for axis, extent in axes.items():
                if any([differs(e, axis, set()) for e in s.index]):
                    entries *= extent
            total += entries
    return total


def _legal(loop: Loop, inside: Homes) -> bool:
    """Whether turns may be done side by side: each writes entries of its own, or what is combined."""
    wide = varying(inside, loop)
    for s in walk(loop.body):
        if isinstance(s, Product) or (isinstance(s, Loop) and s.part is loop.axis):
            return False
        own = not isinstance(s, Set) or loop in inside.get(s.into, ())
        if not own and not any([differs(e, loop.axis, wide) for e in expressions(s)[:-1]]):
            return False
    return True


def _width(loop: Loop) -> int:
    """How many bytes the widest numbers have that are worked with."""
    found = [4]
    for s in walk(loop.body):
        for e in expressions(s)[-1:]:
            found.extend([BYTES[p.dtype] for p in inside_out(e) if isinstance(p, Read) and p.dtype != "bool"])
        found.extend([BYTES[b.dtype] for b in written(s) if b.dtype != "bool"])
    return max(found)


def _count(loop: Loop, outermost: bool) -> int:
    """How many lanes a loop may have: some registers' worth, so that what waits for one goes on with another."""
    hardware = register() // _width(loop)
    body = _operations(loop.body)
    short = not any([isinstance(s, Loop) and s.extent > _INNER for s in walk(loop.body)])
    waits = outermost and short and body <= _LONGEST and _waits(loop.body) >= _LONG
    lanes = hardware * (4 if body <= 12 or waits else 2 if body <= 200 else 1)
    while lanes > loop.extent:
        lanes //= 2
    while loop.run is not None and lanes > hardware and loop.run % lanes:  # a run with nothing left over
        lanes //= 2
    return lanes


# For how long what needs a result has to wait for it, in turns of the processor, where that is not about four. Of the
# functions only those that keep little in registers: the others gain nothing by more lanes.
_WAITS = {
    "divide": 13,
    "sqrt": 20,
    "exp": 45,
    "exp2": 45,
    "expm1": 60,
    "log": 60,
    "log10": 75,
    "log1p": 70,
    "log2": 75,
    "sigmoid": 80,
    "tanh": 80,
}
# A processor that looks some 250 operations ahead does not see the next turn of a loop whose results wait for one
# another for so long; and how much there may be to do in such a turn, and how many turns a loop in it may have, where
# more lanes help.
_LONG, _LONGEST, _INNER = 75, 150, 4


def _waits(body: Sequence[Stmt]) -> float:
    """For how long the last of the results of a turn waits, one after the other; 0 where nothing is known of one."""
    after: dict[Buffer, float] = {}
    for s in walk(body):
        if isinstance(s, Loop):
            continue
        found: dict[Expr, float] = {}
        for e in expressions(s):
            for part in inside_out(e):
                if isinstance(part, Read):
                    found[part] = after.get(part.source, 0)
                elif isinstance(part, Fn):
                    known = _WAITS.get(part.name, 4 if part.name in ARITHMETIC or primitive(part) <= 1 else None)
                    if known is None:
                        return 0
                    found[part] = known + max([found.get(x, 0) for x in part.args], default=0)
        for b in written(s):
            after[b] = max(after.get(b, 0), *found.values(), 0)
    return max(after.values(), default=0)


def _operations(body: Sequence[Stmt]) -> float:
    """How much there is to do in one turn, inner loops once."""
    total = 0.0
    for s in walk(body):
        if not isinstance(s, Loop):
            total += 1 + sum([primitive(p) for e in expressions(s)[-1:] for p in inside_out(e)])
    return total


__all__ = ["choose", "register"]

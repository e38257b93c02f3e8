"""About what a statement takes, in lanes over one axis or another: what is read and written counts as much as sums."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from chalkgrad.native.emit.loops import differs
from chalkgrad.native.emit.places import form, known
from chalkgrad.native.tree import Buffer, Loop, Product, Stmt, expressions, written
from chalkgrad.native.windows import windows
from chalkgrad.ops.scalars import ARITHMETIC, TRUTH, Axis, Expr, Fn, Place, Read, inside_out

# About how long a primitive takes, where an addition takes 1.
_COSTS = {"divide": 4.0, "sqrt": 5.0, "remainder": 20.0, "floor_divide": 20.0, "fmod": 20.0, "power": 40.0}
_FUNCTION = 20.0
_SIMPLE = ARITHMETIC | TRUTH | {"where", "place"}
# What it costs a lane to read or write an entry that lies by itself.
APART = 1.5
# An input whose entries are read so often, out of order for the lanes, is put in order before.
OFTEN = 4


@dataclass(frozen=True)
class Lanes:
    """Lanes over an axis, and what differs between them. `last` are the axes of buffers in memory that lie last."""

    axis: Axis | None
    count: int
    wide: set[Buffer] = field(default_factory=set[Buffer])
    last: Mapping[Buffer, int] = field(default_factory=dict[Buffer, int])


ONE = Lanes(None, 1)


def primitive(e: Expr) -> float:
    """What an operation takes."""
    if not isinstance(e, Fn):
        return 0.0
    return _COSTS.get(e.name) or (1.0 if e.name in _SIMPLE else _FUNCTION)


def cost(stmt: Stmt, lanes: Lanes, around: Sequence[Axis] = ()) -> float:
    """What a statement takes a lane."""
    if isinstance(stmt, Loop):
        inner = (*[a for a in around if a is not stmt.part], stmt.axis)
        return turns(stmt, lanes) * (sum([cost(s, lanes, inner) for s in stmt.body]) + 1 / lanes.count)
    if isinstance(stmt, Product):
        return 1000.0
    total = 0.0
    for e in expressions(stmt):
        for part in inside_out(e):
            if isinstance(part, Fn):
                total += primitive(part) / lanes.count
            elif isinstance(part, Read):
                total += _access(part.source, part.index, lanes, around, True)
    for b in written(stmt):
        total += _access(b, stmt.index, lanes, around, False)
    return total


def turns(loop: Loop, lanes: Lanes) -> int:
    """How many turns of a loop are done, about; of a window that is another one in every lane, all."""
    found = windows(loop)
    apart = lanes.axis is not None and any([differs(e, lanes.axis, lanes.wide) for w in found for e in w])
    return 1 if found and not apart else loop.extent


def _access(b: Buffer, index: tuple[Expr, ...], lanes: Lanes, around: Sequence[Axis], read: bool) -> float:
    """What it takes a lane to read or write an entry."""
    one = 1.0 / lanes.count
    if not b.shape and b.space == "local":
        return 0.0
    if lanes.axis is None or b in lanes.wide:
        return one
    step = lane_step(b, index, lanes)
    if step is None:
        return APART
    if step in (0, 1):
        return one
    if read and b.space in ("input", "table", "arena") and reuse(index, around) >= OFTEN:
        return one + APART / OFTEN
    return 2.0 * one if abs(step) <= 4 else APART


def reuse(index: tuple[Expr, ...], around: Sequence[Axis]) -> int:
    """How often the same entry is read, by loops around of which its place knows nothing."""
    met = {p.axis for e in index for p in inside_out(e) if isinstance(p, Place)}
    return math.prod([int(str(a.extent)) for a in around if a not in met])


def lane_step(b: Buffer, index: tuple[Expr, ...], lanes: Lanes) -> float | None:
    """How far apart the entries of two lanes lie; inf for far, None where they are anywhere."""
    assert lanes.axis is not None
    if b.space == "arena" and (axis := lane_axis(index, lanes.axis)) is not None and b in lanes.last:
        if axis == lanes.last[b] or lanes.last[b] < 0:
            return 1
        return math.inf
    place = form(b, index)
    if any([differs(e, lanes.axis, lanes.wide) for e, _ in place.rest]):
        return None
    if lanes.axis not in place.axes:
        return 0
    step = known(place.axes[lanes.axis])
    return math.inf if step is None else step


def lane_axis(index: tuple[Expr, ...], lane: Axis) -> int | None:
    """Along which axis of a buffer lanes lie side by side, if no other has to do with them."""
    found = [k for k, e in enumerate(index) if any([isinstance(p, Place) and p.axis is lane for p in inside_out(e)])]
    if len(found) != 1:
        return None
    e = index[found[0]]
    while isinstance(e, Fn) and e.name in ("add", "subtract"):
        a, b = e.args
        if any([isinstance(p, Place) and p.axis is lane for p in inside_out(b)]):
            if e.name == "subtract" or any([isinstance(p, Place) and p.axis is lane for p in inside_out(a)]):
                return None
            e = b
        else:
            e = a
    return found[0] if isinstance(e, Place) else None


__all__ = ["OFTEN", "ONE", "Lanes", "cost", "lane_axis", "lane_step", "primitive", "reuse", "turns"]

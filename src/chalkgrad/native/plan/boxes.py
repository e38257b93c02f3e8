"""Arrays of which every box of entries comes from elsewhere: parts end to end, or one block put into zeros.

Such an array is one value, chosen by place. What reads it takes the part that lies there, so the adjoint of a slice is
no array of its own; where it is stored after all, each part is a statement that writes its own box.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from chalkgrad.native.plan.affine import line
from chalkgrad.native.plan.edges import inside
from chalkgrad.native.plan.rewrite import Rewrite
from chalkgrad.native.plan.statements import Region, Statement, extent, extents, wide
from chalkgrad.ops.kernel import Axis, Expr, Fn, Lit, Place, Scatter, Write, cast, lift

# Of every axis, from where to where.
Ranges = list[tuple[int, int]]
Box = Mapping[Axis, tuple[int, int]]

# Of more parts than these no value is made, but a statement for each.
_PARTS = 4
# A number around a box of fewer entries is put there with it, which is one loop and not several.
_LEAST = 256


def boxed(kernel: Scatter, axes: Sequence[Axis]) -> tuple[Expr, tuple[Box, ...]] | None:
    """The entry at the places of these axes, and the boxes it is chosen by; None where it is no such array.

    The value is a `where` for each of the boxes in turn; the last of its branches is for all other places.
    """
    sizes = [n for n in kernel.shape if isinstance(n, int)]
    boxes = [_box(w, sizes) for w in kernel.writes]
    known = [b for b in boxes if b is not None]
    if len(sizes) != len(kernel.shape) or len(known) < len(boxes) or not 0 < len(boxes) <= _PARTS:
        return None
    start = kernel.start
    parts = [_entry(w, axes) for w in kernel.writes]
    if start is None:
        if sum([math.prod([b - a for a, b in box]) for box in known]) != math.prod(sizes):
            return None
        value, parts, known = cast(parts[-1], kernel.dtype), parts[:-1], known[:-1]
    elif len(boxes) == 1 and isinstance(start, Lit) and kernel.dtype != "bool":
        value = Lit(type(start.value)(start.value), kernel.dtype, weak=False)
        parts = [value + p if w.add else p for p, w in zip(parts, kernel.writes, strict=True)]
    else:
        return None
    for part, box in zip(reversed(parts), reversed(known), strict=True):
        where = inside(axes, box, sizes)
        value = (
            cast(part, kernel.dtype)
            if where is None
            else Fn("where", (where, cast(part, kernel.dtype), value), kernel.dtype)
        )
    if not isinstance(value, Fn) or value.name != "where":
        return value, ()
    return value, tuple([dict(zip(axes, box, strict=True)) for box in known])


def opened(s: Statement) -> list[Statement]:
    """A statement for each of the boxes, and for what is left around them, where they are large."""
    rest = s.value
    for _ in s.boxes:
        assert isinstance(rest, Fn)
        rest = rest.args[2]
    if not s.boxes or (isinstance(rest, Lit) and math.prod(extents(s.axes)) < _LEAST):
        return [replace(s, boxes=())]
    found: list[Statement] = []
    value = s.value
    left: list[Box] = [{a: (0, extent(a)) for box in s.boxes for a in box}]
    for box in s.boxes:
        assert isinstance(value, Fn)
        found.append(_in_box(s, box, value.args[1]))
        value = value.args[2]
        left = [rest for whole in left for rest in _without(whole, box)]
    return [*found, *[_in_box(s, box, value) for box in left]]


def _box(write: Write, sizes: list[int]) -> Ranges | None:
    """The places that are written along each axis, where each counter goes along one of them, one by one."""
    left = {a for a in write.axes if a.extent != 1}
    found: Ranges = []
    for target, n in zip(write.target, sizes, strict=True):
        known = line(target)
        if known is None:
            return None
        steps = {a: by for a, by in known.steps.items() if a.extent != 1}
        if len(steps) > 1 or any(a not in left or abs(by) != 1 for a, by in steps.items()):
            return None
        left -= steps.keys()
        low, high = known.range()
        if low < 0 or high >= n:
            return None
        found.append((low, high + 1))
    return None if left else found


def _entry(write: Write, axes: Sequence[Axis]) -> Expr:
    """What is written at a place."""
    places: dict[Axis, Expr] = {a: lift(0) for a in write.axes if a.extent == 1}
    for target, axis in zip(write.target, axes, strict=True):
        known = line(target)
        assert known is not None
        for own, by in known.steps.items():
            if own.extent != 1:
                places[own] = lift(axis) - known.start if by > 0 else lift(known.start) - axis
    return Rewrite(places)(write.body)


def _in_box(s: Statement, box: Box, value: Expr) -> Statement:
    """The statement for the places of a box alone, with this value."""
    places: dict[Axis, Expr] = {}
    axes: list[Axis] = []
    for axis in s.axes:
        low, high = box.get(axis, (0, extent(axis)))
        own = Axis(high - low)
        axes.append(own)
        places[axis] = lift(0) if own.extent == 1 else Place(own)
        places[axis] = places[axis] + low if low else places[axis]
    change = Rewrite(places)
    index = tuple([change(i) for i in s.index])
    return replace(s, index=index, axes=wide(axes), value=change(value), region=Region(), boxes=())


def _without(whole: Box, box: Box) -> list[Box]:
    """What is left of a box without another one: slabs."""
    found: list[Box] = []
    ranges = dict(whole)
    for axis, (low, high) in box.items():
        start, stop = ranges[axis]
        low, high = max(low, start), min(high, stop)
        if low >= high:
            return [whole]
        found += [{**ranges, axis: slab} for slab in ((start, low), (high, stop)) if slab[0] < slab[1]]
        ranges[axis] = low, high
    return found


__all__ = ["Box", "boxed", "opened"]

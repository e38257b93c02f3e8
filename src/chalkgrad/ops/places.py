"""Which entries an index reads: a formula or a table of places an axis, and the shape of what is read.

What slices address is a formula. Only the places that arrays address are worked out, so an index of few numbers into a
large array is little work. In which order the axes of the result stand, NumPy itself is asked, in an array in which
what slices address is short.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from chalkgrad.errors import ShapeError
from chalkgrad.ir.dims import Shape, dims_text
from chalkgrad.ops.kernel import Axis, Expr, Place, Source, Table, fn, lift

Numbers = np.ndarray[Any, Any]


def coordinates(shape: Shape, key: Any, at: Sequence[Axis]) -> tuple[Expr, ...]:
    """Which entry of an array of `shape` a constant index reads, a place an axis."""
    found = _places(_fixed(shape, "an index into"), _tuple(key), at)
    return tuple([looked_up(e, at) if isinstance(e, np.ndarray) else e for e in found])


def computed(shape: Shape, index: Sequence[Any], places: Sequence[Source], at: Sequence[Axis]) -> tuple[Expr, ...]:
    """The same where `index` has "#0", "#1", … for arrays of places that are computed."""
    sizes = list(_fixed(shape, "an index into"))
    of_axis = _axes_of_places(index, len(sizes))
    full: list[Any] = list(index)
    for axis, k in of_axis.items():
        # an axis as long as there are places, each read once: what is read tells which place stood there
        sizes[axis] = math.prod(_fixed(places[k].shape, "places in"))
    for position, part in enumerate(full):
        if isinstance(part, str):
            own: Any = places[int(part[1:])].shape
            full[position] = np.arange(math.prod(own)).reshape(own)
        elif isinstance(part, list):
            full[position] = np.asarray(part)
    result: list[Expr] = []
    for axis, found in enumerate(_places(sizes, tuple(full), at)):
        if axis in of_axis:
            source = places[of_axis[axis]]
            among = _unravelled(np.asarray(found), _fixed(source.shape, "places in"))
            result.append(fn("place", source[tuple([looked_up(v, at) for v in among])], shape[axis]))
        else:
            result.append(looked_up(found, at) if isinstance(found, np.ndarray) else found)
    return tuple(result)


def indexed_shape(sizes: Sequence[int], key: Any) -> tuple[int, ...]:
    """The shape of what an index reads. Raises IndexError as NumPy does."""
    key = _tuple(key)
    if not any([_is_array(i) for i in key]):
        return np.broadcast_to(np.False_, sizes)[key].shape
    given = _by_axis(sizes, key)
    shape = _in_short(sizes, key, given).shape
    found = list(shape)
    for axis, part in enumerate(given):
        if isinstance(part, slice):
            found[_result_axis(sizes, key, given, axis, shape)] = len(range(*part.indices(sizes[axis])))
    return tuple(found)


def looked_up(values: Numbers, at: Sequence[Axis]) -> Expr:
    """The whole numbers at the places of these axes, as a formula where there is one, else as a table.

    Along an axis on which they do not hang there may be one alone.
    """
    found = _straight(values, at)
    if found is not None:
        return found
    index: list[Axis] = []
    for k in range(values.ndim - 1, -1, -1):
        first = values[(*[slice(None)] * k, slice(0, 1))]
        if np.array_equal(np.broadcast_to(first, values.shape), values):
            values = first.reshape(first.shape[:k] + first.shape[k + 1 :])
        else:
            index.insert(0, at[k])
    return Table(np.ascontiguousarray(values, dtype=np.int64))[tuple(index)]


def _straight(values: Numbers, at: Sequence[Axis]) -> Expr | None:
    """The whole numbers as a start and a step an axis, where they are."""
    if values.size == 0:
        return lift(0)
    first = int(values[(0,) * values.ndim])
    steps = [
        int(values[tuple([int(i == k) for i in range(values.ndim)])]) - first if n > 1 else 0
        for k, n in enumerate(values.shape)
    ]
    grid = np.full(values.shape, first)
    expr = lift(first)
    for k, step in enumerate(steps):
        grid = grid + _line(values.shape[k], k, values.ndim) * step
        expr = _stepped(expr, at[k], step)
    return expr if np.array_equal(grid, values) else None


def _stepped(start: Expr, axis: Axis, step: int) -> Expr:
    """What is subtracted is written behind, as 3 - i, and nothing is added to 0."""
    if step == 0:
        return start
    term = Place(axis) * abs(step)
    return start + term if step > 0 else start - term


def _line(n: int, axis: int, rank: int) -> Numbers:
    """The whole numbers from 0 up, along an axis."""
    return np.arange(n).reshape([-1 if i == axis else 1 for i in range(rank)])


def _fixed(shape: Shape, what: str) -> tuple[int, ...]:
    sizes = tuple([n for n in shape if isinstance(n, int)])
    if len(sizes) < len(shape):
        raise ShapeError(f"{what} an array of shape {dims_text(shape)} is lowered only where its sizes are numbers")
    return sizes


def _places(sizes: Sequence[int], key: tuple[Any, ...], at: Sequence[Axis]) -> list[Expr | Numbers]:
    """A place an axis: a formula, or the places that arrays address, which have an axis for each of `at`."""
    given = _by_axis(sizes, key)
    among = any([_is_array(i) for i in key])
    shape = _in_short(sizes, key, given).shape if among else ()
    in_order = iter([k for k, i in enumerate(_spread(len(sizes), key, results=True)) if isinstance(i, slice)])
    empty = any([a.extent == 0 for a in at])
    found: list[Expr | Numbers] = []
    for axis, (n, part) in enumerate(zip(sizes, given, strict=True)):
        if isinstance(part, slice):
            start, _, step = part.indices(n)
            along = at[_result_axis(sizes, key, given, axis, shape) if among else next(in_order)]
            found.append(_stepped(lift(0 if empty else start), along, 0 if empty or along.extent == 1 else step))
        elif part is not None:
            found.append(lift(0 if empty else part % max(n, 1)))
        else:
            found.append(_in_short(sizes, key, given, axis))
    return found


def _in_short(sizes: Sequence[int], key: tuple[Any, ...], given: Sequence[Any], of: int = -1) -> Numbers:
    """What the index reads of an array of places along the axis `of`, where what slices address has length 1."""
    short = [1 if isinstance(g, slice) else n for n, g in zip(sizes, given, strict=True)]
    numbers = _line(sizes[of], of, len(sizes)) if of >= 0 else np.False_
    return np.asarray(np.broadcast_to(numbers, short)[_whole(key)])


def _result_axis(sizes: Sequence[int], key: tuple[Any, ...], given: Sequence[Any], axis: int, shape: Shape) -> int:
    """Along which axis of the result the slice of an axis runs: it is the one that grows with it."""
    short = [1 if isinstance(g, slice) else n for n, g in zip(sizes, given, strict=True)]
    short[axis] = 2
    longer = np.broadcast_to(np.False_, short)[_whole(key)].shape
    return next(k for k, (a, b) in enumerate(zip(shape, longer, strict=True)) if a != b)


def _whole(key: tuple[Any, ...]) -> tuple[Any, ...]:
    """The key with every slice taking all."""
    return tuple([slice(None) if isinstance(i, slice) else i for i in key])


def _tuple(key: Any) -> tuple[Any, ...]:
    return key if isinstance(key, tuple) else (key,)


def _is_array(part: Any) -> bool:
    """Whether this part of an index is neither a number, nor a slice, nor a new axis."""
    whole = isinstance(part, (int, np.integer)) and not isinstance(part, (bool, np.bool_))
    return not (whole or part is None or part is Ellipsis or isinstance(part, slice))


def _width(part: Any) -> int:
    """How many axes a part of an index addresses."""
    if part is None or part is Ellipsis:
        return 0
    array = np.asarray(part) if isinstance(part, (list, np.ndarray, bool, np.bool_)) else None
    return array.ndim if array is not None and array.dtype == bool else 1


def _spread(rank: int, key: tuple[Any, ...], results: bool = False) -> list[Any]:
    """The parts with the slices written out that are left out; those that give an axis of the result, if so wanted."""
    left = rank - sum([_width(i) for i in key])
    parts: list[Any] = []
    for i in key if any([i is Ellipsis for i in key]) else (*key, Ellipsis):
        parts += [slice(None)] * left if i is Ellipsis else [i]
    return [i for i in parts if i is None or isinstance(i, slice)] if results else parts


def _by_axis(sizes: Sequence[int], key: tuple[Any, ...]) -> list[slice | int | None]:
    """By what each axis is addressed: a slice, a number, or arrays, which is None."""
    found: list[slice | int | None] = []
    for part in _spread(len(sizes), key):
        if isinstance(part, slice):
            found.append(part)
        elif part is not None:
            found += [None] * _width(part) if _is_array(part) else [int(part)]
    if len(found) > len(sizes):
        np.broadcast_to(np.False_, sizes)[key]  # which raises
    return found


def _unravelled(flat: Numbers, sizes: Sequence[int]) -> list[Numbers]:
    """The place along each axis. NumPy's `unravel_index` is wrong from the 8193rd of some strided arrays on."""
    found: list[Numbers] = []
    for n in reversed(sizes):
        found.insert(0, np.asarray(flat % n))
        flat = np.asarray(flat // n)
    return found


def _axes_of_places(index: Sequence[Any], rank: int) -> dict[int, int]:
    """Which axis each of the computed places runs along."""
    found: dict[int, int] = {}
    axis = 0
    for part in _spread(rank, tuple(index)):
        if isinstance(part, str):
            found[axis] = int(part[1:])
        axis += _width(part)
    return found


__all__ = ["computed", "coordinates", "indexed_shape", "looked_up"]

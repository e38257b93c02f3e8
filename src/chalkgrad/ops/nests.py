"""Kernels that several ops share: reductions, moved entries, entries at places, rows along an axis."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from chalkgrad.errors import ShapeError
from chalkgrad.ir.dims import Dim, Shape, count, dims_text
from chalkgrad.ops.kernel import (
    Axis,
    Expr,
    Kernel,
    Lit,
    Lowering,
    Nest,
    Place,
    Read,
    Reducer,
    Routine,
    Running,
    Scatter,
    Source,
    Table,
    Types,
    View,
    Write,
    axes,
    cast,
    fn,
    inputs,
    lift,
    nest,
)

Over = int | tuple[int, ...] | None


def over_axes(rank: int, axis: Over) -> tuple[int, ...]:
    """The axes meant, counted from the front."""
    given = tuple(range(rank)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return tuple([a % rank for a in given])


def ravelled(index: Sequence[Any], shape: Shape) -> Expr:
    """The place in the flat array."""
    flat = lift(0)
    for place, n in zip(index, shape, strict=True):
        known = isinstance(place, (Axis, Place, Lit))
        flat = flat if n == 1 and known else flat * n + lift(place)
    return flat


def along(
    x: Source, axis: Over, dtype: str, combine: Reducer, of: Callable[[Read], Any] = lambda e: e, keepdims: bool = False
) -> Nest:
    """`of` each entry of x, combined along the axes."""
    gone = over_axes(len(x.shape), axis)
    every = axes(*x.shape)
    left = [Axis(1) if i in gone else a for i, a in enumerate(every) if keepdims or i not in gone]
    return nest(tuple(left), of(x[every]), dtype, combine, tuple([every[i] for i in gone]))


def kept(value: Nest, at: Sequence[Axis], axis: Over) -> Read:
    """An entry of what was reduced with its axes left out, for a place of the whole."""
    gone = over_axes(len(at), axis)
    return value[tuple([a for i, a in enumerate(at) if i not in gone])]


def averaged(x: Source, axis: Over, dtype: str, keepdims: bool = False) -> Nest:
    """The mean along the axes."""
    total = along(x, axis, dtype, "sum", keepdims=keepdims)
    n = count(tuple([x.shape[i] for i in over_axes(len(x.shape), axis)]))
    at = axes(*total.shape)
    return nest(at, total[at] / n, dtype)


def reducing(combine: Reducer, of: Callable[[Read], Any] = lambda e: e) -> Lowering:
    """The lowering of a reduction with NumPy's `axis` and `keepdims`."""

    def lower(types: Types, outs: Types, params: Any) -> Nest:
        (x,) = inputs(types)
        return along(x, params["axis"], outs[0].dtype, combine, of, params["keepdims"])

    return lower


def last_axes(x: Source, rank: int, gone: Sequence[int]) -> Nest:
    """x with the axes in `gone` put last."""
    order = [*[i for i in range(rank) if i not in gone], *gone]
    at = axes(*[x.shape[i] for i in order])
    index: list[Any] = [None] * rank
    for place, i in zip(at, order, strict=True):
        index[i] = place
    return nest(at, x[tuple(index)], x.dtype)


def rows_of(x: Source, axis: Over) -> Source:
    """Every group of entries along the axes as a row of a matrix."""
    gone = over_axes(len(x.shape), axis)
    rest = tuple([n for i, n in enumerate(x.shape) if i not in gone])
    shape = (count(rest), count(tuple([x.shape[i] for i in gone])))
    order = (*[i for i in range(len(x.shape)) if i not in gone], *gone)
    turned = x if order == tuple(range(len(x.shape))) else last_axes(x, len(x.shape), gone)
    return View(turned, shape)


def by_rows(name: Any) -> Lowering:
    """The lowering of a routine of each row along `axis`."""

    def lower(types: Types, outs: Types, params: Any) -> Kernel:
        (x,) = inputs(types)
        rank = len(x.shape)
        (gone,) = over_axes(rank, params["axis"])
        if gone == rank - 1:
            return Routine(name, (x,), x.shape, outs[0].dtype)
        turned = last_axes(x, rank, (gone,))
        made = Routine(name, (turned,), turned.shape, outs[0].dtype)
        at = axes(*x.shape)
        return nest(at, made[(*[a for i, a in enumerate(at) if i != gone], at[gone])], outs[0].dtype)

    return lower


def running(combine: Any) -> Lowering:
    """The lowering of a running sum or product along `axis`."""

    def lower(types: Types, outs: Types, params: Any) -> Running:
        (x,) = inputs(types)
        at = axes(*x.shape)
        (along_,) = over_axes(len(at), params["axis"])
        return Running(at, at[along_], combine, cast(x[at], outs[0].dtype), outs[0].dtype)

    return lower


# Entries at places.


def _fixed(shape: Shape, what: str) -> tuple[int, ...]:
    sizes = tuple([n for n in shape if isinstance(n, int)])
    if len(sizes) < len(shape):
        raise ShapeError(f"{what} an array of shape {dims_text(shape)} is lowered only where its sizes are numbers")
    return sizes


def _straight(values: np.ndarray[Any, Any], at: Sequence[Axis]) -> Expr | None:
    """The whole numbers as a start and a step an axis, where they are."""
    if values.size == 0:
        return lift(0)
    first = int(values[(0,) * values.ndim])
    steps = [
        int(np.take(values, 1, axis=k)[(0,) * (values.ndim - 1)]) - first if n > 1 else 0
        for k, n in enumerate(values.shape)
    ]
    grid = np.full(values.shape, first)
    expr = lift(first)
    for k, step in enumerate(steps):
        line = (np.arange(values.shape[k]) * step).reshape([-1 if i == k else 1 for i in range(values.ndim)])
        grid = grid + line
        if step:
            term = Place(at[k]) * abs(step)
            # what is subtracted is written behind, as 3 - i, and nothing is added to 0
            expr = expr + term if step > 0 else expr - term
    return expr if np.array_equal(grid, values) else None


def looked_up(values: np.ndarray[Any, Any], at: Sequence[Axis]) -> Expr:
    """The whole numbers at the places of these axes, as a formula where there is one, else as a table."""
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


def coordinates(shape: Shape, key: Any, at: Sequence[Axis]) -> tuple[Expr, ...]:
    """Which entry of an array of `shape` a constant index reads, a place an axis."""
    sizes = _fixed(shape, "an index into")
    plain = _sliced(sizes, key if isinstance(key, tuple) else (key,), at)
    if plain is not None:
        return plain
    flat = np.arange(math.prod(sizes)).reshape(sizes)[key]
    if not sizes:
        return ()
    return tuple([looked_up(values, at) for values in _unravelled(flat, sizes)])


def _sliced(sizes: Sequence[int], key: Sequence[Any], at: Sequence[Axis]) -> tuple[Expr, ...] | None:
    """The same for whole numbers, slices and new axes alone, with no array of the places; None for other keys."""
    if not all([i is None or i is Ellipsis or isinstance(i, slice) or _whole(i) for i in key]):
        return None
    left = len(sizes) - sum([i is not None and i is not Ellipsis for i in key])
    parts: list[Any] = []
    for i in key if any([i is Ellipsis for i in key]) else (*key, Ellipsis):
        parts += [slice(None)] * left if i is Ellipsis else [i]
    empty = any([a.extent == 0 for a in at])
    found: list[Expr] = []
    axis = 0
    for part in parts:
        if part is None:
            axis += 1
            continue
        n = sizes[len(found)]
        if isinstance(part, slice):
            start, _, step = part.indices(n)
            step = 0 if at[axis].extent == 1 else step
        else:
            start, step = int(part) % max(n, 1), 0
        expr = lift(0 if empty else start)
        if step and not empty:
            term = Place(at[axis]) * abs(step)
            expr = expr + term if step > 0 else expr - term
        found.append(expr)
        axis += isinstance(part, slice)
    return tuple(found)


def _whole(part: Any) -> bool:
    return isinstance(part, (int, np.integer)) and not isinstance(part, (bool, np.bool_))


def _unravelled(flat: np.ndarray[Any, Any], sizes: Sequence[int]) -> list[np.ndarray[Any, Any]]:
    """The place along each axis. NumPy's `unravel_index` is wrong from the 8193rd of some strided arrays on."""
    found: list[np.ndarray[Any, Any]] = []
    for n in reversed(sizes):
        found.insert(0, np.asarray(flat % n))
        flat = np.asarray(flat // n)
    return found


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
    # the array itself is never made: only its places along each axis
    found = [
        np.broadcast_to(np.arange(n).reshape([-1 if i == a else 1 for i in range(len(sizes))]), sizes)[tuple(full)]
        for a, n in enumerate(sizes)
    ]
    result: list[Expr] = []
    for axis, values in enumerate(found):
        which = looked_up(np.asarray(values), at)
        if axis in of_axis:
            source = places[of_axis[axis]]
            which = fn("place", source[_unravelled_place(values, source.shape, at)], shape[axis])
        result.append(which)
    return tuple(result)


def _unravelled_place(values: np.ndarray[Any, Any], shape: Shape, at: Sequence[Axis]) -> tuple[Expr, ...]:
    sizes: Any = shape
    return tuple([looked_up(v, at) for v in _unravelled(values, sizes)])


def _axes_of_places(index: Sequence[Any], rank: int) -> dict[int, int]:
    """Which axis each of the computed places runs along."""

    def width(part: Any) -> int:
        if part is None or part is Ellipsis:
            return 0
        array = np.asarray(part) if isinstance(part, (list, np.ndarray, bool)) else None
        return array.ndim if array is not None and array.dtype == bool else 1

    used = sum([width(p) for p in index])
    found: dict[int, int] = {}
    axis = 0
    for part in index:
        if isinstance(part, str):
            found[axis] = int(part[1:])
        axis += rank - used if part is Ellipsis else width(part)
    return found


def zero(dtype: str) -> Lit:
    """0 of this dtype, in which an array starts that entries are put into."""
    return Lit(False, dtype) if dtype == "bool" else Lit(0, dtype) if dtype == "int64" else Lit(0.0, dtype)


def put_into(shape: Shape, dtype: str, at: Sequence[Axis], target: Sequence[Any], body: Expr) -> Scatter:
    """An array of zeros with entries added at places."""
    write = Write(tuple(at), tuple([lift(t) for t in target]), cast(body, dtype), add=True)
    return Scatter(shape, dtype, zero(dtype), (write,))


def end_to_end(parts: Sequence[Source], axis: int, shape: Shape, dtype: str) -> Scatter:
    """Arrays one after another along an axis."""
    start: Dim = 0
    writes: list[Write] = []
    for x in parts:
        at = axes(*x.shape)
        target = tuple([lift(a) + start if k == axis else lift(a) for k, a in enumerate(at)])
        writes.append(Write(at, target, cast(x[at], dtype)))
        start = start + x.shape[axis]
    return Scatter(shape, dtype, None, tuple(writes))


def counted(ordered: Source, x: Source, side: str) -> Nest:
    """How many of the ordered entries stand before each x, as NumPy orders them: NaN last."""
    at, (k,) = axes(*x.shape), axes(*ordered.shape)

    def before(a: Expr, b: Expr) -> Expr:
        return (a < b) | (fn("isnan", b) & ~fn("isnan", a))

    known, entry = ordered[k], x[at]
    return nest(at, before(known, entry) if side == "left" else ~before(entry, known), "int64", "sum", (k,))


def contracted(xs: Sequence[Source], operands: Sequence[str], result: str, dtype: str) -> Nest:
    """The sum of products over the letters that the result has not; a size 1 is stretched."""
    extents: dict[str, Dim] = {}
    for letters, x in zip(operands, xs, strict=True):
        for c, n in zip(letters, x.shape, strict=True):
            if extents.get(c, 1) == 1:
                extents[c] = n
    axis = {c: Axis(n) for c, n in extents.items()}
    product: Expr | None = None
    for letters, x in zip(operands, xs, strict=True):
        index = [0 if n == 1 != extents[c] else axis[c] for c, n in zip(letters, x.shape, strict=True)]
        entry = cast(x[tuple(index)], dtype)
        product = entry if product is None else product * entry
    gone = tuple([axis[c] for c in extents if c not in result])
    return nest(tuple([axis[c] for c in result]), product, dtype, "sum" if gone else None, gone)


def both(*conditions: Expr) -> Expr:
    """Whether all hold."""
    whole = conditions[0]
    for other in conditions[1:]:
        whole = whole & other
    return whole


__all__ = [
    "along",
    "averaged",
    "both",
    "by_rows",
    "computed",
    "contracted",
    "coordinates",
    "counted",
    "end_to_end",
    "kept",
    "last_axes",
    "looked_up",
    "over_axes",
    "put_into",
    "ravelled",
    "reducing",
    "rows_of",
    "running",
    "zero",
]

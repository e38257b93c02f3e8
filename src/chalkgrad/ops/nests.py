"""Kernels that several ops share: reductions, moved entries, entries at places, rows along an axis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from chalkgrad.ir.dims import Dim, Shape, count
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
    Types,
    View,
    Write,
    axes,
    cast,
    fn,
    inputs,
    lift,
    nest,
    where,
)

Over = int | tuple[int, ...] | None
# Up to so many ordered entries, looking at all of them is quicker than halving.
_COUNTED = 32


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

    def stands(known: Expr) -> Expr:
        return before(known, x[at]) if side == "left" else ~before(x[at], known)

    left = k.extent
    if not isinstance(left, int) or left <= _COUNTED:
        return nest(at, stands(ordered[k]), "int64", "sum", (k,))
    found = lift(0)
    while left > 1:  # of the entries that are left, the first half goes where its last one stands before x
        half = left // 2
        # a kernel each, so that no text has it more than once
        found = nest(at, found + where(stands(ordered[found + (half - 1)]), half, 0), "int64")[at]
        left -= half
    return nest(at, found + where(stands(ordered[found]), 1, 0), "int64")


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
    "contracted",
    "counted",
    "end_to_end",
    "kept",
    "last_axes",
    "over_axes",
    "put_into",
    "ravelled",
    "reducing",
    "rows_of",
    "running",
    "zero",
]

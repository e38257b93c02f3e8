"""Sums, means, maxima over axes, and what is made of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chalkgrad.errors import ProgramError, ShapeError
from chalkgrad.ir.build import Value
from chalkgrad.ir.dims import Shape, count, dims_text
from chalkgrad.ir.types import ArrayType
from chalkgrad.ops import batching
from chalkgrad.ops.choice import equal, flag
from chalkgrad.ops.exponential import exp, log
from chalkgrad.ops.kernel import Kernel, View, axes, entrywise, fn, inputs, nest, where
from chalkgrad.ops.kernel import equal as equal_places
from chalkgrad.ops.local import Local, Spread, Through
from chalkgrad.ops.nests import along, averaged, over_axes, ravelled, reducing
from chalkgrad.ops.nests import kept as kept_entry
from chalkgrad.ops.notation import Function
from chalkgrad.ops.op import Kink, structured
from chalkgrad.ops.shape import broadcast_to, reshape

Types = tuple[ArrayType, ...]
Axis = int | tuple[int, ...] | None
REDUCE = {"axis": None, "keepdims": False}


def axes_of(shape: Shape, axis: Axis) -> tuple[int, ...]:
    """The axes meant, counted from the front.

    Raises ShapeError where there is no such axis.
    """
    given = tuple(range(len(shape))) if axis is None else (axis if isinstance(axis, tuple) else (axis,))
    for a in given:
        if not -len(shape) <= a < len(shape):
            raise ShapeError(f"no axis {a} in shape {dims_text(shape)}")
    axes = tuple(a % len(shape) for a in given)
    if len(set(axes)) < len(axes):
        raise ShapeError(f"an axis stands twice in {given}")
    return axes


def kept_shape(shape: Shape, axis: Axis) -> Shape:
    axes = axes_of(shape, axis)
    return tuple(1 if i in axes else n for i, n in enumerate(shape))


def reduced(types: Types, params: Mapping[str, Any]) -> Types:
    shape, axis = types[0].shape, params.get("axis")
    axes = axes_of(shape, axis)
    if params.get("keepdims", False):
        return (ArrayType(kept_shape(shape, axis), types[0].dtype),)
    return (ArrayType(tuple(n for i, n in enumerate(shape) if i not in axes), types[0].dtype),)


def summed(types: Types, params: Mapping[str, Any]) -> Types:
    (out,) = reduced(types, params)
    return (ArrayType(out.shape, "int64") if out.dtype == "bool" else out,)


def _extreme_types(types: Types, params: Mapping[str, Any]) -> Types:
    if _over_axes(types[0].shape, params.get("axis")) == 0:
        raise ShapeError(f"no entry of shape {dims_text(types[0].shape)} is the greatest or least: there is none")
    return reduced(types, params)


def kept(value: Value, x: Value, axis: Axis) -> Value:
    """A reduced value with its axes back as 1, so that it broadcasts against x."""
    shape = kept_shape(x.shape, axis)
    return value if value.shape == shape else reshape(value, shape=shape)


def _over_axes(shape: Shape, axis: Axis) -> Any:
    """How many entries are reduced to one."""
    return count(tuple(shape[a] for a in axes_of(shape, axis)))


def _samples(rng: np.random.Generator) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
    x = rng.permutation(12).reshape(3, 4) / 3 - 1.7
    return [
        ((x,), {}),
        ((x,), {"axis": 0}),
        ((x,), {"axis": (0, 1), "keepdims": True}),
        ((x,), {"axis": -1, "keepdims": True}),
        ((x[:, 0],), {}),
        ((x.reshape(2, 2, 3),), {"axis": (0, -1)}),
        ((x.reshape(2, 2, 3),), {"axis": ()}),
    ]


def _sum(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return np.sum(x, axis=axis, keepdims=keepdims)


def _sum_vjp(want: Any, y: Value, x: Value, axis: Axis = None, keepdims: bool = False) -> Sequence[Local]:
    one = y.builder.value(1)
    return [Spread(one, lambda u: broadcast_to(kept(u, x, axis), shape=x.shape), "1, spread")]


sum = structured(
    "sum",
    _sum,
    scalar=_sum,
    types=summed,
    params=REDUCE,
    linear_in=(0,),
    vjp=_sum_vjp,
    notation=Function("sum", r"\sum ", paper="over"),
    numpy=(np.sum,),
    samples=_samples,
    note="a sum spreads: every entry gets the upstream gradient",
    batch=batching.along_axis,
    kernel=reducing("sum"),
)


def _mean(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    if np.size(x) == 0 and _over_axes(np.shape(x), axis) == 0:  # where np.mean warns
        return _sum(x, axis, keepdims) * math.nan
    return np.mean(x, axis=axis, keepdims=keepdims)


def _mean_types(types: Types, params: Mapping[str, Any]) -> Types:
    return _floating(reduced(types, params))


def _floating(types: Types) -> Types:
    return tuple(t if t.floating else ArrayType(t.shape) for t in types)


def _numbers(name: str, types: Types) -> Types:
    if types[0].dtype == "bool":
        raise ProgramError(f"{name} needs numbers, not truth values: indicator(…) turns them into 0 and 1")
    return _floating(types)


def _mean_vjp(want: Any, y: Value, x: Value, axis: Axis = None, keepdims: bool = False) -> Sequence[Local]:
    n = _over_axes(x.shape, axis)
    if isinstance(n, int):
        scale = y.builder.value(1 / n if n else math.nan)
        return [Spread(scale, lambda u: broadcast_to(kept(u, x, axis), shape=x.shape), f"1/{n}, spread")]
    return [Through(lambda u: broadcast_to(kept(mean_of(u, size=n), x, axis), shape=x.shape), f"1/({n}), spread")]


def _mean_of(x: Any, size: Any = 1) -> Any:
    return x / size


def _mean_kernel(types: Types, outs: Types, params: Mapping[str, Any]) -> Kernel:
    (x,) = inputs(types)
    return averaged(x, params["axis"], outs[0].dtype, params["keepdims"])


mean_of = structured(
    "mean_of",
    _mean_of,
    types=lambda types, params: _floating(types),
    params={"size": 1},
    linear_in=(0,),
    vjp=lambda want, y, x, size: [Through(lambda u: mean_of(u, size=size), f"u/{size}")],
    samples=lambda rng: [((rng.normal(size=3),), {"size": 4})],
    note="division by a size that has only a name yet",
    batch=batching.stacked,
    kernel=entrywise(lambda x, size: x / size),
)

mean = structured(
    "mean",
    _mean,
    scalar=_mean,
    types=_mean_types,
    params=REDUCE,
    linear_in=(0,),
    vjp=_mean_vjp,
    notation=Function("mean", r"\operatorname{mean}"),
    numpy=(np.mean,),
    samples=_samples,
    note="a mean spreads evenly: every entry gets its share of the upstream gradient",
    batch=batching.along_axis,
    kernel=_mean_kernel,
)

_SHARE = "declared convention: a tie is shared"


def _first_true(x: Any, axis: Axis = None) -> Any:
    x = np.asarray(x)
    if x.size == 0:
        return x
    axes = tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    last = tuple(range(x.ndim - len(axes), x.ndim))
    moved = np.moveaxis(x, axes, last)
    flat = moved.reshape(*moved.shape[: x.ndim - len(axes)], -1)
    first = flat & (np.cumsum(flat, axis=-1) == 1)
    return np.moveaxis(first.reshape(moved.shape), last, axes)


def _truth_types(types: Types, params: Mapping[str, Any]) -> Types:
    axes_of(types[0].shape, params.get("axis"))
    if types[0].dtype != "bool":
        raise ProgramError(f"first_true looks for a True among truth values, not among {types[0].dtype}")
    return types


def _first_kernel(types: Types, outs: Types, params: Mapping[str, Any]) -> Kernel:
    (x,), at = inputs(types), axes(*types[0].shape)
    first = along(x, params["axis"], "int64", "argmax")
    gone = over_axes(len(at), params["axis"])
    here = ravelled([at[i] for i in gone], tuple([x.shape[i] for i in gone]))
    return nest(at, x[at] & equal_places(here, kept_entry(first, at, params["axis"])), "bool")


first_true = structured(
    "first_true",
    _first_true,
    types=_truth_types,
    params={"axis": None},
    vjp=None,
    samples=lambda rng: [((rng.random((2, 3)) < 0.5,), {}), ((rng.random((2, 3)) < 0.5,), {"axis": (0,)})],
    note="True at the first True along the axes, and nowhere else",
    batch=batching.along_axis,
    kernel=_first_kernel,
)


def _winners(y: Value, x: Value, axis: Axis, tie: str = "share") -> Value:
    """1 at the extreme entry; a tie is shared, or goes to the first."""
    won = equal(x, kept(y, x, axis))
    if tie == "first":
        return flag(first_true(won, axis=axes_of(x.shape, axis)), x)
    at = flag(won, x)
    return at / sum(at, axis=axes_of(x.shape, axis), keepdims=True)


def _tied(x: Any, axis: Axis, extreme: Any) -> Any:
    x = np.asarray(x)
    if x.size == 0:
        return False
    return np.any((x == extreme(x, axis=axis, keepdims=True)).sum(axis=axis, keepdims=True) > 1)


def _extreme(name: Any, reduce: Any) -> Any:
    def evaluate(x: Any, axis: Axis = None, keepdims: bool = False, tie: str = "share") -> Any:
        return reduce(x, axis=axis, keepdims=keepdims)

    def vjp(
        want: Any, y: Value, x: Value, axis: Axis = None, keepdims: bool = False, tie: str = "share"
    ) -> Sequence[Local]:
        won = _winners(y, x, axis, tie)
        return [Through(lambda u: kept(u, x, axis) * won, "u to the winner in {0}")]

    def jvp(tangents: Any, y: Value, x: Value, axis: Axis = None, keepdims: bool = False, tie: str = "share") -> Value:
        return sum(_winners(y, x, axis, tie) * tangents[0], axis=axes_of(x.shape, axis), keepdims=keepdims)

    tied = np.array([1.0, 1.0, 0.0 if name == "max" else 2.0])
    return structured(
        name,
        evaluate,
        types=_extreme_types,
        params={**REDUCE, "tie": "share"},
        conventions={"tie": ("tie", ("share", "first"))},
        vjp=vjp,
        jvp=jvp,
        notation=Function(name, "\\" + name),
        numpy=(reduce, getattr(np, "a" + name)),
        samples=_samples,
        kinks=(
            Kink(
                lambda x, axis=None, keepdims=False, tie="share": _tied(x, axis, reduce) & (tie == "share"),
                _SHARE,
                (tied,),
                (np.array([0.5, 0.5, 0.0]),),
            ),
            Kink(
                lambda x, axis=None, keepdims=False, tie="share": _tied(x, axis, reduce) & (tie == "first"),
                "as chosen: at a tie the first wins",
                (tied,),
                (np.array([1.0, 0.0, 0.0]),),
                params={"tie": "first"},
            ),
        ),
        note=f"{name} routes: the upstream gradient goes to the winner",
        batch=batching.along_axis,
        kernel=reducing(name),
    )


max = _extreme("max", np.max)
min = _extreme("min", np.min)


def _logsumexp(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    top = np.max(x, axis=axis, keepdims=True)
    top = np.where(np.isfinite(top), top, 0.0)
    total = np.log(np.sum(np.exp(x - top), axis=axis, keepdims=True)) + top
    return total if keepdims else np.squeeze(total, axis=axis)[()]


def _softmax_of(x: Value, axis: Axis) -> Value:
    return softmax(x, axis=axis)  # exp(x - y) would lose digits where y is large: 0.5000000000000275 at (1000, 1000)


def _each(op: Any, x: Any) -> Any:
    """An op at every entry of an array of values."""
    return np.vectorize(op, otypes=[object])(x)


def _logsumexp_entries(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return _each(log, _sum(_each(exp, x), axis, keepdims))


def _logsumexp_kernel(types: Types, outs: Types, params: Mapping[str, Any]) -> Kernel:
    (x,), axis, dtype = inputs(types), params["axis"], outs[0].dtype
    top = along(x, axis, dtype, "max")
    # an infinite entry is no number to subtract
    finite = nest(top.axes, where(fn("isfinite", top[top.axes]), top[top.axes], 0.0), dtype)
    at = axes(*x.shape)
    gone = over_axes(len(at), axis)
    rest = tuple([a for i, a in enumerate(at) if i not in gone])
    total = nest(rest, fn("exp", x[at] - finite[rest]), dtype, "sum", tuple([at[i] for i in gone]))
    there = axes(*total.shape)
    result = nest(there, fn("log", total[there]) + finite[there], dtype)
    return View(result, outs[0].shape) if params["keepdims"] else result


logsumexp = structured(
    "logsumexp",
    _logsumexp,
    scalar=_logsumexp_entries,
    types=lambda types, params: _numbers("logsumexp", _extreme_types(types, params)),
    params=REDUCE,
    vjp=lambda want, y, x, axis=None, keepdims=False: [
        Through(lambda u: kept(u, x, axis) * _softmax_of(x, axis), "u · softmax({0})")
    ],
    jvp=lambda tangents, y, x, axis=None, keepdims=False: sum(
        _softmax_of(x, axis) * tangents[0], axis=axes_of(x.shape, axis), keepdims=keepdims
    ),
    samples=_samples,
    note="its gradient is the softmax",
    batch=batching.along_axis,
    kernel=_logsumexp_kernel,
)


def _softmax(x: Any, axis: Axis = -1) -> Any:
    if np.size(x) == 0:  # where np.max refuses
        return np.exp(x)
    e = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return e / np.sum(e, axis=axis, keepdims=True)


def _softmax_types(types: Types, params: Mapping[str, Any]) -> Types:
    axes_of(types[0].shape, params.get("axis", -1))
    return _numbers("softmax", types)


def _softmax_jvp(tangents: Any, y: Value, x: Value, axis: Axis = -1) -> Value:
    t = tangents[0]
    return y * (t - sum(y * t, axis=axis, keepdims=True))


def _softmax_entries(x: Any, axis: Axis = -1) -> Any:
    e = _each(exp, x)
    return e / np.sum(e, axis=axis, keepdims=True)


def _softmax_kernel(types: Types, outs: Types, params: Mapping[str, Any]) -> Kernel:
    (x,), axis, dtype = inputs(types), params["axis"], outs[0].dtype
    top = along(x, axis, dtype, "max")
    at, then = axes(*x.shape), axes(*x.shape)
    e = nest(at, fn("exp", x[at] - kept_entry(top, at, axis)), dtype)
    total = along(e, axis, dtype, "sum")
    return nest(then, e[then] / kept_entry(total, then, axis), dtype)


softmax = structured(
    "softmax",
    _softmax,
    scalar=_softmax_entries,
    types=_softmax_types,
    params={"axis": -1},
    vjp=lambda want, y, x, axis=-1: [
        Through(lambda u: y * (u - sum(y * u, axis=axis, keepdims=True)), "p ∘ (u - Σ p u), p = softmax({0})")
    ],
    jvp=_softmax_jvp,
    samples=lambda rng: [
        ((rng.normal(size=4),), {}),
        ((rng.normal(size=(2, 3)),), {"axis": 0}),
        ((rng.normal(size=(2, 3)),), {"axis": None}),
    ],
    batch=batching.along_axis,
    kernel=_softmax_kernel,
)

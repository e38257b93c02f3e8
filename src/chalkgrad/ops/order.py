"""Sorting, and moving entries by computed places; running sums and products."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chalkgrad.errors import ProgramError, ShapeError
from chalkgrad.ir.build import Value
from chalkgrad.ir.dims import Dim, Shape, count, dims_text
from chalkgrad.ir.types import ArrayType
from chalkgrad.ops import batching
from chalkgrad.ops.choice import where
from chalkgrad.ops.kernel import Axis as Counter
from chalkgrad.ops.kernel import Kernel, Source, axes, fn, inputs, nest
from chalkgrad.ops.local import Local, Route, Through
from chalkgrad.ops.long_products import FEW, backward, before, forward, known, met
from chalkgrad.ops.nests import by_rows, put_into, reducing, running
from chalkgrad.ops.notation import Function
from chalkgrad.ops.op import Kink, structured
from chalkgrad.ops.reduction import REDUCE, Axis, axes_of, kept, summed
from chalkgrad.ops.shape import reshape, transpose

Types = tuple[ArrayType, ...]
Params = Mapping[str, Any]


def _one_axis(shape: Shape, axis: int) -> int:
    """The axis counted from the front.

    Raises ShapeError where there is none such.
    """
    (found,) = axes_of(shape, axis)
    return found


def _argsort(x: Any, axis: int = -1) -> Any:
    """Equal entries keep their order. NumPy's quick way, which leaves that open, where no two are equal."""
    order = np.argsort(x, axis=axis)
    ordered = np.moveaxis(np.take_along_axis(np.asarray(x), order, axis), axis, -1)
    if np.all(ordered[..., 1:] > ordered[..., :-1]):  # and no NaN
        return order
    return np.argsort(x, axis=axis, kind="stable")


def _sorted_types(types: Types, params: Params) -> Types:
    _one_axis(types[0].shape, params.get("axis", -1))
    return types


argsort = structured(
    "argsort",
    _argsort,
    types=lambda types, params: (ArrayType(_sorted_types(types, params)[0].shape, "int64"),),
    params={"axis": -1},
    readable=lambda x, axis=-1: np.argsort(x, axis=axis, kind="stable"),
    vjp=None,  # nor NumPy's name: np.argsort leaves open which of two equal entries comes first
    samples=lambda rng: [((rng.normal(size=4),), {}), ((rng.normal(size=(2, 3)),), {"axis": 0})],
    batch=batching.along_axis,
    kernel=by_rows("argsort"),
)


def _sort(x: Any, axis: int = -1) -> Any:
    quick = np.sort(x, axis=axis)  # the same, but for where it puts -0 among zeros
    return np.sort(x, axis=axis, kind="stable") if quick.dtype.kind == "f" and np.any(quick == 0) else quick


def _sort_vjp(want: Any, y: Value, x: Value, axis: int = -1) -> Sequence[Local]:
    order = argsort(x, axis=axis)
    words = "back to where each entry came from: sort reroutes"
    return [Route(lambda u: put_along(u, order, axis=axis, shape=x.shape), words)]


def _tied(x: Any, axis: int = -1) -> Any:
    ordered = np.sort(x, axis=axis)
    return np.any(np.diff(ordered, axis=axis) == 0)


sort = structured(
    "sort",
    _sort,
    types=_sorted_types,
    params={"axis": -1},
    vjp=_sort_vjp,
    jvp=lambda tangents, y, x, axis=-1: take_along(tangents[0], argsort(x, axis=axis), axis=axis),
    numpy=(np.sort,),
    samples=lambda rng: [
        ((rng.permutation(5) / 3.0,), {}),
        ((rng.permutation(6).reshape(2, 3) / 3.0,), {"axis": 0}),
        ((np.array([[0.5, 2.0, -1.0], [1.5, -0.5, 0.0]]),), {}),  # cycles, which no second sorting undoes
    ],
    kinks=(
        Kink(
            _tied,
            "the earlier of equal elements keeps its place",
            (np.array([1.0, 1.0, 0.0]),),
            (np.array([1.0, 1.0, 1.0]),),
        ),
    ),
    note="sort reroutes: each gradient goes back to where its entry came from",
    batch=batching.along_axis,
    kernel=by_rows("sort"),
)


def _take_along(x: Any, places: Any, axis: int = -1) -> Any:
    return np.take_along_axis(x, places, axis=axis)


def _same_but(axis: int, a: Shape, b: Shape, places: str) -> None:
    """Refuse places that are no whole numbers, and shapes that differ elsewhere than along the axis."""
    at = _one_axis(a, axis)
    if places != "int64":
        raise ProgramError(f"places are whole numbers, not {places}")
    if len(a) != len(b) or any(m != n for i, (m, n) in enumerate(zip(a, b, strict=True)) if i != at):
        raise ShapeError(f"places of shape {dims_text(b)} do not fit entries of shape {dims_text(a)} along axis {axis}")


def _take_types(types: Types, params: Params) -> Types:
    _same_but(params.get("axis", -1), types[0].shape, types[1].shape, types[1].dtype)
    return (ArrayType(types[1].shape, types[0].dtype),)


def _take_samples(rng: np.random.Generator) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
    return [
        ((rng.normal(size=4), np.array([3, 0, 0])), {}),
        ((rng.normal(size=(3, 2)), np.array([[2, 0], [1, 1]])), {"axis": 0}),
    ]


def _there(places: Source, n: Dim, axis: int, at: Sequence[Counter]) -> tuple[Any, ...]:
    """The places `at` with the one on the axis looked up."""
    along = axis % len(at)
    return (*at[:along], fn("place", places[tuple(at)], n), *at[along + 1 :])


def _take_kernel(types: Types, outs: Types, params: Params) -> Kernel:
    (x, places), at = inputs(types), axes(*outs[0].shape)
    return nest(at, x[_there(places, x.shape[params["axis"]], params["axis"], at)], outs[0].dtype)


take_along = structured(
    "take_along",
    _take_along,
    arity=2,
    notation=Function("take_along", r"\operatorname{take\_along}", paper="entries"),
    types=_take_types,
    params={"axis": -1},
    linear_in=(0,),
    vjp=lambda want, y, x, places, axis=-1: [
        Route(lambda u: put_along(u, places, axis=axis, shape=x.shape), "put back where it was taken from"),
        None,
    ],
    numpy=(np.take_along_axis,),
    samples=_take_samples,
    batch=batching.along_axis,
    kernel=_take_kernel,
)


def _put_along(x: Any, places: Any, axis: int = -1, shape: Any = ()) -> Any:
    out = np.zeros(shape, dtype=np.asarray(x).dtype)
    index = list(np.indices(np.shape(places), sparse=True))
    index[axis] = places
    np.add.at(out, tuple(index), x)
    return out


def _put_types(types: Types, params: Params) -> Types:
    shape = tuple(params["shape"])
    _same_but(params.get("axis", -1), shape, types[1].shape, types[1].dtype)
    if types[0].shape != types[1].shape:
        raise ShapeError(f"{dims_text(types[0].shape)} entries for {dims_text(types[1].shape)} places")
    return (ArrayType(shape, types[0].dtype),)


def _put_kernel(types: Types, outs: Types, params: Params) -> Kernel:
    (x, places), (out,), at = inputs(types), outs, axes(*types[0].shape)
    target = _there(places, out.shape[params["axis"]], params["axis"], at)
    return put_into(out.shape, out.dtype, at, target, x[at])


put_along = structured(
    "put_along",
    _put_along,
    plumbing=True,
    arity=2,
    types=_put_types,
    params={"axis": -1, "shape": ()},
    linear_in=(0,),
    vjp=lambda want, y, x, places, axis=-1, shape=(): [
        Route(lambda u: take_along(u, places, axis=axis), "read back"),
        None,
    ],
    samples=lambda rng: [((rng.normal(size=3), np.array([3, 0, 0])), {"shape": (4,)})],
    batch=batching.into_shape,
    kernel=_put_kernel,
)


def _cumsum(x: Any, axis: int = -1) -> Any:
    return np.cumsum(x, axis=axis)


def _running_types(types: Types, params: Params) -> Types:
    (given,) = _sorted_types(types, params)
    return (ArrayType(given.shape, "int64") if given.dtype == "bool" else given,)


def _flipped(x: Value, axis: int) -> Value:
    at = _one_axis(x.shape, axis)
    return x[tuple(slice(None, None, -1) if i == at else slice(None) for i in range(len(x.shape)))]


cumsum = structured(
    "cumsum",
    _cumsum,
    scalar=_cumsum,
    types=_running_types,
    params={"axis": -1},
    linear_in=(0,),
    vjp=lambda want, y, x, axis=-1: [
        Route(lambda u: _flipped(cumsum(_flipped(u, axis), axis=axis), axis), "summed from the end")
    ],
    samples=lambda rng: [((rng.normal(size=4),), {}), ((rng.normal(size=(2, 3)),), {"axis": 0})],
    note="a running sum: every entry gets the gradients of all sums that it is part of",
    batch=batching.along_axis,
    kernel=running("sum"),
)


def _prod(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return np.prod(x, axis=axis, keepdims=keepdims)


def _others(x: Value, axis: Axis) -> Value:
    """For every entry the product of the others: written with no division, so that zeros do no harm."""
    shape = x.shape
    axes = axes_of(shape, axis)
    rest = tuple(i for i in range(len(shape)) if i not in axes)
    n = known(count(tuple(shape[a] for a in axes)))
    order = rest + axes if n <= FEW else axes + rest
    lead = tuple(shape[i] for i in rest)
    turned = transpose(x, axes=order) if order != tuple(range(len(shape))) else x
    if n <= FEW:
        rows = reshape(turned, shape=(*lead, 1, n))
        apart = prod(where(x.builder.value(np.eye(n, dtype=bool)), 1, rows), axis=-1)
    else:
        rows = reshape(turned, shape=(n, *lead))
        first, second = before(cumprod(rows, axis=0)), before(cumprod(_flipped(rows, 0), axis=0))
        apart = met(first, _flipped(second, 0))
    back = reshape(apart, shape=tuple(shape[i] for i in order))
    inverse = tuple(int(i) for i in np.argsort(order))
    return back if inverse == tuple(range(len(shape))) else transpose(back, axes=inverse)


def _prod_vjp(want: Any, y: Value, x: Value, axis: Axis = None, keepdims: bool = False) -> Sequence[Local]:
    return [Through(lambda u: kept(u, x, axis) * _others(x, axis), "u · the product of the others")]


def _prod_jvp(tangents: Any, y: Value, x: Value, axis: Axis = None, keepdims: bool = False) -> Value:
    terms: Value = tangents[0] * _others(x, axis)
    return terms.apply("sum", axis=axes_of(x.shape, axis), keepdims=keepdims)


prod = structured(
    "prod",
    _prod,
    scalar=_prod,
    types=summed,
    params=REDUCE,
    vjp=_prod_vjp,
    jvp=_prod_jvp,
    notation=Function("prod", r"\prod "),
    numpy=(np.prod,),
    samples=lambda rng: [
        ((np.array([0.0, 2.0, 3.0]),), {}),
        ((rng.normal(size=(2, 3)),), {"axis": 1}),
        ((rng.normal(size=(2, 3)),), {"axis": 0, "keepdims": True}),
        ((rng.normal(size=(2, 2)),), {}),
    ],
    note="each entry gets the upstream gradient times the product of the others",
    batch=batching.along_axis,
    kernel=reducing("prod"),
)


def _cumprod(x: Any, axis: int = -1) -> Any:
    return np.cumprod(x, axis=axis)


def _running_others(x: Value) -> Value:
    """[…, j, i]: the product of the first entries up to i but for entry j, and 0 for i < j. The last axis is n long.

    Written with no division, so that zeros do no harm.
    """
    *lead, n = x.shape
    rows = where(x.builder.value(np.eye(n, dtype=bool)), 1, reshape(x, shape=(*lead, 1, n)))
    return where(x.builder.value(np.tri(n, dtype=bool).T), cumprod(rows, axis=-1), 0)


def _last(x: Value, axis: int, place: int = -1) -> Value:
    """With the axis put last, or at another `place`; its own inverse."""
    at, rank = _one_axis(x.shape, axis), len(x.shape)
    order = list(range(rank))
    order[at], order[place] = order[place], order[at]
    return x if at == place % rank else transpose(x, axes=tuple(order))


def _cumprod_vjp(want: Any, y: Value, x: Value, axis: int = -1) -> Sequence[Local]:
    def back(u: Value) -> Value:
        if known(x.shape[_one_axis(x.shape, axis)]) > FEW:
            return _last(backward(*[_last(v, axis, 0) for v in (x, y, u)]), axis, 0)
        others, up = _running_others(_last(x, axis)), _last(u, axis)
        *lead, n = up.shape
        terms: Value = others * reshape(up, shape=(*lead, 1, n))
        return _last(terms.apply("sum", axis=-1), axis)

    return [Through(back, "u · the product of the others, for all running products that it is part of")]


def _cumprod_jvp(tangents: Any, y: Value, x: Value, axis: int = -1) -> Value:
    if known(x.shape[_one_axis(x.shape, axis)]) > FEW:
        return _last(forward(*[_last(v, axis, 0) for v in (x, y, tangents[0])]), axis, 0)
    others, along = _running_others(_last(x, axis)), _last(tangents[0], axis)
    terms: Value = others * reshape(along, shape=(*along.shape, 1))
    return _last(terms.apply("sum", axis=-2), axis)


cumprod = structured(
    "cumprod",
    _cumprod,
    scalar=_cumprod,
    types=_running_types,
    params={"axis": -1},
    vjp=_cumprod_vjp,
    jvp=_cumprod_jvp,
    samples=lambda rng: [
        ((np.array([2.0, 0.0, 3.0, 0.5]),), {}),
        ((rng.normal(size=(2, 3)),), {"axis": 0}),
        ((rng.normal(size=(2, 3)),), {}),
        ((np.zeros((2, 0)),), {}),
    ],
    note="running products: each entry gets, from every product that it is part of, the product of the others",
    batch=batching.along_axis,
    kernel=running("prod"),
)

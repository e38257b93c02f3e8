"""Diagonals and triangles of matrices, read and written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chalkgrad.errors import ShapeError
from chalkgrad.ir.build import Value
from chalkgrad.ir.dims import Dim, Shape, dims_text
from chalkgrad.ir.types import ArrayType
from chalkgrad.ops import batching
from chalkgrad.ops.kernel import Axis, Kernel, axes, inputs, lift, nest, where
from chalkgrad.ops.local import Local, Route, Spread
from chalkgrad.ops.nests import put_into
from chalkgrad.ops.notation import Function
from chalkgrad.ops.op import structured
from chalkgrad.ops.shape import broadcast_to, reshape

Types = tuple[ArrayType, ...]
Params = Mapping[str, Any]
PLACE = {"offset": 0, "axis1": 0, "axis2": 1}


def _plane(shape: Shape, params: Params) -> tuple[int, int]:
    """The two axes that a diagonal runs through, counted from the front."""
    rank = len(shape)
    if rank < 2:
        raise ShapeError(f"an array of shape {dims_text(shape)} has no diagonal: it needs two axes")
    found: list[int] = []
    for key in ("axis1", "axis2"):
        axis = params.get(key, PLACE[key])
        if not -rank <= axis < rank:
            raise ShapeError(f"no axis {axis} in shape {dims_text(shape)}")
        found.append(axis % rank)
    if found[0] == found[1]:
        raise ShapeError(f"a diagonal runs through two axes, and {params} names one twice")
    return found[0], found[1]


def _diagonal_shape(shape: Shape, params: Params) -> Shape:
    """The other axes, and then the length of the diagonal."""
    i, j = _plane(shape, params)
    offset = params.get("offset", 0)
    rows, columns = shape[i], shape[j]
    length: Dim
    if isinstance(rows, int) and isinstance(columns, int):
        length = max(0, min(rows + min(offset, 0), columns - max(offset, 0)))
    elif rows == columns and offset == 0:
        length = rows
    else:
        raise ShapeError(f"the length of that diagonal of {dims_text(shape)} needs the sizes as numbers")
    return (*[n for k, n in enumerate(shape) if k not in (i, j)], length)


def _diagonal_vjp(want: Any, y: Value, x: Value, **params: Any) -> Sequence[Local]:
    return [Route(lambda u: put_diagonal(u, shape=x.shape, **params), "back onto the diagonal, 0 elsewhere")]


def _samples(rng: np.random.Generator) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
    return [
        ((rng.normal(size=(3, 3)),), {}),
        ((rng.normal(size=(2, 4)),), {"offset": 1}),
        ((rng.normal(size=(4, 2)).T,), {"offset": -1}),
        ((rng.normal(size=(2, 3)),), {"offset": 3}),
        ((rng.normal(size=(2, 3, 2)),), {"axis1": -1, "axis2": 0}),
        ((np.zeros((0, 3)),), {}),
    ]


def _on_diagonal(shape: Shape, params: Params, at: Sequence[Axis], along: Axis) -> tuple[Any, ...]:
    """The places of a diagonal's entry in the whole array: `at` for the other axes, `along` down the diagonal."""
    i, j = _plane(shape, params)
    offset = params["offset"]
    rest = iter(at)
    places = {i: lift(along) + max(-offset, 0), j: lift(along) + max(offset, 0)}
    return tuple([places[k] if k in places else next(rest) for k in range(len(shape))])


def _diagonal_kernel(types: Types, outs: Types, params: Params) -> Kernel:
    (x,), at = inputs(types), axes(*outs[0].shape)
    return nest(at, x[_on_diagonal(x.shape, params, at[:-1], at[-1])], outs[0].dtype)


diagonal = structured(
    "diagonal",
    np.diagonal,
    scalar=np.diagonal,
    types=lambda types, params: (ArrayType(_diagonal_shape(types[0].shape, params), types[0].dtype),),
    params=PLACE,
    linear_in=(0,),
    vjp=_diagonal_vjp,
    samples=_samples,
    note="reads a diagonal; what is beside it gets no gradient",
    batch=batching.diagonal,
    kernel=_diagonal_kernel,
)


def _put_diagonal(x: Any, shape: Any = (), offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    out = np.zeros(shape, dtype=np.asarray(x).dtype)
    at = np.arange(np.shape(x)[-1])
    np.moveaxis(out, (axis1, axis2), (-2, -1))[..., at + max(-offset, 0), at + max(offset, 0)] = x
    return out


def _put_types(types: Types, params: Params) -> Types:
    target = tuple(params.get("shape", ()))
    wanted = _diagonal_shape(target, params)
    if types[0].shape != wanted:
        raise ShapeError(
            f"the diagonal of {dims_text(target)} has shape {dims_text(wanted)}, not {dims_text(types[0].shape)}"
        )
    return (ArrayType(target, types[0].dtype),)


def _put_kernel(types: Types, outs: Types, params: Params) -> Kernel:
    (x,), at = inputs(types), axes(*types[0].shape)
    target = _on_diagonal(outs[0].shape, params, at[:-1], at[-1])
    return put_into(outs[0].shape, outs[0].dtype, at, target, x[at])


put_diagonal = structured(
    "put_diagonal",
    _put_diagonal,
    types=_put_types,
    params={"shape": (), **PLACE},
    linear_in=(0,),
    vjp=lambda want, y, x, shape, **params: [Route(lambda u: diagonal(u, **params), "read off the diagonal")],
    notation=Function("diag", r"\operatorname{diag}", paper="identity"),
    samples=lambda rng: [
        ((rng.normal(size=2),), {"shape": (2, 2)}),
        ((rng.normal(size=2),), {"shape": (3, 2), "offset": -1}),
        ((rng.normal(size=(3, 2)),), {"shape": (2, 3, 4), "offset": 2, "axis1": 0, "axis2": -1}),
    ],
    note="a vector on the diagonal of a matrix of zeros",
    batch=batching.diagonal,
    kernel=_put_kernel,
)


def _trace_types(types: Types, params: Params) -> Types:
    dtype = types[0].dtype
    return (ArrayType(_diagonal_shape(types[0].shape, params)[:-1], "int64" if dtype == "bool" else dtype),)


def _trace_vjp(want: Any, y: Value, x: Value, **params: Any) -> Sequence[Local]:
    along = _diagonal_shape(x.shape, params)

    def move(u: Value) -> Value:
        each = reshape(u, shape=(*u.shape, 1)) if u.shape else u
        return put_diagonal(broadcast_to(each, shape=along), shape=x.shape, **params)

    return [Spread(y.builder.value(1), move, "1, spread along the diagonal")]


def _trace_kernel(types: Types, outs: Types, params: Params) -> Kernel:
    (x,), at = inputs(types), axes(*_diagonal_shape(types[0].shape, params))
    return nest(at[:-1], x[_on_diagonal(x.shape, params, at[:-1], at[-1])], outs[0].dtype, "sum", at[-1:])


trace = structured(
    "trace",
    np.trace,
    scalar=np.trace,
    types=_trace_types,
    params=PLACE,
    linear_in=(0,),
    vjp=_trace_vjp,
    notation=Function("tr", r"\operatorname{tr}"),
    samples=_samples,
    note="the sum of the diagonal: each of its entries gets the upstream gradient, the others get none",
    batch=batching.diagonal,
    kernel=_trace_kernel,
)


def _triangle(name: str, function: Any, words: str, *, lower: bool) -> Any:
    def types(given: Types, params: Params) -> Types:
        if len(given[0].shape) < 2:
            raise ShapeError(f"an array of shape {dims_text(given[0].shape)} has no triangle: it needs two axes")
        return given

    def vjp(want: Any, y: Value, x: Value, k: int = 0) -> Sequence[Local]:
        return [Route(lambda u: op(u, **({} if k == 0 else {"k": k})), words)]

    def kernel(given: Types, outs: Types, params: Params) -> Kernel:
        (x,), at = inputs(given), axes(*outs[0].shape)
        row, column = lift(at[-2]) + params["k"], lift(at[-1])
        return nest(at, where(column <= row if lower else column >= row, x[at], 0), outs[0].dtype)

    op = structured(
        name,
        function,
        types=types,
        params={"k": 0},
        linear_in=(0,),
        vjp=vjp,
        samples=lambda rng: [
            ((rng.normal(size=(3, 3)),), {}),
            ((rng.normal(size=(2, 3)),), {"k": -1}),
            ((rng.normal(size=(2, 3, 2)),), {"k": 1}),
            ((np.zeros((2, 0)),), {}),
        ],
        note=f"{words}; what is cut away gets no gradient",
        batch=batching.stacked,
        kernel=kernel,
    )
    return op


tril = _triangle("tril", np.tril, "the lower triangle, 0 above", lower=True)
triu = _triangle("triu", np.triu, "the upper triangle, 0 below", lower=False)

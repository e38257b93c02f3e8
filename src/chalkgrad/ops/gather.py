"""Entries taken from, and put to, places that are computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chalkgrad.errors import ProgramError, ShapeError
from chalkgrad.ir.build import Value
from chalkgrad.ir.dims import Shape, dims_text
from chalkgrad.ir.types import ArrayType
from chalkgrad.ops.kernel import Axis, Kernel, Source, axes, fn, inputs, nest
from chalkgrad.ops.local import Local, Route
from chalkgrad.ops.nests import put_into
from chalkgrad.ops.op import structured
from chalkgrad.ops.reduction import axes_of

Types = tuple[ArrayType, ...]
Params = Mapping[str, Any]


def _take(x: Any, places: Any, axis: int = 0) -> Any:
    return np.take(x, places, axis=axis)


def _taken(shape: Shape, places: ArrayType, params: Params) -> Shape:
    (at,) = axes_of(shape, params.get("axis", 0))
    if places.dtype != "int64":
        raise ProgramError(f"places are whole numbers, not {places.dtype}")
    return (*shape[:at], *places.shape, *shape[at + 1 :])


def _take_types(types: Types, params: Params) -> Types:
    return (ArrayType(_taken(types[0].shape, types[1], params), types[0].dtype),)


def _take_vjp(want: Sequence[bool], y: Value, x: Value, places: Value, axis: int = 0) -> Sequence[Local | None]:
    return [Route(lambda u: put(u, places, axis=axis, shape=x.shape), "put back where it was taken from"), None]


def _places_along(shape: Shape, places: Source, axis: int, at: Sequence[Axis]) -> tuple[Any, ...]:
    """The places in an array of `shape`, for those of what is taken along one of its axes."""
    (along,) = axes_of(shape, axis)
    behind = along + len(places.shape)
    return (*at[:along], fn("place", places[at[along:behind]], shape[along]), *at[behind:])


def _take_kernel(types: Types, outs: Types, params: Params) -> Kernel:
    (x, places), at = inputs(types), axes(*outs[0].shape)
    return nest(at, x[_places_along(x.shape, places, params["axis"], at)], outs[0].dtype)


take = structured(
    "take",
    _take,
    arity=2,
    types=_take_types,
    params={"axis": 0},
    linear_in=(0,),
    vjp=_take_vjp,
    samples=lambda rng: [
        ((rng.normal(size=4), np.array([3, 0, 0])), {}),
        ((rng.normal(size=(3, 4)), np.array([[2, -1], [1, 1]])), {"axis": 1}),
        ((rng.normal(size=(3, 2)), np.int64(2)), {"axis": -2}),
        ((rng.normal(size=3), np.zeros((0, 2), int)), {}),
    ],
    note="reads the entries at some places; one that is read twice gets both gradients",
    kernel=_take_kernel,
)


def _put(x: Any, places: Any, axis: int = 0, shape: Any = ()) -> Any:
    out = np.zeros(shape, dtype=np.asarray(x).dtype)
    index: Any = (*[slice(None)] * (axis % len(shape)), places)
    np.add.at(out, index, x)
    return out


def _put_types(types: Types, params: Params) -> Types:
    shape = tuple(params["shape"])
    wanted = _taken(shape, types[1], params)
    if types[0].shape != wanted:
        raise ShapeError(f"entries of shape {dims_text(types[0].shape)} for places of shape {dims_text(wanted)}")
    return (ArrayType(shape, types[0].dtype),)


def _put_vjp(
    want: Sequence[bool], y: Value, x: Value, places: Value, axis: int = 0, shape: Any = ()
) -> Sequence[Local | None]:
    return [Route(lambda u: take(u, places, axis=axis), "read back"), None]


def _put_kernel(types: Types, outs: Types, params: Params) -> Kernel:
    (x, places), (out,), at = inputs(types), outs, axes(*types[0].shape)
    return put_into(out.shape, out.dtype, at, _places_along(out.shape, places, params["axis"], at), x[at])


put = structured(
    "put",
    _put,
    plumbing=True,
    arity=2,
    types=_put_types,
    params={"axis": 0, "shape": ()},
    linear_in=(0,),
    vjp=_put_vjp,
    samples=lambda rng: [
        ((rng.normal(size=3), np.array([3, 0, 0])), {"shape": (4,)}),
        ((rng.normal(size=(2, 3)), np.array([1, 1, -1])), {"axis": -1, "shape": (2, 4)}),
    ],
    kernel=_put_kernel,
)

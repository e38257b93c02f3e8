"""Truths about a whole array, and places in it: whole numbers and truth values, through which no gradient passes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from chalkgrad.errors import ProgramError, ShapeError
from chalkgrad.ir.dims import dims_text
from chalkgrad.ir.types import ArrayType
from chalkgrad.ops import batching
from chalkgrad.ops.kernel import Kernel, inputs
from chalkgrad.ops.nests import counted, reducing
from chalkgrad.ops.op import structured
from chalkgrad.ops.reduction import REDUCE, Axis, axes_of, reduced

Types = tuple[ArrayType, ...]
Params = Mapping[str, Any]


def _any(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return np.any(x, axis=axis, keepdims=keepdims)


def _all(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return np.all(x, axis=axis, keepdims=keepdims)


def _truth(types: Types, params: Params) -> Types:
    (out,) = reduced(types, params)
    return (ArrayType(out.shape, "bool"),)


def _truths(rng: np.random.Generator) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
    x = rng.random((2, 3)) < 0.5
    return [((x,), {}), ((x,), {"axis": -1}), ((x,), {"axis": (0, 1), "keepdims": True}), ((x[:0],), {"axis": 0})]


def _quantor(name: Any, evaluate: Any, function: Any, note: str) -> Any:
    return structured(
        name,
        evaluate,
        types=_truth,
        params=REDUCE,
        vjp=None,
        numpy=(function,),
        samples=_truths,
        kernel=reducing(name),
        note=note,
        batch=batching.along_axis,
    )


any_of = _quantor("any", _any, np.any, "whether one entry or more is true, or not 0")
all_of = _quantor("all", _all, np.all, "whether every entry is true, or not 0")


def _argmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    return np.argmax(x, axis=axis, keepdims=keepdims)


def _argmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    return np.argmin(x, axis=axis, keepdims=keepdims)


def _place_types(types: Types, params: Params) -> Types:
    shape, axis = types[0].shape, params.get("axis")
    if axis is not None and not isinstance(axis, int):
        raise ProgramError(f"axis is one whole number or None, not {axis!r}")
    if any(shape[a] == 0 for a in axes_of(shape, axis)):
        raise ShapeError(f"no entry of shape {dims_text(shape)} is the greatest or least: there is none")
    (out,) = reduced(types, params)
    return (ArrayType(out.shape, "int64"),)


def _places(rng: np.random.Generator) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
    x = rng.normal(size=(2, 3))
    return [((x,), {}), ((x,), {"axis": 0}), ((x,), {"axis": -1, "keepdims": True}), ((x[:, :0].T,), {"axis": 1})]


def _place(name: Any, evaluate: Any, function: Any, which: str) -> Any:
    note = f"the place of the {which} entry, the first of several; of the flattened array where no axis is given"
    return structured(
        name,
        evaluate,
        types=_place_types,
        params=REDUCE,
        vjp=None,
        numpy=(function,),
        samples=_places,
        kernel=reducing(name),
        note=note,
        batch=batching.along_one,
    )


argmax = _place("argmax", _argmax, np.argmax, "greatest")
argmin = _place("argmin", _argmin, np.argmin, "least")


def _argpartition(x: Any, kth: Any = 0, axis: int = -1) -> Any:
    return np.argpartition(x, kth, axis=axis)


def _partition_types(types: Types, params: Params) -> Types:
    shape, kth = types[0].shape, params.get("kth", 0)
    (at,) = axes_of(shape, params.get("axis", -1))
    n = shape[at]
    if not isinstance(n, int):
        raise ShapeError(f"an axis of {n} entries cannot be parted before its size is a number")
    for k in kth if isinstance(kth, tuple) else (kth,):
        if not isinstance(k, int) or not -n <= k < n:
            raise ShapeError(f"kth={k} is no place among {n} entries")
    return (ArrayType(shape, "int64"),)


argpartition = structured(
    "argpartition",
    _argpartition,
    types=_partition_types,
    params={"kth": 0, "axis": -1},
    vjp=None,
    numpy=(np.argpartition,),
    samples=lambda rng: [
        ((rng.normal(size=5),), {"kth": 2}),
        ((rng.normal(size=(3, 2)),), {"kth": (0, -1), "axis": 0}),
    ],
    note="places that put the k-th least entry where sorting would, the lesser before it and the greater behind",
)


def _searchsorted(ordered: Any, x: Any, side: Any = "left") -> Any:
    return np.searchsorted(ordered, x, side=side)


def _searchsorted_types(types: Types, params: Params) -> Types:
    if len(types[0].shape) != 1:
        raise ShapeError(f"the ordered entries have shape {dims_text(types[0].shape)}, and must have one axis")
    if params.get("side", "left") not in ("left", "right"):
        raise ProgramError(f"side is 'left' or 'right', not {params['side']!r}")
    return (ArrayType(types[1].shape, "int64"),)


def _searchsorted_kernel(types: Types, outs: Types, params: Params) -> Kernel:
    (ordered, x) = inputs(types)
    return counted(ordered, x, params["side"])


searchsorted = structured(
    "searchsorted",
    _searchsorted,
    arity=2,
    types=_searchsorted_types,
    params={"side": "left"},
    vjp=None,
    numpy=(np.searchsorted,),
    samples=lambda rng: [
        ((np.array([0.0, 1.0, 2.5]), rng.normal(size=(2, 3))), {}),
        ((np.array([0.0, 1.0, 2.5]), 1.0), {"side": "right"}),
    ],
    note="how many of the ordered entries stand before each x",
    kernel=_searchsorted_kernel,
)

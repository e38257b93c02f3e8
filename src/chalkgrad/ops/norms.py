"""The norm of the entries of an array, of any order, along an axis or over all."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chalkgrad.errors import ProgramError, ShapeError
from chalkgrad.ir.build import Value
from chalkgrad.ir.dims import count
from chalkgrad.ir.types import ArrayType
from chalkgrad.ops import batching
from chalkgrad.ops.arithmetic import absolute
from chalkgrad.ops.choice import equal, flag, masked, sign
from chalkgrad.ops.kernel import Expr, Kernel, axes, cast, fn, inputs, nest
from chalkgrad.ops.local import Local, Through, times
from chalkgrad.ops.nests import along
from chalkgrad.ops.notation import Function
from chalkgrad.ops.op import DECLARED, Kink, structured
from chalkgrad.ops.reduction import REDUCE, axes_of, kept, reduced, sum

Types = tuple[ArrayType, ...]
LEAST = "minimum-norm subgradient"


def _norm(x: Any, ord: float = 2, axis: int | None = None, keepdims: bool = False) -> Any:
    if axis is not None:
        return np.linalg.norm(x, ord, axis, keepdims)
    found = np.linalg.norm(np.ravel(x), ord)
    return np.reshape(found, (1,) * np.ndim(x)) if keepdims else found


def _norm_types(types: Types, params: Mapping[str, Any]) -> Types:
    given, order, axis = types[0], params.get("ord", 2), params.get("axis")
    if isinstance(order, (bool, str)) or not isinstance(order, (int, float)) or math.isnan(order):
        raise ShapeError(f"order {order!r} is no number; 2 is the root of the sum of the squares, of a matrix too")
    if given.dtype == "bool":
        raise ProgramError("norm needs numbers, not truth values: indicator(…) turns them into 0 and 1")
    if axis is None and len(given.shape) > 1 and order != 2:
        raise ShapeError(
            f"order {order} of a matrix may be meant of its entries or of the matrix: reshape it to a vector for the "
            "first; of the second, 1 and inf are the maximum of sums of |entries|"
        )
    if isinstance(axis, tuple):
        raise ShapeError(f"norm is along one axis or over all, not along {axis}: reshape these into one")
    (out,) = reduced(types, params)
    if math.isinf(order) and count(tuple(given.shape[a] for a in axes_of(given.shape, axis))) == 0:
        raise ShapeError("no entry is the greatest or least: there is none")
    return (out if out.floating else ArrayType(out.shape),)


def _extreme(y: Value, x: Value, axis: int | None) -> Value:
    """The sign of the entry that decides; a tie is shared."""
    won = flag(equal(absolute(x), y), x)
    return sign(x) * (won / sum(won, axis=axes_of(x.shape, axis), keepdims=True))


def _slope(y: Value, x: Value, order: float, axis: int | None) -> Value:
    """∂y/∂x, in the shape of x."""
    if y.shape:
        y = kept(y, x, axis)
    if math.isinf(order):
        return _extreme(y, x, axis)
    if order == 1:
        return sign(x)
    if order == 0:
        return sign(x) * 0.0
    share = x / y
    if order == 2:
        return masked(share, equal(y, 0))
    if order % 2 == 0 and order > 0:  # with no |x|, whose own derivatives stop at 0
        return masked(share ** (order - 1), equal(y, 0))
    return masked(sign(x) * absolute(share) ** (order - 1), equal(y, 0))


def _norm_vjp(
    want: Any, y: Value, x: Value, ord: float = 2, axis: int | None = None, keepdims: bool = False
) -> Sequence[Local]:
    slope = _slope(y, x, ord, axis)
    if not y.shape:
        return [times(slope, x)]
    words = "u {0} / its norm" if ord == 2 else f"u · the slope of the norm of order {ord}"
    return [Through(lambda u: kept(u, x, axis) * slope, words)]


def _norm_jvp(
    tangents: Any, y: Value, x: Value, ord: float = 2, axis: int | None = None, keepdims: bool = False
) -> Value:
    return sum(_slope(y, x, ord, axis) * tangents[0], axis=axes_of(x.shape, axis), keepdims=keepdims)


def _kink(order: float, rule: str, holds: Any, point: Any, gradient: Any) -> Kink:
    """Where the norm of one order has a corner."""

    def at(x: Any, ord: float = 2, axis: int | None = None, keepdims: bool = False) -> Any:
        return ord == order and np.size(x) > 0 and bool(np.any(holds(np.abs(x), axis)))

    params = {} if order == 2 else {"ord": order}
    return Kink(at, rule, (np.array(point),), (np.array(gradient),), params=params)


def _all_zero(x: Any, axis: int | None) -> Any:
    return ~np.any(x, axis=axis)


def _all_squares_zero(x: Any, axis: int | None) -> Any:
    return ~np.any(x * x, axis=axis)  # NumPy's norm is 0 already where the squares are too small to be told from 0


def _tied(reduce: Any) -> Any:
    return lambda x, axis: np.sum(x == reduce(x, axis=axis, keepdims=True), axis=axis) > 1


def _bent(x: Any, ord: float = 2, axis: int | None = None, keepdims: bool = False) -> Any:
    """Other orders have a corner where all is 0, and those below 1 where any entry is."""
    if ord in (0, 1, 2) or math.isinf(ord) or np.size(x) == 0:
        return False
    return bool(np.any(_all_zero(np.abs(x), axis) if ord > 1 else np.asarray(x) == 0))


def _norm_kernel(types: Types, outs: Types, params: Mapping[str, Any]) -> Kernel:
    (x,), order, axis, dtype = inputs(types), params["ord"], params["axis"], outs[0].dtype
    if math.isinf(order):
        largest = "max" if order > 0 else "min"
        return along(x, axis, dtype, largest, lambda e: fn("absolute", e), params["keepdims"])
    if order == 0:
        return along(x, axis, dtype, "sum", lambda e: fn("not_equal", e, 0), params["keepdims"])
    if order == 1:
        return along(x, axis, dtype, "sum", lambda e: fn("absolute", e), params["keepdims"])

    def power(e: Expr) -> Expr:
        e = cast(e, dtype)
        return e * e if order == 2 else fn("power", fn("absolute", e), float(order))

    total = along(x, axis, dtype, "sum", power, params["keepdims"])
    at = axes(*total.shape)
    whole = total[at]
    return nest(at, fn("sqrt", whole) if order == 2 else fn("power", whole, 1 / order), dtype)


norm = structured(
    "norm",
    _norm,
    notation=Function("norm", r"\operatorname{norm}", paper="norm"),
    types=_norm_types,
    params={"ord": 2, **REDUCE},
    vjp=_norm_vjp,
    jvp=_norm_jvp,
    numpy=(np.linalg.norm,),
    batch=batching.along_one,
    samples=lambda rng: [
        ((rng.normal(size=4),), {}),
        ((rng.normal(size=(2, 2)),), {}),
        ((rng.normal(size=4),), {"ord": 1}),
        ((rng.normal(size=4),), {"ord": math.inf}),
        ((rng.normal(size=4),), {"ord": -math.inf}),
        ((rng.normal(size=(2, 3)),), {"ord": 3, "axis": -1}),
        ((np.array([0.0, 0.5, -1.5]),), {"ord": 4}),
        ((rng.uniform(0.5, 1.5, size=(2, 3)),), {"ord": 0.5, "axis": 0, "keepdims": True}),
        ((rng.uniform(0.5, 1.5, size=(2, 3)),), {"ord": -1.5, "axis": 1}),
        ((rng.normal(size=(2, 3, 2)),), {"axis": 1, "keepdims": True}),
        ((rng.normal(size=(2, 3)),), {"keepdims": True}),
        ((rng.normal(size=3),), {"ord": 0}),
    ],
    kinks=(
        _kink(2, LEAST, _all_squares_zero, [0.0, 0.0], [0.0, 0.0]),
        _kink(1, DECLARED, lambda x, axis: x == 0, [0.0, 0.0], [0.0, 0.0]),
        _kink(0, DECLARED, lambda x, axis: x == 0, [0.0, 1.0], [0.0, 0.0]),
        _kink(math.inf, DECLARED, _tied(np.max), [1.0, -1.0], [0.5, -0.5]),
        _kink(-math.inf, DECLARED, _tied(np.min), [1.0, -1.0], [0.5, -0.5]),
        Kink(_bent, LEAST, (np.zeros(2),), (np.zeros(2),), params={"ord": 3}),
    ),
    note="x / ‖x‖ is its gradient; of a matrix it is the norm of the entries (Frobenius)",
    kernel=_norm_kernel,
)

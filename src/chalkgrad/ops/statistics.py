"""Variance and standard deviation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chalkgrad.errors import ProgramError
from chalkgrad.ir.build import Value
from chalkgrad.ir.dims import count
from chalkgrad.ir.types import ArrayType
from chalkgrad.ops import batching
from chalkgrad.ops.choice import equal, masked
from chalkgrad.ops.kernel import Nest, axes, fn, inputs, nest
from chalkgrad.ops.local import Local, Through
from chalkgrad.ops.nests import along, averaged, over_axes
from chalkgrad.ops.nests import kept as kept_entry
from chalkgrad.ops.op import DECLARED, Kink, structured
from chalkgrad.ops.reduction import REDUCE, Axis, axes_of, kept, max, mean, mean_of, min, reduced, sum

Types = tuple[ArrayType, ...]
PARAMS = {**REDUCE, "ddof": 0}


def _var(x: Any, axis: Axis = None, keepdims: bool = False, ddof: float = 0) -> Any:
    return np.var(x, axis=axis, keepdims=keepdims, ddof=ddof)


def _std(x: Any, axis: Axis = None, keepdims: bool = False, ddof: float = 0) -> Any:
    return np.std(x, axis=axis, keepdims=keepdims, ddof=ddof)


def _divisor(x: Value | ArrayType, axis: Axis, ddof: float) -> Any:
    return count(tuple(x.shape[a] for a in axes_of(x.shape, axis))) - ddof  # type: ignore[operator]  # a Size takes an int


def _types(types: Types, params: Mapping[str, Any]) -> Types:
    ddof = params.get("ddof", 0)
    if not isinstance(ddof, (int, float)):
        raise ProgramError(f"ddof is a number, not {ddof!r}")
    left = _divisor(types[0], params.get("axis"), ddof)
    if isinstance(left, (int, float)) and left <= 0:
        raise ProgramError(f"{left + ddof:g} entries with ddof={ddof:g} leave nothing to divide by")
    (out,) = reduced(types, params)
    return (out if out.floating else ArrayType(out.shape),)


def _over(value: Value, n: Any) -> Value:
    """`value` divided by a number of entries, which may have only a name yet."""
    return value / n if isinstance(n, (int, float)) else mean_of(value, size=n)


def _from_mean(x: Value, axis: Axis) -> Value:
    return x - mean(x, axis=axes_of(x.shape, axis), keepdims=True)


def _all_equal(x: Value, axis: Axis) -> Value:
    """Not `y == 0`: entries that are all 0.1 have a mean beside 0.1, and a deviation of 1e-17."""
    axes = axes_of(x.shape, axis)
    return equal(max(x, axis=axes, keepdims=True), min(x, axis=axes, keepdims=True))


def _var_slope(y: Value, x: Value, axis: Axis, ddof: float) -> Value:
    return _over(2 * _from_mean(x, axis), _divisor(x, axis, ddof))


def _std_slope(y: Value, x: Value, axis: Axis, ddof: float) -> Value:
    slope = _over(_from_mean(x, axis) / kept(y, x, axis), _divisor(x, axis, ddof))
    return slope if 0 in x.shape else masked(slope, _all_equal(x, axis))


def _deviation(name: str, evaluate: Any, slope: Any, words: str, **record: Any) -> Any:
    def vjp(
        want: Any, y: Value, x: Value, axis: Axis = None, keepdims: bool = False, ddof: float = 0
    ) -> Sequence[Local]:
        return [Through(lambda u: kept(u, x, axis) * slope(y, x, axis, ddof), words)]

    def jvp(tangents: Any, y: Value, x: Value, axis: Axis = None, keepdims: bool = False, ddof: float = 0) -> Value:
        return sum(slope(y, x, axis, ddof) * tangents[0], axis=axes_of(x.shape, axis), keepdims=keepdims)

    return structured(
        name,
        evaluate,
        types=_types,
        params=PARAMS,
        vjp=vjp,
        jvp=jvp,
        samples=_samples,
        numpy=(),
        batch=batching.along_axis,
        **record,
    )


def _variance_kernel(types: Types, outs: Types, params: Mapping[str, Any]) -> Nest:
    (x,), axis, dtype = inputs(types), params["axis"], outs[0].dtype
    middle, every = averaged(x, axis, dtype), axes(*x.shape)
    off = nest(every, x[every] - kept_entry(middle, every, axis), dtype)
    total = along(off, axis, dtype, "sum", lambda d: d * d, params["keepdims"])
    at = axes(*total.shape)
    left = count(tuple([x.shape[i] for i in over_axes(len(every), axis)])) - params["ddof"]
    return nest(at, total[at] / left, dtype)


def _deviation_kernel(types: Types, outs: Types, params: Mapping[str, Any]) -> Nest:
    variance = _variance_kernel(types, outs, params)
    at = axes(*variance.shape)
    return nest(at, fn("sqrt", variance[at]), outs[0].dtype)


def _samples(rng: np.random.Generator) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
    x = rng.permutation(12).reshape(3, 4) / 3 - 1.7
    return [
        ((x,), {}),
        ((x,), {"axis": 0, "ddof": 1}),
        ((x,), {"axis": (0, -1), "keepdims": True}),
        ((x,), {"axis": -1, "keepdims": True, "ddof": 1.5}),
        ((x[:, 0],), {}),
        ((np.zeros((0, 3)),), {"axis": 1}),
    ]


def _no_spread(x: Any, axis: Axis = None, keepdims: bool = False, ddof: float = 0) -> Any:
    x = np.asarray(x)
    one = np.size(x) == np.size(np.sum(x, axis=axis))  # of one entry it is 0, and has a derivative
    return False if x.size == 0 or one else np.any(np.max(x, axis=axis) == np.min(x, axis=axis))


var = _deviation(
    "var",
    _var,
    _var_slope,
    "u · 2({0} - mean)/n",
    kernel=_variance_kernel,
    note="the mean of the squared distances from the mean; with ddof, n - ddof stands for n",
)
std = _deviation(
    "std",
    _std,
    _std_slope,
    "u · ({0} - mean)/(n std)",
    kernel=_deviation_kernel,
    kinks=(Kink(_no_spread, DECLARED, (np.ones(3),), (np.zeros(3),)),),
    note="the root of the variance; where all entries are equal it has a corner, and its gradient is given as 0",
)

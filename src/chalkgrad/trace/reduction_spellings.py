"""NumPy functions that make one number of many, and those that sort or count."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import numpy as np

from chalkgrad.ops.quantiles import METHODS
from chalkgrad.trace.reading import (
    Spelling,
    Spellings,
    as_array,
    axis_at,
    flat,
    floating,
    known,
    of_dtype,
    only,
    refuse,
    traced,
)


def _plain(function: Any) -> Spelling:
    """A reduction that is an op, in the dtype that is asked for."""

    def reduce(
        on: Any, a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False, **refused: Any
    ) -> Any:
        only(on, f"np.{function.__name__}", out=out, **refused)
        return on.match(function, of_dtype(on, as_array(on, a), dtype), axis=axis, keepdims=bool(keepdims))

    return reduce


def _untyped(function: Any) -> Spelling:
    def reduce(on: Any, a: Any, axis: Any = None, out: Any = None, keepdims: Any = False, **refused: Any) -> Any:
        only(on, f"np.{function.__name__}", out=out, **refused)
        return on.match(function, as_array(on, a), axis=axis, keepdims=bool(keepdims))

    return reduce


def _deviation(name: str) -> Spelling:
    def deviate(
        on: Any,
        a: Any,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        ddof: Any = 0,
        keepdims: Any = False,
        *,
        correction: Any = None,
        **refused: Any,
    ) -> Any:
        only(on, f"np.{name}", out=out, **refused)
        a = of_dtype(on, as_array(on, a), dtype)
        axis = None if axis is None else known(on, axis, "axis=")
        ddof = known(on, ddof if correction is None else correction, "ddof=")
        return on.write(name, a, **_given(axis=axis, ddof=ddof, keepdims=bool(keepdims)))

    return deviate


def _given(**params: Any) -> dict[str, Any]:
    """The params that are not at their default."""
    return {name: v for name, v in params.items() if v is not None and (v or name == "axis")}


def _ptp(on: Any, a: Any, axis: Any = None, out: Any = None, keepdims: Any = False) -> Any:
    only(on, "np.ptp", out=out)
    return np.max(a, axis=axis, keepdims=bool(keepdims)) - np.min(a, axis=axis, keepdims=bool(keepdims))


def _count_nonzero(on: Any, a: Any, axis: Any = None, *, keepdims: Any = False) -> Any:
    a = as_array(on, a)
    return np.sum(a if a.dtype == bool else a != 0, axis=axis, keepdims=bool(keepdims))


def _average(
    on: Any, a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: Any = False
) -> Any:
    a, keep = as_array(on, a), bool(keepdims)
    if weights is None:
        found = np.mean(a, axis=axis, keepdims=keep)
        count = np.size(a) // max(1, int(np.prod(found.shape))) if returned else 0
        return (found, np.full(found.shape, float(count))) if returned else found
    w = as_array(on, weights)
    w = w if a.dtype.kind == "f" else floating(on, w)
    if tuple(w.shape) != tuple(a.shape):
        at = axis_at(on, axis, len(a.shape)) if isinstance(axis, (int, np.integer)) else None
        if at is None or tuple(w.shape) != (a.shape[at],):
            raise refuse(on, f"np.average: weights of shape {tuple(w.shape)} for entries of shape {tuple(a.shape)}")
        w = np.broadcast_to(w.reshape((-1, *[1] * (len(a.shape) - at - 1))), a.shape)
    total = np.sum(w, axis=axis, keepdims=keep)
    found = np.sum(a * w, axis=axis, keepdims=keep) / total
    return (found, total) if returned else found


def _running(name: str) -> Spelling:
    def run(on: Any, a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
        only(on, f"np.{name}", out=out)
        a = of_dtype(on, as_array(on, a), dtype)
        if axis is None:
            a = flat(a)
            return on.write(name, a)
        at = axis_at(on, axis, len(a.shape))
        return on.write(name, a, **({} if at == len(a.shape) - 1 else {"axis": at}))

    return run


def _cumulative(name: str, unit: float) -> Spelling:
    run = _running(name)

    def cumulate(
        on: Any, x: Any, /, *, axis: Any = None, dtype: Any = None, out: Any = None, include_initial: bool = False
    ) -> Any:
        if axis is None and len(x.shape) > 1:
            raise refuse(on, f"an array of shape {tuple(x.shape)} needs axis= here")
        found = run(on, x, 0 if axis is None else axis, dtype, out)
        if not include_initial:
            return found
        at = axis_at(on, 0 if axis is None else axis, len(x.shape))
        first = np.full((*x.shape[:at], 1, *x.shape[at + 1 :]), unit, found.dtype)
        return np.concatenate([first, found], at)

    return cumulate


def _sort(on: Any, a: Any, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Any:
    return _sorted(on, "sort", a, axis, order)


def _argsort(on: Any, a: Any, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Any:
    return _sorted(on, "argsort", a, axis, order)


def _sorted(on: Any, name: str, a: Any, axis: Any, order: Any) -> Any:
    only(on, f"np.{name}", order=order)
    a = as_array(on, a)
    if axis is None:
        a, axis = flat(a), -1
    at = axis_at(on, axis, len(a.shape))
    return on.write(name, a, **({} if at == len(a.shape) - 1 else {"axis": at}))


def _argpartition(on: Any, a: Any, kth: Any, axis: Any = -1, kind: Any = None, order: Any = None) -> Any:
    only(on, "np.argpartition", order=order)
    at = axis_at(on, axis, len(a.shape))
    return on.write("argpartition", a, kth=known(on, kth, "kth="), axis=at)


def _partition(on: Any, a: Any, kth: Any, axis: Any = -1, kind: Any = None, order: Any = None) -> Any:
    if axis is None:
        a, axis = flat(a), -1
    return np.take_along_axis(a, _argpartition(on, a, kth, axis, kind, order), axis)


def _quantile(
    on: Any,
    a: Any,
    q: Any,
    axis: Any = None,
    out: Any = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: Any = False,
    *,
    weights: Any = None,
) -> Any:
    only(on, "np.quantile", out=out, weights=weights)
    if method not in METHODS:
        raise refuse(on, f"method {method!r} has no reading here; use one of {', '.join(METHODS)}")
    if traced(q):
        raise refuse(on, "a quantile at a traced place is not differentiated here; give q as a plain number")
    wanted = np.asarray(q, dtype=float)
    if np.any((wanted < 0) | (wanted > 1)):
        raise refuse(on, f"quantiles stand from 0 to 1, and percentiles from 0 to 100; {q} is outside")
    a = as_array(on, a)
    if method in ("linear", "midpoint"):  # the others give entries as they are
        a = of_dtype(on, a, np.float64) if wanted.ndim else floating(on, a)  # NumPy mixes with the width of q
    axis = None if axis is None else known(on, axis, "axis=")
    options = _given(axis=axis, keepdims=bool(keepdims)) | ({} if method == "linear" else {"method": method})
    found = [on.write("quantile", a, **options, **({} if p == 0.5 else {"q": p})) for p in wanted.ravel().tolist()]
    return np.stack(found).reshape((*wanted.shape, *found[0].shape)) if wanted.ndim else found[0]


def _percentile(on: Any, a: Any, q: Any, *args: Any, **options: Any) -> Any:
    if traced(q):
        raise refuse(on, "a percentile at a traced place is not differentiated here; give q as a plain number")
    return _quantile(on, a, np.asarray(q, dtype=float) / 100, *args, **options)


def _median(
    on: Any, a: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False, keepdims: Any = False
) -> Any:
    return _quantile(on, a, 0.5, axis, out, keepdims=keepdims)


def _filled(a: Any, instead: float) -> Any:
    """With another number for NaN, which whole numbers have none of."""
    return np.where(np.isnan(a), instead, a) if a.dtype.kind == "f" else a


def _nan_as(function: Any, instead: float) -> Spelling:
    """A reduction that overlooks NaN, where another number in its place does no harm."""

    def reduce(on: Any, a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False) -> Any:
        only(on, f"np.nan{function.__name__}", out=out)
        a = _filled(of_dtype(on, as_array(on, a), dtype), instead)
        return function(a, axis=axis, keepdims=bool(keepdims))

    return reduce


def _nan_running(function: Any, instead: float) -> Spelling:
    def run(on: Any, a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
        only(on, f"np.nan{function.__name__}", out=out)
        return function(_filled(of_dtype(on, as_array(on, a), dtype), instead), axis=axis)

    return run


def _nan_extreme(function: Any, instead: float) -> Spelling:
    def reduce(on: Any, a: Any, axis: Any = None, out: Any = None, keepdims: Any = False) -> Any:
        only(on, f"np.nan{function.__name__}", out=out)
        a = as_array(on, a)
        found = function(_filled(a, instead), axis=axis, keepdims=bool(keepdims))
        if a.dtype.kind != "f":
            return found
        gone = np.isnan(a)
        return np.where(np.all(gone, axis=axis, keepdims=bool(keepdims)), np.nan, found)

    return reduce


def _left(a: Any, axis: Any, keepdims: Any) -> Any:
    """How many entries are no NaN, in the width of the array."""
    here = np.sum(np.logical_not(np.isnan(a)), axis=axis, keepdims=bool(keepdims))
    return here.astype(np.float64) if a.dtype == np.float64 else here.astype(np.float64).astype(a.dtype)


def _nanmean(on: Any, a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False) -> Any:
    only(on, "np.nanmean", out=out)
    a = of_dtype(on, floating(on, as_array(on, a)), dtype)
    return np.nansum(a, axis=axis, keepdims=bool(keepdims)) / _left(a, axis, keepdims)


def _nanvar(
    on: Any, a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: Any = 0, keepdims: Any = False
) -> Any:
    only(on, "np.nanvar", out=out)
    a = of_dtype(on, floating(on, as_array(on, a)), dtype)
    apart = np.where(np.isnan(a), 0.0, a - np.nanmean(a, axis=axis, keepdims=True))
    left = _left(a, axis, keepdims) - known(on, ddof, "ddof=")
    found = np.sum(np.square(apart), axis=axis, keepdims=bool(keepdims)) / left
    return np.where(left > 0, found, np.nan)


def _nanstd(
    on: Any, a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: Any = 0, keepdims: Any = False
) -> Any:
    a = of_dtype(on, floating(on, as_array(on, a)), dtype)
    spread = _nanvar(on, a, axis, None, out, ddof, keepdims)
    keep = bool(keepdims)
    even = np.equal(np.nanmax(a, axis=axis, keepdims=keep), np.nanmin(a, axis=axis, keepdims=keep))
    # where nothing differs the root has no slope, and the deviation is given none, as np.std
    return np.where(np.logical_and(even, np.isfinite(spread)), 0.0, np.sqrt(spread))


REDUCTIONS: Spellings = MappingProxyType(
    {
        **{f: _plain(f) for f in (np.sum, np.prod, np.mean)},
        **{f: _untyped(f) for f in (np.max, np.min, np.amax, np.amin, np.any, np.all)},
        np.std: _deviation("std"),
        np.var: _deviation("var"),
        np.ptp: _ptp,
        np.count_nonzero: _count_nonzero,
        np.average: _average,
        np.cumsum: _running("cumsum"),
        np.cumprod: _running("cumprod"),
        np.sort: _sort,
        np.argsort: _argsort,
        np.partition: _partition,
        np.argpartition: _argpartition,
        np.quantile: _quantile,
        np.percentile: _percentile,
        np.median: _median,
        np.nansum: _nan_as(np.sum, 0.0),
        np.nanprod: _nan_as(np.prod, 1.0),
        np.nancumsum: _nan_running(np.cumsum, 0.0),
        np.nancumprod: _nan_running(np.cumprod, 1.0),
        np.nanmax: _nan_extreme(np.max, -np.inf),
        np.nanmin: _nan_extreme(np.min, np.inf),
        np.nanmean: _nanmean,
        np.nanvar: _nanvar,
        np.nanstd: _nanstd,
        **({np.cumulative_sum: _cumulative("cumsum", 0.0)} if hasattr(np, "cumulative_sum") else {}),
        **({np.cumulative_prod: _cumulative("cumprod", 1.0)} if hasattr(np, "cumulative_prod") else {}),
    }
)

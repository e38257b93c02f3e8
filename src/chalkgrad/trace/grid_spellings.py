"""NumPy functions of sampled functions and series: differences, integrals, interpolation, filters, moments."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import numpy as np

from chalkgrad.trace.decide import numbers_of
from chalkgrad.trace.holder import Holder
from chalkgrad.trace.reading import (
    Spellings,
    along,
    as_array,
    axes_at,
    axis_at,
    flat,
    floating,
    known,
    of_dtype,
    only,
    refuse,
    shape,
    traced,
)

_NO_VALUE: Any = np._NoValue  # NumPy's own default of prepend and append


def _diff(on: Any, a: Any, n: Any = 1, axis: Any = -1, prepend: Any = _NO_VALUE, append: Any = _NO_VALUE) -> Any:
    a, times = as_array(on, a), known(on, n, "n=")
    if not len(a.shape):
        raise refuse(on, "np.diff of a number, which has no axis")
    at = axis_at(on, axis, len(a.shape))
    if times < 0:
        raise refuse(on, f"np.diff: n counts from 0 on, and is {times}")
    ends: list[Any] = []
    for end in (prepend, append):
        e = None if end is _NO_VALUE else as_array(on, end)
        whole = (*a.shape[:at], 1, *a.shape[at + 1 :])
        ends.append(np.broadcast_to(e, whole) if e is not None and not len(e.shape) else e)
    parts = [p for p in (ends[0], a, ends[1]) if p is not None]
    a = np.concatenate(parts, at) if len(parts) > 1 else a
    for _ in range(times):
        later, earlier = a[along(at, slice(1, None))], a[along(at, slice(None, -1))]
        a = np.not_equal(later, earlier) if a.dtype == bool else later - earlier
    return a


def _ediff1d(on: Any, ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    a = flat(as_array(on, ary))
    ends = [None if e is None else flat(as_array(on, e)) for e in (to_begin, to_end)]
    if any(e is not None and e.dtype.kind == "f" and a.dtype.kind != "f" for e in ends):
        raise refuse(on, f"np.ediff1d would cut floats down to {a.dtype}; convert the array with .astype(float) first")
    parts = [of_dtype(on, p, a.dtype) for p in (ends[0], np.diff(a), ends[1]) if p is not None]
    return np.concatenate(parts) if len(parts) > 1 else parts[0]


def _gradient(on: Any, f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    f = floating(on, as_array(on, f))
    axes = axes_at(on, axis, len(f.shape))
    if edge_order not in (1, 2):
        raise refuse(on, f"edge_order of np.gradient is 1 or 2, not {edge_order}")
    steps: list[Any] = list(varargs) or [1.0]
    if len(steps) == 1 and not shape(steps[0]):
        steps = steps * len(axes)
    if len(steps) != len(axes):
        raise refuse(on, f"np.gradient is given {len(steps)} spacings for {len(axes)} axes")
    found = [of_dtype(on, _slope(on, f, step, at, edge_order), f.dtype) for step, at in zip(steps, axes, strict=True)]
    return found[0] if len(found) == 1 else tuple(found)


def _slope(on: Any, f: Any, spacing: Any, at: int, edge_order: int) -> Any:
    n: int = f.shape[at]
    if n < edge_order + 1:
        raise refuse(on, f"np.gradient with edge_order={edge_order} needs {edge_order + 1} entries, axis {at} has {n}")

    def read(start: int | None, stop: int | None) -> Any:
        return f[along(at, slice(start, stop))]

    h: Any = spacing
    if shape(spacing):
        places = as_array(on, spacing)
        if tuple(places.shape) != (n,):
            raise refuse(on, f"np.gradient: places of shape {tuple(places.shape)} for {n} entries along axis {at}")
        h = np.diff(places)
        if not traced(h) and np.all(h == h[0]):
            h = h[0]
    even = not shape(h)

    def gap(k: int) -> Any:
        return h if even else h[k]

    if even:
        inner = (read(2, None) - read(None, -2)) / (2.0 * h)
    else:
        wide = (-1, *[1] * (len(f.shape) - at - 1))
        left, right = h[:-1], h[1:]
        weights = (
            -right / (left * (left + right)),
            (right - left) / (left * right),
            left / (right * (left + right)),
        )
        a, b, c = [w.reshape(wide) for w in weights]
        inner = a * read(None, -2) + b * read(1, -1) + c * read(2, None)
    if edge_order == 1:
        first = (read(1, 2) - read(0, 1)) / gap(0)
        last = (read(n - 1, n) - read(n - 2, n - 1)) / gap(-1)
    else:
        p, q = gap(0), gap(1)
        first = (
            -(2.0 * p + q) / (p * (p + q)) * read(0, 1)
            + (p + q) / (p * q) * read(1, 2)
            - p / (q * (p + q)) * read(2, 3)
        )
        p, q = gap(-2), gap(-1)
        last = (
            q / (p * (p + q)) * read(n - 3, n - 2)
            - (p + q) / (p * q) * read(n - 2, n - 1)
            + (2.0 * q + p) / (q * (p + q)) * read(n - 1, n)
        )
    return np.concatenate([first, inner, last], at)


def _trapezoid(on: Any, y: Any, x: Any = None, dx: Any = 1.0, axis: Any = -1) -> Any:
    y = as_array(on, y)
    at = axis_at(on, axis, len(y.shape))
    width: Any = dx
    if x is not None:
        x = as_array(on, x)
        width = np.diff(x).reshape((-1, *[1] * (len(y.shape) - at - 1))) if len(x.shape) == 1 else np.diff(x, axis=axis)
    return np.sum(width * (y[along(at, slice(1, None))] + y[along(at, slice(None, -1))]) / 2.0, axis=at)


def _interp(on: Any, x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None) -> Any:
    only(on, "np.interp", period=period)
    given = [as_array(on, v).astype(np.float64) for v in (x, xp, fp)]
    ends = {"left": known(on, left, "left="), "right": known(on, right, "right=")}
    return on.write("interp", *given, **{k: float(v) for k, v in ends.items() if v is not None})


def _digitize(on: Any, x: Any, bins: Any, right: bool = False) -> Any:
    if traced(bins):
        raise refuse(on, "np.digitize into traced bins: whether they rise or fall is not known; write np.searchsorted")
    edges = np.asarray(bins)
    side = "left" if right else "right"
    if np.all(np.diff(edges) >= 0):
        return np.searchsorted(edges, x, side=side)
    if np.any(np.diff(edges) > 0):
        raise refuse(on, "np.digitize: the bins neither rise nor fall")
    return len(edges) - np.searchsorted(edges[::-1], x, side=side)


def _searchsorted(on: Any, a: Any, v: Any, side: str = "left", sorter: Any = None) -> Any:
    only(on, "np.searchsorted", sorter=sorter)
    return on.write("searchsorted", as_array(on, a), v, **({} if side == "left" else {"side": side}))


def _bincount(on: Any, x: Any, /, weights: Any = None, minlength: Any = 0) -> Any:
    """How often each place stands in x, or the sum of its weights. The places are decided, as those of `np.add.at`."""
    least = known(on, minlength, "minlength= of np.bincount")
    places = numbers_of(x, "a place of np.bincount") if isinstance(x, Holder) else np.asarray(x)
    try:
        times = np.bincount(places, minlength=least)
    except (TypeError, ValueError) as error:
        raise refuse(on, f"np.bincount: {error}") from None
    if weights is None:
        return times
    given = as_array(on, weights).astype(np.float64)  # as wide as NumPy has them
    if shape(given) != places.shape:
        raise refuse(on, f"np.bincount is given weights of shape {shape(given)} for {places.shape[0]} places")
    return on.write("scatter", given, index=places.tolist(), shape=times.shape)


def _linspace(
    on: Any,
    start: Any,
    stop: Any,
    num: Any = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: Any = 0,
    *,
    device: Any = None,
) -> Any:
    count = known(on, num, "num=")
    gaps = count - 1 if endpoint else count
    width = np.result_type(start, stop, 1.0)
    first, last = [of_dtype(on, as_array(on, v), width) for v in (start, stop)]
    step = (last - first) / gaps if gaps > 0 else (last - first) * np.nan
    whole = np.broadcast_shapes(tuple(first.shape), tuple(last.shape))
    ramp = np.arange(count, dtype=width).reshape((-1, *[1] * len(whole)))
    found = first + (ramp * step if gaps > 0 else ramp * (last - first))
    if endpoint and count > 1:  # the last one is `stop` itself, not a sum that has been rounded
        end = np.broadcast_to(last, (1, *whole))
        found = np.concatenate([found[:-1], end])
    found = of_dtype(on, found, dtype)
    at = axis_at(on, axis, len(whole) + 1)
    found = np.moveaxis(found, 0, at) if at else found
    return (found, step) if retstep else found


def _logspace(
    on: Any,
    start: Any,
    stop: Any,
    num: Any = 50,
    endpoint: bool = True,
    base: Any = 10.0,
    dtype: Any = None,
    axis: Any = 0,
) -> Any:
    return of_dtype(on, np.power(base, _linspace(on, start, stop, num, endpoint, axis=axis)), dtype)


def _unwrap(on: Any, p: Any, discont: Any = None, axis: Any = -1, *, period: Any = 2 * np.pi) -> Any:
    p = floating(on, as_array(on, p))
    at, turn = axis_at(on, axis, len(p.shape)), known(on, period, "period=")
    least = turn / 2 if discont is None else max(turn / 2, known(on, discont, "discont="))
    step = np.diff(p, axis=at)
    inside = np.mod(step + turn / 2, turn) - turn / 2
    inside = np.where(np.logical_and(np.equal(inside, -turn / 2), step > 0), turn / 2, inside)
    turned = np.where(np.abs(step) < least, 0.0, inside - step)
    later = p[along(at, slice(1, None))] + np.cumsum(turned, axis=at)
    return np.concatenate([p[along(at, slice(0, 1))], later], at)


def _line(on: Any, name: str, *values: Any) -> list[Any]:
    found = [np.atleast_1d(as_array(on, v)) for v in values]
    if any(len(v.shape) != 1 or not v.shape[0] for v in found):
        sizes = " and ".join(str(tuple(v.shape)) for v in found)
        raise refuse(on, f"np.{name} takes two arrays of one axis and one entry or more, not of shapes {sizes}")
    return found


def _convolve(on: Any, a: Any, v: Any, mode: str = "full") -> Any:
    a, v = _line(on, "convolve", a, v)
    if mode not in ("full", "same", "valid"):
        raise refuse(on, f"mode of np.convolve is 'full', 'same' or 'valid', not {mode!r}")
    if mode != "same":
        return on.write("convolve", a, v, **({} if mode == "full" else {"mode": mode}))
    long, short = max(a.shape[0], v.shape[0]), min(a.shape[0], v.shape[0])
    start = (short - 1) // 2
    return on.write("convolve", a, v)[start : start + long]


def _correlate(on: Any, a: Any, v: Any, mode: str = "valid") -> Any:
    a, v = _line(on, "correlate", a, v)
    n, m = a.shape[0], v.shape[0]
    if mode not in ("full", "same", "valid"):
        raise refuse(on, f"mode of np.correlate is 'full', 'same' or 'valid', not {mode!r}")
    if mode == "valid" or n >= m:
        return _convolve(on, a, v[::-1], mode)
    # NumPy turns the operands and the result round where the second is longer
    return _convolve(on, v, a[::-1], mode)[::-1]


def _cov(
    on: Any,
    m: Any,
    y: Any = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: Any = None,
    fweights: Any = None,
    aweights: Any = None,
    *,
    dtype: Any = None,
) -> Any:
    only(on, "np.cov", fweights=fweights, aweights=aweights)
    parts = [np.atleast_2d(floating(on, as_array(on, p))) for p in (m, y) if p is not None]
    parts = [p.T if not rowvar and p.shape[0] != 1 else p for p in parts]
    x = of_dtype(on, np.concatenate(parts) if len(parts) > 1 else parts[0], dtype or np.float64)
    left = x.shape[1] - ((0 if bias else 1) if ddof is None else known(on, ddof, "ddof="))
    if left <= 0:
        raise refuse(on, f"np.cov of {x.shape[1]} observations: ddof leaves nothing to divide by")
    apart = x - np.mean(x, axis=1, keepdims=True)
    return np.squeeze(apart @ apart.T / left)


def _corrcoef(on: Any, x: Any, y: Any = None, rowvar: bool = True, *, dtype: Any = None) -> Any:
    c = _cov(on, x, y, rowvar, dtype=dtype)
    if not len(c.shape):
        return c / c
    places = np.arange(c.shape[0])
    deviation = np.sqrt(c[places, places])
    return np.clip(c / deviation[:, None] / deviation[None, :], -1, 1)


GRIDS: Spellings = MappingProxyType(
    {
        np.diff: _diff,
        np.ediff1d: _ediff1d,
        np.gradient: _gradient,
        np.trapezoid: _trapezoid,
        np.unwrap: _unwrap,
        np.interp: _interp,
        np.digitize: _digitize,
        np.searchsorted: _searchsorted,
        np.bincount: _bincount,
        np.linspace: _linspace,
        np.logspace: _logspace,
        np.convolve: _convolve,
        np.correlate: _correlate,
        np.cov: _cov,
        np.corrcoef: _corrcoef,
    }
)

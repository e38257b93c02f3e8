"""Sampled functions: interpolation between samples, and the convolution of two series."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chalkgrad.errors import ProgramError, ShapeError
from chalkgrad.ir.build import Value
from chalkgrad.ir.dims import dims_text
from chalkgrad.ir.types import ArrayType, promote
from chalkgrad.ops.choice import logical_and, where
from chalkgrad.ops.gather import put, take
from chalkgrad.ops.kernel import Kernel, axes, equal, fn, inputs, lift, nest
from chalkgrad.ops.kernel import where as pick
from chalkgrad.ops.local import Local, Through, constant, times
from chalkgrad.ops.nests import both, counted
from chalkgrad.ops.op import DECLARED, Kink, spread, structured
from chalkgrad.ops.search import searchsorted

Types = tuple[ArrayType, ...]
Params = Mapping[str, Any]


def _interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None) -> Any:
    x, xp, fp = np.asarray(x), np.asarray(xp), np.asarray(fp)
    k = np.clip(np.searchsorted(xp, x, side="right") - 1, 0, max(len(xp) - 2, 0))
    after = np.minimum(k + 1, len(xp) - 1)
    gap = xp[after] - xp[k]
    share = np.where(gap == 0, 0, (x - xp[k]) / np.where(gap == 0, 1, gap))
    inside = np.where(x == xp[-1], fp[-1], fp[k] + (fp[after] - fp[k]) * share)
    low = fp[0] if left is None else left
    high = fp[-1] if right is None else right
    out = np.where(x < xp[0], low, np.where(x > xp[-1], high, inside))
    out = np.where(np.isnan(x), np.nan, out)
    return out.astype(np.result_type(x, xp, fp, np.float32))[()]


def _interp_types(types: Types, params: Params) -> Types:
    xp, fp = types[1].shape, types[2].shape
    if len(xp) != 1 or xp != fp or xp == (0,):
        raise ShapeError(f"places of shape {dims_text(xp)} for samples of shape {dims_text(fp)}: one axis, and as many")
    for end in ("left", "right"):
        if not isinstance(params.get(end), (int, float, type(None))):
            raise ProgramError(f"{end} is a number, not {params[end]!r}")
    if "bool" in [t.dtype for t in types]:
        raise ProgramError("interp needs numbers, not truth values: indicator(…) turns them into 0 and 1")
    out = promote(*[t.dtype for t in types])
    return (ArrayType(types[0].shape, out if out in ("float32", "float64") else "float64"),)


def _piece(x: Value, xp: Value, fp: Value) -> tuple[Value, Value, Value]:
    """Between which samples x stands, how far from the first to the second, and the slope there.

    At a sample it is the piece behind it. Raises ShapeError where there is one sample alone.
    """
    (n,) = xp.shape
    if not isinstance(n, int) or n < 2:
        raise ShapeError(f"interp: the gradient needs two samples or more, and their number; there are {n}")
    k = searchsorted(xp[1:-1], x, side="right")
    low = take(xp, k)
    gap = take(xp[1:], k) - low
    return k, (x - low) / gap, (take(fp[1:], k) - take(fp, k)) / gap


def _of_both(f: Value, k: Value, share: Value) -> Value:
    return take(f, k) * (1 - share) + take(f[1:], k) * share


def _to_both(u: Value, k: Value, share: Value, f: Value) -> Value:
    """What `_of_both` sends back to f."""
    (n,) = f.shape
    after: Value = put(u * share, k, shape=(n - 1,))
    return put(u * (1 - share), k, shape=(n,)) + after.apply("scatter", index=slice(1, None), shape=(n,))


def _inside(x: Value, xp: Value) -> Value:
    return logical_and(x >= xp[0], x <= xp[-1])


def _interp_vjp(
    want: Sequence[bool], y: Value, x: Value, xp: Value, fp: Value, left: Any = None, right: Any = None
) -> Sequence[Local | None]:
    k, share, slope = _piece(x, xp, fp)
    here = _inside(x, xp)
    zero = constant(0, y)

    def of_samples(u: Value) -> Value:
        inner = where(here, u, zero)
        back = _to_both(inner, k, share, fp)
        ends = ((x < xp[0], 0, left), (x > xp[-1], -1, right))
        for beyond, place, given in ends:
            if given is None:
                out = where(beyond, u, zero)
                total = out.apply("sum") if out.shape else out
                back = back + total.apply("scatter", index=place, shape=fp.shape)
        return back

    def of_places(u: Value) -> Value:
        inner = where(here, u * slope, zero)
        return -_to_both(inner, k, share, xp)

    return [
        times(where(here, slope, zero), x) if want[0] else None,
        Through(of_places, "-u · slope, shared by the two places around") if want[1] else None,
        Through(of_samples, "u, shared by the two samples around") if want[2] else None,
    ]


def _interp_jvp(tangents: Any, y: Value, x: Value, xp: Value, fp: Value, left: Any = None, right: Any = None) -> Value:
    k, share, slope = _piece(x, xp, fp)
    here = _inside(x, xp)
    zero = constant(0, y)
    tx, tp, tf = tangents
    total: Any = zero
    if tx is not None:
        total = total + where(here, slope * tx, zero)
    if tp is not None:
        total = total - where(here, slope * _of_both(tp, k, share), zero)
    if tf is not None:
        total = total + where(here, _of_both(tf, k, share), zero)
        for beyond, place, given in ((x < xp[0], 0, left), (x > xp[-1], -1, right)):
            if given is None:
                total = total + where(beyond, tf[place], zero)
    return spread(total, y)


def _at_a_place(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None) -> Any:
    return np.isin(x, xp)


def _interp_kernel(types: Types, outs: Types, params: Params) -> Kernel:
    (x, xp, fp), (out,) = inputs(types), outs
    at, n = axes(*x.shape), xp.shape[0]
    last = lift(n) - 1
    reached = counted(xp, x, "right")
    piece = fn("maximum", fn("minimum", reached[at] - 1, last - 1), 0)
    low = nest(at, piece, "int64")
    k = low[at]
    after = fn("minimum", k + 1, last)
    here, gap = x[at], xp[after] - xp[k]
    share = pick(equal(gap, 0), 0, (here - xp[k]) / gap)
    inside = pick(equal(here, xp[last]), fp[last], fp[k] + (fp[after] - fp[k]) * share)
    below = fp[0] if params["left"] is None else params["left"]
    above = fp[last] if params["right"] is None else params["right"]
    found = pick(here < xp[0], below, pick(here > xp[last], above, inside))
    return nest(at, pick(fn("isnan", here), math.nan, found), out.dtype)


interp = structured(
    "interp",
    _interp,
    arity=3,
    types=_interp_types,
    params={"left": None, "right": None},
    vjp=_interp_vjp,
    jvp=_interp_jvp,
    samples=lambda rng: [
        ((np.array([0.3, 1.7, 2.2, -1.0, 4.0]), np.array([0.0, 1.0, 2.0, 3.5]), rng.normal(size=4)), {}),
        ((np.array([[0.3], [-1.0]]), np.array([0.0, 1.0]), rng.normal(size=2)), {"left": 2.0, "right": 0.5}),
        ((0.6, np.array([0.0, 1.0, 2.0]), rng.normal(size=3)), {}),
        ((np.zeros(0), np.array([0.0, 1.0]), rng.normal(size=2)), {}),
    ],
    kinks=(
        Kink(
            _at_a_place,
            f"{DECLARED}: at a sample the slope of the piece behind it",
            (1.0, np.array([0.0, 1.0, 3.0]), np.array([0.0, 1.0, 7.0])),
            (3.0, np.array([0.0, -3.0, 0.0]), np.array([0.0, 1.0, 0.0])),
            positions=(0, 1),
        ),
    ),
    note="straight lines between the samples, and flat beyond them",
    kernel=_interp_kernel,
)


def _convolve(a: Any, v: Any, mode: Any = "full") -> Any:
    return np.convolve(a, v, mode)


def _convolve_types(types: Types, params: Params) -> Types:
    mode = params.get("mode", "full")
    if mode not in ("full", "valid"):
        raise ProgramError(f"mode is 'full' or 'valid', not {mode!r}")
    if any(len(t.shape) != 1 or t.shape == (0,) for t in types):
        shapes = " and ".join(dims_text(t.shape) for t in types)
        raise ShapeError(f"series have one axis and one entry or more; these have shapes {shapes}")
    n, m = types[0].shape[0], types[1].shape[0]
    if mode == "full":
        size = n + m - 1
    elif isinstance(n, int) and isinstance(m, int):
        size = abs(n - m) + 1
    else:
        raise ShapeError(f"which of {n} and {m} entries is the longer is not known; in mode 'full' it need not be")
    out = promote(*[t.dtype for t in types])
    if out == "bool":
        raise ProgramError("series need numbers, not truth values: indicator(…) turns them into 0 and 1")
    return (ArrayType((size,), out),)


def _convolve_vjp(want: Sequence[bool], y: Value, a: Value, v: Value, mode: str = "full") -> Sequence[Local | None]:
    def other(x: Value, with_: Value) -> Local:
        def back(u: Value) -> Value:
            n, m = x.shape[0], with_.shape[0]
            longer = isinstance(n, int) and isinstance(m, int) and n > m
            if mode == "valid" and not longer:  # the shorter one slides over the other
                return convolve(with_[::-1], u, mode="valid")
            return convolve(u, with_[::-1], mode="full" if mode == "valid" else "valid")

        return Through(back, "u convolved with the other series, turned round")

    return [other(a, v) if want[0] else None, other(v, a) if want[1] else None]


def _convolve_kernel(types: Types, outs: Types, params: Params) -> Kernel | None:
    a, v = inputs(types)
    n, m = a.shape[0], v.shape[0]
    if params["mode"] == "full":
        (k,), (j,) = axes(*outs[0].shape), axes(n)
        behind = lift(k) - lift(j)
        term = pick(both(behind >= 0, behind < lift(m)), a[j] * v[behind], 0)
        return nest((k,), term, outs[0].dtype, "sum", (j,))
    if not (isinstance(n, int) and isinstance(m, int)):
        return None
    long, short = (a, v) if n >= m else (v, a)
    (k,), (j,) = axes(*outs[0].shape), axes(min(n, m))
    term = short[j] * long[lift(k) + (min(n, m) - 1) - lift(j)]
    return nest((k,), term, outs[0].dtype, "sum", (j,))


convolve = structured(
    "convolve",
    _convolve,
    scalar=_convolve,
    arity=2,
    types=_convolve_types,
    params={"mode": "full"},
    linear_in=(0, 1),
    vjp=_convolve_vjp,
    numpy=(np.convolve,),
    samples=lambda rng: [
        ((rng.normal(size=4), rng.normal(size=3)), {}),
        ((rng.normal(size=2), rng.normal(size=5)), {"mode": "valid"}),
        ((rng.normal(size=5), rng.normal(size=2)), {"mode": "valid"}),
        ((rng.normal(size=3), rng.normal(size=3)), {"mode": "valid"}),
        ((rng.normal(size=1), rng.normal(size=3)), {}),
    ],
    note="y[k] = Σ a[j]·v[k - j]: the second series is turned round, which a filter of a network is not",
    kernel=_convolve_kernel,
)

"""The median and other quantiles: a weighted mean of one or two of the sorted entries."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from chalkgrad.errors import ProgramError, ShapeError
from chalkgrad.ir.build import Value
from chalkgrad.ir.dims import count
from chalkgrad.ir.types import ArrayType
from chalkgrad.ops import batching
from chalkgrad.ops.choice import defined
from chalkgrad.ops.kernel import Kernel, Routine, View, axes, fn, inputs, nest
from chalkgrad.ops.kernel import where as pick
from chalkgrad.ops.local import Local, Route
from chalkgrad.ops.nests import rows_of
from chalkgrad.ops.op import DECLARED, Kink, structured
from chalkgrad.ops.order import argsort, put_along, take_along
from chalkgrad.ops.reduction import REDUCE, Axis, axes_of, kept, reduced
from chalkgrad.ops.shape import broadcast_to, reshape, transpose

Types = tuple[ArrayType, ...]
# How far from the lower of two entries to the upper one a quantile stands, by NumPy's name of the method, from its
# place among the sorted entries, which need not be a whole number.
METHODS: Mapping[str, Callable[[float], float]] = {
    "linear": lambda place: place % 1,
    "lower": lambda place: 0.0,
    "higher": lambda place: float(place % 1 > 0),
    "midpoint": lambda place: 0.5 * (place % 1 > 0),
    "nearest": lambda place: float(np.rint(place) > np.floor(place)),
}
# Those that go between two entries; the others take one of them.
_BETWEEN = ("linear", "midpoint")


def _quantile(x: Any, q: float = 0.5, axis: Axis = None, keepdims: bool = False, method: Any = "linear") -> Any:
    return np.quantile(x, q, axis=axis, keepdims=keepdims, method=method)


def _types(types: Types, params: Mapping[str, Any]) -> Types:
    q, method, shape = params.get("q", 0.5), params.get("method", "linear"), types[0].shape
    if not isinstance(q, (int, float)) or not 0 <= q <= 1:
        raise ProgramError(f"a quantile stands from 0 to 1, and not at {q!r}")
    if method not in METHODS:
        raise ProgramError(f"method {method!r} has no reading here; use one of {', '.join(METHODS)}")
    n = count(tuple(shape[a] for a in axes_of(shape, params.get("axis"))))
    if not isinstance(n, int) or n == 0:
        raise ShapeError(f"a quantile of {n} entries: their number must be known, and not be 0")
    (out,) = reduced(types, params)
    if out.dtype == "bool":
        raise ProgramError("a quantile needs numbers, not truth values: indicator(…) turns them into 0 and 1")
    return (out if out.floating or method in ("lower", "higher", "nearest") else ArrayType(out.shape),)


def _weights(n: int, q: float, method: str) -> Any:
    """What each of the n sorted entries counts."""
    place = float(q) * (n - 1)
    low, upper = int(place), METHODS[method](place)
    weights = np.zeros(n)
    weights[low] = 1 - upper
    if upper:
        weights[low + 1] = upper
    return weights


def _order(x: Value, axis: Axis) -> tuple[int, ...]:
    """The axes of x with those that are reduced put last."""
    axes = axes_of(x.shape, axis)
    return (*[i for i in range(len(x.shape)) if i not in axes], *axes)


def _rows(x: Value, axis: Axis) -> Value:
    """Every group of entries as a row."""
    axes, order = axes_of(x.shape, axis), _order(x, axis)
    turned = x if order == tuple(range(len(order))) else transpose(x, axes=order)
    rest = tuple(x.shape[i] for i in order[: len(order) - len(axes)])
    whole: Any = (*rest, count(tuple(x.shape[a] for a in axes)))
    return turned if turned.shape == whole else reshape(turned, shape=whole)


def _back(rows: Value, x: Value, axis: Axis) -> Value:
    """The inverse of `_rows`."""
    order = _order(x, axis)
    turned: Any = tuple(x.shape[i] for i in order)
    apart = rows if rows.shape == turned else reshape(rows, shape=turned)
    if order == tuple(range(len(order))):
        return apart
    return transpose(apart, axes=tuple(int(i) for i in np.argsort(order)))


def _vjp(
    want: Any, y: Value, x: Value, q: float = 0.5, axis: Axis = None, keepdims: bool = False, method: str = "linear"
) -> Sequence[Local]:
    rows = _rows(x, axis)
    order = argsort(rows)

    def move(u: Value) -> Value:
        weights: Any = _weights(int(rows.shape[-1]), q, method).astype(x.type.dtype)
        over = _rows(broadcast_to(kept(defined(u, y), x, axis), shape=x.shape), axis)
        return _back(put_along(over * weights, order, shape=rows.shape), x, axis)

    return [Route(move, "to the entries that the quantile stands at or between")]


def _jvp(
    tangents: Any, y: Value, x: Value, q: float = 0.5, axis: Axis = None, keepdims: bool = False, method: str = "linear"
) -> Value:
    rows = _rows(x, axis)
    weights: Any = _weights(int(rows.shape[-1]), q, method).astype(x.type.dtype)
    terms = take_along(_rows(tangents[0], axis), argsort(rows)) * weights
    total: Value = terms.apply("sum", axis=-1)
    return defined(total if total.shape == y.shape else reshape(total, shape=y.shape), y)


def _tied(x: Any, q: float = 0.5, axis: Axis = None, keepdims: bool = False, method: str = "linear") -> Any:
    """Whether an entry that counts equals one that does not."""
    x = np.asarray(x)
    axes = axes_of(x.shape, axis)
    rows = np.moveaxis(x, axes, range(-len(axes), 0)).reshape(-1, int(np.prod([x.shape[a] for a in axes])))
    counts = _weights(rows.shape[1], q, method) > 0
    ordered = np.sort(rows, axis=1)
    return np.any((ordered[:, 1:] == ordered[:, :-1]) & (counts[1:] != counts[:-1]))


def _kernel(types: Types, outs: Types, params: Mapping[str, Any]) -> Kernel:
    (x,), (out,) = inputs(types), outs
    rows = rows_of(x, params["axis"])
    n: Any = rows.shape[1]
    ordered, (row,) = Routine("sort", (rows,), rows.shape, x.dtype), axes(rows.shape[0])
    place, method = float(params["q"]) * (n - 1), params["method"]
    low, upper = int(place), METHODS[method](place)
    a, b = ordered[row, low], ordered[row, min(low + 1, n - 1)]
    if method in _BETWEEN:  # NumPy's own steps, at whole places too: infinity less infinity is NaN
        upper = float(n) if method == "linear" and low == n - 1 else upper
        between: Any = a + (b - a) * upper if upper < 0.5 else b - (b - a) * (1 - upper)
    else:
        between = b if upper else a
    last = ordered[row, n - 1]
    found = pick(fn("isnan", last), last, between)
    return View(nest((row,), found, out.dtype), out.shape)


quantile = structured(
    "quantile",
    _quantile,
    types=_types,
    params={"q": 0.5, **REDUCE, "method": "linear"},
    vjp=_vjp,
    jvp=_jvp,
    samples=lambda rng: [
        ((rng.permutation(5) / 3.0,), {}),
        ((rng.permutation(6) / 3.0,), {"q": 0.3}),
        ((rng.permutation(24).reshape(2, 3, 4) / 3.0,), {"axis": 1, "q": 0.9}),
        ((rng.permutation(24).reshape(2, 3, 4) / 3.0,), {"axis": (2, 0), "keepdims": True, "q": 0.4}),
        ((rng.permutation(6).reshape(2, 3) / 3.0,), {"axis": -1, "method": "midpoint", "q": 0.4}),
        ((rng.permutation(6).reshape(2, 3) / 3.0,), {"axis": 0, "method": "higher", "keepdims": True, "q": 0.2}),
        ((np.zeros((0, 3)),), {"axis": 1}),
    ],
    kinks=(
        Kink(
            _tied,
            f"{DECLARED}: the earlier of equal elements keeps its place",
            (np.array([1.0, 1.0, 0.0]),),
            (np.array([1.0, 0.0, 0.0]),),
        ),
    ),
    note="the gradient goes to the entries that the quantile stands at, or between",
    batch=batching.along_axis,
    kernel=_kernel,
)

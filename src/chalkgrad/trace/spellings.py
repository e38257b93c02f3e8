"""NumPy functions that are another op under another name, or several: the few that no op record can list.

Each takes first `on`, a traced value of the call, whose `write` adds the step.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from chalkgrad.trace.numpy_table import plain


def _stack(on: Any, arrays: Any, axis: int = 0) -> Any:
    out = on.write("stack", *arrays)
    rank = len(out.shape)
    place = _axis(on, axis, rank)
    if place == 0:
        return out
    return on.write("transpose", out, axes=(*range(1, place + 1), 0, *range(place + 1, rank)))


def _clip(on: Any, a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:
    low, high = (a_min if min is None else min), (a_max if max is None else max)
    return on.write("clip", a, -math.inf if low is None else low, math.inf if high is None else high)


def _norm(on: Any, x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    if ord is not None and len(x.shape) != 1:
        raise on.session.refuse(
            "np.linalg.norm of a matrix with ord= is not the norm of its entries; leave ord out for that one"
        )
    return on.match(np.linalg.norm, x, ord=ord, axis=axis, keepdims=keepdims)


def _ravel(on: Any, a: Any, order: str = "C") -> Any:
    return on.match(np.reshape, a, (-1,), order=order)


def _squeeze(on: Any, a: Any, axis: Any = None) -> Any:
    shape = a.shape
    axes = [i for i, n in enumerate(shape) if n == 1] if axis is None else _axes(on, axis, len(shape))
    if any(shape[i] != 1 for i in axes):
        raise on.session.refuse(f"np.squeeze: an axis of shape {shape} that is to go has more than one entry")
    return on.write("reshape", a, shape=tuple(n for i, n in enumerate(shape) if i not in axes))


def _expand_dims(on: Any, a: Any, axis: Any) -> Any:
    count = len(axis) if isinstance(axis, (tuple, list)) else 1
    rank = len(a.shape) + count
    axes = _axes(on, axis, rank)
    rest = iter(a.shape)
    return on.write("reshape", a, shape=tuple(1 if i in axes else next(rest) for i in range(rank)))


def _swapaxes(on: Any, a: Any, axis1: int, axis2: int) -> Any:
    order = list(range(len(a.shape)))
    i, j = _axis(on, axis1, len(order)), _axis(on, axis2, len(order))
    order[i], order[j] = order[j], order[i]
    return on.write("transpose", a, axes=tuple(order))


def _moveaxis(on: Any, a: Any, source: Any, destination: Any) -> Any:
    rank = len(a.shape)
    here, there = _axes(on, source, rank), _axes(on, destination, rank)
    order = [i for i in range(rank) if i not in here]
    for to, axis in sorted(zip(there, here, strict=True)):
        order.insert(to, axis)
    return on.write("transpose", a, axes=tuple(order))


def _copy(on: Any, a: Any) -> Any:
    return a.copy()


def _shape(on: Any, a: Any) -> Any:
    return a.shape


def _ndim(on: Any, a: Any) -> int:
    return len(a.shape)


def _size(on: Any, a: Any, axis: int | None = None) -> int:
    return math.prod(a.shape) if axis is None else a.shape[axis]


def _like(make: Callable[..., Any]) -> Callable[..., Any]:
    def like(on: Any, a: Any, dtype: Any = None, *, shape: Any = None) -> Any:
        return make(a.shape if shape is None else shape, dtype or a.dtype)

    return like


def _full_like(on: Any, a: Any, fill_value: Any, dtype: Any = None, *, shape: Any = None) -> Any:
    filled = plain(fill_value, "what np.full_like fills with", on.session.refuse)
    return np.full(a.shape if shape is None else shape, filled, dtype or a.dtype)


def _axis(on: Any, axis: Any, rank: int) -> int:
    at = plain(axis, "axis=", on.session.refuse)
    if not isinstance(at, int) or not -rank <= at < rank:
        raise on.session.refuse(f"there is no axis {at} among {rank}")
    return at % rank


def _axes(on: Any, axis: Any, rank: int) -> list[int]:
    given: Sequence[Any] = axis if isinstance(axis, (tuple, list)) else (axis,)
    return [_axis(on, a, rank) for a in given]


SPELLINGS: Mapping[Any, Callable[..., Any]] = MappingProxyType(
    {
        np.stack: _stack,
        np.clip: _clip,
        np.linalg.norm: _norm,
        np.ravel: _ravel,
        np.squeeze: _squeeze,
        np.expand_dims: _expand_dims,
        np.swapaxes: _swapaxes,
        np.moveaxis: _moveaxis,
        np.copy: _copy,
        np.shape: _shape,
        np.ndim: _ndim,
        np.size: _size,
        np.zeros_like: _like(np.zeros),
        np.ones_like: _like(np.ones),
        np.full_like: _full_like,
    }
)
# What gives NumPy's caller the same numbers again, seen otherwise: a write through one is seen in the other.
VIEWS: frozenset[Any] = frozenset(
    getattr(np, name)
    for name in (
        *("transpose", "permute_dims", "matrix_transpose", "swapaxes", "moveaxis", "rollaxis"),
        *("reshape", "ravel", "squeeze", "expand_dims", "atleast_1d", "atleast_2d", "atleast_3d"),
        *("broadcast_to", "diagonal", "diag", "flip", "fliplr", "flipud", "rot90"),
        *("split", "array_split", "hsplit", "vsplit"),
    )
)

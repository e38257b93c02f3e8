"""NumPy functions that give an array another shape, or read some of its entries."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import numpy as np

from chalkgrad.trace.reading import (
    Spellings,
    along,
    as_array,
    axes_at,
    axis_at,
    flat,
    known,
    of_dtype,
    only,
    refuse,
    shape,
    traced,
)


def _reshape(on: Any, a: Any, /, shape: Any = None, order: Any = "C", *, newshape: Any = None, copy: Any = None) -> Any:
    sizes = known(on, newshape if shape is None else shape, "the shape for np.reshape")
    sizes = (sizes,) if isinstance(sizes, int) else tuple(sizes)
    if order not in ("C", "F"):
        raise refuse(on, f"np.reshape in order {order!r} hangs on how the array lies in memory; use 'C' or 'F'")
    if order == "C":
        return on.match(np.reshape, a, sizes)
    turned = on.write("reshape", on.write("transpose", a), shape=sizes[::-1])
    return on.write("transpose", turned)


def _ravel(on: Any, a: Any, order: Any = "C") -> Any:
    return _reshape(on, a, (-1,), order)


def _squeeze(on: Any, a: Any, axis: Any = None) -> Any:
    sizes = a.shape
    axes = [i for i, n in enumerate(sizes) if n == 1] if axis is None else axes_at(on, axis, len(sizes))
    if any(sizes[i] != 1 for i in axes):
        raise refuse(on, f"np.squeeze: an axis of shape {sizes} that is to go has more than one entry")
    return on.write("reshape", a, shape=tuple(n for i, n in enumerate(sizes) if i not in axes))


def _expand_dims(on: Any, a: Any, axis: Any) -> Any:
    rank = len(a.shape) + (len(axis) if isinstance(axis, (tuple, list)) else 1)
    axes = axes_at(on, axis, rank)
    rest = iter(a.shape)
    return on.write("reshape", a, shape=tuple(1 if i in axes else next(rest) for i in range(rank)))


def swapaxes(on: Any, a: Any, axis1: int, axis2: int) -> Any:
    """np.swapaxes."""
    order = list(range(len(a.shape)))
    i, j = axis_at(on, axis1, len(order)), axis_at(on, axis2, len(order))
    order[i], order[j] = order[j], order[i]
    return on.write("transpose", a, axes=tuple(order))


def _moveaxis(on: Any, a: Any, source: Any, destination: Any) -> Any:
    rank = len(a.shape)
    here, there = axes_at(on, source, rank), axes_at(on, destination, rank)
    if len(here) != len(there):
        raise refuse(on, f"np.moveaxis is given {len(here)} axes and {len(there)} places for them")
    order = [i for i in range(rank) if i not in here]
    for to, axis in sorted(zip(there, here, strict=True)):
        order.insert(to, axis)
    return on.write("transpose", a, axes=tuple(order))


def _rollaxis(on: Any, a: Any, axis: Any, start: Any = 0) -> Any:
    rank = len(a.shape)
    at, to = axis_at(on, axis, rank), known(on, start, "start=")
    to += rank if to < 0 else 0
    if not 0 <= to <= rank:
        raise refuse(on, f"np.rollaxis: there is no place {start} among {rank} axes")
    order = [i for i in range(rank) if i != at]
    order.insert(to - 1 if at < to else to, at)
    return on.write("transpose", a, axes=tuple(order))


def _matrix_transpose(on: Any, x: Any, /) -> Any:
    if len(x.shape) < 2:
        raise refuse(on, f"np.matrix_transpose of shape {x.shape}, which is no matrix")
    return swapaxes(on, x, -1, -2)


def _at_least(rank: int, same: Callable[..., Any]) -> Callable[..., Any]:
    def one(on: Any, given: Any) -> Any:
        a = as_array(on, given)
        have = tuple(a.shape)
        if len(have) >= rank:  # itself, which lies as it lay: a copy would lie by rows
            return on.write("reshape", a, shape=have) if traced(a) else a
        missing = rank - len(have)
        sizes = (*have, *[1] * missing) if len(have) in (0, 2) else (1, *have, *[1] * (missing - 1))
        return on.write("reshape", a, shape=sizes) if traced(a) else a.reshape(sizes)

    def at_least(on: Any, *arys: Any) -> Any:
        if len(arys) == 1:
            return one(on, arys[0])
        return tuple([same(a) for a in arys])  # each a view of its own array

    return at_least


def _copy(on: Any, a: Any, order: str = "K", subok: bool = False) -> Any:
    return a.copy()


def _shape(on: Any, a: Any) -> Any:
    return a.shape


def _ndim(on: Any, a: Any) -> int:
    return len(a.shape)


def _size(on: Any, a: Any, axis: Any = None) -> int:
    axes = axes_at(on, axis, len(a.shape))
    return math.prod(a.shape[i] for i in axes)


def _triangle(indices: Any) -> Callable[..., Any]:
    def places(on: Any, arr: Any, k: Any = 0) -> Any:
        if len(arr.shape) != 2:
            raise refuse(on, f"a triangle is one of a matrix, not of an array of shape {tuple(arr.shape)}")
        return indices(arr.shape[0], known(on, k, "k="), arr.shape[1])

    return places


def _diag_indices_from(on: Any, arr: Any) -> Any:
    if len(set(arr.shape)) != 1 or len(arr.shape) < 2:
        raise refuse(on, f"np.diag_indices_from needs axes of one length, not shape {tuple(arr.shape)}")
    return np.diag_indices(arr.shape[0], len(arr.shape))


def _like(make: Callable[..., Any]) -> Callable[..., Any]:
    def like(on: Any, a: Any, dtype: Any = None, order: Any = "K", subok: bool = True, shape: Any = None) -> Any:
        return make(a.shape if shape is None else known(on, shape, "shape="), dtype or a.dtype)

    return like


def _full_like(
    on: Any, a: Any, fill_value: Any, dtype: Any = None, order: Any = "K", subok: bool = True, shape: Any = None
) -> Any:
    a = as_array(on, a)
    return _full(on, a.shape if shape is None else shape, fill_value, dtype or a.dtype)


def _full(on: Any, shape: Any, fill_value: Any, dtype: Any = None, order: Any = "C") -> Any:
    sizes = known(on, shape, "shape=")
    sizes = (sizes,) if isinstance(sizes, int) else tuple(sizes)
    if not traced(fill_value):
        return np.full(sizes, fill_value, dtype)
    fill = of_dtype(on, as_array(on, fill_value), dtype)
    return np.broadcast_to(fill, sizes).copy()


def _take(on: Any, a: Any, indices: Any, axis: Any = None, out: Any = None, mode: str = "raise") -> Any:
    only(on, "np.take", out=out)
    a = as_array(on, a)
    if axis is None:
        a, axis = flat(a), 0
    at = axis_at(on, axis, len(a.shape))
    n: int = a.shape[at]
    if mode not in ("raise", "wrap", "clip"):
        raise refuse(on, f"mode of np.take is 'raise', 'wrap' or 'clip', not {mode!r}")
    if traced(indices):
        places = as_array(on, indices)
        places = np.mod(places, n) if mode == "wrap" else np.clip(places, 0, n - 1) if mode == "clip" else places
        return on.write("take", a, places, **({"axis": at} if at else {}))
    places = np.asarray(indices)
    if places.dtype.kind not in "iu" and places.size:
        raise refuse(on, f"np.take: indices are whole numbers, not {places.dtype}")
    places = places.astype(int)
    places = places % n if mode == "wrap" else np.clip(places, 0, n - 1) if mode == "clip" else places
    return a[along(at, places if places.ndim else places.item())]


def _take_along_axis(on: Any, arr: Any, indices: Any, axis: Any = -1) -> Any:
    a, places = as_array(on, arr), as_array(on, indices)
    if axis is None:
        a, axis = flat(a), 0
    at = axis_at(on, axis, len(a.shape))
    n: int = a.shape[at]
    if not traced(indices) and places.size and (np.min(places) < -n or np.max(places) >= n):
        raise refuse(on, f"np.take_along_axis: a place is outside of axis {at}, which has {n} entries")
    if len(places.shape) == len(a.shape):  # the other axes broadcast
        whole = np.broadcast_shapes(*[tuple(1 if i == at else n for i, n in enumerate(s.shape)) for s in (a, places)])
        a = _spread(a, (*whole[:at], a.shape[at], *whole[at + 1 :]))
        places = _spread(places, (*whole[:at], places.shape[at], *whole[at + 1 :]))
    return on.write("take_along", a, places, **({} if at == len(a.shape) - 1 else {"axis": at}))


def _spread(a: Any, sizes: tuple[Any, ...]) -> Any:
    return a if tuple(a.shape) == sizes else np.broadcast_to(a, sizes)


def _places(on: Any, condition: Any, name: str) -> Any:
    if traced(condition):
        raise refuse(
            on,
            f"np.{name} with a condition that is traced: how many entries it keeps is not known before it is run; "
            "write np.where(condition, x, 0.0)",
        )
    return np.flatnonzero(np.asarray(condition))


def _compress(on: Any, condition: Any, a: Any, axis: Any = None, out: Any = None) -> Any:
    only(on, "np.compress", out=out)
    places = _places(on, condition, "compress")
    if axis is None:
        a, axis = flat(a), 0
    return a[along(axis_at(on, axis, len(a.shape)), places)]


def _extract(on: Any, condition: Any, arr: Any) -> Any:
    return flat(arr)[_places(on, condition, "extract")]


def _choose(on: Any, a: Any, choices: Any, out: Any = None, mode: str = "raise") -> Any:
    only(on, "np.choose", out=out)
    given = list(choices)
    which = as_array(on, a)
    if mode not in ("raise", "wrap", "clip"):
        raise refuse(on, f"mode of np.choose is 'raise', 'wrap' or 'clip', not {mode!r}")
    if mode == "raise" and traced(which):
        raise refuse(on, "np.choose by traced numbers, which may be out of range; give mode='clip' or mode='wrap'")
    last = len(given) - 1
    if mode == "raise" and np.any((which < 0) | (which > last)):
        raise refuse(on, f"np.choose: a choice is none of 0 to {last}")
    which = np.mod(which, last + 1) if mode == "wrap" else np.clip(which, 0, last)
    found = given[last]
    for k in range(last - 1, -1, -1):
        found = np.where(np.equal(which, k), given[k], found)
    return _spread(found, np.broadcast_shapes(tuple(which.shape), *[tuple(shape(c)) for c in given]))


def _select(on: Any, condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    if len(condlist) != len(choicelist) or not condlist:
        raise refuse(on, f"np.select is given {len(condlist)} conditions and {len(choicelist)} choices")
    found = default
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        found = np.where(condition, choice, found)
    sizes = [tuple(shape(v)) for v in (*condlist, *choicelist, default)]
    return _spread(found, np.broadcast_shapes(*sizes))


def _where(on: Any, condition: Any, *branches: Any) -> Any:
    if len(branches) != 2:
        raise refuse(
            on,
            "np.where with a condition alone gives places, and how many there are is not known before it is run; "
            "write np.where(condition, a, b)",
        )
    return on.match(np.where, condition, *branches)


SHAPES: Spellings = MappingProxyType(
    {
        np.reshape: _reshape,
        np.ravel: _ravel,
        np.squeeze: _squeeze,
        np.expand_dims: _expand_dims,
        np.swapaxes: swapaxes,
        np.moveaxis: _moveaxis,
        np.rollaxis: _rollaxis,
        np.atleast_1d: _at_least(1, np.atleast_1d),
        np.atleast_2d: _at_least(2, np.atleast_2d),
        np.atleast_3d: _at_least(3, np.atleast_3d),
        np.copy: _copy,
        np.shape: _shape,
        np.ndim: _ndim,
        np.size: _size,
        np.zeros_like: _like(np.zeros),
        np.ones_like: _like(np.ones),
        np.empty_like: _like(np.zeros),
        np.full_like: _full_like,
        np.tril_indices_from: _triangle(np.tril_indices),
        np.triu_indices_from: _triangle(np.triu_indices),
        np.diag_indices_from: _diag_indices_from,
        np.take: _take,
        np.take_along_axis: _take_along_axis,
        np.compress: _compress,
        np.extract: _extract,
        np.choose: _choose,
        np.select: _select,
        np.where: _where,
        **({np.matrix_transpose: _matrix_transpose} if hasattr(np, "matrix_transpose") else {}),
    }
)

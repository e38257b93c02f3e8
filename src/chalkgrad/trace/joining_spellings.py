"""NumPy functions that put arrays together, or take them apart."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
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
    shaped,
    traced,
)
from chalkgrad.trace.shape_spellings import swapaxes


def _arrays(on: Any, arrays: Any, name: str) -> list[Any]:
    found = [as_array(on, a) for a in arrays]
    if not found:
        raise refuse(on, f"np.{name} is given no array")
    return found


def _stack(
    on: Any, arrays: Any, axis: int = 0, out: Any = None, *, dtype: Any = None, casting: str = "same_kind"
) -> Any:
    only(on, "np.stack", out=out)
    found = on.write("stack", *arrays)
    rank = len(found.shape)
    place = axis_at(on, axis, rank)
    if place:
        found = on.write("transpose", found, axes=(*range(1, place + 1), 0, *range(place + 1, rank)))
    return of_dtype(on, found, dtype)


def _concatenate(
    on: Any, arrays: Any, /, axis: Any = 0, out: Any = None, *, dtype: Any = None, casting: str = "same_kind"
) -> Any:
    only(on, "np.concatenate", out=out)
    found = _arrays(on, arrays, "concatenate")
    if axis is None:
        found, axis = [flat(a) for a in found], 0
    elif not shape(found[0]):
        raise refuse(on, "np.concatenate of numbers, which have no axis; write np.stack([a, b])")
    at = axis_at(on, axis, len(shape(found[0])))
    return of_dtype(on, on.write("concatenate", *found, **({"axis": at} if at else {})), dtype)


def _vstack(on: Any, tup: Any, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    return _concatenate(on, [np.atleast_2d(a) for a in _arrays(on, tup, "vstack")], 0, dtype=dtype)


def _hstack(on: Any, tup: Any, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    found = [np.atleast_1d(a) for a in _arrays(on, tup, "hstack")]
    return _concatenate(on, found, 0 if len(found[0].shape) == 1 else 1, dtype=dtype)


def _dstack(on: Any, tup: Any) -> Any:
    return _concatenate(on, [np.atleast_3d(a) for a in _arrays(on, tup, "dstack")], 2)


def _column_stack(on: Any, tup: Any) -> Any:
    found = _arrays(on, tup, "column_stack")
    return _concatenate(on, [a if len(a.shape) > 1 else a.reshape((-1, 1)) for a in found], 1)


def _append(on: Any, arr: Any, values: Any, axis: Any = None) -> Any:
    arr, values = as_array(on, arr), as_array(on, values)
    if axis is None:
        return _concatenate(on, [flat(arr), flat(values)], 0)
    return _concatenate(on, [arr, values], axis)


def _depth(arrays: Any) -> int:
    return 1 + max(map(_depth, arrays), default=0) if isinstance(arrays, list) else 0


def _block(on: Any, arrays: Any) -> Any:
    depth = _depth(arrays)

    def rank(part: Any) -> int:
        return max(map(rank, part), default=0) if isinstance(part, list) else len(shape(part))

    whole = max(depth, rank(arrays))

    def put(part: Any, level: int) -> Any:
        if isinstance(part, list):
            return _concatenate(on, [put(p, level + 1) for p in part], whole - depth + level)
        one = as_array(on, part)
        return one.reshape((1,) * (whole - len(one.shape)) + tuple(one.shape))

    return put(arrays, 0)


def _parts(on: Any, ary: Any, cuts: Any, axis: Any, name: str, even: bool) -> list[Any]:
    a = as_array(on, ary)
    at = axis_at(on, axis, len(a.shape))
    n: int = a.shape[at]
    cuts = known(on, cuts, f"where np.{name} cuts")
    if isinstance(cuts, int):
        if cuts < 1 or (even and n % cuts):
            raise refuse(on, f"np.{name}: {n} entries do not split into {cuts} equal parts")
        small, more = divmod(n, cuts)
        points = np.cumsum([0, *[small + 1] * more, *[small] * (cuts - more)]).tolist()
    else:
        points = [0, *cuts, n]
    return [a[along(at, slice(start, stop))] for start, stop in pairwise(points)]


def _split(on: Any, ary: Any, indices_or_sections: Any, axis: Any = 0) -> list[Any]:
    return _parts(on, ary, indices_or_sections, axis, "split", True)


def _array_split(on: Any, ary: Any, indices_or_sections: Any, axis: Any = 0) -> list[Any]:
    return _parts(on, ary, indices_or_sections, axis, "array_split", False)


def _hsplit(on: Any, ary: Any, indices_or_sections: Any) -> list[Any]:
    return _parts(on, ary, indices_or_sections, min(1, len(shape(ary)) - 1), "hsplit", True)


def _vsplit(on: Any, ary: Any, indices_or_sections: Any) -> list[Any]:
    if len(shape(ary)) < 2:
        raise refuse(on, "np.vsplit splits rows, and needs an array of two axes or more")
    return _parts(on, ary, indices_or_sections, 0, "vsplit", True)


def _dsplit(on: Any, ary: Any, indices_or_sections: Any) -> list[Any]:
    return _parts(on, ary, indices_or_sections, 2, "dsplit", True)


def _unstack(on: Any, x: Any, /, *, axis: Any = 0) -> tuple[Any, ...]:
    at = axis_at(on, axis, len(x.shape))
    return tuple([x[along(at, k)] for k in range(x.shape[at])])


def _tile(on: Any, A: Any, reps: Any) -> Any:
    times = known(on, reps, "how often np.tile repeats")
    times = (times,) if isinstance(times, int) else tuple(times)
    a = as_array(on, A)
    rank = max(len(times), len(a.shape))
    sizes = (1,) * (rank - len(a.shape)) + tuple(a.shape)
    times = (1,) * (rank - len(times)) + times
    if all(r == 1 for r in times):
        return a.reshape(sizes).copy()
    apart = a.reshape(tuple(n for size in sizes for n in (1, size)))
    wide = np.broadcast_to(apart, tuple(n for r, size in zip(times, sizes, strict=True) for n in (r, size)))
    return wide.reshape(tuple(r * size for r, size in zip(times, sizes, strict=True)))


def _repeat(on: Any, a: Any, repeats: Any, axis: Any = None) -> Any:
    times = known(on, repeats, "how often np.repeat repeats")
    a = as_array(on, a)
    if axis is None:
        a, axis = flat(a), 0
    at = axis_at(on, axis, len(a.shape))
    n: int = a.shape[at]
    if isinstance(times, tuple) and len(times) == 1:
        times = times[0]
    if isinstance(times, int):
        before, after = tuple(a.shape[:at]), tuple(a.shape[at + 1 :])
        wide = np.broadcast_to(a.reshape((*before, n, 1, *after)), (*before, n, times, *after))
        return wide.reshape((*before, n * times, *after))
    if len(times) != n:
        raise refuse(on, f"np.repeat is given {len(times)} counts for {n} entries")
    return a[along(at, np.repeat(np.arange(n), times))]


def _roll(on: Any, a: Any, shift: Any, axis: Any = None) -> Any:
    shift = known(on, shift, "the shift of np.roll")
    a = as_array(on, a)
    if axis is None:
        turn = sum(shift) if isinstance(shift, tuple) else shift
        return shaped(_rolled(on, flat(a), turn, 0), a.shape)
    axes: Sequence[Any] = axis if isinstance(axis, (tuple, list)) else (axis,)
    shifts: Sequence[int] = shift if isinstance(shift, tuple) else (shift,) * len(axes)
    axes = tuple(axes) * len(shifts) if len(axes) == 1 else axes
    if len(shifts) != len(axes):
        raise refuse(on, f"np.roll is given {len(shifts)} shifts for {len(axes)} axes")
    for s, one in zip(shifts, axes, strict=True):
        a = _rolled(on, a, s, axis_at(on, one, len(a.shape)))
    return a


def _rolled(on: Any, a: Any, shift: int, at: int) -> Any:
    n: int = a.shape[at]
    cut = -shift % n if n else 0
    if not cut:
        return a.copy()
    return np.concatenate([a[along(at, slice(cut, None))], a[along(at, slice(cut))]], at)


# Modes of np.pad that copy entries; the others compute some.
_COPIES = ("edge", "reflect", "symmetric", "wrap")


def _pad(on: Any, array: Any, pad_width: Any, mode: Any = "constant", **options: Any) -> Any:
    a = as_array(on, array)
    rank = len(a.shape)
    widths = _pairs(on, pad_width, rank)
    if mode != "constant" and mode not in _COPIES:
        modes = ", ".join(("constant", *_COPIES))
        raise refuse(on, f"np.pad in mode {mode!r} has no reading here; use one of {modes}, or np.concatenate")
    values = options.pop("constant_values", 0) if mode == "constant" else None
    if options.pop("reflect_type", "even") != "even" or options:
        raise refuse(on, f"np.pad in mode {mode!r} with these options has no reading here; write np.concatenate")
    fill: Any = values
    if values is not None and not traced(values):
        fill = np.broadcast_to(np.asarray(values), (rank, 2)).tolist()
    elif values is not None and not shape(values):
        fill = as_array(on, values)
        if fill.dtype.kind == "f" and a.dtype.kind != "f":
            raise refuse(
                on, f"np.pad would cut constant_values of {fill.dtype} down to {a.dtype}; write np.concatenate"
            )
        fill = of_dtype(on, fill, a.dtype)
    elif values is not None:
        raise refuse(on, "np.pad with several traced constant_values has no reading here; write np.concatenate")
    for at, (before, after) in enumerate(widths):
        n: int = a.shape[at]
        if mode == "constant":
            ends = fill[at] if isinstance(fill, list) else (fill, fill)
            parts = [_filled(a, at, before, ends[0]), a, _filled(a, at, after, ends[1])]
        else:
            if not n and before + after:
                raise refuse(on, f"np.pad: axis {at} has no entry to pad with")
            places = np.pad(np.arange(n), (before, after), mode=mode)
            parts = [a[along(at, places[:before])], a, a[along(at, places[before + n :])]]
        kept = [p for p, size in zip(parts, (before, 1, after), strict=True) if size]
        a = np.concatenate(kept, at) if len(kept) > 1 else a
    return a if any(map(any, widths)) else a.copy()


def _filled(a: Any, at: int, size: int, value: Any) -> Any:
    sizes = (*a.shape[:at], size, *a.shape[at + 1 :])
    return np.broadcast_to(value, sizes) if traced(value) else np.full(sizes, value, a.dtype)


def _pairs(on: Any, width: Any, rank: int) -> list[tuple[int, int]]:
    """How many entries are put before and after, an axis."""
    if isinstance(width, dict):
        given: dict[int, Any] = {axis_at(on, k, rank): known(on, v, "pad_width") for k, v in width.items()}
        return [tuple(np.broadcast_to(given.get(at, 0), 2).tolist()) for at in range(rank)]
    pairs = np.broadcast_to(np.asarray(known(on, width, "pad_width")), (rank, 2))
    if pairs.size and (pairs.dtype.kind != "i" or pairs.min() < 0):
        raise refuse(on, f"np.pad: pad_width is whole numbers from 0 on, not {width!r}")
    return [tuple(p) for p in pairs.tolist()]


def _meshgrid(on: Any, *xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> tuple[Any, ...]:
    if indexing not in ("xy", "ij"):
        raise refuse(on, f"indexing of np.meshgrid is 'xy' or 'ij', not {indexing!r}")
    if not copy:
        raise refuse(on, "np.meshgrid with copy=False gives views of its arguments; leave it out")
    rank = len(xi)
    order = [1, 0, *range(2, rank)] if indexing == "xy" and rank > 1 else list(range(rank))
    flat = [
        as_array(on, x).reshape(tuple(-1 if i == at else 1 for i in range(rank)))
        for x, at in zip(xi, order, strict=True)
    ]
    return tuple([f.copy() for f in (flat if sparse else np.broadcast_arrays(*flat))])


def _broadcast_arrays(on: Any, *args: Any, subok: bool = False) -> tuple[Any, ...]:
    whole = np.broadcast_shapes(*[tuple(shape(a)) for a in args])
    if all(tuple(shape(a)) == whole for a in args):
        return tuple([as_array(on, a) for a in args])
    return tuple([np.broadcast_to(a, whole) for a in args])


def _delete(on: Any, arr: Any, obj: Any, axis: Any = None) -> Any:
    a = flat(arr) if axis is None else arr
    at = axis_at(on, 0 if axis is None else axis, len(a.shape))
    gone: Any = obj if isinstance(obj, slice) else np.asarray(known(on, obj, "what np.delete takes out"))
    gone = gone if isinstance(obj, slice) or gone.size else gone.astype(int)
    try:
        left = np.delete(np.arange(a.shape[at]), gone)
    except (IndexError, ValueError) as error:
        raise refuse(on, f"np.delete: {error}") from None
    return a[along(at, left)]


def _flip(on: Any, m: Any, axis: Any = None) -> Any:
    axes = axes_at(on, axis, len(m.shape))
    every = tuple([slice(None, None, -1) if i in axes else slice(None) for i in range(len(m.shape))])
    return on.write("index", m, index=every)


def _fliplr(on: Any, m: Any) -> Any:
    return _flip(on, m, 1)


def _flipud(on: Any, m: Any) -> Any:
    return _flip(on, m, 0)


def _rot90(on: Any, m: Any, k: int = 1, axes: Any = (0, 1)) -> Any:
    first, second = axes_at(on, axes, len(m.shape))
    turns = known(on, k, "k= of np.rot90") % 4
    if turns in (0, 2):
        return _flip(on, m, (first, second) if turns else ())
    if turns == 1:
        return swapaxes(on, _flip(on, m, second), first, second)
    return _flip(on, swapaxes(on, m, first, second), second)


JOINING: Spellings = MappingProxyType(
    {
        np.stack: _stack,
        np.concatenate: _concatenate,
        np.vstack: _vstack,
        np.hstack: _hstack,
        np.dstack: _dstack,
        np.column_stack: _column_stack,
        np.append: _append,
        np.block: _block,
        np.split: _split,
        np.array_split: _array_split,
        np.hsplit: _hsplit,
        np.vsplit: _vsplit,
        np.dsplit: _dsplit,
        np.tile: _tile,
        np.repeat: _repeat,
        np.roll: _roll,
        np.pad: _pad,
        np.meshgrid: _meshgrid,
        np.broadcast_arrays: _broadcast_arrays,
        np.delete: _delete,
        np.flip: _flip,
        np.fliplr: _fliplr,
        np.flipud: _flipud,
        np.rot90: _rot90,
        **({np.unstack: _unstack} if hasattr(np, "unstack") else {}),
    }
)

"""An array with some entries replaced: what a write such as `a[i] = v` leaves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chalkgrad.errors import ProgramError, ShapeError
from chalkgrad.ir.build import Value
from chalkgrad.ir.dims import Shape, dims_text
from chalkgrad.ir.types import ArrayType, promote
from chalkgrad.ops import batching
from chalkgrad.ops.choice import where
from chalkgrad.ops.kernel import Kernel, Scatter, Types, View, Write, axes, cast, inputs
from chalkgrad.ops.kernel import spread as spread_over
from chalkgrad.ops.local import Local, Route, constant, fit
from chalkgrad.ops.op import structured
from chalkgrad.ops.places import coordinates
from chalkgrad.ops.shape import broadcast_to, index, reshape


def _updated(x: Any, value: Any, index: Any = ()) -> Any:
    keys = index if isinstance(index, tuple) else (index,)
    keys = tuple([np.asarray(k, dtype=None if k else int) if isinstance(k, list) else k for k in keys])
    x = np.asarray(x)
    out = np.array(x, dtype=np.result_type(x, value) if np.result_type(x).itemsize > 8 else None)
    out[keys] = value[()] if isinstance(value, np.ndarray) else value  # of objects, NumPy would store the array itself
    return out[()]


def _updated_types(types: tuple[ArrayType, ...], params: Mapping[str, Any]) -> tuple[ArrayType, ...]:
    x, value = types
    slot = index.infer((x,), {"index": params.get("index", ())})[0].shape
    if promote(x.dtype, value.dtype) != x.dtype and not x.floating:
        raise ProgramError(f"{value.dtype} does not go into {x.dtype} without loss")
    _inner(value.shape, slot)
    return (x,)


def _inner(shape: Shape, slot: Shape) -> Shape:
    """The shape without the leading axes of size 1 that NumPy overlooks when it writes.

    Raises ShapeError where it does not spread over the slot.
    """
    extra = max(0, len(shape) - len(slot))
    inner = shape[extra:]
    fits = all(n == 1 for n in shape[:extra]) and all(
        a in (1, b) for a, b in zip(reversed(inner), reversed(slot), strict=False)
    )
    if not fits:
        raise ShapeError(f"{dims_text(shape)} does not go into entries of shape {dims_text(slot)}")
    return inner


def _winners(shape: Shape, key: Any) -> Any:
    """Of the entries written, which stay: where a place is written twice, the last. None where all do."""
    sizes: Any = shape
    places = _updated_places(sizes, key)
    last = np.zeros(int(np.prod(sizes)), dtype=int)
    order = np.arange(places.size).reshape(places.shape)
    last[places] = order
    kept = last[places] == order
    return None if kept.all() else kept


def _updated_places(sizes: tuple[int, ...], key: Any) -> Any:
    numbers = np.arange(int(np.prod(sizes))).reshape(sizes)
    evaluate: Any = index.evaluate
    return np.asarray(evaluate(numbers, index=key))


def _updated_vjp(want: Sequence[bool], y: Value, x: Value, value: Value, index: Any = ()) -> Sequence[Local | None]:
    key = index

    def of_value(u: Value) -> Value:
        entries = read(u, index=key)
        kept = _winners(x.shape, key)
        if kept is not None:
            entries = where(entries.builder.value(kept), entries, constant(0, entries))
        inner = _inner(value.shape, entries.shape)
        back = fit(entries, inner)
        back = back if inner == value.shape else reshape(back, shape=value.shape)
        narrow = back.type.dtype != value.type.dtype and value.type.floating
        return back.apply("cast", dtype=value.type.dtype) if narrow else back

    return [
        Route(lambda u: updated(u, constant(0, u), index=key), "kept where nothing was written, 0 elsewhere"),
        Route(of_value, "read back from where it was written"),
    ]


def _updated_jvp(tangents: Any, y: Value, x: Value, value: Value, index: Any = ()) -> Value:
    along, of_value = tangents
    if along is None:
        along = constant(0, y)
        along = broadcast_to(along, shape=y.shape) if y.shape else along
    return updated(along, constant(0, y) if of_value is None else of_value, index=index)


# under another name where a rule has a parameter called index
read = index


def _updated_kernel(types: Types, outs: Types, params: Any) -> Kernel:
    (x, value), (out,) = inputs(types), outs
    keys = params["index"] if isinstance(params["index"], tuple) else (params["index"],)
    key = tuple([np.asarray(k, None if k else int) if isinstance(k, list) else k for k in keys])
    slot: Any = read.infer((types[0],), {"index": params["index"]})[0].shape
    at = axes(*slot)
    inner = View(value, _inner(value.shape, slot))
    write = Write(at, coordinates(out.shape, key, at), cast(spread_over(inner, at), out.dtype))
    return Scatter(out.shape, out.dtype, x, (write,))


updated = structured(
    "updated",
    _updated,
    scalar=_updated,
    arity=2,
    types=_updated_types,
    params={"index": ()},
    vjp=_updated_vjp,
    jvp=_updated_jvp,
    samples=lambda rng: [
        ((rng.normal(size=4), 1.5), {"index": 2}),
        ((rng.normal(size=(3, 4)), rng.normal(size=4)), {"index": 1}),
        ((rng.normal(size=(3, 4)), rng.normal(size=(1, 3, 1))), {"index": (slice(None), slice(None, None, 2))}),
        ((rng.normal(size=4), rng.normal(size=3)), {"index": [0, 0, 2]}),
        ((rng.normal(size=4), 2.5), {"index": [1, 1]}),
        ((rng.normal(size=(2, 2)), rng.normal(size=3)), {"index": [[True, False], [True, True]]}),
        ((rng.normal(size=4), rng.normal(size=0)), {"index": slice(2, 2)}),
        ((rng.normal(size=()), rng.normal(size=())), {"index": ()}),
    ],
    note="entries are replaced: the old ones get no gradient, and the new ones get theirs",
    batch=batching.replaced,
    kernel=_updated_kernel,
)

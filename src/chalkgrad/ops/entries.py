"""Indexing where some of the places are computed: `x[rows, labels]`, `x[k]`, `table[ids]`.

`index` is the index as it is written, with "#0", "#1", … where an array of places stands, which are further inputs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chalkgrad.errors import ProgramError, ShapeError
from chalkgrad.ir.build import Value
from chalkgrad.ir.dims import dims_text
from chalkgrad.ir.types import ArrayType
from chalkgrad.ops.kernel import Kernel, axes, inputs, nest
from chalkgrad.ops.local import Local, Route
from chalkgrad.ops.nests import put_into
from chalkgrad.ops.op import structured
from chalkgrad.ops.places import computed, indexed_shape

Types = tuple[ArrayType, ...]
Params = Mapping[str, Any]


def _filled(index: Any, places: Any) -> Any:
    """The index with the places in it."""
    whole = [places[int(i[1:])] if isinstance(i, str) else np.asarray(i) if isinstance(i, list) else i for i in index]
    return tuple(whole)


def _entries(x: Any, *places: Any, index: Any = ()) -> Any:
    return np.asarray(x)[_filled(index, places)]


def _read(shape: Any, places: Types, index: Any) -> Any:
    """The shape of what is read."""
    for type in places:
        if type.dtype != "int64":
            raise ProgramError(f"places are whole numbers, not {type.dtype}")
    if not all(isinstance(n, int) for n in (*shape, *[n for t in places for n in t.shape])):
        raise ShapeError(f"places in an array of shape {dims_text(shape)} need its sizes as numbers")
    firsts = [np.zeros(t.shape, int) for t in places]  # type: ignore[arg-type]  # ints, as was seen
    try:
        return indexed_shape(shape, _filled(index, firsts))
    except IndexError as error:
        raise ShapeError(f"{str(error)[:1].lower()}{str(error)[1:]}, in an array of shape {dims_text(shape)}") from None


def _entries_types(types: Types, params: Params) -> Types:
    return (ArrayType(_read(types[0].shape, types[1:], params["index"]), types[0].dtype),)


def _entries_vjp(want: Sequence[bool], y: Value, x: Value, *places: Value, index: Any) -> Sequence[Local | None]:
    words = "put back where it was taken from, 0 elsewhere"
    return [Route(lambda u: put_entries(u, *places, index=index, shape=x.shape), words), *[None] * len(places)]


def _entries_kernel(types: Types, outs: Types, params: Params) -> Kernel:
    (x, *places), at = inputs(types), axes(*outs[0].shape)
    return nest(at, x[computed(x.shape, params["index"], places, at)], outs[0].dtype)


entries = structured(
    "entries",
    _entries,
    arity=-1,
    types=_entries_types,
    params={"index": ()},
    linear_in=(0,),
    vjp=_entries_vjp,
    samples=lambda rng: [
        ((rng.normal(size=4), np.array([3, 0, 0])), {"index": ("#0",)}),
        ((rng.normal(size=(3, 4)), np.array([3, 1, 1])), {"index": ([0, 1, 1], "#0")}),
        ((rng.normal(size=(3, 4)), np.array([[2], [-1]]), np.array([0, 3])), {"index": ("#0", "#1")}),
        ((rng.normal(size=(2, 3, 4)), np.int64(1)), {"index": (slice(None), "#0", slice(None, None, 2))}),
        ((rng.normal(size=(3, 2)), np.int64(-1)), {"index": ("#0", None)}),
    ],
    note="reads the entries at places that are computed; one that is read twice gets both gradients",
    kernel=_entries_kernel,
)


def _put_entries(x: Any, *places: Any, index: Any = (), shape: Any = ()) -> Any:
    out = np.zeros(shape, dtype=np.asarray(x).dtype)
    np.add.at(out, _filled(index, places), x)
    return out


def _put_types(types: Types, params: Params) -> Types:
    shape = tuple(params["shape"])
    read = _read(shape, types[1:], params["index"])
    if read != types[0].shape:
        raise ShapeError(f"entries of shape {dims_text(types[0].shape)} for places of shape {dims_text(read)}")
    return (ArrayType(shape, types[0].dtype),)


def _put_kernel(types: Types, outs: Types, params: Params) -> Kernel:
    (x, *places), (out,), at = inputs(types), outs, axes(*types[0].shape)
    return put_into(out.shape, out.dtype, at, computed(out.shape, params["index"], places, at), x[at])


put_entries = structured(
    "put_entries",
    _put_entries,
    plumbing=True,
    arity=-1,
    types=_put_types,
    params={"index": (), "shape": ()},
    linear_in=(0,),
    vjp=lambda want, y, x, *places, index, shape: [
        Route(lambda u: entries(u, *places, index=index), "read back"),
        *[None] * len(places),
    ],
    samples=lambda rng: [
        ((rng.normal(size=3), np.array([3, 0, 0])), {"index": ("#0",), "shape": (4,)}),
        ((rng.normal(size=3), np.array([3, 1, 1])), {"index": ([0, 1, 1], "#0"), "shape": (3, 4)}),
    ],
    kernel=_put_kernel,
)

"""Rules for many examples at once, shared by the records: see `Op.batch`.

Each is `(op, batched, *xs, **params)`; the examples stand along axis 0 of every x that is batched, and of the result.
None is given back where the rule has no reading of the params, and then a loop over the examples takes its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chalkgrad.ir.build import Value
from chalkgrad.ir.dims import count
from chalkgrad.ir.registry import lookup

Flags = Sequence[bool]


def _shifted(axis: Any) -> Any:
    """The axes of one example among those of many."""
    if isinstance(axis, (tuple, list)):
        return tuple([_shifted(a) for a in axis])
    return axis + 1 if axis >= 0 else axis


def _size(batched: Flags, xs: Sequence[Value]) -> Any:
    return next(x.shape[0] for x, several in zip(xs, batched, strict=True) if several)


def _all(batched: Flags, xs: Sequence[Value]) -> list[Value]:
    """Every x for many examples: what all share is repeated."""
    size = _size(batched, xs)
    pairs = zip(xs, batched, strict=True)
    return [x if several else x.apply("broadcast_to", shape=(size, *x.shape)) for x, several in pairs]


def stacked(op: Any, batched: Flags, *xs: Value, **params: Any) -> Any:
    """Of an op that takes stacks of its one input, as those of linear algebra do."""
    return op(*xs, **params)


def along_axis(op: Any, batched: Flags, *xs: Value, **params: Any) -> Any:
    """Of an op along `axis`, or over all axes where that is None."""
    xs = tuple(_all(batched, xs))
    axis = params.get("axis", op.params["axis"])
    every = tuple(range(1, len(xs[0].shape)))
    return op(*xs, **{**params, "axis": every if axis is None else _shifted(axis)})


def along_one(op: Any, batched: Flags, x: Value, **params: Any) -> Any:
    """Of an op of one input along one `axis`, or over all entries in their order where that is None."""
    axis = params.get("axis", op.params["axis"])
    if axis is not None:
        return op(x, **{**params, "axis": _shifted(axis)})
    ranks = (1,) * (len(x.shape) - 1)
    found = op(x.apply("reshape", shape=(x.shape[0], count(x.shape[1:]))), **{**params, "axis": 1, "keepdims": False})
    return found.apply("reshape", shape=(x.shape[0], *ranks)) if params.get("keepdims", False) else found


def into_shape(op: Any, batched: Flags, *xs: Value, **params: Any) -> Any:
    """Of an op whose result has the param `shape`, as put_along has, along `axis`."""
    xs = tuple(_all(batched, xs))
    changed = {**params, "shape": (xs[0].shape[0], *params["shape"])}
    if "axis" in op.params:
        changed["axis"] = _shifted(params.get("axis", op.params["axis"]))
    return op(*xs, **changed)


def _padded(x: Value, rank: int) -> Value:
    """With new axes behind the first, up to `rank` of them in all."""
    lacking = rank - len(x.shape)
    return x.apply("reshape", shape=(x.shape[0], *(1,) * lacking, *x.shape[1:])) if lacking else x


def broadcast(op: Any, batched: Flags, x: Value, *, shape: Any) -> Any:
    return op(_padded(x, len(shape) + 1), shape=(x.shape[0], *shape))


def summed_to(op: Any, batched: Flags, x: Value, *, shape: Any) -> Any:
    lacking = len(x.shape) - 1 - len(shape)
    found = op(x, shape=(x.shape[0], *(1,) * lacking, *shape))
    return found.apply("reshape", shape=(x.shape[0], *shape)) if lacking else found


def transposed(op: Any, batched: Flags, x: Value, *, axes: Any = None) -> Any:
    rank = len(x.shape) - 1
    order = range(rank - 1, -1, -1) if axes is None else [a % rank for a in axes]
    return op(x, axes=(0, *[a + 1 for a in order]))


def multiplied(op: Any, batched: Flags, a: Value, b: Value) -> Any:
    """Of matrix products, vectors included: a vector stands as a matrix of one row or one column."""
    left, right = len(a.shape) - batched[0], len(b.shape) - batched[1]
    if left == 1:
        a = a.apply("reshape", shape=(*a.shape[:-1], 1, a.shape[-1]))
    if right == 1:
        b = b.apply("reshape", shape=(*b.shape, 1))
    rank = max(len(x.shape) - several for x, several in zip((a, b), batched, strict=True)) + 1
    out = lookup("matmul")(*[_padded(x, rank) if several else x for x, several in zip((a, b), batched, strict=True)])
    shape = out.shape
    if left == 1:
        shape = (*shape[:-2], shape[-1])
    if right == 1:
        shape = shape[:-1]
    return out if shape == out.shape else out.apply("reshape", shape=shape)


def dotted(op: Any, batched: Flags, a: Value, b: Value) -> Any:
    """Of `dot`, which is the matrix product of vectors and matrices, and otherwise something else."""
    ranks = len(a.shape) - batched[0], len(b.shape) - batched[1]
    return multiplied(op, batched, a, b) if set(ranks) <= {1, 2} else None


def stack(op: Any, batched: Flags, *xs: Value) -> Any:
    out = op(*_all(batched, xs))
    return lookup("transpose")(out, axes=(1, 0, *range(2, len(out.shape))))


def read(op: Any, batched: Flags, x: Value, *, index: Any) -> Any:
    parts = index if isinstance(index, tuple) else (index,)
    if _apart(parts):
        return None
    return op(x, index=(slice(None), *parts))


def put(op: Any, batched: Flags, x: Value, *, index: Any, shape: Any) -> Any:
    parts = index if isinstance(index, tuple) else (index,)
    if _apart(parts):
        return None
    return op(x, index=(slice(None), *parts), shape=(x.shape[0], *shape))


def replaced(op: Any, batched: Flags, x: Value, value: Value, *, index: Any = ()) -> Any:
    parts = index if isinstance(index, tuple) else (index,)
    if _apart(parts):
        return None
    if not batched[0]:
        x = x.apply("broadcast_to", shape=(_size(batched, (x, value)), *x.shape))
    key = (slice(None), *parts)
    (slot,) = lookup("index").infer((x.type,), {"index": key})
    own = value.shape[1:] if batched[1] else value.shape
    own = own[max(0, len(own) - len(slot.shape) + 1) :]  # NumPy overlooks axes of size 1 in front
    shape = (*value.shape[: batched[1]], *(1,) * (len(slot.shape) - 1 - len(own)), *own)
    return op(x, value if shape == value.shape else value.apply("reshape", shape=shape), index=key)


def _apart(index: Sequence[Any]) -> bool:
    """Whether arrays of places stand apart in it: then NumPy puts their axes in front."""
    arrays = [not (i is None or i is ... or isinstance(i, slice)) for i in index]
    if not any(not isinstance(i, int) and array for i, array in zip(index, arrays, strict=True)):
        return False
    first, last = arrays.index(True), len(arrays) - 1 - arrays[::-1].index(True)
    return not all(arrays[first : last + 1])


def leading(op: Any, batched: Flags, *xs: Value, **params: Any) -> Any:
    """Of an op of several inputs that broadcasts over their leading axes."""
    rank = max(len(x.shape) - several for x, several in zip(xs, batched, strict=True)) + 1
    return op(*[_padded(x, rank) if several else x for x, several in zip(xs, batched, strict=True)], **params)


def solved(op: Any, batched: Flags, a: Value, b: Value) -> Any:
    """A right side that is one vector stands as a column, since a stack of vectors reads as a matrix."""
    if len(b.shape) - batched[1] > 1:
        return leading(op, batched, a, b)
    found = leading(op, batched, a, b.apply("reshape", shape=(*b.shape, 1)))
    return found.apply("reshape", shape=found.shape[:-1])


def outer(op: Any, batched: Flags, a: Value, b: Value) -> Any:
    if len(a.shape) - batched[0] != 1 or len(b.shape) - batched[1] != 1:
        return None
    column = a.apply("reshape", shape=(*a.shape, 1))
    return column * b.apply("reshape", shape=(*b.shape[:-1], 1, b.shape[-1]))


def lettered(op: Any, batched: Flags, *xs: Value, subscripts: str) -> Any:
    """Of einsum: the examples get a letter of their own."""
    terms, _, out = subscripts.replace(" ", "").partition("->")
    free = [c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if c not in subscripts]
    if "->" not in subscripts or "..." in subscripts or not free:
        return None
    parts = zip(terms.split(","), batched, strict=True)
    inputs = ",".join([free[0] + t if several else t for t, several in parts])
    return op(*xs, subscripts=f"{inputs}->{free[0]}{out}")


def diagonal(op: Any, batched: Flags, x: Value, **params: Any) -> Any:
    """Of an op that reads or writes a diagonal between `axis1` and `axis2`."""
    axes = {k: _shifted(params.get(k, op.params[k])) for k in ("axis1", "axis2")}
    shape = {"shape": (x.shape[0], *params["shape"])} if "shape" in params else {}
    return op(x, **{**params, **axes, **shape})

"""Moving and copying entries: broadcast, transpose, reshape, index, and the sums that undo them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chalkgrad.errors import ShapeError
from chalkgrad.ir.build import Value
from chalkgrad.ir.dims import Dim, Shape, broadcast, count, dims_text
from chalkgrad.ir.types import ArrayType, promote
from chalkgrad.ops import batching
from chalkgrad.ops.kernel import Axis, Expr, Kernel, View, axes, inputs, nest
from chalkgrad.ops.kernel import spread as spread_over
from chalkgrad.ops.local import Local, Route, constant, fit
from chalkgrad.ops.nests import end_to_end, put_into
from chalkgrad.ops.notation import Bracket, Function, Postfix, Subscript, Sum
from chalkgrad.ops.op import elementwise, structured
from chalkgrad.ops.places import coordinates, indexed_shape

Types = tuple[ArrayType, ...]
Params = Mapping[str, Any]


def _spread_kernel(types: Types, outs: Types, params: Params) -> Kernel:
    (x,), at = inputs(types), axes(*outs[0].shape)
    return nest(at, spread_over(x, at), outs[0].dtype)


def _view_kernel(types: Types, outs: Types, params: Params) -> Kernel:
    return View(inputs(types)[0], outs[0].shape)


def _broadcast_to(x: Any, shape: Any = ()) -> Any:
    return np.broadcast_to(x, shape)


def _broadcast_types(types: Types, params: Params) -> Types:
    shape = params["shape"]
    if broadcast(types[0].shape, shape) != shape:
        raise ShapeError(f"{dims_text(types[0].shape)} does not spread to {dims_text(shape)}")
    return (ArrayType(shape, types[0].dtype),)


broadcast_to = structured(
    "broadcast_to",
    _broadcast_to,
    notation=Function("broadcast_to", r"\operatorname{broadcast\_to}", paper="ones"),
    scalar=_broadcast_to,
    plumbing=True,
    types=_broadcast_types,
    params={"shape": ()},
    linear_in=(0,),
    vjp=lambda want, y, x, shape: [Route(lambda u: fit(u, x.shape), "the sum over the copies")],
    numpy=(np.broadcast_to,),
    samples=lambda rng: [((rng.normal(size=(3, 1)),), {"shape": (2, 3, 4)}), ((1.5,), {"shape": (2,)})],
    batch=batching.broadcast,
    kernel=_spread_kernel,
)


def _sum_to(x: Any, shape: Shape = ()) -> Any:
    x = np.asarray(x)
    x = x.sum(axis=tuple(range(x.ndim - len(shape))))
    axes = tuple(i for i, n in enumerate(shape) if n == 1 and x.shape[i] != 1)
    return x.sum(axis=axes, keepdims=True)[()] if axes else x[()]


def _sum_to_types(types: Types, params: Params) -> Types:
    shape = params["shape"]
    if broadcast(types[0].shape, shape) != types[0].shape:
        raise ShapeError(f"{dims_text(types[0].shape)} is not a broadcast of {dims_text(shape)}")
    return (ArrayType(shape, "int64" if types[0].dtype == "bool" else types[0].dtype),)


def _sum_to_kernel(types: Types, outs: Types, params: Params) -> Kernel:
    (x,), (out,) = inputs(types), outs
    every, extra = axes(*x.shape), len(x.shape) - len(out.shape)
    gone = tuple([a for k, a in enumerate(every) if k < extra or out.shape[k - extra] == 1 != a.extent])
    left = tuple([Axis(1) if a in gone else a for a in every[extra:]])
    return nest(left, x[every], out.dtype, "sum", gone)


sum_to = structured(
    "sum_to",
    _sum_to,
    scalar=_sum_to,
    plumbing=True,
    types=_sum_to_types,
    params={"shape": ()},
    linear_in=(0,),
    vjp=lambda want, y, x, shape: [
        Route(lambda u: broadcast_to(u, shape=x.shape), "a copy to every place it was summed from")
    ],
    notation=Function("sum_to", r"\Sigma"),
    samples=lambda rng: [((rng.normal(size=(2, 3, 4)),), {"shape": (3, 1)}), ((rng.normal(size=3),), {"shape": ()})],
    batch=batching.summed_to,
    kernel=_sum_to_kernel,
)


def _transpose(x: Any, axes: tuple[int, ...] | None = None) -> Any:
    return np.transpose(x, axes)


def _transpose_types(types: Types, params: Params) -> Types:
    shape, axes = types[0].shape, params.get("axes")
    rank = len(shape)
    order = tuple(reversed(range(rank))) if axes is None else tuple(axes)
    if not all(-rank <= a < rank for a in order) or sorted(a % rank for a in order) != list(range(rank)):
        raise ShapeError(f"axes {axes} do not reorder an array of shape {dims_text(shape)}")
    return (ArrayType(tuple(shape[a] for a in order), types[0].dtype),)


def _transpose_vjp(want: Any, y: Value, x: Value, axes: Any = None) -> Sequence[Local]:
    back = None if axes is None else tuple(int(a) for a in np.argsort([a % len(axes) for a in axes]))
    return [Route(lambda u: transpose(u, **({} if back is None else {"axes": back})), "transposed back")]


def _transpose_kernel(types: Types, outs: Types, params: Params) -> Kernel:
    (x,), at = inputs(types), axes(*outs[0].shape)
    rank = len(at)
    order = tuple(reversed(range(rank))) if params["axes"] is None else tuple([a % rank for a in params["axes"]])
    return nest(at, x[tuple([at[order.index(k)] for k in range(rank)])], outs[0].dtype)


transpose = structured(
    "transpose",
    _transpose,
    scalar=_transpose,
    types=_transpose_types,
    params={"axes": None},
    linear_in=(0,),
    vjp=_transpose_vjp,
    notation=Postfix("ᵀ", r"^\top"),
    numpy=(np.transpose,),
    samples=lambda rng: [((rng.normal(size=(2, 3)),), {}), ((rng.normal(size=(2, 3, 4)),), {"axes": (1, -1, 0)})],
    batch=batching.transposed,
    kernel=_transpose_kernel,
)


def _reshape(x: Any, shape: Any = ()) -> Any:
    return np.reshape(x, shape)


def _reshape_types(types: Types, params: Params) -> Types:
    old, new = types[0].shape, tuple(params["shape"])
    if -1 in new:
        rest, total = count(tuple(n for n in new if n != -1)), count(old)
        if not (isinstance(rest, int) and isinstance(total, int)) or rest == 0 or total % rest or new.count(-1) > 1:
            raise ShapeError(f"{dims_text(old)} cannot be reshaped to {dims_text(new)}")
        new = tuple(total // rest if n == -1 else n for n in new)
    if count(old) != count(new) or any(isinstance(n, int) and n < 0 for n in new):
        raise ShapeError(f"{dims_text(old)} has {count(old)} entries, {dims_text(new)} has {count(new)}")
    return (ArrayType(new, types[0].dtype),)


reshape = structured(
    "reshape",
    _reshape,
    scalar=_reshape,
    plumbing=True,
    types=_reshape_types,
    params={"shape": ()},
    linear_in=(0,),
    vjp=lambda want, y, x, shape: [Route(lambda u: reshape(u, shape=x.shape), "reshaped back")],
    numpy=(np.reshape,),
    samples=lambda rng: [
        ((rng.normal(size=(2, 6)),), {"shape": (3, -1)}),
        ((rng.normal(size=(2, 2)),), {"shape": (4,)}),
        ((rng.normal(size=(1, 1)),), {"shape": ()}),
    ],
    batch=batching.into_shape,
    kernel=_view_kernel,
)


def _index(x: Any, index: Any = ()) -> Any:
    return np.asarray(x)[_key(index)]


def _key(index: Any) -> Any:
    """The index as NumPy wants it: lists become arrays, and an empty one an array of no ints."""
    if isinstance(index, tuple):
        return tuple(_key(i) for i in index)
    return np.asarray(index, dtype=None if index else int) if isinstance(index, list) else index


def _index_types(types: Types, params: Params) -> Types:
    shape = types[0].shape
    if not all(isinstance(n, int) for n in shape):
        return (ArrayType(_index_named(shape, params["index"]), types[0].dtype),)
    sizes: Any = shape
    try:
        return (ArrayType(indexed_shape(sizes, _key(params["index"])), types[0].dtype),)
    except IndexError as error:
        raise ShapeError(f"{str(error)[:1].lower()}{str(error)[1:]}, in an array of shape {dims_text(shape)}") from None


def _index_named(shape: Shape, index: Any) -> Shape:
    """Only ints, full slices and new axes have a meaning where a size is a name."""
    out: list[Dim] = []
    axis = 0
    for i in index if isinstance(index, tuple) else (index,):
        if i is None:
            out.append(1)
            continue
        if axis >= len(shape):
            raise ShapeError(f"too many indices for shape {dims_text(shape)}")
        if isinstance(i, slice) and i == slice(None):
            out.append(shape[axis])
        elif not isinstance(i, int):
            raise ShapeError(f"index {i} of shape {dims_text(shape)} needs the size as a number")
        axis += 1
    return (*out, *shape[axis:])


def _index_kernel(types: Types, outs: Types, params: Params) -> Kernel:
    (x,), at = inputs(types), axes(*outs[0].shape)
    return nest(at, x[coordinates(x.shape, _key(params["index"]), at)], outs[0].dtype)


index = structured(
    "index",
    _index,
    scalar=_index,
    types=_index_types,
    params={"index": ()},
    linear_in=(0,),
    vjp=lambda want, y, x, index: [
        Route(lambda u: scatter(u, index=index, shape=x.shape), "put back where it was taken from, 0 elsewhere")
    ],
    notation=Subscript(),
    samples=lambda rng: [
        ((rng.normal(size=(3, 4)),), {"index": (1, slice(None, None, 2))}),
        ((rng.normal(size=4),), {"index": ([0, 0, 2],)}),
        ((rng.normal(size=4),), {"index": (slice(None), None)}),
        ((rng.normal(size=4),), {"index": [2, 0, 2, -1]}),
        ((rng.normal(size=4),), {"index": []}),
        ((rng.normal(size=4),), {"index": slice(3, None, -2)}),
        ((rng.normal(size=(3, 4)),), {"index": (Ellipsis, -1)}),
        ((rng.normal(size=(3, 4)),), {"index": ([0, 2, 2], [1, 1, 1])}),
        ((rng.normal(size=(3, 4)),), {"index": (slice(None), None, [3, 0])}),
        ((rng.normal(size=(2, 2)),), {"index": np.array([[True, False], [True, True]])}),
    ],
    note="reads some entries; the rest get no gradient, and one that is read twice gets both",
    batch=batching.read,
    kernel=_index_kernel,
)


def _scatter(x: Any, index: Any = (), shape: Any = ()) -> Any:
    out = np.zeros(shape, dtype=np.asarray(x).dtype)
    places = _key(index)
    parts = places if isinstance(places, tuple) else (places,)
    if all(isinstance(p, (int, slice, type(None), type(Ellipsis))) for p in parts):
        out[places] = x  # every place once, and much the quicker
    else:
        np.add.at(out, places, x)
    return out


def _scatter_types(types: Types, params: Params) -> Types:
    target = ArrayType(tuple(params["shape"]), types[0].dtype)
    (read,) = _index_types((target,), params)
    if read.shape != types[0].shape:
        raise ShapeError(f"{dims_text(types[0].shape)} does not fill index of shape {dims_text(read.shape)}")
    return (target,)


def _scatter_kernel(types: Types, outs: Types, params: Params) -> Kernel:
    (x,), (out,), at = inputs(types), outs, axes(*types[0].shape)
    return put_into(out.shape, out.dtype, at, coordinates(out.shape, _key(params["index"]), at), x[at])


scatter = structured(
    "scatter",
    _scatter,
    notation=Function("scatter", r"\operatorname{scatter}", paper="places"),
    plumbing=True,
    types=_scatter_types,
    params={"index": (), "shape": ()},
    linear_in=(0,),
    vjp=lambda want, y, x, index, shape: [Route(lambda u: globals()["index"](u, index=index), "read back")],
    samples=lambda rng: [
        ((rng.normal(size=3),), {"index": ([0, 0, 2],), "shape": (4,)}),
        ((rng.normal(size=3),), {"index": [1, 1, -1], "shape": (4,)}),
        ((rng.normal(size=2),), {"index": (1, slice(None, None, -2)), "shape": (2, 4)}),
    ],
    batch=batching.put,
    kernel=_scatter_kernel,
)


def _stack(*xs: Any) -> Any:
    return np.stack(np.broadcast_arrays(*xs), dtype=np.result_type(*xs))  # a bare number widens nothing


def _stack_types(types: Types, params: Params) -> Types:
    if not types:
        raise ShapeError("needs one entry or more")
    if any(t.shape != types[0].shape for t in types):
        raise ShapeError(f"entries of shapes {' and '.join(dims_text(t.shape) for t in types)} do not stack")
    return (ArrayType((len(types), *types[0].shape), promote(*[t.dtype for t in types])),)


def _stack_jvp(tangents: Sequence[Value | None], y: Value, *xs: Value) -> Any:
    zero = constant(0, y)
    filled = [zero.apply("broadcast_to", shape=x.shape) if x.shape else zero for x in xs]
    return stack(*[f if t is None else t for t, f in zip(tangents, filled, strict=True)])


def _stack_vjp(want: Sequence[bool], y: Value, *xs: Value) -> Sequence[Local | None]:
    def entry(k: int) -> Local:
        return Route(lambda u: u[k], f"entry {k}")

    return [entry(k) if w else None for k, w in enumerate(want)]


def _stack_kernel(types: Types, outs: Types, params: Params) -> Kernel:
    rows = [View(x, (1, *x.shape)) for x in inputs(types)]
    return end_to_end(rows, 0, outs[0].shape, outs[0].dtype)


stack = structured(
    "stack",
    _stack,
    scalar=_stack,
    arity=-1,
    types=_stack_types,
    jvp=_stack_jvp,
    vjp=_stack_vjp,
    notation=Bracket(),
    samples=lambda rng: [((1.5, -0.5, 2.0), {}), ((rng.normal(size=3), rng.normal(size=3)), {})],
    batch=batching.stack,
    kernel=_stack_kernel,
)


def _accumulate(*xs: Any) -> Any:
    total = xs[0]
    for x in xs[1:]:
        total = total + x
    return total


def _total_kernel(*xs: Expr) -> Expr:
    total = xs[0]
    for x in xs[1:]:
        total = total + x
    return total


accumulate = elementwise(
    "accumulate",
    _accumulate,
    lambda y, *xs: (1,) * len(xs),
    Sum(),
    arity=-1,
    narrowest="bool",
    note="a fork adds: the contributions of all paths are summed",
    kernel=_total_kernel,
)

"""Arrays put end to end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chalkgrad.errors import ShapeError
from chalkgrad.ir.build import Value
from chalkgrad.ir.dims import Dim, dims_text
from chalkgrad.ir.types import ArrayType, promote
from chalkgrad.ops import batching
from chalkgrad.ops.kernel import Kernel, inputs
from chalkgrad.ops.local import Local, Route, constant
from chalkgrad.ops.nests import end_to_end
from chalkgrad.ops.op import structured
from chalkgrad.ops.reduction import axes_of

Types = tuple[ArrayType, ...]


def _concatenate(*xs: Any, axis: int = 0) -> Any:
    return np.concatenate(xs, axis=axis)


def _types(types: Types, params: Mapping[str, Any]) -> Types:
    if not types:
        raise ShapeError("needs one array or more")
    first = types[0].shape
    (at,) = axes_of(first, params.get("axis", 0))
    whole: Dim = 0
    for t in types:
        if len(t.shape) != len(first) or any(
            m != n for i, (m, n) in enumerate(zip(t.shape, first, strict=True)) if i != at
        ):
            shapes = " and ".join(dims_text(t.shape) for t in types)
            raise ShapeError(f"shapes {shapes} differ elsewhere than along axis {at}")
        whole = whole + t.shape[at]
    return (ArrayType((*first[:at], whole, *first[at + 1 :]), promote(*[t.dtype for t in types])),)


def _vjp(want: Sequence[bool], y: Value, *xs: Value, axis: int = 0) -> Sequence[Local | None]:
    (at,) = axes_of(y.shape, axis)
    found: list[Local | None] = []
    start: Any = 0
    for wanted, x in zip(want, xs, strict=True):
        stop: Any = start + x.shape[at]
        found.append(_part(at, start, stop) if wanted else None)
        start = stop
    return found


def _part(at: int, start: Any, stop: Any) -> Local:
    return Route(lambda u: u[(*[slice(None)] * at, slice(start, stop))], f"entries {start} to {stop} along axis {at}")


def _jvp(tangents: Sequence[Value | None], y: Value, *xs: Value, axis: int = 0) -> Value:
    filled = [
        constant(0, y).apply("broadcast_to", shape=x.shape) if t is None else t
        for t, x in zip(tangents, xs, strict=True)
    ]
    return concatenate(*filled, axis=axis)


def _kernel(types: Types, outs: Types, params: Mapping[str, Any]) -> Kernel:
    (at,) = axes_of(outs[0].shape, params["axis"])
    return end_to_end(inputs(types), at, outs[0].shape, outs[0].dtype)


concatenate = structured(
    "concatenate",
    _concatenate,
    scalar=_concatenate,
    arity=-1,
    types=_types,
    params={"axis": 0},
    vjp=_vjp,
    jvp=_jvp,
    samples=lambda rng: [
        ((rng.normal(size=3), rng.normal(size=2)), {}),
        ((rng.normal(size=(2, 3)), rng.normal(size=(2, 1)), rng.normal(size=(2, 0))), {"axis": -1}),
        ((rng.normal(size=(0, 2)), rng.normal(size=(1, 2))), {"axis": 0}),
        ((rng.normal(size=2),), {}),
    ],
    note="each array gets back its own part of the gradient",
    batch=batching.along_axis,
    kernel=_kernel,
)

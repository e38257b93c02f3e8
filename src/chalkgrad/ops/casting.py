"""The same numbers in another width."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chalkgrad.errors import ProgramError
from chalkgrad.ir.build import Value
from chalkgrad.ir.types import DTYPES, ArrayType
from chalkgrad.ops import batching
from chalkgrad.ops.kernel import Kernel, axes, inputs, nest
from chalkgrad.ops.local import Local, Route
from chalkgrad.ops.notation import Shown
from chalkgrad.ops.op import structured


def _cast(x: Any, dtype: str = "float64") -> Any:
    x = np.asarray(x)
    # differences are taken in such a width
    wider = x.dtype.kind == "f" and x.dtype.itemsize > 8 and dtype.startswith("float")
    return (x if wider else x.astype(dtype))[()]


def _cast_types(types: tuple[ArrayType, ...], params: Mapping[str, Any]) -> tuple[ArrayType, ...]:
    dtype = params.get("dtype", "float64")
    if dtype not in DTYPES:
        raise ProgramError(f"dtype {dtype} is not one of {', '.join(DTYPES)}")
    return (ArrayType(types[0].shape, dtype),)


def _cast_vjp(want: Any, y: Value, x: Value, dtype: str = "float64") -> Sequence[Local]:
    return [Route(lambda u: cast(u, dtype=x.type.dtype), f"as {x.type.dtype}")]


def _cast_kernel(types: tuple[ArrayType, ...], outs: tuple[ArrayType, ...], params: Any) -> Kernel:
    (x,), at = inputs(types), axes(*outs[0].shape)
    return nest(at, x[at], outs[0].dtype)


cast = structured(
    "cast",
    _cast,
    types=_cast_types,
    params={"dtype": "float64"},
    plumbing=True,
    linear_in=(0,),
    vjp=_cast_vjp,
    notation=Shown(),
    # float32 itself is tested apart: its rounding is coarser than the contract allows
    samples=lambda rng: [((rng.normal(size=(2, 3)),), {}), ((1.5,), {}), ((np.zeros((0, 2)),), {})],
    note="the same number in another width; the gradient comes back in the width of the input",
    batch=batching.stacked,
    kernel=_cast_kernel,
)

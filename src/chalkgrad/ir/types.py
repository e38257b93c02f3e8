"""The type of a value: its shape and its element type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np

from chalkgrad.ir.dims import Shape, dims_text

DTYPES = ("bool", "int64", "float32", "float64")


@final
@dataclass(frozen=True, slots=True)
class ArrayType:
    """Shape and dtype of an array; a scalar is the array of shape `()`."""

    shape: Shape = ()
    dtype: str = "float64"

    @property
    def floating(self) -> bool:
        """Whether a derivative with respect to such a value means anything."""
        return self.dtype in ("float32", "float64")

    def __str__(self) -> str:
        return f"{self.dtype}{dims_text(self.shape)}"


SCALARS = {dtype: ArrayType((), dtype) for dtype in DTYPES}
SCALAR = SCALARS["float64"]


def type_of(value: Any) -> ArrayType:
    """The type of a number or NumPy array; ints wider than int64 and strings are refused by NumPy itself."""
    if type(value) is float:
        return SCALAR
    array = np.asarray(value)
    dtype = dtype_of(array.dtype)
    return ArrayType(tuple(array.shape), dtype) if array.ndim else SCALARS[dtype]


def dtype_of(dtype: np.dtype[Any]) -> str:
    """The dtype's name among `DTYPES`: ints of every width are int64, float16 is float32."""
    if dtype.name in DTYPES:
        return dtype.name
    if dtype.kind in "iu":
        return "int64"
    if dtype == np.float16:
        return "float32"
    raise TypeError(f"arrays of {dtype} are not differentiated here; use one of {', '.join(DTYPES)}")


def promote(*dtypes: str) -> str:
    """The dtype of an arithmetic result, as NumPy promotes arrays."""
    return max(dtypes, key=DTYPES.index) if "int64" not in dtypes or "float32" not in dtypes else "float64"

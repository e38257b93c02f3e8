"""Numbers of a loop's turns as one array."""

from __future__ import annotations

from typing import Any

import numpy as np

from chalkgrad.ir.program import Number
from chalkgrad.ir.types import ArrayType


def table(values: np.ndarray[Any, Any]) -> Number:
    """An array as a constant."""
    values.setflags(write=False)
    return Number(values, ArrayType(values.shape, values.dtype.name))


def cast(value: Any, dtype: str) -> Any:
    """A number or array of numbers in another width."""
    array = np.asarray(value).astype(dtype)
    array.setflags(write=False)
    return array if array.ndim else array[()]

"""What the spellings of NumPy functions share: arguments read, and refused.

A spelling is written in NumPy itself: whatever it does to a traced value becomes a step, and plain arrays stay plain.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from chalkgrad.errors import TraceError
from chalkgrad.trace.holder import Holder
from chalkgrad.trace.numpy_table import plain

# What to do in place of an option.
_INSTEAD = {
    "where": "put np.where(mask, x, y) in place of x, y being what counts for nothing",
    "initial": "leave it out, and combine it with the result",
    "out": "leave it out, and use the result",
}
Spelling = Callable[..., Any]
Spellings = Mapping[Any, Spelling]


def refuse(on: Any, problem: str) -> TraceError:
    """The error that names the line which runs now; to be raised."""
    return on.session.refuse(problem)


def known(on: Any, value: Any, what: str) -> Any:
    """An option in plain Python.

    Raises TraceError where it is traced.
    """
    return plain(value, what, on.session.refuse)


def only(on: Any, name: str, **options: Any) -> None:
    """Raise TraceError for an option of NumPy's that is given and has no reading."""
    for option, value in options.items():
        if value is not None:
            raise refuse(on, f"{name} with {option}= has no reading here; {_INSTEAD.get(option, 'leave it out')}")


def axis_at(on: Any, axis: Any, rank: int) -> int:
    """The axis, counted from the front.

    Raises TraceError where there is none such.
    """
    at = known(on, axis, "axis=")
    if not isinstance(at, int) or isinstance(at, bool) or not -rank <= at < rank:
        raise refuse(on, f"there is no axis {at} among {rank}")
    return at % rank


def axes_at(on: Any, axis: Any, rank: int) -> list[int]:
    """The axes, counted from the front; None is all of them.

    Raises TraceError where there is none such, or one stands twice.
    """
    if axis is None:
        return list(range(rank))
    given: Sequence[Any] = axis if isinstance(axis, (tuple, list)) else (axis,)
    axes = [axis_at(on, a, rank) for a in given]
    if len(set(axes)) < len(axes):
        raise refuse(on, f"an axis stands twice in {tuple(given)}")
    return axes


def traced(value: Any) -> bool:
    """Whether something in it hangs on the arguments of the function: a value, or a list that holds one."""
    if isinstance(value, Holder):
        return not value.constant
    return isinstance(value, (list, tuple)) and any(map(traced, value))


def as_array(on: Any, value: Any) -> Any:
    """A traced value, no bare number of Python's any more, or a plain array; a list of traced values is stacked."""
    if isinstance(value, Holder):
        return type(value)(value.session, value.atom, value.mutable, value.whole) if value.weak else value
    if traced(value):
        return on.write("stack", *[as_array(on, v) if isinstance(v, (list, tuple)) else v for v in value])
    return np.asarray(value)


def shape(value: Any) -> tuple[Any, ...]:
    """The shape of a traced value or of anything that NumPy takes."""
    return value.atom.type.shape if isinstance(value, Holder) else np.shape(value)


def shaped(value: Any, sizes: Any) -> Any:
    """Reshaped, where that changes anything."""
    return value if tuple(value.shape) == tuple(sizes) else value.reshape(sizes)


def flat(value: Any) -> Any:
    """Every entry in one row."""
    return value if len(value.shape) == 1 else value.reshape(-1)


def along(axis: int, part: Any) -> tuple[Any, ...]:
    """The index of a part along an axis that is counted from the front."""
    return (*[slice(None)] * axis, part)


def floating(on: Any, value: Any) -> Any:
    """The same as floats, if it is whole numbers or truth values."""
    return value if value.dtype.kind == "f" else value.astype(np.float64)


def of_dtype(on: Any, value: Any, dtype: Any) -> Any:
    """The same in another dtype, where one is given."""
    return value if dtype is None or value.dtype == np.dtype(dtype) else value.astype(np.dtype(dtype))

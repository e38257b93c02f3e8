"""Arrays from outside the traced function, which tell when plain NumPy reads their numbers.

Where a traced value meets such an array, the array is an input of the trace, and its numbers may change from call to
call. What plain NumPy computes of it, as `W.sum()`, is a constant of the trace, which then holds for those numbers
alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

import numpy as np

from chalkgrad.trace.holder import Holder
from chalkgrad.trace.running import running

# What tells nothing of the numbers.
_SAFE = frozenset({"shape", "ndim", "size", "dtype", "itemsize", "nbytes", "of", "__class__", "__dict__", "__len__"})


@final
class Watched(np.ndarray):
    """A view of an array, which is the array to whoever reads it, and notes in the running traces that it was read."""

    of: Any

    def __array_finalize__(self, source: Any) -> None:
        if type(source) is Watched:
            plain(source)
            object.__setattr__(self, "of", np.ndarray.view(self, np.ndarray))

    def __getattribute__(self, name: str) -> Any:
        return object.__getattribute__(self, name) if name in _SAFE else getattr(plain(self), name)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        if any(isinstance(x, Holder) for x in (*inputs, *(options.get("out") or ()))):
            return NotImplemented  # the traced value answers
        given = {k: tuple(map(plain, v)) if k == "out" else plain(v) for k, v in options.items()}
        return getattr(ufunc, method)(*map(plain, inputs), **given)

    def __array_function__(self, function: Any, types: Any, args: Any, options: Mapping[str, Any]) -> Any:
        if any(issubclass(t, Holder) for t in types):
            return NotImplemented
        return function(*plain(args), **{k: plain(v) for k, v in options.items()})


def _reader(name: str) -> Any:
    return lambda self, *args: getattr(plain(self), name)(*map(plain, args))


# Python looks these up on the class, past `__getattribute__`.
for _name in (
    *("__getitem__", "__setitem__", "__delitem__", "__iter__", "__contains__", "__float__", "__int__", "__bool__"),
    *("__index__", "__complex__", "__repr__", "__str__", "__format__", "__copy__", "__deepcopy__", "__reduce__"),
    *("__array__", "__reduce_ex__"),
):
    setattr(Watched, _name, _reader(_name))


def watched(array: Any) -> Any:
    """The array as it is bound while a trace runs."""
    made = array.view(Watched)
    object.__setattr__(made, "of", array)
    return made


def itself(value: Any) -> Any:
    """The array that is watched, with no note that it was read."""
    return object.__getattribute__(value, "of") if type(value) is Watched else value


def plain(value: Any) -> Any:
    """The value, and in lists and tuples too, with every watched array as itself, and noted as read."""
    if type(value) is Watched:
        array = object.__getattribute__(value, "__dict__").get("of")
        session = running()
        while session is not None:
            session.note_read(array)
            session = session.outer
        return array
    if type(value) in (list, tuple) and any(type(v) in (Watched, list, tuple) for v in value):
        return type(value)([plain(v) for v in value])
    return value

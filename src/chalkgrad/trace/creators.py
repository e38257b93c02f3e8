"""A stand-in for NumPy in a person's module while a trace runs: arrays that are made there may hold traced values.

`np.zeros(3)` gives an array that plain NumPy could never put a traced value into. The stand-in gives one that is held
by the trace instead: a constant until something traced is written into it. In a thread that is in no trace, every name
of the stand-in is NumPy's own.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from chalkgrad.trace.apply import as_array, holders, plainly, wrapped
from chalkgrad.trace.holder import Holder
from chalkgrad.trace.session import running
from chalkgrad.trace.tracer import Traced
from chalkgrad.trace.watched import plain, watched

# NumPy with arguments that its stubs do not foresee.
_NUMPY: Any = np
_FUNCTIONS = frozenset({types.FunctionType, types.BuiltinFunctionType, type(np.sum)})
# What they give is new, and nobody else's.
_FRESH = frozenset(
    getattr(np, name)
    for name in (
        *("zeros", "ones", "full", "eye", "identity", "tri", "arange", "linspace", "logspace", "geomspace"),
        *("zeros_like", "ones_like", "full_like", "copy", "indices", "fromfunction", "fromiter"),
        *("tile", "repeat", "concatenate", "stack", "vstack", "hstack", "dstack", "column_stack"),
    )
)
# These take a list of arrays, or a shape; what else is given a list of numbers takes it as an array.
_OF_LISTS = frozenset(
    getattr(np, name)
    for name in (
        *("concatenate", "stack", "vstack", "hstack", "dstack", "column_stack", "block", "broadcast_arrays"),
        *("select", "choose", "meshgrid", "ix_", "einsum", "broadcast_shapes", "lexsort"),
        *("zeros", "ones", "indices"),
    )
) | {np.linalg.multi_dot}


def _array(value: Any, dtype: Any = None, *, copy: Any = True, order: str = "K", ndmin: int = 0, **rest: Any) -> Any:
    """`np.array`; of a list that holds traced values too."""
    session = running()
    assert session is not None
    if not any(True for _ in holders(value)):
        made = _NUMPY.array(value, dtype, copy=copy, order=order, ndmin=ndmin, **rest)
        return made if made is value else wrapped(session, Traced, made)
    out: Any = value if isinstance(value, Holder) else as_array(session, Traced, value)
    if isinstance(value, Traced) and copy:
        out = value.copy(order)
    out = out if dtype is None else out.astype(dtype, copy=False)
    if isinstance(out, Traced) and not out.mutable:
        out = Traced(out.session, out.atom, True)  # an array of no axes, and no number
    made: Any = out
    for _ in range(ndmin - np.ndim(made)):
        made = made[None]
    return made


def _asarray(value: Any, dtype: Any = None, order: Any = None, **rest: Any) -> Any:
    """`np.asarray`: what is an array already is given back."""
    if isinstance(value, Traced):
        return _array(value, dtype, copy=not value.mutable)
    if any(True for _ in holders(value)):
        return _array(value, dtype)
    made = np.asarray(value, dtype, order, **rest)
    session = running()
    fresh = session is not None and not isinstance(value, np.ndarray)
    return wrapped(session, Traced, made) if session is not None and fresh else made


def _by_rows(value: Any, dtype: Any = None, **rest: Any) -> Any:
    """`np.ascontiguousarray`: the array itself where it lies so already, else a copy."""
    out = _asarray(value, dtype, **rest)
    if out is not value or not isinstance(value, Traced) or value.ndim < 2:
        return out
    return value if value.own().layout().flags.c_contiguous else value.copy()


def _by_columns(value: Any, dtype: Any = None, **rest: Any) -> Any:
    """`np.asfortranarray`, likewise; of constants, or of what lies so already."""
    out = _asarray(value, dtype, **rest)
    if not isinstance(out, Traced) or out.ndim < 2 or out.own().layout().flags.f_contiguous:
        return out
    if not out.constant:
        raise out.session.refuse("np.asfortranarray of a traced array has no reading here; leave it out")
    return wrapped(out.session, Traced, np.asfortranarray(plainly(out)))


def _empty(shape: Any, dtype: Any = float, **rest: Any) -> Any:
    return _made(np.zeros, (shape, dtype), rest)  # what an empty array holds is nobody's business


def _empty_like(prototype: Any, dtype: Any = None, **rest: Any) -> Any:
    return _made(np.zeros_like, (prototype, dtype), rest)


def _full(shape: Any, fill_value: Any, dtype: Any = None, **rest: Any) -> Any:
    if not isinstance(fill_value, Traced) or fill_value.constant:
        return _made(np.full, (shape, fill_value, dtype), rest)
    sizes = np.empty(shape, dtype=bool).shape
    filled: Any = _NUMPY.broadcast_to(fill_value, sizes) if sizes else fill_value
    filled = filled.copy() if dtype is None else filled.astype(dtype)
    return filled if filled.mutable else Traced(filled.session, filled.atom, True)


def _made(function: Callable[..., Any], args: tuple[Any, ...], options: Mapping[str, Any]) -> Any:
    session = running()
    assert session is not None
    if function is np.arange:  # its length hangs on the numbers
        args = tuple([a.__index__() if isinstance(a, Traced) else a for a in args])
    return wrapped(session, Traced, function(*args, **options))


_ANEW: Mapping[Any, Callable[..., Any]] = {
    np.array: _array,
    np.asarray: _asarray,
    np.asanyarray: _asarray,
    np.ascontiguousarray: _by_rows,
    np.asfortranarray: _by_columns,
    np.empty: _empty,
    np.empty_like: _empty_like,
    np.full: _full,
}


class Numpy(types.ModuleType):
    """NumPy, or a module of it, with its functions as they are in a trace."""

    def __init__(self, real: types.ModuleType) -> None:
        super().__init__(real.__name__, real.__doc__)
        self.__dict__["_real"] = real

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.__dict__["_real"], name)
        return found if type(found) is np.ufunc or running() is None else stand_in(found)

    def __dir__(self) -> list[str]:
        return dir(self.__dict__["_real"])


def stand_in(value: Any) -> Any:
    """What stands for a value of a person's module in a trace: for NumPy, and for arrays; else the value itself."""
    kind = type(value)
    if kind is np.ndarray and value.ndim:
        return watched(value)
    if kind is types.ModuleType:
        return _MODULES.get(value.__name__, value)
    if kind in _FUNCTIONS and str(value.__module__).startswith("numpy"):
        return _function(value)
    return value


@functools.cache
def _function(real: Callable[..., Any]) -> Callable[..., Any]:
    anew = _ANEW.get(real)

    @functools.wraps(real)
    def call(*args: Any, **options: Any) -> Any:
        session = running()
        if session is None:
            return real(*args, **options)
        args, options = plain(args), {k: plain(v) for k, v in options.items()}
        if anew is not None:
            return anew(*args, **options)
        listed = bool(args) and isinstance(args[0], (list, tuple)) and real not in _OF_LISTS
        if listed and any(True for _ in holders(args[0])):
            args = (as_array(session, Traced, args[0]), *args[1:])
        return _made(real, args, options) if real in _FRESH else real(*args, **options)

    return call


_MODULES: Mapping[str, Any] = {m.__name__: Numpy(m) for m in (np, np.linalg)}

"""What a Python function reads from outside its arguments: a trace is only worth keeping while that stays the same."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

import numpy as np

STEADY = ("numpy", "math", "chalkgrad")


def captured(function: Callable[..., Any]) -> tuple[Any, ...] | None:
    """A key for all that the function reads from its closure, its globals and its defaults.

    None where something among it can change without being seen (an array, a list, an object): then every call
    must be traced anew.
    """
    return _function(function, set())


def _function(function: Any, seen: set[int]) -> tuple[Any, ...] | None:
    if not isinstance(function, types.FunctionType):
        return None
    if id(function) in seen:
        return ()
    seen.add(id(function))
    values: list[Any] = [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
    try:
        values += [cell.cell_contents for cell in function.__closure__ or ()]
    except ValueError:  # a cell that is still empty
        return None
    values += [function.__globals__[n] for n in _names(function.__code__) if n in function.__globals__]
    keys = [_key(v, seen) for v in values]
    return None if None in keys else (id(function.__code__), *keys)


def _names(code: types.CodeType) -> list[str]:
    """The names that the code, and functions defined in it, may look up."""
    inner = [c for c in code.co_consts if isinstance(c, types.CodeType)]
    return [*code.co_names, *(n for c in inner for n in _names(c))]


def _key(value: Any, seen: set[int]) -> Any:
    if isinstance(value, (bool, int, float, complex, str, bytes, np.generic)) or value is None:
        return (type(value), str(value))
    if isinstance(value, tuple):
        keys = [_key(v, seen) for v in value]
        return None if None in keys else tuple(keys)
    if isinstance(value, types.ModuleType):
        return value.__name__ if value.__name__.split(".")[0] in STEADY else None
    if isinstance(value, types.FunctionType) and value.__module__.split(".")[0] not in STEADY:
        return _function(value, seen)
    if isinstance(value, (types.FunctionType, types.BuiltinFunctionType, type, np.ufunc)) or callable(value):
        return id(value) if getattr(value, "__module__", "").split(".")[0] in (*STEADY, "builtins") else None
    return None

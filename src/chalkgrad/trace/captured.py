"""What a Python function reads from outside its arguments: a trace is only worth keeping while that stays the same."""

from __future__ import annotations

import functools
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from chalkgrad.trace.holder import Holder
from chalkgrad.trace.watched import Watched, itself

# Libraries whose functions give the same for the same, whatever was called before.
STEADY = frozenset(
    {
        *("numpy", "math", "chalkgrad", "functools", "_functools", "itertools", "operator", "_operator"),
        *("collections", "typing", "dataclasses", "numbers", "enum", "copy", "warnings"),
    }
)
# What a class has of its own accord, or is given for its fields.
_OF_CLASSES = frozenset(
    {
        *("__dict__", "__weakref__", "__doc__", "__module__", "__annotations__", "__slots__", "__orig_bases__"),
        *("_field_defaults", "__dataclass_params__", "__dataclass_fields__"),
    }
)
# Types of callables that our transforms give, which read what the function reads that they are of.
TRANSFORMS: set[type] = set()
PLAIN = frozenset({bool, int, float, complex, str, bytes, type(None)})


def captured(function: Callable[..., Any], held: dict[int, Any]) -> Any:
    """A key for all that the function reads from its closure, its globals and its defaults.

    An array counts as itself, whatever its numbers. Whatever counts as itself is put into `held` by its id: the key is
    good for as long as that is kept. None where something else among it can change without being seen (a list, an
    object): then every call must be traced anew.
    """
    return key_of(function, held)


def arrays(function: Callable[..., Any]) -> dict[int, tuple[str, Any]]:
    """The arrays that the function may read from outside, itself or by a function that it calls, with their names."""
    found: dict[int, tuple[str, Any]] = {}
    for owner in functions(function):
        for name, value in outside(owner):
            array = itself(value)
            if type(array) is np.ndarray and array.ndim:
                found.setdefault(id(array), (name, array))
    return found


def unseen(function: Callable[..., Any]) -> set[int]:
    """The ids of the arrays that the function may read past any name of its own: in a tuple, or as a default."""
    found: set[int] = set()
    for owner in functions(function):
        waiting: list[Any] = [*(owner.__defaults__ or ()), *(owner.__kwdefaults__ or {}).values()]
        waiting += [v for _, v in outside(owner) if isinstance(v, tuple)]
        while waiting:
            value = waiting.pop()
            if type(value) is np.ndarray:
                found.add(id(value))
            elif isinstance(value, tuple):
                waiting += value
    return found


def functions(function: Callable[..., Any]) -> list[types.FunctionType]:
    """The function, and those that it may call, as far as they are seen from it; of a person's own, and not ours."""
    found: dict[int, types.FunctionType] = {}
    met: set[int] = set()
    waiting: list[Any] = [function]
    while waiting:
        value = waiting.pop()
        if id(value) in met:
            continue
        met.add(id(value))
        if isinstance(value, types.MethodType):
            waiting.append(value.__func__)
        if isinstance(value, functools.partial):
            waiting += [value.func, *value.args, *value.keywords.values()]
        if isinstance(value, (types.FunctionType, functools._lru_cache_wrapper)) or type(value) in TRANSFORMS:
            waiting.append(getattr(value, "__wrapped__", None))
        if isinstance(value, types.FunctionType) and not is_steady(value):
            found[id(value)] = value
            waiting += [v for _, v in outside(value) if callable(v)]
    return list(found.values())


def outside(function: types.FunctionType) -> Iterator[tuple[str, Any]]:
    """The names that the function reads from outside, and what they stand for now."""
    code, defaults = function.__code__, function.__defaults__ or ()
    yield from zip(code.co_varnames[code.co_argcount - len(defaults) : code.co_argcount], defaults, strict=True)
    yield from (function.__kwdefaults__ or {}).items()
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            yield name, cell.cell_contents
        except ValueError:  # a cell that is still empty
            continue
    for name in _names(function.__code__):
        if name in function.__globals__:
            yield name, function.__globals__[name]


def _function(function: types.FunctionType, held: dict[int, Any]) -> Any:
    if id(function.__code__) in held and id(function) in held:
        return id(function)
    if any(_is_empty(cell) for cell in function.__closure__ or ()):
        return None
    held[id(function)] = function
    keys = [_itself(function.__code__, held)]
    for _, value in outside(function):
        key = key_of(value, held)
        if key is None:
            return None
        keys.append(key)
    return tuple(keys)


def _itself(value: Any, held: dict[int, Any]) -> int:
    held[id(value)] = value
    return id(value)


def _is_empty(cell: types.CellType) -> bool:
    try:
        _ = cell.cell_contents
    except ValueError:
        return True
    return False


@functools.lru_cache(maxsize=4096)
def _names(code: types.CodeType) -> tuple[str, ...]:
    """The names that the code, and functions defined in it, may look up."""
    inner = [c for c in code.co_consts if isinstance(c, types.CodeType)]
    return (*code.co_names, *(n for c in inner for n in _names(c)))


def is_steady(value: Any) -> bool:
    """Whether it is of a library whose functions give the same again. What wraps a function bears its module's name."""
    if type(value) in TRANSFORMS:
        return True
    space = value.__globals__ if isinstance(value, types.FunctionType) else {}
    return str(space.get("__name__", getattr(value, "__module__", ""))).partition(".")[0] in STEADY


def key_of(value: Any, held: dict[int, Any]) -> Any:
    """A key for a value that is passed on as it is; None where it can change without being seen."""
    kind = type(value)
    if kind is Watched:
        value = itself(value)
        kind = type(value)
    if kind in PLAIN:
        return kind, repr(value) if kind in (float, complex) else value
    if isinstance(value, Holder):
        return None
    if kind is np.ndarray and value.ndim:
        return _itself(value, held)
    if isinstance(value, np.generic):
        return kind, str(value)
    if isinstance(value, tuple):
        keys = [key_of(v, held) for v in value]
        return None if None in keys else (kind, *keys)
    if kind is slice:
        return (slice, *[key_of(v, held) for v in (value.start, value.stop, value.step)])
    if isinstance(value, types.ModuleType):
        return _itself(value, held) if value.__name__.partition(".")[0] in STEADY else None
    if isinstance(value, functools.partial):
        keys = [key_of(v, held) for v in (value.func, *value.args, *value.keywords.values())]
        return None if None in keys else (functools.partial, tuple(value.keywords), *keys)
    if kind is types.FunctionType or kind in TRANSFORMS:
        return _of_function(value, held)
    if isinstance(value, type) and not is_steady(value) and value.__module__ != "builtins":
        return _of_class(value, held)
    if isinstance(value, types.BuiltinFunctionType) and isinstance(value.__self__, type):  # as tuple.__new__
        return _itself(value, held)
    if callable(value) and (is_steady(value) or str(getattr(value, "__module__", "")) == "builtins"):
        return _itself(value, held)
    return None


def _of_class(kind: type, held: dict[int, Any]) -> Any:
    """A class counts as itself, and by its functions and what they read."""
    if id(kind) in held:
        return id(kind)
    held[id(kind)] = kind
    keys: list[Any] = [id(kind)]
    for name, value in vars(kind).items():
        field = isinstance(value, (types.GetSetDescriptorType, types.MemberDescriptorType))
        if name in _OF_CLASSES or field or name in getattr(kind, "_fields", ()):
            continue
        found = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
        keys.append(key_of(found, held) if not is_steady(found) else _itself(found, held))
    keys += [key_of(base, held) for base in kind.__bases__ if base is not object]
    return None if None in keys else tuple(keys)


def _of_function(function: Any, held: dict[int, Any]) -> Any:
    if not is_steady(function):
        return _function(function, held)
    wrapped = getattr(function, "__wrapped__", None)
    if wrapped is None:
        return _itself(function, held)
    inner = key_of(wrapped, held)  # a transform of a person's function
    return None if inner is None else (_itself(function, held), inner)

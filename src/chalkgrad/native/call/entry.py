"""Callables whose calls are answered by machine code, where one of their blocks takes the call, and else by Python.

`callable_of` makes of a function of Python's an object that a user cannot tell from a function: it has a name, a text,
a signature; it can be a method, it can be copied and pickled as functions are. `serve` gives it the blocks to look at.
It costs nothing to have one: LLVM is loaded when there is the first block.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from functools import cache, update_wrapper
from types import MethodType
from typing import Any, final

import numpy as np

from chalkgrad.native.call import engine
from chalkgrad.native.call.code import HEAD, PYTHON, RAW, VECTORCALL, text
from chalkgrad.native.call.layout import layout, maker, plain, word_at
from chalkgrad.trace.captured import TRANSFORMS

# Of a type's flags: others may derive from it; its instances have an address to be called at.
_BASETYPE, _HAS_VECTORCALL = 1 << 10, 1 << 11
# Of a type in memory, after its head of three words.
_BASICSIZE_AT, _VECTORCALL_OFFSET_AT, _FLAGS_AT = 32, 56, 168


class _Spec(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("size", ctypes.c_int),
        ("itemsize", ctypes.c_int),
        ("flags", ctypes.c_uint),
        ("slots", ctypes.c_void_p),
    )


class _Methods:
    """What a function has beside its name."""

    __slots__ = ()
    _slow: Callable[..., Any]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._slow(*args, **kwargs)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else MethodType(self, instance)

    def __repr__(self) -> str:
        return f"<function {getattr(self, '__qualname__', '?')} at {id(self):#x}>"

    def __reduce_ex__(self, protocol: Any) -> str:
        return str(getattr(self, "__qualname__", "?"))  # by its name, as a function: where to find it

    def __copy__(self) -> Any:
        return self

    def __deepcopy__(self, memo: Any) -> Any:
        return self


@final
class _Kind:
    """The type of the callables, and the places in them."""

    def __init__(self) -> None:
        # two words that are no objects of Python's: where to be called, and the first block
        none = (ctypes.c_uint64 * 2)()  # an empty list of what the type can do
        base = _Spec(b"chalkgrad.native.call.entry.Raw", RAW, 0, _BASETYPE, ctypes.addressof(none))
        make: Any = ctypes.pythonapi.PyType_FromSpec
        make.restype, make.argtypes = ctypes.py_object, [ctypes.c_void_p]
        places = {"__slots__": ("_owner", "_slow", "__dict__", "__weakref__"), "__module__": __name__}
        self.type: Any = type("Native", (_Methods, make(ctypes.addressof(base))), places)
        self._enable()
        trial = self.type()
        trial._owner, trial._slow = object(), object()
        words = [word_at(id(trial) + at) for at in range(RAW, self.type.__basicsize__, 8)]
        self.owner = RAW + 8 * words.index(id(trial._owner))
        self.slow = RAW + 8 * words.index(id(trial._slow))

    def _enable(self) -> None:
        """Let instances be called at the address that they have, once they have one.

        Python gives this to no class that is written in Python, as another could set its `__call__`.
        """
        at = id(self.type)
        known = (
            word_at(at + _BASICSIZE_AT) == self.type.__basicsize__ and word_at(at + _FLAGS_AT) == self.type.__flags__
        )
        function: Any = type(callable_of)
        offset = word_at(id(function) + _VECTORCALL_OFFSET_AT)
        if not known or not 2 * 8 <= offset < function.__basicsize__:
            raise LookupError("a type is laid out otherwise")
        ctypes.c_uint64.from_address(at + _VECTORCALL_OFFSET_AT).value = VECTORCALL
        ctypes.c_uint64.from_address(at + _FLAGS_AT).value |= _HAS_VECTORCALL
        if not self.type.__flags__ & _HAS_VECTORCALL:
            raise LookupError("a type's flags")


@cache
def kind() -> _Kind | None:
    """The type of callables; None where memory is laid out as it is not known here."""
    if layout() is None:
        return None
    try:
        found = _Kind()
    except (LookupError, ValueError, TypeError):
        return None
    TRANSFORMS.add(found.type)
    return found


@cache
def _code() -> engine.Compiled:
    """The machine code that looks through the blocks."""
    facts, found = layout(), kind()
    assert facts is not None
    assert found is not None
    externs = {name: int(ctypes.cast(getattr(ctypes.pythonapi, name), ctypes.c_void_p).value or 0) for name in PYTHON}
    externs |= {"numpy_new": facts.numpy_new, "numpy_copy": facts.numpy_copy}
    return engine.compiled(text(facts, found.owner, found.slow), ("entry", "shares"), externs)


@cache
def made_plainly(kind: type) -> bool:
    """Whether objects of a type of NumPy's may be made as Python's allocator makes them: they go back to it."""
    shares = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_ssize_t)
    return plain(kind) and bool(shares(_code().addresses["shares"])(maker(kind), id(kind), kind.__basicsize__))


def callable_of(slow: Callable[..., Any], like: Callable[..., Any] | None = None) -> Any:
    """An object that is called as `slow` is, and is named as `like` is; `slow` itself where there can be none."""
    found = kind()
    if found is None:
        return slow if like is None else update_wrapper(slow, like)
    made = found.type()
    made._slow = slow
    return made if like is None else update_wrapper(made, like)


def is_native(value: Any) -> bool:
    """Whether it is one of these."""
    found = kind()
    return found is not None and type(value) is found.type


def serve(made: Any, blocks: Sequence[Any]) -> None:
    """Let calls go to the first of these blocks that takes them, and only then to Python. One thread at a time.

    A call that is under way keeps the blocks that it began with. Raises NotCompiled where there is no LLVM.
    """
    table = np.array([*[b.address for b in blocks], 0], np.uint64)
    entry = _code().addresses["entry"]
    # a call reads the first block's place and then who keeps the blocks, in one go; without a place it goes to Python
    _write(made, HEAD, 0)
    made._owner = (*blocks, table)
    _write(made, HEAD, int(table.ctypes.data))
    _write(made, VECTORCALL, entry)


def _write(made: Any, at: int, value: int) -> None:
    ctypes.c_uint64.from_address(id(made) + at).value = value

"""Where CPython and NumPy keep what the entry reads: looked for in known objects when it is first needed.

The machine code of a call reads numbers and arrays at their places in memory. That is only done where all of these
facts are found to hold; else calls go by ctypes, which is slower and gives the same.
"""

from __future__ import annotations

import ctypes
import sys
import sysconfig
from dataclasses import dataclass
from functools import cache
from typing import Any, final

import numpy as np

# The numbers of NumPy's functions in its table, which is part of its stable interface.
_ARRAY_TYPE, _DESCR_FROM_TYPE, _NEW_COPY, _NEW_FROM_DESCR = 2, 45, 85, 94
# Of an array's flags: by rows, aligned, and in the machine's own order of bytes by its dtype.
BY_ROWS, ALIGNED = 0x0001, 0x0100
_WORD = 8
# Of types: whether they count their instances, or are looked through by the collector; their maker's number.
_HEAP_TYPE, _COLLECTED, _TP_ALLOC = 1 << 9, 1 << 14, 47


@final
@dataclass(frozen=True)
class Layout:
    """Offsets in bytes, and addresses."""

    number: int
    scalars: tuple[tuple[str, int], ...]
    data: int
    rank: int
    dims: int
    descr: int
    flags: int
    items: int
    code: int
    defaults: int
    kwdefaults: int
    closure: int
    cell: int
    used: int
    numpy_new: int
    numpy_copy: int


@cache
def layout() -> Layout | None:
    """The facts; None where one of them is not as it is needed."""
    try:
        return _located() if _ordinary() else None
    except (LookupError, AttributeError, ValueError, TypeError, OSError, StopIteration):
        return None


def _ordinary() -> bool:
    """Whether this is CPython with one lock, whose objects begin with a count and a type and nothing else."""
    free_threaded = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
    traced = hasattr(sys, "gettotalrefcount")
    word = ctypes.sizeof(ctypes.c_void_p) == _WORD and sys.byteorder == "little"
    if sys.implementation.name != "cpython" or free_threaded or traced or not word:
        return False
    return object.__basicsize__ == 2 * _WORD and _first_interpreter() and word_at(id(1.5) + _WORD) == id(float)


def _first_interpreter() -> bool:
    """Other interpreters of the process have other objects, and NumPy is of one."""
    api: Any = ctypes.pythonapi
    api.PyInterpreterState_Get.restype = api.PyInterpreterState_Main.restype = ctypes.c_void_p
    return api.PyInterpreterState_Get() == api.PyInterpreterState_Main()


def word_at(address: int) -> int:
    """Eight bytes of memory, as a number."""
    return int(ctypes.c_uint64.from_address(address).value)


def half_at(address: int) -> int:
    """Four bytes of memory, as a number with a sign."""
    return int(ctypes.c_int32.from_address(address).value)


def _in_all(objects: list[Any], words: list[int], most: int) -> int:
    """The offset at which each of these objects has its own of these words."""
    found = [
        at
        for at in range(2 * _WORD, most, _WORD)
        if all([word_at(id(o) + at) == w for o, w in zip(objects, words, strict=True)])
    ]
    if len(found) != 1:
        raise LookupError(f"{len(found)} places")
    return found[0]


def _bits(value: Any) -> int:
    return int.from_bytes(np.asarray(value).tobytes().ljust(_WORD, b"\0"), "little")


def _number(kind: Any) -> int:
    """Where a number's value stands in its object."""
    size = np.dtype(kind).itemsize if kind is not float else _WORD
    mask = (1 << 8 * size) - 1
    values = [kind(v) for v in (1.25e3, 77, 3, 0)]
    if not all([word_at(id(v) + 2 * _WORD) & mask == _bits(v) & mask for v in values]):
        raise LookupError("no value in a number")
    return 2 * _WORD


def maker(kind: type) -> int:
    """The address of the function that makes an object of the type."""
    get: Any = ctypes.pythonapi.PyType_GetSlot
    get.restype, get.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_int]
    return int(get(kind, _TP_ALLOC))


def plain(kind: type) -> bool:
    """Whether an object of the type is a count, this type and its value: nothing counts it or looks through it."""
    return not (kind.__flags__ & (_HEAP_TYPE | _COLLECTED) or kind.__itemsize__)


def _arrays() -> list[Any]:
    return [np.zeros((3, 5, 7)), np.ones(11, np.float32), np.arange(6).reshape(2, 3), np.zeros((2, 2), bool).T]


def _located() -> Layout:
    arrays = _arrays()
    size = np.ndarray.__basicsize__
    data = _in_all(arrays, [a.ctypes.data for a in arrays], size)
    descr = _in_all(arrays, [id(a.dtype) for a in arrays], size)
    rank = next(at for at in range(2 * _WORD, size, 4) if all([half_at(id(a) + at) == a.ndim for a in arrays]))
    dims = next(
        at
        for at in range(2 * _WORD, size, _WORD)
        if at not in (data, descr) and all([_dims(word_at(id(a) + at), a.ndim) == a.shape for a in arrays])
    )
    flags = next(
        at
        for at in range(2 * _WORD, size, 4)
        if all([half_at(id(a) + at) & 0x0FFF == int(a.flags.num) & 0x0FFF for a in arrays])
    )
    numpy_new, numpy_copy = _numpys()
    if _number(float) != _number(np.float64):
        raise LookupError("numbers of NumPy's are no floats")
    scalars = tuple([(k, _number(np.dtype(k).type)) for k in ("float64", "float32", "int64", "bool")])
    pair = (object(), object())
    items = _in_all([pair], [id(pair[0])], tuple.__basicsize__ + 2 * _WORD)
    if word_at(id(pair) + items + _WORD) != id(pair[1]) or word_at(id(pair) + 2 * _WORD) != 2:
        raise LookupError("a tuple's items")
    found = _function()
    return Layout(
        number=_number(float),
        scalars=scalars,
        data=data,
        rank=rank,
        dims=dims,
        descr=descr,
        flags=flags,
        items=items,
        numpy_new=numpy_new,
        numpy_copy=numpy_copy,
        used=_in_all([{1: 2}, {}, {3: 1, 4: 1}], [1, 0, 2], dict.__basicsize__),
        **found,
    )


def _dims(address: int, rank: int) -> tuple[int, ...]:
    """The shape at an address, if an address it may be."""
    if address < 1 << 12 or address >> 47 or address % _WORD:
        return ()
    return tuple([word_at(address + _WORD * k) for k in range(rank)])


def _function() -> dict[str, int]:
    """Where a function keeps its code, its defaults and its cells; and a cell what it holds."""
    held = object()

    def other(x: Any = held, *, y: Any = held) -> Any:
        return held, x, y

    kind: Any = type(other)
    size = kind.__basicsize__
    found = {
        "code": _in_all([other], [id(other.__code__)], size),
        "defaults": _in_all([other], [id(other.__defaults__)], size),
        "kwdefaults": _in_all([other], [id(other.__kwdefaults__)], size),
        "closure": _in_all([other], [id(other.__closure__)], size),
    }
    assert other.__closure__ is not None
    cell: Any = other.__closure__[0]
    return {**found, "cell": _in_all([cell], [id(held)], type(cell).__basicsize__)}


def _numpys() -> tuple[int, int]:
    """The addresses of PyArray_NewFromDescr and PyArray_NewCopy, after a trial of both."""
    module: Any = np._core._multiarray_umath  # type: ignore[attr-defined]  # where its C interface is
    get: Any = ctypes.pythonapi.PyCapsule_GetPointer
    get.restype, get.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    table = int(get(module._ARRAY_API, None))
    if word_at(table + _WORD * _ARRAY_TYPE) != id(np.ndarray):
        raise LookupError("NumPy's table")
    new, copy = word_at(table + _WORD * _NEW_FROM_DESCR), word_at(table + _WORD * _NEW_COPY)
    pointer, whole = ctypes.c_void_p, ctypes.c_int
    # these are called with the lock held, as all of NumPy is
    make = ctypes.PYFUNCTYPE(ctypes.py_object, pointer, pointer, whole, pointer, pointer, pointer, whole, pointer)(new)
    dtype = np.dtype(np.float32)
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(dtype))  # it takes this one
    made = make(id(np.ndarray), id(dtype), 2, np.array([2, 3], np.int64).ctypes.data, None, None, 0, None)
    if type(made) is not np.ndarray or made.dtype != dtype or made.shape != (2, 3) or not made.flags.carray:
        raise LookupError("no array was made")
    turned = np.arange(6.0).reshape(2, 3).T
    again = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.py_object, whole)(copy)(turned, 0)
    if not again.flags.c_contiguous or not np.array_equal(again, turned):
        raise LookupError("no array was copied")
    return new, copy

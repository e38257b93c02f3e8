"""What a function reads from outside, as checks that machine code makes before it answers a call in its stead.

A trace is kept for as long as `chalkgrad.trace.captured` gives the same key. That key is made anew at every call, from
all globals, cells and defaults that the function may read. Here each of these becomes one comparison: this name still
stands for this object. What can change in other ways is refused, and the call is left to Python.
"""

from __future__ import annotations

import dis
import functools
import types
from collections.abc import Mapping
from typing import Any, final

import numpy as np

from chalkgrad.native.call.block import Reader, Unserved
from chalkgrad.native.call.entry import is_native
from chalkgrad.native.call.layout import layout, word_at
from chalkgrad.trace.captured import PLAIN, STEADY, TRANSFORMS, is_steady
from chalkgrad.trace.running import ACTIVE

# Arrays that plain NumPy read are compared as a whole, up to so many bytes.
LARGEST = 1 << 14
# Of so many things, Python asks as well.
MOST = 512
_LOADS = frozenset({"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"})


def probe(function: Any, reader: Reader, rests: Mapping[int, Any]) -> Probes:
    """Let `reader` ask that no trace is running, and that the function reads from outside what it does now.

    `rests` are the arrays outside, by id, whose numbers the trace rests on.
    Raises Unserved where that cannot be asked.
    """
    reader.word(int(ACTIVE.ctypes.data), 0)
    probes = Probes(reader)
    probes.value(function)
    for array in rests.values():
        if not array.flags.c_contiguous or array.nbytes > LARGEST or array.dtype.hasobject:
            raise Unserved
        _shape(array, reader)
        reader.numbers(reader.take(array), array.copy())
    return probes


def _shape(array: Any, reader: Reader) -> None:
    """Ask that the array still have its dtype, its shape and its memory."""
    facts = layout()
    assert facts is not None
    for offset in (facts.data, facts.descr, facts.rank, facts.dims):
        reader.word(id(array) + offset, word_at(id(array) + offset))
    dims = word_at(id(array) + facts.dims)
    for place, size in enumerate(array.shape):
        reader.word(dims + 8 * place, size)


@final
class Probes:
    """Asks a reader for what a function, and all that it calls, may read."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._met: dict[int, Any] = {}

    def value(self, value: Any) -> None:
        """Ask for all that the value may become without being another object."""
        kind = type(value)
        if kind in PLAIN or isinstance(value, np.generic) or id(value) in self._met:
            return
        self._met[id(value)] = value
        if len(self._reader.rows) > MOST:
            raise Unserved
        if kind is types.FunctionType:
            if is_steady(value):
                self._inner(value)
            else:
                self._function(value)
        elif is_native(value) or kind in TRANSFORMS:
            self._inner(value)
        elif isinstance(value, tuple):
            for part in value:
                self.value(part)
        elif kind is slice:
            for part in (value.start, value.stop, value.step):
                self.value(part)
        elif isinstance(value, functools.partial):
            self._partial(value)
        elif not self._fixed(value):
            raise Unserved

    def _fixed(self, value: Any) -> bool:
        """Whether nothing of it changes that a trace hangs on."""
        if type(value) is np.ndarray:
            return value.ndim > 0
        if isinstance(value, types.ModuleType):
            return value.__name__.partition(".")[0] in STEADY
        if isinstance(value, type):
            return is_steady(value) or value.__module__ == "builtins"
        builtin = isinstance(value, types.BuiltinFunctionType) and isinstance(value.__self__, type)
        return builtin or (callable(value) and (is_steady(value) or getattr(value, "__module__", "") == "builtins"))

    def _inner(self, value: Any) -> None:
        """A transform of a person's function, or a function of a library, which changes no more than that library."""
        wrapped = getattr(value, "__wrapped__", None)
        if wrapped is not None:
            self.value(wrapped)

    def _function(self, function: types.FunctionType) -> None:
        facts = layout()
        assert facts is not None
        fields: dict[int, Any] = {
            facts.code: function.__code__,
            facts.defaults: function.__defaults__,
            facts.kwdefaults: function.__kwdefaults__,
            facts.closure: function.__closure__,
        }
        self._reader.keep.append(function)
        for offset, value in fields.items():
            held = word_at(id(function) + offset)
            if held not in (0, id(value)):
                raise Unserved
            self._reader.keep.append(value)
            self._reader.word(id(function) + offset, held)
        for default in function.__defaults__ or ():
            self.value(default)
        if function.__kwdefaults__:
            self._names(function.__kwdefaults__)
        for cell in function.__closure__ or ():
            try:
                value = cell.cell_contents
            except ValueError:
                raise Unserved from None
            self._reader.keep += [cell, value]
            self._reader.word(id(cell) + facts.cell, id(value))
            self.value(value)
        space = function.__globals__
        for name in read_by(function.__code__):
            if name in space:
                self._reader.name(space, name, space[name])
                self.value(space[name])
            else:
                self._reader.name(space, name, absent=True)

    def _names(self, space: dict[str, Any]) -> None:
        """A dict, whose size counts too, since another key is another meaning."""
        facts = layout()
        assert facts is not None
        self._reader.word(id(space) + facts.used, len(space))
        for name, value in space.items():
            self._reader.name(space, name, value)
            self.value(value)

    def _partial(self, value: functools.partial[Any]) -> None:
        self.value(value.func)
        self.value(value.args)
        self._names(value.keywords)


@functools.lru_cache(maxsize=1024)
def read_by(code: types.CodeType) -> tuple[str, ...]:
    """The global names that the code, and functions defined in it, look up."""
    found = dict.fromkeys([str(i.argval) for i in dis.get_instructions(code) if i.opname in _LOADS])
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            found |= dict.fromkeys(read_by(inner))
    return tuple(found)

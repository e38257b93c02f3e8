"""Blocks: what one kind of call of a function takes, what is then run, and how its result is put together.

A block is a few tables of words, which `chalkgrad.native.call.code` reads. It is written once and never changes.
"""

from __future__ import annotations

import ctypes
import weakref
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from chalkgrad.ir.types import ArrayType
from chalkgrad.native.artifact import Artifact
from chalkgrad.native.call import engine
from chalkgrad.native.call.code import BLOCK, WORDS, Check, Make, Out
from chalkgrad.native.call.entry import made_plainly
from chalkgrad.native.call.layout import layout, maker

# Estimated nanoseconds from which other threads of Python's may run meanwhile.
LONG = 20_000.0
# Bytes of temporary room that are taken from the stack.
STACK = 4096
# Arguments, results and nests beyond this go through Python: the tables of a call lie on the stack.
MOST = 2048


class Unserved(Exception):
    """A call that only Python can answer."""


@final
class Code:
    """An Artifact in memory, and what its function is called with."""

    def __init__(self, artifact: Artifact) -> None:
        self.artifact = artifact
        self.compiled = engine.compiled(artifact.text, ("run",), artifact.externs)
        self.run = self.compiled.addresses["run"]
        self.sizes = np.array(artifact.sizes, np.int64)
        self.constants = np.array(artifact.constants, np.float64)
        self.tables = [np.require(t, requirements=("C", "A")) for t in artifact.tables]
        self._cells: dict[int, Any] = {}

    def cell(self, room: int) -> Any:
        """Where the room of the last call is kept for the next one: blocks of one code may need rooms of two sizes."""
        if room not in self._cells:
            made = self._cells[room] = np.zeros(1, np.uint64)
            weakref.finalize(self, _free, made)
        return self._cells[room]

    def plainly(self, values: Sequence[Any]) -> list[Any] | None:
        """Its outputs at values of its inputs' types, by ctypes alone; None where the code gives up."""
        artifact = self.artifact
        given = [
            np.require(v, dtype=t.dtype, requirements=("C", "A")) for v, t in zip(values, artifact.inputs, strict=True)
        ]
        made: list[Any] = [np.empty(_sizes(t), t.dtype) for t in artifact.outputs]
        buffers = np.array([a.ctypes.data for a in (*given, *made, *self.tables)], np.uint64)
        room = np.empty(artifact.arena + 64, np.uint8)
        words = [a.ctypes.data for a in (buffers, self.sizes, self.constants)]
        run = ctypes.CFUNCTYPE(ctypes.c_int32, *[ctypes.c_void_p] * 4)(self.run)
        status = run(*words, -(-room.ctypes.data // 64) * 64)
        return None if status else [a if a.ndim else a[()] for a in made]


def _free(cell: Any) -> None:
    kept, cell[0] = int(cell[0]), 0
    ctypes.pythonapi.PyMem_RawFree(ctypes.c_void_p(kept))


def _sizes(type: ArrayType) -> tuple[int, ...]:
    sizes: Any = type.shape
    return sizes


@final
@dataclass(frozen=True, eq=False)
class Block:
    """Its address, and all that its words point at."""

    address: int
    code: Code
    keep: tuple[Any, ...]


@final
class Reader:
    """Collects what is asked of a call of so many arguments, the last of them named.

    The arguments are slots 0 and on; what is found in them are further slots.
    """

    def __init__(self, given: int, names: tuple[str, ...] = ()) -> None:
        self.given, self.names = given, names
        self.slots = given + len(names)
        self.wholes = 0
        self.rows: list[tuple[int, ...]] = []
        self.keep: list[Any] = [names]

    def word(self, address: int, value: int) -> None:
        """Ask that a word of memory be what it is now."""
        self._row(Check.WORD, address, value)

    def name(self, space: dict[str, Any], name: str, value: Any = None, *, absent: bool = False) -> None:
        """Ask that a name stand in a dict for this very object, or for none."""
        self.keep += [space, name, value]
        self._row(Check.NAME, id(space), id(name), 0 if absent else id(value))

    def same(self, slot: int, value: Any) -> None:
        """Ask for this very object."""
        self.keep.append(value)
        self._row(Check.SAME, slot, id(value))

    def take(self, value: Any) -> int:
        """A slot that has this object, whatever the call."""
        self.keep.append(value)
        self.slots += 1
        self._row(Check.TAKE, self.slots - 1, id(value))
        return self.slots - 1

    def nest(self, slot: int, kind: type, count: int, keys: Sequence[Any] = ()) -> int:
        """Ask for a tuple, list or dict of so many items, and give the slot of the first."""
        self.keep.append(kind)
        table = 0
        if issubclass(kind, dict):
            check = Check.DICT
            table = self._table([id(k) for k in keys])
            self.keep.append(tuple(keys))
        else:
            check = Check.LIST if kind is list else Check.TUPLE
        first = self.slots
        self.slots += count
        self._row(check, slot, id(kind), count, first, table)
        return first

    def leaf(self, slot: int, example: Any, type_: ArrayType, buffer: int, *, copies: bool = True) -> None:
        """Ask for a number or array like the example, which is an input of this type.

        Raises Unserved for what is not read as it lies.
        """
        kind = type(example)
        facts = layout()
        assert facts is not None
        if kind is np.ndarray:
            if example.dtype is not np.dtype(type_.dtype) or example.shape != type_.shape:
                raise Unserved
            self.array(slot, type_, buffer, copies=copies)
        elif type_.shape == () and kind is float and type_.dtype == "float64":
            self._row(Check.NUMBER, slot, id(kind), facts.number, buffer)
        elif type_.shape == () and isinstance(example, np.generic) and kind is np.dtype(type_.dtype).type:
            self._row(Check.NUMBER, slot, id(kind), dict(facts.scalars)[type_.dtype], buffer)
        elif type_.shape == () and kind is int and type_.dtype == "float64":
            self._row(Check.WHOLE, slot, id(kind), self.wholes, buffer)
            self.wholes += 1
        else:
            raise Unserved

    def array(self, slot: int, type_: ArrayType, buffer: int, *, copies: bool = True) -> None:
        """Ask for an array of this type; one that does not lie by rows is copied, if it may be."""
        dtype = np.dtype(type_.dtype)
        self.keep.append(dtype)
        self._row(Check.ARRAY, slot, id(dtype), self._table(_dims(type_)), buffer, int(copies))

    def numbers(self, slot: int, copy: Any) -> None:
        """Ask that the array in the slot, which is known to be like this copy, has the same bytes."""
        self.keep.append(copy)
        self._row(Check.BYTES, slot, copy.ctypes.data, copy.nbytes)

    def _table(self, words: Sequence[int]) -> int:
        table = np.array(words, np.uint64)
        self.keep.append(table)
        return int(table.ctypes.data)

    def _row(self, *words: int) -> None:
        self.rows.append((*words, *[0] * (6 - len(words))))


def _dims(type: ArrayType) -> list[int]:
    sizes = _sizes(type)
    return [id(np.ndarray), len(sizes), *sizes]


def block(code: Code, reader: Reader, nest: Callable[[list[Any]], Any], guards: Sequence[Any] = ()) -> Block:
    """A block that runs the code for the calls that `reader` lets through.

    The code's outputs are the leaves that `nest` makes a result of, and then what `guards`, one value each, must be.
    Raises Unserved for what has no place in the tables.
    """
    artifact = code.artifact
    results = len(artifact.outputs) - len(guards)
    keep: list[Any] = [code, *reader.keep]
    inputs = len(artifact.inputs)
    making = _recipe(nest, results, keep)
    if max(reader.slots, len(artifact.outputs), inputs, len(making), len(reader.rows)) > MOST:
        raise Unserved
    outs, room = _outs(artifact, guards, keep)
    stacked = room if room <= STACK else 0
    table = np.zeros(inputs + len(artifact.outputs) + len(code.tables), np.uint64)
    table[inputs + len(artifact.outputs) :] = [t.ctypes.data for t in code.tables]
    checks = np.array(reader.rows, np.uint64).reshape(len(reader.rows), 6)
    build = np.array(making, np.uint64).reshape(len(making), 3)
    words = np.zeros(WORDS, np.uint64)
    for name, value in {
        "GIVEN": reader.given,
        "NAMES": id(reader.names) if reader.names else 0,
        "NAMED": len(reader.names),
        "CHECKS": checks.ctypes.data,
        "CHECKED": len(checks),
        "SLOTS": reader.slots,
        "BUFFERS": table.ctypes.data,
        "BUFFERED": len(table),
        "WHOLES": reader.wholes,
        "RUN": code.run,
        "LENGTHS": code.sizes.ctypes.data,
        "CONSTANTS": code.constants.ctypes.data,
        "ARENA": 0 if stacked else room,
        "STACKED": stacked,
        "CELL": code.cell(room).ctypes.data,
        "RELEASE": int(artifact.work > LONG),
        "OUTS": outs.ctypes.data,
        "RESULTS": results,
        "GUARDED": len(guards),
        "BUILD": build.ctypes.data,
        "BUILT": len(build),
        "INPUTS": inputs,
    }.items():
        words[BLOCK[name] // 8] = value
    return Block(int(words.ctypes.data), code, (words, table, checks, build, outs, *keep))


def _outs(artifact: Artifact, guards: Sequence[Any], keep: list[Any]) -> tuple[Any, int]:
    """How each output is received, and how much room the call needs: truths and guards lie behind the arena."""
    results = len(artifact.outputs) - len(guards)
    room = -(-artifact.arena // 64) * 64
    rows: list[tuple[int, int, int, int]] = []
    for place, type in enumerate(artifact.outputs):
        dtype = np.dtype(type.dtype)
        if place >= results:
            expected = np.array(guards[place - results], dtype, order="C")
            if expected.shape != type.shape:
                raise Unserved
            keep.append(expected)
            rows.append((Out.GUARD, expected.ctypes.data, expected.nbytes, room))
            room += -(-expected.nbytes // 64) * 64
        elif type.shape:
            table = np.array(_dims(type), np.uint64)
            keep += [table, dtype]
            rows.append((Out.ARRAY, id(dtype), len(type.shape), int(table.ctypes.data)))
        elif dtype.kind == "b":
            rows.append((Out.TRUTH, id(np.True_), id(np.False_), room))
            room += 64
        else:
            facts = layout()
            assert facts is not None
            quick = made_plainly(dtype.type)
            how = (Out.NUMBER, dtype.type.__basicsize__) if quick else (Out.MADE, maker(dtype.type))
            rows.append((how[0], id(dtype.type), how[1], dict(facts.scalars)[type.dtype]))
    return np.array(rows, np.uint64).reshape(len(rows), 4), room


def _recipe(nest: Callable[[list[Any]], Any], count: int, keep: list[Any]) -> list[tuple[int, int, int]]:
    """How the nest is put together, in the order of a stack: found out from what it makes of so many stand-ins."""
    leaves = [object() for _ in range(count)]
    place = {id(leaf): k for k, leaf in enumerate(leaves)}
    found: list[tuple[int, int, int]] = []
    _make(nest(leaves), place, found, keep)
    if sorted([a for op, a, _ in found if op == Make.LEAF]) != [*range(count)]:
        raise Unserved
    return found


def _make(value: Any, place: dict[int, int], found: list[tuple[int, int, int]], keep: list[Any]) -> None:
    kind: Any = type(value)
    call: Any = None
    if id(value) in place:
        found.append((Make.LEAF, place[id(value)], 0))
        return
    dicts = kind in (dict, OrderedDict)
    if not (kind in (tuple, list) or dicts or (isinstance(value, tuple) and hasattr(kind, "_make"))):
        keep.append(value)
        found.append((Make.OBJECT, id(value), 0))
        return
    items: Any = value
    for item in items.values() if dicts else items:
        _make(item, place, found, keep)
    several = len(items)
    if kind in (tuple, list):
        found.append((Make.TUPLE if kind is tuple else Make.LIST, several, 0))
    elif dicts and kind is not OrderedDict:
        keys = np.array([id(k) for k in items], np.uint64)
        keep += [keys, tuple(items)]
        found.append((Make.DICT, several, int(keys.ctypes.data)))
    else:
        call = _ordered(tuple(items)) if dicts else getattr(kind, "_make")  # noqa: B009 a named tuple's
        keep.append(call)
        found.append((Make.CALL, several, id(call)))


def _ordered(keys: tuple[Any, ...]) -> Callable[[Any], Any]:
    return lambda parts: OrderedDict(zip(keys, parts, strict=True))

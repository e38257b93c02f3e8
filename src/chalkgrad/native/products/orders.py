"""Sorting as routines in LLVM's language: the entries of each row in order, or the places that they came from.

    void argsort_f64(ptr into, ptr left, ptr right, ptr plan, ptr failed)

does it for all rows, which lie one behind another; `plan` says how many there are, and how long they are. NaN comes
last, and equal entries stay in their order, -0 and 0 too.

An entry becomes a key, a number of 64 bits without a sign that stands as the entry does: the key less the least one,
moved up as far as it goes. For `argsort` the lowest bits of such a word are the place of the entry, so no two words are
equal. How words are put in order: `chalkgrad.native.products.sorting`. Entries that differ only in the bits that the
place has taken are few, most often, and are put in order at the end.
"""

from __future__ import annotations

import ctypes
import math
import threading
from collections.abc import Callable
from functools import cache
from typing import Any, final

import numpy as np

from chalkgrad.native.call import engine
from chalkgrad.native.plan.scans import Where
from chalkgrad.native.plan.statements import fixed
from chalkgrad.native.products.sorting import DIGIT, MOVES, TOP, sorting
from chalkgrad.native.products.words import LOOPS, Words
from chalkgrad.native.tree import Buffer, Product
from chalkgrad.ops.kernel import Axis, Routine, lift

NAMES = ("sort", "argsort")
# More entries NumPy sorts more quickly, by vectors of the machine, unless their rows are as short as this; the places
# that entries came from it does not find so quickly.
MOST_SORTED, SHORT_ROW = 1 << 13, 8
# A place has at most so many bits.
_LONGEST = 1 << 32
_KINDS = {"float32": "float", "float64": "double", "int64": "i64"}
_SHORT = {"float32": "f32", "float64": "f64", "int64": "i64"}
_ARGUMENTS = [("ptr", "into"), ("ptr", "left"), ("ptr", "right"), ("ptr", "plan"), ("ptr", "failed")]
# The key of NaN: above that of infinity, and as short as that of a float32.
_NAN = -(1 << 29)
_LOCK = threading.Lock()


def has(kernel: Routine) -> bool:
    """Whether there is a routine for it that is as quick as NumPy's."""
    shape = fixed(kernel.shape)
    if kernel.name not in NAMES or kernel.args[0].dtype not in _KINDS or shape[-1] > _LONGEST:
        return False
    return kernel.name == "argsort" or shape[-1] <= SHORT_ROW or math.prod(shape) <= MOST_SORTED


def orders(kernel: Routine, into: Where, given: Where, step: Any) -> Product:
    """The statement for it, with where its argument lies and where its result is to lie."""
    shape, dtype = fixed(kernel.shape), kernel.args[0].dtype
    count, n = math.prod(shape[:-1]), shape[-1]
    read = given.read([lift(0)] * len(shape))
    return Product(
        f"{kernel.name}_{_SHORT[dtype]}",
        into.buffer,
        (*into.index, *[lift(0)] * len(shape)),
        (Axis(count), Axis(n), Axis(256)),  # about as long as so many products take
        (),
        read,
        read,
        read,
        Buffer("plan", "int64", (2,), "table", np.array([count, n], dtype=np.int64)),
        step=step,
        whole=kernel.name,
    )


def address(routine: str) -> int:
    """Where a routine lies in memory; it is compiled when it is first asked for."""
    name, _, short = routine.rpartition("_")
    dtype = next(d for d, s in _SHORT.items() if s == short)
    with _LOCK:
        return _compiled(name, dtype).addresses[routine]


@cache
def _compiled(name: str, dtype: str) -> Any:
    memory = {n: ctypes.cast(getattr(ctypes.pythonapi, n), ctypes.c_void_p).value or 0 for n in _MEMORY}
    return engine.compiled(_Orders(name, dtype).text(), (f"{name}_{_SHORT[dtype]}",), memory)


_MEMORY = ("PyMem_RawMalloc", "PyMem_RawFree")


@final
class _Orders:
    """One routine of one dtype, and the functions that it calls."""

    def __init__(self, name: str, dtype: str) -> None:
        self.name, self.dtype, self.kind = name, dtype, _KINDS[dtype]

    def text(self) -> str:
        """The module."""
        f = Words(f"{self.name}_{_SHORT[self.dtype]}", _ARGUMENTS, "nounwind", internal=False)
        turns, n = [f.load("i64", f.at("i64", "%plan", str(k))) for k in range(2)]
        words = "8" if self.name == "argsort" else "16"  # the places are words at first
        room = f.value(f"call ptr @PyMem_RawMalloc(i64 {f.mul(n, words)})")
        none = f.value(f"icmp eq ptr {room}, null")
        with f.when(none):
            f.store("i1", "true", "%failed")
        result = "i64" if self.name == "argsort" else self.kind
        with f.when(f.value(f"xor i1 {none}, true")):
            with f.loop(turns) as turn:
                start = f.mul(turn, n)
                row, into = f.at(self.kind, "%left", start), f.at(result, "%into", start)
                f.line(f"call void @row(ptr {row}, ptr {into}, i64 {n}, ptr {room})")
            f.line(f"call void @PyMem_RawFree(ptr {room})")
        row = self._places() if self.name == "argsort" else self._sorted()
        declared = [
            "declare ptr @PyMem_RawMalloc(i64)",
            "declare void @PyMem_RawFree(ptr)",
            "declare i64 @llvm.ctlz.i64(i64, i1)",
            "declare i64 @llvm.umin.i64(i64, i64)",
        ]
        return "\n".join([*declared, *sorting(), row, f.text(), LOOPS])

    # Keys.

    def _entry(self, f: Words, place: str) -> str:
        """The bits of an entry, a float32 as a float64."""
        entry = f.load(self.kind, f.at(self.kind, "%row", place))
        if self.kind == "i64":
            return entry
        wide = f.value(f"fpext float {entry} to double") if self.kind == "float" else entry
        return f.value(f"bitcast double {wide} to i64")

    def _key(self, f: Words, bits: str) -> str:
        if self.kind == "i64":
            return f.value(f"xor i64 {bits}, {TOP}")
        size = f.value(f"and i64 {bits}, {~TOP}")
        zero, odd = f.value(f"icmp eq i64 {size}, 0"), f.value(f"icmp ugt i64 {size}, {0x7FF << 52}")
        signs = f.value(f"or i64 {f.value(f'ashr i64 {bits}, 63')}, {TOP}")
        key = f.value(f"select i1 {zero}, i64 {TOP}, i64 {f.value(f'xor i64 {bits}, {signs}')}")
        return f.value(f"select i1 {odd}, i64 {_NAN}, i64 {key}")

    def _number(self, f: Words, key: str) -> str:
        """The entry that has a key."""
        if self.kind == "i64":
            return f.value(f"xor i64 {key}, {TOP}")
        below = f.value(f"icmp sge i64 {key}, 0")  # those of negative ones
        bits = f.value(f"select i1 {below}, i64 -1, i64 {TOP}")
        wide = f.value(f"bitcast i64 {f.value(f'xor i64 {key}, {bits}')} to double")
        return f.value(f"fptrunc double {wide} to float") if self.kind == "float" else wide

    def _spread(self, f: Words) -> tuple[str, str, str]:
        """The least key of the row, by how much keys are moved up, and whether there is a -0."""
        least, most, minus = f.variable("i64", "-1"), f.variable("i64", "0"), f.variable("i1", "false")
        with f.loop("%n") as i:
            bits = self._entry(f, i)
            key = self._key(f, bits)
            for name, found in (("umin", least), ("umax", most)):
                f.store("i64", f.value(f"call i64 @llvm.{name}.i64(i64 {f.load('i64', found)}, i64 {key})"), found)
            one = f.value(f"icmp eq i64 {bits}, {TOP}")
            f.store("i1", f.value(f"or i1 {f.load('i1', minus)}, {one}"), minus)
        start = f.load("i64", least)
        width = f.value(f"or i64 {f.sub(f.load('i64', most), start)}, 1")
        return start, f.value(f"call i64 @llvm.ctlz.i64(i64 {width}, i1 false)"), f.load("i1", minus)

    # Rows.

    def _head(self) -> Words:
        return Words("row", [("ptr", "row"), ("ptr", "into"), ("i64", "n"), ("ptr", "room")], "nounwind")

    def _sorted(self) -> str:
        f = self._head()
        start, up, minus = self._spread(f)
        with f.loop("%n") as i:
            word = f.value(f"shl i64 {f.sub(self._key(f, self._entry(f, i)), start)}, {up}")
            f.store("i64", word, f.at("i64", "%room", i))
        place = f.variable("ptr")
        _ordered(f, "%room", f.at("i64", "%room", "%n"), place)
        words = f.load("ptr", place)
        first = f.variable("i64", "0")  # how many stand before the zeros
        with f.loop("%n") as i:
            word = f.load("i64", f.at("i64", words, i))
            key = f.add(f.value(f"lshr i64 {word}, {up}"), start)
            f.store(self.kind, self._number(f, key), f.at(self.kind, "%into", i))
            below = f.value(f"zext i1 {f.value(f'icmp ult i64 {key}, {TOP}')} to i64")
            f.store("i64", f.add(f.load("i64", first), below), first)
        if self.kind != "i64":
            with f.when(minus), f.loop("%n") as i:
                entry = f.load(self.kind, f.at(self.kind, "%row", i))
                with f.when(f.value(f"fcmp oeq {self.kind} {entry}, 0.0")):
                    at = f.load("i64", first)
                    f.store(self.kind, entry, f.at(self.kind, "%into", at))
                    f.store("i64", f.add(at, "1"), first)
        return f.text()

    def _places(self) -> str:
        f = self._head()
        start, up, _ = self._spread(f)
        last = f.value(f"or i64 {f.sub('%n', '1')}, 1")
        bits = f.sub("64", f.value(f"call i64 @llvm.ctlz.i64(i64 {last}, i1 false)"))  # of a place
        mask = f.value(f"shl i64 -1, {bits}")
        rest = f.value(f"xor i64 {mask}, -1")
        lost = f.variable("i64", "0")
        with f.loop("%n") as i:
            key = f.value(f"shl i64 {f.sub(self._key(f, self._entry(f, i)), start)}, {up}")
            f.store("i64", f.value(f"or i64 {f.load('i64', lost)}, {f.value(f'and i64 {key}, {rest}')}"), lost)
            f.store("i64", f.value(f"or i64 {f.value(f'and i64 {key}, {mask}')}, {i}"), f.at("i64", "%into", i))
        words = f.variable("ptr")
        _ordered(f, "%into", "%room", words)
        with f.when(f.value(f"icmp ne i64 {f.load('i64', lost)}, 0")):
            self._settle(f, words, start, up, bits)
        found = f.load("ptr", words)
        with f.loop("%n") as i:
            word = f.load("i64", f.at("i64", found, i))
            f.store("i64", f.value(f"and i64 {word}, {rest}"), f.at("i64", "%into", i))
        return f.text()

    def _settle(self, f: Words, found: str, start: str, up: str, bits: str) -> None:
        """Put in order the places of entries whose words differ in nothing else."""
        words = f.load("ptr", found)
        rest = f.value(f"xor i64 {f.value(f'shl i64 -1, {bits}')}, -1")

        def key_of(word: str) -> str:
            place = f.value(f"and i64 {word}, {rest}")
            return f.value(f"shl i64 {f.sub(self._key(f, self._entry(f, place)), start)}, {up}")

        moves, most = f.variable("i64", "0"), f.mul("%n", str(MOVES))
        with f.loop("%n", start="1") as i:
            word, at = f.load("i64", f.at("i64", words, i)), f.variable("i64")
            f.store("i64", i, at)
            with f.when(f.value(f"icmp sle i64 {f.load('i64', moves)}, {most}")), f.repeat() as leave:
                here = f.load("i64", at)
                leave(f.value(f"icmp eq i64 {here}, 0"))
                other = f.load("i64", f.at("i64", words, f.sub(here, "1")))
                apart = f.value(f"lshr i64 {f.value(f'xor i64 {other}, {word}')}, {bits}")
                leave(f.value(f"icmp ne i64 {apart}, 0"))
                leave(f.value(f"icmp ule i64 {key_of(other)}, {key_of(word)}"))
                f.store("i64", other, f.at("i64", words, here))
                f.store("i64", f.sub(here, "1"), at)
                f.store("i64", f.add(f.load("i64", moves), "1"), moves)
            f.store("i64", word, f.at("i64", words, f.load("i64", at)))
        with f.when(f.value(f"icmp sgt i64 {f.load('i64', moves)}, {most}")):
            self._anew(f, found, key_of, bits)

    def _anew(self, f: Words, found: str, key_of: Callable[[str], str], bits: str) -> None:
        """By the lowest bits first, and then by the others, which keeps the order of those in which they are equal."""
        mask, above = f.value(f"shl i64 -1, {bits}"), f.sub("64", bits)
        with f.loop("%n") as i:
            low = f.value(f"shl i64 {key_of(i)}, {above}")
            f.store("i64", f.value(f"or i64 {low}, {i}"), f.at("i64", "%into", i))
        f.line(f"call void @by_digits(ptr %into, ptr %room, i64 %n, i64 0, i64 {64 // DIGIT}, ptr {found})")
        words = f.load("ptr", found)
        with f.loop("%n") as i:
            word = f.load("i64", f.at("i64", words, i))
            place = f.value(f"and i64 {word}, {f.value(f'xor i64 {mask}, -1')}")
            high = f.value(f"and i64 {key_of(place)}, {mask}")
            f.store("i64", f.value(f"or i64 {high}, {place}"), f.at("i64", words, i))
        other = f.value(f"select i1 {f.value(f'icmp eq ptr {words}, %into')}, ptr %room, ptr %into")
        digits = f.value(f"udiv i64 {f.add(above, str(DIGIT - 1))}, {DIGIT}")
        f.line(f"call void @by_digits(ptr {words}, ptr {other}, i64 %n, i64 {bits}, i64 {digits}, ptr {found})")


def _ordered(f: Words, words: str, room: str, found: str) -> None:
    f.line(f"call void @in_order(ptr {words}, ptr {room}, i64 %n, ptr {found})")


__all__ = ["address", "has", "orders"]

"""Linear systems, inverses, determinants and Cholesky factors as routines in LLVM's language.

    void solve_f64(ptr into, ptr left, ptr right, ptr plan, ptr failed)

does it for a stack of matrices that lie by rows, by the functions of LAPACK in the library that NumPy brings along and
in the way that NumPy does: each matrix is copied by columns, as float64, worked on, and copied back. So the numbers are
NumPy's.
What has no solution or no factor is told by `failed`, and the interpreter then says so.

A system with an upper triangle alone, as every derivative of a Cholesky or QR factor asks for, needs no factors: it is
its own, so the numbers are the same. Whether it is one is looked at when it comes; so is whether all is finite, since
zeros below the diagonal are multiplied with too, and infinity times 0 is NaN.

`plan` says how many matrices there are, of how many rows, and how many columns the right side has.
"""

from __future__ import annotations

import ctypes
import math
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, final

import numpy as np

from chalkgrad.native import maths
from chalkgrad.native.call import engine
from chalkgrad.native.plan.scans import Where
from chalkgrad.native.plan.statements import fixed
from chalkgrad.native.products import blas
from chalkgrad.native.products.words import LOOPS, Words
from chalkgrad.native.tree import Buffer, Product
from chalkgrad.ops.kernel import Axis, Input, Routine, lift

# What each of them calls.
CALLS = {"solve": "dgesv", "inv": "dgesv", "slogdet": "dgetrf", "cholesky": "dpotrf"}
_TRIANGLE = "dtrtrs"
_COUNT_OF_ARGUMENTS = {"dgesv": 8, "dgetrf": 6, "dpotrf": 5, _TRIANGLE: 10}
# How many of them are single characters, whose lengths stand behind all, as Fortran has it.
_LETTERS = {"dpotrf": 1, _TRIANGLE: 3}
_KINDS = {"float32": "float", "float64": "double"}
_SHORT = {"float32": "f32", "float64": "f64"}
_ARGUMENTS = [("ptr", "into"), ("ptr", "left"), ("ptr", "right"), ("ptr", "plan"), ("ptr", "failed")]
# As many entries as a line of the cache has.
_BLOCK = 8
_LOCK = threading.Lock()


def has(kernel: Routine) -> bool:
    """Whether there is a routine for it here, as exact as what NumPy does: not for determinants of minors."""
    found = blas.library()
    if kernel.name == "slogdet" and not isinstance(kernel.args[0], Input):
        return False
    return found is not None and kernel.dtype in _KINDS and CALLS.get(kernel.name) in found.addresses


def matrices(kernel: Routine, into: Where, given: Sequence[Where], step: Any) -> Product:
    """The statement for it, with where its arguments lie and where its result is to lie."""
    args = [fixed(s.shape) for s in kernel.args]
    rows = args[0][-1]
    columns = args[1][-1] if len(args) > 1 else rows
    count = math.prod(args[0][:-2])
    reads = [w.read([lift(0)] * len(shape)) for w, shape in zip(given, args, strict=True)]
    return Product(
        f"{kernel.name}_{_SHORT[kernel.dtype]}",
        into.buffer,
        (*into.index, *[lift(0)] * len(kernel.shape)),
        (Axis(count), Axis(rows), Axis(columns)),
        (Axis(rows),),
        reads[0] if len(reads) == 1 else reads[0] * reads[1],
        reads[0],
        reads[-1],
        Buffer("plan", "int64", (3,), "table", np.array([count, rows, columns], dtype=np.int64)),
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
    found, symbol = blas.library(), CALLS[name]
    assert found is not None
    memory = {n: ctypes.cast(getattr(ctypes.pythonapi, n), ctypes.c_void_p).value or 0 for n in _MEMORY}
    symbols = [symbol, *([_TRIANGLE] if name == "solve" and _TRIANGLE in found.addresses else [])]
    externs = {**memory, **blas.guard(), **{s: found.addresses[s] for s in symbols}}
    text = _Matrices(name, dtype, found.count, len(symbols) > 1).text()
    return engine.compiled(text, (f"{name}_{_SHORT[dtype]}",), externs)


_MEMORY = ("PyMem_RawMalloc", "PyMem_RawFree")


def _types(symbol: str) -> list[str]:
    return ["ptr"] * _COUNT_OF_ARGUMENTS[symbol] + ["i64"] * _LETTERS.get(symbol, 0)


@final
class _Matrices:
    """One routine of one dtype."""

    def __init__(self, name: str, dtype: str, count: str, triangles: bool) -> None:
        self.name, self.symbol, self.count, self.triangles = name, CALLS[name], count, triangles
        self.kind = _KINDS[dtype]
        self.needs: dict[str, str] = {}
        self.f = Words(f"{name}_{_SHORT[dtype]}", _ARGUMENTS, "nounwind", internal=False)

    def text(self) -> str:
        """The module."""
        f = self.f
        turns, n, width = [f.load("i64", f.at("i64", "%plan", str(k))) for k in range(3)]
        square, right = f.mul(n, n), f.mul(n, width)
        # a copy of the matrix, one of the right side, and which rows changed places
        entries = f.add(square, right)
        room = f.value(f"call ptr @PyMem_RawMalloc(i64 {f.mul(f.add(entries, n), '8')})")
        none = f.value(f"icmp eq ptr {room}, null")
        with f.when(none):
            f.store("i1", "true", "%failed")
        with f.when(f.value(f"xor i1 {none}, true")):
            f.line("call void @enter()")
            with f.loop(turns) as turn:
                self._one(turn, n, width, room)
            f.line("call void @leave()")
            f.line(f"call void @PyMem_RawFree(ptr {room})")
        declared = [
            "declare ptr @PyMem_RawMalloc(i64)",
            "declare void @PyMem_RawFree(ptr)",
            "declare void @enter()",
            "declare void @leave()",
            *[f"declare void @{s}({', '.join(_types(s))})" for s in (self.symbol, *([_TRIANGLE] * self.triangles))],
        ]
        return "\n".join([*declared, *self.needs.values(), f.text(), LOOPS])

    def _one(self, turn: str, n: str, width: str, room: str) -> None:
        f, kind = self.f, self.kind
        square = f.mul(n, n)
        wide = f.mul(n, width)
        matrix, right = room, f.at("double", room, square)
        pivots = f.at("i64", room, f.add(square, wide))
        self._taken(f.at(kind, "%left", f.mul(turn, square)), matrix, n, n)
        order, columns, leading, info = [self._counted(v) for v in (n, width, f.most(n, "1"), "0")]
        if self.name == "solve":
            self._taken(f.at(kind, "%right", f.mul(turn, wide)), right, n, width)
        elif self.name == "inv":
            self._identity(right, n)
        if self.symbol == "dgesv":
            given = order, columns, matrix, leading
            if self.triangles:
                upper = self._upper(matrix, right, n, wide)
                with f.when(upper):
                    letters = [f.variable("i8", str(ord(letter))) for letter in "UNN"]
                    self._call(_TRIANGLE, *letters, *given, right, leading, info)
                with f.when(f.value(f"xor i1 {upper}, true")):
                    self._call(self.symbol, *given, pivots, right, leading, info)
            else:
                self._call(self.symbol, *given, pivots, right, leading, info)
            self._told(info)
            self._given(right, f.at(kind, "%into", f.mul(turn, wide)), n, width)
        elif self.name == "slogdet":
            self._call(self.symbol, order, order, matrix, leading, pivots, info)
            self._determinant(matrix, pivots, n, info, f.at(kind, "%into", f.mul(turn, "2")))
        else:
            letter = f.variable("i8", str(ord("L")))
            self._call(self.symbol, letter, order, matrix, leading, info)
            self._told(info)
            into = f.at(kind, "%into", f.mul(turn, square))
            self._given(matrix, into, n, n)
            with f.loop(n) as i, f.loop(n, start=f.add(i, "1")) as j:
                f.store(kind, "0.0", f.at(kind, into, f.add(f.mul(i, n), j)))

    def _call(self, symbol: str, *given: str) -> None:
        lengths = ["i64 1"] * _LETTERS.get(symbol, 0)
        self.f.line(f"call void @{symbol}({', '.join([*[f'ptr {g}' for g in given], *lengths])})")

    def _upper(self, matrix: str, right: str, n: str, wide: str) -> str:
        """Whether all below the diagonal is 0, and everything is finite."""
        f = self.f
        upper, column = f.variable("i1", "true"), f.variable("i64", "0")
        with f.repeat() as leave:
            j = f.load("i64", column)
            leave(f.value(f"icmp sge i64 {j}, {n}"))
            below = f.add(j, "1")
            with f.loop(n, start=below) as i:
                entry = f.load("double", f.at("double", matrix, f.add(f.mul(j, n), i)))
                nothing = f.value(f"fcmp oeq double {entry}, 0.0")
                f.store("i1", f.value(f"and i1 {f.load('i1', upper)}, {nothing}"), upper)
            leave(f.value(f"xor i1 {f.load('i1', upper)}, true"))
            f.store("i64", below, column)
        with f.when(f.load("i1", upper)):
            total = f.variable("double", "0.0")
            for start, count in ((matrix, f.mul(n, n)), (right, wide)):
                with f.loop(count) as i:
                    nothing = f.value(f"fmul double {f.load('double', f.at('double', start, i))}, 0.0")
                    f.store("double", f.value(f"fadd double {f.load('double', total)}, {nothing}"), total)
            f.store("i1", f.value(f"fcmp oeq double {f.load('double', total)}, 0.0"), upper)
        return f.load("i1", upper)

    def _counted(self, value: str) -> str:
        """A place with this number, as the library counts."""
        f = self.f
        place = f.variable(self.count)
        short = value if self.count == "i64" or value == "0" else f.value(f"trunc i64 {value} to i32")
        f.store(self.count, short, place)
        return place

    def _failed(self, info: str) -> str:
        return self.f.value(f"icmp ne {self.count} {self.f.load(self.count, info)}, 0")

    def _told(self, info: str) -> None:
        with self.f.when(self._failed(info)):
            self.f.store("i1", "true", "%failed")

    @contextmanager
    def _in_blocks(self, first: str, second: str) -> Generator[tuple[str, str]]:
        """All pairs of places: a few of the first at each of the second, so that what lies side by side is met so."""
        f = self.f
        with f.loop(first, step=str(_BLOCK)) as start:
            end = f.least(f.add(start, str(_BLOCK)), first)
            with f.loop(second) as j, f.loop(end, start=start) as i:
                yield i, j

    def _taken(self, start: str, into: str, rows: str, columns: str) -> None:
        """By columns what lies by rows."""
        f = self.f
        with self._in_blocks(rows, columns) as (i, j):
            entry = f.load(self.kind, f.at(self.kind, start, f.add(f.mul(i, columns), j)))
            if self.kind == "float":
                entry = f.value(f"fpext float {entry} to double")
            f.store("double", entry, f.at("double", into, f.add(f.mul(j, rows), i)))

    def _given(self, start: str, into: str, rows: str, columns: str) -> None:
        """By rows what lies by columns."""
        f = self.f
        with self._in_blocks(columns, rows) as (j, i):
            entry = f.load("double", f.at("double", start, f.add(f.mul(j, rows), i)))
            f.store(self.kind, self._narrowed(entry), f.at(self.kind, into, f.add(f.mul(i, columns), j)))

    def _narrowed(self, entry: str) -> str:
        return entry if self.kind == "double" else self.f.value(f"fptrunc double {entry} to float")

    def _identity(self, into: str, n: str) -> None:
        f = self.f
        with f.loop(n) as i, f.loop(n) as j:
            one = f.value(f"select i1 {f.value(f'icmp eq i64 {i}, {j}')}, double 1.0, double 0.0")
            f.store("double", one, f.at("double", into, f.add(f.mul(i, n), j)))

    def _determinant(self, matrix: str, pivots: str, n: str, info: str, into: str) -> None:
        """The sign, and the logarithms of what stands on the diagonal, added up in their order."""
        f, kind = self.f, "double"
        symbol, texts = maths.define("log", "float64", 1, False)
        self.needs.update(texts)
        self.needs["llvm.fabs.f64"] = f"declare {kind} @llvm.fabs.f64({kind})"
        sign, total = f.variable(kind), f.variable(kind)
        f.store(kind, "1.0", sign)
        f.store(kind, "0.0", total)
        with f.loop(n) as i:
            entry = f.load(kind, f.at(kind, matrix, f.mul(i, f.add(n, "1"))))
            row = f.load(self.count, f.at(self.count, pivots, i))
            row = row if self.count == "i64" else f.value(f"sext i32 {row} to i64")
            moved = f.value(f"icmp ne i64 {row}, {f.add(i, '1')}")
            below = f.value(f"fcmp olt {kind} {entry}, 0.0")
            turned = f.value(f"xor i1 {moved}, {below}")
            now = f.load(kind, sign)
            f.store(kind, f.value(f"select i1 {turned}, {kind} {f.value(f'fneg {kind} {now}')}, {kind} {now}"), sign)
            size = f.value(f"call {kind} @llvm.fabs.f64({kind} {entry})")
            found = f.value(f"call {kind} @{symbol}({kind} {size})")
            f.store(kind, f.value(f"fadd {kind} {f.load(kind, total)}, {found}"), total)
        with f.when(self._failed(info)):  # singular, which is no error
            f.store(kind, "0.0", sign)
            f.store(kind, "0xFFF0000000000000", total)
        for k, found in enumerate((sign, total)):
            f.store(self.kind, self._narrowed(f.load(kind, found)), f.at(self.kind, into, str(k)))


__all__ = ["address", "has", "matrices"]

"""What is known while one function is written: its counters, where its buffers lie, and in how many lanes it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np

from chalkgrad.native.emit.places import Form, Poly, Range, form, known
from chalkgrad.native.emit.primitives import converted
from chalkgrad.native.emit.text import FLOATS, Code, Level, literal, plain, stored, typed
from chalkgrad.native.tree import Buffer, Choose, Combine, Loop, Stmt
from chalkgrad.ops.scalars import Axis, Expr, Read

# An array of so many entries is known by its extents to LLVM, which then may keep it in registers.
LARGEST_FIXED = 256


@final
@dataclass(slots=True)
class Value:
    """A number in a register, one for all lanes or, where `wide`, one a lane; or a number that is known.

    A wide one that is one of two numbers which all lanes share knows them: see `chalkgrad.native.emit.chosen`.
    """

    text: str
    dtype: str
    wide: bool = False
    known: Any = None
    chosen: Chosen | None = None


@final
@dataclass(frozen=True, slots=True)
class Chosen:
    """In each lane `a` where the condition, a register, holds, and else `b`."""

    condition: str
    a: Value
    b: Value


@final
@dataclass(slots=True)
class Store:
    """Where the entries of a buffer lie: the address of the first, and how many lanes each entry has."""

    pointer: str
    lanes: int = 1


@final
@dataclass(slots=True, eq=False)
class Partial:
    """What lanes combine each for itself: those axes of a buffer along which the entry changes within a turn."""

    stores: tuple[Store, ...]
    buffers: tuple[Buffer, ...]
    index: tuple[Expr, ...]
    kept: tuple[int, ...]


@final
@dataclass
class State:
    """One function as it is being written."""

    code: Code
    body: Sequence[Stmt] = ()  # all that it is to do
    stores: dict[tuple[Buffer, int], Store] = field(default_factory=dict[tuple[Buffer, int], Store])
    counters: dict[Axis, tuple[str, int]] = field(default_factory=dict[Axis, tuple[str, int]])  # name, depth
    fixed: dict[Axis, int] = field(default_factory=dict[Axis, int])  # of loops that are written out
    lane: Axis | None = None
    lanes: int = 1
    wide: set[Buffer] = field(default_factory=set[Buffer])  # of which every lane has entries of its own
    single: set[Buffer] = field(default_factory=set[Buffer])  # which are registers, not memory
    homes: dict[Buffer, tuple[Loop, ...]] = field(default_factory=dict[Buffer, tuple[Loop, ...]])
    partials: dict[Combine | Choose, Partial] = field(default_factory=dict[Combine | Choose, "Partial"])
    registers: dict[Buffer, Value] = field(default_factory=dict[Buffer, Value])
    memo: dict[Expr, Value] = field(default_factory=dict[Expr, Value])
    kept: dict[Expr, Value] = field(default_factory=dict[Expr, Value])  # what a statement finds worked out already
    spans: dict[Expr, Range | None] = field(default_factory=dict[Expr, Range | None])
    safe: dict[Expr, Expr] = field(default_factory=dict[Expr, Expr])
    forms: dict[Any, Form] = field(default_factory=dict[Any, Form])
    failed: str = ""
    shared: int = 0  # how many bytes on the stack are for what lanes share

    def form(self, key: Any, buffer: Buffer, index: tuple[Expr, ...]) -> Form:
        """The place that an index means, with counters that are known put in."""
        found = self.forms.get(key)
        if found is None:
            found = self.forms[key] = form(buffer, index)
        return found.bound(self.fixed) if self.fixed else found

    def form_of(self, read: Read) -> Form:
        """That of what is read."""
        return self.form(read, read.source, read.index)

    def level(self, axis: Axis) -> Level:
        """The head of the body of the loop over an axis."""
        return self.code.levels[self.counters[axis][1]]

    def poly(self, p: Poly) -> str:
        """A whole number in extents, worked out at the head of the function."""
        number = known(p)
        if number is not None:
            return str(number)
        code, head = self.code, self.code.levels[0]
        total = ""
        for product, times in p.items():
            term = ""
            for n in product:
                term = code.at(head, f"mul i64 {term}, {code.size(n)}") if term else code.size(n)
            if not term:
                term = str(times)
            elif times != 1:
                term = code.at(head, f"mul i64 {term}, {times}")
            total = code.at(head, f"add i64 {total}, {term}") if total else term
        return total

    def operand(self, v: Value, dtype: str, lanes: int = 1) -> str:
        """A value as an operand of this dtype in so many lanes."""
        if v.known is not None:
            return self.number(v.known, dtype, lanes)
        text = converted(self.code, v.text, v.dtype, dtype, self.lanes if v.wide else 1)
        return text if v.wide or lanes == 1 else self.code.spread(text, dtype, lanes)

    def rounded(self, v: Value, dtype: str) -> Any:
        """A known number in another dtype."""
        with np.errstate(all="ignore"):
            return np.asarray(v.known, dtype=v.dtype).astype(dtype).item()

    def number(self, value: Any, dtype: str, lanes: int = 1) -> str:
        """A known number as an operand: written out, or what the call brings along."""
        if dtype == "bool":
            return literal(bool(value), "bool", lanes)
        value = float(value) if dtype in FLOATS else int(value)
        if plain(value):
            return literal(value, dtype, lanes)
        code, head = self.code, self.code.levels[0]
        text = code.constant(value) if dtype in FLOATS else code.size(value)
        if dtype == "float32":
            text = code.at(head, f"fptrunc double {text} to float")
        if lanes == 1:
            return text
        kind = typed(dtype, lanes)
        first = code.at(head, f"insertelement {kind} poison, {typed(dtype)} {text}, i64 0")
        return code.at(head, f"shufflevector {kind} {first}, {kind} poison, <{lanes} x i32> zeroinitializer")

    def fail(self, condition: str, lanes: int = 1) -> None:
        """The interpreter must answer where the condition holds, in any lane."""
        code = self.code
        if lanes > 1:
            symbol = f"llvm.vector.reduce.or.v{lanes}i1"
            code.module.declare(symbol, f"declare i1 @{symbol}(<{lanes} x i1>)")
            condition = code.new(f"call i1 @{symbol}(<{lanes} x i1> {condition})")
        failed = self.failing()
        before = code.new(f"load i1, ptr {failed}")
        code.do(f"store i1 {code.new(f'or i1 {before}, {condition}')}, ptr {failed}")

    def failing(self) -> str:
        """Where it stands whether the interpreter must answer."""
        if not self.failed:
            self.failed = self.code.slot("i1", 1)
            self.code.slots.append(f"store i1 false, ptr {self.failed}")
        return self.failed

    def store(self, buffer: Buffer) -> Store:
        """Where a buffer lies; one that is only used here gets memory at its first use."""
        lanes = self.lanes if buffer in self.wide else 1
        found = self.stores.get((buffer, lanes))
        if found is None:
            assert buffer.space == "local", f"{buffer.name} was not handed over"
            found = self.stores[buffer, lanes] = Store(self.memory(buffer.dtype, buffer.size, lanes), lanes)
        return found

    def memory(self, dtype: str, entries: int, lanes: int) -> str:
        """Memory on the stack for so many entries."""
        kind = stored(dtype, lanes)
        if entries <= LARGEST_FIXED:
            return self.code.slot(kind if entries == 1 else f"[{entries} x {kind}]")
        # after the extents are loaded, but still at the head, so once a call; the name keeps it apart from others
        count = self.code.size(entries)
        return self.code.at(self.code.levels[0], f"alloca {kind}, i64 {count}, align 64 ; {self.code.label()}")


def beside(p: Poly) -> tuple[int, Poly]:
    """The number in a place, and what hangs on extents."""
    if () not in p:
        return 0, p
    return p[()], {k: v for k, v in p.items() if k}


__all__ = ["State", "Store", "Value", "beside"]

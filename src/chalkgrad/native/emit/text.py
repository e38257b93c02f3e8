"""Text of LLVM's language: functions as lines, with places at the head of every loop for what does not change in it."""

from __future__ import annotations

import struct
from typing import Any, final

# What a number of each dtype is in a register, and in memory.
TYPES = {"float64": "double", "float32": "float", "int64": "i64", "bool": "i1"}
STORED = {"float64": "double", "float32": "float", "int64": "i64", "bool": "i8"}
BYTES = {"float64": 8, "float32": 4, "int64": 8, "bool": 1}
FLOATS = ("float64", "float32")
# Numbers up to here are written out, as extents and in places; others are given when the code is called.
LITERAL = 16
_WRITTEN = frozenset(struct.pack("d", x) for x in (0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 0.5, -0.5))


def typed(dtype: str, lanes: int = 1) -> str:
    """The type of a register."""
    return TYPES[dtype] if lanes == 1 else f"<{lanes} x {TYPES[dtype]}>"


def stored(dtype: str, lanes: int = 1) -> str:
    """The type in memory."""
    return STORED[dtype] if lanes == 1 else f"<{lanes} x {STORED[dtype]}>"


def literal(value: Any, dtype: str, lanes: int = 1) -> str:
    """A number written out, without its type."""
    if dtype in FLOATS:
        if dtype == "float32":
            value = struct.unpack("f", struct.pack("f", value))[0]
        text = "0x" + struct.pack(">d", value).hex().upper()
    elif dtype == "bool":
        text = "true" if value else "false"
    else:
        text = str(int(value))
    return text if lanes == 1 else f"splat ({TYPES[dtype]} {text})"


def plain(value: Any) -> bool:
    """Whether a number is written out where it stands, and is not given when the code is called."""
    if isinstance(value, float):
        return struct.pack("d", value) in _WRITTEN
    return -LITERAL <= value <= LITERAL


@final
class Module:
    """What all functions share: declarations, and the numbers that they are called with."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.externs: dict[str, int] = {}
        self.sizes: list[int] = []
        self.constants: list[float] = []
        self._sizes: dict[int, int] = {}
        self._constants: dict[bytes, int] = {}

    def size(self, value: int) -> int:
        """Where in `sizes` an extent stands: equal ones in one place."""
        if value not in self._sizes:
            self._sizes[value] = len(self.sizes)
            self.sizes.append(value)
        return self._sizes[value]

    def offset(self, value: int) -> int:
        """Where in `sizes` a number stands that has its place to itself, whatever others there are."""
        self.sizes.append(value)
        return len(self.sizes) - 1

    def constant(self, value: float) -> int:
        """Where in `constants` a number stands: those of the same bits in one place."""
        bits = struct.pack("d", value)
        if bits not in self._constants:
            self._constants[bits] = len(self.constants)
            self.constants.append(value)
        return self._constants[bits]

    def declare(self, symbol: str, text: str) -> None:
        """A definition or declaration, once."""
        self.texts.setdefault(symbol, text)


@final
class Level:
    """The head of a function or of the body of a loop: lines there are done before the others, once a turn."""

    __slots__ = ("cache", "lines")

    def __init__(self) -> None:
        self.lines: list[Any] = []
        self.cache: dict[Any, str] = {}


@final
class Code:
    """The lines of one function as they are written."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.levels = [Level()]
        self.slots: list[str] = []  # stack memory, at the very head
        self.lines: list[Any] = [self.levels[0].lines]
        self.block = "head"
        self._names = 0

    def name(self) -> str:
        """A name that nothing else has."""
        self._names += 1
        return f"%v{self._names}"

    def label(self) -> str:
        """The name of a block."""
        self._names += 1
        return f"b{self._names}"

    def do(self, text: str) -> None:
        """A line that gives nothing."""
        self.lines.append(text)

    def new(self, text: str) -> str:
        """A line whose result gets a name."""
        self._names += 1
        name = f"%v{self._names}"
        self.lines.append(f"{name} = {text}")
        return name

    def at(self, level: Level, text: str) -> str:
        """The same at the head of a loop; a line is there once."""
        name = level.cache.get(text)
        if name is None:
            self._names += 1
            name = level.cache[text] = f"%v{self._names}"
            level.lines.append(f"{name} = {text}")
        return name

    def slot(self, kind: str, align: int = 64, count: str = "") -> str:
        """Memory on the stack, for as long as the function runs."""
        name = self.name()
        self.slots.append(f"{name} = alloca {kind}{count}, align {align}")
        return name

    def open(self, label: str) -> None:
        """Begin a block."""
        self.lines.append(f"{label}:")
        self.block = label

    def size(self, value: int) -> str:
        """An extent: written out, or loaded at the head of the function."""
        if -LITERAL <= value <= LITERAL:
            return str(value)
        head = self.levels[0]
        place = self.at(head, f"getelementptr inbounds i64, ptr %sizes, i64 {self.module.size(value)}")
        return self.at(head, f"load i64, ptr {place}, !invariant.load !0")

    def constant(self, value: float) -> str:
        """A number that the call brings along, loaded at the head of the function."""
        head = self.levels[0]
        place = self.at(head, f"getelementptr inbounds double, ptr %constants, i64 {self.module.constant(value)}")
        return self.at(head, f"load double, ptr {place}, !invariant.load !0")

    def spread(self, text: str, dtype: str, lanes: int) -> str:
        """One number in all lanes."""
        one, wide = TYPES[dtype], typed(dtype, lanes)
        first = self.new(f"insertelement {wide} poison, {one} {text}, i64 0")
        return self.new(f"shufflevector {wide} {first}, {wide} poison, <{lanes} x i32> zeroinitializer")

    def text(self) -> str:
        """All lines."""
        found: list[str] = ["head:", *self.slots]
        _flatten(self.lines, found)
        return "\n".join(found)


def _flatten(lines: list[Any], into: list[str]) -> None:
    for line in lines:
        if isinstance(line, list):
            _flatten(line, into)
        else:
            into.append(line)


__all__ = ["BYTES", "FLOATS", "LITERAL", "Code", "Level", "Module", "literal", "plain", "stored", "typed"]

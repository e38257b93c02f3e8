"""The machine that runs a tape: one small function an instruction, each of which jumps to the next one's.

It is compiled once, and serves every Program of the same functions. A word of the tape is four fields: the instruction,
two operands, and where the result goes. Those of three operands have the third in the word behind, as have loads and
stores their place. What an instruction gave is handed to the next one in a register too, since that is most often what
it reads.

Slots are eight bytes each: a float64, a float32 as the float64 that is equal to it, an int64, or a truth as 0 or 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from typing import NamedTuple

from chalkgrad.native.emit.text import STORED, Module
from chalkgrad.native.tape.scalars import FUNCTIONS, HANDED, Lines, primitives, written

# Bits of a field: as many slots as there may be, and no slower than fewer.
BITS = 32


class Instruction(NamedTuple):
    """One kind of word. `last` is the operand that is not read from a slot, being what the word before gave."""

    name: str
    takes: tuple[str, ...]
    gives: str
    last: int = -1


@cache
def instructions() -> dict[tuple[str, str, int], int]:
    """The number of each instruction, by its name, its dtype and which operand is the last result (-1: none)."""
    return {key: place for place, (key, _) in enumerate(_all())}


@cache
def _all() -> tuple[tuple[tuple[str, str, int], Instruction], ...]:
    return tuple(_each())


def _each() -> Iterator[tuple[tuple[str, str, int], Instruction]]:
    yield ("end", "", -1), Instruction("end", (), "")
    for dtype in STORED:
        yield ("load", dtype, -1), Instruction("load", (), dtype)
        yield ("store", dtype, -1), Instruction("store", (dtype,), "")
    for name, dtype, takes, gives in primitives():
        yield (name, dtype, -1), Instruction(name, takes, gives)
        for k in range(len(takes)):
            if dtype == "float64" and name in HANDED:
                yield (name, dtype, k), Instruction(name, takes, gives, k)


def part(key: tuple[str, str, int]) -> str:
    """What the machine has to have for an instruction: nothing for arithmetic of float64 and truths, which it always
    has; all of another dtype; one function."""
    name, dtype, _ = key
    if name in FUNCTIONS:
        return f"{name} {dtype}"
    return "" if dtype in ("", "bool", "float64") else dtype


@lru_cache(maxsize=64)
def machine(parts: frozenset[str]) -> tuple[str, Mapping[str, int]]:
    """The module with these parts, and the addresses of what it calls outside.

    All of it takes a second to compile, and what most tapes need a tenth of that.
    """
    module = Module()
    handlers: list[str] = []
    names: list[str] = []
    for place, (key, ins) in enumerate(_all()):
        here = part(key) in parts or not part(key)
        names.append(f"ptr @op{place if here else 0}")
        if here:
            handlers.append(_handler(place, key, ins, module))
    table = f"@handlers = private unnamed_addr constant [{len(names)} x ptr] [{', '.join(names)}]"
    return "\n".join([*module.texts.values(), table, _run(), *handlers]), module.externs


_PARAMS = "ptr %code, ptr %slots, ptr %buffers, ptr %table, double %last"


def _run() -> str:
    """sizes: where among the buffers the tape and the numbers stand, and how many numbers there are."""
    return f"""
define i32 @run(ptr %buffers, ptr %sizes, ptr %constants, ptr %arena) {{
  %place = load i64, ptr %sizes
  %counted = getelementptr i64, ptr %sizes, i64 1
  %count = load i64, ptr %counted
  %at = getelementptr ptr, ptr %buffers, i64 %place
  %code = load ptr, ptr %at
  %after = getelementptr ptr, ptr %at, i64 1
  %numbers = load ptr, ptr %after
  %bytes = shl i64 %count, 3
  call void @llvm.memcpy.p0.p0.i64(ptr %arena, ptr %numbers, i64 %bytes, i1 false)
  %first = load i{BITS}, ptr %code
  %wide = zext i{BITS} %first to i64
  %entry = getelementptr ptr, ptr @handlers, i64 %wide
  %handler = load ptr, ptr %entry
  %status = call i32 %handler(ptr %code, ptr %arena, ptr %buffers, ptr @handlers, double 0.0)
  ret i32 %status
}}
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
"""


@cache
def _field(name: str, place: int) -> tuple[str, ...]:
    return (
        f"%{name}.p = getelementptr i{BITS}, ptr %code, i64 {place}",
        f"%{name}.n = load i{BITS}, ptr %{name}.p",
        f"%{name} = zext i{BITS} %{name}.n to i64",
    )


@cache
def _behind(name: str) -> tuple[str, ...]:
    """What stands in the word behind."""
    return f"%{name}.p = getelementptr i{BITS}, ptr %code, i64 4", f"%{name} = load i64, ptr %{name}.p"


def _slot(name: str, field: str) -> str:
    return f"%{name} = getelementptr double, ptr %slots, i64 %{field}"


def _from_slot(name: str, raw: str, dtype: str) -> list[str]:
    """The number of this dtype that a slot's float64 stands for."""
    if dtype == "float64":
        return []
    if dtype == "float32":
        return [f"{name} = fptrunc double {raw} to float"]
    if dtype == "int64":
        return [f"{name} = bitcast double {raw} to i64"]
    return [f"{name}.i = bitcast double {raw} to i64", f"{name} = icmp ne i64 {name}.i, 0"]


def _to_slot(name: str, value: str, dtype: str) -> list[str]:
    if dtype == "float32":
        return [f"{name} = fpext float {value} to double"]
    if dtype == "int64":
        return [f"{name} = bitcast i64 {value} to double"]
    return [f"{name}.i = zext i1 {value} to i64", f"{name} = bitcast i64 {name}.i to double"]


def _handler(place: int, key: tuple[str, str, int], ins: Instruction, module: Module) -> str:
    head = f"define private i32 @op{place}({_PARAMS}) {{"
    if ins.name == "end":
        return f"{head}\n  ret i32 0\n}}"
    words = 2 if ins.name in ("load", "store") or len(ins.takes) == 3 else 1
    body = [
        f"%next = getelementptr i{BITS}, ptr %code, i64 {4 * words}",
        f"%jump.n = load i{BITS}, ptr %next",
        f"%jump.w = zext i{BITS} %jump.n to i64",
        "%jump.p = getelementptr ptr, ptr %table, i64 %jump.w",
        "%jump = load ptr, ptr %jump.p",
    ]
    result = "%last"
    if ins.name == "load":
        body += [*_field("a", 1), *_behind("at"), *_field("out", 3), *_loaded(ins.gives)]
        result = "%got" if ins.gives == "float64" else "%got.s"
        body += [_slot("to", "out"), f"store double {result}, ptr %to"]
    elif ins.name == "store":
        body += [*_field("a", 1), *_behind("at"), *_field("out", 3), *_stored(ins.takes[0])]
    else:
        given: list[str] = []
        for k, dtype in enumerate(ins.takes):
            raw = "%last"
            if k != ins.last:
                body += _behind(f"f{k}") if k == 2 else _field(f"f{k}", k + 1)
                body += [_slot(f"s{k}", f"f{k}"), f"%r{k} = load double, ptr %s{k}"]
                raw = f"%r{k}"
            given.append(raw if dtype == "float64" else f"%x{k}")
            body += _from_slot(f"%x{k}", raw, dtype)
        code = Lines(module)
        value = written(code, ins.name, key[1], tuple(given))
        body += code.lines
        result = value if ins.gives == "float64" else "%result"
        if ins.gives != "float64":
            body += _to_slot("%result", value, ins.gives)
        body += [*_field("out", 3), _slot("to", "out"), f"store double {result}, ptr %to"]
    handed = "ptr %next, ptr %slots, ptr %buffers, ptr %table, double"
    body += [f"%status = musttail call i32 %jump({handed} {result})", "ret i32 %status"]
    return "\n".join([head, *[line if line.endswith(":") else f"  {line}" for line in body], "}"])


def _buffer(dtype: str) -> list[str]:
    """The address of an entry: field `a` or `out` says in which buffer, the word behind where."""
    kind = STORED[dtype]
    return [
        "%base.p = getelementptr ptr, ptr %buffers, i64 %{field}",
        "%base = load ptr, ptr %base.p",
        f"%entry = getelementptr {kind}, ptr %base, i64 %at",
    ]


def _loaded(dtype: str) -> list[str]:
    lines = [line.format(field="a") for line in _buffer(dtype)]
    if dtype == "bool":
        return [*lines, "%byte = load i8, ptr %entry", "%got = icmp ne i8 %byte, 0", *_to_slot("%got.s", "%got", dtype)]
    lines.append(f"%got = load {STORED[dtype]}, ptr %entry")
    return lines if dtype == "float64" else [*lines, *_to_slot("%got.s", "%got", dtype)]


def _stored(dtype: str) -> list[str]:
    lines = [line.format(field="out") for line in _buffer(dtype)]
    lines += [_slot("from", "a"), "%raw = load double, ptr %from"]
    if dtype == "float64":
        return [*lines, "store double %raw, ptr %entry"]
    lines += _from_slot("%value", "%raw", dtype)
    if dtype == "bool":
        return [*lines, "%byte = zext i1 %value to i8", "store i8 %byte, ptr %entry"]
    return [*lines, f"store {STORED[dtype]} %value, ptr %entry"]


__all__ = ["Instruction", "instructions", "machine", "part"]

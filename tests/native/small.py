"""A compiler for very small Programs, entry by entry: machine code for tests of the call that rest on no other part."""

from __future__ import annotations

from typing import Any

import numpy as np

from chalkgrad.errors import ProgramError
from chalkgrad.ir.program import Number, Program
from chalkgrad.ir.types import ArrayType
from chalkgrad.native.artifact import Artifact

_BINARY = {"add": "fadd", "subtract": "fsub", "multiply": "fmul", "divide": "fdiv", "accumulate": "fadd"}
_COMPARED = {"greater": "ogt", "less": "olt", "greater_equal": "oge", "less_equal": "ole"}
_LETTERS = {"float64": "double", "float32": "float", "bool": "i8", "int64": "i64"}


def small(program: Program, status: int = 0, arena: int = 0, work: float = 0.0) -> Artifact:
    """The machine code of a Program of sums, products and comparisons. It may claim more work, room or failure.

    Raises ProgramError for any other step.
    """
    lines: list[str] = []
    known: dict[Any, list[str]] = {}

    def new(text: str) -> str:
        lines.append(f"  %v{len(lines)} = {text}")
        return f"%v{len(lines) - 1}"

    def place(buffer: int, entry: int, type: ArrayType) -> str:
        at = new(f"getelementptr ptr, ptr %buffers, i64 {buffer}")
        start = new(f"load ptr, ptr {at}")
        return new(f"getelementptr {_LETTERS[type.dtype]}, ptr {start}, i64 {entry}")

    def entries(atom: Any) -> list[str]:
        if isinstance(atom, Number):
            return [_constant(v, atom.type) for v in np.ravel(atom.value)]
        return known[atom]

    for buffer, var in enumerate(program.inputs):
        letter = _LETTERS[var.type.dtype]
        known[var] = [new(f"load {letter}, ptr {place(buffer, k, var.type)}") for k in range(_count(var.type))]
    for step in program.steps:
        name, out = step.op.name, step.output
        given = [entries(a) for a in step.inputs]
        letter = _LETTERS[step.inputs[0].type.dtype]
        count = _count(out.type)
        if name in _BINARY and len(given) == 2 and out.type.floating:
            a, b = [_spread(x, i.type, out.type) for x, i in zip(given, step.inputs, strict=True)]
            known[out] = [new(f"{_BINARY[name]} {letter} {p}, {q}") for p, q in zip(a, b, strict=True)]
        elif name in _COMPARED:
            a, b = [_spread(x, i.type, out.type) for x, i in zip(given, step.inputs, strict=True)]
            truths = [new(f"fcmp {_COMPARED[name]} {letter} {p}, {q}") for p, q in zip(a, b, strict=True)]
            known[out] = [new(f"zext i1 {t} to i8") for t in truths]
        elif name == "negative":
            known[out] = [new(f"fneg {letter} {p}") for p in given[0]]
        elif name == "sum" and out.type.shape == ():
            total = _constant(0.0, out.type)
            for p in given[0]:
                total = new(f"fadd {letter} {total}, {p}")
            known[out] = [total]
        elif name in ("reshape", "broadcast_to") and len(given[0]) in (1, count):
            known[out] = given[0] if len(given[0]) == count else given[0] * count
        else:
            raise ProgramError(f"{name} is no step for this")
    for k, atom in enumerate(program.outputs):
        letter = _LETTERS[atom.type.dtype]
        for entry, value in enumerate(entries(atom)):
            at = place(len(program.inputs) + k, entry, atom.type)
            lines.append(f"  store {letter} {value}, ptr {at}")
    if arena:
        lines.append("  store i8 1, ptr %arena, align 64")
    body = "\n".join(lines)
    head = "define i32 @run(ptr %buffers, ptr %sizes, ptr %constants, ptr %arena) {"
    inputs, outputs = tuple([v.type for v in program.inputs]), tuple([a.type for a in program.outputs])
    return Artifact(f"{head}\n{body}\n  ret i32 {status}\n}}\n", inputs, outputs, arena=arena, work=work)


def _count(type: ArrayType) -> int:
    shape: Any = type.shape
    return int(np.prod(shape, dtype=int))


def _spread(entries: list[str], of: ArrayType, to: ArrayType) -> list[str]:
    places = np.broadcast_to(np.arange(len(entries)).reshape(of.shape), to.shape)  # type: ignore[arg-type]  # its sizes are numbers
    return [entries[k] for k in places.ravel()]


def _constant(value: Any, type: ArrayType) -> str:
    if not type.floating:
        return str(int(value))
    bits = np.float64(np.dtype(type.dtype).type(value)).view(np.uint64)
    return f"0x{int(bits):016X}"

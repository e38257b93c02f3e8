"""The loops of a Program to read: what is done in which loop, where it is kept, and which line it came from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, final

import numpy as np

from chalkgrad.ir.program import Step, Var
from chalkgrad.native.tree import Axis, Buffer, Choose, Combine, Loop, Product, Set, Stmt, Tree
from chalkgrad.ops.kernel import Cast, Expr, Fn, Lit, Place, Read, inside_out

# A formula is cut at so many letters, and so is a line of a person's; what says whence a line came stands at this
# column, or behind a longer line.
LONGEST = 200
QUOTED = 60
COLUMN = 56

_INFIX = {
    "multiply": ("*", 5),
    "divide": ("/", 5),
    "remainder": ("%", 5),
    "floor_divide": ("//", 5),
    "add": ("+", 4),
    "subtract": ("-", 4),
    "less": ("<", 3),
    "less_equal": ("<=", 3),
    "greater": (">", 3),
    "greater_equal": (">=", 3),
    "equal": ("==", 3),
    "not_equal": ("!=", 3),
    "logical_and": ("and", 2),
    "logical_or": ("or", 1),
}
_SHORT = {"absolute": "abs", "logical_not": "not", "maximum": "max", "minimum": "min"}
_WHOLE = 9
_GROWS = {"sum": "+=", "prod": "*=", "max": "max=", "min": "min=", "any": "or=", "all": "and="}


def listing(tree: Tree) -> str:
    """The loops as text.

    A loop says how its turns are taken: `in turn`, where one may need the one before it; else in any order, or so many
    at a time in the lanes of a vector. What is named `register` or `local` is near and lives for a turn of the loop
    around it. Behind a line stands the step that it does.
    """
    return _Listing(tree).text()


def size_text(count: int) -> str:
    """A number of bytes."""
    if count < 1 << 10:
        return f"{count} bytes"
    return f"{count / (1 << 10):.3g} KB" if count < 1 << 20 else f"{count / (1 << 20):.3g} MB"


@final
class _Listing:
    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.buffers = tree.buffers()
        self.names: dict[Buffer, str] = {}
        self.axes: dict[Axis, str] = {}
        self.lines: list[str] = []
        self.said: set[Buffer] = set()
        taken = set[str]()
        for buffer in self.buffers:
            if buffer.lies is not None:
                self.names[buffer] = self.names[buffer.lies]
                continue
            name, count = buffer.name or buffer.space, 1
            while name in taken:
                count += 1
                name = f"{buffer.name or buffer.space}_{count}"
            taken.add(name)
            self.names[buffer] = name

    def text(self) -> str:
        """Where things lie, and then the loops."""
        tree = self.tree
        self.lines.append(f"{tree.name}: {self._named(tree.inputs)} -> {self._named(tree.outputs)}")
        kept = [b for b in self.buffers if b.space in ("arena", "table")]
        for space, said in (("arena", "kept in memory"), ("table", "known numbers")):
            found = [b for b in kept if b.space == space]
            if found:
                total = size_text(sum([_bytes(b) for b in found]))
                parts = ", ".join([f"{self.names[b]} {b.dtype}{_shape(b)}" for b in found])
                self.lines.append(f"{said}: {parts}; {total}")
        self.lines.append("")
        self._body(tree.body, 0)
        return "\n".join([line.rstrip() for line in self.lines]) + "\n"

    def _named(self, buffers: Sequence[Buffer]) -> str:
        return ", ".join([self.names[b] + _shape(b) for b in buffers])

    def _body(self, body: Sequence[Stmt], depth: int) -> None:
        for stmt in body:
            if not isinstance(stmt, Loop):
                self._line(self._statement(stmt), depth, _whence(stmt.step))
                continue
            name = self._counter(depth, stmt.axis)
            how = {
                "serial": ", in turn",
                "lane": f", {stmt.lanes} at a time",
                "parallel": "",
                "thread": ", in any thread",
            }[stmt.role]
            how += "" if stmt.part is None else f", part {self.axes[stmt.part]}"
            how += f", {stmt.behind} behind" if stmt.behind else ""
            self._line(f"for {name} < {stmt.extent}{how}:", depth, "")
            self._body(stmt.body, depth + 1)

    def _counter(self, depth: int, axis: Axis) -> str:
        """One letter for a depth; other letters of the same name step aside."""
        name = "ijklmn"[depth] if depth < 6 else f"i{depth}"
        taken = set(self.names.values())
        while name in taken:
            name += "_"
        self.axes[axis] = name
        return name

    def _line(self, text: str, depth: int, whence: str) -> None:
        line = "    " * depth + text
        self.lines.append(f"{line.ljust(COLUMN)}  # {whence}" if whence else line)

    def _statement(self, stmt: Set | Combine | Choose | Product) -> str:
        if isinstance(stmt, Choose):
            best, place = self._entry(stmt.best, stmt.index), self._entry(stmt.place, stmt.index)
            return f"{best}, {place} = {stmt.how} of {self._expr(stmt.value)} at {self._expr(stmt.at)}"
        if isinstance(stmt, Product):
            if stmt.whole:
                given = ", ".join([self._expr(r) for r in dict.fromkeys((stmt.left, stmt.right))])
                return f"{self._entry(stmt.into, stmt.index)}… = {stmt.whole} of all from {given} on: {stmt.routine}"
            own = {a: f"{'pqrstu'[k]}" if k < 6 else f"p{k}" for k, a in enumerate((*stmt.axes, *stmt.over))}
            self.axes.update(own)
            grows = "+=" if stmt.add else "="
            gone = ", ".join([f"{own[a]} < {a.extent}" for a in stmt.over])
            every = ", ".join([f"{own[a]} < {a.extent}" for a in stmt.axes])
            value = self._expr(stmt.value)
            return (
                f"{self._entry(stmt.into, stmt.index)} {grows} sum over {gone} of {value}, all {every}: {stmt.routine}"
            )
        new = self._declared(stmt.into)
        sign = "=" if isinstance(stmt, Set) else _GROWS[stmt.how]
        return f"{new}{self._entry(stmt.into, stmt.index)} {sign} {self._expr(stmt.value)}"

    def _declared(self, into: Buffer) -> str:
        """What is said where a small buffer is written first: of how many entries it is."""
        if into.space != "local" or into in self.said:
            return ""
        self.said.add(into)
        return "register " if not into.shape else f"local {_shape(into).strip()} "

    def _entry(self, buffer: Buffer, index: Sequence[Expr]) -> str:
        places = ", ".join([self._expr(i) for i in index])
        return f"{self.names[buffer]}[{places}]" if places else self.names[buffer]

    def _expr(self, e: Expr) -> str:
        """A formula, cut where it is long."""
        made: dict[Expr, tuple[str, int]] = {}
        for part in inside_out(e):
            text, rank = self._part(part, made)
            made[part] = _cut(text, LONGEST), rank
        return made[e][0]

    def _part(self, e: Expr, made: dict[Expr, tuple[str, int]]) -> tuple[str, int]:
        if isinstance(e, Lit):
            return _number(e)
        if isinstance(e, Place):
            return self.axes.get(e.axis, "?"), _WHOLE
        if isinstance(e, Cast):
            text, rank = made[e.arg]
            return (text, rank) if e.arg.dtype == e.dtype else (f"{e.dtype}({text})", _WHOLE)
        if isinstance(e, Read):
            places = ", ".join([made[i][0] for i in e.index])
            name = self.names[e.source]
            return (f"{name}[{places}]" if places else name), _WHOLE
        assert isinstance(e, Fn)
        if e.name == "negative":
            return f"-{_within(made[e.args[0]], 6)}", 6
        if e.name in _INFIX:
            sign, rank = _INFIX[e.name]
            left, right = _within(made[e.args[0]], rank), _within(made[e.args[1]], rank + 1)
            return f"{left} {sign} {right}", rank
        return f"{_SHORT.get(e.name, e.name)}({', '.join([made[a][0] for a in e.args])})", _WHOLE


def _within(part: tuple[str, int], rank: int) -> str:
    text, own = part
    return text if own >= rank else f"({text})"


def _number(e: Lit) -> tuple[str, int]:
    text = repr(e.value) if isinstance(e.value, (bool, int)) else f"{float(e.value):.17g}"
    short = text if isinstance(e.value, (bool, int)) else repr(float(e.value))
    text = min(text, short, key=len)
    return text, 4 if text.startswith("-") else _WHOLE


def _shape(buffer: Buffer) -> str:
    return f" ({', '.join(map(str, buffer.shape))})" if buffer.shape else ""


def _bytes(buffer: Buffer) -> int:
    return buffer.size * np.dtype(buffer.dtype).itemsize


def _whence(step: Any) -> str:
    """The name of what a step gives, and where it was written."""
    if not isinstance(step, Step):
        return ""
    hint = next((v.hint for v in step.outputs if isinstance(v, Var) and v.hint), "")
    named = f"{hint}: {step.op.name}" if hint else step.op.name
    origin = step.origin
    if origin is None:
        return named
    if origin.file:
        return f"{named}, line {origin.line}" + (f": {_cut(origin.text.strip(), QUOTED)}" if origin.text else "")
    return f"{named}, {_cut(str(origin), QUOTED)}"


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"

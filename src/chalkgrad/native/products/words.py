"""Functions in LLVM's language, written a line at a time: names are fresh, loops are `with` blocks.

Variables lie on the stack, where LLVM's first pass takes them into registers.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import final

# What a module of such functions ends with: their loops are as long as they were written.
LOOPS = '!0 = distinct !{!0, !1}\n!1 = !{!"llvm.loop.unroll.disable"}\n'


@final
class Words:
    """One function as it is being written. Values are written as LLVM has them: `%v3`, `7`."""

    def __init__(self, name: str, arguments: Sequence[tuple[str, str]], attributes: str = "", internal: bool = True):
        self._head = (
            f"define {'internal ' if internal else ''}void @{name}"
            f"({', '.join([f'{type} %{n}' for type, n in arguments])}) {attributes} {{"
        )
        self._stack: list[str] = []
        self._lines: list[str] = []
        self._count = 0

    def text(self) -> str:
        """The whole function."""
        return "\n".join([self._head, "entry:", *self._stack, *self._lines, "  ret void", "}", ""])

    def line(self, text: str) -> None:
        """A line that gives nothing."""
        self._lines.append(f"  {text}")

    def value(self, text: str) -> str:
        """A line, and the name of what it gives."""
        name = self._fresh("v")
        self._lines.append(f"  {name} = {text}")
        return name

    def _fresh(self, kind: str) -> str:
        self._count += 1
        return f"%{kind}{self._count}"

    def variable(self, type: str, start: str | None = None) -> str:
        """A place on the stack."""
        name = self._fresh("p")
        self._stack.append(f"  {name} = alloca {type}, align 64")
        if start is not None:
            self.line(f"store {type} {start}, ptr {name}")
        return name

    def load(self, type: str, place: str, align: int | None = None) -> str:
        """What lies there."""
        return self.value(f"load {type}, ptr {place}" + (f", align {align}" if align else ""))

    def store(self, type: str, value: str, place: str, align: int | None = None) -> None:
        """Put it there."""
        self.line(f"store {type} {value}, ptr {place}" + (f", align {align}" if align else ""))

    def at(self, type: str, base: str, index: str) -> str:
        """The address of an entry."""
        return self.value(f"getelementptr {type}, ptr {base}, i64 {index}")

    def add(self, a: str, b: str) -> str:
        """A sum of places."""
        return self.value(f"add i64 {a}, {b}")

    def sub(self, a: str, b: str) -> str:
        """A difference of places."""
        return self.value(f"sub i64 {a}, {b}")

    def mul(self, a: str, b: str) -> str:
        """A product of places."""
        return self.value(f"mul i64 {a}, {b}")

    def least(self, a: str, b: str) -> str:
        """The lesser of two places."""
        less = self.value(f"icmp slt i64 {a}, {b}")
        return self.value(f"select i1 {less}, i64 {a}, i64 {b}")

    def most(self, a: str, b: str) -> str:
        """The greater of two places."""
        more = self.value(f"icmp sgt i64 {a}, {b}")
        return self.value(f"select i1 {more}, i64 {a}, i64 {b}")

    @contextmanager
    def loop(self, end: str, step: str = "1", start: str = "0") -> Generator[str]:
        """The lines within, for every place from `start` on that is below `end`."""
        counter = self.variable("i64", start)
        head, body, done = [self._fresh("L")[1:] for _ in range(3)]
        self.line(f"br label %{head}")
        self._lines.append(f"{head}:")
        here = self.load("i64", counter)
        go = self.value(f"icmp slt i64 {here}, {end}")
        self.line(f"br i1 {go}, label %{body}, label %{done}")
        self._lines.append(f"{body}:")
        yield here
        self.store("i64", self.add(here, step), counter)
        self.line(f"br label %{head}, !llvm.loop !0")
        self._lines.append(f"{done}:")

    @contextmanager
    def when(self, condition: str) -> Generator[None]:
        """The lines within, where the condition holds."""
        body, done = [self._fresh("L")[1:] for _ in range(2)]
        self.line(f"br i1 {condition}, label %{body}, label %{done}")
        self._lines.append(f"{body}:")
        yield
        self.line(f"br label %{done}")
        self._lines.append(f"{done}:")

    @contextmanager
    def repeat(self) -> Generator[Callable[[str], None]]:
        """The lines within, again and again: what is given leaves them, where its condition holds."""
        head, done = [self._fresh("L")[1:] for _ in range(2)]
        self.line(f"br label %{head}")
        self._lines.append(f"{head}:")

        def leave(condition: str) -> None:
            on = self._fresh("L")[1:]
            self.line(f"br i1 {condition}, label %{done}, label %{on}")
            self._lines.append(f"{on}:")

        yield leave
        self.line(f"br label %{head}")
        self._lines.append(f"{done}:")

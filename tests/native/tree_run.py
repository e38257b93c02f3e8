"""What a Tree means, in plain Python: entry by entry, by NumPy's own functions. And how it reads, in a few words."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from chalkgrad.native.tree import Buffer, Choose, Combine, Loop, Product, Set, Stmt, Tree
from chalkgrad.ops.kernel import Axis, Cast, Expr, Fn, Lit, Place, Read

_COMBINED = {
    "sum": np.add,
    "prod": np.multiply,
    "max": np.maximum,
    "min": np.minimum,
    "any": np.logical_or,
    "all": np.logical_and,
}


class Unset(AssertionError):
    """An entry is read that nobody wrote."""


def run(tree: Tree, given: Sequence[Any]) -> list[np.ndarray]:
    """The outputs of a tree at these inputs."""
    with np.errstate(all="ignore"):
        return _Run(tree, given).outputs()


class _Run:
    def __init__(self, tree: Tree, given: Sequence[Any]) -> None:
        self.tree = tree
        self.arrays: dict[Buffer, np.ndarray] = {}
        self.known: dict[Buffer, np.ndarray] = {}
        for buffer, value in zip(tree.inputs, given, strict=True):
            array = np.array(value)
            assert (array.shape, array.dtype.name) == (buffer.shape, buffer.dtype)
            self.arrays[buffer], self.known[buffer] = array, np.ones(array.shape, bool)
        self.at: dict[Axis, int] = {}

    def outputs(self) -> list[np.ndarray]:
        self.body(self.tree.body)
        for buffer in self.tree.outputs:
            assert self._array(buffer)[1].all(), f"an entry of {buffer.name} is left without a number"
        return [self.arrays[b] for b in self.tree.outputs]

    def _array(self, buffer: Buffer) -> tuple[np.ndarray, np.ndarray]:
        if buffer not in self.arrays:
            if buffer.lies is not None:
                of, known = self._array(buffer.lies)
                self.arrays[buffer], self.known[buffer] = of.reshape(buffer.shape), known.reshape(buffer.shape)
            elif buffer.values is not None:
                assert buffer.space == "table"
                self.arrays[buffer], self.known[buffer] = buffer.values, np.ones(buffer.shape, bool)
            else:
                assert buffer.space in ("output", "arena", "local")
                self.arrays[buffer] = np.zeros(buffer.shape, buffer.dtype)
                self.known[buffer] = np.zeros(buffer.shape, bool)
        return self.arrays[buffer], self.known[buffer]

    def body(self, body: Sequence[Stmt]) -> None:
        for stmt in body:
            self.stmt(stmt)

    def stmt(self, stmt: Stmt) -> None:
        if isinstance(stmt, Loop):
            turns = range(stmt.extent)
            if stmt.part is not None:
                count: Any = stmt.part.extent
                run = stmt.run or -(-stmt.extent // count)
                first = self.at[stmt.part] * run
                turns = turns[first:][:run] if stmt.behind is None else self._behind(stmt, first, count)
            # what is not serial may be done in any order
            for k in turns if stmt.role == "serial" else reversed(turns):
                self.at[stmt.axis] = k
                self.body(stmt.body)
            self.at.pop(stmt.axis, None)
        elif isinstance(stmt, Set):
            index = self.index(stmt.into, stmt.index)
            if isinstance(stmt.value, Read) and stmt.value.source is stmt.into:
                # what is moved within a buffer may be nothing yet
                array, known = self._array(stmt.into)
                there = self.index(stmt.into, stmt.value.index)
                array[index], known[index] = array[there], known[there]
                return
            value = np.asarray(self.number(stmt.value))
            assert value.dtype == stmt.into.dtype or stmt.value.weak, f"{value.dtype} into {stmt.into.dtype}"
            self.write(stmt.into, index, value)
        elif isinstance(stmt, Combine):
            self.combine(stmt.into, self.index(stmt.into, stmt.index), stmt.how, self.number(stmt.value))
        elif isinstance(stmt, Choose):
            self.choose(stmt)
        elif stmt.whole:
            self.whole(stmt)
        else:
            self.product(stmt)

    def _behind(self, stmt: Loop, first: int, count: int) -> range:
        assert stmt.run is not None
        assert stmt.behind is not None
        last = first == (count - 1) * stmt.run
        start, end = max(first - stmt.behind, 0), stmt.extent if last else max(first + stmt.run - stmt.behind, 0)
        return range(stmt.extent)[start:end]

    def combine(self, into: Buffer, index: tuple[int, ...], how: str, value: Any) -> None:
        array, known = self._array(into)
        if not known[index]:
            raise Unset(into.name)
        assert np.asarray(value).dtype == array.dtype
        array[index] = _COMBINED[how](array[index], value)

    def choose(self, stmt: Choose) -> None:
        index = self.index(stmt.place, stmt.index)
        value, at = self.number(stmt.value), self.number(stmt.at)
        place, known = self._array(stmt.place)
        best, _ = self._array(stmt.best)
        if not known[index]:
            raise Unset(stmt.place.name)
        if place[index] >= 0:
            old = best[index]
            better = value > old if stmt.how == "argmax" else value < old
            if old != old:
                better = value != value and at < place[index]
            elif value != value:
                better = True
            elif value == old:
                better = at < place[index]
            if not better:
                return
        self.write(stmt.best, index, value)
        self.write(stmt.place, index, at)

    def product(self, stmt: Product) -> None:
        for places in _places(stmt.axes):
            self.at.update(zip(stmt.axes, places, strict=True))
            total = np.dtype(stmt.into.dtype).type(0)
            for inner in _places(stmt.over):
                self.at.update(zip(stmt.over, inner, strict=True))
                total = total + self.number(stmt.value)
            index = self.index(stmt.into, stmt.index)
            self.write(stmt.into, index, total + self.arrays[stmt.into][index] if stmt.add else total)

    def whole(self, stmt: Product) -> None:
        assert stmt.plan.values is not None
        count, n, *rest = stmt.plan.values.tolist()
        if stmt.whole in ("sort", "argsort"):
            found = getattr(np, stmt.whole)(self.stack(stmt.left, (count, n)), kind="stable")
        else:
            given = [self.stack(stmt.left, (count, n, n)).astype(np.float64)]
            if stmt.whole == "solve":
                given.append(self.stack(stmt.right, (count, n, *rest)).astype(np.float64))
            found = getattr(np.linalg, stmt.whole)(*given)
            found = np.stack(found, -1) if isinstance(found, tuple) else found
        array, known = self._array(stmt.into)
        begin = self.first(stmt.into, stmt.index)
        array.reshape(-1)[begin : begin + found.size] = found.reshape(-1)
        known.reshape(-1)[begin : begin + found.size] = True

    def stack(self, read: Read, shape: tuple[int, ...]) -> np.ndarray:
        assert isinstance(read.source, Buffer)
        array, known = self._array(read.source)
        begin, size = self.first(read.source, read.index), math.prod(shape)
        if not known.reshape(-1)[begin : begin + size].all():
            raise Unset(read.source.name)
        return array.reshape(-1)[begin : begin + size].reshape(shape)

    def first(self, buffer: Buffer, index: tuple[Expr, ...]) -> int:
        found = 0
        for i, n in zip(index, buffer.shape, strict=True):
            found = found * n + int(self.number(i))
        return found

    def write(self, into: Buffer, index: tuple[int, ...], value: Any) -> None:
        assert into.space in ("output", "arena", "local"), f"{into.name} is {into.space}"
        array, known = self._array(into)
        array[index], known[index] = value, True

    def index(self, buffer: Buffer, index: tuple[Expr, ...]) -> tuple[int, ...]:
        found = tuple([int(self.number(i)) for i in index])
        assert all(0 <= i < n for i, n in zip(found, buffer.shape, strict=True)), f"{found} in {buffer.name}"
        return found

    def number(self, expr: Expr) -> Any:
        known: dict[Expr, Any] = {}

        def value(e: Expr) -> Any:
            if e not in known:
                known[e] = found_of(e)
            return known[e]

        def found_of(e: Expr) -> Any:
            if isinstance(e, Lit):
                return e.value if e.weak else np.dtype(e.dtype).type(e.value)
            if isinstance(e, Place):
                return self.at[e.axis]
            if isinstance(e, Cast):
                return np.asarray(value(e.arg)).astype(e.dtype)[()]
            if isinstance(e, Read):
                array, there = self._array(e.source)
                index = tuple([int(value(i)) for i in e.index])
                assert all(0 <= i < n for i, n in zip(index, array.shape, strict=True)), f"{index} in {e.source.name}"
                if not there[index]:
                    raise Unset(e.source.name)
                return array[index]
            assert isinstance(e, Fn)
            return primitive(e, value)

        return value(expr)


def _places(axes: Sequence[Axis]) -> Iterator[tuple[int, ...]]:
    extents: list[Any] = [a.extent for a in axes]
    return itertools.product(*[range(n) for n in extents])


def primitive(e: Fn, value: Any) -> Any:
    """One of the primitives, as NumPy has it."""
    if e.name == "where":
        taken = value(e.args[1] if value(e.args[0]) else e.args[2])
        return taken if e.weak else np.dtype(e.dtype).type(taken)
    if e.name == "logical_and":
        return np.bool_(bool(value(e.args[0])) and bool(value(e.args[1])))
    if e.name == "logical_or":
        return np.bool_(bool(value(e.args[0])) or bool(value(e.args[1])))
    if e.name == "place":
        place, n = (int(value(a)) for a in e.args)
        if not -n <= place < n:
            raise IndexError(place)
        return place + n if place < 0 else place
    function: Any = getattr(np, e.name)
    found = function(*[np.array([v]) if isinstance(v := value(a), np.generic) else v for a in e.args])
    return found.item() if e.weak else np.ravel(found)[0]


# How it reads.


def text(tree: Tree) -> str:
    """The loops and lines of a tree, one a line."""
    return _Text().body(tree.body, 0)


class _Text:
    def __init__(self) -> None:
        self.names: dict[Any, str] = {}

    def name(self, thing: Any, hint: str) -> str:
        if thing not in self.names:
            used = set(self.names.values())
            more = (f"{hint}{k}" for k in itertools.count(2))
            self.names[thing] = next(n for n in itertools.chain([hint], more) if n not in used)
        return self.names[thing]

    def buffer(self, b: Buffer, index: Sequence[Expr]) -> str:
        mark = {"arena": "@", "local": "%", "output": "!", "table": "#", "input": ""}[b.space]
        return f"{mark}{self.name(b, b.name)}" + (f"[{', '.join(map(self.expr, index))}]" if index else "")

    def expr(self, e: Expr) -> str:
        if isinstance(e, Lit):
            return f"{e.value}"
        if isinstance(e, Place):
            return self.name(e.axis, "i")
        if isinstance(e, Cast):
            return f"{e.dtype}({self.expr(e.arg)})"
        if isinstance(e, Read):
            return self.buffer(e.source, e.index)
        assert isinstance(e, Fn)
        return f"{e.name}({', '.join(map(self.expr, e.args))})"

    def body(self, body: Sequence[Stmt], depth: int) -> str:
        lines = []
        pad = "  " * depth
        for s in body:
            if isinstance(s, Loop):
                part = "" if s.part is None else f", {s.run or 'a run'} of {self.name(s.part, 'i')}"
                head = f"{pad}for {self.name(s.axis, 'i')} < {s.extent} ({s.role}{part}):\n"
                lines.append(head + self.body(s.body, depth + 1))
            elif isinstance(s, Set):
                lines.append(f"{pad}{self.buffer(s.into, s.index)} = {self.expr(s.value)}\n")
            elif isinstance(s, Combine):
                lines.append(f"{pad}{self.buffer(s.into, s.index)} {s.how}= {self.expr(s.value)}\n")
            elif isinstance(s, Choose):
                lines.append(f"{pad}{self.buffer(s.place, s.index)} {s.how}= {self.expr(s.value)}\n")
            else:
                sign = "+=" if s.add else "="
                lines.append(f"{pad}{self.buffer(s.into, s.index)} {sign} {s.routine} of {self.expr(s.value)}\n")
        return "".join(lines)

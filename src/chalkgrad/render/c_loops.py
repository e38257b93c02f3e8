"""Kernels as loops of C."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, final

import numpy as np

from chalkgrad.ir.program import Atom, Number, Var
from chalkgrad.ops.kernel import (
    Axis,
    Expr,
    Lit,
    Loop,
    Nest,
    Read,
    Routine,
    Running,
    Scatter,
    Table,
    Turns,
    View,
    Write,
    lift,
)
from chalkgrad.ops.nests import ravelled
from chalkgrad.render.c_expr import PRIMARY, Printer, Text, shared
from chalkgrad.render.c_held import Held, size_of
from chalkgrad.render.c_helpers import RESERVED_NAMES, called
from chalkgrad.render.c_names import CTYPES, identifier, literal
from chalkgrad.render.c_routines import routine
from chalkgrad.render.c_turns import turns
from chalkgrad.transform.lowered import Lowered, Named, copied, sources

_LETTERS = "ijklmn"
_START = {"sum": 0, "prod": 1}


@final
class Loops:
    """Writes the lines of a function's body. Arrays that it declares stand in `arrays`: name, dtype and size.

    `prefix` is put before the names of arrays: `w->` where they stand in a workspace.
    """

    def __init__(self, taken: Iterable[str], prefix: str = "") -> None:
        self.lines: list[str] = []
        self.depth = 1
        self.used: set[str] = {*taken, *RESERVED_NAMES}
        self.prefix = prefix
        self.printer = Printer(self._entry)
        self.arrays: list[tuple[str, str, int]] = []
        self.tables: list[str] = []
        self.held: dict[Any, Held] = {}
        self.read: set[str] = set()
        self.declared: list[list[str]] = [[]]
        self.loops: dict[Loop, list[Held]] = {}
        self._tables: dict[tuple[str, bytes], str] = {}

    @property
    def table_names(self) -> set[str]:
        """The names of the tables, which stand outside of the function."""
        return set(self._tables.values())

    # Names and lines.

    def fresh(self, name: str) -> str:
        """A name that nothing has yet."""
        found = identifier(name, self.used)
        self.used.add(found)
        return found

    def put(self, line: str) -> None:
        """A line at the present depth."""
        self.lines.append("    " * self.depth + line if line else "")

    @contextmanager
    def block(self, head: str) -> Any:
        """Lines inside of braces."""
        self.put(head + " {")
        self.depth += 1
        yield
        self.depth -= 1
        self.put("}")

    @contextmanager
    def over(self, axes: Sequence[Axis]) -> Any:
        """Lines inside of a loop an axis."""
        before = dict(self.printer.places), set(self.used)
        wide = [a for a in axes if a.extent != 1]
        self.printer.places.update({a: "0" for a in axes if a.extent == 1})
        for axis in wide:
            name = self._counter()
            self.used.add(name)
            self.printer.places[axis] = name
            self.put(f"for (int64_t {name} = 0; {name} < {axis.extent}; {name}++) {{")
            self.depth += 1
        yield
        for _ in wide:
            self.depth -= 1
            self.put("}")
        self.printer.places, kept = before
        if wide:
            self.used = kept | self.table_names

    def _counter(self) -> str:
        return next((c for c in _LETTERS if c not in self.used), identifier("i", self.used))

    # What is read.

    def _entry(self, source: Any, index: tuple[Expr, ...], printer: Printer) -> Text:
        if isinstance(source, Table) and not source.shape:
            return printer.text(Lit(source.values[()].item(), source.dtype))
        held = self.source(source)
        self.read.add(held.text)
        if held.scalar:
            return held.text, PRIMARY
        place = printer.place(ravelled(index, source.shape))[0] if source.shape else "0"
        return f"{held.text}[{place}]", PRIMARY

    def source(self, source: Any) -> Held:
        """Where a source lies; what is not computed yet was computed by `ready`."""
        if isinstance(source, Named):
            return self.held[source.var]
        if isinstance(source, View):
            return self.source(source.source)
        if isinstance(source, Table):
            return Held(self.table(source.values), scalar=False)
        return self.held[source]

    def table(self, values: np.ndarray[Any, Any]) -> str:
        key = values.dtype.name, values.tobytes()
        if key not in self._tables:
            name = self.fresh("places" if values.dtype.kind == "i" else "numbers")
            self._tables[key] = name
            numbers = [literal(v.item(), values.dtype.name) for v in values.ravel()] or ["0"]
            ctype = CTYPES[values.dtype.name]
            rows = [", ".join(numbers[k : k + 10]) for k in range(0, len(numbers), 10)]
            self.tables.append(
                f"static const {ctype} {name}[{len(numbers)}] = {{\n    " + ",\n    ".join(rows) + "\n};"
            )
        return self._tables[key]

    def ready(self, sources: Iterable[Any]) -> None:
        """Compute what the kernels read and no step gives, such as the maximum inside of a softmax."""
        for source in sources:
            if isinstance(source, View):
                self.ready([source.source])
            elif not isinstance(source, (Named, Table)) and source not in self.held:
                self.compute(source, None)

    # Kernels.

    def compute(self, kernel: Any, name: str | None, *, declare: bool = True) -> Held:
        """Write the lines that compute a kernel into `name`, and declare that where it is not there yet."""
        if isinstance(kernel, Turns):
            if kernel.loop not in self.loops:
                self.loops[kernel.loop] = turns(self, kernel.loop)
            self.held[kernel] = self.loops[kernel.loop][kernel.result]
            return self.held[kernel]
        self.ready(sources(kernel))
        scalar = kernel.shape == () and declare and isinstance(kernel, Nest)
        if name is None:
            name = self.fresh("total" if isinstance(kernel, Nest) and kernel.combine in _START else "t")
        if scalar:
            self._number(kernel, name)
            self.held[kernel] = Held(name, scalar=True)
            self.declared[-1].append(name)
            return self.held[kernel]
        into = self.array(name, kernel.dtype, kernel.shape) if declare else name
        self.held[kernel] = Held(into, scalar=False)
        self.fill(kernel, into)
        return self.held[kernel]

    def array(self, name: str, dtype: str, shape: Any) -> str:
        """Declare room for an array, and say how it is called."""
        size = max(1, size_of(shape))
        self.arrays.append((name, dtype, size))
        if self.prefix:
            return self.prefix + name
        self.declared[-1].append(name)
        nothing = "" if size_of(shape) else " = {0}"  # no entry is ever written
        self.put(f"{CTYPES[dtype]} {name}[{size}]{nothing};")
        return name

    def fill(self, kernel: Any, into: str) -> None:
        """Write every entry of a kernel to the array `into`."""
        if isinstance(kernel, Nest):
            with self.over(kernel.axes):
                self._into(kernel, f"{into}[{self._at(kernel.axes, kernel.shape)}]")
        elif isinstance(kernel, Running):
            self._running(kernel, into)
        elif isinstance(kernel, Scatter):
            self._scatter(kernel, into)
        elif isinstance(kernel, View):
            self.copy(self.first(kernel), into, size_of(kernel.shape))
        else:
            assert isinstance(kernel, Routine)
            routine(self, kernel, into)

    def _at(self, axes: Sequence[Axis], shape: Any) -> str:
        return self.printer.place(ravelled([lift(a) for a in axes], shape))[0] if axes else "0"

    def first(self, source: Any) -> str:
        """The address of the first entry; a scalar's own address."""
        held = self.source(source)
        self.read.add(held.text)
        return f"&{held.text}" if held.scalar else held.text

    def copy(self, start: str, into: str, size: int) -> None:
        k = self._counter()
        self.put(f"for (int64_t {k} = 0; {k} < {size}; {k}++)")
        entry = start[1:] if start.startswith("&") else f"{start}[{k}]"
        self.put(f"    {into}[{k}] = {entry};")

    def _named_parts(self, body: Expr) -> list[Expr]:
        """Give what stands more than once in the body a line of its own."""
        found = shared(body)
        for e in found:
            name = self.fresh("t")
            self.put(f"const {CTYPES[e.dtype]} {name} = {self.printer.line(e, e.dtype)};")
            self.printer.locals[e] = name
        return found

    def _forget(self, found: list[Expr]) -> None:
        for e in found:
            del self.printer.locals[e]

    def _number(self, kernel: Nest, name: str) -> None:
        ctype = CTYPES[kernel.dtype]
        if kernel.combine is None:
            found = self._named_parts(kernel.body)
            self.put(f"const {ctype} {name} = {self.printer.line(kernel.body, kernel.dtype)};")
            self._forget(found)
        else:
            self._reduced(kernel, name)

    def _into(self, kernel: Nest, target: str) -> None:
        if kernel.combine is None:
            found = self._named_parts(kernel.body)
            self.put(f"{target} = {self.printer.line(kernel.body, kernel.dtype)};")
            self._forget(found)
            return
        name = self.fresh(
            "total" if kernel.combine in _START else "best" if kernel.combine in ("max", "min") else "found"
        )
        self._reduced(kernel, name)
        self.put(f"{target} = {name};")

    def _reduced(self, kernel: Nest, name: str) -> None:
        """Declare `name`, and combine the body into it."""
        combine, dtype = kernel.combine, kernel.dtype
        if combine in ("argmax", "argmin"):
            self._place(kernel, name)
            return
        start = {
            "sum": literal(0, dtype),
            "prod": literal(1, dtype),
            "any": "false",
            "all": "true",
            "max": _least(dtype, "-"),
            "min": _least(dtype, ""),
        }[str(combine)]
        self.put(f"{CTYPES[dtype]} {name} = {start};")
        with self.over(kernel.over):
            found = self._named_parts(kernel.body)
            value = self.printer.fitted(kernel.body, "bool" if combine in ("any", "all") else dtype)
            self.put(self._step(str(combine), dtype, name, value))
            self._forget(found)

    def _step(self, combine: str, dtype: str, name: str, value: Text) -> str:
        """The line that takes one more value in."""
        text = value[0]
        if combine in ("any", "all") or dtype == "bool":
            sign = "||" if combine in ("any", "max", "sum") else "&&"
            return f"{name} = {name} {sign} ({text});"
        if combine in ("sum", "prod"):
            return f"{name} {'+=' if combine == 'sum' else '*='} {text};"
        helper = ("whole_" if dtype == "int64" else "") + ("maximum" if combine == "max" else "minimum")
        self.printer.helpers.add((helper, dtype))
        return f"{name} = {called(helper, dtype)}({name}, {text});"

    def _place(self, kernel: Nest, name: str) -> None:
        """The first of the greatest or least entries, or of the NaNs."""
        dtype = kernel.body.dtype
        best, at = self.fresh("best"), self.fresh("at")
        self.put(f"{CTYPES[dtype]} {best} = 0;")
        self.put(f"int64_t {name} = -1, {at} = 0;")
        with self.over(kernel.over):
            value = self.fresh("entry")
            sign = ">" if kernel.combine == "argmax" else "<"
            self.put(f"const {CTYPES[dtype]} {value} = {self.printer.line(kernel.body, dtype)};")
            first = f" || ({value} != {value} && {best} == {best})" if dtype.startswith("float") else ""
            with self.block(f"if ({name} < 0 || {value} {sign} {best}{first})"):
                self.put(f"{best} = {value};")
                self.put(f"{name} = {at};")
            self.put(f"{at}++;")

    def _running(self, kernel: Running, into: str) -> None:
        others = [a for a in kernel.axes if a is not kernel.along]
        with self.over(others):
            name = self.fresh("total")
            self.put(f"{CTYPES[kernel.dtype]} {name} = {_START[kernel.combine]};")
            with self.over([kernel.along]):
                value = self.printer.fitted(kernel.body, kernel.dtype)
                self.put(self._step(kernel.combine, kernel.dtype, name, value))
                self.put(f"{into}[{self._at(kernel.axes, kernel.shape)}] = {name};")

    def _scatter(self, kernel: Scatter, into: str) -> None:
        size = size_of(kernel.shape)
        if isinstance(kernel.start, Lit):
            with self.over([axis := Axis(size)]):
                self.put(f"{into}[{self.printer.places[axis]}] = {literal(kernel.start.value, kernel.dtype)};")
        elif isinstance(kernel.start, Table) and not kernel.start.shape:
            self.put(f"{into}[0] = {literal(kernel.start.values[()].item(), kernel.dtype)};")
        elif kernel.start is not None:
            self.copy(self.first(kernel.start), into, size)
        for write in kernel.writes:
            self._write(kernel, write, into)

    def _write(self, kernel: Scatter, write: Write, into: str) -> None:
        with self.over(write.axes):
            place = self.printer.place(ravelled(write.target, kernel.shape))[0] if write.target else "0"
            value = self.printer.line(write.body, kernel.dtype)
            if write.add and kernel.dtype == "bool":
                self.put(f"{into}[{place}] = {into}[{place}] || ({value});")
            else:
                self.put(f"{into}[{place}] {'+=' if write.add else '='} {value};")

    # Programs.

    def program(self, lowered: Lowered, names: Mapping[Var, str], into: Mapping[Var, str] | None = None) -> None:
        """Write every kernel of a Program in order; `into` are arrays of the caller's for some of its values."""
        for var in lowered.written:
            self.value(var, lowered.kernels[var], names.get(var), (into or {}).get(var))

    def value(self, var: Var, kernel: Any, name: str | None, into: str | None) -> None:
        """Write the lines that compute one value."""
        if kernel in self.held or (isinstance(kernel, Turns) and self.compute(kernel, None)):
            self.held[var] = self.held[kernel]
            if into is None:
                return
            self.copy(self.first(Named(var)), into, size_of(var.type.shape))
            self.held[var] = Held(into, scalar=False)
            return
        name = name or self.fresh("t")
        source = copied(kernel)
        if source is not None and kernel.shape and into is None:
            self.put(f"const {CTYPES[kernel.dtype]} *{name} = {self.first(Named(source))};")
            self.declared[-1].append(name)
            self.held[var] = Held(name, scalar=False)
            return
        if isinstance(kernel, View) and into is None:
            self.ready([kernel])
            held = self.source(kernel)
            # a scalar seen as an array, or an array as a scalar, is written out
            if not held.scalar and kernel.shape:
                self.held[var] = held
                return
        if isinstance(kernel, View) and kernel.shape == ():
            kernel = Nest(
                (), Read(kernel.source, tuple([lift(0)] * len(kernel.source.shape)), kernel.dtype), kernel.dtype
            )
        if into is not None:
            self.compute(kernel, into, declare=False)
            self.held[var] = Held(into, scalar=False)
            self.read.add(into)
        else:
            self.held[var] = self.compute(kernel, name)

    def atom(self, atom: Atom) -> tuple[str, bool]:
        """The text of a scalar, or of an array's first entry; and whether it is a scalar."""
        if isinstance(atom, Number):
            if not atom.type.shape:
                return literal(atom.value, atom.type.dtype), True
            return self.table(np.asarray(atom.value, atom.type.dtype)), False
        held = self.held[atom]
        self.read.add(held.text)
        return held.text, held.scalar

    def unread(self) -> None:
        """End a scope: what was declared in it and is read by nobody is said to be so."""
        for name in self.declared.pop():
            if name not in self.read:
                self.put(f"(void){name};")


def _least(dtype: str, sign: str) -> str:
    """Where a maximum starts, and with the other sign a minimum."""
    if dtype == "bool":
        return "false" if sign else "true"
    if dtype == "int64":
        return "INT64_MIN" if sign else "INT64_MAX"
    return f"{sign}INFINITY"

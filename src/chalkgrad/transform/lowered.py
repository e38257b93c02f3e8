"""A Program as kernels of its values: inputs bound, entries that are only moved read where they lie.

A value that nobody named and that is read once is written into the line that reads it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any, final

import numpy as np

from chalkgrad.errors import ProgramError, ShapeError, ValueNeeded
from chalkgrad.ir.dims import Shape
from chalkgrad.ir.program import Atom, Program, Step, Var, input_types
from chalkgrad.ops.kernel import (
    Axis,
    Cast,
    Expr,
    Fn,
    Input,
    Kernel,
    Lit,
    Loop,
    Nest,
    Place,
    Read,
    Routine,
    Running,
    Scatter,
    Table,
    Turns,
    View,
    Write,
    fn,
    inside_out,
    lift,
)

# Written into another line, a formula has at most so many operations.
LONGEST = 8


@final
@dataclass(frozen=True, eq=False)
class Named:
    """A value of the Program, read entry by entry."""

    var: Var

    @property
    def shape(self) -> Shape:
        return self.var.type.shape

    @property
    def dtype(self) -> str:
        return self.var.type.dtype


def lowered(step: Step) -> tuple[Kernel, ...]:
    """The kernels of a step, which read values of the Program.

    Raises ProgramError where its op has none here, and ValueNeeded where it is abstract.
    """
    op: Any = step.op
    where = f" ({step.origin})" if step.origin else ""
    if op.evaluate is None and op.kernel is None:
        raise ValueNeeded(f"{op.name}{where} is abstract: fill it in before printing C")
    try:
        kernels = op.lower(input_types(step.inputs), step.params)
    except ShapeError as error:
        raise ShapeError(f"{op.name}{where}: {error}") from None
    if kernels is None:
        raise ProgramError(f"{op.name}{where} has no form in C: print Python, or write it in simpler ops")
    change = Change(sources={})
    change.inputs = [_bound(a, t.dtype) for a, t in zip(step.inputs, input_types(step.inputs), strict=True)]
    return tuple([change.source(k) for k in kernels])


def _bound(atom: Atom, dtype: str) -> Any:
    if isinstance(atom, Var):
        return Named(atom)
    return Table(np.asarray(atom.value, dtype=dtype))


class Change:
    """Kernels and expressions with other sources, and other expressions for their counters; what is shared stays so."""

    def __init__(self, sources: Mapping[Any, Any], places: Mapping[Axis, Expr] | None = None) -> None:
        self.sources = dict(sources)
        self.places = places or {}
        self.inputs: list[Any] = []
        self._made: dict[Any, Any] = {}

    def expr(self, e: Expr) -> Expr:
        """The expression changed."""
        for part in inside_out(e) if e not in self._made else ():
            if part not in self._made:
                self._made[part] = self._expr(part)
        return self._made[e]

    def _expr(self, e: Expr) -> Expr:
        if isinstance(e, Place):
            return self.places.get(e.axis, e)
        if isinstance(e, Cast):
            return Cast(self.expr(e.arg), e.dtype)
        if isinstance(e, Fn):
            args = tuple([self.expr(a) for a in e.args])
            if e.weak and e.dtype == "int64" and e.name in ("add", "subtract", "multiply"):
                return fn(e.name, *args)  # places are worked out anew
            return Fn(e.name, args, e.dtype, e.weak)
        if isinstance(e, Read):
            source, index = self.source(e.source), tuple([self.expr(i) for i in e.index])
            return read(source, index, e.dtype)
        return e

    def source(self, s: Any) -> Any:
        """The source changed."""
        if isinstance(s, Input):
            return self.inputs[s.place] if self.inputs else s
        if s in self.sources:
            return self.sources[s]
        if s not in self._made:
            self._made[s] = self._source(s)
        return self._made[s]

    def _source(self, s: Any) -> Any:
        if isinstance(s, Nest) and s.combine in ("sum", "prod", "max", "min") and all([a.extent == 1 for a in s.over]):
            only = Change(self.sources, {a: lift(0) for a in s.over})  # one entry is not combined with any
            return self.source(Nest(s.axes, only.expr(s.body), s.dtype))
        if isinstance(s, (Nest, Running)):
            return replace(s, body=self.expr(s.body))
        if isinstance(s, View):
            return View(self.source(s.source), s.shape)
        if isinstance(s, Routine):
            return replace(s, args=tuple([self.source(a) for a in s.args]))
        if isinstance(s, Scatter):
            start = s.start if s.start is None or isinstance(s.start, Lit) else self.source(s.start)
            return replace(s, start=start, writes=tuple([self._write(w) for w in s.writes]))
        if isinstance(s, Turns):
            return replace(s, loop=self.source(s.loop))
        if isinstance(s, Loop):
            return replace(s, args=tuple([self.source(a) for a in s.args]))
        return s

    def _write(self, w: Write) -> Write:
        return Write(w.axes, tuple([self.expr(t) for t in w.target]), self.expr(w.body), w.add)


def read(source: Any, index: tuple[Expr, ...], dtype: str) -> Expr:
    """The entry of a source at a place."""
    found = known(source, index)
    return Read(source, index, dtype) if found is None else found


def known(source: Any, index: tuple[Expr, ...]) -> Expr | None:
    """What is read where it can be told: a number of a table that is all one, or an entry seen through a view."""
    if isinstance(source, Table) and source.values.size and _all_one(source.values):
        return Lit(source.values.flat[0].item(), source.dtype, weak=False)
    if isinstance(source, View):
        inner = seen_through(index, source.shape, source.source.shape)
        if inner is not None:
            return read(source.source, inner, source.dtype)
    return None


def _all_one(values: np.ndarray[Any, Any]) -> bool:
    first = values.flat[0]
    bits = values.view(np.uint8).reshape(values.size, -1) if values.size > 1 else None
    # the same bits: -0 is not 0, and NaN is NaN
    return bits is None or bool(np.all(bits == bits[0])) or bool(first != first and np.all(np.isnan(values)))


def seen_through(index: tuple[Expr, ...], outer: Shape, inner: Shape) -> tuple[Expr, ...] | None:
    """The places in the array behind a view that only leaves out or adds axes of one entry."""
    wide = [i for i, n in zip(index, outer, strict=True) if n != 1]
    if [n for n in outer if n != 1] != [n for n in inner if n != 1]:
        return None
    rest = iter(wide)
    return tuple([lift(0) if n == 1 else next(rest) for n in inner])


@final
class Lowered:
    """The kernels of a Program's values in order; `written` are those that have a line of their own."""

    def __init__(self, program: Program, named: Collection[Var]) -> None:
        self.program = program
        self.named = named
        self.kernels: dict[Var, Any] = {}
        for step in program.steps:
            for out, kernel in zip(step.outputs, lowered(step), strict=True):
                if out is not None:
                    self.kernels[out] = kernel
        outputs = {a for a in program.outputs if isinstance(a, Var)}
        self.pinned = outputs | set(named)
        self._fold()

    def _fold(self) -> None:
        """Put into each kernel what is read once, or only moved; from the first step on, so that chains grow."""
        uses = self._uses()
        folded: dict[Var, Any] = {}
        for var, kernel in list(self.kernels.items()):
            alone = copied(kernel)
            if alone is not None and alone in folded and uses[alone] == 1 and alone not in self.pinned:
                self.kernels[var] = folded.pop(alone)  # a sum of one arrival is that arrival
                kernel = self.kernels[var]
            else:
                kernel = self.kernels[var] = Fold(folded, uses).source(kernel)
            if var not in self.pinned:
                folded[var] = kernel
        read = self._uses()
        self.written = [v for v in self.kernels if v in self.pinned or read.get(v, 0)]
        # what nobody reads any more may have been all that read something else
        live: set[Var] = set()
        for var in reversed(self.written):
            if var in self.pinned or var in live:
                live.update(reads(self.kernels[var]))
                live.add(var)
        self.written = [v for v in self.written if v in live]

    def _uses(self) -> dict[Var, int]:
        found: dict[Var, int] = {}
        for kernel in self.kernels.values():
            for var in reads(kernel):
                found[var] = found.get(var, 0) + 1
        return found


class Fold(Change):
    """A kernel with the values that it may take in written out in it."""

    def __init__(self, folded: Mapping[Var, Any], uses: Mapping[Var, int]) -> None:
        super().__init__({})
        self.folded, self.uses, self.size = folded, uses, -1

    def _source(self, s: Any) -> Any:
        if isinstance(s, Turns):
            return s  # one loop for all its results
        before, self.size = self.size, volume(s)
        made = super()._source(s)
        self.size = before
        return made

    def _expr(self, e: Expr) -> Expr:
        if not isinstance(e, Read) or not isinstance(e.source, Named):
            return super()._expr(e)
        index = tuple([self.expr(i) for i in e.index])
        kernel = self.folded.get(e.source.var)
        if isinstance(kernel, View) and isinstance(kernel.source, (Named, Table)):
            return read(kernel, index, e.dtype)
        if not isinstance(kernel, Nest) or kernel.combine is not None:
            return Read(e.source, index, e.dtype)
        moved = _moved(kernel.body)
        once = self.uses[e.source.var] == 1 and volume(kernel) == self.size and _length(kernel.body) <= LONGEST
        if not (moved or once):
            return Read(e.source, index, e.dtype)
        return Change({}, dict(zip(kernel.axes, index, strict=True))).expr(kernel.body)


def volume(kernel: Any) -> int:
    """How often the body of a kernel is evaluated."""
    if isinstance(kernel, Nest):
        return _times((*kernel.axes, *kernel.over))
    if isinstance(kernel, Scatter):
        return max([_times(w.axes) for w in kernel.writes])
    return _times(kernel.axes) if isinstance(kernel, Running) else -1


def _times(axes: Sequence[Axis]) -> int:
    return prod([a.extent for a in axes if isinstance(a.extent, int)])  # names were refused before


def _moved(body: Expr) -> bool:
    """Whether an entry is only read, or is a number."""
    return isinstance(body, Lit) or (isinstance(body, Cast) and _moved(body.arg)) or isinstance(body, Read)


def copied(kernel: Any) -> Var | None:
    """Of which value the kernel is nothing but a copy."""
    if not isinstance(kernel, Nest) or kernel.combine is not None or not isinstance(kernel.body, Read):
        return None
    read = kernel.body
    if not isinstance(read.source, Named) or read.source.shape != kernel.shape or read.dtype != kernel.dtype:
        return None
    straight = [isinstance(i, Place) and i.axis is a for i, a in zip(read.index, kernel.axes, strict=True)]
    return read.source.var if all(straight) else None


def _length(body: Expr) -> int:
    """How many operations are written."""
    return sum([isinstance(e, Fn) for e in inside_out(body)])


def reads(kernel: Any) -> list[Var]:
    """The values that a kernel reads, once for every place where one is read; what is shared is one place."""
    found: list[Var] = []
    met: set[Any] = set()

    def source(s: Any) -> None:
        if isinstance(s, Named):
            found.append(s.var)
        elif s not in met:
            met.add(s)
            inner, expressions = _made_of(s)
            for other in inner:
                source(other)
            for e in expressions:
                expr(e)

    def expr(e: Expr) -> None:
        for part in inside_out(e):
            if isinstance(part, Read) and part not in met:
                met.add(part)
                source(part.source)

    source(kernel)
    return found


def sources(kernel: Any) -> list[Any]:
    """What a kernel itself reads, each once, in the order in which it is met."""
    inner, expressions = _made_of(kernel)
    met = [part.source for e in expressions for part in inside_out(e) if isinstance(part, Read)]
    return list(dict.fromkeys([*inner, *met]))


def _made_of(s: Any) -> tuple[Sequence[Any], Sequence[Expr]]:
    """The sources and the expressions that stand right in one."""
    if isinstance(s, (Nest, Running)):
        return (), (s.body,)
    if isinstance(s, View):
        return (s.source,), ()
    if isinstance(s, (Routine, Loop)):
        return s.args, ()
    if isinstance(s, Turns):
        return (s.loop,), ()
    if isinstance(s, Scatter):
        start = () if s.start is None or isinstance(s.start, Lit) else (s.start,)
        return start, [e for w in s.writes for e in (*w.target, w.body)]
    return (), ()


def needs_numbers(program: Program) -> None:
    """Refuse sizes that have only a name.

    Raises ValueNeeded.
    """
    for var in program.variables():
        if any(not isinstance(n, int) for n in var.type.shape):
            raise ValueNeeded(f"{var.hint or 'a value'} has sizes without a number: give values, and then print C")


__all__ = ["Lowered", "Named", "copied", "needs_numbers", "sources"]

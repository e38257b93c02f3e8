"""Loops whose body is a Program: turns one after another, each of them the statements of the body.

A carry stands in a buffer that the turns share. Where the whole history of a carry is wanted, its rows are that buffer:
a turn reads one row and writes the next. Else the next carry is written in place where no statement of the turn still
reads what stood there, and is copied at the turn's end where one does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, final

from chalkgrad.ir.program import Program, Var
from chalkgrad.native.tree import Buffer, Choose, Loop, Product, Set, Stmt, expressions, written
from chalkgrad.ops.kernel import Axis, Cast, Expr, Fn, Place, Read, inside_out, lift
from chalkgrad.ops.kernel import Loop as Scan

# A carry of more entries than these is kept in the rows of its history; a smaller one stays where it is quick to reach.
_SMALL = 64
# Entries of what is made and read within a turn, or stands in registers.
_LOCAL = 512


@final
@dataclass(frozen=True, eq=False)
class Where:
    """A value lies in a buffer, at these places of its first axes."""

    buffer: Buffer
    index: tuple[Expr, ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the value."""
        return self.buffer.shape[len(self.index) :]

    def read(self, at: Sequence[Expr]) -> Read:
        """An entry of the value."""
        return self.buffer[(*self.index, *at)]


# The statements of a Program: where each of its inputs lies, and where each output is wanted, if it is.
Block = Callable[[Program, Mapping[Var, Where], Sequence["Where | None"]], list[Stmt]]


def turns(
    scan: Scan, given: Sequence[Where], results: Sequence[Buffer | None], block: Block, step: Any = None
) -> list[Stmt]:
    """The statements of a loop whose arguments lie at `given`, and whose results are wanted in `results`, if they are.

    A buffer for a history that is in the arena may become one row longer.
    """
    return _Turns(scan, given, results, block, step).statements()


@final
@dataclass(eq=False)
class _Carry:
    """Where a carry stands before a turn and after it; `copied` where these are apart, and what is after goes back."""

    before: Where
    after: Where
    copied: bool = False
    history: Buffer | None = None


@final
class _Turns:
    def __init__(
        self, scan: Scan, given: Sequence[Where], results: Sequence[Buffer | None], block: Block, step: Any
    ) -> None:
        self.scan, self.given, self.results, self.block, self.step = scan, given, results, block, step
        self.body: Program = scan.body
        self.consts, self.count = scan.counts
        self.axis = Axis(scan.length)
        self.turn: Expr = lift(scan.length - 1) - Place(self.axis) if scan.reverse else Place(self.axis)

    def statements(self) -> list[Stmt]:
        """What stands before the loop, the loop, and what stands after it."""
        carries = [self._carry(k) for k in range(self.count)]
        before: list[Stmt] = []
        for k, carry in enumerate(carries):
            start = Where(carry.before.buffer, (lift(0),)) if carry.before.index else carry.before
            before += copy(self.given[self.consts + k], start, self.step)
        into: list[Where | None] = [self._after(k, c) for k, c in enumerate(carries)]
        for result in self.results[self.count : len(self.results) - self.count]:
            into.append(None if result is None else Where(result, (self.turn,)))
        inner: list[Stmt] = []
        for carry in carries:
            if carry.history is not None:
                inner += copy(carry.before, Where(carry.history, (self.turn,)), self.step)
        inner += self.block(self.body, self._inputs(carries), into)
        for carry in carries:
            if carry.copied and may_be_one(inner, carry.before.buffer, carry.after.buffer):
                rename(inner, carry.after.buffer, carry.before.buffer)
            elif carry.copied:
                inner += copy(carry.after, carry.before, self.step)
        after: list[Stmt] = []
        for carry, result in zip(carries, self.results, strict=False):
            if result is not None and result is not carry.before.buffer:
                last = Where(carry.before.buffer, (lift(self.scan.length),)) if carry.before.index else carry.before
                after += copy(last, Where(result), self.step)
        return [*before, Loop(self.axis, inner, "serial"), *after]

    def _carry(self, k: int) -> _Carry:
        var = self.body.inputs[self.consts + k]
        shape, name = _fixed(var), var.hint or "carry"
        history = self.results[len(self.results) - self.count + k]
        size = Buffer(name, var.type.dtype, shape, "local").size
        if history is not None and history.space == "arena" and not self.scan.reverse and size > _SMALL:
            history.shape = (self.scan.length + 1, *shape)
            row = Place(self.axis)
            return _Carry(Where(history, (row,)), Where(history, (row + 1,)))
        final = self.results[k]
        space = "local" if size <= _LOCAL else "arena"
        # the last carry may stand in its place from the start, unless it is small enough for registers
        apart = final is None or size <= _SMALL
        stands = Buffer(name, var.type.dtype, shape, space) if apart else final
        assert stands is not None
        if self.body.outputs[k] is var:
            return _Carry(Where(stands), Where(stands), False, history)
        return _Carry(Where(stands), Where(Buffer(f"{name}_next", var.type.dtype, shape, space)), True, history)

    def _after(self, k: int, carry: _Carry) -> Where | None:
        """Where the body is to write a carry: nowhere, if it leaves it as it is."""
        return None if carry.after.buffer is carry.before.buffer and not carry.after.index else carry.after

    def _inputs(self, carries: Sequence[_Carry]) -> dict[Var, Where]:
        found: dict[Var, Where] = {}
        for k, var in enumerate(self.body.inputs):
            if k < self.consts:
                found[var] = self.given[k]
            elif k < self.consts + self.count:
                found[var] = carries[k - self.consts].before
            else:
                found[var] = Where(self.given[k].buffer, (*self.given[k].index, self.turn))
        return found


def _fixed(var: Var) -> tuple[int, ...]:
    sizes = tuple([n for n in var.type.shape if isinstance(n, int)])
    assert len(sizes) == len(var.type.shape)
    return sizes


def copy(source: Where, into: Where, step: Any = None) -> list[Stmt]:
    """The statements that copy a value."""
    if source.buffer is into.buffer and not source.index and not into.index:
        return []
    axes = [Axis(n) for n in into.shape]
    places = tuple([Place(a) for a in axes])
    made: Stmt = Set(into.buffer, (*into.index, *places), source.read(places), step)
    for axis in reversed(axes):
        made = Loop(axis, [made], "parallel")
    return [made]


# A carry in place.


@final
@dataclass(frozen=True, eq=False)
class _Access:
    """A place that a statement reads or writes: the loops around, and when in each of them, outermost first."""

    loops: tuple[Loop, ...]
    when: tuple[int, ...]
    index: tuple[Expr, ...] | None


def may_be_one(body: Sequence[Stmt], before: Buffer, after: Buffer) -> bool:
    """Whether what is written to `after` may be written to `before`: each entry is read there before it is written.

    That is so where the reading stands first in the loops around both, and their turns touch different entries.
    """
    reads: list[_Access] = []
    writes: list[_Access] = []
    for access, buffer, write in _accesses(body):
        if buffer is before:
            if write:
                return False
            reads.append(access)
        elif buffer is after and write:
            writes.append(access)
    return all([_apart(r, w) for r in reads for w in writes])


def _apart(read: _Access, write: _Access) -> bool:
    shared = 0
    while (
        shared < min(len(read.loops), len(write.loops))
        and read.loops[shared] is write.loops[shared]
        and read.when[shared] == write.when[shared]
    ):
        shared += 1
    if read.when[shared] > write.when[shared]:
        return False
    if read.index is None or write.index is None:
        return shared == 0 and read.when[0] < write.when[0]
    pinned = {
        a.axis
        for a, b in zip(read.index, write.index, strict=True)
        if isinstance(a, Place) and isinstance(b, Place) and a.axis is b.axis
    }
    return all([loop.axis in pinned for loop in read.loops[:shared]])


def _accesses(body: Sequence[Stmt]) -> Iterator[tuple[_Access, Buffer, bool]]:
    """Every place that is read or written, in order."""
    waiting: list[tuple[Stmt, tuple[Loop, ...], tuple[int, ...]]] = [
        (s, (), (k,)) for k, s in reversed(list(enumerate(body)))
    ]
    while waiting:
        stmt, loops, when = waiting.pop()
        if isinstance(stmt, Loop):
            waiting += [(s, (*loops, stmt), (*when, k)) for k, s in reversed(list(enumerate(stmt.body)))]
            continue
        whole = isinstance(stmt, Product)  # which goes over places of its own
        for e in expressions(stmt):
            for part in inside_out(e):
                if isinstance(part, Read):
                    yield _Access(loops, when, None if whole else part.index), part.source, False
        for buffer in written(stmt):
            yield _Access(loops, when, None if whole else stmt.index), buffer, True


@final
@dataclass(eq=False)
class _Renamed:
    """Expressions that read another buffer in place of one; what is shared stays so."""

    old: Buffer
    new: Buffer
    made: dict[Expr, Expr] = field(default_factory=dict[Expr, Expr])

    def expr(self, e: Expr) -> Expr:
        if e not in self.made:
            for part in inside_out(e):
                if part not in self.made:
                    self.made[part] = self._expr(part)
        return self.made[e]

    def _expr(self, e: Expr) -> Expr:
        if isinstance(e, Cast):
            arg = self.made[e.arg]
            return e if arg is e.arg else Cast(arg, e.dtype, e.weak)
        if isinstance(e, Fn):
            args = tuple([self.made[a] for a in e.args])
            return e if all([a is b for a, b in zip(args, e.args, strict=True)]) else Fn(e.name, args, e.dtype, e.weak)
        if isinstance(e, Read):
            index = tuple([self.made[i] for i in e.index])
            same = e.source is not self.old and all([a is b for a, b in zip(index, e.index, strict=True)])
            return e if same else Read(self.buffer(e.source), index, e.dtype, e.weak)
        return e

    def read(self, r: Read) -> Read:
        return Read(self.buffer(r.source), tuple([self.expr(i) for i in r.index]), r.dtype, r.weak)

    def buffer(self, b: Buffer) -> Buffer:
        return self.new if b is self.old else b


def rename(body: Sequence[Stmt], old: Buffer, new: Buffer) -> None:
    """Let the statements read and write another buffer in place of one."""
    change = _Renamed(old, new)
    waiting = list(body)
    while waiting:
        stmt = waiting.pop()
        if isinstance(stmt, Loop):
            waiting.extend(stmt.body)
            continue
        stmt.index = tuple([change.expr(i) for i in stmt.index])
        stmt.value = change.expr(stmt.value)
        if isinstance(stmt, Choose):
            stmt.best, stmt.place = change.buffer(stmt.best), change.buffer(stmt.place)
            stmt.at = change.expr(stmt.at)
            continue
        stmt.into = change.buffer(stmt.into)
        if isinstance(stmt, Product):
            stmt.left, stmt.right = change.read(stmt.left), change.read(stmt.right)


__all__ = ["Block", "Where", "copy", "may_be_one", "rename", "turns"]

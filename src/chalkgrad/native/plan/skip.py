"""Sums of terms that are nearly all 0, since a factor says where something was chosen: the others are left out.

The gradient of a least or greatest entry goes to that entry alone, and is written as a sum over all, times 1 where it
is the one and 0 elsewhere. A term with the factor 0 adds nothing if the rest of it is a finite number. Whether it is
can be told beforehand, from the greatest of what it is made of; where it cannot, all terms are added.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from typing import final

from chalkgrad.native.plan.inline import alive
from chalkgrad.native.plan.rewrite import Rewrite, buffer_of, operations, reads
from chalkgrad.native.plan.statements import Statement, extent
from chalkgrad.native.tree import Buffer, Combine, Loop, Set, Stmt
from chalkgrad.ops.kernel import Axis, Cast, Expr, Fn, Lit, Place, Read, fn, inside_out, lift

# What is left out is worth a question if it is of so many terms in all, so many at a time.
_LEAST, _AT_A_TIME = 4096, 4
# The greatest of what terms are made of takes at most one part in so many of the work.
_PART = 8
# A row of so many entries fills the lanes of some registers.
_BESIDE = 8
# A factor that is worked out anew where it is not 0 has at most so many operations.
_FEW = 6
_FLOATS = ("float32", "float64")


def skipped(
    statements: Sequence[Statement], wanted: Collection[Buffer], whole: Callable[[Statement], bool]
) -> list[Statement]:
    """The statements in which such sums ask first; the given ones are changed. What is `whole` is left as it is."""
    walk = _Skip(statements)
    found = [new for s in statements for new in (walk.take(s) if _sums(s) and not whole(s) else (s,))]
    return alive(found, wanted) if len(found) > len(statements) or walk.changed else found


def _sums(s: Statement) -> bool:
    return s.kind == "combine" and s.how == "sum" and s.into.dtype in _FLOATS and s.volume >= _LEAST


@final
class _Skip:
    def __init__(self, statements: Sequence[Statement]) -> None:
        self.changed = False
        writers: dict[Buffer, int] = {}
        for s in statements:
            for buffer in (s.into, *s.others):
                writers[buffer] = writers.get(buffer, 0) + 1
        self._made = {s.into: s for s in statements if s.kind == "set" and writers[s.into] == 1}
        self._greatest: dict[Buffer, Buffer] = {}

    def take(self, s: Statement) -> list[Statement]:
        """The statement, and before it what it asks."""
        for factor in _factors(s.value):
            opened = self._opened(factor)
            some = None if opened is None else _some(_again(opened))
            if opened is None or some is None or not self._worth(s, some):
                continue
            rest = [f for f in _factors(s.value) if f is not factor]
            before: list[Statement] = []
            bounds = [self._bound(f, s, before) for f in rest]
            if any([b is None for b in bounds]):
                continue
            unsafe = self._unsafe([b for b in bounds if b is not None], s, before)
            given = some if unsafe is None else fn("logical_or", some, unsafe)
            s.value = Fn("where", (given, _with(s.value, factor, opened), Lit(0.0, s.into.dtype, False)), s.into.dtype)
            self.changed = s.spared = True
            return [*before, s]
        return [s]

    def _opened(self, factor: Expr) -> Expr | None:
        """A factor as it is made, where that is little."""
        if not isinstance(factor, Read):
            return factor if isinstance(factor, (Cast, Fn)) else None
        made = self._made.get(buffer_of(factor))
        if made is None or len(operations(made.value)) > _FEW:
            return None
        places: dict[Axis, Expr] = {}
        for target, place in zip(made.index, factor.index, strict=True):
            if isinstance(target, Place):
                places[target.axis] = place
            elif not isinstance(target, Lit) or target.value != 0:
                return None
        return Rewrite(places)(made.value) if len(places) == len(made.axes) else None

    def _worth(self, s: Statement, some: Expr) -> bool:
        own = {p.axis for p in inside_out(some) if isinstance(p, Place)}
        return math.prod([extent(a) for a in (*s.axes, *s.over) if a not in own]) >= _AT_A_TIME

    def _bound(self, e: Expr, s: Statement, before: list[Statement]) -> Expr | None:
        """What the size of an expression does not exceed, of which no entry is needed."""
        if isinstance(e, Lit):
            return Lit(abs(float(e.value)), s.into.dtype, weak=False)
        if isinstance(e, Cast):
            return self._bound(e.arg, s, before) if e.arg.dtype == e.dtype else None
        if isinstance(e, Fn):
            parts = [self._bound(a, s, before) for a in e.args] if e.name in _BOUNDS else [None]
            known = [p for p in parts if p is not None]
            if len(known) < len(parts):
                return None
            return known[0] if len(known) == 1 else Fn(_BOUNDS[e.name], tuple(known), s.into.dtype)
        if not isinstance(e, Read) or e.dtype != s.into.dtype:
            return None
        return self._greatest_of(buffer_of(e), s, before)

    def _greatest_of(self, buffer: Buffer, s: Statement, before: list[Statement]) -> Expr | None:
        if buffer.space not in ("input", "table") or buffer.size * _PART > s.volume:
            return None
        if buffer not in self._greatest:
            into = Buffer(f"greatest_{buffer.name}", buffer.dtype, (), "arena")
            axes = tuple([Axis(n) for n in buffer.shape])
            value = fn("absolute", Read(buffer, tuple([lift(a) for a in axes]), buffer.dtype))
            made: Stmt = Combine(into, (), "max", value, s.step)
            beside = extent(axes[-1]) >= _BESIDE if axes else False  # lanes then take what lies side by side
            for axis in reversed(axes):
                made = Loop(axis, [made], "serial" if beside and axis is not axes[-1] else "parallel")
            first = Set(into, (), Lit(0.0, buffer.dtype, weak=False), s.step)
            # by itself and before all: a loop that makes it cannot ask for it
            before.append(Statement("block", into, step=s.step, stmts=(first, made), given=(buffer,)))
            self._greatest[buffer] = into
        return Read(self._greatest[buffer], (), buffer.dtype)

    def _unsafe(self, bounds: Sequence[Expr], s: Statement, before: list[Statement]) -> Expr | None:
        """Whether the rest may be no finite number; None where it is known to be one."""
        if not any([reads(b) for b in bounds]):
            return None
        total = bounds[0]
        for b in bounds[1:]:
            total = Fn("multiply", (total, b), s.into.dtype)
        room = Buffer("unsafe", "bool", (), "arena")
        value = fn("logical_not", fn("isfinite", total))
        before.append(Statement("set", room, (), (), value=value, step=s.step))
        return Read(room, (), "bool")


# Of how operands' sizes bound that of the result; of one operand they are the same.
_BOUNDS = {"add": "add", "subtract": "add", "multiply": "multiply", "negative": "", "absolute": ""}


def _some(e: Expr) -> Expr | None:
    """Where a factor that is 0 nearly everywhere is not; None for any other."""
    if isinstance(e, Cast):
        return e.arg if e.arg.dtype == "bool" else _some(e.arg) if e.arg.dtype == e.dtype else None
    if isinstance(e, Fn) and e.name == "divide":
        above = _some(e.args[0])
        # 0 over 0 is not 0, nor is 0 over what is no number
        none = fn("logical_not", fn("greater", fn("absolute", e.args[1]), 0.0))
        return None if above is None else fn("logical_or", above, none)
    return None


def _again(e: Expr) -> Expr:
    """The same expression in other objects: what is shared with what a question guards would be guarded by itself."""
    made: dict[Expr, Expr] = {}
    for part in inside_out(e):
        if isinstance(part, Fn):
            made[part] = Fn(part.name, tuple([made[a] for a in part.args]), part.dtype, part.weak)
        elif isinstance(part, Cast):
            made[part] = Cast(made[part.arg], part.dtype, part.weak)
        elif isinstance(part, Read):
            made[part] = Read(part.source, tuple([made[i] for i in part.index]), part.dtype, part.weak)
        else:
            made[part] = part
    return made[e]


def _with(value: Expr, factor: Expr, opened: Expr) -> Expr:
    """The value with a factor as it is made."""

    def reading(read: Read, index: tuple[Expr, ...]) -> Expr:
        return opened if read is factor else Read(read.source, index, read.dtype)

    return Rewrite({}, reading)(value)


def _factors(e: Expr) -> list[Expr]:
    found: list[Expr] = []
    waiting = [e]
    while waiting:
        at = waiting.pop()
        if isinstance(at, Fn) and at.name == "multiply":
            waiting.extend(at.args)
        elif isinstance(at, Cast) and at.arg.dtype == at.dtype:
            waiting.append(at.arg)
        else:
            found.append(at)
    return found


__all__ = ["skipped"]

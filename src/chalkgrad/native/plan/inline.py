"""Values written into the statements that read them, where that is no more work, and statements that nobody reads.

Stored or written out, a value is the same number. A value that one statement of the same size reads is written out
there; so are at most two cheap operations in several, since to work them out again costs less than to store them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Hashable, Sequence
from typing import final

from chalkgrad.native.plan.affine import line
from chalkgrad.native.plan.edges import worked_out
from chalkgrad.native.plan.rewrite import Rewrite, buffer_of, operations, reads
from chalkgrad.native.plan.statements import Statement, extent
from chalkgrad.native.tree import Buffer
from chalkgrad.ops.kernel import Axis, Expr, Fn, Lit, Place, Read, cast

# An expression grows to at most so many operations; beyond, the value is stored, in a register most often.
_LONGEST = 24
# With entries that are chosen by place it grows to so many: stored, they would be arrays of their own.
_LONGEST_CHOSEN = 96
_cheap = {"add", "subtract", "multiply", "negative", "absolute", "maximum", "minimum", "where", "isnan", "isfinite"}
_cheap |= {"less", "less_equal", "greater", "greater_equal", "equal", "not_equal"}
_cheap |= {"logical_and", "logical_or", "logical_not"}
_FEW = 2


def inlined(
    statements: Sequence[Statement], wanted: Collection[Buffer], whole: Callable[[Statement], bool]
) -> list[Statement]:
    """The statements that are left, in their order, to make what is wanted; the given ones are changed.

    What is `whole` reads only what is stored.
    """
    walk = _Inline(statements, wanted)
    for statement in statements:
        if not whole(statement):
            walk.take(statement)
    return alive(statements, wanted)


@final
class _Inline:
    def __init__(self, statements: Sequence[Statement], wanted: Collection[Buffer]) -> None:
        self._wanted = wanted
        self._uses: dict[Buffer, int] = {}
        self._writers: dict[Buffer, int] = {}
        for s in statements:
            for e in s.expressions():
                for read in reads(e):
                    self._uses[buffer_of(read)] = self._uses.get(buffer_of(read), 0) + 1
            for buffer in s.given:
                self._uses[buffer] = self._uses.get(buffer, 0) + len(statements) + 2
            for buffer in (s.into, *s.others):
                self._writers[buffer] = self._writers.get(buffer, 0) + 1
        self._ready: dict[Buffer, tuple[Statement, tuple[Axis | None, ...], int, bool, bool]] = {}

    def take(self, statement: Statement) -> None:
        """Write out what the statement reads, and note what it gives itself."""
        if statement.kind == "block":
            return
        grown, volume = -1, statement.volume
        taken: dict[Buffer, bool] = {}
        met: dict[Hashable, Expr] = {}

        def reading(read: Read, index: tuple[Expr, ...]) -> Expr:
            here = buffer_of(read), tuple([i.axis if isinstance(i, Place) else i for i in index])
            if here not in met:
                met[here] = entry(read, index)
            return met[here]  # an entry that is read twice is the same expression

        def entry(read: Read, index: tuple[Expr, ...]) -> Expr:
            nonlocal grown
            buffer = buffer_of(read)
            known = self._ready.get(buffer)
            if known is not None:
                made, axes, size, cheap, scaled = known
                if buffer not in taken:
                    grown = len(worked_out(statement.value)) if grown < 0 else grown
                    fits = volume <= made.volume and grown + size <= (_LONGEST_CHOSEN if made.boxes else _LONGEST)
                    fits = fits and (not made.boxes or _beside(index))
                    taken[buffer] = fits and (cheap or self._uses[buffer] == 1 or bool(statement.boxes and scaled))
                    grown += size if taken[buffer] else 0
                if taken[buffer]:
                    places = {a: i for a, i in zip(axes, index, strict=True) if a is not None}
                    return cast(Rewrite(places)(made.value), buffer.dtype)
            same = all([a is b for a, b in zip(index, read.index, strict=True)])
            return read if same else Read(buffer, index, read.dtype)

        change = Rewrite({}, reading)
        statement.index = tuple([change(i) for i in statement.index])
        branches: list[tuple[Expr, Expr]] = []
        value = statement.value
        for box in statement.boxes:
            assert isinstance(value, Fn)
            volume = (
                statement.volume // math.prod([extent(a) for a in box]) * math.prod([b - a for a, b in box.values()])
            )
            branches.append((value.args[0], change(value.args[1])))
            volume, value = statement.volume, value.args[2]
        value = change(value)
        for condition, branch in reversed(branches):
            value = Fn("where", (condition, branch, value), branch.dtype)
        statement.value = value
        if statement.at is not None:
            statement.at = change(statement.at)
        self._note(statement)

    def _note(self, statement: Statement) -> None:
        buffer = statement.into
        if statement.kind != "set" or buffer in self._wanted or self._writers[buffer] > 1:
            return
        axes = tuple([i.axis if isinstance(i, Place) else None for i in statement.index])
        plain = all([isinstance(i, Place) or (isinstance(i, Lit) and i.value == 0) for i in statement.index])
        if not plain or len({a for a in axes if a is not None}) < len(statement.axes):
            return
        if [extent(a) if a is not None else 1 for a in axes] != list(buffer.shape):
            return
        made = worked_out(statement.value)
        if any([f.name == "place" for f in operations(statement.value)]) or _looked_up(statement.value):
            return
        plain = all([f.name in _cheap for f in made])
        # with a number as a factor it is a value of its own for each slice, made of what they share
        few = len([f for f in made if f.name != "negative" and not any([isinstance(a, Lit) for a in f.args])]) <= _FEW
        self._ready[buffer] = statement, axes, len(made), plain and len(made) <= _FEW, plain and few


def _beside(index: Sequence[Expr]) -> bool:
    """Whether each place goes along one counter at most."""
    lines = [line(i) for i in index]
    return all([known is not None and len(known.steps) <= 1 for known in lines])


def _looked_up(e: Expr) -> bool:
    """Whether a place that is read was computed, and may be none: that is found out once."""
    for read in reads(e):
        for i in read.index:
            if isinstance(i, Fn) and any([f.name == "place" for f in operations(i)]):
                return True
    return False


def alive(statements: Sequence[Statement], wanted: Collection[Buffer]) -> list[Statement]:
    """The statements on which what is wanted hangs."""
    live = set(wanted)
    kept: list[Statement] = []
    for s in reversed(statements):
        made = (s.into, *s.others)
        if any([b in live for b in made]):
            kept.append(s)
            live.update(s.given)
            for e in s.expressions():
                live.update([buffer_of(r) for r in reads(e)])
    return kept[::-1]


__all__ = ["alive", "inlined"]

"""Values that are worked out twice, and sums that are another sum times a number.

Ops bring sums and maxima of their own along, as a softmax does, and the same ones stand in its gradient. And where the
terms of a sum share a factor, the sum is that of the rest times the factor. That is another rounding, as the order of a
sum is, and no more, if the terms have one sign and the product is a finite number; where it is none, the code gives up,
and the interpreter answers.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from typing import final

from chalkgrad.native.plan.inline import alive
from chalkgrad.native.plan.rewrite import Rewrite, buffer_of, operations
from chalkgrad.native.plan.statements import Statement, extent
from chalkgrad.native.tree import Buffer
from chalkgrad.ops.kernel import Axis, Cast, Expr, Fn, Lit, Place, Read, fn, inside_out, lift, where

_FLOATS = ("float32", "float64")
# Of no number negative.
_POSITIVE = frozenset(["exp", "exp2", "absolute", "sqrt"])


def same(statements: Sequence[Statement], wanted: Collection[Buffer]) -> list[Statement]:
    """The statements that are left, in their order; the given ones are changed."""
    walk = _Same(statements, wanted)
    found = [new for s in statements for new in walk.take(s)]
    return alive(found, wanted) if walk.changed else list(statements)


@final
class _Same:
    def __init__(self, statements: Sequence[Statement], wanted: Collection[Buffer]) -> None:
        self.changed = False
        # what statements read that stand as they are is read under its own name
        self._wanted = {*wanted, *[b for s in statements for b in s.given]}
        self._writers: dict[Buffer, int] = {}
        for s in statements:
            for buffer in (s.into, *s.others):
                self._writers[buffer] = self._writers.get(buffer, 0) + 1
        self._instead: dict[Buffer, tuple[Buffer, tuple[int | None, ...]]] = {}
        self._numbers: dict[Hashable, int] = {}
        self._known: dict[Hashable, Statement] = {}
        self._made: dict[Buffer, Statement] = {}

    def take(self, s: Statement) -> list[Statement]:
        """What stands for a statement: nothing, if it makes what another has made."""
        if s.kind == "block":
            return [s]
        if self._instead:
            self._redirect(s)
        if self._writers[s.into] > 1 or not _straight(s):
            return [s]
        here = self._key(s, s.value)
        known = self._known.get(here)
        if known is not None and s.into not in self._wanted:
            self._instead[s.into] = known.into, _moved(s, known)
            self.changed = True
            return []
        if s.kind == "combine" and s.how == "sum" and s.into.dtype in _FLOATS:
            scaled = self._scaled(s)
            if scaled is not None:
                self.changed = True
                return scaled
        self._known.setdefault(here, s)
        self._made[s.into] = s
        return [s]

    def _redirect(self, s: Statement) -> None:
        def reading(read: Read, index: tuple[Expr, ...]) -> Expr:
            found = self._instead.get(buffer_of(read))
            if found is None:
                return Read(read.source, index, read.dtype)
            return Read(found[0], _picked(index, found[1]), read.dtype)

        change = Rewrite({}, reading)
        s.index = tuple([change(i) for i in s.index])
        s.value = change(s.value)
        if s.at is not None:
            s.at = change(s.at)

    def _key(self, s: Statement, value: Expr) -> Hashable:
        """Equal for statements that make the same; axes are told apart by their place, all else by what it is."""
        places = {a: k for k, a in enumerate((*s.axes, *s.over))}
        extents = tuple([extent(a) for a in places])
        start = None if s.start is None else self._number(s.start, {})
        at = None if s.at is None else self._number(s.at, places)
        return s.kind, s.how, s.into.dtype, len(s.axes), extents, start, at, self._number(value, places)

    def _number(self, e: Expr, places: dict[Axis, int]) -> int:
        made: dict[Expr, int] = {}
        for part in inside_out(e):
            made[part] = self._numbers.setdefault(_plain(part, made, places), len(self._numbers))
        return made[e]

    def _scaled(self, s: Statement) -> list[Statement] | None:
        """A sum of terms with a factor that all share: that of the rest, if there is one, times the factor."""
        if not isinstance(s.start, Lit) or s.start.value != 0:
            return None
        shared: list[Expr] = []
        rest: list[Expr] = []
        for factor in _factors(s.value):
            hangs = any([isinstance(p, Place) and p.axis in s.over for p in inside_out(factor)])
            (rest if hangs else shared).append(factor)
        if not shared or len(rest) != 1 or rest[0].dtype != s.into.dtype or not self._positive(rest[0]):
            return None
        known = self._known.get(self._key(s, rest[0]))
        if known is None:
            return None
        value: Expr = Read(known.into, _picked(s.index, _moved(s, known)), known.into.dtype)
        for factor in shared:
            value = Fn("multiply", (factor, value), s.into.dtype)
        room = Buffer(f"{s.into.name}_scaled", s.into.dtype, (*s.into.shape, 1), "arena")
        first = Statement("set", room, (*s.index, lift(0)), s.axes, value=value, step=s.step)
        fresh = {a: Axis(a.extent) for a in s.axes}
        index = tuple([Rewrite({a: lift(f) for a, f in fresh.items()})(i) for i in s.index])
        entry = Read(room, (*index, lift(0)), room.dtype)
        safe = fn("place", where(fn("isfinite", entry), 0, 1), 1)
        value = Read(room, (*index, safe), room.dtype)
        return [first, Statement("set", s.into, index, tuple(fresh.values()), value=value, step=s.step)]

    def _positive(self, e: Expr) -> bool:
        """Whether a number is plainly never less than 0."""
        if isinstance(e, Cast):
            return e.arg.dtype == "bool" or self._positive(e.arg)
        if isinstance(e, Fn):
            return e.name in _POSITIVE or (e.name == "multiply" and e.args[0] is e.args[1])
        made = self._made.get(buffer_of(e)) if isinstance(e, Read) else None
        return made is not None and made.kind == "set" and self._positive(made.value)


def _moved(s: Statement, known: Statement) -> tuple[int | None, ...]:
    """Where the axes stand in the index of one of two statements that make the same, by their order in the other."""
    places = [k for k, i in enumerate(s.index) if isinstance(i, Place)]
    count = iter(places)
    return tuple([next(count) if isinstance(i, Place) else None for i in known.index])


def _picked(index: Sequence[Expr], places: Sequence[int | None]) -> tuple[Expr, ...]:
    return tuple([lift(0) if k is None else index[k] for k in places])


def _straight(s: Statement) -> bool:
    """Whether the entries are made at their places: an axis a place, in their order."""
    axes = [i.axis for i in s.index if isinstance(i, Place)]
    plain = all([isinstance(i, Place) or (isinstance(i, Lit) and i.value == 0) for i in s.index])
    looked_up = [f for e in s.expressions() for f in operations(e) if f.name == "place"]
    return plain and axes == list(s.axes) and not looked_up


def _factors(e: Expr) -> list[Expr]:
    found: list[Expr] = []
    waiting = [e]
    while waiting:
        at = waiting.pop()
        if isinstance(at, Fn) and at.name == "multiply" and at.args[0] is not at.args[1]:
            waiting.extend(at.args)
        elif isinstance(at, Cast) and at.arg.dtype == at.dtype:
            waiting.append(at.arg)
        else:
            found.append(at)
    return found


def _plain(e: Expr, made: dict[Expr, int], places: dict[Axis, int]) -> Hashable:
    if isinstance(e, Fn):
        return "fn", e.name, e.dtype, e.weak, tuple([made[a] for a in e.args])
    if isinstance(e, Cast):
        return "cast", e.dtype, e.weak, made[e.arg]
    if isinstance(e, Read):
        return "read", e.source, e.dtype, tuple([made[i] for i in e.index])
    if isinstance(e, Place):
        return "place", places.get(e.axis, e.axis)
    assert isinstance(e, Lit)
    return "number", e.dtype, e.weak, repr(e.value)


__all__ = ["same"]

"""Sums of terms that are 0 but where something is equal to one of many: which one it is, is found out before.

    Σ over n of (x[n, k] == y[n]) · value

adds something for few k, one most often. How many there are and which one it is, is little to ask while the x are made.
Where there is one alone, the sum goes right there; where there are several, or where a term that is not chosen may be
more than 0 because something is no finite number, it goes through all.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Hashable, Iterator, Sequence
from typing import final

from chalkgrad.native.plan.rewrite import Rewrite
from chalkgrad.native.plan.same import same
from chalkgrad.native.plan.statements import Statement, extent
from chalkgrad.native.tree import Buffer
from chalkgrad.native.windows import within
from chalkgrad.ops.kernel import Axis, Expr, Fn, Lit, Place, Read, cast, fn, inside_out, lift
from chalkgrad.ops.scalars import parts, where

# It is worth it for so many terms in all, so many places to choose from, and so much to be done at each.
_LEAST, _FEWEST, _AT_EACH = 4096, 8, 4


def few(statements: Sequence[Statement], wanted: Collection[Buffer]) -> list[Statement]:
    """The statements, before such a sum what it asks; the sums are changed."""
    found: list[Statement] = []
    known: dict[Hashable, tuple[frozenset[Hashable], Buffer, Buffer]] = {}
    for s in statements:
        found += _asking(s, known)
    return same(found, wanted) if len(found) > len(statements) else found


def _asking(s: Statement, known: dict[Hashable, tuple[frozenset[Hashable], Buffer, Buffer]]) -> list[Statement]:
    """What finds the places of a sum, and the sum that goes there."""
    e = s.value
    if not s.spared or s.volume < _LEAST or not isinstance(e, Fn):
        return [s]
    tests = list(_any_of(e.args[0]))
    for test in tests:
        others = [t for t in tests if t is not test]
        for axis in _chosen(test):
            met = _axes([test])
            own = math.prod([extent(a) for a in met])
            if axis in _axes(others) or extent(axis) < _FEWEST or s.volume < _AT_EACH * own:
                continue
            places: dict[Axis, int] = {}
            key = _written(lift(axis), places), _written(test, places)
            more = frozenset([_written(t, places) for t in others])
            rows = [a for a in places if a is not axis]
            before: list[Statement] = []
            if key not in known or not known[key][0] >= more or len(known[key][1].shape) != len(rows):
                first = _Asked(s, test, others, axis)
                known[key] = more, *first.ends(rows)
                before = first.before
            at = tuple([lift(a) for a in rows]) or (lift(0),)
            start, end = [Read(b, at, "int64") for b in known[key][1:]]
            s.value = Fn("where", (within(axis, start, end), *e.args[1:]), e.dtype, e.weak)
            return [*before, s]
    return [s]


def _chosen(test: Expr) -> list[Axis]:
    """The counters that one side of an equation hangs on, and the other does not."""
    if not isinstance(test, Fn) or test.name != "equal":
        return []
    a, b = [_axes([side]) for side in test.args]
    return [axis for axis in (*a, *b) if (axis in a) != (axis in b)]


@final
class _Asked:
    """What asks, for each row, how many places along an axis pass a test, and which one does."""

    def __init__(self, s: Statement, test: Expr, others: Sequence[Expr], axis: Axis) -> None:
        self._s, self._test, self._others, self._axis = s, test, others, axis
        self.before: list[Statement] = []

    def ends(self, rows: Sequence[Axis]) -> tuple[Buffer, Buffer]:
        """Where the sum begins and ends, in every row."""
        here = [a for a in _axes([self._test]) if a is not self._axis]
        dtype = self._s.into.dtype
        count = self._made("count", dtype, here, "sum", self._test, Lit(0.0, dtype, weak=False))
        each = where(self._test, lift(self._axis), 0)  # whose sum is the place, where there is one
        chosen = self._made("chosen", "int64", here, "sum", each, Lit(0, "int64", weak=False))
        alone = fn("equal", count, 1.0)
        for other in self._others:
            alone = fn("logical_and", alone, fn("logical_not", other))
        n = extent(self._axis)
        start = self._made("start", "int64", rows, None, where(alone, chosen, 0))
        end = self._made("end", "int64", rows, None, where(alone, fn("add", chosen, 1), n))
        return start.source, end.source

    def _made(
        self, name: str, dtype: str, rows: Sequence[Axis], how: str | None, value: Expr, start: Expr | None = None
    ) -> Read:
        fresh = {a: Axis(a.extent) for a in (*rows, self._axis)}
        into = Buffer(name, dtype, tuple([extent(a) for a in rows]) or (1,), "arena")
        at = tuple([lift(fresh[a]) for a in rows]) or (lift(0),)
        body = cast(Rewrite({a: lift(f) for a, f in fresh.items()})(value), dtype)
        axes = tuple([fresh[a] for a in rows])
        if how is None:
            made = Statement("set", into, at, axes, value=body, step=self._s.step)
        else:
            over = (fresh[self._axis],)
            made = Statement("combine", into, at, axes, over, body, how, start, step=self._s.step)
        self.before.append(made)
        return Read(into, tuple([lift(a) for a in rows]) or (lift(0),), dtype)


def _written(e: Expr, places: dict[Axis, int]) -> Hashable:
    """Equal for expressions that are the same but for their counters, which are told apart by when they are met."""
    if isinstance(e, Place):
        return places.setdefault(e.axis, len(places)), extent(e.axis)
    if isinstance(e, Lit):
        return repr(e.value), e.dtype, e.weak
    name = e.source if isinstance(e, Read) else e.name if isinstance(e, Fn) else "cast"
    return name, e.dtype, e.weak, tuple([_written(part, places) for part in parts(e)])


def _any_of(e: Expr) -> Iterator[Expr]:
    if isinstance(e, Fn) and e.name == "logical_or":
        for part in e.args:
            yield from _any_of(part)
    else:
        yield e


def _axes(found: Sequence[Expr]) -> list[Axis]:
    return list(dict.fromkeys([p.axis for e in found for p in inside_out(e) if isinstance(p, Place)]))


__all__ = ["few"]

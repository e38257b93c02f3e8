"""A sum over a product of matrices, where only one factor has what is summed over: that one is summed first.

    Σ over n of (Σ over i of a[n, i] · b[i, j])    is    Σ over i of (Σ over n of a[n, i]) · b[i, j]

which is a product with a vector in place of one with a matrix. It is what the gradient of a shift before a linear map
comes to. Sums are taken in another order, as they are wherever loops are long. Where an entry is no finite number the
order tells: ∞ · 1 + ∞ · (-2) is NaN, and ∞ · (1 - 2) is not. Such an entry is looked for at a place that there is not,
so that the code gives up, and the interpreter answers.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import final

from chalkgrad.native.plan.inline import alive
from chalkgrad.native.plan.rewrite import Rewrite, buffer_of, reads
from chalkgrad.native.plan.statements import Statement, extent
from chalkgrad.native.tree import Buffer
from chalkgrad.ops.scalars import Axis, Cast, Expr, Fn, Lit, Place, Read, fn, inside_out, lift, where

_FLOATS = ("float32", "float64")


def sums_first(statements: Sequence[Statement], wanted: Collection[Buffer]) -> list[Statement]:
    """The statements with such sums done first; in their order."""
    uses: dict[Buffer, int] = {}
    writers: dict[Buffer, int] = {}
    for s in statements:
        for buffer in s.given:
            uses[buffer] = uses.get(buffer, 0) + 2
        for e in s.expressions():
            for read in reads(e):
                uses[buffer_of(read)] = uses.get(buffer_of(read), 0) + 1
        for buffer in (s.into, *s.others):
            writers[buffer] = writers.get(buffer, 0) + 1
    made = {
        s.into: s
        for s in statements
        if _plain_sum(s) and uses.get(s.into) == 1 and writers[s.into] == 1 and s.into not in wanted
    }
    found: list[Statement] = []
    changed = False
    for s in statements:
        new = _Sum(s).first(made) if made and _plain_sum(s) else None
        changed = changed or new is not None
        found += [s] if new is None else new
    return alive(found, wanted) if changed else found


def _plain_sum(s: Statement) -> bool:
    if s.kind != "combine" or s.how != "sum" or not s.over or s.into.dtype not in _FLOATS:
        return False
    return isinstance(s.start, Lit) and s.start.value == 0 and s.value.dtype == s.into.dtype


def _plain(e: Expr) -> Expr:
    while isinstance(e, Cast) and e.arg.dtype == e.dtype:
        e = e.arg
    return e


@final
class _Sum:
    """A sum over what another statement gives, perhaps times a number."""

    def __init__(self, outer: Statement) -> None:
        self.outer = outer

    def first(self, made: dict[Buffer, Statement]) -> list[Statement] | None:
        """What stands for it; None where it is no such sum."""
        read = _only_read(self.outer.value, made)
        if read is None:
            return None
        inner = made[buffer_of(read)]
        factors = _two_reads(inner.value)
        if factors is None or len(inner.axes) != len(inner.index):
            return None
        own = (*inner.axes, *inner.over)
        places: dict[Axis, Expr] = {}
        for target, axis, place in zip(inner.index, inner.axes, read.index, strict=True):
            if not isinstance(target, Place) or target.axis is not axis:
                return None
            places[axis] = place
        gone = {axis: counter for counter in self.outer.over for axis in _alone(places, counter)}
        sides = [[a for a in gone if a in _axes(f)] for f in factors]
        both = set(sides[0]) & set(sides[1])
        for k, factor in enumerate(factors):
            here = [a for a in sides[k] if a not in both]
            if here and self._gains(factor, here, own):
                return self._made(inner, factors, k, here, gone, places, read)
        return None

    def _gains(self, factor: Read, here: Sequence[Axis], own: Collection[Axis]) -> bool:
        """Each of its places is a counter of its own, and more than one entry is summed."""
        axes = [i.axis for i in factor.index if isinstance(i, Place)]
        straight = len(axes) == len(factor.index) == len(set(axes)) and all([a in own for a in axes])
        return straight and any([extent(a) > 1 for a in here])

    def _made(
        self,
        inner: Statement,
        factors: tuple[Read, Read],
        k: int,
        here: Sequence[Axis],
        gone: dict[Axis, Axis],
        places: dict[Axis, Expr],
        read: Read,
    ) -> list[Statement]:
        factor = factors[k]
        left = [a for a in _axes(factor) if a not in here]
        fresh = {a: Axis(a.extent) for a in _axes(factor)}
        moved: dict[Axis, Expr] = {a: lift(f) for a, f in fresh.items()}
        short = Buffer(f"{inner.into.name}_sum", inner.into.dtype, tuple([extent(a) for a in left]), "arena")
        first = Statement(
            "combine",
            short,
            tuple([lift(fresh[a]) for a in left]),
            tuple([fresh[a] for a in left]),
            tuple([fresh[a] for a in here]),
            Rewrite(moved)(factor),
            "sum",
            inner.start,
            step=inner.step,
        )
        # the axes of the inner sum are now those of the outer one
        over = {a: Axis(a.extent) for a in inner.over}
        places = {**places, **{a: lift(f) for a, f in over.items()}}
        entry = Read(short, tuple([Rewrite(places)(lift(a)) for a in left]), short.dtype)
        other = Rewrite(places)(factors[1 - k])
        product = Fn("multiply", (entry, other) if k == 0 else (other, entry), short.dtype)
        outer = self.outer
        value = Rewrite({}, lambda at, index: product if at.source is read.source else Read(at.source, index, at.dtype))
        rest = [a for a in outer.over if a not in [gone[h] for h in here]]
        total = Buffer(f"{outer.into.name}_total", short.dtype, tuple([extent(a) for a in outer.axes]) or (1,), "arena")
        at = tuple([lift(a) for a in outer.axes]) or (lift(0),)
        second = replace(outer, into=total, index=at, over=(*rest, *over.values()), value=value(outer.value))
        return [first, second, _finite(outer, total)]


def _finite(outer: Statement, total: Buffer) -> Statement:
    """The total, where it is a finite number; else there is no such place."""
    fresh = [Axis(a.extent) for a in outer.axes]
    at: list[Expr] = [lift(a) for a in fresh] or [lift(0)]
    entry = Read(total, tuple(at), total.dtype)
    last = total.shape[-1]
    at[-1] = fn("place", where(fn("isfinite", entry), at[-1], last), last)
    index = Rewrite({a: lift(f) for a, f in zip(outer.axes, fresh, strict=True)})
    return Statement(
        "set",
        outer.into,
        tuple([index(i) for i in outer.index]),
        tuple(fresh),
        value=Read(total, tuple(at), total.dtype),
        step=outer.step,
    )


def _only_read(value: Expr, made: dict[Buffer, Statement]) -> Read | None:
    """The entry of which the value is a multiple by a number."""
    e = _plain(value)
    while isinstance(e, Fn) and e.name in ("multiply", "negative"):
        numbers = [a for a in e.args if isinstance(a, Lit)]
        if len(numbers) != len(e.args) - 1:
            return None
        e = _plain(next(a for a in e.args if not isinstance(a, Lit)))
    return e if isinstance(e, Read) and e.source in made else None


def _two_reads(value: Expr) -> tuple[Read, Read] | None:
    e = _plain(value)
    if not isinstance(e, Fn) or e.name != "multiply":
        return None
    a, b = [_plain(x) for x in e.args]
    return (a, b) if isinstance(a, Read) and isinstance(b, Read) and a.dtype == b.dtype == e.dtype else None


def _alone(places: dict[Axis, Expr], counter: Axis) -> list[Axis]:
    """The axis of the inner sum at which the counter stands, if it stands there alone and nowhere else."""
    found = [a for a, place in places.items() if counter in _axes(place)]
    return found if len(found) == 1 and isinstance(places[found[0]], Place) else []


def _axes(e: Expr) -> list[Axis]:
    return list(dict.fromkeys([part.axis for part in inside_out(e) if isinstance(part, Place)]))


__all__ = ["sums_first"]

"""Conditions that hold for a counter from one place on, or up to one: what is chosen by place hangs on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import final

from chalkgrad.native.plan.affine import line
from chalkgrad.native.plan.rewrite import operations
from chalkgrad.ops.kernel import Axis, Expr, Fn, fn, lift

_COMPARED = ("less", "less_equal", "greater", "greater_equal")
_JOINED = ("logical_and", "logical_or", "logical_not")


@final
@dataclass(frozen=True)
class Edge:
    """A condition that holds for the places of a counter from `place` on, or for those before it."""

    axis: Axis
    place: int
    behind: bool

    def holds(self, low: int, high: int) -> bool | None:
        """Whether it does for all places from one up to another; None where for some."""
        if low >= self.place:
            return self.behind
        return not self.behind if high <= self.place else None


def inside(axes: Sequence[Axis], box: Sequence[tuple[int, int]], sizes: Sequence[int]) -> Expr | None:
    """That the counters stand in a box of an array; None where that is all of it."""
    # the number first: what names a window of a sum has the counter first
    ends = [fn("less_equal", low, lift(a)) for a, (low, _) in zip(axes, box, strict=True) if low > 0]
    ends += [fn("greater", high, lift(a)) for a, (_, high), n in zip(axes, box, sizes, strict=True) if high < n]
    return reduce(lambda a, b: fn("logical_and", a, b), ends) if ends else None


def edge(e: Expr) -> Edge | None:
    """The edge that a condition is; None where it is none."""
    if not isinstance(e, Fn) or e.name not in _COMPARED or any([a.dtype != "int64" for a in e.args]):
        return None
    a, b = [line(x) for x in e.args]
    if a is None or b is None:
        return None
    steps = {x: n for x in {**a.steps, **b.steps} if (n := a.steps.get(x, 0) - b.steps.get(x, 0))}
    if len(steps) != 1:
        return None
    ((axis, by),) = steps.items()
    # as by · axis + more >= 0
    more = a.start - b.start
    if e.name.startswith("less"):
        by, more = -by, -more
    more -= not e.name.endswith("_equal")
    return Edge(axis, -(more // by), True) if by > 0 else Edge(axis, more // -by + 1, False)


def by_place(e: Expr) -> bool:
    """Whether a condition hangs on edges alone."""
    if isinstance(e, Fn) and e.name in _JOINED:
        return all([by_place(a) for a in e.args])
    return edge(e) is not None


def worked_out(e: Expr) -> list[Fn]:
    """The operations of an expression without those that only choose by place."""
    found = operations(e)
    chosen = [f for f in found if f.name == "where" and by_place(f.args[0])]
    left_out = {f for c in chosen for f in (c, *operations(c.args[0]))} if chosen else set[Fn]()
    return [f for f in found if f not in left_out]

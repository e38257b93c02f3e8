"""How far a step along a counter goes in the memory of an array."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from math import prod
from typing import final

from chalkgrad.ops.scalars import Axis, Cast, Expr, Fn, Lit, Place, Read, inside_out

Steps = dict[Axis, int]


@final
@dataclass(frozen=True)
class Line:
    """A place that grows by the same with every step of a counter: where it starts, and by how much."""

    start: int
    steps: Mapping[Axis, int]

    def range(self) -> tuple[int, int]:
        """The least and the greatest of it."""
        ends = [n * (_extent(axis) - 1) for axis, n in self.steps.items()]
        return self.start + sum([min(e, 0) for e in ends]), self.start + sum([max(e, 0) for e in ends])


def _extent(axis: Axis) -> int:
    assert isinstance(axis.extent, int)
    return axis.extent


def line(e: Expr) -> Line | None:
    """The place as a line; None where it is none."""
    made: dict[Expr, Line | None] = {}
    for part in inside_out(e):
        made[part] = _line(part, made)
    return made[e]


def _line(e: Expr, made: dict[Expr, Line | None]) -> Line | None:
    if isinstance(e, Place):
        return Line(0, {e.axis: 1})
    if isinstance(e, Lit):
        return Line(e.value, {}) if isinstance(e.value, int) and e.dtype == "int64" else None
    if isinstance(e, Cast):
        return made[e.arg] if e.arg.dtype == e.dtype else None
    if not isinstance(e, Fn) or e.name not in ("add", "subtract", "multiply"):
        return None
    a, b = [made[arg] for arg in e.args]
    if a is None or b is None:
        return None
    if e.name == "multiply":
        if a.steps and b.steps:
            return None
        factor, other = (a.start, b) if not a.steps else (b.start, a)
        return Line(factor * other.start, {k: factor * n for k, n in other.steps.items() if factor})
    sign = 1 if e.name == "add" else -1
    total = dict(a.steps)
    for k, n in b.steps.items():
        total[k] = total.get(k, 0) + sign * n
    return Line(a.start + sign * b.start, {k: n for k, n in total.items() if n})


def steps(e: Expr, own: Collection[Axis]) -> Steps | None:
    """By how much a place grows with each of these counters; None where it does not grow by the same all along."""
    made: dict[Expr, Steps | None] = {}
    for part in inside_out(e):
        made[part] = _steps(part, own, made)
    return made[e]


def _steps(e: Expr, own: Collection[Axis], made: dict[Expr, Steps | None]) -> Steps | None:
    if isinstance(e, Place):
        return {e.axis: 1} if e.axis in own else {}
    if isinstance(e, Lit):
        return {}
    if isinstance(e, Cast):
        return made[e.arg] if e.arg.dtype == e.dtype or made[e.arg] == {} else None
    parts = e.args if isinstance(e, Fn) else e.index if isinstance(e, Read) else ()
    found = [made[p] for p in parts]
    known = [f for f in found if f is not None]
    if len(known) < len(found):
        return None
    if not any(known):
        return {}  # the same wherever these counters stand
    if not isinstance(e, Fn) or e.dtype != "int64":
        return None
    if e.name in ("add", "subtract"):
        sign = 1 if e.name == "add" else -1
        a, b = known
        return {k: a.get(k, 0) + sign * b.get(k, 0) for k in [*a, *[k for k in b if k not in a]]}
    if e.name == "multiply":
        for one, other in (e.args, e.args[::-1]):
            if isinstance(one, Lit) and isinstance(one.value, int):
                return {k: one.value * n for k, n in (made[other] or {}).items()}
    return None


def strides(shape: tuple[int, ...], index: tuple[Expr, ...], own: Collection[Axis]) -> Steps | None:
    """How many entries further each of these counters leads, in an array that lies by rows."""
    total: Steps = {}
    for k, place in enumerate(index):
        found = steps(place, own)
        if found is None:
            return None
        row = prod(shape[k + 1 :])
        for axis, n in found.items():
            total[axis] = total.get(axis, 0) + n * row
    return total


__all__ = ["Line", "Steps", "line", "steps", "strides"]

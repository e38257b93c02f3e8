"""Places in arrays as sums of counters times extents, and what is known of them before anything runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import final

from chalkgrad.native.emit.text import LITERAL
from chalkgrad.native.tree import Buffer, Loop, Stmt, expressions, walk
from chalkgrad.ops.scalars import Axis, Cast, Expr, Fn, Lit, Place, Read, inside_out

# A whole number in extents that are given when the code is called: products of them, with what each is taken times.
Poly = dict[tuple[int, ...], int]
Range = tuple[int, int]


def number(value: int) -> Poly:
    """A number, or an extent that is to be asked for."""
    if value == 0:
        return {}
    return {(): value} if -LITERAL <= value <= LITERAL else {(value,): 1}


def plus(a: Poly, b: Poly) -> Poly:
    """a + b."""
    out = dict(a)
    for product, times in b.items():
        total = out.get(product, 0) + times
        if total:
            out[product] = total
        else:
            del out[product]
    return out


def times(a: Poly, b: Poly) -> Poly:
    """a · b."""
    out: Poly = {}
    for left, m in a.items():
        for right, n in b.items():
            out = plus(out, {tuple(sorted(left + right)): m * n})
    return out


def known(p: Poly) -> int | None:
    """The number, where it is one whatever the extents are."""
    if not p:
        return 0
    return p[()] if len(p) == 1 and () in p else None


def strides(shape: tuple[int, ...]) -> list[Poly]:
    """How far apart entries lie along each axis."""
    found: list[Poly] = []
    step: Poly = {(): 1}
    for n in reversed(shape):
        found.append(step)
        step = times(step, number(n))
    return found[::-1]


@final
@dataclass(frozen=True, eq=False)
class Form:
    """A place: the sum of counters and of other expressions, each taken times something, and of `start`."""

    axes: dict[Axis, Poly]
    rest: tuple[tuple[Expr, Poly], ...]
    start: Poly

    def bound(self, known: Mapping[Axis, int]) -> Form:
        """The same where some counters are known."""
        if known.keys().isdisjoint(self.axes):
            return self
        left, start = {}, self.start
        for axis, step in self.axes.items():
            if axis in known:
                start = plus(start, times(step, {(): known[axis]} if known[axis] else {}))
            else:
                left[axis] = step
        return Form(left, self.rest, start)


def form(buffer: Buffer, index: Iterable[Expr]) -> Form:
    """The place of an entry in the flat array."""
    axes: dict[Axis, Poly] = {}
    rest: list[tuple[Expr, Poly]] = []
    start: Poly = {}
    for place, n, stride in zip(index, buffer.shape, strides(buffer.shape), strict=True):
        if n == 1:
            continue  # a place among one is 0
        waiting = [(place, stride)]
        while waiting:
            e, by = waiting.pop()
            if isinstance(e, Place):
                axes[e.axis] = plus(axes.get(e.axis, {}), by)
            elif isinstance(e, Lit):
                start = plus(start, times(number(int(e.value)), by))
            elif isinstance(e, Fn) and e.name in ("add", "subtract") and e.dtype == "int64":
                sign: Poly = {(): -1 if e.name == "subtract" else 1}
                waiting.extend([(e.args[0], by), (e.args[1], times(by, sign))])
            elif (factor := _factor(e)) is not None:
                waiting.append((factor[0], times(by, number(factor[1]))))
            elif isinstance(e, Cast) and e.dtype == e.arg.dtype:
                waiting.append((e.arg, by))
            else:
                rest.append((e, by))
    return Form({a: p for a, p in axes.items() if p}, tuple(rest), start)


def _factor(e: Expr) -> tuple[Expr, int] | None:
    """A product with a number."""
    if isinstance(e, Fn) and e.name == "multiply" and e.dtype == "int64":
        a, b = e.args
        if isinstance(b, Lit):
            return a, int(b.value)
        if isinstance(a, Lit):
            return b, int(a.value)
    return (e.args[0], -1) if isinstance(e, Fn) and e.name == "negative" and e.dtype == "int64" else None


def span(e: Expr, met: dict[Expr, Range | None]) -> Range | None:
    """From where to where a whole number lies, or None where it is not known."""
    if e not in met:
        for part in inside_out(e):
            if part not in met:
                met[part] = _span(part, met)
    return met[e]


def _span(e: Expr, met: Mapping[Expr, Range | None]) -> Range | None:
    if isinstance(e, Place):
        return (0, max(int(str(e.axis.extent)) - 1, 0))
    if e.dtype not in ("int64", "bool"):
        return None
    if isinstance(e, Lit):
        return (int(e.value), int(e.value))
    if isinstance(e, Read):
        values = e.source.values
        return None if values is None or not values.size else (int(values.min()), int(values.max()))
    if isinstance(e, Cast):
        return met[e.arg]
    if not isinstance(e, Fn):
        return None
    if e.name == "place":
        n = met[e.args[1]]
        return None if n is None else (0, max(n[1] - 1, 0))
    if e.dtype == "bool":
        return (0, 1)
    found = [met[a] for a in e.args[e.name == "where" :]]
    sure = [r for r in found if r is not None]
    return _worked_out(e.name, sure) if len(sure) == len(found) else None


def _worked_out(name: str, of: list[Range]) -> Range | None:
    if name == "negative":
        return (-of[0][1], -of[0][0])
    if len(of) < 2:
        return None
    (a, b), (c, d) = of
    if name == "add":
        return (a + c, b + d)
    if name == "subtract":
        return (a - d, b - c)
    if name == "multiply":
        corners = (a * c, a * d, b * c, b * d)
        return (min(corners), max(corners))
    if name == "where":
        return (min(a, c), max(b, d))
    if name in ("maximum", "minimum"):
        best = max if name == "maximum" else min
        return (best(a, c), best(b, d))
    if name == "remainder" and c > 0:
        return (a, b) if a >= 0 and b < c else (0, d - 1)
    if name == "floor_divide" and c > 0:
        corners = (a // c, a // d, b // c, b // d)
        return (min(corners), max(corners))
    return None


def in_runs(body: Sequence[Stmt]) -> dict[Expr, Range | None]:
    """Of every place that is counted from where a run of turns starts: it lies within the run."""
    runs = {(s.axis, s.part, s.run): s.behind for s in walk(body) if isinstance(s, Loop) and s.part and s.run}
    found: dict[Expr, Range | None] = {}
    for stmt in walk(body) if runs else ():
        for e in (part for whole in expressions(stmt) for part in inside_out(whole)):
            start = e.args[1] if isinstance(e, Fn) and e.name == "subtract" else e
            if start is not e and isinstance(e, Fn) and isinstance(start, Fn) and start.name == "multiply":
                axis, more = _moved(e.args[0])
                part, by = start.args
                if axis is None or not isinstance(part, Place) or not isinstance(by, Lit):
                    continue
                run = int(by.value)
                if (axis, part.axis, run) in runs:
                    behind = runs[axis, part.axis, run]
                    least = more if behind is None else more - behind
                    found[e] = (least, least + (run if behind is None else 2 * run) - 1)
    return found


def _moved(e: Expr) -> tuple[Axis | None, int]:
    """A counter, and what is added to it."""
    more = 0
    if isinstance(e, Fn) and e.name in ("add", "subtract") and isinstance(e.args[1], Lit):
        more = int(e.args[1].value) * (1 if e.name == "add" else -1)
        e = e.args[0]
    return (e.axis if isinstance(e, Place) else None), more


def inside(read: Read, met: dict[Expr, Range | None]) -> bool:
    """Whether an entry is there, whatever the counters are."""
    for place, n in zip(read.index, read.source.shape, strict=True):
        found = span(place, met)
        if found is None or found[0] < 0 or found[1] >= n:
            return False
    return True


__all__ = ["Form", "Poly", "Range", "form", "in_runs", "inside", "known", "number", "plus", "span", "strides", "times"]

"""A question at points of its own: where formulas are tried against known mistakes and against one's own formulas."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, final

import numpy as np

from chalkgrad.classroom.marking.symbols import Formula, Symbols, sizes
from chalkgrad.classroom.sheets.blank import Blank
from chalkgrad.classroom.slips.find import direct, late
from chalkgrad.classroom.slips.follows import due
from chalkgrad.classroom.slips.ledger import Ledger
from chalkgrad.classroom.slips.places import Places
from chalkgrad.classroom.slips.slip import Slip
from chalkgrad.errors import ChalkgradError
from chalkgrad.evaluate.interpret import values_of
from chalkgrad.evaluate.worked import Worked
from chalkgrad.ir.program import Number, Step, Var
from chalkgrad.render.numbers import shown

SEED = 20240311
COUNT = 5
# So many further points are drawn for max, ReLU and their like, which must be seen on both sides.
MOST_TRIES = 20
# Fewer points with a value than this tell nothing.
ENOUGH = 3
CLOSE = 1e-8
MOST_NAMES = 6


@final
@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """The number of every Var of the gradient program, of every name, and the rate of descent."""

    numbers: Mapping[Var, Any]
    named: Mapping[str, Any]
    rate: float


@final
class Points:
    """The points of one question, and what is tried at them; `work` is its function, or that with σ closed."""

    def __init__(self, symbols: Symbols, work: Worked) -> None:
        self.symbols = symbols
        self.where = Places(symbols.question, work, True)
        rng = np.random.default_rng(SEED)
        found = [self._point(rng, place) for place in range(2 * COUNT)]
        first = [p for p in found if p is not None][:COUNT]
        self.points = first + self._other_routes(rng, first)

    def _other_routes(self, rng: np.random.Generator, first: Sequence[Point]) -> list[Point]:
        """Points at which max, ReLU and their like take other sides than at the first ones, where there are such."""
        kinked = [step for step in self.where.work.program.steps if getattr(step.op, "kinks", ())]
        met, found = {_sides(kinked, p) for p in first}, list[Point]()
        for place in range(MOST_TRIES if kinked else 0):
            point = self._point(rng, place)
            if point is not None and _sides(kinked, point) not in met and len(found) < COUNT:
                met.add(_sides(kinked, point))
                found.append(point)
        return found

    def _point(self, rng: np.random.Generator, place: int) -> Point | None:
        """One point, of both signs or, every other time, positive; None where something has no value there."""
        work, made = self.where.work, self.where.work.backprop
        low = 0.15 if place % 2 else -1.8
        given = [np.round(rng.uniform(low, 1.9, sizes(v)), 3)[()] for v in work.program.inputs]
        seed = np.ones(sizes(made.seed))[()]
        try:
            numbers = values_of(made.gradient, [*given, seed])
        except (ChalkgradError, ArithmeticError, ValueError):
            return None
        if not all(np.all(np.isfinite(x)) for x in numbers.values()):
            return None
        rate = float(np.round(rng.uniform(0.05, 0.5), 3))
        named = {name: numbers[v] for v, name in work.called.items() if v in numbers}
        return Point(numbers, {**named, self.symbols.rate: rate}, rate)

    def values(self, formula: Formula, more: Sequence[Mapping[str, Any]] = ()) -> list[Any]:
        """A formula's value at every point, None where it has none; `more` are further names, for each point."""
        program = formula.side.program
        out: list[Any] = []
        for place, point in enumerate(self.points):
            named = {**point.named, **more[place]} if more else point.named
            try:
                env = values_of(program, [named[v.hint] for v in program.inputs])
            except (ChalkgradError, ArithmeticError, ValueError):
                out.append(None)
                continue
            value = program.output.value if isinstance(program.output, Number) else env[program.output]
            out.append(np.asarray(value, float)[()] if np.all(np.isfinite(np.asarray(value, float))) else None)
        return out

    def ledgers(self, own: Mapping[str, Sequence[Any]], rate: float | None = None) -> list[Ledger]:
        """A ledger a point; `own` are the values of a person's own formulas by blank, `rate` that of descent."""
        return [
            Ledger(
                self.where,
                {id: values[i] for id, values in own.items() if values[i] is not None},
                numbers=point.numbers,
                rate=point.rate if rate is None else rate,
            )
            for i, point in enumerate(self.points)
        ]

    def follows(self, blank: Blank, said: Sequence[Any], ledgers: Sequence[Ledger]) -> frozenset[str]:
        """The own formulas that an answer follows from; none where it does not."""
        if blank.id not in self.where.of:
            return frozenset()
        found = [due(ledger, blank) for ledger in ledgers]
        if not self.same(said, [d.value for d in found]):
            return frozenset()
        return frozenset[str]().union(*[d.used for d in found])

    def uses(self, blank: Blank, ledgers: Sequence[Ledger]) -> frozenset[str]:
        """The own formulas that a blank is judged from."""
        return frozenset[str]().union(*[due(ledger, blank).used for ledger in ledgers])

    def example(self, blank: Blank, said: Sequence[Any], ledgers: Sequence[Ledger]) -> str:
        """`at x = 1.2, y = 0.3: it gives 4, and the key 2`: the first point where an answer differs from the key."""
        if blank.id not in self.where.of:
            return ""
        for point, value, ledger in zip(self.points, said, ledgers, strict=True):
            right = due(ledger, blank).value
            if value is None or np.shape(value) != np.shape(right) or np.ndim(value) or np.allclose(value, right):
                continue
            inputs = [v.hint for v in self.symbols.program.inputs]
            if len(inputs) > MOST_NAMES:
                return ""
            where = ", ".join([f"{n} = {shown(point.named[n], 3)}" for n in inputs])
            return f"at {where}: it gives {shown(value)}, and the key {shown(right)}"
        return ""

    def slip(self, blank: Blank, said: Sequence[Any], ledgers: Sequence[Ledger]) -> Slip | None:
        """The known mistake that gives what an answer gives, at every point."""
        if blank.id not in self.where.of:
            return None
        right = [due(ledger, blank).value for ledger in ledgers]
        first = next((i for i, v in enumerate(said) if v is not None), None)
        if first is None:
            return None
        ways: list[Callable[[Ledger], Iterator[Slip]]] = [partial(direct, blank), partial(late, blank)]
        with np.errstate(all="ignore"):
            for way in ways:
                likely = {(s.kind, s.why): s for s in way(ledgers[first]) if _close(said[first], s.value)}
                met = {name: [np.nan] * len(ledgers) for name in likely}
                for place, ledger in enumerate(ledgers):
                    if not met or said[place] is None:
                        continue
                    table = {(s.kind, s.why): s.value for s in way(ledger)}
                    met = {n: v for n, v in met.items() if n not in table or _close(said[place], table[n])}
                    for name, values in met.items():
                        values[place] = table.get(name, np.nan)
                for name, values in met.items():
                    if self.same(said, values) and not self.same(right, values):
                        return likely[name]
        return None

    def same(self, one: Sequence[Any], other: Sequence[Any]) -> bool:
        """Whether two lists of values agree wherever both have one, which must be often enough."""
        both = [(a, b) for a, b in zip(one, other, strict=True) if a is not None and np.all(np.isfinite(b))]
        if len(both) < ENOUGH:
            return False
        return all(_close(a, b) for a, b in both)


def _close(one: Any, other: Any) -> bool:
    return np.shape(one) == np.shape(other) and bool(np.allclose(one, other, rtol=CLOSE, atol=1e-12))


def _sides(steps: Sequence[Step], point: Point) -> tuple[bytes, ...]:
    """On which side of its kink each step lies: the order of two inputs, or the sign of one."""
    sides = list[bytes]()
    for step in steps:
        one, *others = [np.asarray(point.numbers[a] if isinstance(a, Var) else a.value) for a in step.inputs]
        other = others[0] if others and others[0].shape == one.shape else 0.0
        sides.append(np.sign(one - other).tobytes())
    return tuple(sides)

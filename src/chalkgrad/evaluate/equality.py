"""Whether two Programs are the same function, by evaluation in high precision at seeded points.

A *no* is a point, confirmed at two precisions. A *yes* is agreement to 40 digits at points of several scales and signs
after both sides of every branch were seen; whatever hides a value from view (an addend below the last digit, a branch
never taken, no common domain) makes it *undecided*.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any, Literal, final

import numpy as np

from chalkgrad.evaluate.points import Points, sign_note
from chalkgrad.evaluate.precise.program import LARGEST, NotPrecise, Precise
from chalkgrad.evaluate.precise.ranges import unreachable
from chalkgrad.evaluate.precise.trial import OutOfTime, Trial, precision
from chalkgrad.evaluate.screen import Screen, defined_everywhere, entire

Verdict = Literal["yes", "no", "undecided"]
Point = Mapping[str, Any]

DIGITS, AGREED, FINE, FINEST, CONSTANTS = 50, 40, 150, 900, 400
# How many points must agree: of functions without singularities, of others, and of those that are pieced together.
VOTES, VOTES_BROKEN, VOTES_PIECES = 3, 4, 10
CANDIDATES = 96


@final
@dataclass(frozen=True, slots=True)
class Counterexample:
    """A point in the domain of both, and the two values there."""

    point: Point
    left: Any
    right: Any


@final
@dataclass(frozen=True, slots=True)
class Decision:
    """What evaluation says, at how many points, and what should be known beside it."""

    verdict: Verdict
    reason: str = ""
    counterexample: Counterexample | None = None
    votes: int = 0
    notes: tuple[str, ...] = ()
    points: tuple[tuple[Any, ...], ...] = field(default=(), repr=False)
    empty: bool = False  # no point was found where both have a value


@final
class _Votes:
    """The points that agreed, and how many of the others were outside a domain or not seen."""

    def __init__(self, wanted: int) -> None:
        self.wanted, self.unseen, self.outside = wanted, 0, 0
        self.agreed: dict[int, tuple[Any, ...]] = {}

    def count(self, place: int, point: tuple[Any, ...], found: str) -> None:
        if found == "same":
            self.agreed[place] = point
        self.unseen += found == "unseen"
        self.outside += found == "outside"

    @property
    def enough(self) -> bool:
        return len(self.agreed) >= self.wanted


@final
class Comparison:
    """Two functions of the same inputs, and where they are compared.

    `names` are the inputs of both, `left` and `right` the functions, `where` conditions on the inputs.
    """

    def __init__(
        self, names: Sequence[str], left: Precise, right: Precise, where: Sequence[Precise], deadline: float
    ) -> None:
        self.names, self.left, self.right, self.where = list(names), left, right, list(where)
        self.deadline = deadline
        self.sides = (left, right)
        at = {name: place for place, name in enumerate(self.names)}
        self._places = {id(p): [at[n] for n in p.names] for p in (left, right, *where)}
        self.shapes = {v.hint: v.type.shape for p in (*where, left, right) for v in p.program.inputs}
        self.digits = DIGITS if self.names else CONSTANTS  # nothing but the digits tells two constants apart
        for side in self.sides:
            for meant in side.exact.values():
                if isinstance(meant, Fraction):
                    self.digits = max(self.digits, len(str(meant.denominator)) + 30)
        self._slope = left.order > 0 or right.order > 0  # at the end of a domain it is one-sided
        self.found: tuple[Any, Any] = (None, None)  # the values where the last point differed
        self.seen: dict[int, set[tuple[int, Any]]] = {id(left): set(), id(right): set()}
        self.pieces = bool(left.pieces or right.pieces)
        self.jumps = left.jumps or right.jumps
        self.broken = self.pieces or bool(where) or not (entire(left.program) and entire(right.program))

    # one point

    def _value(self, side: Precise, point: Sequence[Any], trial: Trial) -> Any:
        trial.exact = side.exact
        return side.at([point[i] for i in self._places[id(side)]], trial)

    def inside(self, point: Sequence[Any]) -> bool:
        """Whether every condition holds there."""
        for condition in self.where:
            with localcontext(precision(DIGITS)):
                if self._value(condition, point, Trial(DIGITS, condition.exact, self.deadline)) is not True:
                    return False
        return True

    def values(self, point: Sequence[Any], digits: int = DIGITS) -> tuple[Any, Any]:
        """Both values, NaN where there is none."""
        with localcontext(precision(digits)):
            trial = Trial(digits, self.left.exact, self.deadline)
            left = self._value(self.left, point, trial)
            trial.memo.clear()
            return left, self._value(self.right, point, trial)

    def at(self, point: Sequence[Any], finest: int = FINE) -> str:
        """`same`, `differ`, `outside` (of the domain of one or both) or `unseen` (nothing can be said)."""
        digits, last = self.digits, None
        while digits <= finest + self.digits - DIGITS:
            with localcontext(precision(digits)):
                trial = Trial(digits, self.left.exact, self.deadline)
                found: list[Any] = []
                seen: list[set[tuple[int, Any]]] = []
                for side in self.sides:
                    if self.left.exact is not self.right.exact:
                        trial.memo.clear()
                    trial.seen = set()
                    value = self._value(side, point, trial)
                    if not _defined(value):
                        return "outside"
                    found.append(value)
                    seen.append(trial.seen)
                if trial.gap > digits - 30:
                    last, digits = None, max(digits + 40, trial.gap + self.digits)
                    continue
                if self.jumps and (trial.noise or trial.unsure):
                    return "unseen"
                difference, size = _apart(found[0], found[1])
                shrunk = last is not None and difference < last.scaleb(-15)
                if shrunk or difference <= size.scaleb(10 - digits):
                    for side, taken in zip(self.sides, seen, strict=True):
                        self.seen[id(side)] |= taken
                    return "same"
                if last is not None and abs(difference - last) < last.scaleb(-5):
                    self.found = (found[0], found[1])
                    return "differ"
                last, digits = difference, digits + 30
        return "unseen"

    # all of them

    def decide(self, explain: bool = True) -> Decision:
        """The verdict; undecided where the time runs out first.

        With `explain`, a counterexample is the plainest that is found, and notes say where the two agree.
        """
        if any(_entries(v.type.shape) > LARGEST for p in self.sides for v in p.program.variables()):
            return Decision("undecided", f"arrays of more than {LARGEST} entries are not compared digit by digit")
        try:
            return self._decide(explain)
        except OutOfTime:
            return Decision("undecided", "the time allowed ran out before enough points were compared")
        except NotPrecise as op:
            return Decision("undecided", f"{op} is not evaluated in high precision")

    def _decide(self, explain: bool) -> Decision:
        points = Points(
            self.names, self.shapes, [p.program for p in (*self.sides, *self.where)], self.pieces, bool(self.where)
        )
        votes = _Votes(VOTES_PIECES if self.pieces else VOTES_BROKEN if self.broken else VOTES)
        for finest in (FINE, FINEST):
            differing = self._differing(points, votes, finest)
            if differing is not None:
                return self._no(differing, points, explain)
            if votes.enough or not votes.unseen:
                break
        return self._verdict(votes, points, explain)

    def _differing(self, points: Points, votes: _Votes, finest: int) -> tuple[Any, ...] | None:
        """A point where they differ; else the votes are counted."""
        votes.unseen = 0
        for place, point in enumerate(points.generic(4 * CANDIDATES if self.where else CANDIDATES)):
            if place in votes.agreed or (self.where and not self.inside(point)):
                continue
            found = self.at(point, finest)
            if found == "differ":
                return point
            votes.count(place, point, found)
            if self.broken and len(votes.agreed) == 1 and found == "same":
                suspect = self._screened(points)
                if suspect is not None:
                    return suspect
            if votes.enough and (not self.pieces or self._missing() is None):
                break
        if not self._derived_kink():
            for point in points.special():
                if (not self.where or self.inside(point)) and self.at(point, finest) == "differ":
                    return point
        return None

    def _verdict(self, votes: _Votes, points: Points, explain: bool) -> Decision:
        count, sample = len(votes.agreed), tuple(votes.agreed.values())[:8]
        if not count:
            seen = "no point was found where both have a value"
            if votes.unseen:
                seen = f"at every point that was tried a part lies below the last of {FINEST} digits"
            seen += " and the condition holds" if self.where else ""
            return Decision("undecided", seen, empty=not votes.unseen)
        missing = self._missing()
        if missing is not None:
            return Decision("undecided", missing, votes=count, points=sample)
        if not votes.enough and self.names:
            few = f"only {count} of the points tried tell anything: too few for a yes"
            return Decision("undecided", few, votes=count, points=sample)
        gaps = self.broken or votes.outside or not all(defined_everywhere(s.program) for s in self.sides)
        note = self._domain_note(points) if explain and gaps else None
        return Decision("yes", votes=count, points=sample, notes=() if note is None else (note,))

    def _derived_kink(self) -> bool:
        """Whether a derivative is taken of what has kinks: at them it is a convention, and no value."""
        return any(side.order and side.pieces for side in self.sides)

    def _missing(self) -> str | None:
        """A branching step that took one side only, though another may exist."""
        for side in self.sides:
            if side.pieces:
                index = side.covered(self.seen[id(side)], set())
                if index is not None:
                    index = side.covered(self.seen[id(side)], unreachable(side.program))
                if index is not None:
                    step = side.program.steps[index]
                    place = str(step.origin or "")
                    called = place if 0 < len(place) <= 60 else f"a {step.op.name}"
                    return f"{called} took one side only at every point that was tried"
        return None

    def _screened(self, points: Points) -> tuple[Any, ...] | None:
        """A counterexample among many more points, looked for in floats and confirmed in decimals."""
        screen = Screen(self.names, self.sides)
        if not screen.usable:
            return None
        for point in screen.suspects(*points.many()):
            if (not self.where or self.inside(point)) and self.at(point) == "differ":
                return point
        return None

    def _no(self, found: tuple[Any, ...], points: Points, explain: bool) -> Decision:
        """The verdict no, at the plainest point that shows it."""
        shown, (left, right) = found, self.found
        if not explain:
            return Decision("no", counterexample=self._example(shown, left, right))
        for point in points.plain():
            if (not self.where or self.inside(point)) and not self._derived_kink() and self.at(point) == "differ":
                shown, (left, right) = point, self.found
                break
        notes: tuple[str, ...] = ()
        if self.broken and not self.where:
            sampled = [(shown, "differ"), *[(p, self.at(p)) for p in points.signs()]]
            note = sign_note(self.names, sampled)
            notes = () if note is None else (note,)
        return Decision("no", counterexample=self._example(shown, left, right), notes=notes)

    def _example(self, point: tuple[Any, ...], left: Any, right: Any) -> Counterexample:
        return Counterexample(dict(zip(self.names, point, strict=True)), left, right)

    def _domain_note(self, points: Points) -> str | None:
        """Said of a yes: a point where only one of them has a value."""
        for point in points.plain():
            if (self.where and not self.inside(point)) or (self._slope and not all(point)):
                continue
            left, right = self.values(point, 30)
            if _defined(left) != _defined(right):
                at = ", ".join(f"{n} = {v}" for n, v in zip(self.names, point, strict=True))
                has, lacks = ("first", "second") if _defined(left) else ("second", "first")
                return f"equal wherever both have a value; at {at} only the {has} has one, the {lacks} has none"
        return None


def _entries(shape: tuple[Any, ...]) -> int:
    return int(np.prod([int(n) for n in shape])) if shape else 1


def _defined(value: Any) -> bool:
    if isinstance(value, np.ndarray):
        return all(_defined(v) for v in value.flat)
    return value == value


def _apart(a: Any, b: Any) -> tuple[Decimal, Decimal]:
    """How far apart, and how large."""
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        pairs = [_apart(x, y) for x, y in zip(np.asarray(a).flat, np.asarray(b).flat, strict=True)]
        worst = max(pairs, key=lambda p: p[0] / p[1] if p[1] else p[0], default=(Decimal(0), Decimal(0)))
        return worst
    if isinstance(a, bool) or isinstance(b, bool):
        return Decimal(int(a != b)), Decimal(1)
    return abs(a - b), max(abs(a), abs(b))


def within(seconds: float) -> float:
    """A deadline that many seconds from now."""
    return time.perf_counter() + seconds

"""`equal`: whether two formulas are the same function, with a derivation or a counterexample."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, final

from chalkgrad import ops
from chalkgrad.errors import ChalkgradError
from chalkgrad.evaluate.checked import checked
from chalkgrad.evaluate.deciding import SAME, Deciding
from chalkgrad.evaluate.equality import AGREED, Decision
from chalkgrad.evaluate.pair import OTHER_SIZES, Side, pair
from chalkgrad.evaluate.precise.trial import OutOfTime
from chalkgrad.ir.program import Program
from chalkgrad.render.equality import Line, lines, report, typed
from chalkgrad.transform.identities.derivative import NoRule, taken
from chalkgrad.transform.identities.polynomial import Unwieldy
from chalkgrad.transform.identities.search import Move
from chalkgrad.transform.identities.search import derivation as search

SECONDS = 0.9
SEARCH = 0.35

assert ops, "importing the ops fills the table"


@final
@dataclass(frozen=True, slots=True)
class Equality:
    """The answer. It is true in a condition only where it is *yes*, and prints as a whole.

    verdict         "yes", "no" or "undecided"
    by              "exact form", "normal form" or "evaluation": what a yes rests on
    derivation      the steps of a yes, from the first formula to the second; empty where none was found
    counterexample  of a no: the inputs' values
    left, right     of a no: the two values there
    points, digits  how many points agreed, and to how many digits
    notes           what should be known beside it, such as where only one of the two has a value
    reason          of an undecided: why
    formulas        both, as they were understood
    """

    verdict: Literal["yes", "no", "undecided"]
    formulas: tuple[str, str]
    by: str = ""
    derivation: tuple[Line, ...] = ()
    counterexample: Mapping[str, Any] | None = None
    left: Any = None
    right: Any = None
    points: int = 0
    digits: int = AGREED
    notes: tuple[str, ...] = ()
    reason: str = ""

    def __bool__(self) -> bool:
        return self.verdict == "yes"

    def __str__(self) -> str:
        return report(self)


def equal(
    first: str | Program,
    second: str | Program,
    *,
    where: str | Sequence[str] = (),
    d: str | None = None,
    derive: bool = True,
    seconds: float = SECONDS,
) -> Equality:
    """Decide whether two formulas are the same function of their inputs.

    By exact form, then normal form, then evaluation at seeded points of several scales to 50 digits; a point outside
    the domain of either decides nothing.

    Parameters
    ----------
    first, second : str or Program
        Maths text, or what `parse` or `trace` gives. `σ'(x)` and `d/dx (…)` as a whole text are derivatives.
    where : str or sequence of str, optional
        Conditions on the inputs, such as "x > 0"; points where one does not hold are left out.
    d : str, optional
        The first formula is differentiated by this input before it is compared.
    derive : bool
        Whether a derivation is looked for.
    seconds : float
        The time after which the answer is "undecided".

    Returns
    -------
    Equality

    Raises
    ------
    ChalkgradError
        NotationError for what cannot be read, ShapeError where the two can never be compared.

    Examples
    --------
    >>> print(equal("σ(-x)", "1 - σ(x)"))
    yes: σ(-x) = 1 - σ(x)
    <BLANKLINE>
      σ(-x)
      = 1 - σ(x)    σ(-u) = 1 - σ(u)
    <BLANKLINE>
    every step checked at 3 points to 40 digits
    >>> equal("sqrt(x^2)", "x").counterexample
    {'x': Decimal('-1')}
    >>> equal("sqrt(x^2)", "x", where="x > 0").verdict
    'yes'
    """
    deadline = time.perf_counter() + seconds
    sides: tuple[Any, Any] = (first, second)
    for side in sides:
        if not isinstance(side, (str, Program)):
            raise ChalkgradError(f"expected maths text or a Program, got {type(side).__name__}; see trace and parse")
    given = (where,) if isinstance(where, str) else where
    a, b, conditions = pair(first, second, given, d)
    found = _Asked(a, b, conditions, deadline).answer(derive)
    if found.verdict == "yes" and (a.named or b.named):  # it might hold for these sizes only
        other = _Asked(*pair(first, second, given, d, OTHER_SIZES), deadline).answer(False)
        return found if other.verdict == "yes" else other
    return found


@final
class _Asked:
    """One question, from exact form to derivation."""

    def __init__(self, a: Side, b: Side, conditions: Sequence[Side], deadline: float) -> None:
        self.a, self.b, self.conditions, self.deadline = a, b, conditions, deadline
        self.deciding = Deciding(a, b, conditions, deadline)

    def answer(self, derive: bool) -> Equality:
        texts = (self._text(self.a), self._text(self.b))
        unclear = self.a.unclear or self.b.unclear or next((c.unclear for c in self.conditions if c.unclear), "")
        if unclear:
            return Equality("undecided", texts, reason=unclear)
        decision = self.deciding.decide()
        if decision.verdict == "yes" and decision.reason == SAME:
            return Equality("yes", texts, "exact form", digits=0)
        if decision.verdict == "no":
            found = decision.counterexample
            assert found is not None
            return Equality(
                "no",
                texts,
                "evaluation",
                counterexample=found.point,
                left=found.left,
                right=found.right,
                notes=decision.notes,
            )
        if decision.verdict == "undecided":
            return Equality("undecided", texts, reason=decision.reason, points=decision.votes)
        steps = self._derivation(decision) if derive else ()
        return Equality(
            "yes",
            texts,
            "normal form" if self.deciding.normal() else "evaluation",
            derivation=steps,
            points=decision.votes,
            notes=decision.notes,
        )

    def _text(self, side: Side) -> str:
        return typed(side.program, side.exact, side.by, side.order, side.text)

    def _derivation(self, decision: Decision) -> tuple[Line, ...]:
        """The steps, if some are found in time and every one has the same value at the points that agreed."""
        first, second = self.deciding.forms
        if first is None or second is None:
            return ()
        try:
            down, up = taken(first), taken(second)
            start, end = [moves[-1].formula if moves else f for moves, f in ((down, first), (up, second))]
            middle = search(start, end, min(self.deadline, time.perf_counter() + SEARCH))
            if middle is None:
                return ()
            back = [
                Move(f, m.label) for f, m in zip([*[m.formula for m in up[-2::-1]], second], up[::-1], strict=False)
            ]
            moves = [*down, *middle, *back]
            formulas = [first, *[m.formula for m in moves]]
            if checked(formulas, self.deciding.names, decision.points[:4], self.deadline) is None:
                return ()
        except (NoRule, Unwieldy, OutOfTime, OverflowError, ZeroDivisionError, RecursionError):
            return ()
        return lines(self._text(self.a), first, moves, self._text(self.b), self.deciding.inputs)

"""Whether every known mistake leads to a number of its own, at every blank that asks for one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from chalkgrad.classroom.sheets.blank import Blank, NumberKey, Question
from chalkgrad.classroom.sheets.rounding import UNITS
from chalkgrad.classroom.sheets.stepwise import stepwise
from chalkgrad.classroom.slips.find import at_place
from chalkgrad.classroom.slips.follows import due
from chalkgrad.classroom.slips.ledger import Ledger
from chalkgrad.classroom.slips.places import Place, places
from chalkgrad.ir.program import Var
from chalkgrad.ops.local import local_atom
from chalkgrad.transform.backprop import Contribution

RIGHT = 2.5  # as far is a mistake's number from the right one, so that no rounding of either meets the other
SAME = 1e-10  # relative: two mistakes that agree so closely at numbers drawn at random are the same everywhere


@final
@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """A number blank, and what each known mistake gives there: the right answer stands first, with no kind."""

    blank: Blank
    kinds: tuple[str, ...]
    values: tuple[Any, ...]

    def tolerance(self) -> Any:
        """How far any two of the values have to be apart."""
        key = self.blank.key
        assert isinstance(key, NumberKey)
        wide = np.full((len(self.kinds), len(self.kinds)), float(UNITS))
        wide[0], wide[:, 0] = RIGHT, RIGHT
        return wide * 10.0**-key.digits * (1 + 1e-9)

    def apart(self) -> Any:
        """How far any two of the values are apart: infinitely, where one is no number or of another shape."""
        columns = _columns(self.values)
        with np.errstate(all="ignore"):
            found = np.max(np.abs(columns[:, None] - columns[None]), axis=2)
        return np.where(np.isnan(found), np.inf, found)


def asked(questions: Sequence[Question]) -> Iterator[Asked]:
    """The number blanks of these questions, in their order."""
    for question in questions:
        if question.work is None or question.work.symbolic:
            continue
        ledger = Ledger(places(question), {})
        for blank in question.blanks:
            if blank.id in ledger.where.of:
                with np.errstate(all="ignore"):
                    found = list(at_place(ledger, ledger.where.of[blank.id]))
                    right = due(ledger, blank).value
                kinds = ("", *(s.kind for s in found))
                yield Asked(blank, kinds, (right, *(s.value for s in found)))


@final
class Telling:
    """What can be told apart at all: learnt from numbers drawn at random, where nothing agrees by chance."""

    def __init__(self, probes: Sequence[Sequence[Question]]) -> None:
        seen = [list(asked(p)) for p in probes]
        self.must: list[Any] = []
        for same_blank in zip(*seen, strict=True):
            first = same_blank[0]
            kinds = np.array(first.kinds)
            differ = np.zeros((len(kinds), len(kinds)), dtype=bool)
            for one in same_blank:
                size = np.maximum(1.0, np.max(np.abs(_columns(one.values)), axis=1, where=_known(one), initial=0.0))
                differ |= one.apart() > SAME * np.maximum(size[:, None], size[None])
            self.must.append(differ & (kinds[:, None] != kinds[None]))

    def missed(self, questions: Sequence[Question]) -> tuple[str, str, str] | None:
        """The first blank at which two answers come out alike that need not: its id and the two mistakes."""
        for one, must in zip(asked(questions), self.must, strict=True):
            alike = must & (one.apart() <= one.tolerance())
            if alike.any():
                i, j = (int(k) for k in np.argwhere(alike)[0])
                return one.blank.id, one.kinds[i], one.kinds[j]
        return None


def hidden(questions: Sequence[Question]) -> tuple[tuple[str, str], ...]:
    """The blanks at which some known mistake gives the right number, whatever its place, with the mistake's name."""
    found: list[tuple[str, str]] = []
    for one in asked(questions):
        shows = one.apart()[0] > one.tolerance()[0]
        told = {k for k, s in zip(one.kinds, shows, strict=True) if s}
        found += [(one.blank.id, k) for k in dict.fromkeys(one.kinds[1:]) if k not in told]
    return tuple(found)


def rounds_well(question: Question) -> bool:
    """Whether what a person has who rounds at every gate follows, within what marking lets pass, from what they wrote.

    From one blank to the next; it is what lies between two blanks that can add up.
    """
    assert question.work is not None
    work, where = question.work, places(question)
    short = stepwise(work, question.part.digits)
    wrote: dict[Place, Any] = {}
    for slot, at in where.asked:
        if isinstance(at, Contribution):
            atom = local_atom(at.local) if slot == "local" else at.value
        else:
            atom = {"value": at, "gradient": work.backprop.adjoint.get(at)}.get(slot)
        if isinstance(atom, Var):
            wrote[slot, at] = short[atom]
    due = Ledger(where, {id: n for place, n in wrote.items() for id in where.asked[place]}).due
    most = UNITS * 10.0**-question.part.digits * (1 + 1e-9)
    return all(np.max(np.abs(np.subtract(number, due[place].value))) <= most for place, number in wrote.items())


def common(missed: Counter[tuple[str, str, str]]) -> str:
    """In words, where it was mostly that two answers came out alike."""
    if not missed:
        return ""
    (id, one, other), times = missed.most_common(1)[0]
    alike = f"'{one}' and '{other}' give one number"
    what = alike if one and other else f"'{one or other}' gives the right number"
    return f"; mostly at {id}, where {what} ({times} times)"


def _columns(values: Sequence[Any]) -> Any:
    """The values as rows of one length: NaN where a value is of another shape than the right one."""
    right = np.asarray(values[0], dtype=np.float64)
    rows = [np.asarray(v, dtype=np.float64) for v in values]
    return np.stack([(r if r.shape == right.shape else np.full(right.shape, np.nan)).reshape(-1) for r in rows])


def _known(one: Asked) -> Any:
    return np.isfinite(_columns(one.values))

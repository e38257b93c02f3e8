"""What must stand at a blank, given what a person wrote before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from chalkgrad.classroom.sheets.blank import Blank, Question
from chalkgrad.classroom.slips.ledger import Due, Ledger
from chalkgrad.classroom.slips.places import Places, places
from chalkgrad.ir.program import Var
from chalkgrad.ir.run import ready


@final
@dataclass(frozen=True, slots=True, eq=False)
class Followed:
    """What must stand there; the neighbours that were missing, so that the key's number stood in, and those used."""

    value: Any
    missing: tuple[str, ...]
    used: tuple[str, ...]


def follows(blank: Blank, question: Question, own: Mapping[str, Any]) -> Followed:
    """What a number blank must hold, given a person's own numbers by blank id."""
    where = places(question)
    found = due(Ledger(where, own), blank)
    order = [b.id for b in question.blanks]
    return Followed(
        found.value,
        tuple(sorted(found.missing - {blank.id}, key=order.index)),
        tuple(sorted(found.used - {blank.id}, key=order.index)),
    )


def due(ledger: Ledger, blank: Blank) -> Due:
    """What must stand at a blank."""
    where = ledger.where
    slot, at = where.of[blank.id]
    if slot != "next":
        same = where.asked[slot, at]  # a sum and the gradient that it is, a value and the loss
        before = next((id for id in same[: same.index(blank.id)] if id in ledger.own), None)
        return ledger.due[slot, at] if before is None else Due(ledger.own[before], frozenset([before]))
    assert isinstance(at, Var)
    if at in where.work.program.inputs:
        return moved(ledger, at)
    steps = {v: held_next(ledger, v) for v in where.stepped}
    return loss_at(where, ledger, steps)


def moved(ledger: Ledger, var: Var) -> Due:
    """An input after one step of descent."""
    value, gradient = ledger.held["value", var], ledger.held.get(("gradient", var))
    if gradient is None:
        return value
    made = np.subtract(value.value, np.multiply(ledger.rate, gradient.value))
    return Due(made, value.used | gradient.used, value.missing | gradient.missing)


def held_next(ledger: Ledger, var: Var) -> Due:
    """The next value of an input as the person has it; the key's where they left its blank empty."""
    where = ledger.where
    ids = where.asked.get(("next", var))
    if not ids:
        return moved(ledger, var)
    if ids[0] in ledger.own:
        return Due(ledger.own[ids[0]], frozenset(ids[:1]))
    return Due(key_next(ledger, var), missing=frozenset(ids[:1]))


def key_next(ledger: Ledger, var: Var) -> Any:
    """The next value of an input on the key."""
    value, gradient = ledger.key(("value", var)), ledger.key(("gradient", var))
    return value if gradient is None else value - ledger.rate * gradient


def loss_at(where: Places, ledger: Ledger, steps: Mapping[Var, Due]) -> Due:
    """The output at other values of some inputs."""
    program = where.work.program
    given = [steps[v].value if v in steps else ledger.held["value", v].value for v in program.inputs]
    with np.errstate(all="ignore"):
        (value,) = ready(program)([np.float64(g) if np.ndim(g) == 0 else g for g in given])
    used = frozenset[str]().union(*[d.used for d in steps.values()])
    return Due(value, used, frozenset[str]().union(*[d.missing for d in steps.values()]))

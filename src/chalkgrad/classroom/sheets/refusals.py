"""Points at which a sheet has no key: a kink, an infinity, a saturated gate, a number that rounds to 0."""

from __future__ import annotations

from typing import Any

import numpy as np

from chalkgrad.errors import SheetError
from chalkgrad.evaluate.differences import WIDE
from chalkgrad.evaluate.notices import OUTSIDE, Notice
from chalkgrad.evaluate.worked import Worked
from chalkgrad.ir.program import Var
from chalkgrad.ops.local import local_atom
from chalkgrad.ops.op import INFINITE

# How near two witnesses of one number must be.
NEAR = 1e-9 if WIDE else 1e-6
REWRITTEN = "evaluated as "
# A gate with a slope below FLAT at an input beyond FAR is saturated: σ from 14 on.
FAR, FLAT = 5.0, 1e-6
# From here on numbers are printed with an exponent, and marking could not tell what was rounded.
LARGEST, LARGEST_WHOLE = 1e9, 1e15


def refuse_unsayable(id: str, exact: Any, digits: int) -> None:
    """Refuse a number that nobody can write down: none, one that rounds to 0 and is not, one of too many digits."""
    values = np.asarray(exact, np.float64)
    if not np.all(np.isfinite(values)):
        raise SheetError(f"the key of '{id}' is {exact}: choose values at which it is a finite number")
    lost = (values != 0) & (np.abs(values) < 0.5 * 10.0**-digits)
    if lost.any():
        small = float(values[lost].flat[0])
        what = f"is {small:.2g}, which is 0 to {digits} decimals"
        raise SheetError(f"the key of '{id}' {what}: choose other values, or ask for more digits")
    large = np.abs(values) >= np.where(values == np.rint(values), LARGEST_WHOLE, LARGEST)
    if large.any():
        most = float(values[large].flat[0])
        raise SheetError(f"the key of '{id}' is {most:.3g}, too long to be written in full: choose smaller values")


def refuse_kinks(at: Worked, meant: bool) -> None:
    """Refuse an infinity or what lies outside a domain; a kink or a tie too, unless it is meant."""
    for notice in at.notices:
        if notice.rule.startswith((INFINITE, OUTSIDE)):
            raise SheetError(f"{notice}; choose other values")
        if not meant and is_kink(notice):
            raise SheetError(f"{notice}; choose other values, or say kinks = true where this is meant")


def refuse_saturated(at: Worked) -> None:
    """Refuse a gate of one input far out where its slope is next to nothing: what it passes on is hardly a number."""
    for c in at.backprop.contributions:
        op: Any = c.step.op
        atom = local_atom(c.local)
        if len(c.step.inputs) > 1 or op.kinks or not isinstance(atom, Var) or c.target.type.shape:
            continue
        slope, here = abs(float(at.numbers[atom])), float(at.numbers[c.target])
        if abs(here) >= FAR and slope < FLAT:
            name, of = at.called[c.step.output], at.called[c.target]
            raise SheetError(
                f"∂{name}/∂{of} is {slope:.1e} at {of} = {here:.4g}: the gate is saturated; choose other values"
            )


def is_kink(notice: Notice) -> bool:
    """Whether a convention decided, and no infinity."""
    return not notice.rule.startswith((INFINITE, OUTSIDE, REWRITTEN))

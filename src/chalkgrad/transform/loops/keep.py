"""What the way forward computed is kept for the way back.

The gradient of a loop is a loop the other way, each turn of which begins with the forward turn once more. Where a value
of that is worth keeping, the forward loop gives it for every turn, and the loop back takes it in.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from chalkgrad.ir.program import Atom, Number, Step, Var
from chalkgrad.transform.loops import checkpoint
from chalkgrad.transform.loops.alike import step_key
from chalkgrad.transform.loops.effort import worth_keeping
from chalkgrad.transform.loops.tidy import substitute
from chalkgrad.transform.loops.turning import Turning


def keep(loops: Sequence[Turning]) -> None:
    """Let every loop take in what an earlier one has computed already, where that is worth more than its room."""
    for place, later in enumerate(loops):
        for earlier in loops[:place]:
            if earlier.length == later.length:
                _keep(earlier, later)


def _keep(earlier: Turning, later: Turning) -> None:
    twins = _alike(earlier, later)
    if not twins:
        return
    table: dict[Any, Step] = {step_key(s, s.inputs): s for s in earlier.steps}
    change: dict[Var, Atom] = {}
    room = 0
    for step in later.steps:
        if not all([isinstance(a, Number) or a in twins for a in step.inputs]):
            continue
        same = table.get(step_key(step, [twins.get(a, a) if isinstance(a, Var) else a for a in step.inputs]))
        if same is None or len(same.outputs) != len(step.outputs):
            continue
        pairs = [(mine, theirs) for mine, theirs in zip(step.outputs, same.outputs, strict=True) if mine is not None]
        if any([theirs is None for _, theirs in pairs]):
            continue
        twins.update({mine: theirs for mine, theirs in pairs if theirs is not None})
        if not worth_keeping(step, earlier.length, room):
            continue
        for mine, theirs in pairs:
            assert theirs is not None
            room += _bytes(theirs) * earlier.length
            if room > checkpoint.BUDGET:
                break
            var = Var(mine.type, mine.hint)
            later.xs.append((var, earlier.given(theirs)))
            change[mine] = var
    substitute(later, change)


def _alike(earlier: Turning, later: Turning) -> dict[Var, Var]:
    """The values that a turn of the later loop takes in and that the same turn of the earlier one had."""
    still = {atom: var for var, atom in earlier.consts}
    moving = {atom: var for var, atom in earlier.xs}
    moving.update({c.history: c.var for c in earlier.carries if c.history is not None})
    moving.update({out: y for y, out in earlier.ys if out is not None and isinstance(y, Var)})
    found = {var: still[atom] for var, atom in later.consts if atom in still}
    found.update({var: moving[atom] for var, atom in later.xs if atom in moving})
    return found


def _bytes(var: Var) -> int:
    sizes = [n for n in var.type.shape if isinstance(n, int)]
    return math.prod(sizes) * np.dtype(var.type.dtype).itemsize

"""Where two formulas differ only at a kink, at which there is no derivative: that is a convention, to be stated."""

from __future__ import annotations

from typing import Any

import numpy as np

from chalkgrad.errors import ChalkgradError
from chalkgrad.evaluate.interpret import values_of
from chalkgrad.evaluate.pair import Side
from chalkgrad.ir.program import Number, Program, Var
from chalkgrad.render.numbers import shown

SEED = 20240517
COUNT = 200
# So many points away from every kink must agree, and a kink must be met where they do not.
ENOUGH = 60


def tied(program: Program, one: Side, other: Side) -> str:
    """A note where two derivatives of `program` agree wherever it has one; nothing where they do not, or it always has.

    Whole numbers from a small range meet kinks, and the same points moved a little meet none.
    """
    kinked = [step for step in program.steps if getattr(step.op, "kinks", ())]
    if not kinked or any(v.type.shape for v in program.inputs):
        return ""
    rng = np.random.default_rng(SEED)
    apart: dict[str, float] | None = None
    agreed = 0
    for whole in (True, False):
        for row in rng.integers(-2, 3, (COUNT, len(program.inputs))).astype(float):
            given = row if whole else row + rng.uniform(-0.4, 0.4, row.size)
            named = {v.hint: float(x) for v, x in zip(program.inputs, given, strict=True)}
            values = [_value(side.program, named) for side in (one, other)]
            if None in values:
                continue
            if abs(values[0] - values[1]) > 1e-9 * max(1.0, abs(values[1])):
                if not _at_kink(program, named):
                    return ""
                apart = apart or named
            else:
                agreed += not _at_kink(program, named)
    if apart is None or agreed < ENOUGH:
        return ""
    where = ", ".join([f"{n} = {shown(x)}" for n, x in apart.items()])
    said, key = (shown(_value(side.program, apart)) for side in (one, other))
    return (
        f"at a tie or kink ({where}) it gives {said} and the key {key}: there is no derivative there, so a convention"
    )


def _value(program: Program, named: dict[str, float]) -> Any:
    """The number at a point, None where there is none."""
    try:
        env = values_of(program, [named[v.hint] for v in program.inputs])
    except (ChalkgradError, ArithmeticError, KeyError):
        return None
    value = float(program.output.value if isinstance(program.output, Number) else env[program.output])
    return value if np.isfinite(value) else None


def _at_kink(program: Program, named: dict[str, float]) -> bool:
    env = values_of(program, [named[v.hint] for v in program.inputs])
    for step in program.steps:
        op: Any = step.op
        xs = [env[a] if isinstance(a, Var) else a.value for a in step.inputs]
        if any(np.any(kink.at(*xs, **step.params)) for kink in op.kinks):
            return True
    return False

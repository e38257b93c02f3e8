"""The numbers of a person who rounds at every gate, forward and backward."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from chalkgrad.evaluate.worked import Worked
from chalkgrad.ir.program import Number, Var
from chalkgrad.ir.run import evaluator
from chalkgrad.ops.local import Matrix, Spread, Times

# Of a number that is too small for its decimals a person keeps so many figures.
FIGURES = 2
# What rounding up at a half is owed where the decimal is not exact in binary: 0.285 is 0.28499999….
SLACK = 1e-9


def rounded(value: Any, digits: int) -> Any:
    """A number, or an array of them, to `digits` decimals, a half away from 0; what is not 0 keeps two figures."""
    if isinstance(value, (bool, np.bool_)) or np.asarray(value).dtype.kind != "f":
        return value
    if np.ndim(value):
        flat = [_rounded(float(x), digits) for x in np.asarray(value).flat]
        return np.array(flat).reshape(np.shape(value))
    return _rounded(float(value), digits)


def _rounded(x: float, digits: int) -> float:
    if x != x or x in (np.inf, -np.inf) or x == 0:
        return x
    found = _half_up(x, digits)
    return found if found else float(f"{x:.{FIGURES - 1}e}")


def _half_up(x: float, digits: int) -> float:
    scaled = abs(x) * 10.0**digits
    if scaled >= 2**52:
        return x
    whole = np.floor(scaled + 0.5 + SLACK * max(scaled, 1e-3))
    return float(np.copysign(round(whole / 10.0**digits, digits), x)) if whole else 0.0


def stepwise(work: Worked, digits: int) -> Mapping[Var, Any]:
    """For every value of `work.numbers`, what it is for a person who rounds at every gate.

    They round the result of every step, every local derivative, every product and every sum, and nothing between.
    """
    if work.symbolic:
        return {}
    made = work.backprop
    program = made.gradient
    written = {v for s in work.program.steps for v in s.given}
    for c in made.contributions:
        for value in (c.value, _factor(c.local)):
            if isinstance(value, Var):
                written.add(value)
    written.update(v for v in made.adjoint.values() if isinstance(v, Var))
    found: dict[Var, Any] = {v: work.numbers[v] for v in program.inputs}
    with np.errstate(all="ignore"):
        for step in program.steps:
            op: Any = step.op
            values = [a.value if isinstance(a, Number) else found[a] for a in step.inputs]
            result = evaluator(op)(*values, **step.params)
            for var, value in zip(step.outputs, result if op.several else [result], strict=True):
                if var is not None:
                    found[var] = rounded(value, digits) if var in written else value
    return found


def _factor(local: Any) -> Any:
    match local:
        case Times(factor=value) | Matrix(matrix=value) | Spread(scale=value):
            return value.atom
        case _:
            return None

"""Where the values of a Program must lie, whatever its inputs: which side of a branch nothing can take."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, isfinite
from typing import Any

import numpy as np

from chalkgrad.ir.program import Number, Program, Var

Range = tuple[float, float]
REAL: Range = (-inf, inf)
TINY = 5e-324  # above 0: no number that is read lies between

FIXED: dict[str, Range] = {
    "exp": (TINY, inf),
    **dict.fromkeys(("softplus", "sqrt", "abs", "relu", "square", "cosh", "norm", "hypot"), (0.0, inf)),
    **dict.fromkeys(("sigmoid", "indicator", "softmax"), (0.0, 1.0)),
    **dict.fromkeys(("tanh", "sin", "cos", "sign", "hardtanh"), (-1.0, 1.0)),
    "relu6": (0.0, 6.0),
}


def _times(a: float, b: float) -> float:
    return 0.0 if a == 0 or b == 0 else a * b


def _product(a: Range, b: Range) -> Range:
    ends = [_times(p, q) for p in a for q in b]
    return min(ends), max(ends)


def _sum(a: Range, b: Range) -> Range:
    return a[0] + b[0], a[1] + b[1]


def _minus(a: Range) -> Range:
    return -a[1], -a[0]


ARITHMETIC: dict[str, Callable[..., Range]] = {
    "add": _sum,
    "subtract": lambda a, b: _sum(a, _minus(b)),
    "negative": _minus,
    "multiply": _product,
    "maximum": lambda a, b: (max(a[0], b[0]), max(a[1], b[1])),
    "minimum": lambda a, b: (min(a[0], b[0]), min(a[1], b[1])),
    "where": lambda c, a, b: (min(a[0], b[0]), max(a[1], b[1])),
}


def unreachable(program: Program) -> set[int]:
    """The indices of branching steps that can take one side only, since their operand has one sign."""
    known: dict[Var, Range] = {}
    excused: set[int] = set()
    moving = set(program.inputs)

    def of(atom: Any) -> Range:
        if isinstance(atom, Number):
            values = np.asarray(atom.value, dtype=np.float64)
            return (float(values.min()), float(values.max())) if values.size and np.isfinite(values).all() else REAL
        return known.get(atom, REAL)

    for index, step in enumerate(program.steps):
        name, ranges = step.op.name, [of(a) for a in step.inputs]
        if any(a in moving for a in step.inputs if isinstance(a, Var)):
            moving.add(step.output)
        else:  # a constant takes the side that it takes
            excused.add(index)
        if name in ("relu", "abs", "leaky_relu", "elu", "sign") and (ranges[0][0] >= 0 or ranges[0][1] <= 0):
            excused.add(index)
        if name in ("maximum", "minimum") and (_below(*ranges) or _below(*ranges[::-1])):
            excused.add(index)
        if name in ("less", "less_equal", "greater", "greater_equal") and _apart(*ranges):
            excused.add(index)
        known[step.output] = _range(step, ranges)
    return excused


def _below(a: Range, b: Range) -> bool:
    """Whether no value of `a` is over one of `b`; rounding may not decide."""
    return isfinite(a[1]) and isfinite(b[0]) and a[1] <= b[0] - 1e-9 * abs(a[1])


def _apart(a: Range, b: Range) -> bool:
    """Whether they have no value in common, so that a comparison has one answer."""
    return (_below(a, b) and a[1] < b[0]) or (_below(b, a) and b[1] < a[0])


def _range(step: Any, ranges: list[Range]) -> Range:
    name, inputs = step.op.name, step.inputs
    if name == "multiply" and inputs[0] is inputs[1]:
        return 0.0, inf
    if name == "power":
        exponent = inputs[1].value if isinstance(inputs[1], Number) else None
        even = exponent is not None and np.ndim(exponent) == 0 and float(exponent) % 2 == 0
        return (0.0, inf) if even or ranges[0][0] >= 0 else REAL
    if name in ARITHMETIC:
        low, high = ARITHMETIC[name](*ranges)
        return (low, high) if low <= high else REAL
    return FIXED.get(name, REAL)

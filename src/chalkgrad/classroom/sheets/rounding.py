"""How a person rounds, and how far rounding on the way may lead: what keys, marking, variants and exports go by."""

from __future__ import annotations

from typing import Any

import numpy as np

# Of a number that is too small for its decimals a person keeps so many figures.
FIGURES = 2
# What rounding up at a half is owed where the decimal is not exact in binary: 0.285 is 0.28499999….
SLACK = 1e-9
# Of the last place asked for: what is farther off than this came from no rounding.
UNITS = 2


def rounded(value: Any, digits: int) -> Any:
    """A number, or an array of them, to `digits` decimals, a half away from 0; what is not 0 keeps two figures."""
    if isinstance(value, (bool, np.bool_)) or np.asarray(value).dtype.kind != "f":
        return value
    if np.ndim(value):
        flat = [_rounded(float(x), digits) for x in np.asarray(value).flat]
        return np.array(flat).reshape(np.shape(value))
    return _rounded(float(value), digits)


def may_stand(value: float, exact: float, digits: int) -> bool:
    """Whether a number that rounding on the way led to may stand for the exact one.

    It lies on its side of 0, is 0 only where that is, and is at most two units of the last place away.
    """
    if value * exact < 0 or (value == 0) != (exact == 0):
        return False
    return abs(value - exact) <= UNITS * 10.0**-digits * (1 + SLACK)


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

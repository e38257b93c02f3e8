"""A charge that falls past two others, of which one is placed so that it comes down at the origin."""

from typing import Any

import numpy as np
from descent import argmin, by_modes, slope
from evaluation import Function

import chalkgrad as cg

# A loop that is differentiated has a length: what has not come down after so many steps is NaN.
STEP, STEPS = 0.1, 1000


def potential(x: Any, w: Any) -> Any:
    """Of charges at (10, 10 - w) and (10, 0)."""
    apart = x - np.array([[10.0, 10.0 - w], [10.0, 0.0]])
    return np.sum(1 / np.sqrt(np.sum(apart**2, axis=1)))


def missed(w: Any, mode: str) -> Any:
    """By how much the origin is missed, squared: Euler's method down to the axis, and then a straight line."""
    gradient = slope(potential, mode)

    def turn(state: Any, _: Any) -> Any:
        x, speed = state
        after = x + STEP * speed
        falls = after[1] > 0
        return (np.where(falls, after, x), np.where(falls, speed - STEP * gradient(x, w), speed)), falls

    begin = np.array([0.0, 8.0]), np.array([0.75, 0.0])
    (x, speed), falls = cg.scan(turn, begin, length=STEPS)
    landed = x[0] - x[1] / speed[1] * speed[0]
    return np.where(falls[-1], np.nan, landed**2)


def placed(start: Any, outer: str, inner: str) -> Any:
    return argmin(lambda w: missed(w, inner), start, outer)


def prepare(given: dict[str, Any]) -> tuple[Any, ...]:
    return (float(given["w"]),)


FUNCTIONS = {modes: Function(f, prepare, answer=float) for modes, f in by_modes(placed).items()}

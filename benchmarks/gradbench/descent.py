"""Gradient descent as GradBench's nested evals want it, itself a loop that can be differentiated."""

from collections.abc import Callable
from typing import Any

import numpy as np

import chalkgrad as cg

# A loop that is differentiated has a length: what has not come to its end after so many turns is NaN.
TURNS = 500
NEAR = 1e-5


def slope(f: Callable[..., Any], mode: str) -> Callable[..., Any]:
    """The gradient, by forward mode or by reverse mode."""
    return cg.jacobian(f, mode="forward") if mode == "f" else cg.grad(f)


def length(x: Any) -> Any:
    return np.sqrt(np.sum(x * x))


def argmin(f: Callable[[Any], Any], start: Any, mode: str) -> Any:
    """Where f is least: a step that does not go down is halved, and after ten that do it is doubled."""
    gradient = slope(f, mode)

    def turn(state: Any, _: Any) -> Any:
        x, value, down, step, count = state
        after = x - step * down
        below = f(after)
        ten = count == 10
        ended = (length(down) <= NEAR) | ((count != 10) & (length(x - after) <= NEAR))
        taken = np.logical_not(ended | ten) & (below < value)
        step = np.where(ended | taken, step, np.where(ten, 2 * step, step / 2))
        count = np.where(ended, count, np.where(taken, count + 1, 0.0))
        down = np.where(taken, gradient(after), down)
        return (np.where(taken, after, x), np.where(taken, below, value), down, step, count), ended

    begin = start, f(start), gradient(start), NEAR, 0.0
    (x, *_), ended = cg.scan(turn, begin, length=TURNS)
    return np.where(ended[-1], x, np.nan)


def by_modes(make: Callable[[Any, str, str], Any]) -> dict[str, Callable[[Any], Any]]:
    """A function for each pair of modes, that of the descent first."""

    def of(outer: str, inner: str) -> Callable[[Any], Any]:
        return lambda given: make(given, outer, inner)

    return {outer + inner: of(outer, inner) for outer in "fr" for inner in "fr"}

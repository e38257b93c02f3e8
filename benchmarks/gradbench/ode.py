"""A chain of ordinary differential equations by Runge and Kutta's method, and the gradient of its last variable."""

from typing import Any

import numpy as np
from evaluation import Function

import chalkgrad as cg


def primal(x: Any, steps: int) -> Any:
    """Where y_0' = x_0, y_i' = x_i y_(i-1) arrive at t = 2 from 0."""

    def slope(y: Any) -> Any:
        return x * np.concatenate(([1.0], y[:-1]))

    h = 2 / steps
    y = np.zeros(len(x))
    for _ in range(steps):
        k1 = slope(y)
        k2 = slope(y + h * k1 / 2)
        k3 = slope(y + h * k2 / 2)
        k4 = slope(y + h * k3)
        y = y + h * (k1 + 2 * k2 + 2 * k3 + k4) / 6
    return y


def last(x: Any, steps: int) -> Any:
    return primal(x, steps)[-1]


def prepare(given: dict[str, Any]) -> tuple[Any, ...]:
    return np.array(given["x"], float), given["s"]


FUNCTIONS = {
    "primal": Function(primal, prepare, answer=np.ndarray.tolist),
    "gradient": Function(cg.grad(last), prepare, answer=np.ndarray.tolist),
}

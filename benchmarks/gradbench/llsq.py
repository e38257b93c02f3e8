"""Least squares: a polynomial through a step of n places, and the gradient by its coefficients."""

from typing import Any

import numpy as np
from evaluation import Function

import chalkgrad as cg


def primal(x: Any, n: int) -> Any:
    t = -1 + np.arange(n) * 2 / (n - 1)
    y = np.zeros(n)
    for coefficient in x[::-1]:
        y = y * t + coefficient
    return np.sum((np.sign(t) - y) ** 2) / 2


def prepare(given: dict[str, Any]) -> tuple[Any, ...]:
    return np.array(given["x"], float), given["n"]


FUNCTIONS = {
    "primal": Function(primal, prepare, answer=float),
    "gradient": Function(cg.grad(primal), prepare, answer=np.ndarray.tolist),
}

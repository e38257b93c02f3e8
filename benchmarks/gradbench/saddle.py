"""A saddle point by gradient descent: the least, over x, of the greatest, over y, which a descent of its own finds."""

from typing import Any

import numpy as np
from descent import argmin, by_modes
from evaluation import Function


def value(x: Any, y: Any) -> Any:
    return np.sum(x * x) - np.sum(y * y)


def saddle(start: Any, outer: str, inner: str) -> Any:
    """x, and then y."""

    def highest(x: Any) -> Any:
        return argmin(lambda y: -value(x, y), start, inner)

    x = argmin(lambda x: value(x, highest(x)), start, outer)
    return np.concatenate((x, highest(x)))


def prepare(given: dict[str, Any]) -> tuple[Any, ...]:
    return (np.array(given["start"], float),)


FUNCTIONS = {modes: Function(f, prepare, answer=np.ndarray.tolist) for modes, f in by_modes(saddle).items()}

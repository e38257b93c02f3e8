"""LogSumExp: the logarithm of a sum of exponentials, and its gradient."""

from typing import Any

import numpy as np
from evaluation import Function

import chalkgrad as cg


def primal(x: Any) -> Any:
    top = np.max(x)
    return top + np.log(np.sum(np.exp(x - top)))


def prepare(given: dict[str, Any]) -> tuple[Any, ...]:
    return (np.array(given["x"], float),)


FUNCTIONS = {
    "primal": Function(primal, prepare, answer=float),
    "gradient": Function(cg.grad(primal), prepare, answer=np.ndarray.tolist),
}

"""A determinant by its minors, n! products in all, and the gradient."""

from typing import Any

import numpy as np
from evaluation import Function

import chalkgrad as cg


def primal(matrix: Any) -> Any:
    """Laplace's expansion along the first row: its entries by the minors below, with signs that change."""
    n = len(matrix)
    if n == 1:
        return matrix[0, 0]
    left = np.array([[column for column in range(n) if column != j] for j in range(n)])
    minors = np.moveaxis(matrix[1:, left], 1, 0)
    return np.sum((-1.0) ** np.arange(n) * matrix[0] * cg.vmap(primal)(minors))


def prepare(given: dict[str, Any]) -> tuple[Any, ...]:
    return (np.array(given["A"], float).reshape(given["ell"], given["ell"]),)


FUNCTIONS = {
    "primal": Function(primal, prepare, answer=float),
    "gradient": Function(cg.grad(primal), prepare, answer=lambda found: found.ravel().tolist()),
}

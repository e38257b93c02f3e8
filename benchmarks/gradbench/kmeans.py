"""k-means: the cost, and Newton's step, by the gradient and the diagonal of the Hessian."""

from typing import Any

import numpy as np
from evaluation import Function

import chalkgrad as cg


def cost(centroids: Any, points: Any) -> Any:
    """The squared distance of every point to the centroid that is nearest."""
    distances = np.sum((points[:, None, :] - centroids) ** 2, axis=2)
    return np.sum(np.min(distances, axis=1))


def direction(centroids: Any, points: Any) -> Any:
    """The gradient over the diagonal of the Hessian, off which there is nothing: so its product with ones is enough."""
    gradient = cg.grad(cost)
    slope, curvature = cg.jvp(lambda c: gradient(c, points), (centroids,), (np.ones(centroids.shape),))
    return slope / curvature


def prepare(given: dict[str, Any]) -> tuple[Any, ...]:
    return np.array(given["centroids"], float), np.array(given["points"], float)


FUNCTIONS = {
    "cost": Function(cost, prepare, answer=float),
    "dir": Function(direction, prepare, answer=np.ndarray.tolist),
}

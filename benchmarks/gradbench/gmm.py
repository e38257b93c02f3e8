"""A mixture of Gaussians: its log posterior, and the gradient by weights, means and precisions."""

from math import lgamma, log, pi
from typing import Any

import numpy as np
from evaluation import Function

import chalkgrad as cg

PARAMETERS = ("alpha", "mu", "q", "l")


def logsumexp(x: Any) -> Any:
    """Along the last axis."""
    top = np.max(x, axis=-1, keepdims=True)
    return top[..., 0] + np.log(np.sum(np.exp(x - top), axis=-1))


def precisions(q: Any, below: Any) -> Any:
    """The lower triangles: e^q on the diagonal, under it `below`, by columns."""
    k, d = q.shape
    columns, rows = np.triu_indices(d, 1)
    places = np.arange(d)
    triangles = np.zeros((k, d, d))
    triangles[:, rows, columns] = below
    triangles[:, places, places] = np.exp(q)
    return triangles


def objective(alpha: Any, mu: Any, q: Any, below: Any, x: Any, gamma: float, m: int) -> Any:
    """The log posterior of the points `x`, with a Wishart prior of `m` and `gamma` on every precision."""
    (n, d), k = x.shape, len(alpha)
    triangles = precisions(q, below)
    logs = np.sum(q, axis=1)
    scaled = np.einsum("kij,nkj->nki", triangles, x[:, None, :] - mu)
    inner = alpha + logs - np.sum(scaled**2, axis=2) / 2
    likelihood = np.sum(logsumexp(inner)) - n * (d / 2 * log(2 * pi) + logsumexp(alpha))
    prior = m * np.sum(logs) - gamma**2 / 2 * np.sum(triangles**2)
    return likelihood + prior + k * normaliser(d, d + int(m) + 1, gamma)


def normaliser(d: int, degrees: int, gamma: float) -> Any:
    """The logarithm of what the Wishart density is divided by, turned over: no parameter is in it."""
    gammas = sum(lgamma((degrees - j) / 2) for j in range(d)) + d * (d - 1) / 4 * log(pi)
    return degrees * d * np.log(gamma / np.sqrt(2)) - gammas


def prepare(given: dict[str, Any]) -> tuple[Any, ...]:
    arrays = [np.array(given[name], float) for name in (*PARAMETERS, "x")]
    return *arrays, float(given["gamma"]), int(given["m"])


def answer(found: Any) -> dict[str, Any]:
    return {name: part.tolist() for name, part in zip(PARAMETERS, found, strict=True)}


FUNCTIONS = {
    "objective": Function(objective, prepare, answer=float),
    "jacobian": Function(cg.grad(objective, wrt=(0, 1, 2, 3)), prepare, answer),
}

"""Models as people write them, in value and gradient, beside JAX: each function is one text for both.

JAX runs it with `jax.numpy` for `np` and `jax.lax.scan` for `cg.scan`, compiled, in float64 or float32 as the case is.
"""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType, SimpleNamespace
from typing import Any

import numpy as np

import chalkgrad as cg
from speed import peers
from speed.clock import Contestant, race


def logsumexp(x: Any, axis: int) -> Any:
    top = np.max(x, axis=axis, keepdims=True)
    return np.squeeze(top, axis) + np.log(np.sum(np.exp(x - top), axis=axis))


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def classifier(W1: Any, b1: Any, W2: Any, b2: Any, X: Any, y: Any) -> Any:
    """Cross entropy of a hidden layer of ReLU, by labels."""
    z = np.maximum(X @ W1 + b1, 0) @ W2 + b2
    return np.mean(logsumexp(z, 1) - z[np.arange(X.shape[0]), y]) + 1e-4 * (np.sum(W1**2) + np.sum(W2**2))


def attention(Wq: Any, Wk: Any, Wv: Any, Wo: Any, scale: Any, x: Any) -> Any:
    """A layer norm and one causal head."""
    centred = x - np.mean(x, axis=-1, keepdims=True)
    y = scale * centred / np.sqrt(np.mean(centred**2, axis=-1, keepdims=True) + 1e-5)
    scores = np.einsum("bqd,bkd->bqk", y @ Wq, y @ Wk) / np.sqrt(x.shape[-1] * 1.0)
    places = np.arange(x.shape[1])
    scores = np.where(places[:, None] >= places[None, :], scores, -1e9)
    weights = np.exp(scores - logsumexp(scores, -1)[..., None])
    return np.mean((x + np.einsum("bqk,bkd->bqd", weights, y @ Wv) @ Wo) ** 2)


def gru(W: Any, U: Any, w: Any, X: Any) -> Any:
    """A recurrent cell over a sequence, by scan."""
    n = U.shape[0]

    def turn(h: Any, x: Any) -> Any:
        a = x @ W
        z = sigmoid(a[:, :n] + h @ U[:, :n])
        r = sigmoid(a[:, n : 2 * n] + h @ U[:, n : 2 * n])
        h = (1 - z) * h + z * np.tanh(a[:, 2 * n :] + (r * h) @ U[:, 2 * n :])
        return h, h @ w

    return np.mean(cg.scan(turn, np.zeros((X.shape[1], n), X.dtype), X)[1] ** 2)


def markov(A: Any, B: Any, p: Any, seen: Any) -> Any:
    """The likelihood of a hidden Markov model, by a Python loop."""
    moves, signs = A - logsumexp(A, 1)[:, None], B - logsumexp(B, 1)[:, None]
    a = p - logsumexp(p, 0) + signs[:, seen[0]]
    for t in range(1, seen.shape[0]):
        a = logsumexp(a[:, None] + moves, 0) + signs[:, seen[t]]
    return -logsumexp(a, 0)


def kalman(A: Any, C: Any, Q: Any, R: Any, Y: Any) -> Any:
    """The likelihood of a linear model with noise, by a Python loop over small matrices."""
    x, spread, total = np.zeros(A.shape[0]), np.eye(A.shape[0]), 0.0
    for t in range(Y.shape[0]):
        x, spread = A @ x, A @ spread @ A.T + Q
        e, seen = Y[t] - C @ x, C @ spread @ C.T + R
        gain = np.linalg.solve(seen, C @ spread).T
        x, spread = x + gain @ e, spread - gain @ C @ spread
        total = total + e @ np.linalg.solve(seen, e) / 2 + np.linalg.slogdet(seen)[1] / 2
    return total


def process(length: Any, height: Any, noise: Any, X: Any, y: Any) -> Any:
    """The likelihood of a Gaussian process."""
    Z = X / np.exp(length)
    squares = np.sum((Z[:, None, :] - Z[None, :, :]) ** 2, axis=-1)
    K = np.exp(2 * height - squares / 2) + np.exp(2 * noise) * np.eye(X.shape[0])
    L = np.linalg.cholesky(K)
    return y @ np.linalg.solve(K, y) / 2 + np.sum(np.log(np.diag(L)))


def factors(U: Any, V: Any, i: Any, j: Any, y: Any) -> Any:
    """Ratings as products of rows that are looked up."""
    return np.mean((np.sum(U[i] * V[j], axis=1) - y) ** 2) + 1e-3 * (np.sum(U**2) + np.sum(V**2))


def bodies(x: Any, m: Any) -> Any:
    """The energy of masses that attract each other."""
    apart = x[:, None, :] - x[None, :, :]
    return -np.sum(m[:, None] * m[None, :] / np.sqrt(np.sum(apart**2, axis=-1) + 1e-3)) / 2


def heat(u: Any, k: Any, steps: Any) -> Any:
    """Heat in a plate, by a Python loop over neighbours."""
    for _ in range(steps.shape[0]):
        u = u + k * (np.roll(u, 1, 0) + np.roll(u, -1, 0) + np.roll(u, 1, 1) + np.roll(u, -1, 1) - 4 * u)
    return np.mean(u**2)


def options(S: Any, K: Any, T: Any, v: Any, rate: Any) -> Any:
    """Prices by Black and Scholes, the normal distribution in its tanh form."""
    d1 = (np.log(S / K) + (rate + v**2 / 2) * T) / (v * np.sqrt(T))
    d2 = d1 - v * np.sqrt(T)
    one, two = ((1 + np.tanh(0.7978845608028654 * (z + 0.044715 * z**3))) / 2 for z in (d1, d2))
    return np.sum(S * one - K * np.exp(-rate * T) * two)


def valley(x: Any) -> Any:
    """Rosenbrock's."""
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def _arguments(case: str, rng: np.random.Generator) -> tuple[Callable[..., Any], int, list[Any]]:
    """A case's function, by how many of its arguments, and these."""
    normal = lambda *shape: rng.normal(size=shape)
    if case == "classifier":
        weights = [normal(784, 256) * 0.05, np.zeros(256), normal(256, 10) * 0.05, np.zeros(10)]
        return classifier, 4, [*weights, normal(128, 784), rng.integers(0, 10, 128)]
    if case == "attention":
        return attention, 5, [*[normal(128, 128) * 0.05 for _ in range(4)], np.ones(128), normal(4, 64, 128)]
    if case == "gru":
        return gru, 3, [normal(32, 144) * 0.2, normal(48, 144) * 0.2, normal(48), normal(100, 16, 32)]
    if case == "markov":
        return markov, 3, [normal(16, 16), normal(16, 20), normal(16), rng.integers(0, 20, 100)]
    if case == "kalman":
        start = [np.eye(4) + 0.05 * normal(4, 4), normal(2, 4), 0.1 * np.eye(4), 0.5 * np.eye(2)]
        return kalman, 4, [*start, normal(60, 2)]
    if case == "process":
        return process, 3, [np.zeros(4), 0.0, -1.0, normal(300, 4), normal(300)]
    if case == "factors":
        places = rng.integers(0, 2000, 100_000), rng.integers(0, 3000, 100_000)
        return factors, 2, [normal(2000, 16), normal(3000, 16), *places, normal(100_000)]
    if case == "bodies":
        return bodies, 1, [normal(500, 3), rng.uniform(1, 2, 500)]
    if case == "heat":
        return heat, 2, [normal(256, 256), 0.2, np.zeros(20)]
    if case == "options":
        ranges = ((80, 120), (80, 120), (0.2, 2), (0.1, 0.5))
        return options, 5, [*[rng.uniform(low, high, 100_000) for low, high in ranges], 0.03]
    assert case == "valley", f"no model {case}"
    return valley, 1, [normal(1_000_000)]


def measure(case: str, seconds: float) -> dict[str, Any]:
    """Value and gradient, ours and JAX's, which agree; `NAME float32` for the narrower one."""
    name, _, narrow = case.partition(" ")
    function, wrt, given = _arguments(name, np.random.default_rng(0))
    if narrow:
        given = [x.astype("float32") if isinstance(x, np.ndarray) and x.dtype.kind == "f" else x for x in given]
    by = tuple(range(wrt))
    ours = cg.value_and_grad(function, wrt=by)
    jax = peers.jax()
    contestants = {
        "ours": Contestant(ours, given),
        "value": Contestant(cg.compile(function, *given), given),
        "jax": peers.jitted(jax.value_and_grad(in_jax(function), argnums=by), given),
    }

    def agree() -> None:
        (value, slopes), (right, rights) = ours(*given), contestants["jax"].call(*given)
        for mine, its in zip((value, *slopes), (right, *rights), strict=True):
            far = np.max(np.abs(np.asarray(mine) - np.asarray(its))) / (np.max(np.abs(its)) + 1e-300)
            assert far < (2e-3 if narrow else 1e-8), f"{case}: {far} apart"

    return race(contestants, seconds, agree=agree)


def in_jax(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same text, with JAX's names where NumPy's and ours stand."""
    jax = peers.jax()
    names = {**globals(), "np": jax.numpy, "cg": SimpleNamespace(scan=jax.lax.scan)}
    for helper in (logsumexp, sigmoid):
        names[helper.__name__] = FunctionType(helper.__code__, names)
    return FunctionType(function.__code__, names)


CASES = {
    "classifier float32": "two-layer classifier with labels, float32, (784, 256, 128)",
    "attention float32": "layer norm and causal attention, float32, 4x64x128",
    "gru float32": "GRU by scan, float32, 100 turns of 16x48",
    "markov": "hidden Markov model, 100 turns of 16 states",
    "kalman": "Kalman filter, 60 turns of 4x4",
    "process": "Gaussian process, 300 points",
    "factors": "matrix factors, 100,000 ratings",
    "bodies": "500 bodies",
    "heat": "heat in a plate of 256x256, 20 steps",
    "options": "100,000 options",
    "valley": "Rosenbrock, n = 10⁶",
}

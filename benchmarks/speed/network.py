"""A step of descent of the two-layer network of sheet 001, problem 3, in float32."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import chalkgrad as cg
from speed.clock import Contestant, race
from speed.peers import jitted, torch

SIZES = {
    "2,16,64": (2, 16, 64),
    "64,32,128": (64, 32, 128),
    "784,128,128": (784, 128, 128),
    "784,512,1024": (784, 512, 1024),
}
RATE = 0.1


def loss(W1: Any, b1: Any, W2: Any, b2: Any, X: Any, Y: Any) -> Any:
    h = 1 / (1 + np.exp(-(W2 @ np.maximum(W1 @ X + b1, 0) + b2)))
    return -np.mean(Y * np.log(h) + (1 - Y) * np.log(1 - h))


def step(W1: Any, b1: Any, W2: Any, b2: Any, X: Any, Y: Any) -> Any:
    weights = W1, b1, W2, b2
    value, gradients = cg.value_and_grad(loss, wrt=(0, 1, 2, 3))(*weights, X, Y)
    return value, *(w - RATE * g for w, g in zip(weights, gradients, strict=True))


def by_hand(W1: Any, b1: Any, W2: Any, b2: Any, X: Any, Y: Any) -> Any:
    """The same in NumPy, with the gradient that the sheet derives."""
    m = X.shape[1]
    z1 = W1 @ X + b1
    a1 = np.maximum(z1, 0)
    h = 1 / (1 + np.exp(-(W2 @ a1 + b2)))
    value = -np.mean(Y * np.log(h) + (1 - Y) * np.log(1 - h))
    dz2 = (h - Y) / m
    dz1 = (W2.T @ dz2) * (z1 > 0)
    return (
        value,
        W1 - RATE * (dz1 @ X.T),
        b1 - RATE * np.sum(dz1, axis=1, keepdims=True),
        W2 - RATE * (dz2 @ a1.T),
        b2 - RATE * np.sum(dz2, axis=1, keepdims=True),
    )


def data(width: int, hidden: int, many: int) -> tuple[Any, ...]:
    """Weights, then the examples as columns."""
    rng = np.random.default_rng(0)
    arrays = (
        rng.normal(size=(hidden, width)) / np.sqrt(width),
        np.zeros((hidden, 1)),
        rng.normal(size=(1, hidden)) / np.sqrt(hidden),
        np.zeros((1, 1)),
        rng.normal(size=(width, many)),
        rng.random((1, many)) < 0.5,
    )
    return tuple(a.astype(np.float32) for a in arrays)


def measure(case: str, seconds: float) -> dict[str, Any]:
    """Chalkgrad, JAX, PyTorch, NumPy by hand; beside them the products alone, by the library that NumPy calls."""
    given = data(*SIZES[case])
    ours = cg.compile(step)
    contestants = {
        "ours": Contestant(ours, given),
        "value": Contestant(cg.compile(loss, *given), given),
        "jax": jitted(_jax(), given),
        "torch": Contestant(_torch(given)),
        "numpy": Contestant(by_hand, given),
        "sgemm": Contestant(_products(given)),
    }

    def agree() -> None:
        for a, b in zip(ours(*given), by_hand(*given), strict=True):
            np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-6)

    return race(contestants, seconds, agree=agree)


def _jax() -> Callable[..., Any]:
    import jax
    import jax.numpy as jnp

    def same(W1: Any, b1: Any, W2: Any, b2: Any, X: Any, Y: Any) -> Any:
        h = 1 / (1 + jnp.exp(-(W2 @ jnp.maximum(W1 @ X + b1, 0) + b2)))
        return -jnp.mean(Y * jnp.log(h) + (1 - Y) * jnp.log(1 - h))

    def step(W1: Any, b1: Any, W2: Any, b2: Any, X: Any, Y: Any) -> Any:
        weights = W1, b1, W2, b2
        value, gradients = jax.value_and_grad(same, argnums=(0, 1, 2, 3))(*weights, X, Y)
        return value, *(w - RATE * g for w, g in zip(weights, gradients, strict=True))

    return step


def _torch(given: tuple[Any, ...]) -> Callable[[], Any]:
    lib = torch()
    tensors = [lib.tensor(a) for a in given]
    weights = [t.requires_grad_() for t in tensors[:4]]
    X, Y = tensors[4:]

    def step() -> Any:
        W1, b1, W2, b2 = weights
        h = 1 / (1 + lib.exp(-(W2 @ lib.relu(W1 @ X + b1) + b2)))
        value = -lib.mean(Y * lib.log(h) + (1 - Y) * lib.log(1 - h))
        gradients = lib.autograd.grad(value, weights)
        with lib.no_grad():
            return value, *(w - RATE * g for w, g in zip(weights, gradients, strict=True))

    return step


def _products(given: tuple[Any, ...]) -> Callable[[], Any]:
    """The two large ones of a step, into arrays that are there: what no step can be faster than."""
    W1, _, _, _, X, _ = given
    hidden, many = W1.shape[0], X.shape[1]
    z1, dW1 = np.empty((hidden, many), np.float32), np.empty_like(W1)

    def call() -> None:
        np.matmul(W1, X, out=z1)
        np.matmul(z1, X.T, out=dW1)

    return call

"""S2 and S10 of the worksheets, called from Python: the value and all gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import chalkgrad as cg
from speed.clock import Contestant, race
from speed.peers import backward, jitted, on_buffers

S2 = "f = 1/(1 + e^{-(w_0x_0 + w_1x_1 + w_2)})"
S10 = "f(x, y) = (x + 1/(1 + e^-y))/(1/(1 + e^-x) + (x + y)^2)"


def neuron(exp: Callable[[Any], Any]) -> Callable[..., Any]:
    """S2 with a library's own exp."""
    return lambda w0, x0, w1, x1, w2: 1 / (1 + exp(-(w0 * x0 + w1 * x1 + w2)))


def staged(exp: Callable[[Any], Any]) -> Callable[..., Any]:
    """S10 likewise."""
    return lambda x, y: (x + 1 / (1 + exp(-y))) / (1 / (1 + exp(-x)) + (x + y) ** 2)


WORK: dict[str, tuple[str, Callable[..., Any], tuple[float, ...]]] = {
    "S2": (S2, neuron, (2.0, -1.0, -3.0, -2.0, -3.0)),
    "S10": (S10, staged, (3.0, -4.0)),
}


def measure(name: str, seconds: float) -> dict[str, Any]:
    """Chalkgrad from the text; JAX, PyTorch and CasADi of the same formula, which they must agree on."""
    text, function, at = WORK[name]
    places = tuple(range(len(at)))
    ours, alone = cg.value_and_grad(text, wrt=places), cg.compile(text, *at)

    import jax.numpy as jnp
    import torch

    contestants = {
        "ours": Contestant(ours, at),
        "value": Contestant(alone, at),
        "jax": jitted(_jax(function(jnp.exp), places), at),
        "torch": backward(function(torch.exp), [np.float64(a) for a in at], len(at)),
        "casadi": _casadi(function, at),
    }

    def agree() -> None:
        value, gradients = ours(*at)
        right, slopes = contestants["torch"].call()
        np.testing.assert_allclose([value, *gradients], [right.item(), *(s.item() for s in slopes)], rtol=1e-12)

    return race(contestants, seconds, agree=agree)


def _jax(function: Callable[..., Any], places: tuple[int, ...]) -> Any:
    import jax

    return jax.value_and_grad(function, argnums=places)


def _casadi(function: Callable[..., Any], at: tuple[float, ...]) -> Contestant:
    """Its function of the value and each partial."""
    import casadi as ca

    inputs = [ca.SX.sym(f"v{k}") for k in range(len(at))]
    value = function(ca.exp)(*inputs)
    made = ca.Function("f", inputs, [value, *[ca.gradient(value, v) for v in inputs]])
    return on_buffers(made, at, [1] * (len(at) + 1))

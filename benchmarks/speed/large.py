"""x_0 · sort(x) with an upstream gradient, and a 3x3 convolution of images, in value and gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

import chalkgrad as cg
from speed.clock import Contestant, race
from speed.peers import backward, jitted


def sorted_loss(x: Any, u: Any) -> Any:
    return np.sum(u * (x[0] * np.sort(x)))


def convolved_loss(x: Any, w: Any, u: Any) -> Any:
    return np.sum(u * cg.conv2d(x, w, padding=1))


def measure(case: str, seconds: float) -> dict[str, Any]:
    """Value and gradient, all agreeing."""
    return {"sort": _sort, "conv2d": _conv}[case](seconds)


def _sort(seconds: float) -> dict[str, Any]:
    import jax
    import jax.numpy as jnp

    rng = np.random.default_rng(0)
    given = rng.normal(size=10**6), rng.normal(size=10**6)
    ours = cg.value_and_grad(sorted_loss)
    contestants = {
        "ours": Contestant(ours, given),
        "value": Contestant(cg.compile(sorted_loss, *given), given),
        "jax": jitted(jax.value_and_grad(lambda x, u: jnp.sum(u * (x[0] * jnp.sort(x)))), given),
        "torch": backward(lambda x, u: (u * (x[0] * x.sort().values)).sum(), given, 1),
    }
    agree = lambda: _agree(ours(*given)[1], contestants["torch"].call()[1][0], 1e-9)
    return race(contestants, seconds, agree=agree)


def _conv(seconds: float) -> dict[str, Any]:
    import jax
    import torch

    rng = np.random.default_rng(0)
    shapes = (32, 16, 64, 64), (16, 16, 3, 3), (32, 16, 64, 64)
    given = tuple(rng.normal(size=s).astype(np.float32) for s in shapes)
    ours = cg.value_and_grad(convolved_loss, wrt=("x", "w"))

    def in_jax(x: Any, w: Any, u: Any) -> Any:
        return (u * jax.lax.conv_general_dilated(x, w, (1, 1), "SAME")).sum()

    contestants = {
        "ours": Contestant(ours, given),
        "value": Contestant(cg.compile(convolved_loss, *given), given),
        "jax": jitted(jax.value_and_grad(in_jax, argnums=(0, 1)), given),
        "torch": backward(lambda x, w, u: (u * torch.nn.functional.conv2d(x, w, padding=1)).sum(), given, 2),
    }

    def agree() -> None:
        for a, b in zip(ours(*given)[1], contestants["torch"].call()[1], strict=True):
            _agree(a, b, 1e-4)

    return race(contestants, seconds, agree=agree)


def _agree(a: Any, b: Any, tolerance: float) -> None:
    right = b.detach().numpy()
    np.testing.assert_allclose(a, right, rtol=tolerance, atol=tolerance * float(np.max(np.abs(right))))

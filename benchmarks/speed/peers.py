"""The peers, set up as a fair contest wants: 64 bits where asked for, one thread, results waited for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from speed.clock import Contestant

WAIT = ".block_until_ready()"


def jax() -> Any:
    """JAX with float64 allowed."""
    import jax

    jax.config.update("jax_enable_x64", True)
    return jax


def torch() -> Any:
    """PyTorch on one thread."""
    import torch

    torch.set_num_threads(1)
    return torch


def jitted(function: Callable[..., Any], arguments: Any, *, first: str = "[0]") -> Contestant:
    """A function of JAX's, compiled; `first` picks the array of the result that is waited for: all come together."""
    lib = jax()
    return Contestant(lib.jit(function), [lib.device_put(a) for a in arguments], f"{first}{WAIT}")


def backward(loss: Callable[..., Any], arguments: Any, wrt: int) -> Contestant:
    """Value and gradients by the first `wrt` arguments, in PyTorch."""
    lib = torch()
    given = [lib.tensor(a) for a in arguments]
    leaves = [t.requires_grad_() for t in given[:wrt]]

    def call() -> Any:
        value = loss(*given)
        return value, lib.autograd.grad(value, leaves)

    return Contestant(call)


def on_buffers(made: Any, at: Sequence[float], sizes: Sequence[int]) -> Contestant:
    """A function of CasADi's on buffers that are given once: no result is made for Python."""
    buffer, run = made.buffer()
    given, results = [np.array([a]) for a in at], [np.zeros(n) for n in sizes]
    for k, array in enumerate(given):
        buffer.set_arg(k, memoryview(array))
    for k, array in enumerate(results):
        buffer.set_res(k, memoryview(array))
    run()
    assert float(results[0][0]) == float(made(*at)[0])
    return Contestant(run, keep=(made, buffer, given, results))

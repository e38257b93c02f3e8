"""Logistic loss and its gradient over a million rows of two features, beside a loop in C."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

import chalkgrad as cg
from speed.clock import Contestant, race
from speed.peers import backward, jitted

ROWS = 10**6
FLAGS = ("-O3", "-march=native", "-ffast-math")


def loss(w: Any, b: Any, X: Any, y: Any) -> Any:
    h = 1 / (1 + np.exp(-(X @ w + b)))
    return -np.mean(y * np.log(h) + (1 - y) * np.log(1 - h))


def data() -> tuple[Any, ...]:
    """Weights, offset, rows, labels."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(ROWS, 2))
    return np.array([0.7, -1.2]), 0.3, X, (rng.random(ROWS) < 0.5) * 1.0


def measure(case: str, seconds: float) -> dict[str, Any]:
    """All on one core; or Chalkgrad alone, with one thread and with two, in turns."""
    given = data()
    ours = cg.value_and_grad(loss, wrt=("w", "b"))
    if case.endswith("2 threads"):
        two, one = (Contestant(_threaded(ours, n), given) for n in (2, 1))
        return race({"ours": two, "one": one}, seconds, perf_counter)
    import jax
    import jax.numpy as jnp
    import torch

    def like(lib: Any) -> Any:
        def same(w: Any, b: Any, X: Any, y: Any) -> Any:
            h = 1 / (1 + lib.exp(-(X @ w + b)))
            return -lib.mean(y * lib.log(h) + (1 - y) * lib.log(1 - h))

        return same

    contestants = {
        "ours": Contestant(ours, given),
        "value": Contestant(cg.compile(loss, *given), given),
        "jax": jitted(jax.value_and_grad(like(jnp), argnums=(0, 1)), given),
        "torch": backward(like(torch), given, 2),
        "numba": Contestant(_numba(), given),
    }
    if shutil.which("gcc"):
        contestants["c"] = compiled(given)

    def agree() -> None:
        if "c" in contestants:
            value, (dw, db) = ours(*given)
            c_value, c_dw, c_db = contestants["c"].call()
            np.testing.assert_allclose([value, *dw, db], [c_value, *c_dw, c_db], rtol=1e-9)

    return race(contestants, seconds, agree=agree)


def _numba() -> Any:
    """The same loop by hand in Python, compiled by Numba, with the freedom that -ffast-math gives."""
    from math import exp, log

    from numba import njit

    def loop(w: Any, b: Any, X: Any, y: Any) -> Any:
        value, d0, d1, d = 0.0, 0.0, 0.0, 0.0
        for i in range(len(y)):
            h = 1 / (1 + exp(-(X[i, 0] * w[0] + X[i, 1] * w[1] + b)))
            z = h - y[i]
            value -= y[i] * log(h) + (1 - y[i]) * log(1 - h)
            d0 += z * X[i, 0]
            d1 += z * X[i, 1]
            d += z
        return value / len(y), np.array([d0 / len(y), d1 / len(y)]), d / len(y)

    return njit(loop, fastmath=True)


def _threaded(call: Any, threads: int) -> Any:
    def inside(*args: Any) -> Any:
        cg.threads(threads)
        return call(*args)

    return inside


def compiled(given: tuple[Any, ...]) -> Contestant:
    """The loop in C. Its flags are not for the linker: with -ffast-math that changes the arithmetic of the process."""
    source = Path(__file__).with_suffix(".c")
    folder = Path(tempfile.mkdtemp())
    subprocess.run(["gcc", *FLAGS, "-fPIC", "-c", str(source), "-o", str(folder / "loop.o")], check=True)
    link = ["gcc", "-shared", str(folder / "loop.o"), "-o", str(folder / "loop.so"), "-lmvec", "-lm"]
    subprocess.run(link, check=True)
    run = ctypes.CDLL(str(folder / "loop.so")).logistic
    shutil.rmtree(folder)
    w, b, X, y = given
    address = lambda a: ctypes.c_void_p(a.ctypes.data)
    inputs = [ctypes.c_long(len(y)), address(w), ctypes.c_double(b), address(X), address(y)]

    def call() -> Any:
        value, dw, db = np.empty(1), np.empty(2), np.empty(1)
        run(*inputs, address(value), address(dw), address(db))
        return value[0], dw, db[0]

    return Contestant(call, keep=given)

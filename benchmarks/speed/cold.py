"""The first gradient of S2, from text, in a process that has imported its library and no more.

python -m speed.cold LIBRARY prints the seconds that it took.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from speed.clock import alone
from speed.scalars import S2, WORK, neuron

TURNS = 9


def ours() -> float:
    """Read, differentiated, evaluated."""
    import chalkgrad as cg

    _, _, at = WORK["S2"]
    began = perf_counter()
    cg.value_and_grad(S2, wrt=(0, 1, 2, 3, 4))(*at)
    return perf_counter() - began


def jax() -> float:
    """Traced, differentiated, compiled, evaluated."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    _, _, at = WORK["S2"]
    began = perf_counter()
    made = jax.jit(jax.value_and_grad(neuron(jnp.exp), argnums=(0, 1, 2, 3, 4)))
    jax.block_until_ready(made(*at))
    return perf_counter() - began


def measure(case: str, seconds: float) -> dict[str, Any]:
    """Processes in turns; nothing is kept from one to the next, in caches of compiled code neither."""
    turns: list[dict[str, float]] = []
    for _ in range(TURNS if seconds >= 1 else 3):
        turns.append({name: _asked(name) for name in ("ours", "jax")})
    return {"first": {}, "times": {n: median([t[n] for t in turns]) for n in turns[0]}, "turns": turns}


def _asked(library: str) -> float:
    with tempfile.TemporaryDirectory() as empty:
        done = subprocess.run(
            [sys.executable, "-m", "speed.cold", library],
            cwd=Path(__file__).parent.parent,
            env={**os.environ, "XDG_CACHE_HOME": empty},
            capture_output=True,
            text=True,
            check=True,
        )
    return float(done.stdout)


if __name__ == "__main__":
    alone()
    print({"ours": ours, "jax": jax}[sys.argv[1]]())

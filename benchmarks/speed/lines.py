"""Straight lines of 10^3 to 10^5 scalar steps, unrolled from a loop: traced, differentiated, made ready, run.

python -m speed.lines LIBRARY STEPS prints seconds a stage, in a process of its own. `whole` is all that comes before
the first call at full speed: tracing, differentiating, compiling. It is processor time.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

from speed.clock import Contestant, alone
from speed.peers import jitted, on_buffers

SIZES = (1_000, 10_000, 100_000)
STAGES = ("trace", "differentiate", "whole", "run")
AT = (0.3, 0.9)
LIMIT = 120.0  # seconds for one measurement: JAX takes minutes over the longest


def line(sin: Callable[[Any], Any], steps: int) -> Callable[..., Any]:
    """Three steps a turn, in which no two turns are alike: a different one of four bodies each time, by no period."""

    def f(x: Any, y: Any) -> Any:
        z = x
        state = 1
        for _ in range(steps // 3):
            state = state * 48271 % 2147483647
            kind = state % 4
            if kind == 0:
                z = sin(z * y + x)
            elif kind == 1:
                z = z * y + x * 0.5
            elif kind == 2:
                z = (z - x) * y + 0.25
            else:
                z = z * 0.5 + x * y
        return z

    return f


def ours(steps: int) -> dict[str, float]:
    """The gradient's program can be shown before anything is compiled; a call does all of it."""
    import numpy as np

    import chalkgrad as cg

    f = line(np.sin, steps)
    found: dict[str, float] = {}
    program = _timed(found, "trace", lambda: cg.trace(f, *AT))
    _timed(found, "differentiate", lambda: cg.backprop(program))
    both = cg.value_and_grad(f, wrt=(0, 1))

    def ready() -> None:
        both(*AT)
        both(*AT)  # the first may be answered before anything is compiled

    _timed(found, "whole", ready)
    return _runs(found, Contestant(both, AT))


def casadi(steps: int) -> dict[str, float]:
    """An expression of scalars, its gradient, a function of it."""
    import casadi as ca

    found: dict[str, float] = {}
    x, y = ca.SX.sym("x"), ca.SX.sym("y")
    value = _timed(found, "trace", lambda: line(ca.sin, steps)(x, y))
    slopes = _timed(found, "differentiate", lambda: ca.gradient(value, ca.vertcat(x, y)))
    made = _timed(found, "whole", lambda: ca.Function("f", [x, y], [value, slopes]))
    found["whole"] += found["trace"] + found["differentiate"]
    return _runs(found, on_buffers(made, AT, (1, 2)))


def jax(steps: int) -> dict[str, float]:
    """Its own intermediate form; that of the gradient; compiled."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    found: dict[str, float] = {}
    f = line(jnp.sin, steps)
    _timed(found, "trace", lambda: jax.make_jaxpr(f)(*AT))
    _timed(found, "differentiate", lambda: jax.make_jaxpr(jax.grad(f, (0, 1)))(*AT))
    both = jitted(jax.value_and_grad(f, (0, 1)), AT)
    _timed(found, "whole", both.once)
    return _runs(found, both)


def _timed(found: dict[str, float], stage: str, action: Callable[[], Any]) -> Any:
    began = process_time()
    result = action()
    found[stage] = process_time() - began
    print(json.dumps(found), flush=True)  # what there is, should the time run out
    return result


def _runs(found: dict[str, float], both: Contestant) -> dict[str, float]:
    timer = both.timer()
    calls = max(1, int(0.02 / max(timer.timeit(3) / 3, 1e-7)))
    found["run"] = median([timer.timeit(calls) / calls for _ in range(7)])
    return found


LIBRARIES = {"ours": ours, "casadi": casadi, "jax": jax}


def measure(case: str, seconds: float) -> dict[str, Any]:
    """`stages`: for each library the median of seconds a stage; what failed or took too long is not there."""
    steps = int(case)
    rounds = 1 if seconds < 1 else 3 if steps > 10_000 else 5
    found: dict[str, list[dict[str, float]]] = {name: [] for name in LIBRARIES}
    for _ in range(rounds):
        for name, turns in found.items():
            if not turns or "run" in turns[-1]:
                turns.append(_asked(name, steps))
    stages = {
        name: {s: median([t[s] for t in turns]) for s in STAGES if all([s in t for t in turns])}
        for name, turns in found.items()
    }
    return {"stages": stages}


def _asked(library: str, steps: int) -> dict[str, float]:
    command = [sys.executable, "-m", "speed.lines", library, str(steps)]
    try:
        done = subprocess.run(
            command, cwd=Path(__file__).parent.parent, env=os.environ, capture_output=True, text=True, timeout=LIMIT
        )
        said = done.stdout
        print(done.stderr, end="", file=sys.stderr)
    except subprocess.TimeoutExpired as late:
        said = (late.stdout or b"").decode() if isinstance(late.stdout, bytes) else late.stdout or ""
    lines = said.splitlines()
    return json.loads(lines[-1]) if lines else {}


if __name__ == "__main__":
    alone()
    sys.setrecursionlimit(10**6)
    print(json.dumps(LIBRARIES[sys.argv[1]](int(sys.argv[2]))))

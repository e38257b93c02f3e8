"""GradBench's evals: Chalkgrad's tool beside those in C++, in turns.

The C++ is GradBench's own: `GRADBENCH` names a folder of it in which the tools `manual` and `codipack` have been built.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

import chalkgrad as cg
from speed.clock import Contestant, calls_in, nothing_kept

sys.path.insert(0, str(Path(__file__).parent.parent / "gradbench"))

from evaluation import Function, compared
from tool import functions

TURNS = 7
NAMES = {
    "lse": ("primal", "gradient"),
    "llsq": ("primal", "gradient"),
    "gmm": ("objective", "jacobian"),
    "kmeans": ("cost", "dir"),
    "ode": ("primal", "gradient"),
    "lstm": ("objective", "jacobian"),
    "ba": ("objective", "jacobian"),
    "det": ("primal", "gradient"),
    "ht": ("objective", "jacobian"),
}


def home() -> Path | None:
    """Where GradBench is."""
    named = os.environ.get("GRADBENCH")
    return Path(named) if named else None


def binary(tool: str, module: str) -> Path | None:
    """A C++ program of GradBench's, if it is there."""
    folder = home()
    path = folder and folder / "tools" / tool / "bin" / module
    return path if path and path.exists() else None


def numbers(text: str) -> dict[str, int]:
    """`d=10 k=25` as numbers by name."""
    return {name: int(value) for name, value in (part.split("=") for part in text.split())}


def lse(n: int) -> dict[str, Any]:
    return {"x": np.random.default_rng(0).random(n).tolist()}


def llsq(n: int, m: int = 128) -> dict[str, Any]:
    return {"x": np.random.default_rng(0).random(m).tolist(), "n": n}


def gmm(d: int, k: int, n: int = 1000) -> dict[str, Any]:
    rng = np.random.default_rng(31337)
    arrays = {
        "x": rng.normal(size=(n, d)),
        "alpha": rng.normal(size=k),
        "mu": rng.random(size=(k, d)),
        "q": rng.normal(size=(k, d)),
        "l": rng.normal(size=(k, d * (d - 1) // 2)),
    }
    return {"d": d, "k": k, "n": n, "m": 0, "gamma": 1.0, **{name: a.tolist() for name, a in arrays.items()}}


def kmeans(k: int, n: int, d: int) -> dict[str, Any]:
    points = np.random.default_rng(0).random((n, d)).tolist()
    return {"points": points, "centroids": points[-k:]}


def ode(n: int, s: int) -> dict[str, Any]:
    return {"x": np.random.default_rng(0).random(n).tolist(), "s": s}


def lstm(layers: int, c: int, bits: int = 7) -> dict[str, Any]:
    """Of a text of plain letters, each as its bits."""
    rng = np.random.default_rng(0)
    letters = rng.choice([*map(ord, "etaoin shrdlu")], size=c)
    return {
        "main_params": rng.random((2 * layers, 4 * bits)).tolist(),
        "extra_params": rng.random((3, bits)).tolist(),
        "state": rng.random((2 * layers, bits)).tolist(),
        "sequence": ((letters[:, None] >> np.arange(bits)[::-1]) & 1).astype(float).tolist(),
    }


def ba(n: int, m: int, p: int) -> dict[str, Any]:
    """`n` cameras, `m` points, `p` observations, of numbers as GradBench's have them."""
    return {
        "n": n,
        "m": m,
        "p": p,
        "cam": [-0.76, -1.11, -0.85, 34.6, 39.7, 53.9, 419.2, 5.86, -8.52, 0.088, 0.0027],
        "x": [7.2, 0.0011, 3.02],
        "w": 0.59,
        "feat": [1.38, -0.86],
    }


def det(ell: int) -> dict[str, Any]:
    return {"A": np.random.default_rng(0).random(ell * ell).tolist(), "ell": ell}


def ht(v: int, n: int) -> dict[str, Any]:
    """`n` points in triangles of a hand of `v` vertices, whose bones hang together as those of GradBench's hand do."""
    rng = np.random.default_rng(0)
    parents = [-1, *[0 if k % 4 == 1 else k - 1 for k in range(1, 21)], 0]
    frames = np.concatenate((rng.normal(size=(2, 22, 3, 4)), np.tile([0.0, 0.0, 0.0, 1.0], (2, 22, 1, 1))), axis=2)
    model = {
        "bone_count": 22,
        "bone_names": [""] * 22,
        "parents": parents,
        "base_relatives": frames[0].tolist(),
        "inverse_base_absolutes": frames[1].tolist(),
        "base_positions": np.append(rng.normal(size=(v, 3)), np.ones((v, 1)), axis=1).tolist(),
        "weights": (rng.random((v, 22)) / 22).tolist(),
        "triangles": rng.integers(v, size=(1000, 3)).tolist(),
        "is_mirrored": False,
    }
    seen = {"correspondences": rng.integers(1000, size=n).tolist(), "points": rng.normal(size=(n, 3)).tolist()}
    return {"theta": rng.normal(size=26).tolist(), "data": {"model": model, **seen}, "us": rng.random((n, 2)).tolist()}


INPUTS: dict[str, Callable[..., dict[str, Any]]] = {
    "lse": lse,
    "llsq": llsq,
    "gmm": gmm,
    "kmeans": kmeans,
    "ode": ode,
    "lstm": lstm,
    "ba": ba,
    "det": det,
    "ht": ht,
}


def measure(case: str, seconds: float) -> dict[str, Any]:
    """`case` is the eval and its sizes: `gmm d=10 k=25`. The answers must agree as GradBench wants them to."""
    module, _, sizes = case.partition(" ")
    value, derivative = NAMES[module]
    given = INPUTS[module](**numbers(sizes))
    ours = functions(module)
    tools = {"manual": derivative, "codipack": derivative, "manual value": value}
    with tempfile.TemporaryDirectory() as folder:
        rivals = {
            name: Rival(path, function, given, Path(folder), seconds / 10)
            for name, function in tools.items()
            if (path := binary(name.split()[0], module)) is not None
        }
        began = perf_counter()
        with nothing_kept():
            mine = {"ours": _compiled(ours[derivative], given)}
        first = perf_counter() - began
        mine["value"] = _compiled(ours[value], given)
        if "manual" in rivals:
            answer = ours[derivative].answer(mine["ours"].call(*mine["ours"].arguments))
            if wrong := compared(rivals["manual"].output, answer):
                raise AssertionError(f"{case}: {wrong}")
        timers = {name: (timer := c.timer(), calls_in(timer, seconds / 20)) for name, c in mine.items()}
        turns: list[dict[str, float]] = []
        while len(turns) < TURNS:
            here = {name: timer.timeit(calls) / calls for name, (timer, calls) in timers.items()}
            turns.append(here | {name: rival.seconds() for name, rival in rivals.items()})
    return {"ready": {"ours": first}, "times": {n: median([t[n] for t in turns]) for n in turns[0]}, "turns": turns}


def _compiled(function: Function, given: dict[str, Any]) -> Contestant:
    arguments = function.prepare(given)
    return Contestant(cg.compile(function.call, *arguments), arguments)


class Rival:
    """A function of a C++ tool. Its time is what one run more costs its process, in processor time.

    The times that it takes itself are by the clock on the wall, in which other processes have their part.
    """

    def __init__(self, path: Path, function: str, given: dict[str, Any], folder: Path, share: float) -> None:
        self._command = [str(path), "", function]
        self._files = folder / "one.json", folder / f"{path.parents[1].name}-{function}.json"
        self._files[0].write_text(json.dumps(given | {"min_runs": 1, "min_seconds": 0}))
        before = self._spent(0)
        self._files[1].write_text(json.dumps(given | {"min_runs": 3, "min_seconds": share}))
        self._spent(1)
        self.output = self._answer
        guess = median(self._times)
        self._runs = max(4, int(max(share, before) / guess))  # so that reading the input is no great part
        self._ones: list[float] = []
        self._files[1].write_text(json.dumps(given | {"min_runs": self._runs, "min_seconds": 0}))

    def _spent(self, which: int) -> float:
        self._command[1] = str(self._files[which])
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(self._command, capture_output=True, text=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        answer, *timings = done.stdout.splitlines()
        self._answer = json.loads(answer)
        self._times = [t["nanoseconds"] / 1e9 for t in map(json.loads, timings) if t["name"] == "evaluate"]
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    def seconds(self) -> float:
        """Of one run."""
        self._ones.append(self._spent(0))
        return (self._spent(1) - median(self._ones)) / (self._runs - 1)

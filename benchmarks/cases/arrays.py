"""Gradients of array code in plain NumPy, beside HIPS autograd, whose functions these are, too.

python -m cases.arrays KIND SIZE    in benchmarks/: one cell of the table, as JSON
"""

import json
import os
import sys
from collections.abc import Callable
from importlib.util import find_spec
from statistics import median
from time import perf_counter, process_time
from typing import Any

import numpy

from cases.measure import ask, table, verdicts

TITLE = "Array code, beside HIPS autograd"
MEANS = """The gradient by the first argument of six functions of plain NumPy, each the same source for both, on its own
`numpy`; *n* is about the number of entries that go in (of the loop: of its states, all steps together). Each cell is a
process of its own with one BLAS thread. There both libraries have had their first calls, and give the same gradient to
1e-9; then they take turns, for about 2 s. A cell is the median of the ratios of neighbouring turns, Chalkgrad's
processor time over autograd's, so under 1 Chalkgrad is the faster; in brackets its own time a call, in ms. Chalkgrad
traces once and then checks that the trace still serves; autograd traces at every call."""

SIZES = (10, 100, 1000, 10_000, 100_000, 1_000_000)
SECONDS, TURNS = 2.0, 400
# What two runs of the same thing differ by on a busy machine.
NOISE = 1.05

Made = tuple[Callable[[Any], Callable[..., Any]], tuple[Any, ...]]


def chain(n: int, rng: Any) -> Made:
    """Elementwise, in a loop of 5."""

    def on(np: Any) -> Callable[..., Any]:
        def f(x: Any) -> Any:
            for _ in range(5):
                x = np.tanh(x) * 1.1 + np.sin(x)
            return np.sum(x * x)

        return f

    return on, (rng.normal(size=n),)


def logistic(n: int, rng: Any) -> Made:
    """Logistic regression as it is written down: two logarithms of 1/(1+e^-z)."""

    def on(np: Any) -> Callable[..., Any]:
        def f(w: Any, X: Any, y: Any) -> Any:
            h = 1 / (1 + np.exp(-(X @ w)))
            return -np.mean(y * np.log(h) + (1 - y) * np.log(1 - h))

        return f

    rows = n // 5
    return on, (rng.normal(size=5), rng.normal(size=(rows, 5)), (rng.random(rows) > 0.5) * 1.0)


def network(n: int, rng: Any) -> Made:
    """Two layers, 16 units, relu and tanh, squared error; by both matrices, in a tuple."""

    def on(np: Any) -> Callable[..., Any]:
        def f(weights: Any, X: Any, Y: Any) -> Any:
            W1, b1, W2, b2 = weights
            h = np.maximum(W1 @ X + b1, 0)
            return np.mean((np.tanh(W2 @ h + b2) - Y) ** 2)

        return f

    many = n // 10
    weights = tuple(rng.normal(size=s) for s in ((16, 10), (16, 1), (3, 16), (3, 1)))
    return on, (weights, rng.normal(size=(10, many)), rng.normal(size=(3, many)))


def mixture(n: int, rng: Any) -> Made:
    """Log-likelihood of a mixture of 4 round Gaussians in the plane."""

    def on(np: Any) -> Callable[..., Any]:
        def f(params: Any, X: Any) -> Any:
            means, widths, weights = params
            away = np.sum((X[:, None, :] - means) ** 2, axis=2) / (2 * np.exp(2 * widths))
            each = weights - np.log(np.sum(np.exp(weights))) - 2 * widths - away
            top = np.max(each, axis=1, keepdims=True)
            return np.sum(np.log(np.sum(np.exp(each - top), axis=1)) + top[:, 0])

        return f

    params = rng.normal(size=(4, 2)), rng.normal(size=4) * 0.3, rng.normal(size=4)
    return on, (params, rng.normal(size=(n // 2, 2)))


def loop(n: int, rng: Any) -> Made:
    """A recurrent net of 10 units, 50 steps in a Python loop."""

    def on(np: Any) -> Callable[..., Any]:
        def f(W: Any, U: Any, x: Any) -> Any:
            h = np.zeros(x.shape[1:])
            for t in range(50):
                h = np.tanh(W @ h + U @ x[t])
            return np.mean(h * h)

        return f

    many = max(n // 500, 1)
    return on, (rng.normal(size=(10, 10)) * 0.4, rng.normal(size=(10, 10)), rng.normal(size=(50, 10, many)))


def sorting(n: int, rng: Any) -> Made:
    """Sorted, sliced, gathered with repeats, summed up as it goes."""

    def on(np: Any) -> Callable[..., Any]:
        def f(x: Any) -> Any:
            s = np.sort(x)
            return np.sum(s[::2] * s[1::2]) + np.sum(x[index] ** 2 * np.cumsum(s)) / n

        return f

    index = rng.integers(0, n, size=n)
    return on, (rng.normal(size=n),)


KINDS: dict[str, Callable[[int, Any], Made]] = {
    "elementwise chain": chain,
    "logistic regression": logistic,
    "two-layer net": network,
    "Gaussian mixture": mixture,
    "recurrent loop, 50 steps": loop,
    "sorting and indexing": sorting,
}


def cell(kind: str, n: int) -> dict[str, Any]:
    """Both, taking turns: the ratio, its spread, and the time of each, in seconds a call."""
    import autograd  # type: ignore[import-untyped]  # it has no types
    import autograd.numpy  # type: ignore[import-untyped]  # it has no types

    import chalkgrad as cg

    on, args = KINDS[kind](n, numpy.random.default_rng(n))
    ours, theirs = cg.grad(on(numpy)), autograd.grad(on(autograd.numpy))
    for a, b in zip(_flat(ours(*args)), _flat(theirs(*args)), strict=True):
        numpy.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12 * max(1.0, float(numpy.max(numpy.abs(b)))))
    calls = max(1, int(2e-3 / _timed(theirs, args, 1)))
    found: list[tuple[float, float]] = []
    began = perf_counter()
    while len(found) < 7 or (perf_counter() - began < SECONDS and len(found) < TURNS):
        found.append((_timed(ours, args, calls), _timed(theirs, args, calls)))
    ratios = sorted(a / b for a, b in found)
    low, high = ratios[len(ratios) // 4], ratios[-1 - len(ratios) // 4]
    times = [median(t) for t in zip(*found, strict=True)]
    return {"ratio": median(ratios), "low": low, "high": high, "ours": times[0], "theirs": times[1]}


def _timed(f: Callable[..., Any], args: tuple[Any, ...], calls: int) -> float:
    began = process_time()
    for _ in range(calls):
        f(*args)
    return max(process_time() - began, 1e-9) / calls


def _flat(value: Any) -> list[Any]:
    return [x for v in value for x in _flat(v)] if isinstance(value, tuple) else [value]


def report() -> list[str]:
    """The table, and what was expected."""
    if find_spec("autograd") is None:
        return ["autograd is not installed: nothing to compare with."]
    before = os.environ.get("OPENBLAS_NUM_THREADS")
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # the processes that are asked begin with it
    found = {(k, n): ask("arrays", k, n, limit=180) for k in KINDS for n in SIZES}
    if before is None:
        del os.environ["OPENBLAS_NUM_THREADS"]
    else:
        os.environ["OPENBLAS_NUM_THREADS"] = before
    rows = [[k, *[_shown(found[k, n]) for n in SIZES]] for k in KINDS]
    claims: list[tuple[str, bool | None, str]] = []
    for n in SIZES:
        ratios = [found[k, n]["ratio"] for k in KINDS if "ratio" in found[k, n]]
        whole = len(ratios) == len(KINDS)
        seen = f"{min(ratios):.2f} to {max(ratios):.2f}" if ratios else "nothing"
        claims.append((f"at {n:,} entries not slower, {NOISE} and less", max(ratios) <= NOISE if whole else None, seen))
    wide = max((f["high"] - f["low"]) / f["ratio"] for f in found.values() if "ratio" in f)
    head = ["gradient of", *[f"n = {n:,}" for n in SIZES]]
    said = f"Half of the turns of a cell lie within {wide:.0%} of its ratio, in the cell where they differ most."
    return [*table(head, rows), "", said, "", *verdicts(claims)]


def _shown(found: dict[str, Any]) -> str:
    if "ratio" not in found:
        return str(found["result"])
    return f"{found['ratio']:.2f} ({found['ours'] * 1e3:.3g})"


if __name__ == "__main__":
    print(json.dumps(cell(sys.argv[1], int(sys.argv[2]))))

"""Random functions of long arrays: machine code against the interpreter.

    python tests/fuzz/long_arrays.py --count 5000 --seed 1

The other random programs have short arrays. Here extents are such that loops are cut in tiles and parts, that lanes
leave a rest, that entries are packed, and that products go to a routine.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, final

import numpy as np

import chalkgrad as cg

EXTENTS = (3, 8, 13, 17, 64, 100, 129, 257, 300, 513, 1000, 2049)
NARROW = (2, 3, 5, 8, 16, 17, 40)
# Entries of an argument, and of a value.
GIVEN, LARGEST = 300_000, 600_000
# What is done to a value `a`, and to another `b` of the same shape; to a matrix; to a vector.
ANY = (
    "np.tanh(a)",
    "np.exp(-a ** 2)",
    "a * b + 0.5",
    "np.maximum(a, b * 0.7)",
    "np.where(a > 0.1, a, 0.3 * b)",
    "np.concatenate([a[:1], a[1:] * a[:-1]])",
    "np.cumsum(a, axis=0) / len(a)",
    "np.roll(a, 2, 0) - np.roll(a, -1, 0)",
    "a[1:] - a[:-1]",
    "a[np.arange(len(a)) * 7 % len(a)]",
    "a[np.arange(33) * 3 % len(a)]",
    "a[::2] * b[::2]",
    "a[::-1] - 0.5 * a",
    "a[1:-1:3] + a[2::3][: len(a[1:-1:3])].sum() / len(a)",
    "a[-2:0:-1] * 0.3",
    "np.diff(a, axis=0) * 0.5",
    "np.concatenate([b[-2:], a[2:], 0.1 * b[:3]])",
    "np.repeat(a, 2, axis=0)[1 : len(a) + 1]",
    "np.reshape(a, -1)",
    "np.cumprod(1 + 0.3 * np.tanh(a) / len(a), axis=0)",
    "np.sort(a, axis=0)",
    "np.take_along_axis(a, np.argsort(b, axis=0), 0)",
    "inner(a, b)",
    "swept(a)",
    "halves(a, b)",
    "last(a, b)",
    "added(a, b)",
    "turned(a, b)",
    "np.clip(a, -0.5, 0.8) + np.abs(b)",
    "np.sqrt(a * a + b * b + 0.1)",
    "a / (1 + b * b)",
)
MATRIX = (
    "a.T",
    "a[:, ::-1] * 0.5",
    "np.sum(a, axis=1) / a.shape[1]",
    "np.mean(a, axis=0)",
    "np.max(a, axis=1)",
    "np.min(a, axis=0)",
    "a - np.max(a, axis=1, keepdims=True)",
    "np.exp(a * 0.3) / np.sum(np.exp(a * 0.3), axis=1, keepdims=True)",
    "a @ a.T / a.shape[1]",
    "a.T @ b / a.shape[0]",
    "np.concatenate([a, b], axis=1)",
    "np.sum((a[:300, None, :16] - a[None, :300, :16]) ** 2, axis=-1)",
    "a[1:-1, 1:-1] * 4 - a[:-2, 1:-1] - a[2:, 1:-1] - a[1:-1, :-2] - b[1:-1, 2:]",
    "a[:, 1:] - a[:, :-1]",
    "a[:, ::-2] * 0.5",
    "a[::2, 1:] * a[::2, :-1]",
    "np.roll(a, 1, 1) + np.roll(a, -1, 0) - 2 * a",
    "np.cumsum(a, axis=1) / a.shape[1]",
    "np.sort(a, axis=1)",
    "np.reshape(a, (a.shape[1], a.shape[0]))",
    "np.transpose(a)[::-1] * 0.5",
    "np.einsum('ij,ij->i', a, b) / a.shape[1]",
    "np.einsum('ij,kj->ki', a[:64], b[:300]) / a.shape[1]",
    "a[:, np.arange(a.shape[1]) * 5 % a.shape[1]]",
    "a[np.arange(len(a)), np.arange(len(a)) * 3 % a.shape[1]]",
    "a[0] * b + a[:, :1]",
    "np.where(a[:, :1] > 0, a, b)",
    "np.var(a, axis=1) + np.mean(b, axis=1)",
    "np.linalg.norm(a, axis=1)",
    "np.pad(a, ((1, 2), (0, 1)))",
    "ringed(a, b)",
    "plate(a)",
)
VECTOR = (
    "a[:513, None] - a[None, :513]",
    "np.concatenate([a, a * 2.0, np.ones(3, a.dtype)])",
    "a[:, None] * b + a[0]",
    "np.outer(a[:300], b[:200])",
    "np.reshape(a[: len(a) // 2 * 2], (-1, 2))",
    "np.pad(a, 2)",
    "np.interp(a, np.linspace(-2.0, 2.0, 9), np.linspace(0.0, 1.0, 9) ** 2)",
    "np.searchsorted(np.linspace(-2.0, 2.0, 9), a) * b",
    "a[np.minimum(np.arange(len(a)) + 2, len(a) - 1)]",
)
# What takes more than a line: writes into arrays, sweeps, and a loop that is a step.
WRITTEN = """
def inner(a, b):
    c = np.zeros_like(a)
    c[1:-1] = a[2:] * b[:-2]
    c[0] = a[-1]
    return c

def swept(a):
    c = a * 1.0
    for _ in range(3):
        c[1:-1] = c[1:-1] + 0.1 * (c[2:] - 2 * c[1:-1] + c[:-2])
    return c

def halves(a, b):
    c = a * 0.5
    c[1:-1:2] += 0.3 * (c[:-2:2] + c[2::2])
    c[::2] *= b[::2]
    return c

def last(a, b):
    c = np.concatenate([a, b])
    c[-3:] = c[:3] * 2.0
    c[len(a) :] += a
    return c[len(a) // 2 : len(a) // 2 + len(a)]

def added(a, b):
    c = a * 0.5
    np.add.at(c, np.arange(len(a)) * 3 % (len(a) // 2 + 1), b)
    return c

def turned(a, b):
    h, ys = cg.scan(lambda c, x: (0.5 * c + np.tanh(x[0]), c * x[1]), a[0] * 1.0, (a, b))
    return ys + h

def ringed(a, b):
    c = a * b
    c[0], c[-1], c[:, 0], c[:, -1] = b[1], b[-2], a[:, 1], a[:, -2]
    return c

def plate(a):
    c = a * 1.0
    for _ in range(2):
        c[1:-1, 1:-1] = 0.25 * (c[:-2, 1:-1] + c[2:, 1:-1] + c[1:-1, :-2] + c[1:-1, 2:])
    return c
"""
TOLERANCE = {"float64": 1e-8, "float32": 3e-3}


class Mismatch(AssertionError):
    """Machine code and the interpreter do not agree."""


@final
@dataclass(frozen=True)
class Case:
    """A function, as text too, and its arguments."""

    text: str
    function: Callable[..., Any]
    arguments: tuple[np.ndarray, ...]


def case(seed: int) -> Case:
    """The same for the same seed."""
    rng = np.random.default_rng(seed)
    n = int(rng.choice(EXTENTS))
    m = int(rng.choice([e for e in EXTENTS if e * n <= GIVEN]))
    d = int(rng.choice(NARROW))
    dtype = "float32" if rng.random() < 0.4 else "float64"
    shapes = (n, m), (m, d), (m,), (n,)
    arguments = tuple([rng.normal(size=s).astype(dtype) for s in shapes])
    lines = ["z0 = x @ w / len(w) ** 0.5", "z1 = x @ v / len(v) ** 0.5"]
    values: dict[str, tuple[int, ...]] = {
        "x": shapes[0],
        "w": shapes[1],
        "v": shapes[2],
        "u": shapes[3],
        "z0": (n, d),
        "z1": (n,),
    }
    for _ in range(int(rng.integers(2, 8))):
        a = _picked(rng, list(values))
        same = [name for name, shape in values.items() if shape == values[a]]
        pieces = ANY + (MATRIX if len(values[a]) == 2 else VECTOR)
        text = pieces[rng.integers(len(pieces))]
        b = str(rng.choice(same))
        shape = _shape(text, values[a], dtype)
        if shape is None:
            continue
        name = f"z{len(lines)}"
        lines.append(f"{name} = (lambda a, b: {text})({a}, {b})")
        values[name] = shape
    last = list(values)[-3:]
    lines.append("return " + " + ".join([f"np.mean({z} * np.sin({z}))" for z in last]))
    text = "def f(x, w, v, u):\n" + "".join([f"    {line}\n" for line in lines])
    names = _names()
    exec(text, names)
    return Case(text, names["f"], arguments)


def _names() -> dict[str, Any]:
    names: dict[str, Any] = {"np": np, "cg": cg}
    exec(WRITTEN, names)
    return names


def _picked(rng: np.random.Generator, names: list[str]) -> str:
    """One of the last most often, so that values build on each other."""
    return names[-min(len(names), int(rng.geometric(0.4)))] if rng.random() < 0.8 else str(rng.choice(names))


def _shape(text: str, shape: tuple[int, ...], dtype: str) -> tuple[int, ...] | None:
    """That of a piece; None where it is too large, or has no entries."""
    if (text in ("a @ a.T / a.shape[1]", "a.T @ b / a.shape[0]")) and max(shape) ** 2 > LARGEST:
        return None
    example = np.zeros(shape, dtype)
    try:
        found = eval(text, {**_names(), "a": example, "b": example})
    except (ValueError, IndexError):  # too few entries for it
        return None
    return found.shape if found.ndim and 0 < found.size <= LARGEST else None


def check(made: Case) -> None:
    """Value and gradients by all arguments. Raises Mismatch."""
    wanted = _interpreted(made, made.arguments)
    try:
        _compared(made, wanted)
    except Mismatch:
        wide = tuple([a.astype(float) for a in made.arguments])
        if made.arguments[0].dtype == np.float64 or _steady(wanted, _interpreted(made, wide)):
            raise
        check(Case(made.text, made.function, wide))  # in float32 it is rounding alone


def _interpreted(made: Case, arguments: tuple[np.ndarray, ...]) -> list[np.ndarray]:
    alone = lambda *given: made.function(*given)  # a function of its own, of which nothing is compiled
    with _mode("off"):
        value, slopes = cg.value_and_grad(alone, wrt=(0, 1, 2, 3))(*arguments)
    return [np.asarray(x) for x in (value, *slopes)]


def _compared(made: Case, wanted: list[np.ndarray]) -> None:
    with _mode("strict"):
        compiled: Any = cg.compile(cg.value_and_grad(made.function, wrt=(0, 1, 2, 3)), *made.arguments)
        assert compiled.artifacts
        for turn in range(2):
            found, rises = compiled(*made.arguments)
            for place, (got, want) in enumerate(zip((found, *rises), wanted, strict=True)):
                which = f"output {place} of call {turn}"
                _agree(np.asarray(got), want, _scale(wanted), TOLERANCE[str(made.arguments[0].dtype)], which, made.text)


def _steady(narrow: list[np.ndarray], wide: list[np.ndarray]) -> bool:
    """Whether the interpreter's numbers of float32 are those of float64, as far as float32 goes."""
    try:
        for a, b in zip(narrow, wide, strict=True):
            _agree(a, b.astype(a.dtype), _scale(wide), TOLERANCE["float32"], "", "")
    except Mismatch:
        return False
    return True


def _scale(values: list[np.ndarray]) -> float:
    """What cancels is left with the rounding of what was larger."""
    return max([float(np.max(np.abs(x[np.isfinite(x)]), initial=0)) for x in values])


@contextmanager
def _mode(native: str) -> Generator[None]:
    before = os.environ.get("CHALKGRAD_NATIVE")
    os.environ["CHALKGRAD_NATIVE"] = native
    try:
        yield
    finally:
        os.environ.pop("CHALKGRAD_NATIVE")
        if before is not None:
            os.environ["CHALKGRAD_NATIVE"] = before


def _agree(got: np.ndarray, want: np.ndarray, scale: float, tolerance: float, which: str, text: str) -> None:
    if got.shape != want.shape or got.dtype != want.dtype:
        raise Mismatch(f"{which} is {got.dtype} {got.shape}, not {want.dtype} {want.shape}, in\n{text}")
    there = np.isfinite(want)
    if not np.array_equal(np.isfinite(got), there):
        raise Mismatch(f"{which} is finite elsewhere, in\n{text}")
    wide = want.astype(float)[there]
    apart = np.max(np.abs(got.astype(float)[there] - wide), initial=0.0)
    if apart > tolerance * (np.max(np.abs(wide), initial=0.0) + 1e-3 * scale + 1e-30):
        raise Mismatch(f"{which} is {apart} apart, of {np.max(np.abs(wide))}, in\n{text}")


def run(seed: int, count: int) -> Iterator[str]:
    """What is wrong with so many cases; progress goes to stderr."""
    for k in range(seed, seed + count):
        try:
            check(case(k))
        except Exception as error:  # whatever it is, it is told and the others are run
            yield f"seed {k}: {type(error).__name__}: {error}"
        if (k - seed + 1) % 100 == 0:
            print(f"{k - seed + 1} of {count}", file=sys.stderr, flush=True)


def main() -> None:
    """Print what is wrong; exit with 1 if anything is."""
    parser = argparse.ArgumentParser(description="Random functions of long arrays: machine code and the interpreter.")
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    os.environ["CHALKGRAD_CACHE"] = "off"
    wrong = 0
    for said in run(given.seed, given.count):
        wrong += 1
        print(said, flush=True)
    print(f"{given.count} functions, {wrong} wrong")
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()

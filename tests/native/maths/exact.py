"""What the functions of `chalkgrad.native.maths` should be, and by how many units of the last place they miss it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import mpmath as mp
import numpy as np
from scipy import special

PRECISION = 400  # bits: enough for the sine of the greatest float64, once the argument is reduced

# by NumPy's names; what NumPy does not have, by its meaning
EXACT: dict[str, Callable[..., Any]] = {
    "arccos": mp.acos,
    "arccosh": mp.acosh,
    "arcsin": mp.asin,
    "arcsinh": mp.asinh,
    "arctan": mp.atan,
    "arctan2": mp.atan2,
    "arctanh": mp.atanh,
    "cbrt": lambda x: mp.sign(x) * mp.cbrt(abs(x)),
    "cos": mp.cos,
    "cosh": mp.cosh,
    "erf": mp.erf,
    "exp": mp.exp,
    "exp2": lambda x: mp.power(2, x),
    "expm1": mp.expm1,
    "hypot": mp.hypot,
    "log": mp.log,
    "log10": mp.log10,
    "log1p": mp.log1p,
    "log2": lambda x: mp.log(x, 2),
    "power": mp.power,
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
    "sin": mp.sin,
    "sinh": mp.sinh,
    "tan": mp.tan,
    "tanh": mp.tanh,
}


def sigmoid(x: Any) -> Any:
    """1/(1 + e^-x)."""
    return 1 / (1 + np.exp(-x))


def in_numpy(name: str) -> Callable[..., Any]:
    """The function in NumPy, for special values and, in float64, as the reference of float32."""
    return {"erf": special.erf, "sigmoid": sigmoid}.get(name) or getattr(np, name)


# The whole range, from 0 outwards; both signs are taken.
_EDGES = (0.0, 1e-30, 1e-16, 1e-8, 1e-3, 0.1, 0.3, 0.5, 0.63, 0.75, 1.0, 1.5, 2.5, 4.0, 10.0, 25.0, 50.0, 90.0)
_FAR = (200.0, 750.0, 1e4, 1e6, 2.0**28, 1e12, 1e30)


def strata(dtype: str) -> list[tuple[float, float]]:
    """The pieces of the positive half of the range."""
    info = np.finfo(dtype)
    return list(pairwise(sorted([*_EDGES, *_FAR, float(info.tiny), float(info.max)])))


def drawn(low: float, high: float, count: int, dtype: str, rng: np.random.Generator) -> Any:
    """Numbers of a piece, half of them spread over its floats, half of them over its length, and both ends."""
    whole = np.int64 if dtype == "float64" else np.int32
    ends = np.array([low, high], dtype)
    bits = ends.view(whole)
    of_floats = rng.integers(bits[0], bits[1], count, endpoint=True, dtype=whole).view(dtype)
    of_length = (low + rng.random(count) * (high - low)).astype(dtype)
    return np.concatenate([ends, of_floats, of_length])


def misses(name: str, y: Any, *xs: Any) -> float:
    """By how many units of the last place the greatest error among results is, for finite arguments in the domain."""
    info = np.finfo(y.dtype)
    worst = 0.0
    with mp.workprec(PRECISION):
        for value, *given in zip(y.tolist(), *[x.tolist() for x in xs], strict=True):
            worst = max(worst, _miss(value, EXACT[name](*[mp.mpf(x) for x in given]), info))
    return worst


def _miss(value: float, exact: Any, info: Any) -> float:
    if isinstance(exact, mp.mpc):  # outside the domain
        return 0.0 if np.isnan(value) else np.inf
    if not mp.isfinite(exact):
        return 0.0 if value == float(exact) else np.inf
    exponent = max(mp.frexp(exact)[1] - 1, int(info.minexp)) if exact else int(info.minexp)
    unit = mp.ldexp(1, exponent - int(info.nmant))
    if abs(exact) >= mp.mpf(float(info.max)) + mp.ldexp(1, int(info.maxexp) - 2 - int(info.nmant)):
        return 0.0 if value == (np.inf if exact > 0 else -np.inf) else np.inf
    return float(abs(mp.mpf(value) - exact) / unit) if np.isfinite(value) else np.inf

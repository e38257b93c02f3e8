"""The coefficients of `chalkgrad.native.maths`, made anew: best polynomials by Remez' exchange, in 60 digits.

    python tests/native/maths/coefficients.py [NAME …]

prints each list as Python floats, least power first, with the largest error that the rounded ones leave.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, final

import mpmath as mp
import numpy as np

from chalkgrad.native.maths import tables
from chalkgrad.native.maths.vectors import DOUBLE, SINGLE

Real = Callable[[Any], Any]


@final
@dataclass(frozen=True)
class Fit:
    """A polynomial p of this degree with weight(x) (p(x) - f(x)) as small as can be on [low, high].

    `fixed` are coefficients that are given. `dtype` is what they are rounded to. `known` are those in use.
    """

    f: Real
    weight: Real
    low: Any
    high: Any
    degree: int
    known: Sequence[float]
    fixed: tuple[float, ...] = ()
    dtype: str = "float64"


def remez(fit: Fit) -> list[float]:
    """The coefficients, each rounded on its own after those below it are."""
    given = list(fit.fixed)
    while len(given) <= fit.degree:
        free = _exchange(fit, given)
        given.append(_rounded(free[0], fit.dtype))
        if len(given) > 2:  # what later roundings leave is too small to matter
            return given + [_rounded(c, fit.dtype) for c in free[1:]]
    return given


def _rounded(c: Any, dtype: str) -> float:
    return float(np.float32(float(c))) if dtype == "float32" else float(c)


def _sum(coefficients: Sequence[Any], x: Any) -> Any:
    """The polynomial with these coefficients, least power first."""
    return reduce(lambda sum, c: sum * x + mp.mpf(c), reversed(coefficients), mp.mpf(0))


def _exchange(fit: Fit, given: Sequence[float]) -> list[Any]:
    low, high = mp.mpf(fit.low), mp.mpf(fit.high)
    first = len(given)
    count = fit.degree + 1 - first

    def rest(x: Any) -> Any:
        return (fit.f(x) - (_sum(given, x))) / x**first

    n = 40 * (count + 1)
    grid = [(low + high) / 2 - (high - low) / 2 * mp.cos(mp.pi * (mp.mpf(k) + 0.5) / n) for k in range(n)]
    # near 0 a weight may vanish, and then the exchange goes astray
    known = [(x, rest(x), abs(fit.weight(x) * x**first)) for x in grid if abs(x) > high / 100]
    chosen = [known[int((k + 0.5) * len(known) / (count + 1))] for k in range(count + 1)]
    best: list[Any] = []
    for _ in range(12):
        rows = [[w * x**j for j in range(count)] + [(-1) ** k] for k, (x, _, w) in enumerate(chosen)]
        solved = mp.lu_solve(mp.matrix(rows), mp.matrix([w * y for _, y, w in chosen]))
        best = [solved[j] for j in range(count)]
        errors = [w * (_sum(best, x) - y) for x, y, w in known]
        peaks: list[int] = []
        for k, e in enumerate(errors):
            if peaks and (errors[peaks[-1]] > 0) == (e > 0):
                if abs(e) > abs(errors[peaks[-1]]):
                    peaks[-1] = k
            else:
                peaks.append(k)
        while len(peaks) > count + 1:
            peaks.pop(0 if abs(errors[peaks[0]]) < abs(errors[peaks[-1]]) else -1)
        if len(peaks) < count + 1:
            break
        chosen = [known[k] for k in peaks]
        sizes = [abs(errors[k]) for k in peaks]
        if max(sizes) < 1.001 * min(sizes):
            break
    return best


def ratio(f: Real, low: Any, high: Any, above: int, below: int) -> tuple[list[float], list[float]]:
    """P and Q with P/Q = f at the Chebyshev nodes of the interval, which is nearly the best; Q ends with 1."""
    low, high = mp.mpf(low), mp.mpf(high)
    n = above + 1 + below
    nodes = [(low + high) / 2 + (high - low) / 2 * mp.cos(mp.pi * (mp.mpf(k) + 0.5) / n) for k in range(n)]
    rows = [[x**j for j in range(above + 1)] + [-f(x) * x**j for j in range(below)] for x in nodes]
    solved = mp.lu_solve(mp.matrix(rows), mp.matrix([f(x) * x**below for x in nodes]))
    return [float(solved[j]) for j in range(above + 1)], [float(solved[above + 1 + j]) for j in range(below)] + [1.0]


def error(fit: Fit, coefficients: Sequence[float]) -> float:
    """The largest weighted error, as a power of 2."""
    xs = [mp.mpf(fit.low) + (mp.mpf(fit.high) - mp.mpf(fit.low)) * k / 400 for k in range(401)]
    return float(mp.log(max(abs(fit.weight(x) * (_sum(coefficients, x) - fit.f(x))) for x in xs if x != 0), 2))


def _safe(f: Real, at_zero: Any) -> Real:
    return lambda x: mp.mpf(at_zero) if x == 0 else f(x)


def _odd(f: Real, third: Any, high: Any, degree: int, known: Sequence[float]) -> Fit:
    """f(x) = x + x z p(z) with z = x² up to `high`."""

    def p(z: Any) -> Any:
        return (f(mp.sqrt(z)) / mp.sqrt(z) - 1) / z

    def weight(z: Any) -> Any:
        return z * mp.sqrt(z) / f(mp.sqrt(z))

    return Fit(_safe(p, third), _safe(weight, 0), 0, high, degree, known)


def _log_quotient(z: Any) -> Any:
    """p with log m = 2 s + s z p(z), s = (m - 1)/(m + 1), z = s²."""
    s = mp.sqrt(z)
    return (mp.log((1 + s) / (1 - s)) / s - 2) / z


def _erf(degree: int, known: Sequence[float], dtype: str = "float64") -> Fit:
    """erf x = x + x p(x²) up to 1."""
    p = _safe(lambda z: mp.erf(mp.sqrt(z)) / mp.sqrt(z) - 1, 2 / mp.sqrt(mp.pi) - 1)
    return Fit(p, lambda z: mp.mpf(1), 0, 1, degree, known, (), dtype)


def _erf_tail(high: str, degree: int, known: Sequence[float], dtype: str = "float64") -> Fit:
    """erfc x = e^(-x p(x)): as far as 1 minus it needs."""
    return Fit(
        lambda x: -mp.log(mp.erfc(x)) / x, lambda x: x * mp.erfc(x) / mp.erf(x), 0.99, high, degree, known, (), dtype
    )


def fits() -> dict[str, Fit]:
    """All polynomials, by the names of their tables."""
    mp.mp.dps = 60
    one, rate = mp.mpf(1), mp.log(2)
    root, quarter = mp.sqrt(2), (mp.pi / 4) ** 2 * mp.mpf("1.0001")  # rounding may lead a little beyond pi/4
    edge = ((root - 1) / (root + 1)) ** 2
    # e^r = 1 + r p(r), 2^r = 1 + r p(r)
    e = (_safe(lambda r: mp.expm1(r) / r, 1), lambda r: r * mp.exp(-r), -rate / 2, rate / 2)
    two = (_safe(lambda r: mp.expm1(r * rate) / r, rate), lambda r: r * mp.exp(-r * rate), -0.5, 0.5)
    sine = _safe(lambda z: (mp.sin(mp.sqrt(z)) / mp.sqrt(z) - 1) / z, -one / 6)
    cosine = _safe(lambda z: (mp.cos(mp.sqrt(z)) - 1 + z / 2) / z**2, one / 24)
    return {
        "EXP": Fit(*e, 10, tables.EXP[DOUBLE], (1.0,)),
        "EXP single": Fit(*e, 5, tables.EXP[SINGLE], (1.0, 0.5), "float32"),
        "EXP2": Fit(*two, 10, tables.EXP2[DOUBLE], (float(rate),)),
        "EXP2 single": Fit(*two, 5, tables.EXP2[SINGLE], (_rounded(rate, "float32"),), "float32"),
        # from 3/4 to 3/2, and a little beyond
        "LOG": Fit(_safe(_log_quotient, one * 2 / 3), lambda z: mp.sqrt(z) * z, 0, mp.mpf("0.04001"), 6, tables.LOG),
        "LOG_TAIL": Fit(
            _safe(lambda z: (_log_quotient(z) - one * 2 / 3) / z, one * 2 / 5),
            lambda z: z * z,
            0,
            edge,
            6,
            tables.LOG_TAIL,
        ),
        # log(1 + f) = f - f²/2 + f³ p(f)
        "LOG_SINGLE": Fit(
            _safe(lambda f: (mp.log1p(f) - f + f * f / 2) / f**3, one / 3),
            _safe(lambda f: f**3 / mp.log1p(f), 0),
            mp.mpf("-0.25001"),
            mp.mpf("0.50001"),
            8,
            tables.LOG_SINGLE,
            (),
            "float32",
        ),
        # sin r = r + r z p(z), cos r = 1 - z/2 + z² p(z)
        "SIN": Fit(sine, lambda z: z, 0, quarter, 5, tables.SIN),
        "COS": Fit(cosine, lambda z: z * z, 0, quarter, 5, tables.COS),
        "SIN_SHORT": Fit(sine, lambda z: z, 0, quarter, 3, tables.SIN_SHORT),
        "COS_SHORT": Fit(cosine, lambda z: z * z, 0, quarter, 3, tables.COS_SHORT),
        "SINH": _odd(mp.sinh, one / 6, 1, 6, tables.SINH),
        "ARCTAN": _odd(mp.atan, -one / 3, (root - 1) ** 2 * mp.mpf("1.0001"), 10, tables.ARCTAN),
        "ARCSIN": _odd(mp.asin, one / 6, 0.25, 12, tables.ARCSIN),
        "ARCSINH": _odd(mp.asinh, -one / 6, 0.25, 11, tables.ARCSINH),
        "CBRT": Fit(mp.cbrt, lambda x: 1 / mp.cbrt(x), 1 / root, root, 3, tables.CBRT),
        "ERF": _erf(12, tables.ERF[DOUBLE]),
        "ERF single": _erf(6, tables.ERF[SINGLE], "float32"),
        "ERF_TAIL": _erf_tail("6.1", 18, tables.ERF_TAIL[DOUBLE]),
        "ERF_TAIL single": _erf_tail("4.1", 7, tables.ERF_TAIL[SINGLE], "float32"),
    }


def rest_of_tanh(z: Any) -> Any:
    """p with tanh x = x + x z p(z), z = x²."""
    return (mp.tanh(mp.sqrt(z)) / mp.sqrt(z) - 1) / z


def tanh_error(above: Sequence[float], below: Sequence[float]) -> float:
    """The largest relative error of tanh by P/Q, as a power of 2."""
    zs = [mp.mpf("0.4") * k / 400 for k in range(1, 401)]
    found = [z * (_sum(above, z) / _sum(below, z) - rest_of_tanh(z)) * mp.sqrt(z) / mp.tanh(mp.sqrt(z)) for z in zs]
    return float(mp.log(max(abs(e) for e in found), 2))


def main(names: Sequence[str]) -> None:
    """Print them."""
    for name, fit in fits().items():
        if not names or name in names:
            found = remez(fit)
            print(f"{name}  # error 2^{error(fit, found):.1f}, of those in use 2^{error(fit, fit.known):.1f}")
            print("".join([f"    {c!r},\n" for c in found]), end="")
    for name, above, below in (("TANH", 2, 3), ("TANH single", 1, 2)):
        if not names or name in names:
            print(name, *ratio(rest_of_tanh, 0, mp.mpf("0.4"), above, below), sep="\n    ")


if __name__ == "__main__":
    main(sys.argv[1:])

"""Differences: derivatives out of values alone, which every rule is checked with.

Central differences at halved steps, extrapolated to step 0 (Richardson), the best entry of the table chosen by its own
error estimate (Ridders, Advances in Engineering Software 4, 1982). Ops evaluate in NumPy, so that values are run in its
long double: a rule that is right agrees to 1e-12 or so, and what is off by 1e-9 is no matter of rounding.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

# Where long double is no wider than double (Windows, some ARM), values carry 16 digits and a difference about 10.
WIDE = bool(np.finfo(np.longdouble).eps < np.finfo(np.float64).eps)
TOLERANCE = 1e-9 if WIDE else 1e-6
LEVELS, COLUMNS = 24, 8


def numerical_jacobian(function: Callable[..., Any], xs: Sequence[Any], position: int) -> Array:
    """∂function/∂xs[position] by differences, in the shape of the output and then of the input.

    `function` is given long doubles. Where it has no value on one side, the differences are of the other side. An entry
    is NaN where differences do not settle to 1e-6. Else accurate to about 1e-13 relative (1e-9 where long double is no
    wider than double), at a smooth point.
    """
    wide = [widen(x) for x in xs]
    x = np.asarray(wide[position])
    with np.errstate(all="ignore"):
        shape = np.shape(function(*wide))
    out = np.empty((*shape, *x.shape))
    for place, unit in zip(np.ndindex(x.shape), units(x.shape), strict=True):
        line = along(lambda z: function(*wide[:position], z, *wide[position + 1 :]), x, unit)
        value, error = derivative(line, starts_at(x[place]))
        out[(..., *place)] = np.where(error <= 1e-6 * np.maximum(np.abs(value), 1.0), value, np.nan)
    return out


def settle(
    g: Callable[[float], Any], starts: list[float], given: float, y: float, scale: float, tolerance: float
) -> float | None:
    """What differences at several scales say of one slope: `given` where any agrees, None where they do not settle."""
    if math.isfinite(given) and abs(given) > 1e3:
        starts = [*starts, 2**-10 * max(1.0, abs(y)) / abs(given)]
    settled: list[float] = []
    for start in starts:
        value, error = (float(v) for v in ladder(g, start))
        limit = tolerance * max(abs(value), scale)
        if error <= limit:
            if abs(given - value) <= limit:
                return given
            settled.append(value)
    if settled and max(settled) - min(settled) <= 1e3 * tolerance * max(abs(settled[0]), scale):
        return settled[0]
    return None


def derivative(g: Callable[[float], Any], starts: Sequence[float]) -> tuple[Array, Array]:
    """The slope of g at 0 and its error, from the first of the starting steps at which all entries settle."""
    value = error = None
    for start in starts:
        found, off = ladder(g, start)
        if value is None or error is None:
            value, error = found, off
        else:
            better = off < error
            value, error = np.where(better, found, value), np.where(better, off, error)
        if np.all(error <= TOLERANCE * 1e-2 * np.maximum(np.abs(value), 1e-30)):
            break
    assert value is not None
    assert error is not None
    return value, error


def ladder(g: Callable[[float], Any], start: float) -> tuple[Array, Array]:
    """Extrapolated central differences; one-sided where g has no value on the other side."""
    with np.errstate(all="ignore"):
        middle = np.asarray(g(0.0))
        value, error = _extrapolate(lambda h: (np.asarray(g(h)) - g(-h)) / (2 * h), start, 4.0, middle)
        for side in (1, -1):
            lost = np.isnan(value) & np.isfinite(middle)
            if not lost.any():
                break
            one, off = _extrapolate(lambda h, s=side: s * (np.asarray(g(s * h)) - middle) / h, start, 2.0, middle)
            value, error = np.where(lost, one, value), np.where(lost, off, error)
    return value, error


def _extrapolate(estimate: Callable[[Any], Array], start: float, ratio: float, y: Array) -> tuple[Array, Array]:
    """The table of Richardson: halve the step, remove one power of it a column, keep what moved least."""
    value, error = np.full(y.shape, np.nan, np.longdouble), np.full(y.shape, np.inf, np.longdouble)
    above: list[Array] = []
    h = np.longdouble(start)
    for _ in range(LEVELS):
        row = [np.asarray(estimate(h))]
        for column, old in enumerate(above[: COLUMNS - 1], 1):
            row.append(row[-1] + (row[-1] - old) / (ratio**column - 1))
            off = np.maximum(np.abs(row[-1] - row[-2]), np.abs(row[-1] - old))
            better = off < error
            value, error = np.where(better, row[-1], value), np.where(better, off, error)
        above = row
        h = h / 2
        if y.size == 0 or np.all(error <= TOLERANCE * 1e-4 * np.maximum(np.abs(value), 1e-3 * np.max(np.abs(y)))):
            break
    return value, error


def starts_at(x: Any) -> list[float]:
    """First steps to try at x: ordinary, small as x itself, and very small, for a corner that is near."""
    size = float(abs(x))
    ordinary = 2**-5 * max(1.0, size)
    return [ordinary, *([2**-4 * size] if 0 < size < 1 else []), ordinary * (2**-21 if WIDE else 2**-10)]


def along(function: Callable[[Any], Any], x: Array, v: Array) -> Callable[[float], Any]:
    return lambda t: function((x + t * v)[()])


def units(shape: tuple[int, ...]) -> Iterator[Array]:
    for flat in range(math.prod(shape)):
        yield unit_at(shape, flat)


def unit_at(shape: tuple[int, ...], flat: int) -> Array:
    unit = np.zeros(shape, np.longdouble)
    unit.reshape(-1)[flat] = 1
    return unit


def random_direction(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return np.asarray(rng.uniform(0.5, 1.0, shape) * rng.choice([-1.0, 1.0], shape), np.longdouble)


def widen(value: Any) -> Any:
    array = np.asarray(value)
    return array.astype(np.longdouble)[()] if array.dtype.kind == "f" else array[()]

"""Hyperbolic functions beside tanh, and their inverses. Float32 goes by way of float64."""

from __future__ import annotations

import math

from chalkgrad.native.maths.exponential import Scale, clamped, power_of_e, reduced
from chalkgrad.native.maths.logarithm import log_of_pair, outside
from chalkgrad.native.maths.pairs import Pair, exact_sum, ordered_sum, root, square
from chalkgrad.native.maths.tables import ARCSINH, SINH
from chalkgrad.native.maths.vectors import Value, absolute, copysign, fma, polynomial, where


def _halves(x: Value) -> tuple[Pair, Value]:
    """e^x/2 for x from 0, as a float and what it is rounded by, and e^-x/2."""
    r, scale = reduced(clamped(x, -1.0, 711.0))
    scale = Scale(scale.first * 0.5, scale.second)
    most, rest = [scale(part) for part in power_of_e(r)]
    return (most, rest), 0.25 / most


def sinh(x: Value) -> Value:
    """The hyperbolic sine: x + x z p(z) up to 1, e^x/2 - e^-x/2 above."""
    size = absolute(x)
    (rising, rest), falling = _halves(size)
    total, lost = ordered_sum(rising, -falling)
    large = where(rising < math.inf, total + (lost + rest), rising)
    z = size * size
    small = fma(size * z, polynomial(z, SINH), size)
    return copysign(where(size < 1.0, small, large), x)


def cosh(x: Value) -> Value:
    """The hyperbolic cosine."""
    (rising, rest), falling = _halves(absolute(x))
    total, lost = ordered_sum(rising, falling)
    return where(rising < math.inf, total + (lost + rest), rising)


# Above, the 1 beside x² is not seen.
_LARGE = 2.0**60


def arcsinh(x: Value) -> Value:
    """log(x + sqrt(x² + 1)), and x + x z p(z) up to 1/2."""
    size = absolute(x)
    large = size > _LARGE
    power, lost = square(size)
    total, more = exact_sum(power, 1.0)
    high, low = root((total, lost + more))
    u, left_out = exact_sum(high, size)
    far = log_of_pair(where(large, size, u), where(large, 0.0, left_out + low), large)
    z = size * size
    near = fma(size * z, polynomial(z, ARCSINH), size)
    y = where(size < 0.5, near, far)
    return copysign(where(size < math.inf, y, size), x)


def arccosh(x: Value) -> Value:
    """log(x + sqrt(x² - 1))."""
    large = x > _LARGE
    power, lost = square(x)
    less, more = exact_sum(power, -1.0)
    high, low = root(ordered_sum(less, lost + more))
    u, left_out = ordered_sum(x, high)
    y = log_of_pair(where(large, x, u), where(large, 0.0, left_out + low), large)
    y = where(x < math.inf, y, x)
    return where(x > 1.0, y, where(x.same(1.0), 0.0, where(x.isnan(), x, math.nan)))


def arctanh(x: Value) -> Value:
    """(log(1 + x) - log(1 - x))/2."""
    size = absolute(x)
    above, below = [log_of_pair(*exact_sum(part, 1.0)) for part in (size, -size)]
    y = (above - outside(-size, below, -1.0)) * 0.5
    # 1 + x loses what is beyond the digits of 1, which is all of a small x
    return copysign(where(size < 2.0**-30, size, y), x)

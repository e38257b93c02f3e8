"""Cube roots, and the hypotenuse. Float32 goes by way of float64."""

from __future__ import annotations

import math

from chalkgrad.native.maths.exponential import nearest
from chalkgrad.native.maths.logarithm import split
from chalkgrad.native.maths.tables import CBRT
from chalkgrad.native.maths.vectors import Value, absolute, copysign, fma, polynomial, where


def cbrt(x: Value) -> Value:
    """The cube root: a guess for x without its exponent, which is mended twice; the last time by all its digits."""
    size = absolute(x)
    k, f, _ = split(size)
    thirds, scale = nearest(k, 1 / 3)
    over = fma(thirds, -3.0, k)  # -1, 0 or 1
    part = f + 1.0
    least, most = 2.0 ** (-1 / 3), 2.0 ** (1 / 3)
    y = polynomial(part, CBRT) * where(over < 0.0, least, where(over > 0.0, x.body.number(x.kind, most), 1.0))
    part = part * where(over < 0.0, 0.5, where(over > 0.0, x.body.number(x.kind, 2.0), 1.0))
    cube = y * y * y
    y = y * ((cube + (part + part)) / (cube + cube + part))
    power = y * y
    gap = fma(fma(y, y, -power), y, fma(power, y, -part))
    y = scale(y - gap / (power * 3.0))
    return copysign(where((size > 0.0) & (size < math.inf), y, size), x)


def hypot(x: Value, y: Value) -> Value:
    """sqrt(x² + y²), which is infinite where one of them is."""
    a, b = absolute(x), absolute(y)
    great, small = where(a > b, a, b), where(a > b, b, a)
    # squares leave the range long before their root does
    up, down = great < 2.0**-400, great > 2.0**500
    one = x.body.number(x.kind, 1.0)
    by = where(up, 2.0**600, where(down, 2.0**-600, one))
    back = where(up, 2.0**-600, where(down, 2.0**600, one))
    p, q = great * by, small * by
    square, other = p * p, q * q
    total = square + other
    lost = (square - total) + other
    rough = total.body.calls("sqrt", total)
    missing = fma(-rough, rough, total) + (lost + (fma(p, p, -square) + fma(q, q, -other)))
    found = where(total > 0.0, rough + missing * (0.5 / rough), total) * back
    infinite = a.same(math.inf) | b.same(math.inf)
    return where(infinite, math.inf, where(x.isnan() | y.isnan(), math.nan, found))

"""The inverse functions of sine, cosine and tangent. Float32 goes by way of float64."""

from __future__ import annotations

import math

from chalkgrad.native.maths.pairs import exact_sum, ordered_sum, quotient
from chalkgrad.native.maths.tables import ARCSIN, ARCTAN, HALF_PI, PI, QUARTER_PI, THREE_QUARTERS_PI
from chalkgrad.native.maths.vectors import Value, absolute, copysign, fma, polynomial, where

_ROOT = math.sqrt(2) - 1
_QUARTERS = ((0.0, QUARTER_PI[0], HALF_PI[0]), (0.0, QUARTER_PI[1], HALF_PI[1]))
_BACK = ((PI[0], THREE_QUARTERS_PI[0], HALF_PI[0]), (PI[1], THREE_QUARTERS_PI[1], HALF_PI[1]))


def _angle(a: Value, b: Value, back: Value | None = None) -> Value:
    """The angle of the point (b, a), neither below 0; where `back` holds, of (-b, a).

    It is that of a/b up to pi/8, from there pi/4 and that of (a - b)/(a + b), and above 3 pi/8 pi/2 less that of b/a.
    """
    body, none = a.body, a.body.number(a.kind, 0.0)
    low, middle = a < b * _ROOT, a * _ROOT < b
    between = middle & ~low
    less, more = exact_sum(a, -b), exact_sum(a, b)
    above = (where(low, a, where(middle, less[0], -b)), where(between, less[1], none))
    below = (where(low, b, where(middle, more[0], a)), where(between, more[1], none))
    high, rest = quotient(above, below)
    rest = where(below[0] < math.inf, rest, none)

    def start(known: tuple[float, float, float]) -> Value:
        first, second, third = [body.number(a.kind, x) for x in known]
        return where(low, first, where(middle, second, third))

    begin, small = [start(known) for known in _QUARTERS]
    if back is not None:
        begin, small = [where(back, start(t), x) for t, x in zip(_BACK, (begin, small), strict=True)]
        high, rest = where(back, -high, high), where(back, -rest, rest)
    z = high * high
    total, lost = ordered_sum(begin, high)
    return total + (lost + (fma(high * z, polynomial(z, ARCTAN), rest) + small))


def arctan(x: Value) -> Value:
    """The angle whose tangent it is."""
    return copysign(_angle(absolute(x), x.body.number(x.kind, 1.0)), x)


def arctan2(y: Value, x: Value) -> Value:
    """The angle of the point (x, y)."""
    a, b = absolute(y), absolute(x)
    # both of one size, where they are so great or small that neither is a number that can be divided by
    size = where(a > b, a, b)
    by = where(size > 2.0**1000, 2.0**-100, where(size < 2.0**-900, 2.0**200, y.body.number(y.kind, 1.0)))
    far = a.same(math.inf) & b.same(math.inf)
    none = a.same(0.0) & b.same(0.0)
    a, b = where(far, 1.0, a * by), where(far | none, 1.0, b * by)
    back = x.turned() < 0
    angle = where(x.isnan(), x, where(y.isnan(), y, _angle(a, b, back)))
    return copysign(angle, y)


def _right(size: Value) -> tuple[Value, Value, Value]:
    """Whether it is above 1/2; and arcsin of it, or of sqrt((1 - size)/2) where it is above, as a number and a rest."""
    large = size > 0.5
    z = where(large, fma(size, -0.5, 0.5), size * size)
    side = where(large, z.body.calls("sqrt", z), size)
    return large, side, side * z * polynomial(z, ARCSIN)


def arcsin(x: Value) -> Value:
    """The angle from -pi/2 to pi/2 whose sine it is."""
    large, side, rest = _right(absolute(x))
    most = fma(side, -2.0, HALF_PI[0])
    lost = fma(side, -2.0, HALF_PI[0] - most)
    far = most + (lost + fma(rest, -2.0, HALF_PI[1]))
    return copysign(where(large, far, side + rest), x)


def arccos(x: Value) -> Value:
    """The angle from 0 to pi whose cosine it is."""
    large, side, rest = _right(absolute(x))
    below = x < 0.0
    double = (side + rest) * 2.0
    turned = PI[0] - (double - PI[1])
    near = HALF_PI[0] - (copysign(side + rest, x) - HALF_PI[1])
    return where(large, where(below, turned, double), near)

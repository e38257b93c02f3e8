"""e^x, 2^x and e^x - 1, and what is made of them: tanh, sigmoid, erf."""

from __future__ import annotations

import math
from typing import NamedTuple

from chalkgrad.native.maths.pairs import Pair
from chalkgrad.native.maths.tables import ERF, ERF_TAIL, EXP, EXP2, LOG2, TANH
from chalkgrad.native.maths.vectors import (
    DOUBLE,
    SINGLE,
    Value,
    absolute,
    copysign,
    fma,
    in_pairs,
    mended,
    polynomial,
    when,
    where,
)


class _Format(NamedTuple):
    """What hangs on how many digits a float has."""

    digits: int  # of the part below its exponent
    bias: int  # of its exponent
    low: float  # below, e^x is as there: 0
    high: float  # above, e^x is as there: inf
    usual: float  # up to there, e^x and e^-x have all digits
    erf: float  # from there on, erf x is 1


_FORMAT = {DOUBLE: _Format(52, 1023, -746.0, 710.0, 708.0, 6.0), SINGLE: _Format(23, 127, -104.0, 89.0, 87.0, 4.0)}


class Scale(NamedTuple):
    """2^n as a product of two floats: one alone leaves the range where what it is to scale does not."""

    first: Value
    second: Value

    def __call__(self, x: Value) -> Value:
        return x * self.first * self.second


def clamped(x: Value, low: float, high: float) -> Value:
    """x, or the bound that it is beyond; NaN stays."""
    x = where(x < low, low, x)
    return where(x > high, high, x)


def nearest(x: Value, per: float) -> tuple[Value, Scale]:
    """The whole number n nearest to x times `per`, and 2^n."""
    how = _FORMAT[x.kind]
    # adding a number so large rounds to whole ones, and leaves n + twice the bias in the last bits
    magic = 1.5 * 2.0**how.digits + 2 * how.bias
    shifted = fma(x, per, magic)
    both = shifted.turned()
    half = both >> 1
    powers = [(part << how.digits).turned() for part in (half, both - half)]
    return shifted - magic, Scale(*powers)


def reduced(x: Value) -> tuple[Value, Scale]:
    """r and 2^n, with e^x = 2^n e^r, where x is in range."""
    high, low = LOG2[x.kind]
    n, scale = nearest(x, 1.4426950408889634)
    return fma(n, -low, fma(n, -high, x)), scale


def exp(x: Value) -> Value:
    """e^x, within 1.06 units of the last place."""
    how = _FORMAT[x.kind]
    rare = ~(absolute(x) <= how.usual)
    some = rare.some()
    y = _usual(when(some, lambda: clamped(x, -how.usual, how.usual), x))
    return when(some, lambda: _beyond(x, y, rare), y)


def _curve(r: Value) -> Value:
    """e^r where |r| ≤ (log 2)/2, as 1 + (r + r² p(r))."""
    return fma(in_pairs(r, EXP[r.kind][1:]), r * r, r) + 1.0


def _usual(x: Value) -> Value:
    """e^x where it has all digits: what is to be its exponent is added to that of e^r."""
    how = _FORMAT[x.kind]
    high, low = LOG2[x.kind]
    magic = 1.5 * 2.0**how.digits
    shifted = fma(x, 1.4426950408889634, magic)
    n = shifted - magic
    y = _curve(fma(n, -low, fma(n, -high, x)))
    return (y.turned() + (shifted.turned() << how.digits)).turned()


def _beyond(x: Value, y: Value, rare: Value) -> Value:
    """y, and what e^x is of the rare ones: 0, inf and NaN are often met, few digits are not."""
    how = _FORMAT[x.kind]
    below, above, none = x < how.low, x > how.high, x.isnan()
    found = where(below, 0.0, where(above, math.inf, where(none, x, y)))
    return mended("exp", rare & ~(below | above | none), (x,), found, _careful)


def _careful(x: Value) -> Value:
    how = _FORMAT[x.kind]
    r, scale = reduced(clamped(x, how.low, how.high))
    return scale(_curve(r))


def power_of_e(r: Value) -> Pair:
    """e^r where |r| ≤ (log 2)/2, and what it is rounded by."""
    p = polynomial(r, EXP[r.kind])
    near = fma(p, r, 1.0)
    return near, fma(p, r, 1.0 - near)


def exp2(x: Value) -> Value:
    """2^x."""
    how = _FORMAT[x.kind]
    x = clamped(x, -how.bias - how.digits - 2.0, how.bias + 2.0)
    n, scale = nearest(x, 1.0)
    r = x - n
    return scale(fma(polynomial(r, EXP2[x.kind]), r, 1.0))


def expm1(x: Value) -> Value:
    """e^x - 1, as 2 (t (e^r - 1) + (t - 1/2)) with t = 2^(n-1), where e^x = 2^n e^r."""
    how = _FORMAT[x.kind]
    high, low = LOG2[x.kind]
    inside = clamped(x, how.low, how.high)
    n, scale = nearest(inside, 1.4426950408889634)
    t = scale.first * 0.5 * scale.second
    near = fma(n, -high, inside)
    r = fma(n, -low, near)
    rest = fma(n, -low, near - r)  # what r was rounded by
    least = t - 0.5
    most = t * r
    total = least + most
    left_out = (least - total) + most
    small = r * r * polynomial(r, EXP[x.kind][1:]) + rest
    y = (total + fma(t, small, left_out)) * 2.0
    return where(absolute(x) < 2.0 ** -(how.digits + 2), x, y)  # -0 stays, and the last place of the smallest


def sigmoid(x: Value) -> Value:
    """1/(1 + e^-x) within a unit of the last place, from e^-|x|, which never overflows.

    The quotient is taken of rounded numbers and then mended by what the roundings left out.
    """
    how = _FORMAT[x.kind]
    r, scale = reduced(clamped(-absolute(x), how.low, how.high))
    decayed, rest = [scale(part) for part in power_of_e(r)]
    below = decayed + 1.0
    left_out = (1.0 - below) + decayed + rest
    upper = x >= 0.0
    above = where(upper, 1.0, decayed)
    share = 1.0 / below
    rough = above * share
    missing = fma(-rough, below, above) + fma(-rough, left_out, where(upper, 0.0, rest))
    return fma(missing, share, rough)


def tanh(x: Value) -> Value:
    """The hyperbolic tangent: x + x z P(z)/Q(z) with z = x² where |x| is small, else 1 - 2/(e^2|x| + 1).

    Both are a number and a quotient, so one division serves.
    """
    size = absolute(x)
    small = size < 0.625
    z = x * x
    upper, lower = [in_pairs(z, c) for c in TANH[x.kind]]
    far = where(size > 22.0, 22.0, size)
    above = where(small, size * z * upper, -2.0)
    below = where(small, lower, _usual(far + far) + _one(far))
    return copysign(where(small, size, 1.0) + above / below, x)


def _one(x: Value) -> Value:
    """1, and NaN where x is: what has only the usual numbers makes anything of that."""
    return fma(x, 0.0, 1.0)


def erf(x: Value) -> Value:
    """The error function: x + x p(x²) up to 1, above it 1 - e^(-x p(x))."""
    size = absolute(x)
    most = _FORMAT[x.kind].erf
    far = where(size > most, most, size)
    tail = _one(far) - _usual(-(far * in_pairs(far, ERF_TAIL[x.kind])))
    near = fma(size, in_pairs(size * size, ERF[x.kind]), size)
    return copysign(where(size < 1.0, near, tail), x)

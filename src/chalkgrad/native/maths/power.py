"""x^y as e^(y log |x|), with the logarithm to so many digits that what the exponential magnifies stays small."""

from __future__ import annotations

import math

from chalkgrad.native.maths.exponential import clamped, exp, nearest
from chalkgrad.native.maths.logarithm import log, split
from chalkgrad.native.maths.pairs import Pair, ordered_sum, product, quotient
from chalkgrad.native.maths.tables import EXP, LOG2, LOG_TAIL
from chalkgrad.native.maths.vectors import SINGLE, Value, absolute, fma, polynomial, where


def _log(x: Value) -> Pair:
    """log x, where x is above 0 and finite: 2 s + s z (2/3 + z p(z)), s = f/(2 + f), z = s²."""
    k, f, _ = split(x)
    s = quotient((f, x.body.number(x.kind, 0.0)), ordered_sum(x.body.number(x.kind, 2.0), f))
    z = product(s, s)
    tail = z[0] * polynomial(z[0], LOG_TAIL)
    third = ordered_sum(x.body.number(x.kind, 2 / 3), tail)
    cubic = product(s, product(z, (third[0], third[1] + _LOST_THIRD)))
    small = ordered_sum(s[0] + s[0], cubic[0])
    high, low = LOG2[x.kind]
    large = ordered_sum(k * high, small[0])
    return ordered_sum(large[0], large[1] + (small[1] + (fma(s[1], 2.0, cubic[1]) + k * low)))


# What 2/3 is rounded by.
_LOST_THIRD = 2.0**-54 * (2 / 3)


def power(x: Value, y: Value) -> Value:
    """x to the power of y. For float32 the digits of float64 are enough on the way."""
    if x.kind == SINGLE:
        x, y = x.widened(), y.widened()
        return _signed(x, y, exp(y * log(absolute(x)))).narrowed()
    return _signed(x, y, _magnitude(absolute(x), y))


def _magnitude(size: Value, y: Value) -> Value:
    """size^y, where size is not below 0."""
    most, less = _log(size)
    inside = (size < math.inf) & (size > 0.0)
    most = where(inside, most, where(size.same(0.0), -math.inf, size))
    exponent = y * most
    rest = fma(y, most, -exponent) + y * less
    # beyond this the result is 0 or inf
    rest = where(inside & (absolute(exponent) < 750.0), rest, 0.0)
    exponent = clamped(exponent, -746.0, 710.0)
    n, scale = nearest(exponent, 1.4426950408889634)
    high, low = LOG2[size.kind]
    near = fma(n, -high, exponent)
    reduced = fma(n, -low, near)
    r, rest = ordered_sum(reduced, rest + fma(n, -low, near - reduced))
    # e^r = 1 + r + r² p(r), where only the last sum is rounded to speak of: what has an exact value gets that
    total, lost = ordered_sum(size.body.number(size.kind, 1.0), r)
    return scale(total + (lost + fma(r * r, polynomial(r, EXP[size.kind][1:]), fma(rest, r, rest))))


def _signed(x: Value, y: Value, found: Value) -> Value:
    """x^y, given |x|^y where that is no special case."""
    # NaN to the power of 0 is 1, and 1 to that of NaN
    found = where(y.same(0.0) | x.same(1.0) | (x.same(-1.0) & absolute(y).same(math.inf)), 1.0, found)
    half = y * 0.5
    whole = y.body.calls("floor", y).same(y)
    odd = whole & ~y.body.calls("floor", half).same(half)
    sign = where(odd, x.turned() & -(2**63), 0)
    found = (found.turned() ^ sign).turned()
    return where((x < 0.0) & (x > -math.inf) & ~whole, math.nan, found)

"""Logarithms: x = 2^k (1 + f) with 1 + f from sqrt(1/2) to sqrt(2)."""

from __future__ import annotations

import math
import struct
from typing import NamedTuple

from chalkgrad.native.maths.pairs import exact_sum, ordered_sum
from chalkgrad.native.maths.tables import LOG, LOG2, LOG10_OF_2, LOG_SINGLE, PER_LOG2, PER_LOG10
from chalkgrad.native.maths.vectors import DOUBLE, SINGLE, Value, fma, polynomial, where


def _bits(x: float, code: str) -> int:
    return int.from_bytes(struct.pack(code, x), "big")


class _Format(NamedTuple):
    """What hangs on how many digits a float has."""

    digits: int  # of the part below its exponent
    bias: int  # of its exponent
    lift: int  # numbers with few digits are multiplied by this power of 2
    code: str

    def bits(self, x: float) -> int:
        """As a whole number."""
        return _bits(x, self.code)


_FORMAT = {DOUBLE: _Format(52, 1023, 54, ">d"), SINGLE: _Format(23, 127, 25, ">f")}


class Split(NamedTuple):
    """x = 2^k (1 + f). `exponent` is k and the bias, as a whole number."""

    k: Value
    f: Value
    exponent: Value


def split(x: Value, short: bool = True) -> Split:
    """k and f, where x is above 0 and finite; `short` where it may be one of the numbers with few digits."""
    how = _FORMAT[x.kind]
    tiny = x < 2.0 ** (1 - how.bias)
    bits = (where(tiny, x * 2.0**how.lift, x) if short else x).turned()
    root = how.bits(math.sqrt(0.5))
    moved = bits + (how.bits(1.0) - root)
    exponent = moved >> how.digits
    # made a real number by standing in the last bits of one
    whole = 2.0**how.digits
    counted = (exponent | how.bits(whole)).turned()
    zero = x.body.number(x.kind, whole + how.bias)
    k = counted - (where(tiny, whole + how.bias + how.lift, zero) if short else zero)
    f = ((moved & ((1 << how.digits) - 1)) + root).turned() - 1.0
    return Split(k, f, exponent)


def _excess(f: Value, also: Value) -> Value:
    """f - log(1 + f), less `also`."""
    if f.kind == SINGLE:
        square = f * f
        return square * 0.5 - fma(square * f, polynomial(f, LOG_SINGLE), also)
    s = f / (f + 2.0)
    z = s * s
    return fma(s, fma(-z, polynomial(z, LOG), f), -also)


def outside(x: Value, y: Value, pole: float = 0.0) -> Value:
    """`y`, and what a logarithm is of 0 (where x is `pole`), below it, of inf and of NaN."""
    y = where(x < math.inf, y, x)
    y = where(x.same(pole), -math.inf, y)
    return where(x < pole, math.nan, y)


def log(x: Value) -> Value:
    """The natural logarithm."""
    k, f, _ = split(x)
    high, low = LOG2[x.kind]
    return outside(x, fma(k, high, f - _excess(f, k * low)))


def log_of_pair(u: Value, left_out: Value, twice: Value | None = None) -> Value:
    """log(u + left_out), u above 0 and the other no more than what u is rounded by; and log 2 more where `twice`."""
    how = _FORMAT[u.kind]
    k, f, exponent = split(u, short=False)
    shrink = ((2 * how.bias - exponent) << how.digits).turned()  # 2^-k
    total, last = ordered_sum(f, where(u < 2.0 ** (how.digits + 2), left_out * shrink, 0.0))
    if twice is not None:
        k = where(twice, k + 1.0, k)
    high, low = LOG2[u.kind]
    return fma(k, high, total - _excess(total, fma(k, low, last)))


def log1p(x: Value) -> Value:
    """log(1 + x)."""
    y = log_of_pair(*exact_sum(x, 1.0))
    return outside(x, where(x.same(0.0), x, y), -1.0)  # -0 stays


def _scaled(x: Value, per: tuple[float, float], step: tuple[float, float]) -> Value:
    """log(x) times `per`, where that of 2 is `step`, both to twice the digits."""
    k, f, _ = split(x)
    square = f * f
    half = square * 0.5
    high = f - half
    if x.kind == SINGLE:
        rest = square * f * polynomial(f, LOG_SINGLE)
    else:
        s = f / (f + 2.0)
        z = s * s
        rest = s * fma(z, polynomial(z, LOG), half)
    low = ((f - high) - half) + rest
    most = high * per[0]
    less = fma(high, per[0], -most) + fma(low, per[0], high * per[1])
    # what is added is less than half of what it is added to, or that is 0
    whole = k * step[0]
    total = whole + most
    if step[1]:
        less = fma(k, step[1], less)
    return outside(x, total + (((whole - total) + most) + less))


def log2(x: Value) -> Value:
    """The logarithm to the base 2; exact for its powers."""
    return _scaled(x, PER_LOG2[x.kind], (1.0, 0.0))


def log10(x: Value) -> Value:
    """The logarithm to the base 10."""
    return _scaled(x, PER_LOG10[x.kind], LOG10_OF_2[x.kind])

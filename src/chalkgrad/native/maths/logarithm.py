"""Logarithms: x = 2^k (1 + f) with 1 + f from sqrt(1/2) to sqrt(2)."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from typing import NamedTuple

from chalkgrad.native.maths.pairs import ordered_sum
from chalkgrad.native.maths.tables import LOG, LOG2, LOG10_OF_2, LOG_SINGLE, PER_LOG2, PER_LOG10
from chalkgrad.native.maths.vectors import DOUBLE, INT, LONG, SINGLE, Value, fma, in_pairs, mended, where


def _bits(x: float, code: str) -> int:
    return int.from_bytes(struct.pack(code, x), "big")


class _Format(NamedTuple):
    """What hangs on how many digits a float has."""

    digits: int  # of the part below its exponent
    bias: int  # of its exponent
    lift: int  # numbers with few digits are multiplied by this power of 2
    bytes: int
    code: str

    def bits(self, x: float) -> int:
        """As a whole number."""
        return _bits(x, self.code)


_FORMAT = {DOUBLE: _Format(52, 1023, 54, 8, ">d"), SINGLE: _Format(23, 127, 25, 4, ">f")}
_AS_REAL = {LONG: DOUBLE, INT: SINGLE}


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


def _excess(f: Value, also: Value, above: Value | None = None) -> Value:
    """f - log(1 + f), less `also`. `above` is f + 2, where that is known."""
    if f.kind == SINGLE:
        square = f * f
        return square * 0.5 - fma(square * f, in_pairs(f, LOG_SINGLE), also)
    s = f / (f + 2.0 if above is None else above)
    z = s * s
    return fma(s, fma(-z, in_pairs(z, LOG), f), -also)


def outside(x: Value, y: Value, pole: float = 0.0) -> Value:
    """`y`, and what a logarithm is of 0 (where x is `pole`), below it, of inf and of NaN."""
    y = where(x < math.inf, y, x)
    y = where(x.same(pole), -math.inf, y)
    return where(x < pole, math.nan, y)


# For log and log1p, 1 + f is from here to twice this: x from -1/4 to 1/2 is f itself, and beyond f is exact.
_CUT = 0.75


def _turns(moved: Value) -> Value:
    """-k, given the bits of x and what there is from the cut to 1."""
    how = _FORMAT[_AS_REAL[moved.kind]]
    whole = 2.0**how.digits
    return whole + how.bias - ((moved >> how.digits) | how.bits(whole)).turned()


def _whole(turns: Value, f: Value, above: Value | None = None) -> Value:
    """log(1 + f) + k log 2, given -k: so that 0 has the sign of f."""
    high, low = LOG2[f.kind]
    return fma(turns, -high, f - _excess(f, turns * -low, above))


def _rare(x: Value, high: float) -> Value:
    """Whether x is not from the least number with all digits up to `high`, which is beyond."""
    how = _FORMAT[x.kind]
    beyond = (1 << (8 * how.bytes - 1)) - how.bits(high)
    return x.turned() + beyond < beyond + how.bits(2.0 ** (1 - how.bias))


def _of_usual(name: str, x: Value, found: Callable[[Value, Value | None], Value]) -> Value:
    """A logarithm, given what it is of a number with all digits, to whose exponent something may have been added."""

    def careful(x: Value) -> Value:
        how = _FORMAT[x.kind]
        tiny = x < 2.0 ** (1 - how.bias)
        lift = where(tiny, x.body.number(x.kind, how.lift), 0.0)
        return outside(x, found(where(tiny, x * 2.0**how.lift, x), lift))

    return mended(name, _rare(x, math.inf), (x,), found(x, None), careful)


def _parted(x: Value, lift: Value | None) -> tuple[Value, Value, Value]:
    """-k, f and f + 2; `lift` is no part of k."""
    how = _FORMAT[x.kind]
    cut = how.bits(_CUT)
    moved = x.turned() + (how.bits(1.0) - cut)
    turns = _turns(moved)
    m = ((moved & ((1 << how.digits) - 1)) + cut).turned()
    return turns if lift is None else turns + lift, m - 1.0, m + 1.0


def log(x: Value) -> Value:
    """The natural logarithm."""
    return _of_usual("log", x, lambda x, lift: _whole(*_parted(x, lift)))


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
    return mended("log1p", _rare(x + 1.0, 2.0 ** (_FORMAT[x.kind].bias - 1)), (x,), _log1p(x), _careful_log1p)


def _log1p(x: Value, drop: Value | None = None) -> Value:
    """That of a number that is neither -1 nor so large that 2^-k has few digits. `drop` is what its exponent was."""
    how = _FORMAT[x.kind]
    moved = (x + 1.0).turned() + (how.bits(1.0) - how.bits(_CUT))
    turns = _turns(moved)
    exponent = moved & -(1 << how.digits)
    shrink = ((2 * how.bias << how.digits) - exponent).turned()  # 2^-k
    f = fma(x, shrink, -(1.0 - shrink))
    return _whole(turns if drop is None else turns - drop, f)


def _careful_log1p(x: Value) -> Value:
    how = _FORMAT[x.kind]
    large = x > 2.0 ** (how.bias - 2)
    drop = where(large, x.body.number(x.kind, how.lift), 0.0)
    return outside(x, _log1p(where(large, x * 2.0**-how.lift, x), drop), -1.0)


def _scaled(name: str, x: Value, per: tuple[float, float], step: tuple[float, float]) -> Value:
    """log(x) times `per`, where that of 2 is `step`, both to twice the digits."""

    def found(x: Value, lift: Value | None) -> Value:
        turns, f, above = _parted(x, lift)
        square = f * f
        half = square * 0.5
        high = f - half
        if x.kind == SINGLE:
            rest = square * f * in_pairs(f, LOG_SINGLE)
        else:
            s = f / above
            z = s * s
            rest = s * fma(z, in_pairs(z, LOG), half)
        low = ((f - high) - half) + rest
        most = high * per[0]
        less = fma(high, per[0], -most) + fma(low, per[0], high * per[1])
        # what is added is less than half of what it is added to, or that is 0
        whole = turns * -step[0]
        total = whole + most
        if step[1]:
            less = fma(turns, -step[1], less)
        return total + (((whole - total) + most) + less)

    return _of_usual(name, x, found)


def log2(x: Value) -> Value:
    """The logarithm to the base 2; exact for its powers."""
    return _scaled("log2", x, PER_LOG2[x.kind], (1.0, 0.0))


def log10(x: Value) -> Value:
    """The logarithm to the base 10."""
    return _scaled("log10", x, PER_LOG10[x.kind], LOG10_OF_2[x.kind])

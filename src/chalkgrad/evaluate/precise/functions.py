"""Elementary functions of `decimal.Decimal`, to the digits of the context in force.

`exp`, `ln` and `sqrt` are the library's own, and correctly rounded. Where a formula would lose digits it is computed
with as many more. Raises OutsideDomain where a function has no real value.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Context, Decimal, getcontext, localcontext
from functools import lru_cache

ZERO, ONE, TWO, HALF = Decimal(0), Decimal(1), Decimal(2), Decimal("0.5")
# Beyond this the argument of a circular function would need more digits than the answer is worth.
FARTHEST = 400


class OutsideDomain(ArithmeticError):
    """There is no real value here."""


@lru_cache(maxsize=64)
def pi(digits: int) -> Decimal:
    """π to that many digits, by the recipe of the `decimal` documentation: Machin's formula."""
    with localcontext(Context(prec=digits + 8)):
        whole = 16 * _arctan_inverse(5) - 4 * _arctan_inverse(239)
        return +whole


def _arctan_inverse(n: int) -> Decimal:
    power = total = ONE / n
    square, k, sign = n * n, 1, -1
    floor = -getcontext().prec - 3
    while power.adjusted() > floor:
        power /= square
        k += 2
        total += sign * power / k
        sign = -sign
    return total


@lru_cache(maxsize=64)
def euler(digits: int) -> Decimal:
    """e to that many digits."""
    with localcontext(Context(prec=digits + 8)):
        return ONE.exp()


def _wider(function: Callable[..., Decimal]) -> Callable[..., Decimal]:
    """With more digits inside, as many as a small argument would cost."""

    def inside(x: Decimal) -> Decimal:
        if not x:
            return function(x)
        more = 6 + 2 * max(0, -x.adjusted())
        with localcontext() as context:
            context.prec += min(more, 4 * FARTHEST)
            result = function(x)
        return +result

    return inside


def log(x: Decimal) -> Decimal:
    if x <= 0:
        raise OutsideDomain
    return x.ln()


def sqrt(x: Decimal) -> Decimal:
    if x < 0:
        raise OutsideDomain
    return x.sqrt()


def cbrt(x: Decimal) -> Decimal:
    if not x:
        return ZERO
    with localcontext() as context:
        context.prec += 6
        root = (abs(x).ln() / 3).exp().copy_sign(x)
    return +root


def power(x: Decimal, n: Decimal) -> Decimal:
    """x^n: whole exponents of any x, others where x is positive; 0^0 is 1, as in NumPy."""
    if not n:
        return ONE
    if not x:
        if n < 0:
            raise OutsideDomain
        return ZERO
    whole = n == n.to_integral_value()
    if x < 0 and not whole:
        raise OutsideDomain
    if whole and abs(n) <= 64:
        return x ** int(n)
    if n.adjusted() > FARTHEST:
        raise OutsideDomain
    with localcontext() as context:
        context.prec += 8 + max(0, n.adjusted()) + len(str(x.adjusted()))
        result = (n * abs(x).ln()).exp()
    odd = x < 0 and whole and n.adjusted() < getcontext().prec and int(n) % 2
    return -result if odd else +result


def sin(x: Decimal) -> Decimal:
    return _circular(x)[0]


def cos(x: Decimal) -> Decimal:
    return _circular(x)[1]


def tan(x: Decimal) -> Decimal:
    s, c = _circular(x)
    if not c:
        raise OutsideDomain
    return s / c


def _circular(x: Decimal) -> tuple[Decimal, Decimal]:
    """sin and cos at once: x is taken to [-π/4, π/4], and its sixteenth into the series."""
    if not x:
        return ZERO, ONE
    if not x.is_finite() or x.adjusted() > FARTHEST:
        raise OutsideDomain
    with localcontext() as context:
        context.prec += 10 + max(0, x.adjusted())
        quarter = pi(context.prec) / 2
        turns = (x / quarter).to_integral_value()
        small = (x - turns * quarter) / 16
        context.prec -= max(0, x.adjusted())
        square = small * small
        total = term = small
        k, floor = 1, small.adjusted() - context.prec
        while term and term.adjusted() > floor:
            term = -term * square / ((k + 1) * (k + 2))
            k += 2
            total += term
        s = total
        versed = ONE - (ONE - s * s).sqrt()  # 1 - cos, doubled below without loss
        versed = s * s / (TWO - versed)
        for _ in range(4):
            s, versed = 2 * s * (ONE - versed), 2 * s * s
        c = ONE - versed
        places = int(turns) % 4
    s, c = ((s, c), (c, -s), (-s, -c), (-c, s))[places]
    return +s, +c


@_wider
def arctan(x: Decimal) -> Decimal:
    if not x.is_finite():
        raise OutsideDomain
    small, halvings = x, 0
    while abs(small) > Decimal("0.05"):
        small = small / (ONE + (ONE + small * small).sqrt())
        halvings += 1
    square = small * small
    total = term = small
    k, floor = 1, small.adjusted() - getcontext().prec
    while term and term.adjusted() > floor:
        term = -term * square
        k += 2
        total += term / k
    return total * 2**halvings


def arcsin(x: Decimal) -> Decimal:
    if abs(x) > 1:
        raise OutsideDomain
    if abs(x) == 1:
        return (pi(getcontext().prec) / 2).copy_sign(x)
    return arctan(x / ((ONE - x) * (ONE + x)).sqrt())


def arccos(x: Decimal) -> Decimal:
    if abs(x) > 1:
        raise OutsideDomain
    if x == -1:
        return +pi(getcontext().prec)
    return 2 * arctan(((ONE - x) / (ONE + x)).sqrt())


def arctan2(y: Decimal, x: Decimal) -> Decimal:
    turn = pi(getcontext().prec)
    if x > 0:
        return arctan(y / x)
    if not x:
        return ZERO if not y else (turn / 2).copy_sign(y)
    return arctan(y / x) + (turn if y >= 0 else -turn)


@_wider
def expm1(x: Decimal) -> Decimal:
    return x.exp() - ONE


@_wider
def sinh(x: Decimal) -> Decimal:
    e = x.exp()
    return (e - ONE / e) / 2


def cosh(x: Decimal) -> Decimal:
    e = x.exp()
    return (e + ONE / e) / 2


@_wider
def log1p(x: Decimal) -> Decimal:
    return log(ONE + x)


@_wider
def arcsinh(x: Decimal) -> Decimal:
    size = abs(x)
    return (size + (size * size + ONE).sqrt()).ln().copy_sign(x)


def arccosh(x: Decimal) -> Decimal:
    if x < 1:
        raise OutsideDomain
    return (x + ((x - ONE) * (x + ONE)).sqrt()).ln()


@_wider
def arctanh(x: Decimal) -> Decimal:
    if abs(x) >= 1:
        raise OutsideDomain
    return ((ONE + x) / (ONE - x)).ln() / 2


@lru_cache(maxsize=64)
def log_of(n: int, digits: int) -> Decimal:
    """log n to that many digits."""
    with localcontext(Context(prec=digits + 8)):
        return Decimal(n).ln()

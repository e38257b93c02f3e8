"""Numbers to twice the digits: a float and what it is rounded by."""

from __future__ import annotations

from typing import Any

from chalkgrad.native.maths.vectors import Value, fma

Pair = tuple[Value, Value]


def ordered_sum(a: Value, b: Value) -> Pair:
    """a + b, where |a| ≥ |b| or a is 0."""
    total = a + b
    return total, (a - total) + b


def exact_sum(a: Value, b: Any) -> Pair:
    """a + b, whichever is the greater."""
    total = a + b
    back = total - a
    return total, (a - (total - back)) + (b - back)


def square(a: Value) -> Pair:
    """a²."""
    product = a * a
    return product, fma(a, a, -product)


def product(a: Pair, b: Pair) -> Pair:
    """a b."""
    most = a[0] * b[0]
    return most, fma(a[0], b[0], -most) + fma(a[0], b[1], a[1] * b[0])


def quotient(a: Pair, b: Pair) -> Pair:
    """a/b, by one division."""
    share = 1.0 / b[0]
    rough = a[0] * share
    return rough, (fma(-rough, b[0], a[0]) + fma(-rough, b[1], a[1])) * share


def root(a: Pair) -> Pair:
    """The square root, where it is not 0."""
    rough = a[0].body.calls("sqrt", a[0])
    return rough, (fma(-rough, rough, a[0]) + a[1]) * (0.5 / rough)

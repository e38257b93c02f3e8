"""One evaluation, and what it could not see."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, DivisionByZero, InvalidOperation, Overflow, Underflow
from fractions import Fraction
from functools import lru_cache
from math import e as EULER
from math import isfinite
from math import pi as PI
from types import MappingProxyType
from typing import Any, final

from chalkgrad.evaluate.precise.functions import euler, pi

NAN = Decimal("NaN")
# What a float in a Program stands for, where that is not the decimal that it prints as.
Exact = Mapping[float, Fraction | str]
NAMED: Exact = MappingProxyType({EULER: "e", PI: "π"})


class OutOfTime(Exception):
    """The time allowed is used up."""


@lru_cache(maxsize=256)
def precision(digits: int) -> Context:
    """Arithmetic of that many digits; what overflows or has no value raises ArithmeticError."""
    traps = [InvalidOperation, DivisionByZero, Overflow, Underflow]
    return Context(prec=digits, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=traps)


@lru_cache(maxsize=4096)
def _printed(value: float) -> Decimal:
    return Decimal(repr(value)) if isfinite(value) else NAN


def decimal_of(value: Any, exact: Exact, digits: int) -> Decimal:
    """A constant of a Program, to that many digits: 0.1 is a tenth, and e and π are themselves."""
    value = float(value)
    meant = exact.get(abs(value))
    if meant is None:
        return _printed(value)
    if isinstance(meant, Fraction):
        size = Decimal(meant.numerator) / meant.denominator
    else:
        size = euler(digits) if meant == "e" else pi(digits)
    return -size if value < 0 else size


@final
class Trial:
    """Digits, and notes of one evaluation.

    `gap` is how many digits a part of a sum, or of a function, lay below the rest: what lies below the last is lost.
    `noise` says that a difference may be nothing but rounding, `unsure` that a comparison or a jump was too close to
    call, `seen` which side each branching step took.
    """

    __slots__ = ("deadline", "digits", "exact", "gap", "memo", "noise", "seen", "unsure")

    def __init__(self, digits: int, exact: Exact, deadline: float, memo: dict[Any, Decimal] | None = None) -> None:
        self.digits, self.exact, self.deadline = digits, exact, deadline
        self.gap, self.noise, self.unsure = 0, False, False
        self.seen: set[tuple[int, Any]] = set()
        self.memo: dict[Any, Decimal] = {} if memo is None else memo

    def check(self) -> None:
        """Raises OutOfTime."""
        if time.perf_counter() > self.deadline:
            raise OutOfTime

    def once(self, function: Callable[[Decimal], Decimal], x: Decimal) -> Decimal:
        """`function(x)`, computed once a point."""
        key = (function, x)
        found = self.memo.get(key)
        if found is None:
            found = self.memo[key] = function(x)
        return found

    def add(self, a: Decimal, b: Decimal) -> Decimal:
        total = a + b
        if a and b and total == total:
            left, right = a.adjusted(), b.adjusted()
            gap = left - right if left > right else right - left
            if gap > self.gap:
                self.gap = gap
            if total and gap <= 1 and max(left, right) - total.adjusted() > self.digits - 12:
                self.noise = True
        return total

    def bend(self, x: Decimal, order: int) -> None:
        """Note that a curve is followed near 0, where it parts from a line only by x to the power `order`."""
        if x and x == x and (depth := -order * x.adjusted()) > self.gap:
            self.gap = depth

    def fade(self, digits: float) -> None:
        """Note that a part of a function lies so many digits below the rest of it."""
        if digits > self.gap:
            self.gap = int(min(digits, 10**9))

    def side(self, index: int, which: Any) -> None:
        self.seen.add((index, which))

    def near(self, a: Decimal, b: Decimal) -> None:
        """Note where a and b differ by no more than rounding may."""
        if a != b and abs(a - b) < max(abs(a), abs(b)).scaleb(12 - self.digits):
            self.unsure = True

"""Normal forms back to trees, as a person writes them."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from chalkgrad.ir.program import Var
from chalkgrad.ops import arithmetic, diagonals, linear_algebra, shape
from chalkgrad.transform.expression import Apply, Const, Expr, Ref
from chalkgrad.transform.terms import Chain, Factor, Factors, Literal, Ones, Terms, scaled, shape_of


def _decimal(number: Fraction) -> bool:
    """Whether it has a finite decimal."""
    rest = number.denominator
    for p in (2, 5):
        while rest % p == 0:
            rest //= p
    return rest == 1


def _value(number: Fraction) -> Expr:
    """The number as it prints: a decimal where it has one, else a fraction."""
    if number.denominator == 1:
        return Const(int(number))
    if _decimal(number):
        return Const(float(number))
    return Apply(arithmetic.divide, (Const(number.numerator), Const(number.denominator)))


def written(value: Terms) -> Expr:
    """Back to a tree: a positive term first where there is one."""
    if not value.terms:
        return Const(0)
    total: Expr | None = None
    terms = list(value.terms)
    if not terms[0][1] and any(c > 0 and f for c, f in terms):
        terms.append(terms.pop(0))  # z + 1, but 1 - z
    if terms[0][0] < 0:
        first = next((i for i, (c, _) in enumerate(terms) if c > 0), 0)
        terms.insert(0, terms.pop(first))
    for coefficient, factors in terms:
        if total is None:
            total = _term(coefficient, factors)
        elif coefficient < 0 and not _turns(coefficient, factors):
            total = Apply(arithmetic.subtract, (total, _term(-coefficient, factors)))
        else:
            total = Apply(arithmetic.add, (total, _term(coefficient, factors)))
    assert total is not None
    return total


def _turns(coefficient: Fraction, factors: Factors) -> int | None:
    """Which factor takes the minus sign: -(y - h)·x is written (h - y)·x."""
    if coefficient < 0:
        for i, (base, exponent) in enumerate(factors):
            if isinstance(base, Chain) and exponent == 1 and any(map(_negated, base.factors)):
                return i + 1
            if isinstance(base, Terms) and exponent in (1, -1) and any(c < 0 for c, _ in base.terms):
                return i + 1
    return None


def _negated(factor: Factor) -> bool:
    """Whether a factor of a matrix product can take a minus sign: (b - a) for -(a - b)."""
    terms = factor.whole.terms
    return len(terms) > 1 and any(c < 0 for c, _ in terms)


def _turned(base: Terms | Chain) -> Terms | Chain:
    if isinstance(base, Terms):
        return scaled(base, Fraction(-1))
    place = next(i for i, f in enumerate(base.factors) if _negated(f))
    taken = base.factors[place]
    other = Factor(scaled(taken.whole, Fraction(-1)), taken.turned, taken.shape)
    return Chain((*base.factors[:place], other, *base.factors[place + 1 :]))


def _term(coefficient: Fraction, factors: Factors) -> Expr:
    turned = _turns(coefficient, factors)
    if turned is not None:
        base, exponent = factors[turned - 1]
        factors = (*factors[: turned - 1], (_turned(base), exponent), *factors[turned:])
        coefficient = -coefficient
    arrays = any(shape_of(b) for b, _ in factors)
    if arrays:  # numbers stand in front of arrays: 2·x[0]·u
        factors = tuple(sorted(factors, key=lambda f: bool(shape_of(f[0]))))
    above = [_factor(b, e) for b, e in factors if e > 0]
    below = [_factor(b, -e) for b, e in factors if e < 0]
    sign, size = coefficient < 0, abs(coefficient)
    if size.denominator != 1 and (below or not _decimal(size) or (arrays and size.denominator % 10)):
        if size.numerator != 1 or not above:
            above.insert(0, _value(Fraction(size.numerator)))
        below.insert(0, _value(Fraction(size.denominator)))
    elif size != 1 or not above:
        above.insert(0, _value(size))
    whole = _product(above)
    if below:
        whole = Apply(arithmetic.divide, (whole, _product(below)))
    return Apply(arithmetic.negative, (whole,)) if sign else whole


def _product(parts: list[Expr]) -> Expr:
    whole = parts[0]
    for part in parts[1:]:
        whole = Apply(arithmetic.multiply, (whole, part))
    return whole


def _factor(base: Any, exponent: Fraction) -> Expr:
    if isinstance(base, Var):
        whole: Expr = Ref(base)
    elif isinstance(base, Terms):
        whole = written(base)
    elif isinstance(base, Literal):
        whole = Const(base.value)
    elif isinstance(base, Chain):
        whole = _chain(base)
    elif isinstance(base, Ones):
        whole = _ones(base)
    else:
        whole = Apply(base.op, tuple(map(written, base.args)), dict(base.params), base.place)
    return whole if exponent == 1 else Apply(arithmetic.power, (whole, _value(exponent)))


def _ones(base: Ones) -> Expr:
    if base.diagonal:
        along = Apply(shape.broadcast_to, (Const(1),), {"shape": base.shape[:1]})
        return Apply(diagonals.put_diagonal, (along,), {"shape": base.shape})
    if base.place is None:
        return Apply(shape.broadcast_to, (Const(1),), {"shape": base.shape})
    place: Any = base.place[0] if len(base.place) == 1 else base.place
    return Apply(shape.scatter, (Const(1),), {"index": place, "shape": base.shape})


def _chain(base: Chain) -> Expr:
    """The product from left to right; a column times a row, both of one axis, is the outer product."""
    whole: Expr | None = None
    for factor in base.factors:
        row = factor.turned and len(factor.shape) == 1
        part = written(factor.whole)
        if row and whole is not None:
            whole = Apply(linear_algebra.outer, (whole, part))
            continue
        if factor.turned:
            part = Apply(shape.transpose, (part,))
        whole = part if whole is None else Apply(linear_algebra.matmul, (whole, part))
    assert whole is not None
    return whole

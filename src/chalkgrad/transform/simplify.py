"""Formulas as a person writes them. For print only: what is computed is never changed.

The normal form is a sum of terms; a term is a coefficient times an ordered list of (base, exponent), never sorted,
since the order of a chain is what people write. A base is a named value, a call, or a sum. Constants are folded,
like terms collected, exponents merged, content and sign pulled out of a sum that is a factor; a product is distributed
into a sum only where that strictly lowers (denominators, weight).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import gcd, isfinite, lcm
from typing import Any, final

from chalkgrad.ir.program import Var
from chalkgrad.ops import arithmetic, choice, shape
from chalkgrad.transform.expression import Apply, Const, Expr, Ref

# Longer sums and products, and larger numbers, stay as they were written.
TERMS, FACTORS, BITS = 8, 8, 64


class Unwieldy(Exception):
    """The formula would grow beyond the bounds above."""


@final
@dataclass(frozen=True)
class Call:
    """A base that algebra does not look into: an op applied to normal forms."""

    op: Any
    args: tuple[Terms, ...]
    params: tuple[tuple[str, Any], ...]

    @cached_property
    def key(self) -> Hashable:
        return ("call", self.op.name, tuple(a.key for a in self.args), repr(self.params))


@final
@dataclass(frozen=True, eq=False)
class Literal:
    """A base that is a number too long to reckon with, or an array."""

    value: Any

    @cached_property
    def key(self) -> Hashable:
        return ("literal", self.value if isinstance(self.value, float) else id(self.value))


Factors = tuple[tuple[Any, Fraction], ...]


@final
@dataclass(frozen=True)
class Terms:
    """A sum: (coefficient, factors) each; the number 0 is the empty sum."""

    terms: tuple[tuple[Fraction, Factors], ...]

    @cached_property
    def key(self) -> Hashable:
        return ("sum", frozenset((c, _factors_key(f)) for c, f in self.terms))

    @cached_property
    def weight(self) -> tuple[int, int]:
        """Denominators, and then how much there is to read; a name that nobody chose must be looked up, and weighs."""
        inverses, size = 0, len(self.terms)
        for coefficient, factors in self.terms:
            size += coefficient not in (1, -1)
            for base, exponent in factors:
                inverses += exponent < 0
                size += 1 + (exponent not in (1, -1)) + 5 * (isinstance(base, Var) and not base.hint)
                if isinstance(base, Terms):
                    inverses += base.weight[0]
                    size += base.weight[1]
        return inverses, size


def simplify(expr: Expr) -> Expr:
    """`expr` as a person would write it; it comes back unchanged where it would grow beyond reading."""
    try:
        return _written(_normal(expr))
    except (Unwieldy, OverflowError):
        return expr


def simplest(first: Expr, *others: Expr) -> Expr:
    """The simplified form of least weight; the first wins a tie."""
    best: tuple[tuple[int, int], Terms] | None = None
    for expr in (first, *others):
        try:
            form = _normal(expr)
        except (Unwieldy, OverflowError):
            continue
        if best is None or form.weight < best[0]:
            best = (form.weight, form)
    return first if best is None else _written(best[1])


def _key(base: Any) -> Hashable:
    return ("var", id(base)) if isinstance(base, Var) else base.key


def _factors_key(factors: Factors) -> Hashable:
    return frozenset((_key(b), e) for b, e in factors)


def _number(value: Any) -> Terms:
    if not isfinite(value):
        raise Unwieldy
    exact = Fraction(int(value)) if value == int(value) else Fraction(value).limit_denominator(100)
    if float(exact) != value:
        return _base(Literal(value))  # 8.314 in a denominator stays 8.314, and π stays itself
    _bounded(exact)
    return Terms(((exact, ()),) if exact else ())


def _bounded(value: Fraction) -> Fraction:
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > BITS:
        raise Unwieldy
    return value


def _normal(expr: Expr) -> Terms:
    if isinstance(expr, Ref):
        return _base(expr.var)
    if isinstance(expr, Const):
        if not isinstance(expr.value, (int, float)) or isinstance(expr.value, bool):
            return _base(Literal(expr.value))
        return _number(expr.value)
    rule = _ALGEBRA.get(expr.op.name)
    if rule is not None:
        return rule(*map(_normal, expr.args))
    if expr.op is arithmetic.power:
        exponent = _constant(_normal(expr.args[1]))
        if exponent is not None:
            return _power(_normal(expr.args[0]), exponent)
    args = tuple(map(_normal, expr.args))
    return _base(Call(expr.op, args, tuple(expr.params.items())))


def _base(base: Any) -> Terms:
    return Terms(((Fraction(1), ((base, Fraction(1)),)),))


def _constant(value: Terms) -> Fraction | None:
    if not value.terms:
        return Fraction(0)
    if len(value.terms) == 1 and not value.terms[0][1]:
        return value.terms[0][0]
    return None


def _sum(parts: Iterable[Terms]) -> Terms:
    found: dict[Hashable, tuple[Fraction, Factors]] = {}
    for part in parts:
        for coefficient, factors in part.terms:
            key = _factors_key(factors)
            before = found.get(key)
            found[key] = (_bounded(coefficient + before[0]), before[1]) if before else (coefficient, factors)
    kept = tuple(t for t in found.values() if t[0])
    if len(kept) > TERMS:
        raise Unwieldy
    return Terms(kept)


def _scaled(value: Terms, by: Fraction) -> Terms:
    return Terms(tuple((_bounded(c * by), f) for c, f in value.terms)) if by else Terms(())


def _as_factor(value: Terms) -> tuple[Fraction, Factors]:
    """A sum as one factor of a product, its content and sign pulled out."""
    if len(value.terms) == 1:
        return value.terms[0]
    numbers = [c for c, _ in value.terms]
    content = Fraction(gcd(*(n.numerator for n in numbers)), lcm(*(n.denominator for n in numbers)))
    if numbers[0] < 0:
        content = -content
    return content, ((_scaled(value, 1 / content), Fraction(1)),)


def _merge(left: Factors, right: Factors) -> Factors:
    found: dict[Hashable, tuple[Any, Fraction]] = {}
    for base, exponent in (*left, *right):
        key = _key(base)
        before = found.get(key)
        found[key] = (base, _bounded(exponent + (before[1] if before else 0)))
    kept = tuple(f for f in found.values() if f[1])
    if len(kept) > FACTORS:
        raise Unwieldy
    return kept


def _product(left: Terms, right: Terms) -> Terms:
    if not left.terms or not right.terms:
        return Terms(())
    (a, f), (b, g) = _as_factor(left), _as_factor(right)
    return _lowest(_bounded(a * b), _merge(f, g))


def _lowest(coefficient: Fraction, factors: Factors) -> Terms:
    """The product, distributed into a sum among its factors where that strictly lowers it."""
    best = _flatten(coefficient, factors)
    sums = [i for i, (base, e) in enumerate(factors) if isinstance(base, Terms) and e == 1]
    for i in sums:
        inner: Terms = factors[i][0]
        rest = (*factors[:i], *factors[i + 1 :])
        if not rest or not any(e < 0 for _, g in inner.terms for _, e in g):
            continue
        try:
            spread = _sum(_opened(_bounded(c * coefficient), _merge(rest, g)) for c, g in inner.terms)
        except Unwieldy:
            continue
        if spread.weight < best.weight:
            best = spread
    return best


def _opened(coefficient: Fraction, factors: Factors) -> Terms:
    """A product multiplied out over every sum among its factors."""
    total = Terms(((coefficient, ()),))
    for base, exponent in factors:
        part = base if isinstance(base, Terms) and exponent == 1 else Terms(((Fraction(1), ((base, exponent),)),))
        total = _sum(Terms(((_bounded(a * b), _merge(f, g)),)) for a, f in total.terms for b, g in part.terms)
    return total


def _flatten(coefficient: Fraction, factors: Factors) -> Terms:
    """A product of a number and one sum is that sum, scaled, where the number is a sign or a fraction."""
    alone = len(factors) == 1 and isinstance(factors[0][0], Terms) and factors[0][1] == 1
    if alone and (abs(coefficient) == 1 or coefficient.denominator != 1):
        return _scaled(factors[0][0], coefficient)
    return Terms(((coefficient, factors),))


def _power(value: Terms, exponent: Fraction) -> Terms:
    if exponent == 1:
        return value
    if exponent == 0:
        return _number(1)
    if not value.terms:
        raise Unwieldy
    coefficient, factors = _as_factor(value)
    if exponent.denominator != 1:
        return Terms(((Fraction(1), _root(value, exponent)),))
    if abs(exponent) > BITS:
        raise Unwieldy
    scale = coefficient ** int(exponent)
    return Terms(((_bounded(scale), tuple((b, _bounded(e * exponent)) for b, e in factors)),))


def _root(value: Terms, exponent: Fraction) -> Factors:
    """A power that is not whole: only a plain base takes it, since (x²)^½ is |x| and not x."""
    coefficient, factors = _as_factor(value)
    if coefficient == 1 and len(factors) == 1 and factors[0][1] == 1:
        return ((factors[0][0], exponent),)
    return ((value, exponent),)


def _quotient(left: Terms, right: Terms) -> Terms:
    return _product(left, _power(right, Fraction(-1)))


_ALGEBRA: dict[str, Callable[..., Terms]] = {
    arithmetic.add.name: lambda a, b: _sum((a, b)),
    arithmetic.subtract.name: lambda a, b: _sum((a, _scaled(b, Fraction(-1)))),
    arithmetic.multiply.name: _product,
    arithmetic.divide.name: _quotient,
    arithmetic.negative.name: lambda a: _scaled(a, Fraction(-1)),
    arithmetic.square.name: lambda a: _power(a, Fraction(2)),
    arithmetic.reciprocal.name: lambda a: _power(a, Fraction(-1)),
    shape.accumulate.name: lambda *xs: _sum(xs),
    choice.masked.name: lambda value, zero_at: value,
    choice.defined.name: lambda slope, value: slope,
}


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


def _written(value: Terms) -> Expr:
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
            if isinstance(base, Terms) and exponent in (1, -1) and any(c < 0 for c, _ in base.terms):
                return i + 1
    return None


def _term(coefficient: Fraction, factors: Factors) -> Expr:
    turned = _turns(coefficient, factors)
    if turned is not None:
        base, exponent = factors[turned - 1]
        factors = (*factors[: turned - 1], (_scaled(base, Fraction(-1)), exponent), *factors[turned:])
        coefficient = -coefficient
    above = [_factor(b, e) for b, e in factors if e > 0]
    below = [_factor(b, -e) for b, e in factors if e < 0]
    sign, size = coefficient < 0, abs(coefficient)
    if size.denominator != 1 and (below or not _decimal(size)):
        if size.numerator != 1 or not above:
            above.insert(0, _value(Fraction(size.numerator)))
        below.insert(0, _value(Fraction(size.denominator)))
    elif size != 1 or not above:
        above.insert(0, _value(size))
    whole = _chain(above)
    if below:
        whole = Apply(arithmetic.divide, (whole, _chain(below)))
    return Apply(arithmetic.negative, (whole,)) if sign else whole


def _chain(parts: list[Expr]) -> Expr:
    whole = parts[0]
    for part in parts[1:]:
        whole = Apply(arithmetic.multiply, (whole, part))
    return whole


def _factor(base: Any, exponent: Fraction) -> Expr:
    if isinstance(base, Var):
        whole: Expr = Ref(base)
    elif isinstance(base, Terms):
        whole = _written(base)
    elif isinstance(base, Literal):
        whole = Const(base.value)
    else:
        whole = Apply(base.op, tuple(map(_written, base.args)), dict(base.params))
    return whole if exponent == 1 else Apply(arithmetic.power, (whole, _value(exponent)))

"""The algebra of formulas: a sum of coefficient × ordered (base, exponent), with arrays entry by entry.

Factors are never sorted, since the order of a chain is what people write. A base is a named value, a call, a matrix
product, or a sum. Products and powers here are elementwise, so that they commute for arrays as for numbers; a matrix
product is a base of its own, and its factors stay where they are.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import gcd, isfinite, lcm
from typing import Any, final

from chalkgrad.ir.dims import Shape, Size, broadcast
from chalkgrad.ir.program import Var
from chalkgrad.ops.notation import Indicator
from chalkgrad.ops.shape import index

# Longer sums and products, and larger numbers, stay as they were written.
TERMS, FACTORS, BITS = 8, 8, 64
# 1/150 is read out of 0.006666666666666667; a longer denominator is no fraction that a person wrote.
_PARTS = 1_000_000


class Unwieldy(Exception):
    """The formula would grow beyond the bounds above."""


@final
@dataclass(frozen=True)
class Call:
    """A base that algebra does not look into: an op applied to normal forms."""

    op: Any
    args: tuple[Terms, ...]
    params: tuple[tuple[str, Any], ...]
    shape: Shape = ()
    place: int | None = None

    @cached_property
    def key(self) -> Hashable:
        return ("call", self.op.name, tuple(a.key for a in self.args), repr(self.params), self.place)


@final
@dataclass(frozen=True, eq=False)
class Literal:
    """A base that is a number too long to reckon with, a size that has a name, or an array."""

    value: Any
    shape: Shape = ()

    @cached_property
    def key(self) -> Hashable:
        return ("literal", self.value if isinstance(self.value, (float, Size)) else id(self.value))


@final
@dataclass(frozen=True)
class Ones:
    """𝟏, an array of ones; with a place, 0 elsewhere: `e_0`; on the diagonal alone: `I`."""

    shape: Shape
    place: tuple[int, ...] | None = None
    diagonal: bool = False

    @property
    def key(self) -> Hashable:
        return ("ones", self.shape, self.place, self.diagonal)


@final
@dataclass(frozen=True)
class Factor:
    """One factor of a matrix product; a vector is a column, and a row where it is turned."""

    whole: Terms
    turned: bool
    shape: Shape

    @property
    def key(self) -> Hashable:
        return (self.whole.key, self.turned)


@final
@dataclass(frozen=True)
class Chain:
    """A matrix product, or the transpose of one thing. Its factors do not change places."""

    factors: tuple[Factor, ...]

    @cached_property
    def key(self) -> Hashable:
        return ("chain", tuple(f.key for f in self.factors))

    @cached_property
    def shape(self) -> Shape:
        first, last = self.factors[0], self.factors[-1]
        rows: Shape = (() if first.turned else first.shape) if len(first.shape) == 1 else (first.shape[first.turned],)
        columns: Shape = (last.shape if last.turned else ()) if len(last.shape) == 1 else (last.shape[1 - last.turned],)
        return (*rows, *columns)

    @cached_property
    def weight(self) -> tuple[int, int]:
        inner = [f.whole.weight for f in self.factors]
        return sum(w[0] for w in inner), sum(w[1] - 1 for w in inner) + sum(f.turned for f in self.factors)


Factors = tuple[tuple[Any, Fraction], ...]


@final
@dataclass(frozen=True)
class Terms:
    """A sum: (coefficient, factors) each; the number 0 is the empty sum."""

    terms: tuple[tuple[Fraction, Factors], ...]

    @cached_property
    def key(self) -> Hashable:
        return ("sum", frozenset((c, factors_key(f)) for c, f in self.terms))

    @cached_property
    def weight(self) -> tuple[int, int]:
        """Denominators, and then how much there is to read; a name that nobody chose must be looked up, and weighs."""
        inverses, size = 0, len(self.terms)
        for coefficient, factors in self.terms:
            size += coefficient not in (1, -1)
            for base, exponent in factors:
                inverses += exponent < 0
                size += 1 + (exponent not in (1, -1))
                if isinstance(base, Var) and not base.hint:
                    size += 20 if base.type.shape else 5
                elif isinstance(base, (Terms, Chain)):
                    inverses += base.weight[0]
                    size += base.weight[1]
                elif isinstance(base, Call) and any(a.shape for a in base.args):
                    inverses += sum(a.weight[0] for a in base.args)
                    size += sum(a.weight[1] for a in base.args)
        return inverses, size

    @cached_property
    def shape(self) -> Shape:
        """The shape that its parts have together; an array of equal entries may stand as one number."""
        return broadcast(*[factors_shape(f) for _, f in self.terms])


def shape_of(base: Any) -> Shape:
    """The shape of a base."""
    return base.type.shape if isinstance(base, Var) else base.shape


def factors_shape(factors: Factors) -> Shape:
    """The shape of an elementwise product."""
    return broadcast(*[shape_of(b) for b, _ in factors])


def key_of(base: Any) -> Hashable:
    """What a base is compared by."""
    return ("var", id(base)) if isinstance(base, Var) else base.key


def factors_key(factors: Factors) -> Hashable:
    """What an elementwise product is compared by: its factors in any order."""
    return frozenset((key_of(b), e) for b, e in factors)


def number(value: Any) -> Terms:
    """A number; one with no short fraction stays itself.

    Raises Unwieldy where it is not finite, or too large to reckon with.
    """
    if not isfinite(value):
        raise Unwieldy
    exact = Fraction(int(value)) if value == int(value) else Fraction(value).limit_denominator(100)
    if float(exact) != value and 1 / _PARTS < abs(value) < 1:
        exact = Fraction(1, round(1 / value))
    if float(exact) != value:
        return alone(Literal(value))  # 8.314 in a denominator stays 8.314, and π stays itself
    bounded(exact)
    return Terms(((exact, ()),) if exact else ())


def bounded(value: Fraction) -> Fraction:
    """The number, if it is not too large.

    Raises Unwieldy where it is.
    """
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > BITS:
        raise Unwieldy
    return value


def alone(base: Any) -> Terms:
    """A base as a whole formula."""
    return Terms(((Fraction(1), ((base, Fraction(1)),)),))


def constant(value: Terms) -> Fraction | None:
    """The number that it is, if it is one."""
    if not value.terms:
        return Fraction(0)
    if len(value.terms) == 1 and not value.terms[0][1]:
        return value.terms[0][0]
    return None


def sum_of(parts: Iterable[Terms]) -> Terms:
    """The sum, like terms collected."""
    found: dict[Hashable, tuple[Fraction, Factors]] = {}
    for part in parts:
        for coefficient, factors in part.terms:
            key = factors_key(factors)
            before = found.get(key)
            found[key] = (bounded(coefficient + before[0]), before[1]) if before else (coefficient, factors)
    kept = tuple(t for t in found.values() if t[0])
    if len(kept) > TERMS:
        raise Unwieldy
    return Terms(kept)


def scaled(value: Terms, by: Fraction) -> Terms:
    """A sum times a number."""
    return Terms(tuple((bounded(c * by), f) for c, f in value.terms)) if by else Terms(())


def as_factor(value: Terms) -> tuple[Fraction, Factors]:
    """A sum as one factor of a product, its content and sign pulled out."""
    if len(value.terms) == 1:
        return value.terms[0]
    numbers = [c for c, _ in value.terms]
    content = Fraction(gcd(*(n.numerator for n in numbers)), lcm(*(n.denominator for n in numbers)))
    if value.shape and len({abs(n) for n in numbers}) > 1 and content.denominator > 1:
        content = Fraction(1)  # (h - y)/2, but 1{z > 0} + 1{z = 0}/2
    if numbers[0] < 0:
        content = -content
    return content, ((scaled(value, 1 / content), Fraction(1)),)


def merge(left: Factors, right: Factors) -> Factors:
    """Two products as one, equal bases with their exponents added."""
    found: dict[Hashable, tuple[Any, Fraction]] = {}
    for base, exponent in (*left, *right):
        key = key_of(base)
        before = found.get(key)
        whole = bounded(exponent + (before[1] if before else 0))
        found[key] = (base, Fraction(1) if whole > 1 and _truth(base) else whole)
    kept = tuple(f for f in found.values() if f[1])
    if len(kept) > FACTORS:
        raise Unwieldy
    picked = _picked(kept)
    return kept if picked == kept else merge((), picked)


def _picked(factors: Factors) -> Factors:
    """Of p ∘ e_1 one entry is left: p[1]·e_1."""
    unit = next((b for b, e in factors if _unit(b) and e == 1), None)
    if unit is None:
        return factors
    met = [isinstance(b, (Var, Call)) and shape_of(b) == unit.shape for b, _ in factors]
    return tuple((entry(alone(b), unit), e) if m else (b, e) for m, (b, e) in zip(met, factors, strict=True))


def _unit(base: Any) -> bool:
    """Whether it is e_0, or a matrix that is 1 at one place."""
    return isinstance(base, Ones) and base.place is not None


def entry(value: Terms, unit: Ones) -> Call:
    """The entry of an array where `unit` is 1."""
    place = unit.place or ()
    return Call(index, (value,), (("index", place[0] if len(place) == 1 else place),))


def _truth(base: Any) -> bool:
    """Whether it is 0 or 1, so that its powers are itself."""
    return isinstance(base, Call) and isinstance(base.op.notation, Indicator)


def common(value: Terms) -> Terms:
    """A sum of arrays with what all of its terms share taken out: (h - y)/m."""
    if len(value.terms) < 2 or not value.shape:
        return value
    first, *others = [{key_of(b): (b, e) for b, e in f} for _, f in value.terms]
    shared = {k: be for k, be in first.items() if all(k in o and o[k][1] == be[1] for o in others)}
    rest = Terms(tuple((c, tuple((b, e) for b, e in f if key_of(b) not in shared)) for c, f in value.terms))
    content, factors = as_factor(rest)
    if not shared and abs(content) == 1:
        return value
    if content < 0:
        content, factors = -content, ((scaled(factors[0][0], Fraction(-1)), factors[0][1]),)
    return Terms(((content, (*shared.values(), *factors)),))


def product(left: Terms, right: Terms) -> Terms:
    """The elementwise product."""
    if not left.terms or not right.terms:
        return Terms(())
    (a, f), (b, g) = as_factor(left), as_factor(right)
    return lowest(bounded(a * b), merge(f, g))


def lowest(coefficient: Fraction, factors: Factors) -> Terms:
    """The product, distributed into a sum among its factors where that strictly lowers it."""
    best = flatten(coefficient, factors)
    sums = [i for i, (base, e) in enumerate(factors) if isinstance(base, Terms) and e == 1]
    for i in sums:
        inner: Terms = factors[i][0]
        rest = (*factors[:i], *factors[i + 1 :])
        if not rest or not any(e < 0 or _unit(b) for _, g in inner.terms for b, e in g):
            continue
        try:
            spread = sum_of(opened(bounded(c * coefficient), merge(rest, g)) for c, g in inner.terms)
        except Unwieldy:
            continue
        spread = common(spread)
        if spread.weight < best.weight:
            best = spread
    return best


def opened(coefficient: Fraction, factors: Factors) -> Terms:
    """A product multiplied out over every sum among its factors."""
    whole = Terms(((coefficient, ()),))
    for base, exponent in factors:
        part = base if isinstance(base, Terms) and exponent == 1 else Terms(((Fraction(1), ((base, exponent),)),))
        whole = sum_of(Terms(((bounded(a * b), merge(f, g)),)) for a, f in whole.terms for b, g in part.terms)
    return whole


def flatten(coefficient: Fraction, factors: Factors) -> Terms:
    """A product of a number and one sum is that sum, scaled, where the number is a sign or a fraction."""
    if len(factors) == 1 and isinstance(factors[0][0], Terms) and factors[0][1] == 1:
        inner = factors[0][0]
        # of arrays the fraction stays outside: (h - y)/m, but a/2 - y/2
        if abs(coefficient) == 1 or (coefficient.denominator != 1 and not inner.shape):
            return scaled(inner, coefficient)
    return Terms(((coefficient, factors),))


def power(value: Terms, exponent: Fraction) -> Terms:
    """A power, entry by entry."""
    if exponent == 1:
        return value
    if exponent == 0:
        return number(1)
    if not value.terms:
        raise Unwieldy
    coefficient, factors = as_factor(value)
    if exponent.denominator != 1:
        return Terms(((Fraction(1), root(value, exponent)),))
    if abs(exponent) > BITS:
        raise Unwieldy
    scale = coefficient ** int(exponent)
    return Terms(((bounded(scale), tuple((b, bounded(e * exponent)) for b, e in factors)),))


def root(value: Terms, exponent: Fraction) -> Factors:
    """A power that is not whole: only a plain base takes it, since (x²)^½ is |x| and not x."""
    coefficient, factors = as_factor(value)
    if coefficient == 1 and len(factors) == 1 and factors[0][1] == 1:
        return ((factors[0][0], exponent),)
    return ((value, exponent),)


def quotient(left: Terms, right: Terms) -> Terms:
    """The elementwise quotient."""
    return product(left, power(right, Fraction(-1)))

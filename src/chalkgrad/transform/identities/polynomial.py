"""The formulas that identities work on: sums of coefficient × (base, exponent)…, with one key a value.

A base is a symbol, a function of sums, or a sum. Like terms and like factors are always collected, e^a·e^b is
e^(a + b), and a sum that is a factor has its content and sign taken out; the order is the one it was written in.
Everything else is a named identity, in `rules`.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from math import gcd, lcm
from typing import final

TERMS, FACTORS, BITS, LENGTH = 14, 8, 96, 900


class Unwieldy(Exception):
    """The formula grew beyond what anybody would read."""


@final
class Sym:
    """A name: an input, or π."""

    __slots__ = ("key", "name")

    def __init__(self, name: str) -> None:
        self.name = self.key = name


@final
class Fn:
    """An op of the table applied to sums; `d` with a name in `by` is a derivative that is still to be taken."""

    __slots__ = ("args", "by", "key", "name")

    def __init__(self, name: str, args: tuple[Sum, ...], by: str = "") -> None:
        self.name, self.args, self.by = name, args, by
        self.key = f"{name}{by}[{';'.join([a.key for a in args])}]"


Base = "Sym | Fn | Sum"
Factors = tuple[tuple["Sym | Fn | Sum", Fraction], ...]
Term = tuple[Fraction, Factors]
ONE, MINUS = Fraction(1), Fraction(-1)


@final
class Sum:
    """Terms in the order in which they were written; the number 0 is the empty sum."""

    __slots__ = ("key", "terms")

    def __init__(self, terms: tuple[Term, ...]) -> None:
        self.terms = terms
        self.key = "(" + " + ".join(sorted([f"{c}{_factors_key(f)}" for c, f in terms])) + ")"
        if len(self.key) > LENGTH or len(terms) > TERMS:
            raise Unwieldy

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sum) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    @property
    def number(self) -> Fraction | None:
        """The number that it is, or None."""
        if not self.terms:
            return Fraction(0)
        return self.terms[0][0] if len(self.terms) == 1 and not self.terms[0][1] else None


def _factors_key(factors: Factors) -> str:
    return "".join(sorted([f"·{b.key}^{e}" for b, e in factors]))


def constant(value: Fraction | int) -> Sum:
    exact = Fraction(value)
    if max(exact.numerator.bit_length(), exact.denominator.bit_length()) > BITS:
        raise Unwieldy
    return Sum(((exact, ()),) if exact else ())


def of(base: Sym | Fn | Sum) -> Sum:
    """One base alone."""
    if isinstance(base, Sum):
        return base
    if isinstance(base, Fn) and base.name == "exp":
        return product(((base, ONE),))
    return Sum(((ONE, ((base, ONE),)),))


def total(parts: Iterable[Sum]) -> Sum:
    """The sum; like terms are collected, and a number times a sum is that sum, scaled."""
    found: dict[str, Term] = {}
    queue: list[Term] = [t for part in parts for t in part.terms]
    while queue:
        coefficient, factors = queue.pop(0)
        if len(factors) == 1 and isinstance(factors[0][0], Sum) and factors[0][1] == 1:
            queue[:0] = [(c * coefficient, f) for c, f in factors[0][0].terms]
            continue
        key = _factors_key(factors)
        before = found.get(key)
        found[key] = (coefficient + (before[0] if before else 0), before[1] if before else factors)
    return Sum(tuple([_bounded(t) for t in found.values() if t[0]]))


def _bounded(term: Term) -> Term:
    if max(term[0].numerator.bit_length(), term[0].denominator.bit_length()) > BITS or len(term[1]) > FACTORS:
        raise Unwieldy
    return term


def scaled(value: Sum, by: Fraction) -> Sum:
    return Sum(tuple([_bounded((c * by, f)) for c, f in value.terms])) if by else Sum(())


def minus(value: Sum) -> Sum:
    return scaled(value, MINUS)


def product(factors: Iterable[tuple[Sym | Fn | Sum, Fraction]], coefficient: Fraction = ONE) -> Sum:
    """The product of powers, like factors collected, nothing multiplied out."""
    found: dict[str, tuple[Sym | Fn | Sum, Fraction]] = {}
    exponent: Sum | None = None
    place = ""
    queue = list(factors)
    while queue:
        base, power = queue.pop(0)
        if not power:
            continue
        if isinstance(base, Sum):
            whole = power.denominator == 1
            if not base.terms:
                if power > 0:
                    return Sum(())
                raise Unwieldy  # a division by 0
            content, primitive = _primitive(base)
            if whole:
                if abs(power) > BITS:
                    raise Unwieldy
                coefficient *= content**power.numerator
                base = primitive
            if len(base.terms) == 1 and base.terms[0][0] == 1:
                inner = base.terms[0][1]
                if whole or (len(inner) == 1 and _positive(inner[0][0])) or not inner:
                    queue[:0] = [(b, e * power) for b, e in inner]
                    continue
        if isinstance(base, Fn) and base.name == "exp":
            more = scaled(base.args[0], power)
            exponent = more if exponent is None else total((exponent, more))
            place = place or base.key
            found.setdefault(place, (base, ONE))
            continue
        if isinstance(base, Fn) and base.name == "sqrt" and power.denominator == 1 and abs(power) >= 2:
            half = Fraction(int(power / 2))
            queue[:0] = [(base.args[0], half), (base, power - 2 * half)]
            continue
        before = found.get(base.key)
        found[base.key] = (base, power + (before[1] if before else 0))
    if exponent is not None:
        if exponent.terms:
            found[place] = (Fn("exp", (exponent,)), ONE)
        else:
            del found[place]
    kept = tuple([f for f in found.values() if f[1]])
    if coefficient and len(kept) == 1 and isinstance(kept[0][0], Sum) and kept[0][1] == 1 and abs(coefficient) == 1:
        return scaled(kept[0][0], coefficient)
    return Sum((_bounded((coefficient, kept)),) if coefficient else ())


def _positive(base: Sym | Fn | Sum) -> bool:
    return isinstance(base, Fn) and base.name == "exp"


def _primitive(value: Sum) -> tuple[Fraction, Sum]:
    """A sum without content and sign, so that a - b and b - a share a base."""
    numbers = [c for c, _ in value.terms]
    content = Fraction(gcd(*[n.numerator for n in numbers]), lcm(*[n.denominator for n in numbers]))
    first = min(value.terms, key=lambda t: (bool(t[1]), _factors_key(t[1])))
    if first[0] < 0:
        content = -content
    return (content, value) if content == 1 else (content, scaled(value, 1 / content))


def times(*values: Sum) -> Sum:
    """The product; nothing is multiplied out."""
    coefficient = ONE
    factors: list[tuple[Sym | Fn | Sum, Fraction]] = []
    for value in values:
        if len(value.terms) == 1:
            coefficient *= value.terms[0][0]
            factors.extend(value.terms[0][1])
        else:
            factors.append((value, ONE))
    return product(factors, coefficient)


def power(value: Sum, exponent: Fraction) -> Sum:
    return product(((value, exponent),))


def divided(above: Sum, below: Sum) -> Sum:
    return times(above, power(below, MINUS))


def call(name: str, *args: Sum, by: str = "") -> Sum:
    """A function applied; e^0 is 1."""
    if name == "exp" and not args[0].terms:
        return constant(1)
    if name == "log" and args[0].number == 1:
        return Sum(())
    return of(Fn(name, args, by))


def multiplied_out(term: Term) -> Sum:
    """A product, multiplied out over every sum among its factors that is not below a fraction line."""
    coefficient, factors = term
    parts = [Sum(((coefficient, ()),))]
    rest: list[tuple[Sym | Fn | Sum, Fraction]] = []
    for base, exponent in factors:
        if isinstance(base, Sum) and exponent.denominator == 1 and 0 < exponent <= 6:
            parts.extend([base] * exponent.numerator)
        else:
            rest.append((base, exponent))
    parts.append(product(rest))
    whole = parts[-1]
    for part in parts[:-1]:
        whole = total([times(Sum((a,)), Sum((b,))) for a in part.terms for b in whole.terms])
    return whole


def expanded(value: Sum) -> Sum:
    """Every term multiplied out."""
    return total([multiplied_out(t) for t in value.terms])


def fraction(term: Term) -> tuple[Sum, Sum]:
    """Numerator and denominator of a term; the coefficient's too."""
    coefficient, factors = term
    above = product([(b, e) for b, e in factors if e > 0], Fraction(coefficient.numerator))
    below = product([(b, -e) for b, e in factors if e < 0], Fraction(coefficient.denominator))
    return above, below

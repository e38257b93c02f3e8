"""Matrix products in normal form: their factors in order, transposes pushed down to them, numbers pulled out."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from chalkgrad.ir.dims import Shape
from chalkgrad.ops import shape as moves
from chalkgrad.transform.terms import (
    Call,
    Chain,
    Factor,
    Factors,
    Ones,
    Terms,
    alone,
    as_factor,
    factors_shape,
    product,
    shape_of,
    sum_of,
)

Chained = tuple[Factor, ...]
_ONE = Fraction(1)


def plain(terms: Terms) -> Terms:
    """The same, a sum that is the only factor of its product taken for itself."""
    if len(terms.terms) == 1:
        coefficient, factors = terms.terms[0]
        if coefficient == 1 and len(factors) == 1 and isinstance(factors[0][0], Terms) and factors[0][1] == 1:
            return factors[0][0]
    return terms


def chain(factors: Sequence[Factor]) -> Terms:
    """The matrix product of the factors; of one that is not transposed, itself."""
    kept = tuple([f for f in factors if not _unit(f)] or factors[:1])
    if len(kept) == 1 and not kept[0].turned:
        return kept[0].whole
    return alone(Chain(kept))


def _unit(factor: Factor) -> bool:
    """Whether it is I, or the 1×1 matrix of 1."""
    terms = factor.whole.terms
    if len(terms) != 1 or terms[0][0] != 1 or len(terms[0][1]) != 1:
        return False
    base = terms[0][1][0][0]
    return isinstance(base, Ones) and (base.diagonal or (base.place is None and base.shape == (1, 1)))


def transposed(factors: Chained) -> Chained:
    """The factors of the transpose: in reverse, each transposed."""
    return tuple(Factor(f.whole, not f.turned, f.shape) for f in reversed(factors))


def factors_of(terms: Terms, shape: Shape) -> tuple[Terms, Chained]:
    """A vector or matrix as numbers times the factors of a matrix product."""
    if not terms.terms:
        return terms, (Factor(alone(Ones(shape)), False, shape),)
    coefficient, factors = as_factor(filled(terms, shape))
    scale = Terms(((coefficient, tuple(f for f in factors if not shape_of(f[0]))),))
    rest: Factors = tuple(f for f in factors if shape_of(f[0]))
    if len(rest) == 1 and rest[0][1] == 1 and isinstance(rest[0][0], Chain):
        return scale, rest[0][0].factors
    return scale, (Factor(plain(Terms(((_ONE, rest),))), False, shape),)


def filled(terms: Terms, shape: Shape) -> Terms:
    """`terms` in the full shape; what is repeated is a product with 𝟏."""
    have = terms.shape
    if have == shape or not terms.terms:
        return terms
    coefficient, factors = as_factor(terms)
    scale = Terms(((coefficient, tuple(f for f in factors if not shape_of(f[0]))),))
    rest: Factors = tuple(f for f in factors if shape_of(f[0]))
    if not rest:
        return product(scale, alone(Ones(shape)))
    whole = Terms(((_ONE, rest),))
    have = factors_shape(rest)
    if len(shape) != 2:
        return product(terms, alone(Ones(shape)))
    if have == (shape[0], 1):
        vector = _vector(rest)
        if vector is not None:
            other, column = factors_of(vector, shape[:1])
            return product(product(scale, other), chain((*column, _ones(shape[1:], True))))
        other, column = factors_of(whole, have)
        return product(product(scale, other), chain((*column, _ones((shape[1], 1), True))))
    if have == (1, shape[1]):
        other, row = factors_of(whole, have)
        return product(product(scale, other), chain((_ones((shape[0], 1), False), *row)))
    if have == shape[1:]:
        if shape[0] == 1:
            return product(scale, alone(Call(moves.index, (plain(whole),), (("index", (None, slice(None))),), shape)))
        other, row = factors_of(whole, have)
        return product(product(scale, other), chain((_ones(shape[:1], False), *transposed(row))))
    return product(terms, alone(Ones(shape)))


def _ones(shape: Shape, turned: bool) -> Factor:
    return Factor(alone(Ones(shape)), turned, shape)


def _vector(factors: Factors) -> Terms | None:
    """v, where the factors are `v[:, None]`."""
    if len(factors) == 1 and factors[0][1] == 1 and isinstance(base := factors[0][0], Call) and base.op is moves.index:
        return base.args[0] if dict(base.params)["index"] == (slice(None), None) else None
    return None


def collected(terms: Terms) -> Terms:
    """Terms that begin or end with the same matrix taken together: A x + Aᵀ x is (A + Aᵀ) x."""
    found = list(terms.terms)
    place = 0
    while place < len(found):
        for other in range(place + 1, len(found)):
            merged = _together(found[place], found[other])
            if merged is not None:
                found[place] = merged
                del found[other]
                break
        else:
            place += 1
    return terms if len(found) == len(terms.terms) else Terms(tuple(found))


def _together(one: tuple[Fraction, Factors], two: tuple[Fraction, Factors]) -> tuple[Fraction, Factors] | None:
    (a, f), (b, g) = one, two
    first, second = _chain_among(f), _chain_among(g)
    if first is None or second is None:
        return None
    if {(_key(x), e) for x, e in f if x is not first} != {(_key(x), e) for x, e in g if x is not second}:
        return None
    left, right = first.factors, second.factors
    if min(len(left), len(right)) < 2:
        return None
    if left[-1].key == right[-1].key:
        heads = [(a, left[:-1]), (b, right[:-1])]
        if len(left) == len(right) == 2 and left[0].turned and not right[0].turned:
            heads.reverse()  # A + Aᵀ rather than Aᵀ + A
        joined = _sum(heads)
        last = True
    elif left[0].key == right[0].key:
        joined = _sum([(a, left[1:]), (b, right[1:])])
        last = False
    else:
        return None
    if joined is None:
        return None
    content, inner = joined
    base = Chain((inner, left[-1]) if last else (left[0], inner))
    return content, tuple((base, e) if x is first else (x, e) for x, e in f)


def _sum(parts: Sequence[tuple[Fraction, Chained]]) -> tuple[Fraction, Factor] | None:
    """Several products as a number times one factor, their sum; None where they are no arrays of one shape."""
    forms = [(c, chain(p)) for c, p in parts]
    shapes = {Chain(p).shape for _, p in parts}
    if len(shapes) != 1:
        return None
    (shape,) = shapes
    if not shape or (len(shape) == 1 and any(_rows(p) for _, p in parts)):
        return None
    total = sum_of([Terms(tuple((c * k, f) for k, f in t.terms)) for c, t in forms])
    if not total.terms:
        return None
    content, factors = as_factor(total)
    return content, Factor(plain(Terms(((_ONE, factors),))), False, shape)


def _rows(factors: Chained) -> bool:
    """Whether a product of one axis is a row."""
    return len(factors[0].shape) == 1 and factors[0].turned


def _chain_among(factors: Factors) -> Chain | None:
    chains = [b for b, e in factors if isinstance(b, Chain) and e == 1]
    return chains[0] if len(chains) == 1 else None


def _key(base: object) -> object:
    return getattr(base, "key", id(base))

"""Matrix products, outer products and transposes."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from chalkgrad.ir.dims import Shape
from chalkgrad.ir.types import ArrayType
from chalkgrad.transform.matrices.chains import chain, collected, factors_of, filled, transposed
from chalkgrad.transform.matrices.form import Array, Params
from chalkgrad.transform.matrices.moves import column
from chalkgrad.transform.terms import Terms, common, product, scaled, shape_of, sum_of


def matmul(args: Sequence[Array], params: Params, type: ArrayType) -> Terms | None:
    """The matrix product: factors in their order, numbers in front."""
    a, b = args
    ranks = len(a.shape), len(b.shape)
    if not set(ranks) <= {1, 2}:
        return None
    (scale, left), (other, right) = factors_of(a.terms, a.shape), factors_of(b.terms, b.shape)
    if ranks == (1, 1):
        left = transposed(left)
    elif ranks == (1, 2):  # a row times a matrix: as a column, Bᵀ a
        left, right = transposed(right), left
    return product(product(scale, other), chain((*left, *right)))


def crossed(terms: Terms, shape: Shape) -> Terms:
    """A column times a row, entry by entry, is their matrix product."""
    if len(shape) != 2 or len(terms.terms) != 1:
        return terms
    coefficient, factors = terms.terms[0]
    upright = tuple(f for f in factors if shape_of(f[0]) == (shape[0], 1))
    flat = tuple(f for f in factors if shape_of(f[0]) in ((1, shape[1]), shape[1:]))
    if not upright or not flat or 1 in shape or len(upright) + len(flat) < sum(bool(shape_of(b)) for b, _ in factors):
        return terms
    numbers = Terms(((coefficient, tuple(f for f in factors if not shape_of(f[0]))),))
    one, across = Terms(((Fraction(1), upright),)), Terms(((Fraction(1), flat),))
    vector = column(one)
    standing = one if vector is None else vector
    lying = across if len(across.shape) == 2 or vector is not None else filled(across, (1, shape[1]))
    (scale, left), (other, right) = (factors_of(t, t.shape) for t in (standing, lying))
    right = transposed(right) if len(lying.shape) == 1 else right
    if vector is not None and len(lying.shape) == 2:
        return terms
    return product(numbers, product(product(scale, other), chain((*left, *right))))


def outer(args: Sequence[Array], params: Params, type: ArrayType) -> Terms | None:
    """A column times a row."""
    if any(len(a.shape) != 1 for a in args):
        return None
    (scale, left), (other, right) = (factors_of(a.terms, a.shape) for a in args)
    return product(product(scale, other), chain((*left, *transposed(right))))


def transpose(args: Sequence[Array], params: Params, type: ArrayType) -> Terms | None:
    """The transpose, pushed down to the factors."""
    (a,) = args
    if len(a.shape) < 2:
        return a.terms
    axes = params.get("axes")
    if len(a.shape) != 2 or (axes is not None and tuple(x % 2 for x in axes) != (1, 0)):
        return None
    parts: list[Terms] = []
    for coefficient, factors in a.terms.terms:
        whole = Terms(((Fraction(1), factors),))
        if whole.shape == () or whole.shape == (a.shape[1],):  # one number, or a row that repeats
            whole = filled(whole, a.shape) if whole.shape else whole
        if whole.shape:
            scale, chained = factors_of(whole, whole.shape)
            whole = product(scale, chain(transposed(chained)))
        parts.append(scaled(whole, coefficient))
    return common(collected(sum_of(parts)))

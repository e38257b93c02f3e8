"""Formulas of arrays as a person writes them, `(W2ᵀ u ∘ 1{z1 > 0}) xᵀ`. For print only.

A gradient program moves entries about so that shapes fit; a person writes products, transposes and sums. Here the
first becomes the second. Elementwise algebra is that of `transform.terms`; a matrix product is a base of its own, whose
factors never change places; numbers are pulled out of it. What an axis was repeated along is not written where the rest
shows it, and is a product with 𝟏 where nothing else would.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from chalkgrad.errors import ChalkgradError
from chalkgrad.ir.dims import Size
from chalkgrad.ir.program import Var
from chalkgrad.ir.types import SCALAR, ArrayType, type_of
from chalkgrad.ops import arithmetic, choice, determinant, diagonals, linear_algebra, order, reduction, shape
from chalkgrad.transform.expression import Const, Expr, Ref
from chalkgrad.transform.matrices import branches, moves, products, sums
from chalkgrad.transform.matrices.chains import collected, filled
from chalkgrad.transform.matrices.form import Array, Params, call
from chalkgrad.transform.simplify import ALGEBRA
from chalkgrad.transform.terms import (
    Call,
    Literal,
    Ones,
    Terms,
    Unwieldy,
    alone,
    common,
    constant,
    number,
    power,
    sum_of,
)
from chalkgrad.transform.written import written


def matrix_form(expr: Expr, ones: frozenset[Var] = frozenset()) -> Expr | None:
    """`expr` as a person writes it, None where it would grow beyond reading. `ones` are values that are 1."""
    form = matrix_terms(expr, ones)
    return None if form is None else written(form)


def matrix_terms(expr: Expr, ones: frozenset[Var] = frozenset()) -> Terms | None:
    """The normal form behind `matrix_form`."""
    try:
        found = _normal(expr, ones)
        if any(isinstance(base, Ones) for _, factors in found.terms.terms for base, _ in factors):
            # beside I or e_0 a bare 1 would not be read as all ones
            return sum_of(filled(Terms((term,)), found.shape) for term in found.terms.terms)
        return found.terms if found.terms.shape == () else found.full
    except (Unwieldy, OverflowError, ChalkgradError):
        return None


def _normal(expr: Expr, ones: frozenset[Var]) -> Array:
    """Formulas are bounded in size before they get here, so this may recurse."""
    if isinstance(expr, Ref):
        return Array(number(1) if expr.var in ones else alone(expr.var), expr.var.type)
    if isinstance(expr, Const):
        return _constant(expr.value)
    args = [_normal(a, ones) for a in expr.args]
    type = expr.op.infer(tuple([a.type for a in args]), expr.params)[expr.place or 0]
    if expr.place is not None:
        inside = tuple([a.full for a in args])
        return Array(alone(Call(expr.op, inside, tuple(expr.params.items()), type.shape, expr.place)), type)
    rule = _RULES.get(expr.op.name)
    found = None if rule is None else rule(args, expr.params, type)
    if found is None and expr.op.name in ALGEBRA:
        found = common(collected(products.crossed(ALGEBRA[expr.op.name](*[a.terms for a in args]), type.shape)))
    return Array(call(expr.op, args, expr.params, type) if found is None else found, type)


def _constant(value: Any) -> Array:
    if isinstance(value, Size):
        return Array(alone(Literal(value)), SCALAR)
    array = np.asarray(value)
    type = type_of(array)
    if array.dtype.kind in "if" and array.size and np.all(array == array.flat[0]):
        return Array(number(array.flat[0].item()), type)
    return Array(alone(Literal(value, type.shape)), type)


def _power(args: Sequence[Array], params: Params, type: ArrayType) -> Terms | None:
    exponent = constant(args[1].terms)
    return None if exponent is None else power(args[0].terms, exponent)


_RULES: dict[str, Callable[[Sequence[Array], Params, ArrayType], Terms | None]] = {
    arithmetic.power.name: _power,
    linear_algebra.matmul.name: products.matmul,
    linear_algebra.dot.name: products.matmul,
    linear_algebra.outer.name: products.outer,
    shape.transpose.name: products.transpose,
    shape.broadcast_to.name: lambda args, params, type: args[0].terms,
    shape.sum_to.name: sums.sum_to,
    shape.reshape.name: moves.reshape,
    shape.scatter.name: moves.scatter,
    shape.index.name: moves.index,
    reduction.sum.name: sums.total,
    reduction.mean.name: sums.mean,
    reduction.mean_of.name: sums.mean_of,
    order.put_along.name: moves.put_along,
    diagonals.put_diagonal.name: moves.put_diagonal,
    determinant.cofactor.name: moves.cofactors,
    choice.where.name: branches.where,
    choice.indicator.name: branches.indicator,
    choice.greater.name: branches.greater,
    choice.logical_not.name: branches.opposite,
}

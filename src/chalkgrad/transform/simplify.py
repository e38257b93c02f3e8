"""Formulas as a person writes them. For print only: what is computed is never changed.

Constants are folded, like terms collected, exponents merged, content and sign pulled out of a sum that is a factor; a
product is distributed into a sum only where that strictly lowers (denominators, weight). Formulas in which an array
stands are for `transform.matrices`.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from chalkgrad.ops import arithmetic, choice, shape
from chalkgrad.transform.expression import Const, Expr, Ref
from chalkgrad.transform.terms import (
    Call,
    Literal,
    Terms,
    Unwieldy,
    alone,
    constant,
    number,
    power,
    product,
    quotient,
    scaled,
    sum_of,
)
from chalkgrad.transform.written import written


def simplify(expr: Expr) -> Expr:
    """`expr` as a person would write it; it comes back unchanged where it would grow beyond reading."""
    try:
        return written(_normal(expr))
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
    return first if best is None else written(best[1])


def _normal(expr: Expr) -> Terms:
    if isinstance(expr, Ref):
        return alone(expr.var)
    if isinstance(expr, Const):
        if not isinstance(expr.value, (int, float)) or isinstance(expr.value, bool):
            return alone(Literal(expr.value))
        return number(expr.value)
    rule = ALGEBRA.get(expr.op.name)
    if rule is not None:
        return rule(*map(_normal, expr.args))
    if expr.op is arithmetic.power:
        exponent = constant(_normal(expr.args[1]))
        if exponent is not None:
            return power(_normal(expr.args[0]), exponent)
    args = tuple(map(_normal, expr.args))
    return alone(Call(expr.op, args, tuple(expr.params.items()), place=expr.place))


ALGEBRA: dict[str, Callable[..., Terms]] = {
    arithmetic.add.name: lambda a, b: sum_of((a, b)),
    arithmetic.subtract.name: lambda a, b: sum_of((a, scaled(b, Fraction(-1)))),
    arithmetic.multiply.name: product,
    arithmetic.divide.name: quotient,
    arithmetic.negative.name: lambda a: scaled(a, Fraction(-1)),
    arithmetic.square.name: lambda a: power(a, Fraction(2)),
    arithmetic.reciprocal.name: lambda a: power(a, Fraction(-1)),
    shape.accumulate.name: lambda *xs: sum_of(xs),
    choice.masked.name: lambda value, zero_at: value,
    choice.defined.name: lambda slope, value: slope,
}

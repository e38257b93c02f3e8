"""Branches, as products with indicators."""

from __future__ import annotations

from collections.abc import Sequence

from chalkgrad.ir.types import ArrayType
from chalkgrad.ops import choice
from chalkgrad.transform.matrices.form import Array, Params, only
from chalkgrad.transform.terms import Call, Chain, Terms, alone, constant, product

_OPPOSITE = {
    choice.less.name: choice.greater_equal,
    choice.less_equal.name: choice.greater,
    choice.greater.name: choice.less_equal,
    choice.greater_equal.name: choice.less,
    choice.equal.name: choice.not_equal,
    choice.not_equal.name: choice.equal,
}


def where(args: Sequence[Array], params: Params, type: ArrayType) -> Terms | None:
    """A branch with 0 on its other side is a product with an indicator."""
    condition, a, b = args
    somewhere = only(condition.terms)
    one = somewhere is not None and len(somewhere.args) == 1 and not somewhere.shape
    if constant(b.terms) == 0 and somewhere is not None and one and _gated(a.terms, somewhere.args[0]):
        return a.terms  # it is 0 already where the condition holds nowhere
    if constant(b.terms) == 0:
        return product(a.terms, indicator((condition,), {}, type))
    if constant(a.terms) == 0:
        other = Array(opposite((condition,), {}, condition.type), condition.type)
        return product(b.terms, indicator((other,), {}, type))
    return None


def _gated(terms: Terms, condition: Terms) -> bool:
    """Whether a product has the indicator of a condition among its factors."""
    if len(terms.terms) != 1:
        return False
    for base, exponent in terms.terms[0][1]:
        gate = exponent == 1 and isinstance(base, Call) and base.op is choice.indicator
        if gate and base.args[0].key == condition.key:
            return True
        if exponent == 1 and isinstance(base, Chain) and any(_gated(f.whole, condition) for f in base.factors):
            return True
    return False


def indicator(args: Sequence[Array], params: Params, type: ArrayType) -> Terms:
    """1 where a condition holds."""
    inside = args[0].terms
    return alone(Call(choice.indicator, (inside,), (), inside.shape))


def greater(args: Sequence[Array], params: Params, type: ArrayType) -> Terms | None:
    """`1{c} > 0` is c: how a gate passes on."""
    inner = only(args[0].terms)
    if inner is None or inner.op is not choice.indicator or constant(args[1].terms) != 0:
        return None
    return inner.args[0]


def opposite(args: Sequence[Array], params: Params, type: ArrayType) -> Terms:
    """The opposite of a comparison is a comparison."""
    inner = args[0].terms
    call = only(inner)
    if call is not None:
        if call.op.name in _OPPOSITE:
            return alone(Call(_OPPOSITE[call.op.name], call.args, call.params, call.shape))
        if call.op is choice.logical_not:
            return call.args[0]
    return alone(Call(choice.logical_not, (inner,), (), inner.shape))

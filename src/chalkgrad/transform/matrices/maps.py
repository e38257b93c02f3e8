"""A gradient taken apart: which linear map the upstream gradient goes through. For print only.

Of `W2ᵀ u` the map is W2ᵀ on the left, and the derivative is W2; of `u xᵀ` it is xᵀ on the right; of `u ∘ h` it is h,
entry by entry; of a sum of u over columns, I for every column.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, final

from chalkgrad.ir.dims import Shape
from chalkgrad.ir.program import Var
from chalkgrad.ops.notation import Function
from chalkgrad.transform.expression import Expr
from chalkgrad.transform.matrices.chains import Chained, chain, transposed
from chalkgrad.transform.terms import Call, Chain, Factors, Terms, alone, common, product, shape_of, sum_of
from chalkgrad.transform.written import written

Kind = Literal["entries", "left", "right", "sum"]


@final
@dataclass(frozen=True, slots=True)
class LinearMap:
    """What the upstream gradient u meets.

    kind        `u ∘ factor`, `factor u`, `u factor`, or u ∘ factor summed over `axis` (None: over everything)
    factor      as above
    derivative  the derivative as a matrix where it is one: of `factor u` it is the factor's transpose
    shape       of `derivative`
    """

    kind: Kind
    factor: Expr
    derivative: Expr
    shape: Shape
    axis: int | None = None


def linear_map(form: Terms, upstream: Var) -> LinearMap | None:
    """The map that `form` is of `upstream`, in which it is linear; None where it is made of several."""
    if not form.terms:
        return None
    by_entry = _by_entry(form, upstream)
    if by_entry is not None:
        factor = written(by_entry)
        return LinearMap("entries", factor, factor, by_entry.shape)
    if len(form.terms) != 1:
        return None
    ((coefficient, factors),) = form.terms
    numbers = tuple((b, e) for b, e in factors if not shape_of(b) and not _holds(b, upstream))
    (last, *others) = [(b, e) for b, e in factors if (b, e) not in numbers] or [(None, 0)]
    if others or last[1] != 1:
        return None
    scale = Terms(((coefficient, numbers),))
    if isinstance(last[0], Chain):
        return _beside(scale, last[0], upstream)
    return _summed(scale, last[0], upstream) if isinstance(last[0], Call) else None


def _by_entry(form: Terms, upstream: Var) -> Terms | None:
    """The factor of `u ∘ factor`, where every term is such a product."""
    parts: list[Terms] = []
    for coefficient, factors in form.terms:
        rest: Factors = tuple((b, e) for b, e in factors if b is not upstream)
        once = [e for b, e in factors if b is upstream] == [1]
        if not once or any(_holds(b, upstream) for b, _ in rest):
            return None
        parts.append(Terms(((coefficient, rest),)))
    return common(sum_of(parts))


def _holds(base: object, upstream: Var) -> bool:
    """Whether the upstream gradient stands in a base."""
    if isinstance(base, Terms):
        return any(_holds(b, upstream) for _, factors in base.terms for b, _ in factors)
    if isinstance(base, Chain):
        return any(_holds(f.whole, upstream) for f in base.factors)
    if isinstance(base, Call):
        return any(_holds(a, upstream) for a in base.args)
    return base is upstream


def _beside(scale: Terms, base: Chain, upstream: Var) -> LinearMap | None:
    factors = base.factors
    plain = alone(upstream).key
    at = [i for i, f in enumerate(factors) if f.whole.key == plain]
    if len(at) != 1 or any(_holds(f.whole, upstream) for i, f in enumerate(factors) if i != at[0]):
        return None
    place = at[0]
    if factors[place].turned:
        if base.shape:  # uᵀ A: the upstream gradient itself is transposed
            return None
        factors, place = transposed(factors), len(factors) - 1 - place  # a number is its own transpose
    left, right = factors[:place], factors[place + 1 :]
    if left and right:
        return None
    met = left or right
    factor = written(product(scale, chain(met)))
    back = transposed(met) if left else met
    return LinearMap("left" if left else "right", factor, written(product(scale, chain(back))), _shape(back))


def _shape(factors: Chained) -> Shape:
    return Chain(factors).shape


def _summed(scale: Terms, base: Call, upstream: Var) -> LinearMap | None:
    layout = base.op.notation
    params = dict(base.params)
    axis = params.get("axis")
    if not isinstance(layout, Function) or layout.paper != "over" or not (axis is None or isinstance(axis, int)):
        return None
    inside = _by_entry(base.args[0], upstream)
    if inside is None:
        return None
    factor = written(product(scale, inside))
    return LinearMap("sum", factor, factor, inside.shape, axis)

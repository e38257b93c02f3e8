"""A formula of an array in normal form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

from chalkgrad.ir.dims import Shape, broadcast
from chalkgrad.ir.types import ArrayType
from chalkgrad.transform.matrices.chains import filled
from chalkgrad.transform.terms import Call, Terms, alone

Params = Mapping[str, Any]


@final
@dataclass(frozen=True)
class Array:
    """A normal form and its type; of an array of equal entries, rows or columns the form may be smaller."""

    terms: Terms
    type: ArrayType

    @property
    def shape(self) -> Shape:
        return self.type.shape

    @property
    def full(self) -> Terms:
        """The form in its full shape."""
        return filled(self.terms, self.shape)


def call(op: Any, args: Sequence[Array], params: Params, type: ArrayType) -> Terms:
    """An op that algebra does not look into."""
    if "axis" in params and all(len(a.shape) == 1 for a in args) and op.params.get("axis", 0) in (None, -1, 0):
        params = {k: v for k, v in params.items() if k != "axis"}  # of a vector there is one axis
    if op.elementwise:
        inside = tuple([a.terms for a in args])
        return alone(Call(op, inside, tuple(params.items()), broadcast(*[t.shape for t in inside])))
    return alone(Call(op, tuple([a.full for a in args]), tuple(params.items()), type.shape))


def only(terms: Terms) -> Call | None:
    """The call that a form consists of, if it is one."""
    if len(terms.terms) != 1 or terms.terms[0][0] != 1 or len(terms.terms[0][1]) != 1:
        return None
    ((base, exponent),) = terms.terms[0][1]
    return base if exponent == 1 and isinstance(base, Call) else None

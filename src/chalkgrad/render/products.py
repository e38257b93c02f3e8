"""How products of arrays stand on paper: what the text and the boxes of a formula both ask."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Literal

import numpy as np

from chalkgrad.errors import ChalkgradError
from chalkgrad.ir.dims import Size
from chalkgrad.ir.types import SCALAR, ArrayType, type_of
from chalkgrad.ops.notation import Function, Infix, Postfix
from chalkgrad.transform.expression import Apply, Const, Expr, Ref

Kind = Literal["matrix", "entries", "plain", ""]
"""A matrix product, an elementwise one of arrays, one with a number in it, or none."""

AXES = {0: "rows", 1: "columns"}


@lru_cache(maxsize=4096)  # a printer asks at every product for what stands under it
def type_in(expr: Expr) -> ArrayType:
    """The type of a formula."""
    if isinstance(expr, Ref):
        return expr.var.type
    if isinstance(expr, Const):
        return SCALAR if isinstance(expr.value, Size) else type_of(np.asarray(expr.value))
    try:
        return expr.op.infer(tuple(map(type_in, expr.args)), expr.params)[expr.place or 0]
    except ChalkgradError:
        return SCALAR


def kind(expr: Expr) -> Kind:
    """Which product a formula is."""
    if not isinstance(expr, Apply):
        return ""
    layout = expr.op.notation
    if isinstance(layout, Infix) and layout.sign == "@":
        return "matrix"
    if isinstance(layout, Infix) and layout.sign == "·":
        return "entries" if all(type_in(a).shape for a in expr.args) else "plain"
    return "matrix" if isinstance(layout, Function) and drawn(layout, expr) == "outer" else ""


def needs_bracket(whole: Kind, expr: Expr, right: bool) -> bool:
    """Whether a factor stands in brackets though precedence does not ask for them: (a ∘ b) xᵀ, b ∘ (A x)."""
    inner = kind(expr)
    if whole == "matrix":
        return inner in ("entries", "plain") or (right and inner == "matrix")
    if whole in ("entries", "plain") and inner == "matrix":
        return right if whole == "entries" else not type_in(expr).shape
    return whole == "entries" and right and inner == "plain"


def lies(expr: Expr) -> bool:
    """Whether the left factor of a matrix product is a vector, which lies there as a row: the u of uᵀ A."""
    if len(type_in(expr).shape) != 1:
        return False
    if kind(expr) == "matrix" and isinstance(expr, Apply):
        return len(type_in(expr.args[0]).shape) == 2  # of uᵀ A, the row is u
    return not (isinstance(expr, Apply) and isinstance(expr.op.notation, Postfix))


def beside(expr: Apply) -> bool:
    """Whether a number stands before a matrix product with no sign between: `2 Aᵀ (A x - b)`."""
    left, right = expr.args
    return isinstance(left, Const) and np.ndim(left.value) == 0 and kind(right) == "matrix"


def inverse(expr: Apply) -> Expr | None:
    """The A of A⁻ᵀ, where a transpose is of an inverse."""
    (inner,) = expr.args
    if isinstance(inner, Apply) and isinstance(inner.op.notation, Postfix) and inner.op.notation.sign == "⁻¹":
        return inner.args[0]
    return None


def over_entries(expr: Apply) -> bool:
    """Whether a power is 1 over each entry of a matrix: written A^-1 it would be read as the inverse."""
    if len(expr.args) != 2 or not isinstance(expr.args[1], Const) or np.ndim(expr.args[1].value) != 0:
        return False
    return expr.args[1].value == -1 and len(type_in(expr.args[0]).shape) > 1


def drawn(layout: Function, expr: Apply) -> str:
    """How a function shows itself on paper, nothing where its arguments do not allow it."""
    form = layout.paper
    if not form:
        return ""
    params: Any = expr.params
    shape = type_in(expr.args[0]).shape
    fits = {
        "outer": all(len(type_in(a).shape) == 1 for a in expr.args),
        "entries": len(shape) == 1,
        "ones": _one(expr.args[0]),
        "identity": _ones(expr.args[0]) and set(params) == {"shape"},
        "places": isinstance(expr.args[0], Const) and np.ndim(expr.args[0].value) == 0,
        "over": len(shape) == 2 and params.get("axis") in (0, 1) and bool(params.get("keepdims")),
        "norm": params.get("ord", 2) == 2 and not {k for k in params if k != "ord"} and len(expr.args) == 1,
    }
    return form if fits[form] else ""


def _one(expr: Expr) -> bool:
    return isinstance(expr, Const) and np.ndim(expr.value) == 0 and bool(expr.value == 1)


def _ones(expr: Expr) -> bool:
    if not isinstance(expr, Apply) or not isinstance(expr.op.notation, Function):
        return False
    return expr.op.notation.paper == "ones" and _one(expr.args[0])


def ambiguous(names: Iterable[str]) -> bool:
    """Whether a person has a value of their own called I, or e_0."""
    return any(n == "I" or n[:2].lower() == "e_" for n in names)


def place_text(expr: Apply) -> str:
    """The places of `e_0` and `E_{0,1}`."""
    index = expr.params["index"]
    return ",".join(map(str, index if isinstance(index, tuple) else (index,)))

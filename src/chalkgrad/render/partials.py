"""A stage differentiated by what it reads, where arrays stand: `∂z2/∂a1 = W2 (1×D_a; W2ᵀ on the left)`.

Such a derivative is a linear map, and seldom a matrix that a person would write out. Said is what the upstream gradient
meets, on which side, and of what shape the whole is.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from chalkgrad.ir.dims import Shape
from chalkgrad.render.maths import Sign, Word
from chalkgrad.render.said import Said, beside, equal, words
from chalkgrad.render.stages import Link
from chalkgrad.transform.expression import Const, Expr

_AXES = {0: "row", 1: "column"}
_MATRIX = 2  # sizes of a matrix; a derivative with more is a tensor
_GAP = Said(" ", Sign("\u2003"))


def derivative(link: Link, label: Said, upstream: Said, expr: Callable[[Expr], Said], identity: str) -> Said | None:
    """The line of a link, `label` on its left; None where there is no formula at all.

    `upstream` is the name of the gradient of the stage, `expr` prints a formula, and `identity` is the sign of I.
    """
    right = _meets(link, expr, identity)
    if right is not None:
        return equal(label, right)
    if link.sent is None:
        return None
    size = words(f" {_bracket(link.source.type.shape)}" if link.source.type.shape else "")
    return beside(label, words(" sends "), upstream, words(" back as "), expr(link.sent), size)


def _meets(link: Link, expr: Callable[[Expr], Said], identity: str) -> Said | None:
    """What the upstream gradient meets; None where the map has no short name."""
    found = link.map
    if found is None:
        return None
    stage, source = link.target.type.shape, link.source.type.shape
    if found.kind == "sum":
        what = _AXES.get(found.axis, "entry") if found.axis is not None else "entry"
        if len(stage) > _MATRIX:
            return None
        note = words(f" for every {what}; what they send back is added ({_sizes(source) or 'a number'})")
        return beside(_factor(found.factor, expr, identity), note)
    factor = expr(found.factor)
    if found.kind == "entries":
        if _single(stage) and stage != source and isinstance(found.factor, Const):
            return beside(factor, words(f" for every entry ({_sizes(source)})"))
        if stage == source and _number(found.factor) in (1, -1) and not _single(source):
            note = words(f"(passes on unchanged, {_sizes(source)})" if _number(found.factor) == 1 else _bracket(source))
            return beside(_factor(found.factor, expr, identity), _GAP, note)
        if _single(stage):
            return beside(factor, _GAP, words(_bracket(source))) if source else factor
        return beside(factor, _GAP, words(f"(elementwise, {_sizes(source)})")) if stage == source else None
    if found.kind == "left":
        columns = ", for every column" if len(stage) == _MATRIX and stage[1] != 1 else ""
        start, end = words(f"({_sizes(found.shape)}{columns}; "), words(" on the left)")
        return beside(expr(found.derivative), _GAP, start, factor, end)
    entries = tuple(n for n in (*stage, *source) if n != 1)
    tensor = f"a tensor of {_sizes(entries)} entries, never written out"
    note = tensor if len(entries) > _MATRIX else _sizes(source)
    return beside(factor, words(f" on the right ({note})"))


def _factor(factor: Expr, expr: Callable[[Expr], Said], identity: str) -> Said:
    """The factor, with I for a bare 1."""
    number = _number(factor)
    if number == 1:
        return Said(identity, Word(identity, "italic"))
    if number == -1:
        return Said(f"-{identity}", beside(Said("-", Sign("-", "prefix")), Said("", Word(identity, "italic"))).box)
    return expr(factor)


def _number(factor: Expr) -> float | None:
    if not isinstance(factor, Const) or np.ndim(factor.value) or not isinstance(factor.value, (int, float)):
        return None
    return float(factor.value)


def _single(shape: Shape) -> bool:
    return all(n == 1 for n in shape)


def _sizes(shape: Shape) -> str:
    return "×".join(map(str, shape))


def _bracket(shape: Shape) -> str:
    return f"({_sizes(shape)})"

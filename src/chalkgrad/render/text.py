"""Formulas as one line of text, in the very notation that is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from chalkgrad.ir.dims import Size
from chalkgrad.ir.program import Var
from chalkgrad.ops.notation import (
    CALL,
    COMPARE,
    POWER,
    PRODUCT,
    SIGN,
    SUM,
    Bars,
    Bracket,
    Exponential,
    Fraction,
    Function,
    Indicator,
    Infix,
    Postfix,
    Power,
    Prefix,
    Shown,
    Subscript,
    Sum,
)
from chalkgrad.render.numbers import shown
from chalkgrad.render.products import (
    AXES,
    Kind,
    ambiguous,
    beside,
    drawn,
    inverse,
    kind,
    lies,
    needs_bracket,
    over_entries,
    place_text,
)
from chalkgrad.transform.expression import Apply, Const, Expr, Ref

Names = Mapping[Var, str]
Printed = tuple[str, int]


def text(expr: Expr, names: Names, digits: int = 12, *, paper: bool = False) -> str:
    """`-1/denom^2`, `s(x)·(1 - s(x))`, `W1 x + b1`, `Y ∘ log(h)`: brackets only where they are needed.

    Products stand as on paper in every view: of matrices with no sign, entry by entry with ∘, of numbers with ·. On
    `paper`, functions do too: `𝟏 xᵀ`, `Σ over columns of u`, `e_0`; what a person typed keeps its names.
    """
    layouts = (_PAPER_TAKEN if ambiguous(names.values()) else _PAPER) if paper else _LAYOUTS
    return _printed(expr, names, digits, layouts)[0]


def constant(value: Any, digits: int = 12) -> str:
    """A constant of the function itself: all its digits, for it is part of the text."""
    if isinstance(value, Size):
        return str(value)
    if isinstance(value, np.ndarray):
        return shown(value, digits, limit=64)
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if not np.isfinite(value):
        return shown(value)
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))


def _printed(expr: Expr, names: Names, digits: int, layouts: Mapping[type, Any]) -> Printed:
    if isinstance(expr, Ref):
        name = names[expr.var]
        # a derivative is a fraction: in a product it stands in brackets
        return name, SUM if layouts is not _LAYOUTS and name.startswith("∂") else CALL
    if isinstance(expr, Const):
        if isinstance(expr.value, Size):
            return str(expr.value), CALL if len(expr.value.terms) == 1 else SUM
        written = (
            constant(expr.value, digits)
            if not isinstance(expr.value, float) or np.isfinite(expr.value)
            else shown(expr.value)
        )
        return written, SIGN if written.startswith("-") else CALL
    parts = [_printed(a, names, digits, layouts) for a in expr.args]
    layout = expr.op.notation
    rule = layouts.get(type(layout))
    if rule is None:
        raise TypeError(f"{expr.op} has a notation that text does not know: {layout}")
    written = rule(layout, parts, expr)
    return written if expr.place is None else (f"{bracket(written, CALL)}[{expr.place}]", CALL)


def bracket(part: Printed, level: int) -> str:
    """The part, in brackets where it binds less tightly than `level`."""
    return part[0] if part[1] >= level else f"({part[0]})"


def options(expr: Apply) -> dict[str, Any]:
    """The params worth printing: not at their default, and not a convention's."""
    hidden = {param for param, _ in expr.op.conventions.values()}
    return {k: v for k, v in expr.params.items() if k not in hidden and repr(v) != repr(expr.op.params.get(k))}


def _infix(layout: Infix, parts: list[Printed], expr: Apply) -> Printed:
    whole, level = kind(expr), layout.precedence
    if whole:
        return _product(whole, parts, expr, level)
    right = level if layout.associative else level + 1
    left, second = bracket(parts[0], level), bracket(parts[1], right)
    if second.startswith("-") and level != COMPARE:
        second = f"({second})"
    return f"{left} {layout.sign} {second}", level


def _product(whole: Kind, parts: list[Printed], expr: Apply, level: int) -> Printed:
    """A product is associative, whichever it is: only what would mislead stands in brackets."""
    left, right = (
        f"({p[0]})" if p[1] < level or p[0].startswith("-") * n or needs_bracket(whole, a, n == 1) else p[0]
        for n, (p, a) in enumerate(zip(parts, expr.args, strict=True))
    )
    if whole == "matrix" and lies(expr.args[0]):
        left = f"{bracket(parts[0], CALL)}ᵀ"
    sign = " " if whole == "matrix" or beside(expr) else " ∘ " if whole == "entries" else "·"
    return f"{left}{sign}{right}", level


def _prefix(layout: Prefix, parts: list[Printed], expr: Apply) -> Printed:
    return f"{layout.sign}{bracket(parts[0], PRODUCT)}", SIGN if parts[0][1] > PRODUCT else PRODUCT


def _postfix(layout: Postfix, parts: list[Printed], expr: Apply) -> Printed:
    if options(expr):
        return _call("transpose", parts, expr)
    if inverse(expr) is not None:
        return parts[0][0].removesuffix("⁻¹") + "⁻ᵀ", CALL
    return f"{bracket(parts[0], CALL)}{layout.sign}", CALL


def _function(layout: Function, parts: list[Printed], expr: Apply) -> Printed:
    # what the text that is read has a sign for: x yᵀ, ‖x‖
    return _drawn(layout, parts, expr) if drawn(layout, expr) in ("outer", "norm") else _call(layout.name, parts, expr)


def _call(name: str, parts: list[Printed], expr: Apply) -> Printed:
    rest = [f"{k}={param(v)}" for k, v in options(expr).items()]
    return f"{name}({', '.join([p[0] for p in parts] + rest)})", CALL


def param(value: Any) -> str:
    """An option as it is typed."""
    if isinstance(value, tuple):
        return "(" + ", ".join(map(param, value)) + ("," if len(value) == 1 else "") + ")"
    return index_text(value) if isinstance(value, (slice, np.ndarray, type(Ellipsis))) else str(value)


def _fraction(layout: Fraction, parts: list[Printed], expr: Apply) -> Printed:
    return f"{bracket(parts[0], PRODUCT)}/{bracket(parts[1], POWER)}", PRODUCT


def _power(layout: Power, parts: list[Printed], expr: Apply) -> Printed:
    if over_entries(expr):
        return f"1/{bracket(parts[0], POWER)}", PRODUCT
    exponent = (str(layout.exponent), CALL) if layout.exponent is not None else parts[1]
    return f"{bracket(parts[0], CALL)}^{bracket(exponent, CALL)}", POWER


def _exponential(layout: Exponential, parts: list[Printed], expr: Apply) -> Printed:
    inner, level = parts[0]
    plain = level == CALL and (inner.isalpha() or inner.isdigit())
    return (f"e^{inner}" if plain else f"e^({inner})"), POWER


def _indicator(layout: Indicator, parts: list[Printed], expr: Apply) -> Printed:
    return f"1{{{parts[0][0]}}}", CALL


def _sum(layout: Sum, parts: list[Printed], expr: Apply) -> Printed:
    if len(parts) == 1:
        return parts[0]
    return " + ".join(f"({p[0]})" if p[0].startswith("-") else bracket(p, SUM) for p in parts), SUM


def _subscript(layout: Subscript, parts: list[Printed], expr: Apply) -> Printed:
    index = expr.params["index"]
    inner = ", ".join(map(index_text, index if isinstance(index, tuple) else (index,)))
    return f"{bracket(parts[0], CALL)}[{inner}]", CALL


def index_text(index: Any) -> str:
    """One index as NumPy and the maths text both write it."""
    if index is None:
        return "None"
    if index is Ellipsis:
        return "..."
    if isinstance(index, slice):
        ends = [("" if e is None else str(e)) for e in (index.start, index.stop)]
        return ":".join(ends) + ("" if index.step is None else f":{index.step}")
    if isinstance(index, np.ndarray):
        return str(index.tolist())
    return str(index)


def _drawn(layout: Function, parts: list[Printed], expr: Apply) -> Printed:
    first = parts[0]
    match drawn(layout, expr):
        case "outer":
            left = f"({first[0]})" if needs_bracket("matrix", expr.args[0], False) else bracket(first, PRODUCT)
            return f"{left} {bracket(parts[1], CALL)}ᵀ", PRODUCT
        case "entries":
            return f"{bracket(first, CALL)}[{parts[1][0]}]", CALL
        case "ones":
            return "𝟏", CALL
        case "identity":
            return "I", CALL
        case "places":
            place = place_text(expr)
            return (f"e_{place}" if place.isdecimal() else f"E_{{{place}}}"), CALL
        case "over":
            return f"Σ over {AXES[expr.params['axis']]} of {bracket(first, PRODUCT)}", SUM
        case "norm":
            return f"‖{first[0]}‖", CALL
        case _:
            return _call(layout.name, parts, expr)


def _drawn_by_name(layout: Function, parts: list[Printed], expr: Apply) -> Printed:
    """As `_drawn`, where a person's own value is called I or e_0."""
    signs = drawn(layout, expr) in ("identity", "places")
    return _function(layout, parts, expr) if signs else _drawn(layout, parts, expr)


_LAYOUTS: Mapping[type, Any] = {
    Infix: _infix,
    Prefix: _prefix,
    Postfix: _postfix,
    Function: _function,
    Fraction: _fraction,
    Power: _power,
    Exponential: _exponential,
    # bars within bars would be two pairs side by side
    Bars: lambda layout, parts, expr: (f"abs({parts[0][0]})" if "|" in parts[0][0] else f"|{parts[0][0]}|", CALL),
    Indicator: _indicator,
    Sum: _sum,
    Subscript: _subscript,
    Bracket: lambda layout, parts, expr: ("[" + ", ".join(p[0] for p in parts) + "]", CALL),
    Shown: lambda layout, parts, expr: parts[0],
}
_PAPER: Mapping[type, Any] = {**_LAYOUTS, Function: _drawn}
_PAPER_TAKEN: Mapping[type, Any] = {**_PAPER, Function: _drawn_by_name}

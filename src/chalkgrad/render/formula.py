"""A formula tree as boxes: by the kind of an op's notation, with brackets as in `text` where a fraction needs none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, final

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
from chalkgrad.render.maths import (
    Box,
    Fence,
    Grid,
    Num,
    Over,
    Prose,
    Root,
    Row,
    Scripts,
    Sign,
    Word,
    bracketed,
    function,
    joined,
    label,
    name,
    negative,
    number,
    row,
)
from chalkgrad.render.products import (
    AXES,
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
from chalkgrad.render.text import constant, index_text, options, param
from chalkgrad.transform.expression import Apply, Const, Expr, Ref

Made = tuple[Box, int]
Called = Mapping[Var, str | Box]
# A function that TeX sets as a sign stands between its operands, or before its one.
_JOINS = {r"\wedge": ("∧", 0), r"\vee": ("∨", -1), r"\neg": ("¬", POWER)}
_ENTRIES = 64
_RAISED = {"⁻¹": row(Sign("-", "prefix"), Num("1")), "⁺": Sign("+")}


def formula(expr: Expr, names: Called, digits: int = 12) -> Box:
    """`expr` as boxes, in the names of its values; a value may have boxes for its name."""
    return _Maker(names, digits).made(expr)[0]


def factor(expr: Expr, names: Called) -> Box:
    """`expr` in brackets where it could not stand in a product."""
    maker = _Maker(names, 12)
    made = maker.made(expr)
    return bracketed(made[0]) if negative(made[0]) else _bracket(made, PRODUCT)


def _bracket(part: Made, level: int) -> Box:
    return part[0] if part[1] >= level else bracketed(part[0])


@final
class _Maker:
    def __init__(self, names: Called, digits: int) -> None:
        self.names = names
        self.digits = digits
        self.e_is_taken = any(called == "e" for called in names.values())
        self.sign_is_taken = ambiguous(c for c in names.values() if isinstance(c, str))

    def made(self, expr: Expr) -> Made:
        """The boxes, and how tightly they bind. Formulas are bounded in size, so this may recurse."""
        if isinstance(expr, Ref):
            called = self.names[expr.var]
            if not isinstance(called, str):
                return called, POWER
            box = name(called)
            # what ends in digits or in a star takes an exponent only in brackets: (w1)²
            open_end = (isinstance(box, Row) and isinstance(box.items[-1], Num)) or (
                isinstance(box, Scripts) and box.above is not None
            )
            return box, POWER if open_end else CALL
        if isinstance(expr, Const):
            return self._constant(expr.value)
        layout = expr.op.notation
        parts = [self.made(a) for a in expr.args]
        whole = _LAYOUTS[type(layout)](self, layout, parts, expr)
        if expr.place is None:
            return whole
        return row(_bracket(whole, CALL), Fence("[", Num(str(expr.place)), "]")), CALL

    def _constant(self, value: Any) -> Made:
        if isinstance(value, Size):
            return label(str(value)), CALL if len(value.terms) == 1 else SUM
        array = np.asarray(value)
        if array.ndim == 0:
            box, product = number(constant(array[()], self.digits))
            if product:
                return box, PRODUCT
            power = isinstance(box, Scripts)
            return box, SIGN if negative(box) else POWER if power else CALL
        if array.size > _ENTRIES or array.ndim > 2:
            return label(constant(array, self.digits)), CALL
        cells = [[number(constant(x, self.digits))[0] for x in np.atleast_1d(line)] for line in array]
        if array.ndim == 2:
            return Grid(tuple(map(tuple, cells))), CALL
        return Fence("[", joined([line[0] for line in cells], Sign(",")), "]"), CALL

    def infix(self, layout: Infix, parts: list[Made], expr: Apply) -> Made:
        level, whole = layout.precedence, kind(expr)
        first, second = (
            bracketed(p[0]) if needs_bracket(whole, a, n == 1) else p[0]
            for n, (p, a) in enumerate(zip(parts, expr.args, strict=True))
        )
        left = _bracket((first, parts[0][1]), level)
        if whole == "matrix" and lies(expr.args[0]):
            left = Scripts(_bracket(parts[0], CALL), above=Sign("⊤"))
        # a product is associative, whichever of the two it is: what would mislead has its brackets
        right = _bracket((second, parts[1][1]), level if layout.associative or whole else level + 1)
        if negative(right) and level != COMPARE:
            right = bracketed(right)
        sign = Sign(layout.sign, "relation" if level == COMPARE else "binary")
        if whole == "matrix" or (whole and beside(expr)):
            sign = Sign(" ")
        elif whole == "entries":
            sign = Sign("∘", "binary")
        return row(left, sign, right), level

    def prefix(self, layout: Prefix, parts: list[Made], expr: Apply) -> Made:
        inside = _bracket(parts[0], PRODUCT)
        if negative(inside):
            inside = bracketed(inside)
        return row(Sign(layout.sign, "prefix"), inside), SIGN if parts[0][1] > PRODUCT else PRODUCT

    def postfix(self, layout: Postfix, parts: list[Made], expr: Apply) -> Made:
        if options(expr):
            return self._call(Word(expr.op.name, "function"), parts, expr)
        inner = inverse(expr)
        if layout.sign in _RAISED:
            base, sign = _bracket(parts[0], CALL), _RAISED[layout.sign]
        elif inner is not None:
            base, sign = _bracket(self.made(inner), CALL), row(Sign("-", "prefix"), Sign("⊤"))
        else:
            # no exponent can be misread here: W2ᵀ, where a square would be (W2)²
            plain = isinstance(expr.args[0], Ref) and isinstance(self.names[expr.args[0].var], str)
            base, sign = _bracket(parts[0], POWER if plain else CALL), Sign("⊤")
        return Scripts(base, above=sign), POWER

    def function(self, layout: Function, parts: list[Made], expr: Apply) -> Made:
        on_paper = self._drawn(layout, parts, expr)
        if on_paper is not None:
            return on_paper
        if layout.brace and len(parts) == 1 and not options(expr):
            return Root(parts[0][0], "[3]" in layout.latex), CALL
        if layout.latex in _JOINS and not options(expr):
            sign, level = _JOINS[layout.latex]
            if len(parts) == 1:
                return row(Sign(sign, "prefix"), bracketed(parts[0][0])), level
            return joined([_bracket(p, level + 1) for p in parts], Sign(sign, "binary")), level
        # log₂ has its base below
        stem, _, base = layout.latex.partition("_")
        if stem == r"\log" and base:
            return self._call(Scripts(Word("log", "function"), Num(base.strip("{}"))), parts, expr)
        return self._call(function(layout.name), parts, expr)

    def _drawn(self, layout: Function, parts: list[Made], expr: Apply) -> Made | None:
        first = parts[0] if parts else None
        form = drawn(layout, expr)
        if first is None or not form or (self.sign_is_taken and form in ("identity", "places")):
            return None
        match form:
            case "outer":
                left = _bracket(first, PRODUCT)
                left = bracketed(left) if needs_bracket("matrix", expr.args[0], False) else left
                return row(left, Sign(" "), Scripts(_bracket(parts[1], CALL), above=Sign("⊤"))), PRODUCT
            case "entries":
                return row(_bracket(first, CALL), Fence("[", parts[1][0], "]")), CALL
            case "ones":
                return Sign("𝟏"), CALL
            case "identity":
                return Word("I", "italic"), CALL
            case "places":
                place = place_text(expr)
                return Scripts(Word("e" if place.isdecimal() else "E", "italic"), label(place)), CALL
            case "over":
                below = Prose(AXES[expr.params["axis"]])
                return row(Scripts(Sign("∑"), below), Sign(" "), _bracket(first, PRODUCT)), SUM
            case _:
                return Fence("‖", first[0], "‖"), CALL

    def _call(self, head: Box, parts: list[Made], expr: Apply) -> Made:
        given = [p[0] for p in parts]
        given += [row(Word(k), Sign("=", "relation"), label(param(v))) for k, v in options(expr).items()]
        return row(head, bracketed(joined(given, Sign(",")))), CALL

    def fraction(self, layout: Fraction, parts: list[Made], expr: Apply) -> Made:
        return Over(parts[0][0], parts[1][0]), POWER

    def power(self, layout: Power, parts: list[Made], expr: Apply) -> Made:
        if over_entries(expr):
            return Over(Num("1"), parts[0][0]), POWER
        above: Box = Num(str(layout.exponent)) if layout.exponent is not None else parts[1][0]
        base = parts[0][0]
        return Scripts(bracketed(base) if parts[0][1] < CALL else base, above=above), POWER

    def exponential(self, layout: Exponential, parts: list[Made], expr: Apply) -> Made:
        if self.e_is_taken:
            return self._call(Word("exp", "function"), parts, expr)
        return Scripts(Word("e", "italic"), above=parts[0][0]), POWER

    def bars(self, layout: Bars, parts: list[Made], expr: Apply) -> Made:
        if _barred(expr.args[0]):  # which bar closes which could not be told
            return self._call(Word(expr.op.name, "function"), parts, expr)
        return Fence("|", parts[0][0], "|"), CALL

    def indicator(self, layout: Indicator, parts: list[Made], expr: Apply) -> Made:
        return row(Sign("𝟏"), Fence("{", parts[0][0], "}")), CALL

    def sum(self, layout: Sum, parts: list[Made], expr: Apply) -> Made:
        if len(parts) == 1:
            return parts[0]
        terms = [_bracket(p, SUM) for p in parts]
        return joined([bracketed(t) if negative(t) else t for t in terms], Sign("+", "binary")), SUM

    def subscript(self, layout: Subscript, parts: list[Made], expr: Apply) -> Made:
        index = expr.params["index"]
        inside = [label(index_text(i)) for i in (index if isinstance(index, tuple) else (index,))]
        return row(_bracket(parts[0], CALL), Fence("[", joined(inside, Sign(",")), "]")), CALL

    def brackets(self, layout: Bracket, parts: list[Made], expr: Apply) -> Made:
        return Fence("[", joined([p[0] for p in parts], Sign(",")), "]"), CALL

    def shown(self, layout: Shown, parts: list[Made], expr: Apply) -> Made:
        return parts[0]


def _barred(expr: Expr) -> bool:
    return isinstance(expr, Apply) and (isinstance(expr.op.notation, Bars) or any(map(_barred, expr.args)))


_LAYOUTS: dict[type, Callable[[_Maker, Any, list[Made], Apply], Made]] = {
    Infix: _Maker.infix,
    Prefix: _Maker.prefix,
    Postfix: _Maker.postfix,
    Function: _Maker.function,
    Fraction: _Maker.fraction,
    Power: _Maker.power,
    Exponential: _Maker.exponential,
    Bars: _Maker.bars,
    Indicator: _Maker.indicator,
    Sum: _Maker.sum,
    Subscript: _Maker.subscript,
    Bracket: _Maker.brackets,
    Shown: _Maker.shown,
}

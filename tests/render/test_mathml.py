"""MathML and the data for typst: whole, escaped, and of the same boxes as the LaTeX."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import chalkgrad as cg
from chalkgrad.render.mathml import mathml
from chalkgrad.render.maths import Box, Over, label, name, row
from chalkgrad.render.typeset import to_pdf
from chalkgrad.render.typst_math import FUNCTIONS, typst

# MathML Core, of which browsers have all
CORE = {"math", "mi", "mn", "mo", "mrow", "mfrac", "msup", "msub", "msubsup", "mover", "msqrt", "mroot", "mtext"} | {
    "mtable",
    "mtr",
    "mtd",
    "mspace",
}
SHEETS = [
    "f = 1/(1 + e^{-(w_0x_0 + w_1x_1 + w_2)})",
    "h = σ(w_1x_1 + w_2x_2 + b); ℓ = -y log h - (1-y) log(1-h)",
    "|x| + sqrt(x/y) + 1{x > y} max(x, ŷ) + x'^2 + y^*",
]


def tags(markup: str) -> set[str]:
    return {element.tag.split("}")[1] for element in ET.fromstring(markup).iter()}


@pytest.mark.parametrize("text", SHEETS)
def test_every_formula_is_whole(text: str) -> None:
    found = cg.formulas(cg.work(text))
    assert found.rows
    for line in found:
        assert tags(line.mathml) <= CORE


def test_structure() -> None:
    assert "<mfrac>" in mathml(Over(name("x"), name("y")))
    assert mathml(name("w_0")).count("<msub>") == 1
    assert '<mover accent="true"><mi>y</mi>' in mathml(name("ŷ"))
    assert "<mi>num</mi>" in mathml(name("num"))


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=20))
def test_any_text_is_escaped(text: str) -> None:
    for box in (name(text), label(text)):
        assert tags(mathml(box)) <= CORE


def test_typst_sets_what_would_be_code() -> None:
    boxes: list[Box] = [name(t) for t in ('#read("secret")', '"', "\\", "$x$", "a_b", "ŷ", "x'", "y^*", "s(y)")]
    boxes += [label(t) for t in ("*-1", "^2", "[1, 2, … 3×4]", "1{x > 0}", "e^(-x)")]
    document = FUNCTIONS + "#math.equation(maths(json(bytes(sys.inputs.box))))"
    data = json.dumps(typst(row(*boxes)))
    assert to_pdf(document, {"box": data}).startswith(b"%PDF")

"""Formulas in text: brackets where they are needed, and only there; what is printed reads back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import chalkgrad as cg
from chalkgrad.evaluate.interpret import Interpreter
from chalkgrad.ir.program import Program
from chalkgrad.render.text import text
from chalkgrad.transform.expression import written_out
from chalkgrad.transform.simplify import simplify


def whole(program: Program) -> str:
    """The function in one line, every stage written out."""
    names = {v: v.hint for v in program.inputs}
    expr = written_out(program.output, program.producer(), frozenset(program.inputs))
    assert expr is not None
    return text(expr, names)


@pytest.mark.parametrize(
    ("typed", "printed"),
    [
        ("(x + y) z", "(x + y)·z"),
        ("x - (y - z)", "x - (y - z)"),
        ("x - y - z", "x - y - z"),
        ("x/(y z)", "x/(y·z)"),
        ("-x^2", "-x^2"),
        ("(-x)^2", "(-x)^2"),
        ("x^(y + 1)", "x^(y + 1)"),
        ("(x^y)^z", "(x^y)^z"),
        ("x (-y)", "x·(-y)"),
        ("e^-x", "e^(-x)"),
        ("|x - y|", "|x - y|"),
        ("1{x >= y} x", "1{x >= y}·x"),
        ("max(x, y, 0)", "max(max(x, y), 0)"),
        ("2 sin x cos y", "2·sin(x)·cos(y)"),
        ("leaky_relu(x, slope=0.2)", "leaky_relu(x, slope=0.2)"),
        ("sum(x)", "sum(x)"),
    ],
)
def test_printed(typed: str, printed: str) -> None:
    assert whole(cg.parse(typed)) == printed


leaves = st.sampled_from(["x", "y", "z", "2", "0.5", "3"])
formulas = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "·", "/"]), inner).map(lambda t: f"({t[0]}) {t[1]} ({t[2]})"),
        inner.map(lambda t: f"-({t})"),
        st.tuples(inner, st.sampled_from(["2", "3", "-1"])).map(lambda t: f"({t[0]})^({t[1]})"),
        st.tuples(st.sampled_from(["sin", "tanh", "σ", "exp"]), inner).map(lambda t: f"{t[0]}({t[1]})"),
    ),
    max_leaves=8,
)
SIGNATURE = "f(x, y, z) = "
AT = (0.7, -1.3, 1.9)


def value_of(formula: str) -> float:
    with np.errstate(all="ignore"):
        return float(Interpreter(cg.parse(SIGNATURE + formula))(*AT)[0])


@settings(max_examples=300, deadline=None)
@given(formulas)
def test_what_is_printed_reads_back_as_the_same_number(formula: str) -> None:
    expected = value_of(formula)
    assert value_of(whole(cg.parse(SIGNATURE + formula))) == pytest.approx(expected, rel=1e-9, nan_ok=True)


@settings(max_examples=300, deadline=None)
@given(formulas)
def test_simplified_is_the_same_number(formula: str) -> None:
    program = cg.parse(SIGNATURE + formula)
    names = {v: v.hint for v in program.inputs}
    expr = written_out(program.output, program.producer(), frozenset(program.inputs))
    assert expr is not None
    expected, simple = value_of(formula), text(simplify(expr), names)
    if np.isfinite(expected) and abs(expected) < 1e6:
        assert value_of(simple) == pytest.approx(expected, rel=1e-7, abs=1e-7), simple


@pytest.mark.parametrize(
    ("typed", "simple"),
    [
        ("x + x", "2·x"),
        ("x·y/x", "y"),
        ("-(y - x)·z", "(x - y)·z"),
        ("(-y/x + (1-y)/(1-x))·x·(1-x)", "x - y"),
        ("0.5·(2x + y)", "x + 0.5·y"),
        ("x·x·x", "x^3"),
        ("1/3 · x", "x/3"),
        ("1 + x - 1", "x"),
        ("x - x", "0"),
        ("1·z + 1", "z + 1"),
        ("sqrt(x)·sqrt(x)", "sqrt(x)^2"),
        ("(x^2)^0.5", "(x^2)^0.5"),
    ],
)
def test_simplify(typed: str, simple: str) -> None:
    program = cg.parse(typed)
    expr = written_out(program.output, program.producer(), frozenset(program.inputs))
    assert expr is not None
    assert text(simplify(expr), {v: v.hint for v in program.inputs}) == simple

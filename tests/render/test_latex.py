"""LaTeX: what is printed reads back as the same function, and nothing can break out of it."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import chalkgrad as cg
from chalkgrad.evaluate.interpret import Interpreter
from chalkgrad.ir.build import Builder
from chalkgrad.ir.program import Program
from chalkgrad.ir.types import SCALAR
from chalkgrad.notation.read import read
from chalkgrad.render.latex import ascii_only, latex, latex_of, text_mode
from chalkgrad.render.maths import label, name
from chalkgrad.transform.expression import written_out


def whole(program: Program) -> str:
    """The function in one line of LaTeX."""
    expr = written_out(program.output, program.producer(), frozenset(program.inputs))
    assert expr is not None
    return latex_of(expr, {v: v.hint for v in program.inputs})


def readable(printed: str) -> str:
    # the reader knows the indicator by a plain 1
    return printed.replace(r"\mathbf{1}", "1")


@pytest.mark.parametrize(
    ("typed", "printed"),
    [
        ("x/(y z)", r"\frac{x}{y \cdot z}"),
        ("(x/y)^2", r"\left(\frac{x}{y}\right)^{2}"),
        ("-x^2", "-x^{2}"),
        ("(-x)^2", "(-x)^{2}"),
        ("x - (y - z)", "x - (y - z)"),
        ("x (-y)", r"x \cdot (-y)"),
        ("(x^y)^z", "(x^{y})^{z}"),
        ("e^-x", "e^{-x}"),
        ("w_0 + x_{10}", "w_{0} + x_{10}"),
        ("D_{a_1} + x_train", r"D_{a_1} + x_{\mathrm{train}}"),
        ("ŷ + y^* + h'", r"\hat{y} + y^{*} + h'"),
        ("y^*^2", "(y^{*})^{2}"),
        ("w1^2 + num", r"(w1)^{2} + \mathrm{num}"),
        ("σ(α)", r"\sigma(\alpha)"),
        ("tanh(x)^2", r"\tanh(x)^{2}"),
        ("|x - y|", r"\lvert x - y \rvert"),
        ("|x - |y||", r"\operatorname{abs}(x - \lvert y \rvert)"),
        ("|x/y|", r"\left\lvert \frac{x}{y} \right\rvert"),
        ("1{x > 0}", r"\mathbf{1}\{x > 0\}"),
        ("sqrt(x) + cbrt(y)", r"\sqrt{x} + \sqrt[3]{y}"),
        ("log2(x)", r"\log_{2}(x)"),
        ("leaky_relu(x, slope=0.2)", r"\operatorname{leaky\_relu}(x, \mathrm{slope} = 0.2)"),
        ("2.5e-7 x", r"2.5 \times 10^{-7} \cdot x"),
        ("where(x > 0 ∧ y <= 0, x, y)", r"\operatorname{where}(x > 0 \wedge y \le 0, x, y)"),
    ],
)
def test_printed(typed: str, printed: str) -> None:
    assert whole(cg.parse(typed)) == printed


def test_arrays() -> None:
    values = {"W": [[1.0, 2.0], [3.0, 4.0]], "x": [1.0, 2.0]}
    assert whole(read("W x", values).program) == r"W\,x"
    assert whole(read("W^T (W x)", values).program) == r"W^{\top}\,(W\,x)"
    values = {"x": [1.0, 2.0]}
    assert whole(read("x ∘ x", values).program) == r"x \circ x"
    assert whole(read("x[0] + x[1]", values).program) == "x[0] + x[1]"
    assert whole(read("x + [1, 2]", values).program) == "x + [1, 2]"


NAMES = ("x", "y", "w_0", "y^*", "num", "x'", "z1", "ŷ", "α_{i,j}", "D_{a_1}")
AT = dict(zip(NAMES, (0.7, -1.3, 1.9, 0.4, 2.2, -0.6, 1.1, 0.3, 0.9, -0.8), strict=True))
leaves = st.sampled_from([*NAMES, "2", "0.5", "3", "2.5e-7"])
formulas = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "·", "/"]), inner).map(lambda t: f"({t[0]}) {t[1]} ({t[2]})"),
        inner.map(lambda t: f"-({t})"),
        inner.map(lambda t: f"abs({t})"),
        st.tuples(inner, st.sampled_from(["2", "3", "-1", "y"])).map(lambda t: f"({t[0]})^({t[1]})"),
        st.tuples(st.sampled_from(["sin", "tanh", "σ", "exp", "relu", "sqrt", "cbrt", "log10"]), inner).map(
            lambda t: f"{t[0]}({t[1]})"
        ),
        st.tuples(inner, inner).map(lambda t: f"max({t[0]}, {t[1]})"),
        st.tuples(inner, st.sampled_from(["<", "<=", ">"]), inner).map(lambda t: f"1{{{t[0]} {t[1]} {t[2]}}}"),
        st.tuples(inner, inner, inner).map(lambda t: f"where({t[0]} > {t[1]}, {t[1]}, {t[2]})"),
    ),
    max_leaves=8,
)


def value_of(program: Program) -> float:
    with np.errstate(all="ignore"):
        return float(Interpreter(program)(*[AT[v.hint] for v in program.inputs])[0])


@settings(max_examples=250, deadline=None)
@given(formulas)
def test_what_is_printed_reads_back_as_the_same_function(formula: str) -> None:
    program = cg.parse(formula)
    again = cg.parse(readable(whole(program)))
    assert {v.hint for v in again.inputs} <= {v.hint for v in program.inputs}
    assert value_of(again) == pytest.approx(value_of(program), rel=1e-9, nan_ok=True)


HOSTILE = [
    r"}\input{/etc/passwd}",
    r"\write18{rm x}",
    "$x$",
    "a%b",
    "a#b&c",
    "~^_",
    "x\n\n\\par",
    "\x00\u202e",
    "a]b",
    "面积",
    "|",
    '"',
]


def harmless(printed: str) -> bool:
    """Whether the braces match, no command but ours is there, and no character is special outside of one."""
    bare = re.sub(r"\\[A-Za-z]+", "", re.sub(r"\\[^A-Za-z]", "", printed))
    depth = 0
    for char in bare:
        depth += (char == "{") - (char == "}")
        if depth < 0:
            return False
    commands = set(re.findall(r"\\([A-Za-z]+)", printed))
    return depth == 0 and not re.search(r"[%#&$~\\]", bare) and not commands & {"input", "write", "par", "end"}


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_name_of_any_characters_stays_a_name(hostile: str) -> None:
    builder = Builder()
    x = builder.value(builder.input(hostile, SCALAR))
    printed = whole(builder.program("f", (x * x).atom))
    assert harmless(printed)
    assert harmless(latex(label(hostile)))
    assert "\x00" not in printed


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=30))
def test_any_text(text: str) -> None:
    for printed in (latex(name(text)), latex(label(text)), re.sub(r"(?<!\\)\$", "", text_mode(text))):
        assert harmless(printed), printed
        assert ascii_only(printed).isascii()

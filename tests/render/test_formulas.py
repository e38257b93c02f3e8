"""The formulas that the worksheets ask for."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import chalkgrad as cg
from chalkgrad.evaluate.interpret import Interpreter

S11 = "z1 = x w1; a1 = σ(z1); z2 = a1 w2; a2 = σ(z2); Loss = ½(a2 - y^*)²"


def lines(text: str, section: str, **options: object) -> list[str]:
    return [row.text for row in cg.formulas(cg.work(text, **options)).section(section)]  # type: ignore[arg-type]


def test_s1() -> None:
    found = cg.formulas(cg.work("f(x, y, z) = (x + y)z", x=-2, y=5, z=-4))
    texts = [row.text for row in found]
    for wanted in ("∂f/∂q = z", "∂q/∂x = 1", "∂f/∂x = ∂f/∂q · ∂q/∂x = z · 1", "x ← x - α·z"):
        assert wanted in texts


def test_s2() -> None:
    found = lines("f = 1/(1 + e^{-(w_0x_0 + w_1x_1 + w_2)})", "gradients", gates="whole")
    assert found[0] == "∂f/∂w_0 = f·(1 - f)·x_0 = σ(u)·(1 - σ(u))·x_0"
    assert found[1] == "∂f/∂x_0 = f·(1 - f)·w_0 = σ(u)·(1 - σ(u))·w_0"


def test_s4() -> None:
    text = "h = σ(w_1x_1 + w_2x_2 + b); ℓ = -y log h - (1-y) log(1-h)"
    assert "∂ℓ/∂w_1 = (h - y)·x_1" in lines(text, "gradients")
    assert "∂ℓ/∂w_1 = ∂ℓ/∂h · ∂h/∂w_1 = ((1 - y)/(1 - h) - y/h) · h·(1 - h)·x_1" in lines(text, "chain rule")
    assert "w_1 ← w_1 - α·(h - y)·x_1" in lines(text, "gradient descent")


def test_s7() -> None:
    assert lines("f(x) = (e^x - e^-x)/(e^x + e^-x)", "gradients") == ["∂f/∂x = 1 - f^2 = 1 - tanh(x)^2"]


def test_s9() -> None:
    text = "g = x + y; h = g z; f = h + x"
    assert "∂f/∂x = z + 1" in lines(text, "gradients")
    chain = "∂f/∂x = ∂f/∂h · ∂h/∂g · ∂g/∂x + ∂(h + x)/∂x |h = 1 · z · 1 + 1"
    assert chain in lines(text, "chain rule")


def test_s11() -> None:
    found = [row.text for row in cg.formulas(cg.work(S11))]
    for wanted in (
        "Loss(x, w1, w2, y^*) = 0.5·(σ(σ(x·w1)·w2) - y^*)^2",
        "∂Loss/∂w1 = ∂Loss/∂a2 · ∂a2/∂z2 · ∂z2/∂a1 · ∂a1/∂z1 · ∂z1/∂w1"
        " = (a2 - y^*) · a2·(1 - a2) · w2 · a1·(1 - a1) · x",
        "∂Loss/∂w1 = (a2 - y^*)·a2·(1 - a2)·w2·a1·(1 - a1)·x",
        "w1 ← w1 - α·(a2 - y^*)·a2·(1 - a2)·w2·a1·(1 - a1)·x",
    ):
        assert wanted in found


def test_s11_abstract() -> None:
    text = "z1 = x w1; a1 = g1(z1); z2 = a1 w2; a2 = g2(z2); L = Loss(a2, y^*)"
    found = cg.formulas(cg.work(text, abstract=("g1", "g2", "Loss")))
    assert found.section("function")[-1].text.endswith(" = Loss(g2(g1(x·w1)·w2), y^*)")
    chain = next(row for row in found.section("chain rule") if row.label == "∂L/∂w1")
    assert chain.text.endswith("∂z1/∂w1 = ∂₁Loss(a2, y^*) · g2'(z2) · w2 · g1'(z1) · x")
    assert r"\partial_{1}\operatorname{Loss}(a2, y^{*}) \cdot g2'(z2)" in chain.latex


def test_an_upstream_gradient_stands_in_front() -> None:
    found = lines("f(x, y) = (x + y)^2", "chain rule", x=1, y=2, upstream=-3)
    assert found[0] == "∂L/∂x = ∂L/∂f · ∂f/∂q · ∂q/∂x = ∂L/∂f · 2·q · 1"


def test_what_does_not_matter_has_gradient_zero() -> None:
    assert "∂f/∂y = 0" in lines("f(x, y) = x^2", "gradients")


def test_the_learning_rate_keeps_clear_of_names() -> None:
    assert lines("f(α) = α^2", "gradient descent") == ["α ← α - η·2·α"]


def test_arrays_say_their_shapes() -> None:
    found = cg.formulas(cg.work("f(x) = sum(x ∘ x)", x=[1.0, 2.0]))
    assert [r.text for r in found.section("chain rule")] == ["∂f/∂x = ∂f/∂q · ∂q/∂x (2)"]
    assert all("(2)" in row.text for row in found.section("gradients") if row.label.endswith("x"))


def test_too_large_to_write_out() -> None:
    assert len(cg.formulas(cg.work("f(x) = " + " + ".join(["x x"] * 200)))) == 0


def test_shows_itself() -> None:
    found = cg.formulas(cg.work("f(x, y) = x y"))
    assert str(found).startswith("function\n  f = x·y\n")
    assert found._repr_html_().count("<math") == len(found)
    assert found._repr_latex_().startswith("$$")
    assert str(next(iter(found))) == "f = x·y"


@pytest.mark.parametrize("text", [S11, "f(x, y) = max(x, y)^2 + |x|", "f(x) = x^x"])
def test_same_bytes(text: str) -> None:
    first, second = (cg.formulas(cg.work(text)) for _ in range(2))
    assert first == second


SIGNS = st.sampled_from(["+", "-", "·", "/"])
CALLED = st.sampled_from(["sin", "tanh", "σ", "exp", "relu", "log", "sqrt", "abs"])


def staged(leaves: list[str]) -> st.SearchStrategy[str]:
    return st.recursive(
        st.sampled_from([*leaves, "2", "0.5"]),
        lambda inner: st.one_of(
            st.tuples(inner, SIGNS, inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
            st.tuples(CALLED, inner).map(lambda t: f"{t[0]}({t[1]})"),
            inner.map(lambda t: f"({t})^2"),
            st.tuples(inner, inner).map(lambda t: f"max({t[0]}, {t[1]})"),
        ),
        max_leaves=6,
    )


def value_of(text: str) -> float:
    program = cg.parse(text, x=0.7, y=1.3)
    at = {"x": 0.7, "y": 1.3}
    with np.errstate(all="ignore"):
        return float(Interpreter(program)(*[at[v.hint] for v in program.inputs])[0])


@settings(max_examples=60, deadline=None)
@given(staged(["x", "y"]), staged(["g", "x", "y"]))
def test_never_wrong(first: str, second: str) -> None:
    text = f"g = {first}; h = {second}; f = 3 h + 0.1 x + 0.1 y + 0.1 g"
    worked = cg.work(text, x=0.7, y=1.3)
    for row in cg.formulas(worked).section("gradients"):
        if row.label not in ("∂f/∂x", "∂f/∂y"):
            continue
        expected = float(worked.gradients[row.label[-1]])
        if not np.isfinite(expected) or worked.notices:
            continue  # at a kink the convention decides, off the domain nothing does
        if re.search(r"1\{.* = ", row.text):
            continue  # a tie prints as =, and is typed ==
        if re.search(r"\b(q\d*|[rtuvpk])\b", row.text):
            continue  # too long to be written in what was named alone: the names of gates cannot be typed
        for side in row.text.split(" = ")[1:]:
            assert value_of(f"{text}; out = {side}") == pytest.approx(expected, rel=1e-6, abs=1e-9), row.text
        for side in row.latex.split(" = ")[1:]:
            printed = side.replace(r"\mathbf{1}", "1")
            stages = f"g = {first} \\\\ h = {second} \\\\ f = 3 h + 0.1 x + 0.1 y + 0.1 g"
            assert value_of(f"{stages} \\\\ out = {printed}") == pytest.approx(expected, rel=1e-6, abs=1e-9), row.latex

"""Stages of arrays differentiated by what they read, as the sheet asks for them; and the forward pass as on paper."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chalkgrad as cg
from chalkgrad.evaluate.interpret import values_of
from chalkgrad.render.stages import Stages
from tests.render.test_matrices import BATCH, NAMED, NETWORK, ONE, at_random, line_of, value_at


def _section(text: str, name: str, **given: Any) -> list[str]:
    return [r.text for r in cg.formulas(cg.work(text, **given)).section(name)]


WEIGHTS = ("W1", "b1", "W2", "b2")


def test_every_partial_of_the_sheet_for_one_example() -> None:
    given = NAMED.replace("x m)", "x 1)").replace("X in", "x in").replace("Y in", "y in")
    text = given + NETWORK.replace("X", "x").replace("Y", "y").replace("J = -mean", "L = -")
    assert _section(text, "local derivatives", wrt=WEIGHTS) == [
        "∂L/∂h = (1 - y)/(1 - h) - y/h (1×1)",
        "∂h/∂z2 = h ∘ (1 - h) (1×1)",
        "∂z2/∂W2 = a1ᵀ on the right (1×D_a)",
        "∂z2/∂a1 = W2 (1×D_a; W2ᵀ on the left)",
        "∂z2/∂b2 = 1 (1×1)",
        "∂a1/∂z1 = 1{z1 > 0} (elementwise, D_a×1)",
        "∂z1/∂W1 = xᵀ on the right (a tensor of D_a×D_a×D_x entries, never written out)",
        "∂z1/∂b1 = I (passes on unchanged, D_a×1)",
    ]
    chain = "∂L/∂h · ∂h/∂z2 · ∂z2/∂a1 · ∂a1/∂z1 · ∂z1/∂W1"
    assert _section(text, "chain rule", wrt=WEIGHTS)[0] == (
        f"∂L/∂W1 = {chain} = (W2ᵀ ((∂L/∂h) ∘ h ∘ (1 - h)) ∘ 1{{z1 > 0}}) xᵀ (D_a×D_x)"
    )


def test_every_partial_of_the_sheet_for_the_batch() -> None:
    found = cg.formulas(cg.work(f"{NAMED}\n{NETWORK}", wrt=WEIGHTS))
    assert [r.text for r in found.section("local derivatives")] == [
        "∂J/∂h = ((1 - Y)/(1 - h) - Y/h)/m (1×m)",
        "∂h/∂z2 = h ∘ (1 - h) (elementwise, 1×m)",
        "∂z2/∂W2 = a1ᵀ on the right (1×D_a)",
        "∂z2/∂a1 = W2 (1×D_a, for every column; W2ᵀ on the left)",
        "∂z2/∂b2 = I for every column; what they send back is added (1×1)",
        "∂a1/∂z1 = 1{z1 > 0} (elementwise, D_a×m)",
        "∂z1/∂W1 = Xᵀ on the right (a tensor of D_a×m×D_a×D_x entries, never written out)",
        "∂z1/∂b1 = I for every column; what they send back is added (D_a×1)",
    ]
    latex = {r.label: r.latex for r in found}
    assert r"= W2\quad \text{(1\ensuremath{\times}D\_a, for every column;}\,W2^{\top}\," in latex["∂z2/∂a1"]
    assert r"\frac{\partial a1}{\partial z1} \cdot \frac{\partial z1}{\partial W1} = " in "".join(
        r.latex for r in found
    )


@pytest.mark.parametrize(
    ("given", "function"),
    [
        (ONE, NETWORK),
        (BATCH, NETWORK),
        ("A in R^(4 x 3); x in R^3", "q = A x; r = q^2; f = sum(r)"),
        ("x in R^3; A in R^(3 x 4)", "q = xᵀ A; r = -q; f = mean(r)"),
        ("s in R^(2 x 1); X in R^(2 x 3)", "Z = X + 2 s; R = 3 Z; f = sum(R ∘ R)"),
        ("A in R^(2 x 3); B in R^(3 x 2)", "C = A B; D = 2 C; f = trace(D)"),
        ("h in R^3; v in R^3", "c = hᵀ v; g = log(c); f = 2 g"),
    ],
)
def test_what_is_printed_of_a_link_is_what_goes_back(given: str, function: str) -> None:
    """The upstream gradient of each stage, put through the printed map, is the gradient of what the stage reads."""
    blank = cg.work(f"{given}\n{function}")
    at = at_random(blank, np.random.default_rng(5))
    whole = np.ones((1, 1)) if blank.program.output.type.shape else None
    w = cg.work(f"{given}\n{function}", values=at, upstream=whole)
    values = values_of(w.program, [at[v.hint] for v in w.program.inputs])
    links = [link for links in Stages(w.program).links.values() for link in links]
    tried = 0
    for link in links:
        if link.map is None or len(w.backprop.into()[link.source]) > 1:
            continue
        upstream, factor = w.gradient(link.target), value_at(link.map.factor, values)
        if link.map.kind == "left":
            sent = factor @ upstream if np.ndim(upstream) and np.ndim(factor) else factor * upstream
        elif link.map.kind == "right":
            sent = upstream @ factor if np.ndim(upstream) == 2 else np.outer(upstream, factor)
        else:
            sent = upstream * factor
        if link.map.kind == "sum":
            sent = np.sum(sent, axis=link.map.axis, keepdims=link.map.axis is not None)
        if link.map.kind == "left":
            assert np.shape(value_at(link.map.derivative, values)) == np.shape(factor)[::-1]
        wanted = w.gradient(link.source)
        np.testing.assert_allclose(np.broadcast_to(sent, np.shape(wanted)), wanted, rtol=1e-12)
        tried += 1
    assert tried >= 3


def test_a_map_with_no_short_name_says_what_goes_back() -> None:
    text = "z in R^n; p = softmax(z); f = -log(p[0])"
    assert _section(text, "local derivatives") == [
        "∂f/∂p = -e_0/p[0] (n)",
        "∂p/∂z sends ∂f/∂p back as p ∘ (∂f/∂p - pᵀ (∂f/∂p)) (n)",
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("z in R^3; p = softmax(z); f = -log(p[1])", "p - e_1 (3)"),
        ("z in R^3; f = -log(softmax(z)[1])", "softmax(z) - e_1 (3)"),
        ("z in R^3; f = -log(softmax(z)[-1])", "softmax(z) - e_2 (3)"),
        ("z in R^n; f = logsumexp(z) - z[0]", "softmax(z) - e_0 (n)"),
    ],
)
def test_softmax_and_cross_entropy_of_one_label(text: str, line: str) -> None:
    assert line_of(text, "∂f/∂z").endswith(f" = {line}")


def test_the_forward_pass_reads_as_on_paper() -> None:
    text = "A in R^(3 x 3); x in R^3; Y in R^3; z = A⁻ᵀ x + A (2 x); h = Y ∘ z; f = hᵀ z - ‖x‖"
    lines = [line.split("#")[0].strip() for line in cg.code(cg.work(text)).split("\n\n")[0].splitlines()[1:]]
    assert lines == [
        "q1 = A⁻¹",
        "q2 = q1ᵀ",
        "q3 = q2 x",
        "q4 = 2·x",
        "q5 = A q4",
        "z = q3 + q5",
        "h = Y ∘ z",
        "q6 = hᵀ z",
        "q7 = ‖x‖",
        "f = q6 - q7",
    ]
    assert "z = A⁻ᵀ x + A (2·x)" in _section(text, "function")

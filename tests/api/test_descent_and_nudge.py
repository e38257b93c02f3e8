"""Descent steps (S3, S4) and nudges (S8)."""

from __future__ import annotations

import pytest

import chalkgrad as cg
from chalkgrad.evaluate.what_if import descend, nudge
from chalkgrad.render.rows import Rows
from chalkgrad.render.words import descent_sentences, nudge_sentences
from tests.sheets import SHEETS


def test_s3_next_values() -> None:
    w = cg.work(SHEETS["S3"].text, values=SHEETS["S3"].at)
    step = descend(w, 0.1)
    assert {w.called[v]: after for v, (_, _, after) in step.steps.items()} == pytest.approx(
        {"a": 0.4, "b": 2.2, "c": -3.4, "d": 4.3}
    )
    assert step.after == pytest.approx(-13.62)
    lines = list(descent_sentences(Rows(w), step))
    assert lines[0] == "a ← a - α·∂f/∂a = 1 - 0.1·6 = 0.4"
    assert lines[-1] == "f was -11 and is -13.62 after the step: lower"


def test_s4_next_weights() -> None:
    sheet = SHEETS["S4"]
    w = cg.work(sheet.text, values=sheet.at, wrt=["w_1", "w_2", "b"])
    step = descend(w, 0.1)
    after = {w.called[v]: x for v, (_, _, x) in step.steps.items()}
    assert after == pytest.approx({"w_1": 1.962246, "w_2": -1.113262, "b": 0.462246}, abs=1e-6)
    assert step.after == pytest.approx(0.336757, abs=1e-6)


def said(text: str, name: str, delta: float, **at: float) -> list[str]:
    w = cg.work(text, values=at)
    return list(nudge_sentences(Rows(w), nudge(w, name, delta)))


def test_s8_product() -> None:
    assert said("f(x, y) = xy", "x", 0.1, x=1, y=-2) == [
        "f(x+Δx, y) = -2.2 with Δx = 0.1, so Δf = -0.2",
        "the derivative predicts ∂f/∂x·Δx = y·Δx = -2 · 0.1 = -0.2",
        "the two agree: over this nudge Δf is in proportion to Δx",
    ]


def test_s8_max_that_crosses() -> None:
    lines = said("f(x, y) = max{x, y}", "y", 4, x=1, y=-2)
    assert lines[0] == "f(x, y+Δy) = 2 with Δy = 4, so Δf = 1"
    assert "crosses a corner (at f)" in lines[2]


def test_from_a_corner_and_with_an_upstream() -> None:
    assert "starts on a corner" in said("f(x, y) = max{x, y}", "x", 0.1, x=1, y=1)[-1]
    w = cg.work("f(x) = x^2", x=3, upstream=-1)
    lines = list(nudge_sentences(Rows(w), nudge(w, "x", 0.1)))
    assert lines[1] == "the derivative predicts ∂f/∂x·Δx = 6 · 0.1 = 0.6"
    assert "no finite change" in said("f(x) = 1/x", "x", -1, x=1)[-1]
    assert said("f(x, y) = x", "y", 1, x=1, y=1)[-1] == "the two agree: f does not change with y here"


def test_a_curve_is_not_called_a_corner() -> None:
    lines = said("f(x) = x^2", "x", 0.1, x=1)
    assert lines[-1] == "they differ by 0.01: the derivative tells only of small changes, and f is curved here"


def test_what_cannot_be_nudged_is_said() -> None:
    w = cg.work("f(x, y) = xy", x=1, y=2)
    with pytest.raises(cg.UnknownName, match="no input 'X'"):
        nudge(w, "X", 1.0)
    with pytest.raises(cg.ValueNeeded):
        nudge(cg.work("xy", wrt=None), "xy", 1.0)

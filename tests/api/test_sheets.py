"""The worksheets' scalar rows come out right, from maths text and through every route that makes numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import chalkgrad as cg
from tests.sheets import SHEETS, Sheet

rows = pytest.mark.parametrize("sheet", SHEETS.values(), ids=SHEETS)


@rows
def test_value_and_gradients(sheet: Sheet) -> None:
    w = cg.work(sheet.text, values=sheet.at, upstream=sheet.upstream)
    assert w.value == pytest.approx(sheet.value, abs=1e-6)
    for name, gradient in sheet.gradients.items():
        assert w.gradients[name] == pytest.approx(gradient, abs=1e-6)
        assert math.copysign(1, w.gradients[name]) == 1 or gradient != 0, "0 is not -0"


@rows
def test_named_stages_carry_their_total(sheet: Sheet) -> None:
    w = cg.work(sheet.text, values=sheet.at)
    found = {w.called[v]: w.gradient(v) for v in w.program.variables()}
    for name, gradient in sheet.nodes.items():
        assert found[name] == pytest.approx(gradient)


@rows
def test_upstream_scales_everything(sheet: Sheet) -> None:
    one = cg.work(sheet.text, values=sheet.at, upstream=1)
    three = cg.work(sheet.text, values=sheet.at, upstream=-3)
    for name, gradient in one.gradients.items():
        assert three.gradients[name] == pytest.approx(-3 * gradient)


@rows
@pytest.mark.parametrize("gates", ["fine", "whole"])
def test_gates_change_no_number(sheet: Sheet, gates: Any) -> None:
    w = cg.work(sheet.text, values=sheet.at, gates=gates, upstream=sheet.upstream)
    assert w.value == pytest.approx(sheet.value, abs=1e-6)
    for name, gradient in sheet.gradients.items():
        assert w.gradients[name] == pytest.approx(gradient, abs=1e-6)


@rows
def test_printed_python_runs_and_agrees(sheet: Sheet) -> None:
    for gates in ("typed", "fine", "whole"):
        w = cg.work(sheet.text, values=sheet.at, gates=gates)
        space: dict[str, Any] = {}
        exec(cg.code(w, "python"), space)
        arguments = [sheet.at[v.hint] for v in w.program.inputs]
        value, gradients = space[w.program.name if w.program.name != "ℓ" else "l"](*arguments)
        assert value == pytest.approx(w.value, rel=1e-12)
        for name, gradient in gradients.items():
            np.testing.assert_allclose(gradient, w.gradients[name], rtol=1e-12, atol=1e-300)


@rows
def test_grad_of_the_text(sheet: Sheet) -> None:
    names = list(sheet.gradients)
    value, gradients = cg.value_and_grad(sheet.text, wrt=names)(**sheet.at)
    scale = 1 if sheet.upstream is None else sheet.upstream
    assert value == pytest.approx(sheet.value, abs=1e-6)
    for name, gradient in zip(names, gradients, strict=True):
        assert scale * gradient == pytest.approx(sheet.gradients[name], abs=1e-6)


@rows
def test_differences_agree(sheet: Sheet) -> None:
    report = cg.check_gradients(sheet.text, **sheet.at)
    assert report.ok, str(report)


def test_sigma_opens_into_the_four_gates_of_the_notes() -> None:
    w = cg.work("f = σ(z)", z=1, gates="fine")
    assert [s.op.name for s in w.program.steps] == ["negative", "exp", "add", "divide"]
    signs = [n.sign for n in cg.draw(w).diagram.nodes if n.kind == "gate"]
    assert signs == ["*-1", "exp", "+1", "1/x"]


def test_the_neuron_closes_into_one_gate() -> None:
    w = cg.work(SHEETS["S2"].text, values=SHEETS["S2"].at, gates="whole")
    assert w.program.steps[-1].op.name == "sigmoid"


def test_a_named_stage_is_not_swallowed() -> None:
    w = cg.work("e = exp(-z); d = 1 + e; f = 1/d", z=1, gates="whole")
    assert [s.op.name for s in w.program.steps] == ["negative", "exp", "add", "divide"]


def symbolic(text: str, **options: Any) -> dict[str, str]:
    from chalkgrad.render.rows import Rows

    w = cg.work(text, **options)
    r = Rows(w)
    return {w.called[v]: r.total(v) for v in w.program.inputs}


def test_symbolic_gradients_as_a_person_writes_them() -> None:
    assert symbolic("q = x + y; f = q z") == {"x": "z", "y": "z", "z": "q"}
    assert symbolic(SHEETS["S9"].text)["x"] == "z + 1"
    assert symbolic(SHEETS["S4"].text)["w_1"] == "(h - y)·x_1"
    assert symbolic("a = σ(z)")["z"] == "a·(1 - a)"
    assert symbolic("f(x) = tanh x") == {"x": "1 - f^2"}
    assert symbolic("f(x) = σ(x)", upstream=2) == {"x": "(∂L/∂f)·f·(1 - f)"}


def test_max_at_a_tie_is_shared_and_said() -> None:
    w = cg.work("f(x, y) = max{x, y}", x=1, y=1)
    assert w.gradients == {"x": 0.5, "y": 0.5}
    assert [n.rule for n in w.notices] == ["declared convention: a tie is shared"]
    first = cg.work("f(x, y) = max{x, y}", x=1, y=1, tie="first")
    assert first.gradients == {"x": 1.0, "y": 0.0}

"""The published faults are found in the sheets' own solutions, and the solutions mended are right."""

from __future__ import annotations

from pathlib import Path

import pytest

import chalkgrad as cg

CLAIMS = Path(__file__).parent


def sheet(name: str) -> str:
    return (CLAIMS / f"{name}.txt").read_text(encoding="utf-8")


def test_two_paths_replaced() -> None:
    verdict = cg.check(sheet("s003_q2b"))
    found = verdict.wrong
    assert found is not None
    assert "1)" in found.line.text
    assert verdict.mistake == "overwrite"
    assert found.should == r"df/dx += \frac{df}{dg} \cdot 1"
    assert "= replaces what line 14 gave df/dx" in found.why
    assert found.example == "at x = -2, y = 5, z = -4: df/dx is -3, and this line gives -4"
    assert sum(f.status == "right" for f in verdict.findings) == 8


def test_staged_text_overwrites_dy() -> None:
    verdict = cg.check(sheet("s003_q4d"), x=3, y=-4)
    found = verdict.wrong
    assert found is not None
    assert found.line.text == r"$$1) dy = ds(y) \cdot [s(y)(1-s(y))]$$"
    assert verdict.mistake == "overwrite"
    assert found.should.startswith("dy += ds(y)")
    assert "which is read by s(y) and sum" in found.why
    assert "dy is 1.592233" in found.example


def test_cases_and_indicator_part_at_the_tie() -> None:
    verdict = cg.check(sheet("s003_q1c"))
    found = verdict.wrong
    assert found is not None
    assert (verdict.line, verdict.mistake) == (7, "tie")
    assert "gives 0 and 1\\{y \\geq x\\} gives 1" in found.why
    assert "shares a tie, ½ each" in found.why
    other = next(f for f in verdict.findings if f.line.number == 5)
    assert other.status == "right"
    assert "this gives 1, and Chalkgrad 0.5" in other.note


def test_the_last_partial_is_misnamed() -> None:
    verdict = cg.check(sheet("s004_q6"))
    found = verdict.wrong
    assert found is not None
    assert r"\frac{\partial z_1}{\partial a_1} &= x" in found.line.text
    assert (verdict.mistake, found.should) == ("misnamed", "∂z_1/∂w_1 = x")
    assert "z_1 does not depend on a_1" in found.why
    assert sum(f.status == "wrong" for f in verdict.findings) == 1


@pytest.mark.parametrize(
    ("name", "fault", "mended"),
    [
        ("s003_q2b", r"$$1) \frac{df}{dx} = ", r"$$1) \frac{df}{dx} += "),
        ("s003_q4d", "$$1) dy = ", "$$1) dy += "),
        ("s003_q1c", r"= 1\{y \geq x\}", r"= 1\{y > x\}"),
        ("s004_q6", r"\frac{\partial z_1}{\partial a_1} &= x", r"\frac{\partial z_1}{\partial w_1} &= x"),
    ],
)
def test_mended_it_is_right(name: str, fault: str, mended: str) -> None:
    text = sheet(name)
    assert text.count(fault) == 1
    verdict = cg.check(text.replace(fault, mended))
    assert verdict.right, str(verdict)


def test_the_neuron_by_sheet() -> None:
    text = """
    f(w_0, w_1, w_2, x_0, x_1) = \\frac{1}{1 + e^{-(w_0x_0 + w_1x_1 + w_2)}}
    forward:
    1) $Y = w_0 x_0 + w_1 x_1 + w_2$
    2) $F = \\sigma(Y)$
    backward:
    2) $df/dY = F(1-F)$
    1) $df/dx_0 = df/dY \\cdot dY/dx_0 = df/dY \\cdot w_0$
    $df/dx_1 = df/dY \\cdot dY/dx_1 = df/dY \\cdot w_1$
    $df/dw_0 = df/dY \\cdot dY/dw_0 = df/dY \\cdot x_0$
    $df/dw_1 = df/dY \\cdot dY/dw_1 = df/dY \\cdot x_1$
    $df/dw_2 = df/dY \\cdot dY/dw_2 = df/dY \\cdot 1$
    """
    assert cg.check(text).right
    assert cg.check(text.replace("F(1-F)", "Y(1-Y)")).mistake == "argument"


@pytest.mark.parametrize(
    "text",
    ["g = x + y; h = g z; f = h + x", "f(x, y) = (x + σ(y))/(σ(x) + (x + y)^2)", "f(x, y) = max(x, tanh(y)) · e^(-x)"],
)
def test_what_chalkgrad_prints_is_right(text: str) -> None:
    first = text.split("; ")[-1] if "(" in text else ""
    printed = cg.code(cg.work(text), "pseudocode")
    verdict = cg.check(f"{first}\n{printed}" if first else printed)
    assert verdict.right, f"{printed}\n{verdict}"

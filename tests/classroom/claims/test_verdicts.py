"""How lines are read, what is said of each known mistake, and what is refused."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import chalkgrad as cg
from tests.pace import in_time

PRODUCT = "f(x, y, z) = (x + y) z\nforward:\n1) q = x + y\n2) f = q z\nbackward:\n"
CLAIMS = Path(__file__).parent


def mistake(text: str) -> tuple[int | None, str]:
    verdict = cg.check(text)
    return verdict.line, verdict.mistake


@pytest.mark.parametrize(
    "lines",
    [
        "dq = z\ndz = q\ndx = dq\ndy = dq",
        "df = 1\ndz += df·q\ndq += df·z\ndy = dq·1\ndx = 1·dq",
        "- 2) $dq = z$\n- $dz = q$\n* 1) dx = dq  #(1)\n• dy = dq  #(1)",
        "df/dq = z\ndf/dx = df/dq · dq/dx = df/dq · 1 = z",
        "∂f/∂q = z; ∂f/∂x = ∂f/∂q ∂q/∂x",
        "\\frac{\\partial f}{\\partial q} = z \\quad \\frac{df}{dz} = x + y",
        "t = z\ndq = t\ndx = t",
        "dx = z\ndy = z\ndz = (x^2 - y^2)/(x - y)",
    ],
)
def test_right_in_many_styles(lines: str) -> None:
    verdict = cg.check(PRODUCT + lines)
    assert verdict.right, str(verdict)


def test_contributions_may_be_split_and_merged() -> None:
    head = "f(x, y) = (x y + x)^2\nforward:\ng = x y + x\nf = g^2\nbackward:\ndg = 2g\n"
    assert cg.check(head + "dx = dg y\ndx += dg").right
    assert cg.check(head + "dx = dg (y + 1)").right
    assert cg.check(head + "dx = ½ dg\ndx += dg (y + ½)").right
    assert mistake(head + "dx = dg y") == (7, "missing")


FORWARD = "f(x, y) = (x y + x)^2\nforward:\ng = x y + x\nf = g^2\nbackward:\n"


@pytest.mark.parametrize(
    ("text", "line", "named"),
    [
        (PRODUCT + "dq = z\ndx = 1", 7, "upstream"),
        (FORWARD + "dg = 2g\ndy = dg", 7, "local"),
        (FORWARD + "dg = g", 6, "constant"),
        (FORWARD + "dg = 2g\ndx = dg·y\ndx = dg", 8, "overwrite"),
        (FORWARD + "dg = 2g\ndx = dg·y", 7, "missing"),
        (FORWARD + "dx = dg·(y + 1)\ndg = 2g", 6, "early"),
        (PRODUCT + "dq = q", 6, "swap"),
        ("f(x) = 1/x\nclaim: df/dx = 1/x^2", 2, "sign"),
        ("f(x, y) = x/y\nclaim: df/dy = x/y^2", 2, "sign"),
        ("f(x) = e^(-x)\nclaim: df/dx = e^(-x)", 2, "sign"),
        ("f(x) = σ(2x)\nclaim: f'(x) = σ'(2x)", 2, "constant"),
        ("f(x) = σ(2x)\nclaim: f'(x) = 2σ'(x)", 2, "argument"),
        ("f(x) = tanh(x)\nclaim: f'(x) = 1 - x^2", 2, "argument"),
        ("f(x, y) = max(x, y)\nclaim: ∂f/∂x = 1{y > x}", 2, "loser"),
        ("L(w, x) = (w x)^2\nclaim: w ← w + α ∂L/∂w", 2, "uphill"),
        ("L(w, x) = (w x)^2\nclaim: w := w + 0.1·2 w x^2", 2, "uphill"),
        ("f(x, y) = x - y\nforward:\nf = x + y", 3, "stage"),
        ("f(x, y) = x y\nforward:\ng = x + y\nf = 1 g", 3, "stage"),
    ],
)
def test_the_known_mistakes(text: str, line: int, named: str) -> None:
    verdict = cg.check(text)
    assert (verdict.line, verdict.mistake) == (line, named), str(verdict)
    assert sum(f.status == "wrong" for f in verdict.findings) == 1, str(verdict)


def test_what_follows_from_a_wrong_line_is_consistent() -> None:
    verdict = cg.check(PRODUCT + "dq = q\ndz = q\ndx = dq\ndy = dq")
    states = {f.line.number: f.status for f in verdict.findings}
    assert (states[6], states[7], states[8], states[9]) == ("wrong", "right", "consistent", "consistent")
    chain = "L(w, x) = σ(w x)\nforward:\nz = w x\nL = σ(z)\nclaim:\n∂z/∂w = w\n∂L/∂w = ∂L/∂z ∂z/∂w = L(1 - L) w"
    assert [f.status for f in cg.check(chain).findings] == ["right", "right", "wrong", "consistent"]


def test_a_wrong_side_of_a_right_chain() -> None:
    verdict = cg.check(PRODUCT + "df/dq = z\ndf/dx = df/dq · x = z")
    assert verdict.line == 7
    assert verdict.wrong is not None
    assert verdict.wrong.line.text[slice(*verdict.wrong.span)] == "df/dq · x"


def test_numbers_at_a_point() -> None:
    text = "f(x, y, z) = (x + y) z\nat: x = -2, y = 5, z = -4\nclaim:\n∂f/∂x = z = -4\n∂f/∂z = 3"
    assert cg.check(text).right
    assert cg.check(text.replace("= 3", "= -3")).line == 5
    assert not cg.check(text.replace("at: x = -2, y = 5, z = -4", "")).right
    assert cg.check("f(x) = σ(x)\nat: x = 1\nclaim: f'(x) = 0.1966").right
    assert cg.check("f(x) = σ(x)\nat: x = 1\nclaim: f'(x) = 0.1967").line == 3


def test_the_report_quotes_the_line() -> None:
    told = str(cg.check(PRODUCT + "  8) dq = z\ndz = z   # mine"))
    assert told.split("\n")[:5] == [
        "wrong: line 7",
        "    dz = z   # mine",
        "         ^",
        "  should be: dz = q",
        "  why: × swaps: the derivative with respect to z is the other factor, not z itself",
    ]


def test_undecided_is_said() -> None:
    verdict = cg.check("f(x) = log(x - 100)\nclaim: f'(x) = 1/(x - 100)")
    assert not verdict.right
    assert verdict.undecided
    assert "undecided" in str(verdict)
    half = cg.check("f(x) = x^2\nclaim: f'(x) = 2 sqrt(x)^2")
    assert half.undecided, str(half)


def test_what_is_left_out_is_said() -> None:
    assert "not claimed: dy" in str(cg.check(PRODUCT + "dq = z\ndx = dq\ndz = q"))


PYTHON = """# f(x, y) = (x + y) * y
import numpy as np
x = 2.0; y = 3.0
q = x + y   # forward
f = q * y
dq = y      # backward
dy = q
dx = dq
dy += dq
"""


def test_python_is_read() -> None:
    assert cg.check(PYTHON).right
    verdict = cg.check(PYTHON.replace("dy += dq", "dy = dq"))
    assert (verdict.line, verdict.mistake) == (9, "overwrite")
    assert "at x = 2, y = 3: dy is 8" in str(verdict)
    inside = "def f(x, y):\n    q = np.maximum(x, y)\n    f = q * (x > 0)\n    dq = 1.0 * (x > 0)\n    return dq\n"
    assert cg.check(inside).right
    assert cg.check("u = math.exp(-x)\nf = u / (1 + u)\ndu = 1 / (1 + u)**2\ndx = u * du\n").mistake == "sign"
    assert cg.check("q = x * y\nf = q * q\ndx = dq * y\ndq = 2 * q\n").mistake == "early"


def test_python_is_not_run(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    for line in (
        f"open({str(mark)!r}, 'w')",
        f"dx = open({str(mark)!r}, 'w')",
        f"f = __import__('os').mkdir({str(mark)!r})",
    ):
        with pytest.raises(cg.NotationError):
            cg.check(f"f = x * x\n{line}\n", python=True)
    assert not mark.exists()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "f(x) = x",
        "f(x) = x\nclaim: dx",
        "f(x) = x\nclaim: ∂f/∂q = 1",
        "f(x) = x\nclaim: ∂ = 1",
        "f(x) = x\nclaim: \\frac{df}",
        "f(x) = x\nclaim: df/dx = " + "(" * 9000,
        "f(x) = x\nclaim: df/dx = " + "\\underset{" * 5000,
        "f(x) = x\nclaim:\n" + " " * 60000 + "x",
        "f(x) = \x1b[31mx\nclaim: dx = 1",
        "f(x) = x\nclaim: dx = \u202e1",
        "f(x in R^3) = sum(x)\nbackward: dx = 1",
        "f(x) = x\nclaim:" + "\\begin{cases}" * 900,
        "f(x) = x\n" * 9000,
        "f(x) = x\nforward:\nx = 3",
        "f(x) = x\nat: q = 3\nclaim: dx = 1",
    ],
)
def test_what_cannot_be_read_is_refused_at_once(text: str) -> None:
    begun = time.process_time()
    with pytest.raises(cg.ChalkgradError) as error:
        cg.check(text)
    assert in_time(time.process_time() - begun, 2)
    assert "\x1b" not in str(error.value)
    assert "\u202e" not in str(error.value)


def test_a_long_wrong_claim_is_judged_in_time() -> None:
    stages = ["a_0 = x", *[f"a_{i} = x·a_{i - 1} + a_{i - 1}" for i in range(1, 100)], "f = a_99"]
    lines = [f"dx += da_{i + 1}·x" for i in range(70)]
    begun = time.process_time()
    assert not cg.check("\n".join(["f(x) = x", "forward:", *stages, "backward:", *lines])).right
    assert in_time(time.process_time() - begun, 4)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(0, 10**9))
def test_a_spoilt_claim_never_breaks(seed: int) -> None:
    rng = random.Random(seed)
    text = list(rng.choice([p.read_text(encoding="utf-8") for p in sorted(CLAIMS.glob("*.txt"))]))
    for _ in range(rng.randint(1, 6)):
        text[rng.randrange(len(text))] = rng.choice("xyzfd∂/=+*(){}\\^_ 1.$#&\n:-σ'\"[]|,;\x00←")
    try:
        told = str(cg.check("".join(text)))
    except cg.ChalkgradError as error:
        told = str(error)
    assert "\x00" not in told


TANH = "f(x) = tanh(x)\nclaim:\n"


def test_a_chain_of_formulas_is_judged_side_by_side() -> None:
    right = "tanh(x) = (e^x - e^-x)/(e^x + e^-x)\n = (1 - e^(-2x))/(1 + e^(-2x)) = 2σ(2x) - 1"
    assert cg.check(TANH + right)
    assert cg.check(TANH + "2σ(2x) - 1 = tanh x")
    wrong = cg.check(TANH + "tanh(x) = σ(x) - (1 - σ(2x))\n = 2σ(2x) - 1")
    assert (wrong.line, wrong.mistake) == (3, "sides")


def test_a_known_function_on_the_left_is_no_name_of_ones_own() -> None:
    assert cg.check(TANH + "tanh(x) = 5x").mistake == "sides"
    assert cg.check(TANH + "t = e^x\nf = (t - 1/t)/(t + 1/t)")

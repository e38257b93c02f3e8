"""Chains, shapes, code lines, derivations and formulas about matrices."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import pytest

from chalkgrad.classroom.marking.shape import judge_shape, read_shape
from chalkgrad.classroom.sheets.blank import Keyed
from chalkgrad.classroom.sheets.key import unwitnessed
from chalkgrad.classroom.sheets.reading import read_sheet
from tests.classroom.marking.asking import asking, one

SHEETS = Path(__file__).parents[3] / "examples" / "sheets"
NET = asking(
    "z_1 = x w_1; a_1 = σ(z_1); z_2 = a_1 w_2; a_2 = σ(z_2); Loss = ½(a_2 - y^*)^2", ("w_1.chain", "w_2.chain")
)
ROUTES = asking("q = max(x, y); f = q z", ("code",))
FORK = asking("q = x + y; h = q z; f(x, y, z) = h + x", ("chains", "code"))


@lru_cache(maxsize=8)
def sheet(name: str) -> Keyed:
    return unwitnessed(read_sheet((SHEETS / f"{name}.toml").read_text(encoding="utf-8")))


# chains


@pytest.mark.parametrize(
    "text",
    [
        "∂Loss/∂a_2 · ∂a_2/∂z_2 · ∂z_2/∂w_2",
        "dz2/dw2 * da2/dz2 * dLoss/da2",
        r"\frac{\partial Loss}{\partial a_2}\frac{\partial a_2}{\partial z_2}\frac{\partial z_2}{\partial w_2}",
        "∂Loss/∂w_2 = (∂Loss/∂a_2)(∂a_2/∂z_2)(∂z_2/∂w_2)",
        "∂Loss(a_2, y*)/∂a_2 ∂a_2/∂z_2 ∂z_2/∂w_2",
    ],
)
def test_chains(text: str) -> None:
    assert one(NET, "w_2.chain", text).verdict == "right"


def test_another_name_of_the_loss_is_said() -> None:
    m = one(NET, "w_2.chain", "dL/da2 da2/dz2 dz2/dw2")
    assert m.verdict == "right"
    assert "L is read as Loss" in m.notes


@pytest.mark.parametrize(
    ("id", "text", "why"),
    [
        ("w_2.chain", "∂Loss/∂a_2 · ∂z_2/∂w_2", "a link of the chain is left out: ∂a_2/∂z_2"),
        ("w_1.chain", "∂Loss/∂a_2 ∂a_2/∂z_2 ∂z_2/∂a_1 ∂a_1/∂z_1 ∂z_1/∂a_1", "∂z_1/∂a_1 stands where ∂z_1/∂w_1 belongs"),
        ("w_2.chain", "∂Loss/∂a_2 ∂a_2/∂z_2 ∂z_2/∂w_2 ∂a_1/∂z_1", "does not belong"),
    ],
)
def test_wrong_links(id: str, text: str, why: str) -> None:
    m = one(NET, id, text)
    assert (m.verdict, m.mistake) == ("wrong", "link")
    assert why in m.why


def test_a_link_over_several_gates_may_be_true_and_is_not_what_is_asked_for() -> None:
    m = one(NET, "w_2.chain", "∂Loss/∂z_2 · ∂z_2/∂w_2")
    assert (m.verdict, m.credit) == ("cannot tell", 0)
    assert "goes over more than one step: write ∂Loss/∂a_2 · ∂a_2/∂z_2" in m.why


def test_links_of_a_primed_name() -> None:
    primed = asking("x' = w x; f = σ(x')", ("chains",))
    assert one(primed, "w.chain", "∂f/∂x' · ∂x'/∂w").verdict == "right"
    assert one(primed, "w.chain", "∂f/∂x · ∂x/∂w").verdict == "cannot tell"


def test_paths_add() -> None:
    assert one(FORK, "x.chain", "∂f/∂x + ∂f/∂h ∂h/∂q ∂q/∂x").verdict == "right"
    assert one(FORK, "x.chain", "∂f/∂h ∂h/∂q ∂q/∂x").mistake == "missing"


@pytest.mark.parametrize("text", ["∂Loss/∂w_2", "a_1 (a_2 - y)", "∂Loss/∂foo", "((∂Loss/∂a_2", "∂", "/"])
def test_what_is_no_chain(text: str) -> None:
    m = one(NET, "w_2.chain", text)
    assert (m.verdict, m.credit) == ("cannot tell", 0)


# shapes


@pytest.mark.parametrize(
    "text",
    ["D_a1×D_x", "(D_a1, D_x)", "D_a1 by D_x", r"D_{a_1} \times D_x", "R^(D_a1 x D_x)", "W_1 ∈ R^{D_{a_1}×D_x}",
     r"\mathbb{R}^{D_{a_1} \times D_x}", "Da1 x Dx", "D_a₁ × D_x"],
)  # fmt: skip
def test_shapes(text: str) -> None:
    assert judge_shape(text, "D_{a_1}×D_x").verdict == "right"


@pytest.mark.parametrize(
    ("text", "key", "verdict"),
    [
        ("D_x×D_a1", "D_{a_1}×D_x", "wrong"),
        ("D_a1", "D_{a_1}×1", "right"),
        ("1×D_a1", "D_{a_1}×1", "wrong"),
        ("scalar", "1×1", "right"),
        ("3x1", "3", "right"),
        ("(3,)", "3", "right"),
        ("1x3", "3", "wrong"),
        ("4x1", "3", "wrong"),
        ("3", "1×3", "wrong"),
        ("3x4", "3×4", "right"),
        ("4x3", "3×4", "wrong"),
        ("D_a1xD_x", "D_{a_1}×D_x", "cannot tell"),
        ("a big one", "3×4", "cannot tell"),
        ("", "3×4", "cannot tell"),
        ("x" * 300, "3×4", "cannot tell"),
    ],
)
def test_other_shapes(text: str, key: str, verdict: str) -> None:
    assert judge_shape(text, key).verdict == verdict


def test_a_transposed_shape_is_named() -> None:
    assert judge_shape("m×1", "1×m").mistake == "transpose"
    assert read_shape("R") == ()


# code


@pytest.mark.parametrize(
    ("line", "text", "verdict", "kind"),
    [
        (1, "q = y + x", "right", ""),
        (1, "1) q = x + y", "right", ""),
        (1, "q = x - y", "wrong", "sign"),
        (2, "h = z * q", "right", ""),
        (6, "dx = 1·df", "right", ""),
        (7, "dq = z dh", "right", ""),
        (7, "df/dq = df/dh · z", "right", ""),
        (7, "∂f/∂q = z", "right", ""),
        (7, "dq = q · dh", "wrong", "swap"),
        (7, "dz = q · dh", "wrong", "target"),
        (9, "dx += dq", "right", ""),
        (9, "dx = dx + dq", "right", ""),
        (9, "dx = dq", "wrong", "overwrite"),
        (9, "dx -= -dq", "right", ""),
        (9, "dx", "cannot tell", ""),
        (9, "dx += dq; dy = 0", "cannot tell", ""),
        (9, "dx += __import__('os')", "cannot tell", ""),
    ],
)
def test_lines_of_code(line: int, text: str, verdict: str, kind: str) -> None:
    m = one(FORK, f"code.{line}", text)
    assert (m.verdict, m.mistake) == (verdict, kind), m.why


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("dx = dq · (1{x > y} + 0.5·1{x = y})", "right"),
        ("dx = dq · (1{x > y} + 0.5·1{x == y})", "right"),
        ("dx = dq · 1{x > y}", "right"),
        ("dx = z · 1{x >= y}", "right"),
        ("dx = dq · 1{y > x}", "wrong"),
        ("dx = dq · 1{x = y}", "wrong"),
        ("dx = dq", "wrong"),
        ("dx = 0", "wrong"),
    ],
)
def test_a_line_that_routes(text: str, verdict: str) -> None:
    m = one(ROUTES, "code.6", text)
    assert m.verdict == verdict, m.why


# derivations


TANH = "tanh(x) = (e^x - e^-x)/(e^x + e^-x) = (1 - e^(-2x))/(1 + e^(-2x)) = 2/(1 + e^(-2x)) - 1 = 2σ(2x) - 1"


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        (TANH, "right"),
        (" = ".join(TANH.split(" = ")[::-1]), "right"),
        ("tanh(x) = 2σ(2x) - 1", "cannot tell"),
        ("tanh x = tanh x", "cannot tell"),
        ("tanh(x) = σ(x) - (1 - σ(2x)) = 2σ(2x) - 1", "wrong"),
        ("given: f(x) = 2σ(2x) - 1", "cannot tell"),
        ("so it is.", "cannot tell"),
        ("at: x = 1\n" + TANH, "cannot tell"),
    ],
)
def test_an_identity(text: str, verdict: str) -> None:
    m = one(sheet("backprop"), "7:claim", text)
    assert m.verdict == verdict, m.why
    assert (m.credit > 0) == (verdict == "right")


def test_a_whole_backward_pass() -> None:
    good = next(b.key.text for b in sheet("practice").blanks if b.id == "2b:passes")  # type: ignore[union-attr]  # words
    assert one(sheet("practice"), "2b:passes", good).verdict == "right"
    m = one(sheet("practice"), "2b:passes", good.replace("df/dx +=", "df/dx ="))
    assert (m.verdict, m.mistake) == ("wrong", "overwrite")
    assert m.why.startswith("line 10:")
    short = good.rsplit("\n", 1)[0]
    assert "∂f/∂y" in one(sheet("practice"), "2b:passes", short).why
    circular = "forward:\ng = x + y\nh = g z\nf = h + x\nclaim:\n∂f/∂x = ∂f/∂x\n∂f/∂y = ∂f/∂y\n∂f/∂z = ∂f/∂z"
    assert one(sheet("practice"), "2b:passes", circular).verdict == "cannot tell"


# matrices


@pytest.mark.parametrize(
    ("id", "text", "verdict"),
    [
        ("3.2:d1", r"-\frac{1}{m}(\frac{y^{(i)}}{\hat y^{(i)}} - \frac{1-y^{(i)}}{1-\hat y^{(i)}})", "right"),
        ("3.3:d2", "ŷ^(i)(1 - ŷ^(i))", "right"),
        ("3.3:d2", r"\sigma(z_2) (1 - \sigma(z_2))", "right"),
        ("3.3:d2", "σ(z_2)", "wrong"),
        ("3.4:d3", "W_2^T", "right"),
        ("3.5:d4", "1{z_1 >= 0}", "right"),
        ("3.7:d6", "1/m Σ_i (W_2^T (ŷ^(i) - y^(i)) ∘ 1{z_1 > 0}) x^(i)^T", "right"),
        ("3.7:d6", "Σ_i (W_2^T (ŷ^(i) - y^(i)) ∘ 1{z_1 > 0}) x^(i)^T", "wrong"),
        ("3.7:d6", "∂J/∂W_1", "cannot tell"),
        ("3.7:d6", "1; given: J = 1", "cannot tell"),
    ],
)
def test_matrices(id: str, text: str, verdict: str) -> None:
    m = one(sheet("section"), id, text)
    assert m.verdict == verdict, m.why


def test_a_lost_constant_is_named() -> None:
    m = one(sheet("section"), "3.7:d6", "Σ_i (W_2^T (ŷ^(i) - y^(i)) ∘ 1{z_1 > 0}) x^(i)^T")
    assert m.mistake == "constant"
    assert "1/m" in m.why


def test_words_are_for_a_person() -> None:
    m = one(sheet("practice"), "3a:zero", "they stay the same")
    assert (m.verdict, m.credit, m.why) == ("cannot tell", 0, "this is for a person to read")

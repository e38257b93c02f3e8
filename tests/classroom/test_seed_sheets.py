"""The five seed sheets in `examples/sheets`: every number of their keys, and no fault of the published answers.

The numbers were computed apart from Chalkgrad, by hand and with a calculator; S1 … S11 and A1 … A7 are the rows of the
list of what the sheets must give, and the comments say how the rest follows.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import chalkgrad as cg
from chalkgrad.classroom.sheets.blank import Blank, FormulaKey, Keyed, NumberKey, ShapeKey, TextKey
from chalkgrad.classroom.sheets.key import keyed
from chalkgrad.classroom.sheets.reading import read_sheet

SHEETS = Path(__file__).parents[2] / "examples" / "sheets"
NAMES = ("backprop", "section", "filters", "practice", "nets")


@cache
def sheet(name: str) -> Keyed:
    return keyed(read_sheet((SHEETS / f"{name}.toml").read_text(encoding="utf-8")))


def blank(name: str, id: str) -> Blank:
    return next(b for b in sheet(name).blanks if b.id == id)


def text(name: str, id: str) -> str:
    key = blank(name, id).key
    assert isinstance(key, FormulaKey | ShapeKey | TextKey)
    return key.text


def numbers(said: str) -> dict[str, float]:
    """`q.value=3 f.value=-12` as a table."""
    return {id: float(number) for id, _, number in (word.partition("=") for word in said.split())}


# S1, at x = -2, y = 5, z = -4
TWO_GATES = {
    "q.value": 3,
    "f.value": -12,
    "f.gradient": 1,
    "q.gradient": -4,
    "z.gradient": 3,
    "x.gradient": -4,
    "y.gradient": -4,
}
# S2, at w = (2, -3, -3), x = (-1, -2). Of the gates: e^-1 = 0.367879, 1 + e^-1 = 1.367879, and backward
# -1/1.367879² = -0.534447, times 1, times 0.367879, times -1
NEURON = {"x_0": 0.393224, "w_0": -0.196612, "x_1": -0.589836, "w_1": -0.393224, "w_2": 0.196612}
NEURON_VALUES = {"q1": -2, "q2": 6, "q3": 4, "q4": 1, "q5": -1, "q6": 0.367879, "q7": 1.367879, "f": 0.731059}
NEURON_GATES = {
    "f": 1,
    "q7": -0.534447,
    "q6": -0.534447,
    "q5": -0.196612,
    "q4": 0.196612,
    "q3": 0.196612,
    "q2": 0.196612,
    "q1": 0.196612,
}
# S3, at a = 1, b = 2, c = -3, d = 4, α = 0.1: 3a, 3a - b, its square, cd; backward 2·(3a - b) = 2
FOUR_INPUTS = numbers("""
q.value=3 r.value=1 t.value=1 u.value=-12 f.value=-11
f.gradient=1 t.gradient=1 u.gradient=1 r.gradient=2 q.gradient=2
a.gradient=6 b.gradient=-2 c.gradient=4 d.gradient=-3
a.next=0.4 b.next=2.2 c.next=-3.4 d.next=4.3""")
# S4, at x = (1, 3), y = 0, w = (2, -1), b = 0.5, α = 0.1: σ(-0.5) = 0.377541, log of it -0.974077, of
# 1 - h = 0.622459 it is -0.474077; backward 1/0.622459 = 1.606531
CROSS_ENTROPY = numbers("""
q1.value=2 q2.value=-3 q3.value=-1 q4.value=-0.5 h.value=0.377541
q5.value=0 q6.value=-0.974077 q7.value=0 q8.value=1 q9.value=0.622459 q10.value=-0.474077 q11.value=-0.474077
ℓ.value=0.474077 ℓ.gradient=1 q7.gradient=1 q11.gradient=-1 q10.gradient=-1 q9.gradient=-1.606531
q6.gradient=0 h.gradient=1.606531 q4.gradient=0.377541 q3.gradient=0.377541 q2.gradient=0.377541 q1.gradient=0.377541
w_1.gradient=0.377541 w_2.gradient=1.132622 b.gradient=0.377541
w_1.next=1.962246 w_2.next=-1.113262 b.next=0.462246""")
SIGMOID_UNIT = {"f.value": 0.5, "x.gradient": -0.75}  # S5
RELU_UNIT = {"f.value": 0, "x.gradient": 0}  # S6

NUMBERS: Mapping[str, Mapping[str, Any]] = {
    "backprop": {
        **{f"1:{id}": x for id, x in TWO_GATES.items()},
        **{f"2:{v}.value": x for v, x in NEURON_VALUES.items()},
        **{f"2:{v}.gradient": x for v, x in (NEURON_GATES | NEURON).items()},
        **{f"3:{id}": x for id, x in FOUR_INPUTS.items()},
        **{f"4:{id}": x for id, x in CROSS_ENTROPY.items()},
        **{f"5:{id}": x for id, x in SIGMOID_UNIT.items()},
        **{f"6:{id}": x for id, x in RELU_UNIT.items()},
    },
    "section": {
        "1:q.gradient": -4,
        "1:x>q.local": 1,
        "1:y>q.local": 1,
        "1:z.gradient": 3,
        "1:x.gradient": -4,
        "1:y.gradient": -4,
        # the gates of S2 under other names, since z and α are named on this sheet
        **{f"2:{v}.gradient": x for v, x in NEURON.items()},
        **{f"2:{v}.gradient": -0.534447 for v in ("p", "v")},
        "2:u.gradient": -0.196612,
        **{f"2:{v}.gradient": 0.196612 for v in ("z", "t", "r", "q")},
        # A3, with u = (0.5, -2, 1)
        "4.1:x.gradient": (7, -6, 3),
        "4.2:x.gradient": (1, 0.5, -2),
        "4.3:x.gradient": (1.5, 1.5, -6),
        "5:x.gradient": (1, 6, -3),
    },
    "filters": {
        "1a:size.value": 4,  # A4
        "1d:P.value": 2,
        **{f"2:{id}": x for id, x in FOUR_INPUTS.items()},
        **{f"3:{id}": x for id, x in CROSS_ENTROPY.items()},
        **{f"4:{id}": x for id, x in SIGMOID_UNIT.items()},
        **{f"5:{id}": x for id, x in RELU_UNIT.items()},
        **{f"6:{id}": x for id, x in TWO_GATES.items()},
    },
    "practice": {
        # S9
        "2c:f.value": -14,
        "2c:x.sum": -3,
        "2c:x.gradient": -3,
        "2c:y.gradient": -4,
        "2c:z.gradient": 3,
        "3b:count": 210,  # A6
        "4c:f.value": 0.731059,  # S2
        **{f"4c:{v}.gradient": x for v, x in NEURON.items()},
    },
    "nets": {},
}


@pytest.mark.parametrize("name", NAMES)
def test_every_number_of_the_keys(name: str) -> None:
    keys = {b.id: b.key.exact for b in sheet(name).blanks if isinstance(b.key, NumberKey)}
    assert keys.keys() == NUMBERS[name].keys()
    for id, expected in NUMBERS[name].items():
        assert np.shape(keys[id]) == np.shape(expected), id
        assert keys[id] == pytest.approx(np.asarray(expected), abs=1e-6), id


def test_what_a_dead_unit_passes_on_is_no_minus_zero() -> None:
    for name, id in (("backprop", "6:x.gradient"), ("filters", "5:x.gradient"), ("backprop", "4:q5.value")):
        key = blank(name, id).key
        assert isinstance(key, NumberKey)
        assert not np.signbit(key.exact), id


@pytest.mark.parametrize(
    ("name", "questions"),
    [
        ("backprop", "1 2 3 4 5 6 7"),
        ("section", "1 2 3.1 3.2 3.3 3.4 3.5 3.6 3.7 4.1 4.2 4.3 5"),
        ("filters", "1a 1b 1c 1d 2 3 4 5 6"),
        ("practice", "1a 1b 1c 1d 2a 2b 2c 3a 3b 3c 4a 4b 4c 4d"),
        ("nets", "1.1 1.2 1.3 1.4 1.5 1.6 1.7"),
    ],
)
def test_every_question_in_order(name: str, questions: str) -> None:
    assert [q.number for q in sheet(name).questions] == questions.split()
    assert all(q.blanks for q in sheet(name).questions)


def σ(z: float) -> float:
    return 1 / (1 + math.exp(-z))


# a point for each function, its stages worked out here
NEURON_AT = {"w_0": 0.7, "x_0": -1.3, "w_1": 0.4, "x_1": 2.1, "w_2": 0.6}
NEURON_AT["z"] = 0.7 * -1.3 + 0.4 * 2.1 + 0.6
NEURON_AT["α"] = σ(NEURON_AT["z"])
# S11: w = (0.5, -1.5), x = 2, y = 1; z_1 = 1, z_2 = -1.5·σ(1)
NET_AT = {"w_1": 0.5, "w_2": -1.5, "x": 2, "y^*": 1, "α": 0.1, "z_1": 1, "a_1": σ(1), "z_2": -1.5 * σ(1)}
NET_AT["a_2"] = σ(NET_AT["z_2"])
GATES_AT = {"x": 1.5, "y": -0.25, "z": 3.5, "q": 1.25}
SLOPE = NEURON_AT["α"] * (1 - NEURON_AT["α"])

FORMULAS = [
    # S1, symbolically: ∂f/∂q = z, 1, 1, ∂f/∂z = q, ∂f/∂x = ∂f/∂y = z
    ("section", "1:q.gradient.formula", GATES_AT, 3.5),
    ("section", "1:x>q.local.formula", GATES_AT, 1),
    ("section", "1:y>q.local.formula", GATES_AT, 1),
    ("section", "1:z.gradient.formula", GATES_AT, 1.25),
    ("section", "1:x.gradient.formula", GATES_AT, 3.5),
    ("section", "1:y.gradient.formula", GATES_AT, 3.5),
    # S2: σ(z)(1 - σ(z)) times the other factor
    ("section", "2:x_0.gradient.formula", NEURON_AT, SLOPE * 0.7),
    ("section", "2:w_0.gradient.formula", NEURON_AT, SLOPE * -1.3),
    ("section", "2:x_1.gradient.formula", NEURON_AT, SLOPE * 0.4),
    ("section", "2:w_1.gradient.formula", NEURON_AT, SLOPE * 2.1),
    ("section", "2:w_2.gradient.formula", NEURON_AT, SLOPE),
    # S8: y and x; 1 and 1; 1 for the greater, 0 for the other
    ("practice", "1a:x.gradient.formula", {"x": 1, "y": -2}, -2),
    ("practice", "1a:y.gradient.formula", {"x": 1, "y": -2}, 1),
    ("practice", "1b:x.gradient.formula", {}, 1),
    ("practice", "1b:y.gradient.formula", {}, 1),
    ("practice", "1c:x.gradient.formula", {"x": 1, "y": -2}, 1),
    ("practice", "1c:x.gradient.formula", {"x": -3, "y": -2}, 0),
    ("practice", "1c:y.gradient.formula", {"x": 1, "y": -2}, 0),
    ("practice", "1c:y.gradient.formula", {"x": -3, "y": -2}, 1),
    # S7: 1 - tanh²
    ("practice", "1d:x.gradient.formula", {"x": 0.3}, 1 - math.tanh(0.3) ** 2),
    # S11
    ("nets", "1.4:w_2.gradient.formula", NET_AT, -0.102857),
    ("nets", "1.6:w_1.gradient.formula", NET_AT, 0.082988),
    ("nets", "1.7:w_1.update", NET_AT, 0.5 - 0.1 * 0.082988),
    ("nets", "1.1:z_1.formula", NET_AT, 1),
    ("nets", "1.1:z_2.formula", NET_AT, -1.5 * 0.731059),
]


@pytest.mark.parametrize(("name", "id", "at", "expected"), FORMULAS)
def test_formulas_of_the_keys(name: str, id: str, at: Mapping[str, float], expected: float) -> None:
    formula = cg.work(text(name, id))
    values = {v.hint: at[v.hint] for v in formula.program.inputs}
    assert float(cg.work(text(name, id), values=values).value) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("id", "expected"),
    [
        ("1.1:a_1.formula", "g_1(z_1)"),
        ("1.1:a_2.formula", "g_2(z_2)"),
        ("1.2:L.formula", "Loss(g_2(w_2·g_1(w_1·x)),y^*)"),
        ("1.3:w_2.chain", "∂Loss/∂a_2·∂a_2/∂z_2·∂z_2/∂w_2"),
        ("1.5:w_1.chain", "∂Loss/∂a_2·∂a_2/∂z_2·∂z_2/∂a_1·∂a_1/∂z_1·∂z_1/∂w_1"),
    ],
)
def test_formulas_that_are_read(id: str, expected: str) -> None:
    """S11 with g_1, g_2 and Loss left abstract, and the chains of partials."""
    assert text("nets", id).replace(" ", "").replace("*", "·").replace("^·", "^*") == expected


@pytest.mark.parametrize(
    ("id", "shape"),
    [
        ("W_1", "D_a_1×D_x"),
        ("b_1", "D_a_1×1"),
        ("W_2", "1×D_a_1"),
        ("b_2", "1×1"),
        ("X", "D_x×m"),
        ("Y", "1×m"),
    ],
)
def test_shapes(id: str, shape: str) -> None:
    """A1. The published solution gives Y as m×1 beside X of D_x×m: with examples in columns it is 1×m."""
    assert re.sub(r"[{}]", "", text("section", f"3.1:{id}.shape")) == shape


# The faults of the published answers


def test_two_paths_are_added() -> None:
    """003 q2b writes df/dx = df/dg·1 on its last lines, over df/dx = 1: the two add."""
    written = text("practice", "2b:passes").split("backward:")[1]
    assert len(re.findall(r"df/dx = ", written)) == 1
    assert "df/dx += df/dg" in written
    key = blank("practice", "2b:passes").key
    assert isinstance(key, TextKey)
    assert cg.check(f"{key.given}\n{key.text}")
    assert not cg.check(f"{key.given}\n{key.text}".replace("df/dx +=", "df/dx ="))


def test_dy_is_added_to() -> None:
    """003 q4d writes dy = ds(y)·[…] on its last line, over the dy of line 4. With its point, the key is S10."""
    key = blank("practice", "4d:staged").key
    assert isinstance(key, TextKey)
    claim = f"{key.given}\n{key.text}"
    assert claim.count("dy += ds(y)") == 1
    assert cg.check(claim)
    verdict = cg.check(claim.replace("dy += ds(y)", "dy = ds(y)"))
    assert verdict.wrong is not None
    assert "dy is 1.592233" in verdict.wrong.example
    staged = key.text.split("backward:")[0].replace("forward:", "")
    worked = cg.work(re.sub(r"^\d\)", "", staged, flags=re.MULTILINE), values={"x": 3, "y": -4})
    assert float(worked.value) == pytest.approx(1.545645, abs=1e-6)
    assert worked.gradients == pytest.approx({"x": 2.059570, "y": 1.592233}, abs=1e-6)


def test_a_tie_is_not_given_to_one_of_two() -> None:
    """003 q1c has 0 for ∂f/∂y at a tie in its cases, and 1 in 1{y >= x}."""
    for id in ("1c:x.gradient.formula", "1c:y.gradient.formula"):
        assert not re.search("≥|>=|geq", text("practice", id))
    assert "At a tie" in text("practice", "1c:changes")


def test_the_last_partial_is_by_the_weight() -> None:
    """004 q6 writes ∂z_1/∂a_1 for ∂z_1/∂w_1."""
    assert "∂z_1/∂w_1" in text("nets", "1.5:w_1.chain")
    assert "∂z_1/∂a_1" not in text("nets", "1.5:w_1.chain")


def matrix_claim(id: str, answer: str = "") -> str:
    key = blank("section", id).key
    assert isinstance(key, FormulaKey)
    return f"given:\n{key.given}\nclaim:\n{key.head} = {answer or key.text}"


@pytest.mark.parametrize("id", ["3.2:d1", "3.3:d2", "3.4:d3", "3.5:d4", "3.7:d6"])
def test_matrix_formulas(id: str) -> None:
    """A2: each against differences at random points, by the judge of claims."""
    assert cg.check(matrix_claim(id))


def test_the_derivative_of_the_cost_is_not_that_of_the_loss() -> None:
    """001 p3.2 asks for ∂J/∂ŷ^(i) and answers ∂L/∂ŷ^(i); and ∂J/∂ŷ is a row, where the answer adds over i."""
    assert not cg.check(matrix_claim("3.2:d1", "y^(i)/ŷ^(i) - (1 - y^(i))/(1 - ŷ^(i))"))
    row = blank("section", "3.2:row").key
    assert isinstance(row, TextKey)
    assert "a row of $m$ entries" in row.text
    assert any("not a sum" in r for r in row.rubric)


def test_conventions_and_tensors_are_said() -> None:
    """001 p3.5 gives ReLU'(0) as 1 without a word, and p3.6 writes xᵀ for a tensor."""
    question = next(q for q in sheet("section").questions if q.number == "3.5")
    assert "no derivative" in question.part.hint
    assert ">=" not in text("section", "3.5:d4")
    assert r"D_{a_1} \times D_{a_1} \times D_x" in text("section", "3.6:d5")


def test_the_whole_gradient_multiplies_out() -> None:
    """001 p3.7: the printed product has shapes that do not multiply out."""
    verdict = cg.check(matrix_claim("3.7:d6").replace("^T ∘", " ∘"))
    assert not verdict
    assert verdict.mistake in ("shapes", "transpose")


def test_sorting_comes_first() -> None:
    """001 p4.3: multiplying first, and sorting then, would give (-3, 6, -1.5) where x_0 < 0."""
    key = blank("section", "5:x.gradient").key
    assert isinstance(key, NumberKey)
    assert list(key.exact) == [1, 6, -3]
    assert "sorted first" in text("section", "4.3:rule")


def test_a_derivation_step_by_step() -> None:
    """S7: tanh(x) = 2σ(2x) - 1, each step an identity; and each is needed as it stands."""
    key = blank("backprop", "7:claim").key
    assert isinstance(key, TextKey)
    claim = f"{key.given}\nclaim:\n{key.text}"
    assert cg.check(claim)
    for right, wrong in (("1 + e^{-2x}", "1 + e^{2x}"), ("σ(2x) - (1", "σ(x) - (1"), ("2σ(2x) - 1", "2σ(2x) + 1")):
        assert not cg.check(claim.replace(right, wrong, 1))

"""Shapes solved from equations: the sheet's network, contradictions that name both equations, and what stays open."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest

import chalkgrad as cg
from chalkgrad.errors import ChalkgradError, NotationError, ShapeError, UnknownName

NETWORK = """z1 = W1 x^(i) + b1
a1 = ReLU(z1)
z2 = W2 a1 + b2
ŷ^(i) = σ(z2)
L^(i) = y^(i) * log(ŷ^(i)) + (1 - y^(i)) * log(1 - ŷ^(i))
J = -1/m Σ_{i=1}^{m} L^(i)"""
LATEX = r"""$$z_{1} = W_{1} x^{(i)} + b_{1}$$
$$a_{1} = ReLU(z_{1})$$
$$z_{2} = W_{2} a_{1} + b_{2}$$
$$\hat{y}^{(i)} = \sigma(z_{2})$$
$$L^{(i)} = y^{(i)} * \log(\hat{y}^{(i)}) + (1 - y^{(i)}) * \log(1 - \hat{y}^{(i)})$$
$$J = \frac{-1}{m} \sum_{i=1}^{m} L^{(i)}$$
$x^{(i)} \in \mathbb{R}^{D_x \times 1}$
$y^{(i)} \in \mathbb{R}$"""


def text(shape: tuple[object, object]) -> str:
    return f"{shape[0]}×{shape[1]}"


@pytest.mark.parametrize("given", ["x^(i) in R^(D_x x 1)", ["x^(i) in R^(D_x x 1)", "y^(i) in R"]])
def test_the_network_of_the_sheet(given: str | list[str]) -> None:
    found = cg.shapes(NETWORK, {"a1": "D_a1"}, given=given)
    assert {n: text(found[n]) for n in ("W1", "b1", "W2", "b2")} == {
        "W1": "D_a1×D_x",
        "b1": "D_a1×1",
        "W2": "1×D_a1",
        "b2": "1×1",
    }
    assert found.determined
    assert not found.notes
    batched = {name: text(shape) for name, shape in found.batched.items()}
    assert (batched["X"], batched["Y"], batched["Z1"], batched["Ŷ"]) == ("D_x×m", "1×m", "D_a1×m", "1×m")
    assert [batched[n] for n in ("W1", "b1", "W2", "b2")] == ["D_a1×D_x", "D_a1×1", "1×D_a1", "1×1"], "unchanged"


def test_the_network_as_it_is_pasted() -> None:
    found = cg.shapes(LATEX, given=r"$z_1 \in \mathbb{R}^{D_{a_1} \times 1}$")
    assert [text(found[n]) for n in ("W_1", "b_1", "W_2", "b_2")] == ["D_{a_1}×D_x", "D_{a_1}×1", "1×D_{a_1}", "1×1"]


def test_units_may_be_numbers_and_the_table_says_why() -> None:
    found = cg.shapes(NETWORK, {"z1": 4}, given="x^(i) in R^(3 x 1)")
    assert found["W1"] == (4, 3)
    row = next(line for line in str(found).splitlines() if line.startswith("W2"))
    assert "1×4" in row
    assert "the same" in row
    assert "z2 = W2 a1 + b2" in row


def test_already_over_all_examples_a_bias_stays_one_column() -> None:
    equations = "Z = W X + b\nA = tanh(Z)\nJ = 1/m sum(A ∘ A)"
    found = cg.shapes(equations, {"Z": "p"}, given="X in R^(n x m)")
    assert [text(found[n]) for n in ("W", "b", "Z")] == ["p×n", "p×1", "p×m"]


@pytest.mark.parametrize(
    ("equations", "shapes"),
    [
        ("f = x^T A x; x in R^n", {"A": "n×n", "f": "1×1"}),
        ("f = norm(A x - b)^2; A in R^(m x n); b in R^m", {"x": "n×1", "f": "1×1"}),
        ("f = ‖A x - b‖^2; b in R^m; x in R^n", {"A": "m×n"}),
        ("p = softmax(W x + b, axis=0); p in R^k; x in R^n", {"W": "k×n", "b": "k×1"}),
        ("S = X^T X; X in R^(m x n)", {"S": "n×n"}),
        ("f = 2 X @ w; X in R^(m x n)", {"w": "n×?1"}),
        ("y = a x + b; a in R; x in R^3", {"b": "3×1", "y": "3×1"}),
        ("J = λ w^T w; w in R^n; λ in R", {"J": "1×1"}),
        ("f = x_1 + x_2; x in R^2", {"f": "1×1"}),
    ],
)
def test_other_equations(equations: str, shapes: dict[str, str]) -> None:
    found = cg.shapes(equations)
    assert {name: text(found[name]) for name in shapes} == shapes


def test_a_contradiction_shows_both_equations() -> None:
    wrong = NETWORK.replace("z2 = W2 a1 + b2", "z2 = W2 x^(i) + b2") + "\nW2 in R^(1 x D_a1)"
    with pytest.raises(ShapeError) as caught:
        cg.shapes(wrong, {"a1": "D_a1"}, given="x^(i) in R^(D_x x 1)")
    told = str(caught.value)
    assert "D_a1" in told
    assert "D_x" in told
    assert "line 3" in told
    assert "line 7" in told
    assert "line 8" in told
    assert told.count("^^") >= 2, "with carets"


def test_elementwise_of_a_column_and_a_row_contradicts_itself() -> None:
    with pytest.raises(ShapeError, match="equal shapes"):
        cg.shapes("d = W2 ∘ s; W2 in R^(1 x D); s in R^(D x 1)")


def test_what_is_not_determined_is_said() -> None:
    found = cg.shapes("z = w x + b")
    assert not found.determined
    assert any("scaling, or a matrix product" in note for note in found.notes)
    assert found["z"] == found["b"], "what is known of them is kept"


@pytest.mark.parametrize(
    "text",
    [
        "y = " + " + ".join(["x"] * 30000),
        "y = " + " ".join(f"A{i}" for i in range(1100)),
        "y = " + " + ".join(f"a{i} b{i}" for i in range(500)),
        "\n".join(f"a{i + 1} = W{i} a{i} + b{i}" for i in range(250)) + "\na0 in R^n",
        "y = " + "(" * 30000,
        "y = Σ_i " * 9000 + "x^(i)",
    ],
)
def test_hostile_texts_are_answered_in_time(text: str) -> None:
    begun = time.process_time()
    with suppress(ChalkgradError):
        cg.shapes(text)
    assert time.process_time() - begun < 5


def test_bad_input() -> None:
    with pytest.raises(UnknownName, match="did you mean 'a1'"):
        cg.shapes(NETWORK, {"aa1": 2})
    with pytest.raises(NotationError, match="a size"):
        cg.shapes(NETWORK, {"a1": "3 + 4"})
    with pytest.raises(NotationError):
        cg.shapes(NETWORK, {"a1": 0})
    with pytest.raises(NotationError, match="numbers, columns and matrices"):
        cg.shapes("y = 2 X; X in R^(2 x 3 x 4)")
    with pytest.raises(NotationError):
        cg.shapes("x in R^n")
    with pytest.raises(UnknownName):
        cg.shapes(NETWORK, loss="K")

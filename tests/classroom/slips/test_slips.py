"""The number that each known mistake gives, computed by hand."""

from __future__ import annotations

import numpy as np
import pytest

from chalkgrad.classroom.sheets.blank import Keyed
from chalkgrad.classroom.slips.find import candidates, slips
from tests.classroom.marking.asking import ALL, AT, FORK, NEURON, NEURON_AT, TWO, asking


def found(keyed: Keyed, id: str, **own: float) -> dict[str, list[float]]:
    """The numbers at a blank by kind."""
    (question,) = keyed.questions
    named = {k.replace("_", "."): v for k, v in own.items()}
    table: dict[str, list[float]] = {}
    for slip in slips(question.blank(id), question, named):
        table.setdefault(slip.kind, []).append(np.round(slip.value, 6).tolist())
    return table


def test_values() -> None:
    keyed = asking(TWO, ALL, AT)
    assert found(keyed, "q.value") == {"sign": [-7.0, -3.0], "operation": [-10.0]}
    assert found(keyed, "f.value", q_value=7)["operation"] == [3.0]  # 7 + -4


def test_edges() -> None:
    keyed = asking(TWO, ALL, AT)
    # f = q z at q = 3, z = -4
    assert found(keyed, "q>f.local") == {"sign": [4.0], "swap": [3.0]}
    assert found(keyed, "x>q.product")["upstream"] == [1.0]
    assert found(keyed, "x>q.product", q_gradient=7)["sign"] == [-7.0]
    assert found(keyed, "z>f.product", q_value=7)["swap"] == [-4.0]


def test_forks() -> None:
    keyed = asking(FORK, ALL, AT)
    table = found(keyed, "x.gradient")  # 1 along f and -4 along q
    assert (table["overwrite"], table["missing"], table["twice"]) == ([-4.0], [1.0], [-2.0, -7.0])
    assert table["swap"] == [-16.0, -19.0]  # the other term for the slope: h = -12 along f, y = 5 along q


def test_the_neuron() -> None:
    keyed = asking(NEURON, ALL, NEURON_AT)
    last = next(b.id for b in keyed.blanks if b.id.endswith(">f.local"))
    table = found(keyed, last)  # -1/d² at d = 1.367879
    assert table["sign"] == [pytest.approx(0.534447, abs=1e-6)]
    assert table["power"] == [pytest.approx(-0.731059, abs=1e-6), pytest.approx(0.731059, abs=1e-6)]
    exp = next(b.id for b in keyed.blanks if b.id == "q6.value")
    assert found(keyed, exp)["sign"][0] == pytest.approx(2.718282, abs=1e-6)  # e^z for e^-z


def test_squares_and_descent() -> None:
    keyed = asking("f(a, b) = (3a - b)^2", (*ALL, "next"), "a = 2, b = 8")
    power = next(b.id for b in keyed.blanks if b.id.endswith(">f.local"))
    assert found(keyed, power) == {"sign": [4.0], "power": [8.0], "constant": [-2.0]}  # 2r at r = -2
    first = next(b.id for b in keyed.blanks if b.id.startswith("a>") and b.id.endswith("local"))
    assert found(keyed, first)["constant"] == [1.0]
    table = found(keyed, "a.next")  # 2 - 0.1·(-12)
    assert (table["uphill"], table["rate"]) == ([0.8], [14.0])


def test_relu_and_max() -> None:
    keyed = asking("q = x - y; f(x, y) = relu(q)", ALL, "x = 1, y = 3", "upstream = -3")
    assert found(keyed, "q>f.local") == {"loser": [1.0]}  # the mask of the gradient, 1{-3 > 0}, is 0 too
    up = asking("q = x - y; f(x, y) = relu(q)", ALL, "x = 1, y = 3", "upstream = 3")
    assert [s.kind for s in candidates(up.questions[0].blank("q>f.local"), up.questions[0])] == [
        "sign",
        "loser",
        "mask",
    ]
    keyed = asking("f(x, y) = max(x, y)", ALL, "x = -2, y = 5")
    assert found(keyed, "x.gradient") == {"loser": [1.0]}


def test_the_entry_that_is_read_twice() -> None:
    # F = x0·x at (3, -1, 2) with upstream (0.5, -2, 1): x0·u + Σ u·x e0
    keyed = asking("F(x) = x[0] x", ("gradients",), "x = [3, -1, 2]", "upstream = [0.5, -2, 1]")
    table = found(keyed, "x.gradient")
    assert table["x0·x0"] == [[5.5, -6.0, 3.0]]
    assert [1.5, -6.0, 3.0] in table["missing"]


def test_sort() -> None:
    keyed = asking("F(x) = sort(x)", ("gradients",), "x = [3, -1, 2]", "upstream = [0.5, -2, 1]")
    assert found(keyed, "x.gradient")["permutation"] == [[-2.0, 1.0, 0.5], [0.5, -2.0, 1.0]]


def test_batches() -> None:
    values = "W = [[1, 2], [3, -4]], b = [[1], [2]], X = [[1, 2, 3], [4, 5, 7]]"
    keyed = asking("Z = W X + b; J(W, b, X) = mean(Z)", ("gradients",), values)
    table = found(keyed, "b.gradient")
    assert np.shape(table["batch sum"][0]) == (2, 3)
    weights = found(keyed, "W.gradient")  # the mean passes 1/6 to each entry
    assert weights["transpose"] == [[[1.0, 1.0], [2.666667, 2.666667]]]
    assert np.allclose(found(keyed, "Z.gradient")["1/m"], np.ones((2, 3)))


@pytest.mark.parametrize(("function", "values"), [(TWO, AT), (FORK, AT), (NEURON, NEURON_AT)])
def test_none_is_the_right_number(function: str, values: str) -> None:
    keyed = asking(function, ALL, values)
    (question,) = keyed.questions
    for blank in question.blanks:
        for slip in slips(blank, question):
            assert not np.allclose(slip.value, blank.key.exact, rtol=1e-9, atol=0)  # type: ignore[union-attr]  # numbers
            assert slip.why
            assert slip.kind


def test_the_list_hangs_on_the_function_alone() -> None:
    one, other = (asking(FORK, ALL, values) for values in (AT, "x = 0, y = 1, z = 0"))
    for a, b in zip(one.blanks, other.blanks, strict=True):
        lists = [[s.kind for s in candidates(x, k.questions[0])] for x, k in ((a, one), (b, other))]
        assert lists[0] == lists[1]

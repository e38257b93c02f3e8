"""The program over all examples: equal to the sum over single ones, in value and gradient, or a clear refusal."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chalkgrad as cg
from chalkgrad.errors import ProgramError, ShapeError
from chalkgrad.evaluate.interpret import Interpreter
from chalkgrad.ir.program import Program
from tests.api.test_shapes import NETWORK

SIZES = {"n": 3, "k": 2, "m": 5}
GIVEN = "x^(i) in R^n, y^(i) in R^k, t^(i) in R, W in R^(k x n), b in R^k, c in R^n"
COLUMNS = "x^(i) in R^(n x 1), y^(i) in R^(k x 1), t^(i) in R, W in R^(k x n), b in R^(k x 1), c in R^(n x 1)"
EACH = {
    "a vector": "(W x^(i) + b)^T (W x^(i) + b)",
    "a scalar loss": "log(1 + e^(c^T x^(i))) - t^(i) c^T x^(i)",
    "sum of entries": "sum(tanh(W x^(i) + b) * y^(i))",
    "the example on the left": "x^(i)^T c + t^(i)",
    "two examples": "x^(i)^T x^(i)",
    "a quadratic form": "(x^(i)^T W^T) y^(i)",
    "norm": "norm(W x^(i) - y^(i))^2",
    "a choice": "where(t^(i) > 0, sum(x^(i)), 2)",
    "max": "max(W x^(i) + b)",
}
ONE_AXIS = {
    "softmax": "sum(y^(i) * log(softmax(W x^(i) + b)))",
    "logsumexp": "logsumexp(W x^(i) + b)",
    "an entry": "x^(i)[0] * t^(i) + x^(i)[2]",
    "sorted": "sum(sort(W x^(i)) * b)",
}
CASES = [(name, each, given) for name, each in EACH.items() for given in (GIVEN, COLUMNS)]
CASES += [(name, each, GIVEN) for name, each in ONE_AXIS.items()]


def values(program: Program, seed: int = 0) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    return {v.hint: rng.normal(size=[int(str(n)) for n in v.type.shape]) for v in program.inputs}


@pytest.mark.parametrize(("name", "each", "given"), CASES, ids=[f"{c[0]}, {c[2][:20]}" for c in CASES])
def test_equal_to_one_example_at_a_time(name: str, each: str, given: str) -> None:
    """The value, and the gradient of what the examples share, against single examples added up."""
    made = cg.batch(f"{given}\nJ = Σ_{{i=1}}^{{m}} ({each})", sizes=SIZES).program
    at = values(made)
    work = cg.work(made, values=at)
    numbers = given.replace("R^n", "R^3").replace("R^k", "R^2").replace("k x n", "2 x 3").replace("(n x", "(3 x")
    numbers = numbers.replace("(k x", "(2 x")
    single = cg.parse(f"{numbers}\nf = {each}")
    backward = Interpreter(cg.backprop(single).gradient)
    names = [v.hint for v in single.inputs]
    total, slopes = 0.0, {n: 0.0 for n in names if "^(i)" not in n}
    for i in range(SIZES["m"]):
        each_of = [
            np.reshape(at[n[0].upper()][:, i] if "^(i)" in n else at[n], v.type.shape)
            for n, v in zip(names, single.inputs, strict=True)
        ]
        value, *gradients = backward(*each_of, np.ones(np.shape(Interpreter(single)(*each_of)[0])))
        total = total + float(np.squeeze(value))
        for n, g in zip(names, gradients, strict=True):
            if n in slopes:
                slopes[n] = slopes[n] + g
    assert work.value == pytest.approx(total, rel=1e-12)
    for n, slope in slopes.items():
        np.testing.assert_allclose(work.gradients[n], slope, rtol=1e-11, atol=1e-12)


def test_the_network_of_the_sheet() -> None:
    made = cg.batch(
        NETWORK, "i", units={"a1": "D_a1"}, given="x^(i) in R^(D_x x 1)", sizes={"D_x": 3, "D_a1": 4, "m": 5}
    )
    called, before, after = made.changes["x^(i)"]
    assert (called, before, after) == ("X", (3, 1), (3, 5))
    assert made.changes["y^(i)"] == ("Y", (), (1, 5))
    assert made.same == ("W1", "b1", "W2", "b2"), "and m is counted, not asked for"
    at = values(made.program)
    at["Y"] = (at["Y"] > 0) * 1.0
    work = cg.work(made.program, values=at)
    z1 = at["W1"] @ at["X"] + at["b1"]
    h = 1 / (1 + np.exp(-(at["W2"] @ np.maximum(z1, 0) + at["b2"])))
    assert work.value == pytest.approx(-np.mean(at["Y"] * np.log(h) + (1 - at["Y"]) * np.log(1 - h)))
    delta = at["W2"].T @ (h - at["Y"]) / 5 * (z1 > 0)
    np.testing.assert_allclose(
        work.gradients["b1"], delta.sum(axis=1, keepdims=True), err_msg="a sum over the examples"
    )
    np.testing.assert_allclose(work.gradients["W1"], delta @ at["X"].T)


def test_sizes_may_stay_names_and_m_is_counted() -> None:
    made = cg.batch(NETWORK, units={"a1": "D_a1"}, given="x^(i) in R^(D_x x 1)")
    shown = str(made)
    assert "D_x×m" in shown
    assert "m = columns(X)" in shown
    assert "db1 = " in shown
    assert "unchanged: W1 D_a1×D_x, b1 D_a1×1, W2 1×D_a1" in shown


def test_a_program_that_was_read_by_hand() -> None:
    program = cg.parse("x^(i) in R^3; w in R^3; J = 1/m Σ_{i=1}^{m} (w^T x^(i))^2")
    made = cg.batch(program, "i", 4).program
    at = values(made)
    assert cg.work(made, values=at).value == pytest.approx(float(np.mean((at["w"] @ at["X"]) ** 2)))


def test_without_a_sum_the_results_are_columns() -> None:
    made = cg.batch("ŷ^(i) = σ(W x^(i) + b); W in R^(2 x 3)", examples=4)
    out = made.program.output
    assert out.type.shape == (2, 4)
    assert made.changes["ŷ^(i)"] == ("Ŷ", (2, 1), (2, 4))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x^(i) in R^(n x 1); J = Σ_i sum(x^(i) x^(i)^T)", "a matrix for each example"),
        ("x^(i) in R^(n x 1); J = Σ_i sum(softmax(x^(i)))", "no reading over columns"),
        ("x^(i) in R^(2 x 3); J = Σ_i sum(x^(i))", "columns hold numbers and columns"),
        ("w in R^n; J = w^T w", "bears (i)"),
    ],
)
def test_refused_with_the_step(text: str, told: str) -> None:
    with pytest.raises(ProgramError) as caught:
        cg.batch(text)
    assert told in str(caught.value)


def test_open_shapes_are_not_guessed() -> None:
    with pytest.raises(ShapeError, match="not determined"):
        cg.batch("z = w x^(i) + b; J = Σ_i z")

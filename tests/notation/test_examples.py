"""Examples that are numbered, and the sum over them: what is read, what is refused, and that no number is made up."""

from __future__ import annotations

import pytest

import chalkgrad as cg
from chalkgrad.errors import GradientError, NotationError, ValueNeeded
from chalkgrad.notation.read import read


@pytest.mark.parametrize(
    "text",
    [
        "J = 1/m Σ_{i=1}^{m} x^(i)",
        "J = 1/m ∑_{i=1}^m x^(i)",
        "J = 1/m sum_{i=1}^{m} x^(i)",
        r"J = \frac{1}{m} \sum_{i=1}^{m} x^{(i)}",
        r"J = \frac1m \sum\limits_{i=1}^m x^{(i)}",
        r"$$J = \frac{1}{m} \displaystyle\sum_{i = 1}^{m} x^{(i)}$$",
    ],
)
def test_every_way_of_writing_the_sum(text: str) -> None:
    program = read(text).program
    assert [v.hint for v in program.inputs] == ["m", "x^(i)"]
    assert any(step.op.name == "sum_over_i" for step in program.steps)


@pytest.mark.parametrize("text", ["J = Σ_i x^(i)", "J = Σᵢ x^(i)", r"J = \sum_i x^{(i)}"])
def test_without_bounds(text: str) -> None:
    assert read(text).echo == ("J(x^(i)) = Σ_i x^(i)",)


@pytest.mark.parametrize(
    ("text", "echo"),
    [
        ("J = Σ_i x^(i) y^(i) + b", "J(x^(i), y^(i), b) = Σ_i x^(i)·y^(i) + b"),
        ("J = b + Σ_i (x^(i) + y^(i))", "J(b, x^(i), y^(i)) = b + (Σ_i (x^(i) + y^(i)))"),
        ("J = (Σ_i x^(i))^2", "J(x^(i)) = (Σ_i x^(i))^2"),
        ("J = -1/m Σ_i x^(i) * 2", "J(m, x^(i)) = -1/m·(Σ_i x^(i)·2)"),
    ],
)
def test_what_a_sum_holds_and_that_the_echo_reads_back(text: str, echo: str) -> None:
    assert read(text).echo == (echo,)
    assert read(echo).echo == (echo,)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("J = Σ_i x^(i) + y^(i)", "two readings"),
        ("J = Σ_i x^(i) + 2 + y^(i)", "two readings"),
        ("z = w x^(i); J = Σ_i z - y^(i)", "two readings"),
        ("J = Σ_i x_i", "has the index i of a sum below"),
        ("J = Σ_i 5", "nothing in '5' bears (i)"),
        ("J = Σ_i x^(i) Σ_i y^(i)", "summed over already"),
        ("J = Σ_{i=0}^{m} x^(i)", "counted from 1"),
        ("ŷ^(i) = x^(i); J = Σ_i (ŷ^(i) - y^(i)) ŷ", "write which one is meant"),
        ("d^(i) = Σ_i x^(i)", "its formula sums over i"),
        (r"z = W x^{(i)} + b", "nothing here says of what"),
    ],
)
def test_refused_where_it_could_be_meant_otherwise(text: str, told: str) -> None:
    with pytest.raises(NotationError) as caught:
        read(text)
    assert told in caught.value.problem
    assert "^" in str(caught.value), "a caret shows the place"


def test_a_power_where_nothing_numbers_examples() -> None:
    assert read("f(x, i) = x^(i)").echo == ("f(x, i) = x^i",)
    assert read("x^(i)").echo == ("f(x, i) = x^i",)


def test_one_example_alone_is_a_name_where_it_is_declared() -> None:
    work = cg.work("x^(i) in R^2; f = sum(x^(i) * x^(i))", values={"x^(i)": [1.0, 2.0]})
    assert work.value == 5.0
    assert work.gradients["x^(i)"].tolist() == [2.0, 4.0]


def test_the_program_for_one_example_gives_no_number_for_the_sum() -> None:
    text = "J = Σ_i (w x^(i))^2"
    with pytest.raises(GradientError, match="batch"):
        cg.work(text)
    from chalkgrad.evaluate.interpret import Interpreter

    with pytest.raises(ValueNeeded, match="every example"):
        Interpreter(read(text).program)(2.0, 3.0)


def test_the_name_in_latex() -> None:
    made = cg.work("x^(i) in R^2; f = sum(x^(i))")
    assert "x^{(i)}" in cg.code(made, "latex")


@pytest.mark.parametrize("one", [r"\mathbf{1}", r"\mathbb{1}", "1"])
def test_the_indicator_in_latex(one: str) -> None:
    assert read(rf"f = {one}\{{x > 0\}} \, x").echo == ("f(x) = 1{x > 0}·x",)


def test_cases_whose_second_condition_is_that_the_first_fails() -> None:
    text = r"f = \begin{cases} 0 & \text{if } z < 0 \\ 1 & \text{if } z >= 0 \end{cases}"
    assert [cg.work(text, z=z).value for z in (-1.0, 0.0, 1.0)] == [0, 1, 1]
    with pytest.raises(NotationError):
        read(r"f = \begin{cases} 0 & \text{if } z < 0 \\ 1 & \text{if } z > 0 \end{cases}")

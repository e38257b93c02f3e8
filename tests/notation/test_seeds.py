"""The worksheets' scalar rows, read from maths text as it is printed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chalkgrad.notation.read import read

Steps = Callable[..., list[str]]
Numbers = Callable[..., dict[str, Any]]

NEURON = [
    "%0 = multiply(w_0, x_0)",
    "%1 = multiply(w_1, x_1)",
    "%2 = add(%0, %1)",
    "%3 = add(%2, w_2)",
    "%4 = negative(%3)",
    "%5 = exp(%4)",
    "%6 = add(1, %5)",
    "f = divide(1, %6)",
]
STAGED = """
s(y) = 1 / (1 + e^{-y})
num = x + s(y)
s(x) = 1 / (1 + e^{-x})
sum = x + y
sqr = sum^2
denom = s(x) + sqr
inv = 1 / denom
f = num · inv
"""
NETWORK = "z1 = x w1; a1 = σ(z1); z2 = a1 w2; a2 = σ(z2); Loss = ½(a2 - y^*)²"


def test_s1(steps: Steps, numbers: Numbers) -> None:
    assert steps("f(x, y, z) = (x + y)z") == ["%0 = add(x, y)", "f = multiply(%0, z)"]
    assert steps("f(x, y, z) = (x + y) z", {"x": -2, "y": 5, "z": -4}) == ["%0 = add(x, y)", "f = multiply(%0, z)"]
    found = numbers(read("q = x + y\nf = qz", {"x": -2, "y": 5, "z": -4}), x=-2, y=5, z=-4)
    assert (found["q"], found["f"]) == (3, -12)


def test_s2(steps: Steps, numbers: Numbers) -> None:
    text = "1/(1 + e^{-(w_0x_0 + w_1x_1 + w_2)})"
    assert steps(f"f = {text}") == NEURON
    assert steps(f"f(w_0, w_1, w_2, x_0, x_1) = {text}") == NEURON
    values = {"w": [2, -3, -3], "x": [-1, -2]}
    reading = read(f"f(w, x) = {text}", values)
    assert [s.op.name for s in reading.program.steps].count("index") == 5
    assert numbers(reading, **values)["f"] == pytest.approx(0.731059, abs=1e-6)


def test_s3(steps: Steps, numbers: Numbers) -> None:
    text = "f(a,b,c,d) = (3a - b)^2 + cd"
    assert steps(text) == [
        "%0 = multiply(3, a)",
        "%1 = subtract(%0, b)",
        "%2 = power(%1, 2)",
        "%3 = multiply(c, d)",
        "f = add(%2, %3)",
    ]
    assert numbers(read(text), a=1, b=2, c=-3, d=4)["f"] == -11
    assert numbers(read("f(a, b, c, d) = (3a b)^2 + cd"), a=1, b=2, c=-3, d=4)["f"] == 24


def test_s4(steps: Steps, numbers: Numbers) -> None:
    text = "h = σ(w_1x_1 + w_2x_2 + b)\nℓ = -y log h - (1-y) log(1-h)"
    found = steps(text)
    assert found[4:] == [
        "h = sigmoid(%3)",
        "%5 = negative(y)",
        "%6 = log(h)",
        "%7 = multiply(%5, %6)",
        "%8 = subtract(1, y)",
        "%9 = subtract(1, h)",
        "%10 = log(%9)",
        "%11 = multiply(%8, %10)",
        "ℓ = subtract(%7, %11)",
    ]
    given = {"w": [2, -1], "x": [1, 3], "y": 0, "b": 0.5}
    assert numbers(read(text, given), **given)["ℓ"] == pytest.approx(0.474077, abs=1e-6)
    printed = "h(x_1, x_2) = σ(w_1x_1 + w_2x_2 + b)\nℓ(h) = -y log h - (1-y) log(1-h)"
    given = {"w_1": 2, "w_2": -1, "x_1": 1, "x_2": 3, "y": 0, "b": 0.5}
    assert numbers(read(printed, given), **given)["ℓ"] == pytest.approx(0.474077, abs=1e-6)


def test_s5_s6(steps: Steps) -> None:
    assert steps("σ(x)") == ["f = sigmoid(x)"]
    assert steps("ReLU(x)") == ["f = relu(x)"]


def test_s7(steps: Steps) -> None:
    assert steps("tanh x") == ["f = tanh(x)"]
    expected = ["%0 = multiply(2, x)", "%1 = sigmoid(%0)", "%2 = multiply(2, %1)", "f = subtract(%2, 1)"]
    assert steps("2σ(2x) - 1") == expected
    assert steps("2s(2x) - 1") == expected
    assert len(steps("(e^x - e^-x)/(e^x + e^-x)")) == 9
    assert len(steps("(1 - e^{-2x})/(1 + e^{-2x})")) == 7


def test_s8(steps: Steps) -> None:
    assert steps("f(x, y) = xy") == ["f = multiply(x, y)"]
    assert steps("f(x, y) = x + y") == ["f = add(x, y)"]
    assert steps("f(x, y) = max{x, y}") == ["f = maximum(x, y)"]
    assert steps("1{x > y}")[0] == "%0 = greater(x, y)"


def test_s9(steps: Steps, numbers: Numbers) -> None:
    assert steps("f = (x + y)z + x") == ["%0 = add(x, y)", "%1 = multiply(%0, z)", "f = add(%1, x)"]
    values = {"x": -2, "y": 5, "z": -4}
    reading = read("g = x + y\nh = gz\nf = h + x", values)
    assert [v.hint for v in reading.program.variables()] == ["x", "y", "z", "g", "h", "f"]
    assert numbers(reading, **values)["f"] == -14


def test_s10(steps: Steps, numbers: Numbers) -> None:
    found = steps(STAGED)
    named = [line.split(" = ")[0] for line in found if not line.startswith("%")]
    assert named == ["s(y)", "num", "s(x)", "sum", "sqr", "denom", "inv", "f"]
    assert found[-5:] == [
        "sum = add(x, y)",
        "sqr = power(sum, 2)",
        "denom = add(s(x), sqr)",
        "inv = divide(1, denom)",
        "f = multiply(num, inv)",
    ]
    assert numbers(read(STAGED), x=3, y=-4)["f"] == pytest.approx(1.545645, abs=1e-6)
    whole = read("F(x, y) = (x + s(y))/(s(x) + (x + y)^2)")
    assert numbers(whole, x=3, y=-4)["F"] == pytest.approx(1.545645, abs=1e-6)


def test_s11(steps: Steps, numbers: Numbers) -> None:
    assert steps(NETWORK) == [
        "z1 = multiply(x, w1)",
        "a1 = sigmoid(z1)",
        "z2 = multiply(a1, w2)",
        "a2 = sigmoid(z2)",
        "%4 = subtract(a2, y^*)",
        "%5 = power(%4, 2)",
        "Loss = multiply(0.5, %5)",
    ]
    given = {"w1": 0.5, "w2": -1.5, "x": 2, "y^*": 1}
    assert numbers(read(NETWORK, given), **given)["Loss"] == pytest.approx(0.280965, abs=1e-6)

"""What is told apart from a function, and what only resembles one of these and is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chalkgrad.errors import NotationError
from chalkgrad.notation.read import read

Lines = Callable[..., list[str]]


def refused(text: str, **options: Any) -> NotationError:
    with pytest.raises(NotationError) as caught:
        read(text, **options)
    start, stop = caught.value.span or (0, 0)
    assert 0 <= start < stop <= len(text)
    return caught.value


@pytest.mark.parametrize(
    "text",
    [
        *("b) f(x) = x + 1", "1. b) f(x) = x + 1", "- 1) f(x) = x + 1", "4. f(x) = x + 1.", "f(x) = x + 1,"),
        *("$b) f(x) = x + 1$", "2. $f(x) = x + 1.$", "$$f(x) = x + 1.$$\n", "- 3) $f(x) = x + 1$ ."),
    ],
)
def test_labels_and_full_stops(text: str) -> None:
    assert read(text).echo == ("f(x) = x + 1",)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("2. x", "f(x) = 2·x"),
        ("f = x - 1.", "f(x) = x - 1"),
        ("a^{(n+1)/2}", "f(a, n) = a^((n + 1)/2)"),
        ("e^{(x)}", "f(x) = e^x"),
        ("x^(i)", "f(x, i) = x^i"),
        ("f(x, i) = x^{(i)}", "f(x, i) = x^i"),
        ("f(x', y) = x' y", "f(x', y) = x'·y"),
        ("d = dx + 1", "d(dx) = dx + 1"),
        ("s(t) = 3t + 1", "s(t) = 3·t + 1"),
        ("σ(z) = 1/(1 + exp(-z))", "σ(z) = 1/(1 + e^(-z))"),
        ("sum = x + max(x, y)", "sum(x, y) = x + max(x, y)"),
        ("[x,]", "f(x) = [x,]"),
    ],
)
def test_what_is_read(text: str, line: str, lines: Lines) -> None:
    reading = read(text)
    assert reading.echo[-1].replace("exp(-z)", "e^(-z)") == line
    assert lines(read("\n".join(reading.echo)).program) == lines(reading.program)


def test_an_index_declared_by_its_value_is_a_power() -> None:
    assert read("x^{(i)}", {"x": 2, "i": 3}).echo == ("f(x, i) = x^i",)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x^{(i)}", "leave (i) away"),
        ("n^{(i+1)} + 1", "a power is n^(i+1)"),
        (r"\hat{y}^{(i)} = 2", "numbers an example or a layer"),
        ("x^{(i)^T}", "numbers an example"),
        ("f'(x) = 2x", "f'(…) is a derivative"),
        ("f(x) = σ'(x)", "σ'(…) is a derivative"),
        (r"\frac{df}{dx} = y", "df/dx is a derivative"),
        ("dy = ds(y) · 2", "ds(…) is a derivative"),
        ("dx += dz · y", "'+=' adds to a gradient"),
        ("tanh(x) = 2σ(2x) - 1", "To work it, write f = 2σ(2x) - 1"),
        ("relu(x) = max(x, 0)", "the known function relu"),
        ("s(2x) = 1/(1 + e^{-2x})", "`chalkgrad equal`"),
        ("1 - s(x) = s(y)", "`chalkgrad equal`"),
        ("a = b = c", "`chalkgrad equal`"),
        ("x=1, y=-2", "behind the text: x=1 y=-2"),
        ("a, b, c", "a list of names is no formula"),
        ("x in R^n, y in R^m", "`chalkgrad shapes`"),
        ("w ← w - α d", "--rate"),
        ("∂f/∂x = y", "`chalkgrad check`"),
    ],
)
def test_what_is_refused(text: str, words: str) -> None:
    assert words in refused(text).problem
    assert words in refused(f"${text}$").problem


def test_several_declarations_in_a_line(lines: Lines) -> None:
    apart, together = "x in R^n; W in R^(m x n); f = W x", "x in R^n, W in R^(m, n)\nf = W x"
    assert lines(read(apart).program) == lines(read(together).program)
    assert [v.hint for v in read("a, b in R^2, c in R^3; f = a + b").program.inputs] == ["a", "b", "c"]


def test_an_arrow_over_a_vector_and_none_over_its_entries(lines: Lines) -> None:
    found = lines(read(r"\vec x = (x_1, x_2)" + "\n" + r"f(\vec x) = x_1 x_2 + x⃗_1".replace("x⃗", r"\vec x")).program)
    assert found[:3] == ["%0 = index(x⃗, index=(0,))", "%1 = index(x⃗, index=(1,))", "%2 = multiply(%0, %1)"]
    assert read("x⃗ = (x_1, x_2)\nf = x_1 + x").echo[-1] == "f(x⃗, x) = x⃗_1 + x"


def test_the_subscript_of_a_function_is_an_input() -> None:
    assert read("ℓ_y(h) = h y").echo == ("ℓ_y(h, y) = h·y",)
    assert read("ℓ_y(h) = h^2").echo == ("ℓ_y(h) = h^2",)
    assert read("y = 2\nℓ_y(h) = h y").echo == ("y = 2", "ℓ_y(h) = h·y")


def test_values_may_be_named_in_latex() -> None:
    assert read("f = ŷ + 1", {r"\hat y": [1, 2]}).echo[0] == "ŷ ∈ R^2"

"""LaTeX reads into the same Programs as plain maths text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from chalkgrad.errors import ChalkgradError, NotationError
from chalkgrad.notation.read import read

Lines = Callable[..., list[str]]

SAME = [
    (r"$f(x, y, z) = (x + y)z$", "f(x, y, z) = (x + y)z"),
    (
        r"f(w_0, w_1, w_2, x_0, x_1) = \frac{1}{1 + e^{-(w_0x_0 + w_1x_1 + w_2)}}",
        "f(w_0, w_1, w_2, x_0, x_1) = 1/(1 + e^{-(w_0x_0 + w_1x_1 + w_2)})",
    ),
    (
        r"h = \sigma(w_1x_1 + w_2x_2 + b) \\ \ell = -y \log h - (1-y) \log(1-h)",
        "h = σ(w_1x_1 + w_2x_2 + b); ℓ = -y log h - (1-y) log(1-h)",
    ),
    (r"\tanh(x)", "tanh(x)"),
    (r"\frac{e^x - e^{-x}}{e^x + e^{-x}}", "(e^x - e^-x)/(e^x + e^-x)"),
    (r"2\sigma(2x) - 1", "2σ(2x) - 1"),
    (r"f(x, y) = \max\{x, y\}", "f(x, y) = max{x, y}"),
    (r"1\{x \geq y\}", "1{x >= y}"),
    (
        r"\begin{cases} x & \text{if } x \geq y \\ y & \text{o.w.} \end{cases}",
        "where(x >= y, x, y)",
    ),
    (r"f(x,y) = \frac{x + s(y)}{s(x) + (x + y)^2}", "f(x, y) = (x + s(y))/(s(x) + (x + y)^2)"),
    (
        r"""\begin{aligned}
         z_1 &= x * w_1 \\
         a_1 &= \sigma(z_1) \\
         z_2 &= a_1 * w_2 \\
         a_2 &= \sigma(z_2) \\
         Loss &= \frac{1}{2}(a_2 - y^*)^2
        \end{aligned}""",
        "z_1 = x w_1; a_1 = σ(z_1); z_2 = a_1 w_2; a_2 = σ(z_2); Loss = 1/2 (a_2 - y^*)^2",
    ),
    (r"\hat y + \hat{y}_1 + \vec{x}^{*}", "ŷ + ŷ_1 + x⃗^*"),
    (r"\frac12 x + \sqrt{x} + \sqrt[3]{x}", "1/2 x + √x + ∛x"),
    (r"\left(x + \left|y\right|\right)^{2}", "(x + |y|)^2"),
    (r"\exp\left(-x\right) \cdot \alpha", "exp(-x)·α"),
    (r"x \in \mathbb{R}^{n}\\ W \in \mathbb{R}^{m \times n}\\ f = W x", "x in R^n; W in R^(m x n); f = W x"),
    (r"\log 2x", "log 2x"),
    (r"W \in R^{2 \times 2}\\ f = W^\top W \circ W^{\top}", "W in R^(2x2); f = W^⊤ W ∘ W^⊤"),
    (r"\log_2 x + \log_{10} x", "log2 x + log10 x"),
    (r"\mathrm{num} \cdot \text{inv}", "num·inv"),
    (r"x = (x_1, \ldots, x_n)\\ f = x_2", "x = (x_1, …, x_n); f = x_2"),
    ("x \\le y % nothing but a comment", "x <= y"),
]


@pytest.mark.parametrize(("latex", "plain"), SAME, ids=[pair[1][:30] for pair in SAME])
def test_same_program(latex: str, plain: str, lines: Lines) -> None:
    assert lines(read(latex).program) == lines(read(plain).program)


def test_matrices(lines: Lines) -> None:
    found = read(r"\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix} x", {"x": [1, 2]})
    assert lines(found.program)[0] == "f = matmul([[1, 2], [3, 4]], x)"
    assert read(r"\begin{pmatrix} y \\ x \end{pmatrix}").program.output.type.shape == (2, 1)


def test_a_network_as_printed(lines: Lines) -> None:
    text = r"""$$z_{1} = W_{1} x + b_{1}$$

$$a_{1} = ReLU(z_{1})$$

$$z_{2} = W_{2} a_{1} + b_{2}$$

$$\hat{y} = \sigma(z_{2})$$

$$L = y * \log(\hat{y}) + (1 - y) * \log(1 - \hat{y})$$"""
    values: dict[str, Any] = {"W_1": np.ones((4, 3)), "x": np.ones((3, 1)), "b_1": np.ones((4, 1))}
    values |= {"W_2": np.ones((1, 4)), "b_2": np.ones((1, 1)), "y": 1}
    ops = [line.split("(")[0] for line in lines(read(text, values).program)]
    assert ops[:6] == ["%0 = matmul", "z_1 = add", "a_1 = relu", "%3 = matmul", "z_2 = add", "ŷ = sigmoid"]


@pytest.mark.parametrize(
    ("text", "marked", "words"),
    [
        (r"\log h k", r"\log h k", "two readings"),
        (r"\foo x", r"\foo", "not read"),
        (r"\sum_i x_i", r"\sum_i x_i", "a sum below"),
        (r"\frac{\partial f}{\partial x}", r"\partial", "derivatives"),
        (r"\frac{1}", "}", "missing"),
        (r"$x^10$", "^10", "^{…}"),
        (r"$x}$", "}", "no brace is open"),
        (r"$1/2x$", "1/2x", "two readings"),
        (r"$1/2 x$", "1/2 x", "two readings"),
        (r"\begin{table} x", r"\begin{table}", "not read"),
    ],
)
def test_refused(text: str, marked: str, words: str) -> None:
    with pytest.raises(NotationError) as caught:
        read(text)
    assert words in caught.value.problem
    start, stop = caught.value.span or (0, 0)
    assert text[start:stop] == marked


HOSTILE = [
    *(r"\frac{1}{" * 7000, r"\hat " * 13000, r"\begin{cases}" * 4000, "$" * 65000, "\\" * 65000, r"\sqrt{" * 10000),
    *(r"\," + "x_{" * 20000, r"\begin{pmatrix}" + "&" * 60000 + r"\end{pmatrix}", r"\," + "{" * 60000),
    *(r"\begin{align}" * 4000, r"\end{align}", r"\end{cases}", r"\left", "\\", r"\frac", r"\hat", r"\text{", r"\,}"),
]


@pytest.mark.parametrize("text", HOSTILE, ids=[text[:12] for text in HOSTILE])
def test_hostile(text: str) -> None:
    with pytest.raises(ChalkgradError):
        read(text)

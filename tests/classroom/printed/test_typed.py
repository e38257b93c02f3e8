"""Formulas as typed: all of the seeds' are set, and what cannot be set is refused, never mended."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from chalkgrad.classroom.printed.typed import typed, typed_lines
from chalkgrad.errors import NotationError
from chalkgrad.render.latex import latex
from chalkgrad.render.mathml import mathml
from chalkgrad.render.typst_math import typst

ROWS: list[dict[str, Any]] = json.loads((Path(__file__).parents[2] / "seed_formulas.json").read_text(encoding="utf-8"))
LINES = sorted(
    {
        line.replace("$", "")
        for row in ROWS
        for line in ([row["text"]] if r"\begin" in row["text"] else row["text"].split("\n"))
        if not (r"\begin" in row["text"] and not row["text"].rstrip().endswith("}"))
    }
)


def digits_of(text: str) -> list[str]:
    return sorted(c for c in text if c.isdigit())


@pytest.mark.parametrize("line", LINES)
def test_every_formula_of_the_seeds_is_set_whole(line: str) -> None:
    boxes = typed_lines(line)
    written = [latex(box) for box in boxes]
    assert digits_of("".join(written)) == digits_of(line)
    assert all(mathml(box) and typst(box) for box in boxes)
    for sign in "=+":
        assert "".join(written).count(sign) == line.replace(">=", "").count(sign)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (r"\frac{1}{1 + e^{-z}}", r"\frac{1}{1 + e^{-z}}"),
        ("w_0x_0 + w_1x_1", "w_{0}x_{0} + w_{1}x_{1}"),
        ("x^(i)", "x^{(i)}"),
        ("e^(-z)", "e^{-z}"),
        ("e^-2", "e^{-2}"),
        (r"\hat{y}^{(i)}", r"\hat{y}^{(i)}"),
        (r"D_{a_1} \times 1", r"D_{a_1} \times 1"),
        ("f'(x)", "f'(x)"),
        (r"\left( \frac{a}{b} \right)", r"\left(\frac{a}{b}\right)"),
        (r"\max\{x, y\}", r"\max\{x, y\}"),
        (r"\mathbb{R}^n", r"\mathbb{R}^{n}"),
        ("dx += dq · 1", r"dx \mathrel{+}= dq \cdot 1"),
        ("y^*", "y^{*}"),
        ("1{x > y}", r"1\{x > y\}"),
        ("4.5e-5", r"4.5 \times 10^{-5}"),
        (r"x^{(i)^T}", "x^{(i)^{T}}"),
        (r"\delta^{(i)}^T", r"{\delta^{(i)}}^{T}"),
        ("W_12", "W_{12}"),
        (r"\sum_{i=1}^{m} L", r"\sum_{i = 1}^{m}\,L"),
        ("w_1 ← w_1 - α x", r"w_{1} \leftarrow w_{1} - \alpha\,x"),
        (r"\begin{pmatrix} a \\ b \end{pmatrix}", r"\begin{pmatrix} a \\ b \end{pmatrix}"),
        (r"\begin{cases} x & y \\ z & w \end{cases}", r"\begin{cases} x & y \\ z & w \end{cases}"),
        ("[0, 1)", "[0, 1)"),
        ("b) x", r"b)x"),
    ],
)
def test_spot_checks(text: str, wanted: str) -> None:
    assert latex(typed(text)).replace("  ", " ") == wanted


def test_names_tell_words_from_products() -> None:
    assert latex(typed("qz")) == "qz"
    assert latex(typed("num", {"num"})) == r"\mathrm{num}"
    assert latex(typed("abc", {"a", "b", "c"})) == "abc"
    assert latex(typed("dnum")) == r"\mathrm{dnum}"


def test_lines() -> None:
    found = typed_lines(r"\begin{aligned} z &= x \\ a &= g(z) \end{aligned}")
    assert [latex(box) for box in found] == ["z = x", "a = g(z)"]


@pytest.mark.parametrize(
    "text",
    [
        r"\input{secret}",
        r"\write18",
        "{x",
        "(x",
        r"\frac{1}",
        r"x^",
        r"\begin{tabular} x \end{tabular}",
        r"\begin{pmatrix} x",
        "x}",
        "\\",
        "(" * 60 + ")" * 60,
        "x" * 5000,
    ],
)
def test_what_cannot_be_set_is_refused(text: str) -> None:
    with pytest.raises(NotationError):
        typed(text)


def test_hostile_brackets_take_no_time() -> None:
    start = time.perf_counter()
    for text in ("|" * 3000, "[" * 3000, "(|" * 1500, r"\{" * 1500, "x_" * 2000, r"\frac" * 700, "'" * 3900):
        with pytest.raises(NotationError):
            typed(text + "}")
    assert time.perf_counter() - start < 5

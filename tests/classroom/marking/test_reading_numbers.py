"""Numbers in the signs that people use; what is no plain number is refused with a reason, and nothing is guessed."""

from __future__ import annotations

import numpy as np
import pytest

from chalkgrad.classroom.marking.numbers import read_numbers
from chalkgrad.errors import NotationError


@pytest.mark.parametrize(
    ("text", "value", "decimals"),
    [
        ("-0.59", -0.59, 2),
        ("\u22120,59", -0.59, 2),
        ("0,590", 0.59, 3),
        (" + 3 ", 3, 0),
        (".5", 0.5, 1),
        ("3.", 3, 0),
        ("3.0", 3, 1),
        ("2e-3", 0.002, 3),
        ("1.5E2", 150, 0),
        ("x = 3", 3, 0),
        ("∂f/∂x = -4·1 = -4", -4, 0),
        ("q·z = 3·-4 = -12", -12, 0),
        ("≈ 0.39", 0.39, 2),
        ("$-4$", -4, 0),
        ("((3))", 3, 0),
        ("-4.", -4, 0),
    ],
)
def test_plain_numbers(text: str, value: float, decimals: int) -> None:
    (said,) = read_numbers(text, False).entries
    assert (said.value, said.decimals) == (pytest.approx(value), decimals)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1/4", 0.25),
        ("½", 0.5),
        ("1½", 1.5),
        ("-4·1", -4),
        ("0.73(1 - 0.73)", 0.1971),
        ("2·10^-3", 0.002),
        ("10⁻²", 0.01),
        (r"-\frac{3}{2}", -1.5),
        ("e^-1", np.exp(-1)),
        ("-2^2", -4),
        ("8/2/2", 2),
        ("1 + -4", -3),
        ("2 - -3", 5),
        ("=2+3", 5),  # a spreadsheet's formula is the sum that it says
    ],
)
def test_arithmetic_of_plain_numbers(text: str, value: float) -> None:
    (said,) = read_numbers(text, False).entries
    assert said.value == pytest.approx(value)
    assert said.decimals is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no number"),
        ("1,234", "may mean"),
        ("3, 4", "several"),
        ("[1,2]", "several"),
        ("1/0", "no value"),
        ("0/0", "no value"),
        ("nan", "no number"),
        ("inf", "no number"),
        ("-∞", "no number"),
        ("9^9^9^9", "no value"),
        ("1e400", "too large"),
        ("z", "a name"),
        ("3 cm", "a name"),
        ("5%", "cannot be read"),
        ("٣", "cannot be read"),
        ("1\u200b2", "cannot be read"),
        ("1 000", "cannot be read"),
        ("0x10", "a name"),
        ("2⁻", "cannot be read"),
        ("2⁻⁻1", "cannot be read"),
        ("1+1=3", "two different"),
        ("(" * 100, "nested"),
        ("-" * 100 + "1", "too many signs"),
        ("1" * 11_000, "too long"),
        ("9" * 70, "digits"),
        ("__import__('os').system('x')", "cannot be read"),
    ],
)
def test_what_is_refused(text: str, reason: str) -> None:
    with pytest.raises(NotationError, match=reason):
        read_numbers(text, False)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("[7, -6, 3]", [7, -6, 3]),
        ("(7, -6, 3)", [7, -6, 3]),
        ("7; -6; 3", [[7], [-6], [3]]),
        ("[7 -6 3]", [7, -6, 3]),
        ("(1/2, -2·1, 3)", [0.5, -2, 3]),
        ("[[1, 2], [3, 4]]", [[1, 2], [3, 4]]),
        ("[1 2; 3 4]", [[1, 2], [3, 4]]),
        ("[[1], [2]]", [[1], [2]]),
        ("(1, 2)^T", [1, 2]),
        ("[[1, 2], [3, 4]]^T", [[1, 3], [2, 4]]),
        ("[1 2 5; 3 4 6]^T", [[1, 3], [2, 4], [5, 6]]),
        (r"[1 2; 3 4]^{T}", [[1, 3], [2, 4]]),
        ("array([[1., 2.],\n       [3., 4.]])", [[1, 2], [3, 4]]),
        ("np.array([1, -2])", [1, -2]),
        ("[[1. 2.]\n [3. 4.]]", [[1, 2], [3, 4]]),
        (r"\begin{bmatrix} 1 & 2 \\ 3 & 4 \end{bmatrix}", [[1, 2], [3, 4]]),
    ],
)
def test_arrays(text: str, rows: list[object]) -> None:
    assert read_numbers(text, True).value.tolist() == rows


@pytest.mark.parametrize("text", ["[1,,2]", "[1, 2; 3]", "[x, 1]", "[1, 2", "[]", "(;]", "2⁻"])
def test_arrays_that_are_refused(text: str) -> None:
    with pytest.raises(NotationError):
        read_numbers(text, True)

"""What is refused, and where the caret stands."""

from __future__ import annotations

import pytest

from chalkgrad.errors import ChalkgradError, NotationError
from chalkgrad.notation.read import read


@pytest.mark.parametrize(
    ("text", "marked", "words"),
    [
        ("x +", "+", "ends behind"),
        ("x + )", ")", "behind '+'"),
        ("(x + y", "(", "never closed"),
        ("(x + y]", "]", "where ')' is expected"),
        ("x + y)", ")", "no bracket is open"),
        ("f()", "()", "nothing stands"),
        ("log", "log", "nothing stands behind it"),
        ("log -x", "log -", "log(-…)"),
        ("2 3", "2 3", "two readings"),
        ("f = 1/2x", "1/2x", "two readings"),
        ("e^-2x + 1", "e^-2x", "two readings"),
        ("log h k", "log h k", "two readings"),
        ("q = x\nf = qz + tan", "tan", "nothing stands behind it"),
        ("f(x) = x + yy", "yy", "unknown name 'yy'"),
        ("f(x, x) = x", "x", "stands twice"),
        ("q = x; q = y", "q", "defined twice"),
        ("y = x; x = 2", "x", "used before it is defined"),
        ("x = x + 1", "x", "its own definition"),
        ("f(x) = f + x", "f", "its own definition"),
        ("x + y\nq = 3", "x + y", "no name"),
        ("a = b = c", "=", "a second ="),
        ("= 3", "=", "on the left of ="),
        ("f =", "=", "nothing stands behind"),
        ("2x = 3", "2x", "on the left of ="),
        ("# nothing", "", "no formula"),
        ("x in R^n", "x", "only declarations"),
        ("x in R^n; x in R^m; f = x", "x", "declared twice"),
        ("q = y; q in R^3", "q", "is a stage"),
        ("f = 10,000", ",", "no bracket is open"),
        ("x:y", ":", "inside an index"),
        ("x_", "x_", "after _"),
        ("max(x)", "max(x)", "two or more numbers"),
        ("hypot(x)", "hypot(x)", "takes 2 arguments"),
        ("sin(x, y)", "y", "takes 1 argument"),
        ("x(y, z)", "(y, z)", "is no function here"),
        ("x < (y < z)", "y < z", "no number"),
        ("x in R^(mxn); f = x", "mxn", "m x n"),
    ],
)
def test_place_and_words(text: str, marked: str, words: str) -> None:
    with pytest.raises(ChalkgradError) as caught:
        read(text)
    assert words in str(caught.value)
    if isinstance(caught.value, NotationError):
        start, stop = caught.value.span or (0, 0)
        assert text[start:stop] == marked


def test_the_caret_stands_under_the_place() -> None:
    with pytest.raises(NotationError) as caught:
        read("q = x + y\nf(x, y, z) = q zw")
    problem, line, marks = str(caught.value).split("\n")
    assert problem.startswith("unknown name 'zw'")
    assert line[marks.index("^") :] == "zw"
    assert marks.strip() == "^^"


def test_shapes_are_named_with_their_place() -> None:
    with pytest.raises(ChalkgradError) as caught:
        read("q = W x\nf = q + x", {"W": [[1, 2], [3, 4], [5, 6]], "x": [1, 2]})
    assert "q is (3,), x is (2,)" in str(caught.value)
    assert str(caught.value).endswith("    f = q + x\n        ^^^^^")


def test_entries_of_a_stage() -> None:
    with pytest.raises(NotationError, match=r"q\[…\]"):
        read("x in R^3\nq = 2x\nf = q_1 + 1")

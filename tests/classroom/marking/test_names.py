"""Names as people type them; where two readings are possible, none is taken."""

from __future__ import annotations

import pytest

from chalkgrad.classroom.marking.names import Names

NAMES = Names(["w_0", "w_1", "x_0", "x_1", "q1", "q12", "ŷ", "y^*", "α", "D_x", "f", "q", "z_{a_1}"])


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("w0 x0 + w1*x1", "w_0 x_0 + w_1*x_1"),
        ("w0x0 + w₁x₁", "w_0x_0 + w_1x_1"),
        ("q_1 + q_{12}", "q1 + q12"),
        ("yhat(1 - yhat)", "ŷ(1 - ŷ)"),
        ("y* - alpha", "y^* - α"),
        ("(a - y*)·2", "(a - y^*)·2"),
        ("y*2", "y*2"),
        ("w_{0}", "w_0"),
        ("w00", "w00"),
        ("aw0", "aw0"),
        ("w0_1", "w0_1"),
        (r"\alpha", r"\alpha"),
        ("f(q)", "f(q)"),
        ("y\u0302", "ŷ"),
    ],
)
def test_tidy(typed: str, read: str) -> None:
    assert NAMES.tidy(typed)[0] == read


def test_what_was_read_as_what() -> None:
    assert NAMES.tidy("w0 + w_{1} + yhat")[1] == ("w0 is read as w_0", "yhat is read as ŷ")


def test_a_name_that_is_there_is_itself() -> None:
    names = Names(["w0", "w_0"])
    assert names.tidy("w0 + w_0 + w_{0}")[0].startswith("w0 + w_0")

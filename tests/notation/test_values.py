from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from chalkgrad.errors import ChalkgradError
from chalkgrad.notation.values import read_number, read_value, read_values


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("x=-2", "x", -2.0),
        ("x = 5", "x", 5.0),
        ("rate=1/3", "rate", 1 / 3),
        ("x=1e-3", "x", 1e-3),
        ("a=pi/2", "a", np.pi / 2),
        ("a=-π", "a", -np.pi),
        ("y^*=1", "y^*", 1.0),
        ("w_{0}=2", "w_0", 2.0),
        ("x'=½", "x'", 0.5),
        ("x=-2^2", "x", -4.0),
        ("x=[1,2]", "x", [1.0, 2.0]),
        ("x=(1, 3)", "x", [1.0, 3.0]),
        ("W=[[1, 2], [-3, 4/2]]", "W", [[1.0, 2.0], [-3.0, 2.0]]),
        ("W=[[1],[2]]", "W", [[1.0], [2.0]]),
    ],
)
def test_values(text: str, name: str, value: Any) -> None:
    found, number = read_value(text)
    assert found == name
    np.testing.assert_array_equal(number, value)
    assert isinstance(number, float if isinstance(value, float) else np.ndarray)


@pytest.mark.parametrize(
    "text",
    [
        *("x", "x=", "=3", "x y=2", "x=1,2", "x=a", "x=sqrt(2)", "x=1:2", "x=[]", "x=[1,[2,3]]", "x=1/0", "x=inf"),
        *("x=nan", "x=True", "x=1=2", "x=3 4", "x=[1,2]*2", "x=9^9^9^9", "x=(-8)^(1/3)", "x=__import__('os')"),
        *("x=x>1", "1=2", "x=[1,2][0]", "x=|3|", "x=exp(1)", "x=1;y=2"),
    ],
)
def test_refused(text: str) -> None:
    with pytest.raises(ChalkgradError):
        read_value(text)


def test_several() -> None:
    assert read_values(["x=1", "y=-2"]) == {"x": 1.0, "y": -2.0}
    with pytest.raises(ChalkgradError, match="twice"):
        read_values(["x=1", "x=2"])


def test_without_a_name() -> None:
    assert read_number("-3") == -3.0

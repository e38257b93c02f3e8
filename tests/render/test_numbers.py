"""Printed numbers: rounded, but never to something else."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalkgrad.render.numbers import shown


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (-12.0, 2, "-12"),
        (-0.0, 2, "0"),
        (0.5, 2, "0.50"),
        (0.731058, 2, "0.73"),
        (0.731058, 4, "0.7311"),
        (0.25, 4, "0.25"),
        (4.5e-5, 2, "4.5e-5"),
        (0.004, 2, "4e-3"),
        (0.0358, 2, "0.04"),
        (0.99999999, 4, "1.0000"),
        (1e20, 4, "1e20"),
        (math.inf, 2, "∞"),
        (-math.inf, 2, "-∞"),
        (math.nan, 2, "NaN"),
        (None, 2, ""),
        (np.array([1.0, -0.0, 0.25]), 2, "[1, 0, 0.25]"),
        (np.zeros((2, 2)), 2, "[[0, 0], [0, 0]]"),
        (np.arange(9.0), 2, "[0, 1, 2, … 9]"),
        (True, 2, "true"),
    ],
)
def test_shown(value: object, digits: int, text: str) -> None:
    assert shown(value, digits) == text


@given(st.floats(min_value=-1e300, max_value=1e300), st.integers(1, 8))
def test_what_is_not_zero_never_prints_as_zero(x: float, digits: int) -> None:
    printed = float(shown(x, digits))
    assert (printed == 0) == (x == 0)
    assert printed == pytest.approx(x, rel=0.06, abs=0.51 * 10.0**-digits)
    assert math.copysign(1, printed) == math.copysign(1, x) or x == 0

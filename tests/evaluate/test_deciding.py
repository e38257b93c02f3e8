"""The bare decision on two functions that are read already."""

from __future__ import annotations

import time

import pytest

from chalkgrad.evaluate.deciding import SAME, Deciding, decided
from chalkgrad.evaluate.pair import pair


@pytest.mark.parametrize(
    ("first", "second", "verdict"),
    [
        ("σ(-x)", "1 - σ(x)", "yes"),
        ("x + y", "x + y", "yes"),
        ("x y", "x + y", "no"),
        ("sqrt(x^2)", "x", "no"),
    ],
)
def test_verdicts(first: str, second: str, verdict: str) -> None:
    a, b, conditions = pair(first, second)
    assert decided(a, b, conditions, time.perf_counter() + 20).verdict == verdict


def test_conditions_count() -> None:
    a, b, conditions = pair("sqrt(x^2)", "x", ["x > 0"])
    assert decided(a, b, conditions, time.perf_counter() + 20).verdict == "yes"


def test_no_time_is_undecided() -> None:
    a, b, conditions = pair("σ(-x)", "1 - σ(x)")
    assert decided(a, b, conditions, time.perf_counter() - 1).verdict == "undecided"


def test_the_same_text_needs_no_points() -> None:
    a, b, _ = pair("x + y", "x + y")
    found = Deciding(a, b, (), time.perf_counter() + 20)
    assert found.decide().reason == SAME
    assert found.normal()
    assert found.names == ["x", "y"]

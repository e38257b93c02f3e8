"""Every constraint, by a candidate that keeps it beside one that breaks it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

import chalkgrad as cg
from chalkgrad.classroom.sheets.sheet import Vary
from chalkgrad.classroom.variants.batch import Batch
from chalkgrad.classroom.variants.screens import CHECKS, Many

Values = Mapping[str, Any]
NOTHING_SAID = Vary()
S2 = "f = 1/(1 + e^(-(w x + b)))"
CASES: list[tuple[str, str, Values, Values, Values]] = [
    ("domain", "f = log(x - y)", {"x": 5, "y": 2}, {"x": 6, "y": 3}, {"x": 2, "y": 2}),
    ("domain", "f = x/(y - z)", {"x": 6, "y": 5, "z": 2}, {"x": 4, "y": 5, "z": 3}, {"x": 4, "y": 3, "z": 3}),
    ("kink", "f = max(x, y)", {"x": 3, "y": 2}, {"x": 5, "y": 4}, {"x": 4, "y": 4}),
    ("kink", "f = relu(x - y)", {"x": 3, "y": 2}, {"x": 5, "y": 4}, {"x": 4, "y": 4}),
    ("distinct", "f = sum(sort(x))", {"x": [3, -1, 2]}, {"x": [5, -2, 4]}, {"x": [5, 4, 4]}),
    ("saturation", "f = σ(x y)", {"x": 2, "y": 1}, {"x": 1, "y": 3}, {"x": 2, "y": 2}),
    ("saturation", "f = tanh(x/y)", {"x": 2, "y": 1}, {"x": 3, "y": 4}, {"x": 1, "y": 4}),
    ("saturation", S2, {"w": 2, "x": 1, "b": -1}, {"w": 3, "x": 2, "b": -4}, {"w": 3, "x": 3, "b": -1}),
    ("whole", "f = a b + c", {"a": 0.5, "b": 2, "c": 1}, {"a": 0.7, "b": 3, "c": 2}, {"a": 0.5, "b": 0.5, "c": 1}),
    ("whole", "f = a^2", {"a": 3}, {"a": 5}, {"a": 0.5}),
    ("quotient", "f = (a - b)/c + 1", {"a": 10, "b": 7, "c": 3}, {"a": 9, "b": 1, "c": 4}, {"a": 9, "b": 2, "c": 4}),
    ("routing", "f = max(x, y)", {"x": 3, "y": 2}, {"x": 5, "y": 4}, {"x": 4, "y": 5}),
    ("routing", "f = relu(x - y)", {"x": 3, "y": 2}, {"x": 5, "y": 4}, {"x": 4, "y": 5}),
    ("routing", "f = sum(sort(x))", {"x": [3, -1, 2]}, {"x": [5, -2, 4]}, {"x": [4, -2, 5]}),
    ("signs", "f = (x + y) z", {"x": -2, "y": 5, "z": -4}, {"x": -3, "y": 4, "z": -2}, {"x": -4, "y": 3, "z": -2}),
    ("signs", "f = (x - y)^2", {"x": 3, "y": 2}, {"x": 5, "y": 4}, {"x": 4, "y": 5}),
    ("size", "f = a b c", {"a": 2, "b": 3, "c": 1}, {"a": 4, "b": 3, "c": 5}, {"a": 4, "b": 4, "c": 4}),
    ("size", "f = a/b", {"a": 8, "b": 2}, {"a": 4, "b": 3}, {"a": 1, "b": 6}),
]


def passes(
    name: str, text: str, own: Values, candidates: list[Values], vary: Vary = NOTHING_SAID, **more: Any
) -> list[bool]:
    """Whether each candidate passes the check of this name."""
    work = cg.work(text, values=dict(own), **more)
    columns = {n: np.array([c[n] for c in candidates], dtype=np.float64) for n in own}
    many = Many(work, Batch(work), columns, len(candidates), vary)
    check = next(c for c in CHECKS if c.name == name)
    return [bool(p) for p in check.passes(many)]


@pytest.mark.parametrize(("name", "text", "own", "good", "bad"), CASES)
def test_keeps_the_good_and_refuses_the_bad(name: str, text: str, own: Values, good: Values, bad: Values) -> None:
    more = {"upstream": 2.0} if "sum" in text else {}
    assert passes(name, text, own, [good, bad, own], **more) == [True, False, True]


def test_every_check_has_a_case() -> None:
    assert {c.name for c in CHECKS} == {name for name, *_ in CASES}


def test_a_kink_that_is_asked_for_is_none() -> None:
    own, tie = {"x": 3, "y": 2}, {"x": 4, "y": 4}
    assert passes("kink", "f = max(x, y)", own, [tie], Vary(kinks=True)) == [True]


def test_what_does_not_vary_is_not_held_against_a_candidate() -> None:
    """A gate that the sheet itself saturates, with an input that is fixed."""
    work = cg.work("f = σ(x) y", values={"x": 5, "y": 2})
    many = Many(work, Batch(work), {"y": np.array([3.0, 4.0])}, 2, Vary(fixed=("x",)))
    assert all(check.passes(many).all() for check in CHECKS)


def test_a_range_from_0_leaves_the_sign_open() -> None:
    own = {"x": 0.0, "y": 2.0}
    assert passes("signs", "f = σ(x) y", own, [{"x": 1.0, "y": 3.0}, {"x": -1.0, "y": 3.0}]) == [True, True]
    assert passes("signs", "f = σ(x) y", own, [{"x": 1.0, "y": -3.0}]) == [False]


@pytest.mark.parametrize(
    "text", ["f = (x + y) z + σ(x) max(y, z)", "f = sum(sort(x)) y z", "f = dot(x, [1, 2, 3]) + y z"]
)
def test_many_at_once_are_the_same_as_one_by_one(text: str) -> None:
    arrays = "sum" in text or "dot" in text
    rng = np.random.default_rng(5)
    columns = {n: rng.normal(size=(7, 3) if arrays and n == "x" else 7) for n in "xyz"}
    first = {n: columns[n][0] for n in "xyz"}
    work = cg.work(text, values=first)
    found = Batch(work)(columns, 7)
    for k in range(7):
        one = cg.work(text, values={n: columns[n][k] for n in "xyz"})
        for mine, theirs in zip(work.program.variables(), one.program.variables(), strict=True):
            assert np.allclose(found[mine][k], one.numbers[theirs], rtol=1e-12)
        for name, gradient in one.gradients.items():
            var = next(v for v in work.program.inputs if v.hint == name)
            atom: Any = work.backprop.adjoint[var]
            assert np.allclose(found[atom][k], gradient, rtol=1e-12)

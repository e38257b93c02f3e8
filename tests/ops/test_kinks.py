"""The 52 hard points: the gradient given is the one that kinks.json promises."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chalkgrad.evaluate.interpret import Interpreter
from chalkgrad.ir.check import check
from chalkgrad.transform.backprop import backprop
from chalkgrad.transform.conventions import choose
from chalkgrad.transform.gates import recognise
from tests.ops.kink_points import POINTS, Point

KINKS: dict[str, dict[str, Any]] = {
    k["point"]: k for k in json.loads(Path(__file__).with_name("kinks.json").read_text(encoding="utf-8"))
}


def gradient_at(point: Point, **choices: Any) -> list[Any]:
    program = choose(point.program(), choices)
    if point.evaluated:
        program = recognise(program, evaluation=True)
        assert len(program.steps) == 1
    made = backprop(program)
    check(made.gradient)
    return list(Interpreter(made.gradient)(*point.values, 1.0)[1:])


def number(entry: Any) -> Any:
    if entry == "one-hot, stable order":
        return np.array([1.0, 0.0, 0.0])  # the first of the two 1s stands first among them
    if isinstance(entry, str):
        entry = entry.partition(";")[0]  # what follows is about the second derivative
    return np.array(entry, dtype=float) if isinstance(entry, list) else float(entry)


def test_every_point_is_here() -> None:
    assert set(POINTS) == set(KINKS)
    assert len(KINKS) == 52


@pytest.mark.parametrize("name", POINTS)
def test_the_gradient_is_as_promised(name: str) -> None:
    point, promised = POINTS[name], number(KINKS[name]["gradient"])
    found = gradient_at(point)
    if len(found) > 1:
        promised = promised.reshape(len(found))
        found = [np.array(found)]
    np.testing.assert_allclose(found[0], promised, rtol=1e-15, atol=0, equal_nan=True)


@pytest.mark.parametrize("name", POINTS)
def test_what_is_evaluated_as_something_else_says_so(name: str) -> None:
    assert POINTS[name].evaluated == KINKS[name]["rule"].startswith("evaluated as")


def test_switches() -> None:
    assert gradient_at(POINTS["relu(x) @0 (native)"], relu_at_zero=1) == [1.0]
    assert gradient_at(POINTS["maximum(x,y) @(1,1)"], tie="first") == [1.0, 0.0]
    assert gradient_at(POINTS["minimum(x,y) @(1,1)"], tie="first") == [1.0, 0.0]


def test_a_written_form_without_its_rewrite_loses_the_gradient() -> None:
    for name in ("sqrt(x**2) @0", "log(1+exp(x)) naive @1000", "1/(1+exp(-x)) @-1000"):
        assert np.isnan(gradient_at(replace(POINTS[name], evaluated=False))).all()


@pytest.mark.parametrize(
    ("name", "second"),
    [
        ("log(x) @-1", np.nan),
        ("abs(x) @0", 0.0),
        ("x**0 @0 const exponent", 0.0),
        ("elu(x) @0", 1.0),
        ("sinc(x) @0", -(np.pi**2) / 3),
    ],
)
def test_second_order_at_a_hard_point(name: str, second: float) -> None:
    first = backprop(POINTS[name].program()).gradient
    slope = replace(first, outputs=first.outputs[1:])
    found = Interpreter(backprop(slope).gradient)(*POINTS[name].values, 1.0, 1.0)[1]
    np.testing.assert_allclose(found, second, rtol=1e-15, atol=0)

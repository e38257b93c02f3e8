"""The numbers of a trace at its example are worked out where they are asked for, and no others."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import chalkgrad as cg
from chalkgrad.ir.program import Step, Var
from chalkgrad.ir.types import SCALAR
from chalkgrad.trace import numbers
from chalkgrad.trace.numbers import Numbers


def op(ran: list[str], name: str, function: Any, several: bool = False) -> Any:
    def evaluate(*xs: Any) -> Any:
        ran.append(name)
        return function(*xs)

    return SimpleNamespace(name=name, evaluate=evaluate, several=several)


def test_what_a_number_does_not_rest_on_is_not_run() -> None:
    ran: list[str] = []
    x, a, b, c, d = (Var(SCALAR) for _ in range(5))
    steps = [
        Step((a,), op(ran, "a", lambda x: x + 1), (x,)),
        Step((b,), op(ran, "b", lambda x: x / 0), (x,)),
        Step((None, c), op(ran, "c", lambda a: (a, 2 * a), True), (a,)),
    ]
    found = Numbers(steps, {})
    found.enter(x, 3.0)
    assert (found(c), ran) == (8.0, ["a", "c"])
    steps.append(Step((d,), op(ran, "d", lambda c, a: c - a), (c, a)))
    assert (found(d), found(a), ran) == (4.0, 4.0, ["a", "c", "d"])


def test_a_number_of_an_outer_trace_is_asked_for_once_and_only_where_it_is_needed() -> None:
    asked: list[int] = []
    x, y = Var(SCALAR), Var(SCALAR)
    found = Numbers([Step((y,), op([], "y", lambda x: x + 1), (x,))], {})
    found.later(x, lambda: asked.append(1) or 2.0)
    assert asked == []
    assert (found(y), found(x), asked) == (3.0, 2.0, [1])


def test_a_derivative_within_a_trace_runs_none_of_its_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    def evaluator(op: Any) -> Any:
        raise AssertionError(f"{op.name} was run")

    monkeypatch.setattr(numbers, "evaluator", evaluator)
    program = cg.trace(lambda x: cg.grad(lambda y: np.sum(y * y))(np.exp(x)), np.ones(3))
    assert program.steps[0].op.name == "exp"


def test_a_branch_within_a_trace_sees_the_numbers_of_the_trace_around_it() -> None:
    def inner(y: Any) -> Any:
        return y**2 if y[0] > 5 else y**3

    def outer(x: Any) -> Any:
        return cg.grad(lambda y: np.sum(inner(y)))(x * 2)

    np.testing.assert_allclose(cg.compile(outer)(np.array([3.0, 1.0])), [12.0, 4.0])
    np.testing.assert_allclose(cg.compile(outer)(np.array([1.0, 2.0])), [12.0, 48.0])

"""A formula is confirmed against the gradient program, and a wrong one is not."""

from __future__ import annotations

import time

import pytest

import chalkgrad as cg
from chalkgrad.evaluate.agree import agrees
from chalkgrad.ir.program import Var
from chalkgrad.ir.registry import lookup
from chalkgrad.transform.expression import Apply, Const, Expr, Ref, written_out
from tests.pace import in_time


def made(text: str, **values: object) -> tuple[cg.Work, dict[str, Var]]:
    worked = cg.work(text, values=values or None)
    return worked, {worked.called[v]: v for v in worked.program.variables()}


def call(op: str, *args: Expr) -> Expr:
    return Apply(lookup(op), args)


def test_right_and_wrong() -> None:
    worked, at = made("f(x, y) = x^2 y")
    x, y = Ref(at["x"]), Ref(at["y"])
    atom = worked.backprop.adjoint[at["x"]]
    right = call("multiply", call("multiply", Const(2), x), y)
    assert agrees(right, atom, worked.backprop)
    assert not agrees(call("negative", right), atom, worked.backprop)
    assert not agrees(call("multiply", x, y), atom, worked.backprop)
    assert not agrees(call("add", right, Const(1e-5)), atom, worked.backprop)


def test_inside_the_domain() -> None:
    worked, at = made("f(x) = log(x - 1) + sqrt(2 - x) + arcsin(x - 1)")
    expr = written_out(
        worked.backprop.adjoint[at["x"]],
        {s.output: s for s in worked.backprop.gradient.steps},
        frozenset(worked.program.variables()),
    )
    assert expr is not None
    assert agrees(expr, worked.backprop.adjoint[at["x"]], worked.backprop)


def test_nowhere_defined_is_not_confirmed() -> None:
    worked, at = made("f(x) = log(-1 - x^2)")
    assert not agrees(Const(0), worked.backprop.adjoint[at["x"]], worked.backprop)


def test_always_zero_is_confirmed_only_as_zero() -> None:
    worked, at = made("f(x) = floor(x) + relu(-1 - x^2)")
    atom = worked.backprop.adjoint[at["x"]]
    assert agrees(Const(0), atom, worked.backprop)
    assert not agrees(call("relu", call("negative", call("square", Ref(at["x"])))), atom, worked.backprop)


def test_an_upstream_gradient_that_is_left_out_is_noticed() -> None:
    worked, at = made("f(x) = x^2")
    atom, twice = worked.backprop.adjoint[at["x"]], call("multiply", Const(2), Ref(at["x"]))
    assert agrees(twice, atom, worked.backprop)
    assert not agrees(twice, atom, worked.backprop, unit=False)
    assert agrees(call("multiply", Ref(worked.backprop.seed), twice), atom, worked.backprop, unit=False)


def test_abstract_functions_by_their_names() -> None:
    worked = cg.work("f(x, y) = g(x) h(y)", abstract=("g", "h"))
    at = {worked.called[v]: v for v in worked.program.variables()}
    steps = {s.output: s for s in worked.backprop.gradient.steps}
    slopes = [
        written_out(worked.backprop.adjoint[at[name]], steps, frozenset(worked.program.inputs)) for name in ("x", "y")
    ]
    assert slopes[0] is not None
    assert slopes[1] is not None
    assert agrees(slopes[0], worked.backprop.adjoint[at["x"]], worked.backprop)
    assert not agrees(slopes[1], worked.backprop.adjoint[at["x"]], worked.backprop)


def test_arrays_and_what_does_not_fit_them() -> None:
    worked, at = made("f(x) = sum(x * x)", x=[1.0, 2.0, 3.0])
    atom = worked.backprop.adjoint[at["x"]]
    assert agrees(call("multiply", Const(2), Ref(at["x"])), atom, worked.backprop)
    assert not agrees(Const(2), atom, worked.backprop)


@pytest.mark.parametrize("copies", [20])
def test_cheap(copies: int) -> None:
    worked, at = made("f(x, y) = " + " + ".join(["x y"] * copies))
    expr = call("multiply", Const(copies), Ref(at["y"]))
    atom = worked.backprop.adjoint[at["x"]]
    assert agrees(expr, atom, worked.backprop)
    start = time.process_time()
    for _ in range(50):
        agrees(expr, atom, worked.backprop)
    assert in_time((time.process_time() - start) / 50, 1e-3)

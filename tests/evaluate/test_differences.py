"""Differences: their accuracy, what they catch, and what they leave alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from chalkgrad.errors import ShapeError, ValueNeeded
from chalkgrad.evaluate.checking import LARGEST, check_program, check_step
from chalkgrad.evaluate.differences import WIDE, numerical_jacobian
from chalkgrad.evaluate.report import CheckReport
from chalkgrad.ir.build import Builder
from chalkgrad.ir.dims import size
from chalkgrad.ir.origin import Origin
from chalkgrad.ir.program import Program
from chalkgrad.ir.registry import OPS
from chalkgrad.ops.local import times
from chalkgrad.ops.op import Op
from chalkgrad.transform.backprop import backprop
from tests.transform.programs import array, exp, log, matmul, program, relu, sigmoid, sin, sqrt, total, where

FINE = 1e-12 if WIDE else 1e-7


def report(p: Program, *values: Any) -> CheckReport:
    return check_program(backprop(p), values)


class TestJacobian:
    @pytest.mark.parametrize("x", [-3.0, -1e-3, 0.0, 0.5, 40.0])
    def test_smooth(self, x: float) -> None:
        for f, slope in ((np.sin, np.cos), (np.exp, np.exp), (np.arctan, lambda t: 1 / (1 + t * t))):
            np.testing.assert_allclose(numerical_jacobian(f, [x], 0), slope(x), rtol=FINE, atol=FINE)

    def test_in_the_shape_of_the_output_then_of_the_input(self) -> None:
        W, x = np.arange(6.0).reshape(2, 3), np.array([1.0, -1.0, 2.0])
        found = numerical_jacobian(lambda w, v: w @ v, [W, x], 0)
        assert found.shape == (2, 2, 3)
        np.testing.assert_allclose(found, np.einsum("ij,k->ijk", np.eye(2), x), atol=FINE)

    def test_near_the_end_of_the_domain(self) -> None:
        np.testing.assert_allclose(numerical_jacobian(np.log, [1e-9], 0), 1e9, rtol=1e-9)
        np.testing.assert_allclose(numerical_jacobian(np.sqrt, [1e-6], 0), 500.0, rtol=1e-9)

    def test_one_sided_where_there_is_one_side(self) -> None:
        f = lambda x: np.where(x >= 0, x * x + 3 * x, np.nan)
        np.testing.assert_allclose(numerical_jacobian(f, [0.0], 0), 3.0, rtol=1e-9)

    def test_nan_where_differences_do_not_settle(self) -> None:
        assert np.isnan(numerical_jacobian(np.sqrt, [0.0], 0))
        assert np.isnan(numerical_jacobian(np.log, [-1.0], 0))


class TestAgrees:
    def test_the_first_worksheet(self) -> None:
        found = report(program(lambda x, y, z: (x + y) * z), -2, 5, -4)
        assert found.ok
        assert found.steps == 2
        assert str(found).startswith("every one of 2 steps agrees with differences to ")
        assert "; the whole gradient to " in str(found)

    def test_arrays(self) -> None:
        rng = np.random.default_rng(0)
        p = program(lambda W, x, b: -log(sigmoid(total(relu(matmul(W, x) + b)))), array(4, 3), array(3), array(4))
        found = report(p, rng.normal(size=(4, 3)), rng.normal(size=3), rng.normal(size=4))
        assert found.ok
        assert not found.unchecked
        assert found.whole_error is not None
        assert max(found.step_error, found.whole_error) < FINE

    def test_many_entries_go_along_directions_and_it_says_so(self) -> None:
        rng = np.random.default_rng(0)
        p = program(lambda W, x: matmul(sin(W), x), array(60, 50), array(50))
        found = report(p, rng.normal(size=(60, 50)), rng.normal(size=50))
        assert found.ok
        assert f"more than {LARGEST} entries" in str(found)

    def test_an_output_that_is_an_array(self) -> None:
        assert report(program(lambda x: sin(x) * x, array(2, 2)), np.ones((2, 2))).ok

    def test_named_sizes(self) -> None:
        p = program(lambda x: OPS["mean"](x * x), array(size("m"), 2))
        assert report(p, np.arange(6.0).reshape(3, 2)).ok

    def test_float32(self) -> None:
        p = program(lambda x: total(OPS["leaky_relu"](sin(x))), array(3, dtype="float32"))
        assert report(p, np.array([-1.0, 0.3, 2.0], np.float32)).ok

    def test_whole_numbers_stay_out_of_it(self) -> None:
        p = program(lambda x, y: where(y > 1, x * y, x), array(3), array(3, dtype="int64"))
        assert report(p, np.ones(3), [0, 1, 2]).ok

    def test_of_a_stage(self) -> None:
        p = program(lambda x, y: sin(x * y) * y)
        assert check_program(backprop(p, [p.steps[0].output]), (0.3, 0.7)).ok

    @pytest.mark.parametrize("x", [1e-9, -1e-9, 1e-300])
    def test_near_a_corner(self, x: float) -> None:
        found = report(program(lambda x: abs(x)), x)
        assert found.ok
        assert not found.unchecked

    def test_what_rounding_costs_is_said_and_is_no_mistake(self) -> None:
        found = report(program(lambda x: (1 + x) ** 2 - 1 - 2 * x - x * x + x * x * x), 1e-6)
        assert found.ok
        assert found.rounding > 1e-6
        assert "in float64 rounding moves the gradient by" in str(found)

    def test_nothing_to_check(self) -> None:
        assert str(report(program(lambda x: x), 1.0)).startswith("no step was checked")

    def test_missing_and_unfit_values(self) -> None:
        p = program(lambda x: total(x), array(2))
        with pytest.raises(ValueNeeded, match="f takes 1 values, 0 were given"):
            report(p)
        with pytest.raises(ShapeError, match="expected"):
            report(p, np.ones(3))


def mutant(name: str, partials: Callable[..., tuple[Any, ...]]) -> Op:
    def vjp(want: Any, y: Any, *xs: Any) -> Any:
        return [times(f, x) for f, x in zip(partials(y, *xs), xs, strict=True)]

    return replace(OPS[name], vjp=vjp)


class TestCatches:
    def test_a_wrong_rule_is_named_by_its_step(self) -> None:
        builder = Builder()
        x = builder.input("x")
        q = builder.bind(OPS["multiply"], x, x)
        origin = Origin("y = tanh(x x)", (4, 13))
        y = builder.bind(mutant("tanh", lambda y, x: (1 - y,)), q, origin=origin)
        found = report(builder.program("f", builder.bind(OPS["sin"], y)), 0.5)
        (wrong,) = found.mismatches
        assert (wrong.op, wrong.origin, wrong.position, wrong.rule) == ("tanh", "'tanh(x x)'", 0, "backward")
        np.testing.assert_allclose((wrong.given, wrong.differences), (1 - np.tanh(0.25), 1 - np.tanh(0.25) ** 2))
        assert str(found) == (
            "wrong: tanh ('tanh(x x)'): its backward rule for input 1, q, gives 0.7550813376, "
            "differences give 0.9400148488"
        )

    def test_the_entry_is_named(self) -> None:
        def vjp(want: Any, y: Any, a: Any, b: Any) -> Any:
            return [times(a, a), times(a, b)]

        builder = Builder()
        a, b = builder.input("a", array(2)), builder.input("b", array(2))
        p = builder.program("f", builder.bind(replace(OPS["multiply"], vjp=vjp), a, b))
        (wrong,) = report(p, [1.0, 2.0], [1.0, 5.0]).mismatches
        assert (wrong.position, wrong.input, wrong.place) == (0, "a", (1, 1))
        assert "gives 2 at [1, 1], differences give 5" in str(wrong)

    def test_a_wrong_forward_rule(self) -> None:
        op = replace(OPS["exp"], jvp=lambda t, y, x: -t[0] * y)
        builder = Builder()
        p = builder.program("f", builder.bind(op, builder.input("x")))
        assert [m.rule for m in report(p, 0.5).mismatches] == ["forward"]

    def test_a_missing_or_infinite_slope_at_a_plain_point(self) -> None:
        builder = Builder()
        op = mutant("square", lambda y, x: (y / (x - x),))
        p = builder.program("f", builder.bind(op, builder.input("x")))
        (wrong,) = report(p, 3.0).mismatches
        assert np.isinf(wrong.given)
        assert wrong.differences == pytest.approx(6.0)

    def test_large_arrays(self) -> None:
        builder = Builder()
        op = mutant("sin", lambda y, x: (OPS["cos"](x) * 1.001,))
        p = builder.program("f", builder.bind(op, builder.input("x", array(100, 100))))
        assert not report(p, np.random.default_rng(0).normal(size=(100, 100))).ok

    def test_a_gradient_that_is_joined_wrongly(self) -> None:
        """Every step is right, and the whole is not: a path is lost."""
        made = backprop(program(lambda x: x * sin(x)))
        steps = tuple(replace(s, inputs=s.inputs[:1]) if len(s.inputs) == 2 and s.op.name == "accumulate" else s
                      for s in made.gradient.steps)  # fmt: skip
        found = check_program(replace(made, gradient=made.gradient.with_steps(steps)), (0.7,))
        assert [m.rule for m in found.mismatches] == ["whole"]
        assert "the gradient with respect to x gives" in str(found)

    def test_one_step_alone(self) -> None:
        good = program(lambda x, y: x * y).steps[0]
        assert check_step(good, (2.0, 3.0)) is None
        bad = replace(good, op=mutant("multiply", lambda y, a, b: (a, a)))
        wrong = check_step(bad, (2.0, 3.0))
        assert wrong is not None
        assert (wrong.position, wrong.given, wrong.differences) == (0, 2.0, pytest.approx(3.0))
        assert check_step(program(lambda x: x > 1).steps[0], (2.0, 1.0)) is None


HARD = {
    "relu at 0": (lambda x: relu(x), 0.0, "convention at a kink: 0, as the frameworks do"),
    "a tie": (lambda x: OPS["maximum"](x, 1), 1.0, "a tie is shared"),
    "a branch": (lambda x: where(x > 0, x, 0), 0.0, "the whole gradient: convention at a kink"),
    "a branch at equality": (lambda x: where(OPS["equal"](x, 1), 5, x), 1.0, ""),
    "an infinite slope": (lambda x: sqrt(x), 0.0, "differences do not settle"),
    "a branch not taken": (lambda x: where(x > 0, sqrt(x), 0), 0.0, "not checked"),
    "an infinity": (lambda x: 1 / x, 0.0, "infinite or undefined here"),
    "outside": (lambda x: log(x), -1.0, "infinite or undefined here"),
    "floor": (lambda x: OPS["floor"](x), 2.0, "convention at a kink"),
    "overflow": (lambda x: exp(x) * exp(x), 1e6, "infinite or undefined here"),
}


@pytest.mark.parametrize("name", HARD)
def test_a_hard_point_is_left_alone_and_said(name: str) -> None:
    function, x, message = HARD[name]
    found = report(program(lambda x: function(x)), x)
    assert found.ok
    assert found.unchecked
    assert "not checked: " in str(found)
    assert message in str(found)


def test_the_entries_off_the_kink_are_still_checked() -> None:
    found = report(program(lambda x: relu(x), array(3)), [-1.0, 0.0, 2.0])
    assert found.steps == 1
    assert "(1 of 3 entries)" in str(found)


def test_the_same_report_each_time() -> None:
    p = program(lambda x: total(sin(x)), array(50, 60))
    x = np.random.default_rng(3).normal(size=(50, 60))
    assert str(report(p, x)) == str(report(p, x))

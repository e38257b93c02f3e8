"""Reverse mode: its edges, its rows, its gates, its orders, its size."""

from __future__ import annotations

import gc
import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from chalkgrad.errors import GradientError
from chalkgrad.evaluate.interpret import Interpreter
from chalkgrad.ir.build import Builder
from chalkgrad.ir.check import check
from chalkgrad.ir.program import Number, Program, Var
from chalkgrad.ir.registry import OPS
from chalkgrad.ops.local import Matrix, Route, Spread, Times
from chalkgrad.transform.backprop import backprop
from chalkgrad.transform.prune import tidy
from tests.transform.programs import (
    array,
    broadcast_to,
    exp,
    gradient,
    log,
    matmul,
    program,
    relu,
    reshape,
    sin,
    sqrt,
    total,
    where,
)


def rows(p: Program) -> list[Var]:
    """The Vars whose adjoint has a row of its own."""
    made = backprop(p)
    sums = {s.output for s in made.gradient.steps if s.op.name == "accumulate"}
    return [v for v, a in made.adjoint.items() if a in sums]


class TestEdges:
    def test_the_first_worksheet(self) -> None:
        assert gradient(program(lambda x, y, z: (x + y) * z), -2, 5, -4) == (-4.0, -4.0, 3.0)

    def test_one_contribution_an_edge(self) -> None:
        p = program(lambda x, y: x * x + sin(x) * y)
        made = backprop(p)
        assert len(made.contributions) == sum(isinstance(a, Var) for s in p.steps for a in s.inputs)
        assert {(c.step, c.position) for c in made.contributions} == {
            (s, k) for s in p.steps for k, a in enumerate(s.inputs) if isinstance(a, Var)
        }

    def test_an_edge_to_a_number_has_none(self) -> None:
        made = backprop(program(lambda x: 3 * x + 1))
        assert [(c.step.op.name, c.position) for c in made.contributions] == [("add", 0), ("multiply", 1)]

    def test_one_row_an_adjoint_even_for_a_plain_copy(self) -> None:
        p = program(lambda x, y: x + y)
        made = backprop(p)
        assert rows(p) == list(p.inputs)
        assert [len(s.inputs) for s in made.gradient.steps if s.op.name == "accumulate"] == [1, 1]
        assert made.adjoint[p.output] is made.seed  # type: ignore[index]

    def test_copies_go_in_tidy(self) -> None:
        tidied = tidy(backprop(program(lambda x, y: x + y)).gradient)
        assert [s.op.name for s in tidied.steps] == ["add"]
        assert tidied.outputs[1:] == (tidied.inputs[-1],) * 2

    def test_a_fork_adds_in_one_step(self) -> None:
        p = program(lambda x: x * 2 + x * 3 + x * 5)
        (fork,) = [s for s in backprop(p).gradient.steps if s.op.name == "accumulate" and len(s.inputs) > 1]
        assert len(fork.inputs) == 3
        assert gradient(p, 1.0) == (10.0,)
        assert len(backprop(p).into()[p.inputs[0]]) == 3

    def test_both_sides_of_a_square(self) -> None:
        p = program(lambda x: x * x)
        assert [c.position for c in backprop(p).into()[p.inputs[0]]] == [0, 1]
        assert gradient(p, 3.0) == (6.0,)

    def test_kinds_of_local(self) -> None:
        p = program(lambda x, y: total(matmul(reshape(x, shape=(2, 2)), y) * y), array(4), array(2, 2))
        kinds = [type(c.local) for c in backprop(p).contributions]
        assert kinds == [Spread, Times, Times, Matrix, Matrix, Route]

    def test_made_holds_only_the_steps_behind_the_value(self) -> None:
        made = backprop(program(lambda x, y: sin(x) * log(y)))
        for c in made.contributions:
            known = {*made.program.variables(), made.seed, *made.adjoint.values()}
            for step in c.made:
                assert all(isinstance(a, Number) or a in known for a in step.inputs)
                known.add(step.output)
            assert c.value in known

    def test_an_upstream_gradient_is_an_input(self) -> None:
        assert gradient(program(lambda x: x**3), 2.0, seed=-10.0) == (-120.0,)


class TestWhatIsAsked:
    def test_an_unused_input_gets_zeros_of_its_shape(self) -> None:
        p = program(lambda x, y, z: x * 2, array(), array(2, 3), array(dtype="float32"))
        _, dy, dz = gradient(p, 1.0, np.ones((2, 3)), 1.0)
        np.testing.assert_array_equal(dy, np.zeros((2, 3)))
        assert (dz, np.asarray(dz).dtype) == (0.0, np.float32)

    def test_the_output_may_be_an_input(self) -> None:
        assert gradient(program(lambda x, y: x), 3.0, 4.0, seed=7.0) == (7.0, 0.0)

    def test_the_output_may_be_a_number(self) -> None:
        builder = Builder()
        x = builder.input("x")
        assert gradient(builder.program("f", builder.value(3.0).atom), 1.0) == (0.0,)
        assert x in builder.inputs

    def test_of_a_stage(self) -> None:
        p = program(lambda x, y, z: (x + y) * z)
        q = p.steps[0].output
        made = backprop(p, [q])
        assert Interpreter(made.gradient)(-2, 5, -4, 1.0)[1:] == (-4.0,)
        assert {c.target for c in made.contributions} == {q}

    def test_of_a_stage_made_of_numbers(self) -> None:
        builder = Builder()
        q = builder.bind(OPS["sum"], builder.value(np.array([1.0, 2.0])).atom)
        p = builder.program("f", builder.bind(OPS["square"], q))
        assert Interpreter(backprop(p, [q]).gradient)(1.0)[1:] == (6.0,)

    def test_whole_numbers_and_truth_values_get_none(self) -> None:
        p = program(lambda x, y: x * y, array(), array(dtype="int64"))
        assert backprop(p).wrt == p.inputs[:1]
        assert gradient(p, 2.0, 3) == (3.0,)
        with pytest.raises(GradientError, match=r"y is int64\(\)"):
            backprop(p, [p.inputs[1]])

    def test_a_value_of_another_program_is_refused(self) -> None:
        with pytest.raises(GradientError, match="x does not belong to f"):
            backprop(program(lambda x: x * x), program(lambda x: x * x).inputs)

    def test_an_output_that_is_true_or_false_is_refused(self) -> None:
        with pytest.raises(GradientError, match="true or false"):
            backprop(program(lambda x: x > 1))

    def test_an_op_without_a_rule_is_named(self) -> None:
        mute = replace(OPS["sin"], vjp=None)
        builder = Builder()
        p = builder.program("f", builder.bind(mute, builder.input("x")))
        with pytest.raises(GradientError, match="sin has no derivative rule"):
            backprop(p)

    def test_names_say_whose_gradient_it_is(self) -> None:
        made = backprop(program(lambda x, y, z: (x + y) * z))
        assert [a.hint for a in made.adjoint.values() if isinstance(a, Var)] == ["df", "dq", "dx", "dy", "dz"]


def inside(x: Any) -> Any:
    """sqrt, looked at only where it is one."""
    return where(x > 0, sqrt(x), 0)


class TestGates:
    def test_a_branch_that_is_not_taken_sends_nothing(self) -> None:
        assert gradient(program(inside), 0.0) == (0.0,)
        assert gradient(program(inside), 4.0) == (0.25,)

    def test_zero_times_infinity_stays_nan(self) -> None:
        assert np.isnan(gradient(program(lambda x: 0 * (1 / x)), 0.0)[0])

    def test_along_a_path(self) -> None:
        p = program(lambda x: where(x > 0, exp(sin(log(sqrt(x)))) * 3, 1))
        assert gradient(p, 0.0) == (0.0,)
        assert gradient(p, -1.0) == (0.0,)

    def test_nested(self) -> None:
        p = program(lambda x, y: where(x > 0, where(y > 0, log(x) * sqrt(y), x), y))
        assert gradient(p, 0.0, 0.0) == (0.0, 1.0)
        assert gradient(p, 1.0, -1.0) == (1.0, 0.0)
        assert gradient(p, -1.0, 1.0) == (0.0, 1.0)
        np.testing.assert_allclose(gradient(p, 1.0, 4.0), (2.0, 0.0))

    def test_joined_at_a_fork_that_is_gated_on_both_arms(self) -> None:
        def f(x: Any) -> Any:
            r = sqrt(x)
            return where(x > 0, r, 0) + where(x > 1, r * r, 0)

        assert gradient(program(f), 0.0) == (0.0,)
        np.testing.assert_allclose(gradient(program(f), 4.0), (1.25,))

    def test_a_fork_with_an_open_arm_is_open(self) -> None:
        def f(x: Any) -> Any:
            r = sqrt(x)
            return where(x > 0, r, 0) + r

        assert np.isinf(gradient(program(f), 0.0)[0])

    def test_elementwise(self) -> None:
        x = np.array([-1.0, 0.0, 4.0])
        np.testing.assert_array_equal(gradient(program(lambda x: total(inside(x)), array(3)), x)[0], [0, 0, 0.25])

    def test_through_a_sum(self) -> None:
        p = program(lambda x, y: where(y > 0, total(sqrt(x)), 0), array(2), array())
        np.testing.assert_array_equal(gradient(p, np.zeros(2), -1.0)[0], [0, 0])
        assert np.isinf(gradient(p, np.zeros(2), 1.0)[0]).all()

    def test_through_a_reshape_and_an_index(self) -> None:
        p = program(
            lambda x: total(where(reshape(x, shape=(4,))[:2] > 0, reshape(sqrt(x), shape=(4,))[:2], 0)), array(2, 2)
        )
        np.testing.assert_array_equal(gradient(p, np.array([[0.0, 4.0], [0.0, 0.0]]))[0], [[0, 0.25], [0, 0]])

    def test_through_a_broadcast(self) -> None:
        p = program(lambda x, y: total(where(y > 0, broadcast_to(sqrt(x), shape=(2, 2)), 0)), array(2), array(2, 2))
        y = np.array([[-1.0, 1.0], [-1.0, -1.0]])
        np.testing.assert_array_equal(gradient(p, np.array([0.0, 4.0]), y)[0], [0.0, 0.25])

    def test_a_broadcast_operand(self) -> None:
        p = program(lambda x, y: total(where(y > 0, sqrt(x) * y, 0)), array(), array(2))
        assert gradient(p, 0.0, np.array([-1.0, -2.0]))[0] == 0
        assert np.isinf(gradient(p, 0.0, np.array([-1.0, 2.0]))[0])

    def test_through_a_matrix_product(self) -> None:
        p = program(lambda x, y: where(y > 0, total(matmul(sqrt(x), x)), 0), array(2, 2), array())
        np.testing.assert_array_equal(gradient(p, np.zeros((2, 2)), -1.0)[0], np.zeros((2, 2)))

    @pytest.mark.parametrize("x", [0.0, 4.0])
    def test_second_order(self, x: float) -> None:
        first = backprop(program(inside)).gradient
        slope = replace(first, outputs=first.outputs[1:])
        assert gradient(slope, x, 1.0)[0] == (0.0 if x == 0 else -0.03125)


class TestOrders:
    @pytest.mark.parametrize(
        ("function", "wanted"),
        [
            (lambda x: x**4, lambda x: (4 * x**3, 12 * x**2, 24 * x)),
            (sin, lambda x: (np.cos(x), -np.sin(x), -np.cos(x))),
            (lambda x: 1 / x, lambda x: (-1 / x**2, 2 / x**3, -6 / x**4)),
            (log, lambda x: (1 / x, -1 / x**2, 2 / x**3)),
            (sqrt, lambda x: (0.5 * x**-0.5, -0.25 * x**-1.5, 0.375 * x**-2.5)),
            (lambda x: exp(x * x), lambda x: np.exp(x * x) * np.array([2 * x, 4 * x * x + 2, 8 * x**3 + 12 * x])),
        ],
    )
    def test_three_orders(self, function: Any, wanted: Any) -> None:
        p = program(lambda x: function(x))
        for right in wanted(0.7):
            made = backprop(p).gradient
            p = check(replace(tidy(made), outputs=tidy(made).outputs[1:2]))
            seeds = [1.0] * (len(p.inputs) - 1)
            np.testing.assert_allclose(Interpreter(p)(0.7, *seeds)[0], right, rtol=1e-13)


class TestSize:
    def test_doubled_sixty_times_stays_small(self) -> None:
        def f(x: Any) -> Any:
            for _ in range(60):
                x = x + x
            return x

        p = program(f)
        assert len(p.steps) == 60
        made = backprop(p)
        assert len(made.gradient.steps) <= 120
        assert gradient(p, 1.0) == (2.0**60,)

    def test_linear_time_and_no_recursion(self) -> None:
        def seconds(steps: int) -> float:
            builder = Builder()
            var = x = builder.input("x")
            for k in range(steps):
                var = builder.bind(OPS["sin"], var) if k % 2 else builder.bind(OPS["add"], var, x)
            start = time.process_time()
            given = Interpreter(backprop(builder.program("f", var)).gradient)(0.5, 1.0)
            assert np.isfinite(given[1])
            return time.process_time() - start

        gc.disable()  # its full collections walk what other tests left behind
        try:
            assert seconds(100_000) < 2.5 * 5 * seconds(20_000)  # linear is 5; the rest is caches and other processes
        finally:
            gc.enable()

    def test_relu_net(self) -> None:
        p = program(lambda W, x: total(relu(matmul(W, x))), array(3, 4), array(4))
        W, x = np.random.default_rng(0).normal(size=(3, 4)), np.arange(4.0)
        active = (W @ x > 0).astype(float)
        dW, dx = gradient(p, W, x)
        np.testing.assert_allclose(dW, np.outer(active, x))
        np.testing.assert_allclose(dx, W.T @ active)

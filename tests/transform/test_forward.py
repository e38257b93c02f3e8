"""Forward mode, and that it agrees with reverse mode on random programs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalkgrad.errors import GradientError
from chalkgrad.evaluate.interpret import Interpreter
from chalkgrad.ir.build import Builder
from chalkgrad.ir.check import check
from chalkgrad.ir.program import Program
from chalkgrad.ir.registry import OPS
from chalkgrad.transform.forward import forward
from tests.transform.programs import array, gradient, program, sin, total, where

ONE = [OPS[n] for n in ("sin", "tanh", "sigmoid", "negative", "square", "arctan", "softplus", "relu")]
TWO = [OPS[n] for n in ("add", "subtract", "multiply", "maximum", "hypot", "arctan2")]
SHAPES = [(), (3,), (2, 1), (2, 3)]


@st.composite
def graphs(draw: st.DrawFn) -> Program:
    """A small DAG: each gate reads any earlier values, which broadcast; the output is the sum of the last."""
    builder = Builder()
    values = [
        builder.value(builder.input(f"x{k}", array(*shape)))
        for k, shape in enumerate(draw(st.lists(st.sampled_from(SHAPES), min_size=1, max_size=3)))
    ]
    for _ in range(draw(st.integers(1, 8))):
        read = st.sampled_from(values)
        op = draw(st.sampled_from([*ONE, *TWO, where]))
        if op is where:
            values.append(where(draw(read) > 0.1, draw(read), draw(read)))
        else:
            values.append(op(*[draw(read) for _ in range(op.arity)]))
    return check(builder.program("f", total(values[-1]).atom))


@settings(max_examples=120, deadline=None, derandomize=True)
@given(graphs(), st.integers(0, 2**31))
def test_forward_and_reverse_agree(p: Program, seed: int) -> None:
    rng = np.random.default_rng(seed)
    xs = [rng.normal(size=v.type.shape) for v in p.inputs]
    vs = [rng.normal(size=v.type.shape) for v in p.inputs]
    value, pushed = Interpreter(check(forward(p)))(*xs, *vs)
    pulled = sum(np.sum(g * v) for g, v in zip(gradient(p, *xs), vs, strict=True))
    np.testing.assert_allclose(pushed, pulled, rtol=1e-10, atol=1e-12)
    assert value == Interpreter(p)(*xs)[0]


def test_along_one_input_only() -> None:
    p = program(lambda x, y: x * sin(y))
    assert Interpreter(forward(p, [p.inputs[0]]))(2.0, 0.5, 1.0)[1] == np.sin(0.5)


def test_an_output_that_does_not_move_has_a_tangent_of_zeros_in_its_shape() -> None:
    p = program(lambda x, y: (x * 2, y + 1), array(), array(2))
    pushed = check(forward(p, [p.inputs[0]]))
    (_, _, dx, dy) = Interpreter(pushed)(1.0, np.ones(2), 1.0)
    assert dx == 2
    np.testing.assert_array_equal(dy, np.zeros(2))


@pytest.mark.parametrize("taken", [-1.0, 2.0])
def test_where_in_every_position(taken: float) -> None:
    def f(x: Any) -> Any:
        return where(x > 0, x * x, 3) + where(x > 0, 3, x)

    assert Interpreter(forward(program(f)))(taken, 1.0)[1] == (2 * taken if taken > 0 else 1.0)


def test_a_tangent_has_the_shape_of_what_it_is_broadcast_to() -> None:
    p = program(lambda x, y: x + y, array(), array(2, 3))
    pushed = check(forward(p, [p.inputs[0]]))
    np.testing.assert_array_equal(Interpreter(pushed)(1.0, np.ones((2, 3)), 5.0)[1], np.full((2, 3), 5.0))


def test_forward_over_reverse_is_symmetric() -> None:
    from chalkgrad.transform.backprop import backprop

    p = program(lambda x, y: sin(x * y) * x)
    made = backprop(p).gradient
    second = forward(made, list(p.inputs))
    rows = [Interpreter(second)(0.3, 0.7, 1.0, *tangent)[4:] for tangent in ((1.0, 0.0), (0.0, 1.0))]
    np.testing.assert_allclose(rows, np.transpose(rows), rtol=1e-14)


def test_an_op_without_a_forward_rule_is_named() -> None:
    from dataclasses import replace

    builder = Builder()
    p = builder.program("f", builder.bind(replace(OPS["sin"], jvp=None), builder.input("x")))
    with pytest.raises(GradientError, match="sin has no forward rule"):
        forward(p)

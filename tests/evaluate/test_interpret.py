"""The interpreter: the reference for every other route."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from chalkgrad.errors import ChalkgradError, ShapeError, ValueNeeded
from chalkgrad.evaluate.interpret import Interpreter, coerce, values_of
from chalkgrad.ir.build import Builder
from chalkgrad.ir.program import Var, number
from chalkgrad.ir.registry import OPS
from chalkgrad.ir.types import SCALAR
from tests.transform.programs import array, matmul, program, relu, sin, total


def test_every_value_and_the_outputs_alike() -> None:
    p = program(lambda x, y, z: ((x + y) * z, sin(z)))
    env = values_of(p, (-2, 5, -4))
    assert list(env.values())[:5] == [-2.0, 5.0, -4.0, 3.0, -12.0]
    assert Interpreter(p)(-2, 5, -4) == tuple(env[v] for v in p.outputs)


def test_a_value_is_freed_only_after_its_last_use() -> None:
    def f(x: Any) -> Any:
        q = x * x
        r = sin(q)
        return q, r + q + x

    run = Interpreter(program(f))
    assert run(2.0) == run(2.0) == (4.0, np.sin(4.0) + 4 + 2)


def test_a_number_as_output() -> None:
    builder = Builder()
    assert Interpreter(builder.program("f", number(3)))() == (3.0,)


def test_no_warning_where_a_number_is_infinite() -> None:
    assert Interpreter(program(lambda x: 1 / x))(0.0) == (np.inf,)
    empty = program(lambda x: OPS["mean"](x), array(0))
    assert np.isnan(Interpreter(empty)(np.zeros(0))[0])


def test_arrays_flow_in_their_width() -> None:
    p = program(lambda W, x: total(relu(matmul(W, x) + 1)), array(2, 3, dtype="float32"), array(3, dtype="float32"))
    (out,) = Interpreter(p)(np.ones((2, 3), np.float32), np.ones(3, np.float32))
    assert (out, out.dtype) == (8.0, np.float32)


def test_a_missing_value() -> None:
    with pytest.raises(ValueNeeded, match="f takes 2 values, 1 were given"):
        Interpreter(program(lambda x, y: x + y))(1.0)


def test_a_shape_that_does_not_fit() -> None:
    with pytest.raises(ShapeError, match=r"x has shape \(3,\), expected \(2,\)"):
        Interpreter(program(lambda x: total(x), array(2)))(np.ones(3))


def test_an_abstract_op_has_no_value() -> None:
    builder = Builder()
    p = builder.program("f", builder.bind(replace(OPS["sin"], name="g", evaluate=None), builder.input("x")))
    with pytest.raises(ValueNeeded, match="g is abstract"):
        Interpreter(p)


def test_numbers_of_every_kind_are_read() -> None:
    x = Var(SCALAR, "x")
    for given in (2, 2.0, np.float32(2), np.array(2), True + 1, Fraction(4, 2), np.int8(2)):
        assert coerce(x, given) == 2.0


@pytest.mark.parametrize("given", ["a", [1, "b"], object(), {}, 1 + 2j])
def test_what_is_no_number_is_refused(given: Any) -> None:
    with pytest.raises(ChalkgradError, match="the value of x is not a number or array"):
        coerce(Var(SCALAR, "x"), given)


@pytest.mark.parametrize("given", ["3", None, np.array(1 + 2j)])
def test_what_numpy_would_make_a_number_of_is_refused(given: Any) -> None:
    with pytest.raises(ChalkgradError, match="the value of x is not a number or array"):
        coerce(Var(SCALAR, "x"), given)


@pytest.mark.parametrize("given", [2.7, np.inf])
def test_a_fraction_is_no_whole_number(given: Any) -> None:
    with pytest.raises(ChalkgradError, match="x"):
        coerce(Var(array(dtype="int64"), "x"), given)

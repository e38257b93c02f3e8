"""Gates opened and closed."""

from __future__ import annotations

from typing import Any

import pytest

from chalkgrad.evaluate.interpret import Interpreter
from chalkgrad.ir.build import Builder
from chalkgrad.ir.check import check
from chalkgrad.ir.program import Program, number
from chalkgrad.ir.registry import OPS
from chalkgrad.transform.gates import expand, recognise
from tests.transform.programs import array, exp, log, named, program, sigmoid, sqrt


def ops(p: Program) -> list[str]:
    return [s.op.name for s in check(p).steps]


def test_sigma_opens_into_its_four_gates_and_closes() -> None:
    opened = expand(program(lambda x: sigmoid(x)))
    assert ops(opened) == ["negative", "exp", "add", "divide"]
    assert ops(recognise(opened)) == ["sigmoid"]


def test_the_vars_stay_the_same() -> None:
    p = program(lambda x: sigmoid(x) * x)
    opened = expand(p)
    assert opened.outputs == p.outputs
    assert set(p.variables()) <= set(opened.variables())


def test_either_order_of_a_sum() -> None:
    assert ops(recognise(program(lambda x: 1 / (exp(-x) + 1)))) == ["sigmoid"]


def test_a_stage_that_a_person_named_is_swallowed_only_for_evaluation() -> None:
    p = program(lambda x: 1 / (1 + named(exp(-x), "e")))
    assert recognise(p) is p
    assert ops(recognise(p, evaluation=True)) == ["sigmoid"]


def test_what_is_read_elsewhere_stays() -> None:
    def f(x: Any) -> Any:
        e = exp(-x)
        return 1 / (1 + e) + e

    assert ops(recognise(program(f))) == ["negative", "exp", "sigmoid", "add"]


def test_a_form_within_a_form() -> None:
    assert ops(recognise(program(lambda x: log(1 / (1 + exp(-x)))), evaluation=True)) == ["log_sigmoid"]
    assert ops(recognise(program(lambda x: log(1 - sigmoid(x))), evaluation=True)) == ["log_one_minus_sigmoid"]


@pytest.mark.parametrize("near", [lambda x: 1 / (1 + exp(x)), lambda x: 1 / (2 + exp(-x)), lambda x: 2 / (1 + exp(-x))])
def test_what_only_looks_like_it_stays(near: Any) -> None:
    p = program(lambda x: near(x))
    assert recognise(p) is p


def test_the_same_value_must_stand_in_both_places() -> None:
    p = program(lambda x, y: exp(x) / (1 + exp(y)))
    assert recognise(p, evaluation=True) is p


def test_a_stage_that_nobody_reads_stays_even_when_it_is_recognised() -> None:
    builder = Builder()
    x = builder.value(builder.input("x"))
    unread = named(1 / (1 + exp(-x)), "s")
    closed = recognise(builder.program("f", (x * x).atom))
    assert [s.op.name for s in closed.steps] == ["sigmoid", "multiply"]
    assert closed.steps[0].output is unread.atom


def test_an_op_of_a_number_alone_is_not_opened() -> None:
    builder = Builder()
    p = builder.program("f", builder.bind(OPS["tanh"], number(0.5)))
    assert ops(expand(p)) == ["tanh"]


def test_whole_numbers_keep_their_dtype() -> None:
    p = program(lambda x: OPS["reciprocal"](x), array(2, dtype="int64"))
    assert ops(expand(p)) == ["reciprocal"]
    rooted = program(lambda x: sqrt(x * x), array(2, dtype="int64"))
    assert recognise(rooted, evaluation=True) is rooted


def test_recognised_arrays_keep_their_values() -> None:
    p = program(lambda x: log(1 + exp(x)), array(2))
    closed = recognise(p, evaluation=True)
    assert Interpreter(closed)([1000.0, -1000.0])[0].tolist() == [1000.0, 0.0]

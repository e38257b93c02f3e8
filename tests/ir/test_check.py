"""Legal Programs, and each way of being none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from chalkgrad.errors import ProgramError, ShapeError, UnknownName
from chalkgrad.evaluate.interpret import Interpreter
from chalkgrad.ir.build import Builder
from chalkgrad.ir.check import check
from chalkgrad.ir.program import Program, Step, Var, number
from chalkgrad.ir.registry import OPS, lookup, register
from chalkgrad.ir.types import SCALAR, ArrayType
from tests.transform.programs import array, program

LEGAL = program(lambda x, y: (x + y) * x)
FIRST, SECOND = LEGAL.steps


def test_legal_ones_come_back() -> None:
    assert check(LEGAL) is LEGAL


def test_a_number_may_be_an_output() -> None:
    check(Program("f", (), (), (number(1.0),)))


ILLEGAL = {
    "reads .* before it is bound": LEGAL.with_steps((SECOND, FIRST)),
    r"step 0 \(multiply\) of f reads": LEGAL.with_steps((SECOND,)),
    "binds .* a second time": LEGAL.with_steps((FIRST, FIRST, SECOND)),
    "stands twice": replace(LEGAL, inputs=(*LEGAL.inputs, LEGAL.inputs[0])),
    r"gives float64\(\), its output says float32\(\)": LEGAL.with_steps(
        (replace(FIRST, outputs=(Var(ArrayType((), "float32")),)), SECOND)
    ),
    "has 2 outputs, the op gives 1": LEGAL.with_steps((replace(FIRST, outputs=(*FIRST.outputs, None)), SECOND)),
    "output .* is not bound": replace(LEGAL, outputs=(Var(SCALAR, "lost"),)),
    "add takes 2 inputs, 1 were given": LEGAL.with_steps((replace(FIRST, inputs=FIRST.inputs[:1]), SECOND)),
    "add has no option 'axis'": LEGAL.with_steps((replace(FIRST, params={"axis": 0}), SECOND)),
}


@pytest.mark.parametrize("message", ILLEGAL)
def test_each_illegal_one_is_refused_by_name(message: str) -> None:
    with pytest.raises(ProgramError, match=message):
        check(ILLEGAL[message])


def test_types_are_inferred_anew() -> None:
    p = program(lambda x, y: x + y, array(2), array(2))
    wrong = Step(p.steps[0].outputs, OPS["matmul"], p.steps[0].inputs)
    with pytest.raises(ProgramError):
        check(p.with_steps((wrong,)))


def test_an_output_that_nobody_reads_may_be_left_out() -> None:
    check(replace(LEGAL, steps=(FIRST, replace(SECOND, outputs=(None,))), outputs=()))


class TestBuilding:
    def test_an_error_names_both_sizes_and_the_op(self) -> None:
        with pytest.raises(ShapeError, match=r"matmul: \(2, 3\) @ \(2,\): the left factor has 3 columns"):
            program(lambda x, y: x @ y, array(2, 3), array(2))
        with pytest.raises(ShapeError, match=r"add: shapes \(2,\) and \(3,\) do not fit"):
            program(lambda x, y: x + y, array(2), array(3))

    def test_a_number_takes_the_width_beside_it(self) -> None:
        p = program(lambda x: 1 + x * 2.5, array(3, dtype="float32"))
        assert {v.type.dtype for v in p.variables()} == {"float32"}

    def test_units_fold_in_rules(self) -> None:
        builder = Builder()
        x = builder.value(builder.input("x"))
        assert [(1 * x).atom, (x + 0).atom, (x / 1).atom, (x**1).atom] == [x.atom] * 4
        assert not builder.steps

    def test_a_typed_unit_stays(self) -> None:
        builder = Builder()
        x = builder.input("x")
        builder.bind(OPS["multiply"], number(1), x)
        assert len(builder.steps) == 1

    def test_a_value_has_no_truth(self) -> None:
        with pytest.raises(ProgramError, match="use where"):
            program(lambda x: x if x > 0 else -x)

    def test_arrays_in_a_program_cannot_be_changed(self) -> None:
        given = np.ones(3)
        constant = number(given)
        given[0] = 7
        assert constant.value[0] == 1
        with pytest.raises(ValueError, match="read-only"):
            constant.value[0] = 7

    @pytest.mark.parametrize("dtype", ["int32", "float16"])
    def test_the_value_of_a_number_has_its_type(self, dtype: str) -> None:
        constant = number(np.arange(3).astype(dtype))
        assert constant.value.dtype.name == constant.type.dtype

    def test_a_0d_array_is_a_bare_number(self) -> None:
        p = program(lambda x: x + np.array(2.0), array(3, dtype="float32"))
        assert Interpreter(p)(np.ones(3, np.float32))[0].dtype == np.float32

    def test_an_unknown_op_names_the_nearest(self) -> None:
        with pytest.raises(UnknownName, match="did you mean 'sigmoid'"):
            lookup("sigmiod")

    def test_a_name_is_taken_once(self) -> None:
        with pytest.raises(ProgramError, match="'tanh' is already in the table"):
            register(OPS["tanh"])

    def test_nothing_to_work_on(self) -> None:
        assert OPS["sin"](2.0) == np.sin(2.0)  # of plain numbers an op is their value
        builder = Builder()
        for name in ("stack", "accumulate"):
            with pytest.raises(ProgramError, match="one"):
                builder.bind(OPS[name])


REFUSED = {
    "no axis 2": ("sum", {"axis": 2}),
    "stands twice": ("sum", {"axis": (0, -2)}),
    "there is none": ("max", {}),
    "do not reorder": ("transpose", {"axes": (0, 5)}),
    "has 6 entries": ("reshape", {"shape": (4,)}),
    "cannot be reshaped": ("reshape", {"shape": (-1, 4)}),
    r"\(-2, -3\)": ("reshape", {"shape": (-2, -3)}),
    "out of bounds": ("index", {"index": (2, 0)}),
    "does not spread": ("broadcast_to", {"shape": (3,)}),
    "is not a broadcast of": ("sum_to", {"shape": (4, 2, 3)}),
    "order 3 of a matrix": ("norm", {"ord": 3}),
    "does not fill": ("scatter", {"index": 0, "shape": (2, 2)}),
}


@pytest.mark.parametrize("message", REFUSED)
def test_ops_refuse_what_does_not_fit(message: str) -> None:
    name, params = REFUSED[message]
    builder = Builder()
    x = builder.input("x", array(0) if name == "max" else array(2, 3))
    with pytest.raises(ShapeError, match=message):
        builder.bind(OPS[name], x, params=params)


@pytest.mark.parametrize("name", ["subtract", "exp", "negative", "square", "softmax", "logsumexp"])
def test_truth_values_are_no_numbers(name: str) -> None:
    builder = Builder()
    xs = [builder.input("x", array(2, dtype="bool"))] * OPS[name].arity
    with pytest.raises(ProgramError, match="needs numbers, not truth values"):
        builder.bind(OPS[name], *xs)

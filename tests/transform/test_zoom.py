"""Zooming in: a gate an entry, and the numbers of the array Program."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chalkgrad as cg
from chalkgrad.errors import ProgramError
from chalkgrad.evaluate.interpret import Interpreter
from chalkgrad.ir.check import check
from chalkgrad.ir.program import Number, Program
from chalkgrad.ir.registry import OPS
from chalkgrad.ops.op import Op
from chalkgrad.transform.backprop import backprop
from chalkgrad.transform.zoom import MOST, zoom
from tests.ops.contract import cases, single

NET = "x in R^2; W1 in R^(2x2); b1 in R^2; W2 in R^(1x2); b2 in R^1; z1 = W1 x + b1; a1 = tanh(z1); h = σ(W2 a1 + b2)"


def flat(program: Program, given: list[Any]) -> list[Any]:
    """The scalars that stand for these arrays."""
    return [entry for value in given for entry in np.asarray(value).flat]


def agrees(program: Program, given: list[Any]) -> None:
    """The scalar Program is legal, and gives the numbers of the array Program, gradients too."""
    zoomed = zoom(program)
    check(zoomed.program)
    assert all(v.type.shape == () for v in zoomed.program.variables())
    scalars = flat(program, given)
    value = Interpreter(program)(*given)[0]
    np.testing.assert_allclose(Interpreter(zoomed.program)(*scalars), np.ravel(value), rtol=1e-12, atol=1e-14)
    if not program.output.type.floating:
        return
    rng = np.random.default_rng(0)
    seed = rng.normal(size=np.shape(value))
    wanted = Interpreter(backprop(program).gradient)(*given, seed)[1:]
    total: Any = 0.0
    for out, weight in zip(zoomed.program.outputs, seed.flat, strict=True):
        if isinstance(out, Number):
            continue
        one = Program("f", zoomed.program.inputs, zoomed.program.steps, (out,))
        total = total + np.array([float(g) for g in Interpreter(backprop(one).gradient)(*scalars, weight)[1:]])
    np.testing.assert_allclose(total, np.concatenate([np.ravel(g) for g in wanted]), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("op", [op for op in OPS.values() if op.scalar is not None], ids=lambda op: op.name)
def test_an_op_zoomed_into_gives_its_own_numbers(op: Op) -> None:
    for case in cases(op):
        program = single(op, case.inputs, case.params)
        empty = any(0 in v.type.shape for v in program.inputs)  # no entry, no gate
        if not empty and all(v.type.floating for v in program.inputs):
            agrees(program, list(case.inputs))


def test_a_network_is_its_circuit() -> None:
    rng = np.random.default_rng(2)
    program = cg.parse(NET)
    agrees(program, [rng.normal(size=v.type.shape) for v in program.inputs])


def test_entries_have_the_names_of_paper() -> None:
    zoomed = zoom(cg.parse(NET)).program
    assert [v.hint for v in zoomed.inputs] == [
        *("x_1", "x_2", "w1_11", "w1_12", "w1_21", "w1_22", "b1_1", "b1_2", "w2_11", "w2_12", "b2")
    ]
    assert [s.output.hint for s in zoomed.steps if s.output.hint] == ["z1_1", "z1_2", "a1_1", "a1_2", "h"]
    assert [s.op.name for s in zoomed.steps][:4] == ["multiply", "multiply", "add", "multiply"]


def test_names_stay_apart() -> None:
    program = cg.parse("f = sum(W x) w + x_1", {"W": np.ones((1, 2)), "x": np.ones(2), "w": 1.0, "x_1": 2.0})
    names = [v.hint for v in zoom(program).program.inputs]
    assert len(set(names)) == len(names) == 6
    assert "W_11" in names  # w is taken
    long = zoom(cg.parse("sum(W)", {"W": np.ones((1, 12))})).program
    assert [v.hint for v in long.inputs][-1] == "w_{1,12}"


def test_every_name_is_read_again() -> None:
    for text in (NET, "W in R^(2 x 11); y = sum(W)"):
        for var in zoom(cg.parse(text)).program.inputs:
            assert [v.hint for v in cg.parse(f"{var.hint} + 1").inputs] == [var.hint]


def test_as_typed_nothing_is_folded() -> None:
    program = cg.parse("x in R^2; f = 1 * x + 0")
    assert [s.op.name for s in zoom(program).program.steps] == ["multiply", "multiply", "add", "add"]


def test_what_has_no_gates_is_refused_by_its_name() -> None:
    with pytest.raises(ProgramError, match=r"sort .*has no reading as scalar gates"):
        zoom(cg.parse("x in R^3; f = sum(sort(x))"))
    with pytest.raises(cg.ValueNeeded, match=r"x has shape \(n,\): zooming in needs its sizes as numbers"):
        zoom(cg.parse("x in R^n; f = sum(x)"))


def test_its_size_is_bounded() -> None:
    with pytest.raises(cg.TooLarge, match="2500 scalar inputs"):
        zoom(cg.parse("W in R^(50 x 50); f = sum(W)"))
    with pytest.raises(cg.TooLarge, match=f"more than {MOST} scalar gates"):
        zoom(cg.parse("W in R^(40 x 40); x in R^40; f = W x"))


def test_the_work_of_a_circuit() -> None:
    at = {"x": [1.0, -2], "W1": [[0.5, -1], [2, 0.25]], "b1": [0.1, 0.2], "W2": [[1, -1.5]], "b2": [0.3]}
    scalars = cg.zoom(NET, values=at, upstream=[2.0])
    arrays = cg.work(NET, values=at, upstream=[2.0])
    assert scalars.value == pytest.approx(arrays.value[0])
    assert scalars.gradients["w1_12"] == pytest.approx(arrays.gradients["W1"][0, 1])
    assert "zoomed in: 11 numbers, 15 gates" in str(scalars)
    assert "w1_12·x_2" in cg.draw(scalars).svg
    assert list(cg.zoom(NET, values=at, wrt="b1").gradients) == ["b1_1", "b1_2"]
    fine = cg.zoom(NET, values=at, gates="fine")
    assert fine.value == pytest.approx(scalars.value)
    assert len(fine.program.steps) > len(scalars.program.steps)


def test_one_entry_of_several() -> None:
    at = {"W": np.array([[1.0, 2], [3, 4]]), "x": np.array([5.0, 6])}
    assert cg.zoom("W x", values=at, entry=1).value == 39
    first = cg.zoom("W x", values=at, entry=(-2,))
    assert first.gradients == {"w_11": 5, "w_12": 6, "w_21": 0, "w_22": 0, "x_1": 1, "x_2": 2}
    with pytest.raises(cg.GradientError, match=r"gives 2 numbers, of shape \(2,\): zoom into one, entry="):
        cg.zoom("W x", values=at)
    with pytest.raises(cg.UnknownName, match="no entry"):
        cg.zoom("W x", values=at, entry=2)
    with pytest.raises(cg.ChalkgradError, match="'v'"):
        cg.zoom("W x", values={**at, "v": 1})
    with pytest.raises(cg.UnknownName, match="no input 'v'"):
        cg.zoom("W x", values=at, wrt="v")
    with pytest.raises(cg.ValueNeeded, match="no value for x"):
        cg.zoom("W in R^(2x2); x in R^2; f = W x", values={"W": at["W"]}, entry=0)


def test_an_abstract_function_stays_one_at_every_entry() -> None:
    w = cg.zoom("W in R^(2x2); x in R^2; z = W x; a = g(z); L = sum(a)", abstract="g")
    assert w.symbolic
    assert [s.op.name for s in w.program.steps].count("g") == 2
    assert "g'(z_1)·x_2" in str(w)


def test_opened_gates_and_both_forms_of_an_activation() -> None:
    typed = cg.zoom("y = 1/(1 + e^-(W x))", W=[[1.0, 2]], x=[0.3, -0.4])
    whole = cg.zoom("y = 1/(1 + e^-(W x))", W=[[1.0, 2]], x=[0.3, -0.4], gates="whole")
    assert whole.value == pytest.approx(typed.value, rel=1e-15)
    assert [s.op.name for s in whole.program.steps] == ["multiply", "multiply", "add", "sigmoid"]


def test_what_overflows_in_scalars_is_said() -> None:
    w = cg.zoom("softmax(x)", x=[1000.0, 0], entry=0)
    assert np.isnan(w.value)
    assert any("infinite or undefined" in notice.rule for notice in w.notices)


def test_a_python_function_too() -> None:
    def loss(W: Any, x: Any) -> Any:
        return np.sum(np.maximum(W @ x, 0) ** 2)

    W, x = np.array([[1.0, -2], [0.5, 3]]), np.array([2.0, 0.5])
    w = cg.zoom(loss, W, x)
    value, slope = cg.value_and_grad(loss)(W, x)
    assert w.value == pytest.approx(value)
    assert [w.gradients[f"w_{k}"] for k in ("11", "12", "21", "22")] == pytest.approx(slope.ravel())

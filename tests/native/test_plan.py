"""Every op of the table, planned as loops and run entry by entry, gives what the interpreter gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chalkgrad  # noqa: F401  (fills the table)
from chalkgrad.evaluate.interpret import Interpreter
from chalkgrad.ir.program import Program
from chalkgrad.ir.registry import OPS
from chalkgrad.native.plan.plan import NotLowered, plan
from chalkgrad.ops.op import Op
from chalkgrad.transform.backprop import backprop
from chalkgrad.transform.prepare import prepare
from tests.fuzz import generate
from tests.native.tree_run import run
from tests.ops.contract import cases, whole

LOWERED = [op for op in OPS.values() if op.kernel is not None]
lowered = pytest.mark.parametrize("op", LOWERED, ids=lambda op: op.name)


def same(program: Program, given: Any, said: str = "", least: float = 0.0) -> None:
    """The tree of a Program gives what the interpreter gives, sums within their reassociation."""
    program = prepare(program)
    with np.errstate(all="ignore"):
        wanted = Interpreter(program)(*given)
    try:
        tree = plan(program)
    except NotLowered:
        return
    for got, want in zip(run(tree, given), wanted, strict=True):
        want = np.asarray(want)
        assert (got.shape, got.dtype) == (want.shape, want.dtype), said
        wide = 2e-5 if want.dtype == "float32" else 1e-12
        scale = np.max(np.abs(want[np.isfinite(want)]), initial=0.0)
        np.testing.assert_allclose(got, want, rtol=wide, atol=wide * max(scale, least), err_msg=said)


@lowered
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_samples(op: Op, dtype: str) -> None:
    for case in cases(op):
        if op.name != "scan":  # whose body has types of its own
            case = case.cast(dtype)
        same(whole(op, case.inputs, case.params), case.inputs, f"{op.name} {case}")


@lowered
def test_gradients(op: Op) -> None:
    if not op.differentiable:
        return
    for case in cases(op):
        program = whole(op, case.inputs, case.params)
        for out in program.outputs:
            if out.type.floating:
                gradient = backprop(Program("f", program.inputs, program.steps, (out,))).gradient
                seed = np.ones(out.type.shape)[()]
                same(gradient, [*case.inputs, seed], f"{op.name} {case}", 0.01)  # where all cancels


@pytest.mark.parametrize("start", range(0, 120, 20))
def test_random_programs(start: int) -> None:
    for place in range(start, start + 20):
        grown = generate.plan(77, place)
        program = grown.program()
        same(program, grown.inputs, f"{place}")
        if program.output.type.floating:
            seed = np.ones(program.output.type.shape)[()]
            same(backprop(program).gradient, [*grown.inputs, seed], f"the gradient of {place}", 0.01)

"""Every op of the table, and its gradient, as machine code gives what the interpreter gives, in one lane and more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import chalkgrad  # noqa: F401  (fills the table)
from chalkgrad.evaluate.interpret import Interpreter
from chalkgrad.ir.program import Program
from chalkgrad.ir.registry import OPS
from chalkgrad.native.emit import lanes
from chalkgrad.native.emit import loops as emit_loops
from chalkgrad.native.emit import places as emit_places
from chalkgrad.native.emit import shared as emit_shared
from chalkgrad.native.emit import state as emit_state
from chalkgrad.native.emit import text as emit_text
from chalkgrad.native.emit.emit import emit
from chalkgrad.native.emit.homes import homes
from chalkgrad.native.plan.plan import NotLowered, plan
from chalkgrad.native.tree import Loop, Stmt, Tree
from chalkgrad.ops.op import Op
from chalkgrad.transform.backprop import backprop
from chalkgrad.transform.prepare import prepare
from tests.native.machine import GaveUp, call
from tests.ops.contract import cases, whole

LOWERED = [op for op in OPS.values() if op.kernel is not None]
lowered = pytest.mark.parametrize("op", LOWERED, ids=lambda op: op.name)


@pytest.fixture
def all_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """Extents that are given when the code is called, however short they are, as those of long arrays are."""
    for module in (emit_loops, emit_places, emit_shared, emit_state, emit_text, lanes):
        if hasattr(module, "LITERAL"):
            monkeypatch.setattr(module, "LITERAL", 1)


def in_pairs(tree: Tree) -> Tree:
    """The outermost loops that may have lanes have two."""
    inside = homes(tree.body)

    def visit(body: Sequence[Stmt]) -> None:
        for s in body:
            if isinstance(s, Loop):
                if s.role == "parallel" and s.extent > 1 and lanes._legal(s, inside):  # pyright: ignore[reportPrivateUsage]  # the rule itself is asked
                    s.role, s.lanes = "lane", 2
                else:
                    visit(s.body)

    visit(tree.body)
    return tree


def same(program: Program, given: Any, said: str, pairs: bool) -> None:
    program = prepare(program)
    try:
        tree = plan(program)
    except NotLowered:
        return
    artifact = emit(in_pairs(tree) if pairs else lanes.choose(tree))
    with np.errstate(all="ignore"):
        try:
            wanted = Interpreter(program)(*given)
        except Exception:  # what the interpreter refuses the code gives up
            with pytest.raises(GaveUp):
                call(artifact, given)
            return
    for got, want in zip(call(artifact, given), wanted, strict=True):
        want = np.asarray(want)
        assert (got.shape, got.dtype) == (want.shape, want.dtype), said
        wide = 2e-5 if want.dtype == "float32" else 1e-12
        scale = np.max(np.abs(want[np.isfinite(want)]), initial=0.01)
        np.testing.assert_allclose(got, want, rtol=wide, atol=wide * scale, err_msg=said)


def programs(op: Op, dtype: str) -> list[tuple[Program, Any, str]]:
    """The op at each of its samples, and the gradient of each result."""
    found: list[tuple[Program, Any, str]] = []
    for case in cases(op):
        if op.name != "scan":  # whose body has types of its own
            case = case.cast(dtype)
        program = whole(op, case.inputs, case.params)
        found.append((program, case.inputs, f"{op.name} {case}"))
        for out in program.outputs if op.differentiable else ():
            if out.type.floating:
                gradient = backprop(Program("f", program.inputs, program.steps, (out,))).gradient
                seed = np.ones(out.type.shape, out.type.dtype)[()]
                found.append((gradient, [*case.inputs, seed], f"gradient of {op.name} {case}"))
    return found


@lowered
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_op(op: Op, dtype: str) -> None:
    for program, given, said in programs(op, dtype):
        same(program, given, said, False)


@lowered
def test_op_in_pairs_of_lanes(op: Op, all_given: None) -> None:
    for program, given, said in programs(op, "float64"):
        same(program, given, said, True)

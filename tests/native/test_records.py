"""What a turn of a long loop keeps lies together."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chalkgrad as cg
from chalkgrad.evaluate.interpret import Interpreter
from chalkgrad.ir.program import Program
from chalkgrad.native.emit import records
from chalkgrad.native.emit.emit import emit
from chalkgrad.native.emit.lanes import choose
from chalkgrad.native.plan.plan import plan
from chalkgrad.native.tree import Axis, Buffer, Loop, Set, Tree, walk
from chalkgrad.ops.scalars import lift
from chalkgrad.trace.record import record
from chalkgrad.transform.loops.opened import opened
from chalkgrad.transform.prepare import prepare
from chalkgrad.transform.roll import rolled
from tests.native.machine import call
from tests.native.tree_run import run

rng = np.random.default_rng(23)


def gates(weights: Any, states: Any, texts: Any) -> Any:
    """Two layers of four gates, one letter after another."""
    state = states
    total = 0.0
    for x in texts:
        for k in range(2):
            forget = 1 / (1 + np.exp(-(x * weights[k, 0] + weights[k, 1])))
            taken = 1 / (1 + np.exp(-(state[k] * weights[k, 2] + weights[k, 3])))
            state = state * forget + taken * np.tanh(x * weights[k, 1] * state[1 - k])
            x = taken * np.tanh(state[k])
        total = total + np.sum(x * x)
    return total


def gradient(turns: int, width: int) -> tuple[Program, tuple[Any, ...]]:
    args = rng.normal(size=(2, 4, width)), rng.normal(size=(2, width)), rng.normal(size=(turns, width))
    made = record(lambda w, s, x: cg.grad(gates)(w, s, x), args, {})
    return opened(prepare(rolled(made.program))), args


def kept(tree: Tree) -> list[Buffer]:
    return [b for b in tree.buffers() if b.name == "kept"]


def check(program: Program, args: tuple[Any, ...]) -> Tree:
    tree = choose(plan(program))
    for got, want in zip(call(emit(tree), args), Interpreter(program)(*args), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-10)
    return tree


@pytest.mark.parametrize("width", [3, 7, 8])
def test_what_a_scan_keeps_for_its_way_back_is_of_one_array(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "LONG", 20)
    monkeypatch.setattr(records, "LARGE", 1)
    program, args = gradient(40, width)
    tree = check(program, args)
    assert kept(tree)
    for b in kept(tree):
        assert b.shape[0] >= 20
        assert b.shape[1] >= records.MANY


def test_of_a_short_loop_or_little_in_all_nothing_is_moved() -> None:
    program, args = gradient(40, 7)
    assert not kept(check(program, args))


def test_rows_of_a_long_loop_are_not_turned_for_the_lanes_of_another() -> None:
    """The loop in order fills a row at each turn, and the other one would have its lanes along the turns."""
    n, d = records.LONG, 7
    i, j, k, m = Axis(n), Axis(d), Axis(n), Axis(d)
    x, y = Buffer("x", "float64", (n, d), "input"), Buffer("y", "float64", (d, n), "output")
    rows = Buffer("rows", "float64", (n, d), "arena")
    fill = Loop(i, [Loop(j, [Set(rows, (lift(i), lift(j)), x[i, j] * 2.0)], "parallel")], "serial")
    use = Loop(k, [Loop(m, [Set(y, (lift(m), lift(k)), rows[k, m] + 1.0)], "parallel")], "parallel")
    tree = Tree("f", [x], [y], [fill, use])
    given = rng.normal(size=(n, d))
    (want,) = run(tree, (given,))
    assert records.by_turns(tree) == {rows}
    chosen = choose(tree)
    assert rows.shape == (n, d)
    (got,) = call(emit(chosen), (given,))
    np.testing.assert_array_equal(got, want)
    assert [s for s in walk(chosen.body) if isinstance(s, Loop) and s.role == "lane"]

"""Sums that go only where something was chosen: what is found out before, and loops over windows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chalkgrad as cg
from chalkgrad.evaluate.interpret import Interpreter
from chalkgrad.ir.program import Program
from chalkgrad.native.emit.emit import emit
from chalkgrad.native.emit.lanes import choose
from chalkgrad.native.plan.plan import plan
from chalkgrad.native.threads import in_parts
from chalkgrad.native.tree import Axis, Buffer, Combine, Loop, Set, Stmt, Tree, walk
from chalkgrad.native.windows import windows, windows_of, within
from chalkgrad.ops.scalars import Lit, fn, lift, where
from chalkgrad.trace.record import record
from chalkgrad.transform.prepare import prepare
from tests.native.machine import call
from tests.native.tree_run import run

rng = np.random.default_rng(17)


def nearest(centres: Any, points: Any) -> Any:
    return np.sum(np.min(np.sum((points[:, None, :] - centres) ** 2, axis=2), axis=1))


def slopes(centres: Any, points: Any) -> Any:
    return cg.grad(nearest)(centres, points)


def curvatures(centres: Any, points: Any) -> Any:
    return cg.jvp(lambda c: cg.grad(nearest)(c, points), (centres,), (np.ones(centres.shape),))


def greatest(weights: Any, points: Any) -> Any:
    def loss(w: Any) -> Any:
        return np.sum(np.max(np.sum(np.tanh(points[:, None, :] * w), axis=2), axis=1) ** 2)

    return cg.grad(loss)(weights)


def programs(function: Callable[..., Any], *args: Any) -> Program:
    return prepare(record(function, args, {}).program)


def over_windows(tree: Tree) -> list[Loop]:
    return [s for s in walk(tree.body) if isinstance(s, Loop) and windows(s)]


def check(program: Program, *args: Any) -> Tree:
    """Machine code gives what the interpreter gives."""
    tree = choose(in_parts(plan(program)))
    with np.errstate(all="ignore"):
        wanted = Interpreter(program)(*args)
        for got, want in zip(call(emit(tree), args), wanted, strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-10, atol=1e-11)
    return tree


@pytest.mark.parametrize(("rows", "many", "wide"), [(600, 9, 4), (1000, 10, 8), (130, 40, 6), (999, 100, 8)])
@pytest.mark.parametrize("function", [slopes, curvatures])
def test_the_gradient_of_a_least_entry_goes_to_that_entry(
    function: Callable[..., Any], rows: int, many: int, wide: int
) -> None:
    points, centres = rng.normal(size=(rows, wide)), rng.normal(size=(many, wide))
    program = programs(function, centres, points)
    assert over_windows(check(program, centres, points))
    centres[3] = centres[5] = centres[8]  # ties, which are shared
    points[1] = centres[8]
    check(program, centres, points)
    check(program, np.zeros_like(centres), points)
    for odd in (np.nan, np.inf, -np.inf, 1e200):
        points[7, 1] = odd
        check(program, centres, points)
    centres[2, 1] = np.nan
    check(program, centres, points)


def test_it_is_the_same_on_the_way_back_of_a_maximum() -> None:
    weights, points = rng.normal(size=(16, 4)), rng.normal(size=(300, 4))
    program = programs(greatest, weights, points)
    check(program, weights, points)
    weights[3] = weights[11]
    check(program, weights, points)


@pytest.mark.parametrize(("wide", "beside"), [(8, True), (4, False)])
def test_what_is_asked_before_goes_along_what_lies_side_by_side(wide: int, beside: bool) -> None:
    points, centres = rng.normal(size=(1000, wide)), rng.normal(size=(10, wide))
    tree = check(programs(slopes, centres, points), centres, points)
    first = next(s for s in tree.body if isinstance(s, Loop))
    assert isinstance(first.body[0], Loop)
    assert (first.role == "lane", first.body[0].role == "lane") == (not beside, beside)


def test_threads_share_tiles() -> None:
    points, centres = rng.normal(size=(10_000, 8)), rng.normal(size=(100, 8))
    tree = check(programs(slopes, centres, points), centres, points)
    shared = [s for s in tree.body if isinstance(s, Loop) and s.role == "thread"]
    assert [loop for s in shared for loop in walk(s.body) if isinstance(loop, Loop) and windows(loop)]


def test_what_a_window_is() -> None:
    k, j, lengths = Axis(20), Axis(5), Buffer("lengths", "int64", (5,), "input")
    inside = within(k, lift(j), lengths[j])
    assert windows_of(where(inside, 1.0, 0.0)).keys() == {k}
    assert windows_of(where(fn("logical_and", fn("less", lift(j), 3), inside), 1.0, 0.0)).keys() == {k}
    assert not windows_of(where(inside, 1.0, 2.0))
    assert not windows_of(where(fn("less", lift(k), 3), 1.0, 0.0))
    total = Buffer("total", "float64", (), "output")
    first, second = Combine(total, (), "sum", where(inside, 1.0, 0.0)), Combine(total, (), "sum", lift(1.0))
    assert len(windows(Loop(k, [first, first]))) == 2
    assert not windows(Loop(k, [first, second]))  # which has something to do at every turn
    assert not windows(Loop(k, [Loop(j, [first])]))  # the window is another one at every turn inside


def sums(role: Any, lanes: int, two: bool) -> Tree:
    """Of each row the sum of the entries in a window, or in two at once; `role` is that of the loop over the rows."""
    i, k = Axis(64), Axis(30)
    x = Buffer("x", "float64", (64, 30), "input")
    start, end = [Buffer(n, "int64", (64,), "input") for n in ("start", "end")]
    a, b = [Buffer(n, "float64", (64,), "output") for n in ("a", "b")]
    at = (lift(i),)
    later = fn("add", start[i], 4), fn("add", end[i], 2)
    shifted = within(k, *later) if two else within(k, start[i], end[i])
    body: list[Stmt] = [
        Combine(a, at, "sum", where(within(k, start[i], end[i]), x[i, k], Lit(0.0, "float64"))),
        Combine(b, at, "sum", where(shifted, x[i, k] * x[i, k], Lit(0.0, "float64"))),
    ]
    begun: list[Stmt] = [Set(a, at, lift(0.0)), Set(b, at, lift(0.0))]
    return Tree("f", [x, start, end], [a, b], [Loop(i, [*begun, Loop(k, body, "parallel")], role, lanes)])


@pytest.mark.parametrize("two", [False, True])
@pytest.mark.parametrize(("role", "lanes"), [("serial", 1), ("parallel", 1), ("lane", 8)])
def test_a_loop_over_a_window_takes_its_turns_alone(role: str, lanes: int, two: bool) -> None:
    x = rng.normal(size=(64, 30))
    start, end = rng.integers(-5, 34, size=64), rng.integers(-5, 40, size=64)
    tree = sums(role, lanes, two)
    for got, want in zip(call(emit(tree), (x, start, end)), run(tree, (x, start, end)), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-13, atol=1e-14)


def test_a_window_of_its_own_in_every_lane_keeps_rows_apart() -> None:
    tree = choose(sums("parallel", 1, False))
    assert not [s for s in walk(tree.body) if isinstance(s, Loop) and s.role == "lane"]

"""Loops whose body is a Program, as trees and as machine code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import chalkgrad as cg
from chalkgrad.api.derived import ready
from chalkgrad.evaluate.interpret import Interpreter
from chalkgrad.ir.program import Program
from chalkgrad.native.emit.emit import emit
from chalkgrad.native.emit.lanes import choose
from chalkgrad.native.plan.plan import plan
from chalkgrad.native.plan.scans import may_be_one, rename
from chalkgrad.native.tree import Axis, Buffer, Combine, Loop, Set, Stmt, Tree, walk
from chalkgrad.ops.kernel import Expr, Place, lift
from chalkgrad.trace.record import leaves, record
from chalkgrad.transform.backprop import pullback
from chalkgrad.transform.loops.opened import opened
from chalkgrad.transform.prepare import prepare
from chalkgrad.transform.roll import rolled
from tests.native.machine import call
from tests.native.tree_run import run

rng = np.random.default_rng(0)
XS = rng.normal(size=(9, 3))


def counting(a: Any, xs: Any) -> Any:
    """A number that is carried, and one result a turn."""
    c, ys = cg.scan(lambda c, x: (np.sin(c) * x[0] + a, c * x), 0.3, xs)
    return c + np.sum(ys * ys)


def swapping(a: Any, xs: Any) -> Any:
    def turn(carry: Any, x: Any) -> Any:
        p, q = carry
        return (q * x, p), p + q

    (p, q), ys = cg.scan(turn, (a * np.ones(3), a + np.arange(3.0)), xs)
    return np.sum(p * q) + np.sum(ys**2)


def shifting(a: Any, xs: Any) -> Any:
    """The next carry reads its neighbours: it cannot be written in place."""

    def turn(c: Any, x: Any) -> Any:
        return np.roll(c, 1) * a + np.concatenate((c[1:], x[:1])), None

    c, _ = cg.scan(turn, np.arange(100.0), xs)
    return np.sum(c * c)


def mixing(a: Any, xs: Any) -> Any:
    """Matrix products, a sum over turns, from the last to the first."""
    w = np.outer(np.arange(3.0) + a, np.ones(3)) / 5

    def turn(carry: Any, x: Any) -> Any:
        h, total = carry
        h = np.tanh(w @ h + x)
        return (h, total + np.sum(h * x)), h

    (h, total), ys = cg.scan(turn, (np.zeros(3), 0.0), xs, reverse=True)
    return total * np.sum(h) + np.sum(ys)


def wide(a: Any, xs: Any) -> Any:
    """Carries that stand in the rows of their history."""

    def turn(c: Any, x: Any) -> Any:
        return np.tanh(c) * x[0] + a, np.sum(c) * x[1]

    c, ys = cg.scan(turn, np.linspace(0, 1, 200), xs)
    return np.sum(c * c) * np.sum(ys)


def nested(a: Any, xs: Any) -> Any:
    def inner(c: Any, x: Any) -> Any:
        return c * np.cos(x * a), c * x

    def turn(c: Any, x: Any) -> Any:
        after, ys = cg.scan(inner, c, x * a)
        return after + 0.5, np.sum(ys)

    c, ys = cg.scan(turn, a, xs)
    return np.sum(ys) * c


def unrolled(a: Any, xs: Any) -> Any:
    y = np.zeros(5)
    for x in (*xs, *xs[::-1]):
        y = np.sin(y * x[0]) + np.concatenate(([a], y[:-1])) * x[1]
    return np.sum(y * y)


CASES: list[Callable[..., Any]] = [counting, swapping, shifting, mixing, wide, nested, unrolled]


def program_of(f: Callable[..., Any], kind: str) -> tuple[Program, list[Any]]:
    given = (0.7, XS)

    def batched(a: Any, xs: Any) -> Any:
        return cg.vmap(cg.grad(f, wrt=(0, 1)), in_axes=(0, None))(np.array([0.1, 0.5]) + a, xs)

    made = record(batched if kind == "batched" else f, given, {}, hidden=True)
    whole = rolled(ready(made))
    values = [*leaves(f, given, {}), *made.hidden]
    if kind == "gradient":
        whole = pullback(whole, [v for v in whole.inputs if v.type.floating], of=1)
        values.append(1.0)
    return prepare(whole), values


@pytest.mark.parametrize("f", CASES, ids=[f.__name__ for f in CASES])
@pytest.mark.parametrize("kind", ["value", "gradient", "batched"])
def test_a_loop_gives_what_the_interpreter_gives(f: Callable[..., Any], kind: str) -> None:
    program, values = program_of(f, kind)
    wanted = Interpreter(program)(*values)
    for ready_made in (program, opened(program)):
        tree = plan(ready_made)
        of_tree = run(tree, values)
        artifact = emit(choose(tree))
        for found in (of_tree, call(artifact, values), call(artifact, values)):
            for a, b in zip(wanted, found, strict=True):
                np.testing.assert_allclose(b, a, rtol=1e-13, atol=1e-13 * np.max(np.abs(a), initial=0.0))


def test_where_the_history_is_kept_it_is_where_the_carry_stands() -> None:
    program, _ = program_of(wide, "gradient")
    tree = plan(opened(program))
    assert [b.shape for b in tree.buffers() if b.space == "arena" and b.shape[-1:] == (200,)].count((10, 200)) == 1


def test_the_carry_of_an_elementwise_turn_is_written_in_place() -> None:
    program, _ = program_of(wide, "value")
    arena = [b for b in plan(replace(program)).buffers() if b.space in ("arena", "local") and b.shape == (200,)]
    assert len(arena) == 1


# Whether a carry may be written where it stands.


def turn_of(*stmts: Stmt) -> list[Stmt]:
    return list(stmts)


def loop(axis: Axis, *body: Stmt) -> Loop:
    return Loop(axis, list(body), "parallel")


def pair() -> tuple[Buffer, Buffer, Buffer]:
    return tuple([Buffer(n, "float64", (8,), "arena") for n in ("before", "after", "other")])  # type: ignore[return-value]  # three


def at(axis: Axis, by: int = 0) -> tuple[Expr]:
    return (Place(axis) + by if by else Place(axis),)


def test_in_place_where_each_entry_is_read_before_it_is_written() -> None:
    before, after, other = pair()
    i, j = Axis(8), Axis(8)
    same = turn_of(loop(i, Set(after, at(i), before[at(i)] * 2.0)))
    assert may_be_one(same, before, after)
    earlier = turn_of(loop(j, Set(other, at(j), before[at(j)])), loop(i, Set(after, at(i), other[at(i)])))
    assert may_be_one(earlier, before, after)


def test_not_in_place_where_an_entry_is_read_later() -> None:
    before, after, other = pair()
    i, j = Axis(8), Axis(7)
    shifted = turn_of(loop(j, Set(after, at(j, 1), before[at(j)])))
    assert not may_be_one(shifted, before, after)
    later = turn_of(loop(i, Set(after, at(i), lift(0.0))), loop(j, Set(other, at(j), before[at(j)])))
    assert not may_be_one(later, before, after)
    summed = turn_of(loop(i, Set(after, at(i), lift(0.0)), Combine(after, at(i), "sum", before[at(i)])))
    assert not may_be_one(summed, before, after)
    crossed = turn_of(loop(i, loop(j, Combine(after, at(i), "sum", before[at(j)]))))
    assert not may_be_one(crossed, before, after)


def test_another_buffer_in_place_of_one() -> None:
    before, after, _ = pair()
    i = Axis(8)
    body = turn_of(loop(i, Set(after, at(i), after[at(i)] + before[at(i)])))
    rename(body, after, before)
    tree = Tree("f", [], [before], body)
    assert tree.buffers() == [before]
    assert [type(s) for s in walk(body)] == [Loop, Set]

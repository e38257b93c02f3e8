"""Which loops get lanes, and in what order entries then lie."""

from __future__ import annotations

import numpy as np

from chalkgrad.native.emit.emit import emit
from chalkgrad.native.emit.lanes import choose, register
from chalkgrad.native.tree import Axis, Buffer, Combine, Loop, Set, Stmt, Tree, walk
from chalkgrad.ops.scalars import Expr, fn, lift
from tests.native.machine import call
from tests.native.tree_run import run


def buffer(name: str, shape: tuple[int, ...], space: object) -> Buffer:
    return Buffer(name, "float64", shape, space)  # type: ignore[arg-type]  # one of the words for it


def at(*places: object) -> tuple[Expr, ...]:
    return tuple([lift(p) for p in places])


def parallel(axis: Axis, *body: Stmt) -> Loop:
    return Loop(axis, list(body), "parallel")


def lanes_of(tree: Tree) -> dict[Axis, int]:
    return {s.axis: s.lanes for s in walk(tree.body) if isinstance(s, Loop) and s.role == "lane"}


def check(tree: Tree, *given: np.ndarray) -> Tree:
    wanted = run(tree, given)
    chosen = choose(tree)
    for got, want in zip(call(emit(chosen), given), wanted, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-13, atol=1e-13)
    return chosen


def numbers(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape)


def test_a_long_loop_has_lanes_and_a_serial_one_has_none() -> None:
    x, y, z = buffer("x", (100,), "input"), buffer("y", (100,), "output"), buffer("z", (100,), "output")
    i, j = Axis(100), Axis(99)
    follow = Loop(j, [Set(z, at(lift(j) + 1), z[j] * 0.5 + x[j])])
    body = [parallel(i, Set(y, at(i), fn("exp", x[i]))), Set(z, at(0), lift(1.0)), follow]
    tree = check(Tree("f", [x], [y, z], body), numbers(100))
    assert lanes_of(tree).keys() == {i}
    assert lanes_of(tree)[i] >= register() // 8


def test_one_entry_that_all_turns_set_keeps_its_loop_in_order() -> None:
    x, y, i = buffer("x", (50,), "input"), buffer("y", (), "output"), Axis(50)
    assert not lanes_of(check(Tree("f", [x], [y], [Loop(i, [Set(y, (), x[i])])]), numbers(50)))


def stored(n: int, d: int) -> tuple[Tree, Buffer]:
    """Lanes over rows suit the work, but what is kept in between has its rows side by side."""
    x, y, kept = buffer("x", (d, n), "input"), buffer("y", (n,), "output"), buffer("t", (n, d), "arena")
    i, j, k, m = Axis(n), Axis(d), Axis(n), Axis(d)
    first = parallel(i, Loop(j, [Set(kept, at(i, j), fn("exp", x[j, i]))]))
    second = parallel(k, Set(y, at(k), lift(0.0)), Loop(m, [Combine(y, at(k), "sum", kept[k, m] * kept[k, 0])]))
    return Tree("f", [x], [y], [first, second]), kept


def test_what_is_stored_lies_as_lanes_take_it() -> None:
    tree, kept = stored(70, 30)
    check(tree, numbers(30, 70))
    assert kept.shape == (30, 70)


def test_an_input_that_is_read_often_is_packed() -> None:
    n, d, k = 70, 20, 30
    x, c, y = buffer("x", (n, d), "input"), buffer("c", (k, d), "input"), buffer("y", (k, n), "output")
    i, j, m = Axis(n), Axis(k), Axis(d)
    body = [Set(y, at(j, i), lift(0.0)), Loop(m, [Combine(y, at(j, i), "sum", x[i, m] * c[j, m])])]
    tree = check(Tree("f", [x, c], [y], [parallel(i, Loop(j, body))]), numbers(n, d), numbers(k, d))
    assert i in lanes_of(tree)
    assert [b.name for b in tree.buffers() if b.shape == (d,)] == ["x_row"]


def test_what_changes_while_it_is_read_is_not_packed() -> None:
    """A carry: every turn reads what the turn before has made of it."""
    n, d, steps = 40, 20, 6
    x, y = buffer("x", (n, d), "input"), buffer("y", (n, d), "output")
    state, new = buffer("state", (n, d), "arena"), buffer("new", (n, d), "arena")
    t, (i, j), (a, b), (p, q), (r, s) = Axis(steps), *[(Axis(n), Axis(d)) for _ in range(4)]
    m = Axis(d)
    begin = parallel(i, parallel(j, Set(state, at(i, j), x[i, j])))
    mixed = Combine(new, at(a, b), "sum", state[a, m] * 0.1)
    turn = parallel(a, parallel(b, Set(new, at(a, b), state[a, b]), Loop(m, [mixed])))
    back = parallel(p, parallel(q, Set(state, at(p, q), new[p, q])))
    end = parallel(r, parallel(s, Set(y, at(r, s), state[r, s])))
    check(Tree("f", [x], [y], [begin, Loop(t, [turn, back]), end]), numbers(n, d))


def test_turns_that_wait_for_one_function_after_another_are_more_at_a_time() -> None:
    """So that a processor finds something to do; what keeps much in registers has no more lanes for that."""
    n, one = 100, register() // 8

    def lanes(value: Expr, i: Axis) -> int:
        y = buffer("y", (n,), "output")
        return lanes_of(check(Tree("f", [x], [y], [parallel(i, Set(y, at(i), value))]), numbers(n)))[i]

    x, i = buffer("x", (n,), "input"), Axis(n)
    decay = fn("exp", -fn("absolute", x[i]))
    assert lanes(decay, i) == 2 * one
    assert lanes(fn("log1p", decay), i) == 4 * one
    assert lanes(fn("sin", fn("log1p", decay)), i) == 2 * one
    # a loop within another is begun often, and what is left over of its turns is done as often
    rows, y = Axis(50), buffer("y", (50, n), "output")
    value = fn("log1p", fn("exp", -fn("absolute", x[i] * lift(rows))))
    nested: list[Stmt] = [parallel(i, Set(y, at(rows, i), value))]
    tree = Tree("f", [x], [y], [Loop(rows, nested)])
    assert lanes_of(check(tree, numbers(n)))[i] == 2 * one

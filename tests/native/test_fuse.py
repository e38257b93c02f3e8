"""Which loops there are: what may share one does, and what may not does not."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import chalkgrad as cg
from chalkgrad.evaluate.interpret import Interpreter
from chalkgrad.native.emit.lanes import choose
from chalkgrad.native.plan import fuse, groups, inplace
from chalkgrad.native.plan.plan import plan
from chalkgrad.native.tree import Buffer, Combine, Loop, Set, Stmt, Tree, walk
from chalkgrad.ops.kernel import Place, inside_out
from chalkgrad.trace.record import record, trace
from chalkgrad.transform.backprop import pullback
from chalkgrad.transform.loops.opened import opened
from chalkgrad.transform.prepare import prepare
from chalkgrad.transform.roll import rolled
from tests.native.tree_run import run

rng = np.random.default_rng(5)


def planned(function: Callable[..., Any], *args: Any) -> Tree:
    """The tree of a function, after it was seen to give what the interpreter gives."""
    program = prepare(record(function, args, {}).program)
    tree = plan(program)
    for got, want in zip(run(tree, args), Interpreter(program)(*args), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-11, atol=1e-13)
    return tree


def gradient(function: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    """Its value and gradient as a function that is traced whole."""
    return lambda *args: cg.value_and_grad(function, **options)(*args)


def over(body: list[Stmt], extent: int) -> list[Loop]:
    """The loops of this extent, at any depth."""
    return [s for s in walk(body) if isinstance(s, Loop) and s.extent == extent]


def arena(tree: Tree) -> list[Buffer]:
    return [b for b in tree.buffers() if b.space == "arena"]


def logistic(w: Any, x: Any, y: Any) -> Any:
    z = x @ w
    return np.mean(np.logaddexp(0, z) - y * z)


def test_logistic_loss_and_gradient_are_one_loop_over_rows() -> None:
    tree = planned(gradient(logistic), rng.normal(size=2), rng.normal(size=(23, 2)), np.ones(23))
    (rows,) = over(tree.body, 23)
    assert rows in tree.body
    assert rows.role == "parallel"
    assert not arena(tree)


def logsumexp(x: Any) -> Any:
    top = np.max(x)
    return top + np.log(np.sum(np.exp(x - top)))


def test_logsumexp_keeps_its_exponentials_and_nothing_else() -> None:
    tree = planned(gradient(logsumexp), rng.normal(size=29))
    assert [b.shape for b in arena(tree) if b.size > 1] == [(29,)]
    assert len(over(tree.body, 29)) == 3  # that of the gradient's sum is the first sum times a number


def test_a_sum_that_is_another_times_a_number_gives_up_where_that_is_none() -> None:
    program = prepare(record(lambda x: gradient(logsumexp)(x)[1], (np.ones(3),), {}).program)
    for x in (np.array([1.0, np.inf, 0.0]), np.array([np.nan, 0.0, 1.0])):
        with pytest.raises(IndexError):
            run(plan(program), (x,))


def test_what_ops_bring_along_is_made_once() -> None:
    def function(x: Any) -> Any:
        e = np.exp(x - np.max(x, axis=1, keepdims=True))
        return e / np.sum(e, axis=1, keepdims=True), np.std(x, axis=1), np.var(x, axis=1, keepdims=True)

    tree = planned(function, rng.normal(size=(19, 5)))
    assert len(over(tree.body, 19)) == 1
    combined = [s for s in walk(tree.body) if isinstance(s, Combine)]
    assert len(combined) == 4  # the greatest, the sum of exponentials, the mean, the squares


def test_long_loops_that_hold_much_are_gone_through_in_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuse, "_TILES", ((4096, 4),))
    monkeypatch.setattr(fuse, "_LANES", 4)
    monkeypatch.setattr(fuse, "_SHORT", 2)
    monkeypatch.setattr(fuse, "_LITTLE", 8)
    monkeypatch.setattr(groups, "_RATES", ((4, 0.02), (16, 0.25), (64, 0.5)))
    monkeypatch.setattr(groups, "_LOOP", 0.0)
    args = [rng.normal(size=s) for s in ((6,), (6, 3), (6, 3, 3), (19, 3))]
    tree = planned(gradient(mixture, wrt=(0, 1, 2)), *args)
    parts = {s.part for s in walk(tree.body) if isinstance(s, Loop)}
    (tiles,) = [s for s in tree.body if isinstance(s, Loop) and s.axis in parts]
    assert tiles.extent == 5  # the last of three turns
    inner = over(tiles.body, 19)
    assert {(loop.part, loop.run) for loop in inner} == {(tiles.axis, 4)}
    assert all([19 not in b.shape for b in arena(tree)])
    planned(direction, rng.normal(size=(5, 3)), rng.normal(size=(17, 3)))


def cross_entropy(w: Any, x: Any, t: Any) -> Any:
    z = x @ w
    z = z - np.max(z, axis=1, keepdims=True)
    return -np.mean(np.sum(t * (z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))), axis=1))


def test_softmax_cross_entropy_is_one_loop_over_rows() -> None:
    t = np.eye(4)[rng.integers(0, 4, 19)]
    tree = planned(gradient(cross_entropy), rng.normal(size=(3, 4)), rng.normal(size=(19, 3)), t)
    assert len(over(tree.body, 19)) == 1
    assert not arena(tree)


def network(w1: Any, b1: Any, w2: Any, b2: Any, x: Any, y: Any) -> Any:
    h = 1 / (1 + np.exp(-(w2 @ np.maximum(w1 @ x + b1, 0) + b2)))
    return -np.mean(y * np.log(h) + (1 - y) * np.log(1 - h))


def test_a_small_network_is_one_loop_over_examples() -> None:
    args = [rng.normal(size=s) for s in ((5, 2), (5, 1), (1, 5), (1, 1), (2, 31))]
    tree = planned(gradient(network, wrt=("w1", "b1", "w2", "b2")), *args, (rng.random((1, 31)) < 0.5) * 1.0)
    assert len(over(tree.body, 31)) == 1
    assert not arena(tree)


def mixture(alpha: Any, mu: Any, scale: Any, x: Any) -> Any:
    scaled = np.einsum("kij,nkj->nki", scale, x[:, None, :] - mu)
    inner = alpha - np.sum(scaled**2, axis=2) / 2
    top = np.max(inner, axis=1, keepdims=True)
    return np.sum(top[:, 0] + np.log(np.sum(np.exp(inner - top), axis=1)))


def test_a_mixture_is_one_loop_over_points() -> None:
    args = [rng.normal(size=s) for s in ((3,), (3, 2), (3, 2, 2), (37, 2))]
    tree = planned(gradient(mixture, wrt=(0, 1, 2)), *args)
    (points,) = over(tree.body, 37)
    assert points in tree.body
    assert all([37 not in b.shape for b in arena(tree)])


def cost(centres: Any, points: Any) -> Any:
    return np.sum(np.min(np.sum((points[:, None, :] - centres) ** 2, axis=2), axis=1))


def direction(centres: Any, points: Any) -> Any:
    slope = cg.grad(cost)
    down, curvature = cg.jvp(lambda c: slope(c, points), (centres,), (np.ones(centres.shape),))
    return down / curvature


def test_means_and_their_newton_step_are_one_loop_over_points() -> None:
    tree = planned(direction, rng.normal(size=(3, 2)), rng.normal(size=(23, 2)))
    assert len(over(tree.body, 23)) == 1


def turned(turn: Any, x: Any) -> Any:
    angle = np.sqrt(np.sum(turn * turn))
    axis = turn / angle
    round_ = x * np.cos(angle) + np.cross(axis, x) * np.sin(angle) + axis * (np.dot(axis, x) * (1 - np.cos(angle)))
    return np.where(angle != 0, round_, x + np.cross(turn, x))


def seen(camera: Any, point: Any, weight: Any) -> Any:
    x = turned(camera[:3], point - camera[3:6])
    flat = x[:2] / x[2]
    return weight * (flat * (1 + camera[6] * np.sum(flat * flat)))


def test_a_sparse_jacobian_is_one_loop_over_rows_and_holds_nothing() -> None:
    def blocks(cameras: Any, points: Any, weights: Any, which: Any) -> Any:
        found = cg.vmap(cg.jacobian(seen, wrt=(0, 1, 2)))(cameras[which[:, 0]], points[which[:, 1]], weights)
        values = np.concatenate((found[0], found[1], found[2][:, :, None]), axis=2)
        return np.concatenate((values.ravel(), weights * 2))

    which = np.stack((np.arange(17) % 2, np.arange(17) % 3), axis=1)
    tree = planned(blocks, rng.normal(size=(2, 7)), rng.normal(size=(3, 3)), rng.normal(size=17), which)
    assert len(over(tree.body, 17)) == 1
    assert not arena(tree)
    assert [b.size for b in tree.outputs] == [17 * 2 * 11 + 17]


def test_a_matrix_by_itself_is_not_one_loop_over_both() -> None:
    tree = planned(lambda x: x @ x.T, rng.normal(size=(9, 3)))
    assert [len(over(s.body, 9)) for s in tree.body if isinstance(s, Loop)] == [1]


def test_entries_of_other_turns_are_not_read_in_the_same_loop() -> None:
    def function(x: Any) -> Any:
        y = np.exp(x)
        return np.log(y[1:] + y[:-1]), y[::-1] * np.sin(y), np.sum(y) + y

    tree = planned(function, rng.normal(size=13))
    assert len(over(tree.body, 13)) > 1


def test_running_sums_are_in_order_and_may_share_their_loop() -> None:
    tree = planned(lambda x: np.cumsum(np.exp(x), axis=0) * 2, rng.normal(size=(11, 2)))
    assert [loop.role for loop in over(tree.body, 11)] == ["serial"]
    assert [loop.role for loop in over(tree.body, 2)] == ["parallel"]


def test_places_that_meet_are_set_in_order() -> None:
    def function(x: Any, y: Any) -> Any:
        x = np.array(x)
        x[[0, 1, 0, 1]] = y
        return x

    tree = planned(function, rng.normal(size=3), rng.normal(size=4))
    assert {loop.role for loop in over(tree.body, 4)} == {"serial"}


def test_what_is_put_end_to_end_is_written_in_its_place() -> None:
    tree = planned(lambda x, y: np.concatenate((np.exp(x).ravel(), np.sin(y))), rng.normal(size=(3, 5)), np.ones(4))
    assert not arena(tree)


def test_what_is_read_last_where_a_result_is_set_lies_in_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inplace, "_LEAST", 2)
    tree = planned(gradient(logsumexp), rng.normal(size=29))
    assert [b for b in arena(tree) if b.size > 1] == []

    def read_elsewhere(x: Any) -> Any:
        e = np.exp(x)
        y = e / np.sum(e)
        return y, np.sum(e[::-1] * y)

    assert arena(planned(read_elsewhere, rng.normal(size=29)))


def test_forward_and_backward_of_two_that_have_nothing_in_common() -> None:
    def function(x: Any, y: Any) -> Any:
        return np.sum(np.exp(x)) * 2, np.sum(np.sin(y))

    tree = planned(function, rng.normal(size=17), rng.normal(size=17))
    assert len(over(tree.body, 17)) == 2


@pytest.mark.parametrize("extent", [0, 1, 2])
def test_few_entries(extent: int) -> None:
    planned(lambda x: np.exp(x) * np.sum(x) + np.cumsum(x), rng.normal(size=extent))
    planned(lambda x: np.reshape(x.T, (-1,)) * 2, rng.normal(size=(extent, 3)))


def test_long_programs_take_time_by_their_length() -> None:
    def function(x: Any) -> Any:
        for k in range(400):
            x = np.sin(x) * x + 0.1 * k
        return x

    tree = planned(function, rng.normal(size=2))
    assert len(tree.body) == 1


def strewn(tree: Tree) -> list[str]:
    """What is written by rows and columns in loops of which the lanes, or the innermost turns, go from row to row."""
    found: list[str] = []

    def visit(body: Sequence[Stmt], around: tuple[Loop, ...]) -> None:
        for s in body:
            if isinstance(s, Loop):
                visit(s.body, (*around, s))
                continue
            tiles = {x.part for x in around}
            volume = math.prod([x.extent for x in around if x.axis not in tiles])
            if isinstance(s, (Set, Combine)) and len(s.index) > 1 and volume > 50_000:
                if not any([isinstance(p, Place) for p in inside_out(s.index[-1])]):
                    continue  # one column, at a border
                across = {p.axis for e in s.index[:-1] for p in inside_out(e) if isinstance(p, Place)}
                inner = next((x.axis for x in around if x.role == "lane"), around[-1].axis)
                found.extend([s.into.name] if inner in across else [])

    visit(tree.body, ())
    return found


def test_a_stencil_goes_along_rows_forward_and_backward() -> None:
    def heat(u: Any) -> Any:
        for _ in range(20):
            u = u + 0.1 * (np.roll(u, 1, 0) + np.roll(u, -1, 0) + np.roll(u, 1, 1) + np.roll(u, -1, 1) - 4 * u)
        return np.sum(u**2)

    def sliced(u: Any) -> Any:
        inner = u[1:-1, 2:] + u[1:-1, :-2] + u[2:, 1:-1] + u[:-2, 1:-1] - 4 * u[1:-1, 1:-1]
        return np.sum(inner**2)

    for f, n in ((heat, 256), (sliced, 1000)):
        program = rolled(trace(f, np.zeros((n, n))))
        assert not strewn(choose(plan(opened(prepare(program)))))
        assert not strewn(choose(plan(opened(prepare(pullback(program))))))

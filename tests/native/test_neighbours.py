"""Loops that read beside their place in what others make: they go through tiles together, and the numbers stay."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chalkgrad as cg
from chalkgrad.evaluate.interpret import Interpreter
from chalkgrad.native.emit.emit import emit
from chalkgrad.native.emit.lanes import choose
from chalkgrad.native.listing import listing
from chalkgrad.native.plan import neighbours
from chalkgrad.native.plan.plan import plan
from chalkgrad.native.tree import Loop, Tree, walk
from chalkgrad.trace.record import record
from chalkgrad.transform.loops.opened import opened
from chalkgrad.transform.prepare import prepare
from chalkgrad.transform.roll import rolled
from tests.native.machine import call
from tests.native.tree_run import run

rng = np.random.default_rng(11)
LINE, GRID = rng.normal(size=61), rng.normal(size=(43, 5))


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiles of a few positions, where there are some tens."""
    monkeypatch.setattr(neighbours, "_NEAR_ENOUGH", 64)
    monkeypatch.setattr(neighbours, "_CACHES", (64, 6400))
    monkeypatch.setattr(neighbours, "_MOST", 8)
    monkeypatch.setattr(neighbours, "_MOST_ROWS", 8)


def planned(function: Callable[..., Any], *args: Any, exact: bool = False) -> Tree:
    """The tree of a function, after it and its machine code were seen to give what the interpreter gives."""
    program = opened(prepare(rolled(record(function, args, {}).program)))
    tree, want = plan(program), Interpreter(program)(*args)
    found = [*run(tree, args), *call(emit(choose(plan(program))), args)]
    for got, right in zip(found, [*want, *want], strict=True):
        if exact:
            assert np.array_equal(got, right, equal_nan=True)
        np.testing.assert_allclose(got, right, rtol=1e-11, atol=1e-13)
    return tree


def together(tree: Tree) -> list[list[Loop]]:
    """The loops that go through tiles together."""
    parts: dict[Any, list[Loop]] = {}
    for s in walk(tree.body):
        if isinstance(s, Loop) and s.behind is not None:
            parts.setdefault(s.part, []).append(s)
    return list(parts.values())


def kept(tree: Tree, rows: int) -> list[str]:
    """The arrays of the call of so many rows or more."""
    return [b.name for b in tree.buffers() if b.space == "arena" and b.shape and b.shape[0] >= rows]


def ahead(u: Any) -> Any:
    v = np.concatenate((np.tanh(u[1:]), u[:1]))
    w = np.concatenate((np.tanh(v[2:] * v[:-2]), v[:2]))
    return w + np.concatenate((w[3:], v[:3]))


def behind(u: Any) -> Any:
    v = np.concatenate((u[:1], u[1:] - u[:-1]))
    w = np.concatenate((v[:2], v[2:] * v[:-2]))
    return np.concatenate((w[:3], w[3:] + w[:-3]))


def around(u: Any) -> Any:
    v = u + 0.25 * (np.roll(u, 1) - 2 * u + np.roll(u, -1))
    v = v + 0.25 * (np.roll(v, 2) - 2 * v + np.roll(v, -2))
    return v * v


def padded(u: Any) -> Any:
    for _ in range(6):
        p = np.pad(u, 1)
        u = u + 0.1 * (p[2:] - 2 * u + p[:-2]) * u
    return u


def stages(u: Any) -> Any:
    def slope(y: Any) -> Any:
        return u * np.concatenate(([1.0], y[:-1]))

    y = np.zeros(len(u))
    for _ in range(5):
        k1 = slope(y)
        k2 = slope(y + 0.1 * k1)
        y = y + 0.2 * slope(y + 0.1 * k2)
    return y


def grid(u: Any) -> Any:
    for _ in range(5):
        p = np.pad(u, 1)
        u = u + 0.1 * (p[2:, 1:-1] + p[:-2, 1:-1] + p[1:-1, 2:] + p[1:-1, :-2] - 4 * u)
    return u


def averaged(u: Any) -> Any:
    v = np.concatenate((u[1:] * u[:-1], u[:1]))
    w = np.concatenate((v[1:], v[:1])) - np.mean(v)
    z = np.tanh(np.concatenate((w[1:] * w[:-1], w[:1])) / (1 + np.argmax(w)))
    return np.concatenate((z[1:] * z[:-1], z[:1]))


FUNCTIONS = [ahead, behind, around, padded, stages, averaged]


def gradient(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda u: cg.grad(lambda x: np.sum(np.sin(function(x))))(u)


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("n", [61, 64, 37])
def test_values_and_gradients_stay(function: Callable[..., Any], n: int) -> None:
    values = planned(function, LINE[np.arange(n) % 61], exact=function not in (ahead, averaged))
    assert together(values)
    assert together(planned(gradient(function), LINE[np.arange(n) % 61]))


def test_rows_of_a_grid_go_through_tiles() -> None:
    assert together(planned(grid, GRID, exact=True))
    assert together(planned(gradient(grid), GRID))


def test_columns_do_not_go_through_tiles() -> None:
    def columns(u: Any) -> Any:
        v = np.cumsum(u, axis=0)
        w = np.concatenate((v[:, 1:] * v[:, :-1], v[:, :1]), axis=1)
        return np.cumsum(np.concatenate((w[:, 1:] - w[:, :-1], w[:, :1]), axis=1), axis=0)

    for loops in together(planned(columns, np.ascontiguousarray(GRID.T))):
        assert all([loop.extent != 43 for loop in loops])


def test_narrow_numbers_and_truths_go_through_tiles_as_well() -> None:
    def steps(u: Any) -> Any:
        up = np.concatenate((np.sin(u[1:]) > np.sin(u[:-1]), u[:1] > 0))
        both = np.concatenate((up[1:] & up[:-1], up[:1]))
        return np.where(both, u, np.concatenate((u[2:], u[:2])))

    assert together(planned(steps, np.tile(LINE, 3), exact=True))
    planned(padded, LINE.astype(np.float32), exact=True)


def test_a_loop_runs_as_far_behind_as_it_reads_ahead_and_windows_are_all_that_is_kept() -> None:
    def falling(u: Any) -> Any:
        v = np.concatenate((np.tanh(u[1:]), [1.0]))
        w = np.concatenate((np.tanh(v[2:] * v[:-2]), [2.0, 3.0]))
        return w[:-3] + w[3:]

    tree = planned(falling, LINE)
    (loops,) = together(tree)
    assert [loop.behind for loop in loops if loop.extent > 9] == [0, 2, 5]
    assert kept(tree, 8)
    assert not kept(tree, 61)
    assert "5 behind" in listing(tree)


def test_what_is_read_again_at_the_end_is_kept_whole() -> None:
    tree = planned(ahead, LINE)
    (loops,) = together(tree)
    assert {loop.behind for loop in loops if loop.extent > 9} == {0, 2, 5}
    assert kept(tree, 61)


def test_what_is_read_from_the_other_end_is_not_gone_through_together() -> None:
    def turned(u: Any) -> Any:
        v = np.concatenate((u[1:] * u[:-1], u[:1]))
        return v[::-1] * v[0]

    assert not together(planned(turned, LINE, exact=True))


def test_what_fits_in_the_cache_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "_NEAR_ENOUGH", 1 << 17)
    assert not together(planned(ahead, LINE))


def test_other_sizes_need_no_other_code() -> None:
    texts = set[str]()
    for n in (333, 461):  # their last tiles are as long
        program = prepare(record(ahead, (np.ones(n),), {}).program)
        tree = plan(program)
        assert together(tree)
        texts.add(emit(choose(tree)).text)
    assert len(texts) == 1

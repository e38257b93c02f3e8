"""Gradients of slices, parts end to end and reshapes, of random programs: bit for bit what the interpreter gives.

What is chosen by place is read where it lies, in loops that are split at the borders: a wrong border is a wrong number.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from chalkgrad.evaluate.interpret import Interpreter
from chalkgrad.ir.program import Program
from chalkgrad.native.emit.emit import emit
from chalkgrad.native.emit.lanes import choose
from chalkgrad.native.plan import neighbours
from chalkgrad.native.plan.affine import line
from chalkgrad.native.plan.edges import Edge, edge
from chalkgrad.native.plan.plan import plan
from chalkgrad.native.threads import in_parts
from chalkgrad.native.tree import Buffer, Loop, Tree, expressions, walk
from chalkgrad.ops.kernel import Axis, Expr, Fn, fn, inside_out, lift
from chalkgrad.trace.record import record
from chalkgrad.transform.backprop import pullback
from chalkgrad.transform.loops.opened import opened
from chalkgrad.transform.prepare import prepare
from chalkgrad.transform.roll import rolled
from tests.native.machine import call
from tests.native.tree_run import run

Function = Callable[..., Any]
rng = np.random.default_rng(5)
_TRUTH = {"less": np.less, "less_equal": np.less_equal, "greater": np.greater, "greater_equal": np.greater_equal}


def gradient_of(function: Function, *args: Any) -> Program:
    """The Program of the value and all gradients, as it is compiled; its last input is the upstream gradient."""
    program = rolled(record(function, args, {}).program)
    return opened(prepare(pullback(program)))


def exact(function: Function, *args: Any, slowly: bool = False) -> Tree:
    """The tree, after its machine code gave the interpreter's gradients bit for bit, and so did it, `slowly`."""
    program = gradient_of(function, *args)
    args = *args, np.ones((), program.inputs[-1].type.dtype)
    tree, wanted = plan(program), Interpreter(program)(*args)
    found = [call(emit(choose(in_parts(plan(program)))), args)]
    if slowly:
        found.append(run(tree, args))
    for one in found:
        np.testing.assert_allclose(one[0], wanted[0], rtol=1e-4 if one[0].dtype == np.float32 else 1e-11)
        for got, right in zip(one[1:], wanted[1:], strict=True):
            assert got.dtype == right.dtype
            assert np.array_equal(got, right, equal_nan=True), np.argwhere(got != right)[:5]
            assert np.array_equal(np.signbit(got), np.signbit(right))
    return tree


class Made:
    """A random function of one array: slices of it and of what was made, put together."""

    def __init__(self, rng: np.random.Generator, shape: tuple[int, ...]) -> None:
        self.rng, self.shape = rng, shape
        self.keys: list[Any] = []
        self.seed = int(rng.integers(1 << 30))

    def __call__(self, x: Any) -> Any:
        rng = np.random.default_rng(self.seed)
        parts = [x]
        for _ in range(int(rng.integers(1, 5))):
            parts.append(self.one(rng, parts[int(rng.integers(len(parts)))]))
        total = 0.0
        for _ in range(int(rng.integers(1, 5))):
            a, b = [parts[int(k)] for k in rng.integers(len(parts), size=2)]
            a, b = self.alike(rng, a, b)
            total = total + np.sum(a * b * a) if rng.random() < 0.5 else total + np.sum(np.maximum(a, 0) * (b - a))
        return total

    def slice(self, rng: np.random.Generator, n: int) -> slice:
        by = int(rng.choice([1, 1, 1, 1, -1, 2, -2, 3]))
        low = int(rng.integers(0, min(n, 4)))
        high = n - int(rng.integers(0, min(n - low, 4)))
        if rng.random() < 0.15:
            low, high = sorted(rng.integers(0, n + 1, size=2).tolist())
            low, high = (low, high) if low < high else (0, n)
        places = range(n)[low:high][::by]
        stop = places[-1] + (1 if by > 0 else -1)
        return slice(places[0], None if stop < 0 else stop, by)

    def one(self, rng: np.random.Generator, a: Any) -> Any:
        axis = int(rng.integers(a.ndim))
        kind = rng.integers(9)
        if kind < 4:
            return a[tuple([self.slice(rng, n) for n in a.shape])]
        if kind == 4:
            return np.roll(a, int(rng.integers(-3, 4)), axis)
        if kind == 5:
            return np.concatenate([a, a[tuple([slice(None)] * axis + [slice(0, 2)])]], axis)
        if kind == 6:
            return np.pad(a, [(int(rng.integers(3)), int(rng.integers(3))) for _ in a.shape])
        if kind == 7:
            return np.flip(a, axis) * 1.5
        return a.reshape(-1).reshape(a.shape[::-1])

    def alike(self, rng: np.random.Generator, a: Any, b: Any) -> tuple[Any, Any]:
        """Both cut to the same shape, at places of their own."""
        keys: list[list[slice]] = [[], []]
        for m, n in zip(a.shape, b.shape, strict=True):
            size = min(m, n)
            for key, whole in zip(keys, (m, n), strict=True):
                start = int(rng.integers(0, whole - size + 1))
                key.append(slice(start, start + size))
        return a[tuple(keys[0])], b[tuple(keys[1])]


def shapes(rng: np.random.Generator, most: int) -> tuple[int, ...]:
    if rng.random() < 0.5:
        return (int(rng.integers(1, most)),)
    return tuple(rng.integers(1, max(int(most**0.5) * 2, 3), size=2).tolist())


def arrays(tree: Tree) -> list[Buffer]:
    """What is kept in memory that is no result, and more than a few entries of each row."""
    return [b for b in tree.buffers() if b.space == "arena" and b.size > 8]


def asked(tree: Tree) -> list[Loop]:
    """The innermost loops of many turns in which something is chosen by place."""
    inner = [s for s in walk(tree.body) if isinstance(s, Loop) and not any([isinstance(x, Loop) for x in s.body])]
    return [
        loop
        for loop in inner
        if loop.extent > 4
        and any(
            [isinstance(e, Fn) and e.name == "where" for s in loop.body for x in expressions(s) for e in inside_out(x)]
        )
    ]


def test_the_adjoint_of_a_stencil_is_one_loop_over_what_goes_back() -> None:
    def valley(x: Any) -> Any:
        return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

    tree = exact(valley, np.linspace(-2, 2, 300), slowly=True)
    assert [b.shape for b in arrays(tree)] == [(299,)]  # what goes back along both slices, once
    assert not asked(tree)


def test_borders_of_rows_are_peeled_and_corners_ask() -> None:
    def lattice(u: Any) -> Any:
        r = u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4 * u[1:-1, 1:-1]
        return np.sum(r * r)

    tree = exact(lattice, rng.normal(size=(50, 60)), slowly=True)
    assert [b.shape for b in arrays(tree)] == [(48, 58)]
    assert len(asked(tree)) == 2  # the two first rows and the two last ones


def test_what_is_rolled_is_read_where_it_lies() -> None:
    def turn(u: Any) -> Any:
        return np.sum((np.roll(u, 1, 0) + np.roll(u, -2, 1) - 2 * u) ** 2)

    tree = exact(turn, rng.normal(size=(40, 50)), slowly=True)
    assert [b.shape for b in arrays(tree)] == [(40, 50)]  # the sum of the three, which goes back


def test_an_array_in_another_shape_is_the_same_memory() -> None:
    def function(x: Any, y: Any) -> Any:
        return np.sum(x.reshape(-1) * x.reshape(-1) * y.reshape(-1))

    tree = exact(function, rng.normal(size=(6, 10)), rng.normal(size=(5, 12)), slowly=True)
    assert not arrays(tree)
    assert len([s for s in walk(tree.body) if isinstance(s, Loop)]) == 1


def place(e: Expr, at: int) -> int:
    """A place along one counter, where that stands."""
    known = line(e)
    assert known is not None
    return known.start + sum(known.steps.values()) * at


def test_where_a_condition_changes() -> None:
    a = Axis(20)
    assert edge(fn("less", lift(a) * 2 + 1, 8)) == Edge(a, 4, False)
    assert edge(fn("less", lift(a) * 2 + 1, 9)) == Edge(a, 4, False)
    assert edge(fn("less_equal", lift(a) * 2 + 1, 9)) == Edge(a, 5, False)
    assert edge(fn("greater", 9, lift(a) * -3 + 20)) == Edge(a, 4, True)
    assert edge(fn("greater_equal", lift(a) - 3, 0)) == Edge(a, 3, True)
    assert edge(fn("less", lift(a), lift(Axis(3)))) is None
    for condition in [
        fn(name, lift(a) * by + more, 7) for name in _TRUTH for by in (-3, -1, 1, 2) for more in (-9, 0, 8)
    ]:
        found = edge(condition)
        assert found is not None
        assert isinstance(condition, Fn)
        for k in range(20):
            assert found.holds(k, k + 1) == _TRUTH[condition.name](place(condition.args[0], k), 7)


@pytest.mark.parametrize("seed", range(30))
def test_random_slices(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shape = shapes(rng, 41 if seed % 3 else 3000)
    x = rng.normal(size=shape).astype("float32" if seed % 2 else "float64")
    x.flat[:: max(x.size // 5, 1)] = -0.0
    exact(Made(rng, shape), x)


@pytest.mark.parametrize("seed", range(16))
def test_random_slices_in_tiles(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "_NEAR_ENOUGH", 64)
    monkeypatch.setattr(neighbours, "_CACHES", (64, 6400))
    monkeypatch.setattr(neighbours, "_MOST", 8)
    monkeypatch.setattr(neighbours, "_MOST_ROWS", 8)
    rng = np.random.default_rng(1000 + seed)
    shape = shapes(rng, 90)
    exact(Made(rng, shape), rng.normal(size=shape), slowly=True)

"""Long loops in parts, in one thread and in several: always the same numbers."""

from __future__ import annotations

import ctypes
import os
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import chalkgrad as cg
from chalkgrad import threads
from chalkgrad.evaluate.interpret import Interpreter
from chalkgrad.native import threads as native_threads
from chalkgrad.native.artifact import Artifact
from chalkgrad.native.call import pool
from chalkgrad.native.emit.emit import emit
from chalkgrad.native.emit.lanes import choose
from chalkgrad.native.plan.plan import plan
from chalkgrad.native.products.routines import Plan
from chalkgrad.native.threads import in_parts
from chalkgrad.native.tree import Axis, Buffer, Combine, Loop, Product, Set, Tree, walk
from chalkgrad.ops.kernel import lift
from chalkgrad.trace.record import record
from chalkgrad.transform.prepare import prepare
from tests.native.machine import GaveUp, call
from tests.native.tree_run import run

SHARED = pytest.mark.skipif(os.name != "posix", reason="there are no threads in machine code but with POSIX locks")


@pytest.fixture(autouse=True)
def _one_again() -> Iterator[None]:
    yield
    threads(1)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every loop is worth threads."""
    monkeypatch.setattr(native_threads, "WORTH", 1.0)
    monkeypatch.setattr(native_threads, "SHARE", 1e9)


def tree_of(function: Any, *args: Any) -> tuple[Tree, Any]:
    program = prepare(record(function, args, {}).program)
    return in_parts(plan(program)), Interpreter(program)(*args)


def parted(tree: Tree) -> list[Loop]:
    return [s for s in walk(tree.body) if isinstance(s, Loop) and s.role == "thread"]


def compiled(tree: Tree) -> Artifact:
    return emit(choose(tree))


def logistic(w: Any, x: Any, y: Any) -> Any:
    z = x @ w
    return np.mean(np.logaddexp(0, z) - y * z)


def gradient(w: Any, x: Any, y: Any) -> Any:
    return cg.value_and_grad(logistic)(w, x, y)


RNG = np.random.default_rng(0)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("n", [2, 31, 32, 33, 100, 2047, 2048, 2049, 5000])
@pytest.mark.parametrize("count", [1, 2, 5])
def test_all_turns_are_done_once(n: int, count: int) -> None:
    x = RNG.normal(size=n)
    tree, wanted = tree_of(lambda x: (np.sum(x), np.max(x), np.min(x), 2 * x, np.prod(1 + x / n), np.any(x > 3)), x)
    assert parted(tree)
    artifact = compiled(tree)
    threads(count)
    for found, known in zip(call(artifact, (x,)), wanted, strict=True):
        np.testing.assert_allclose(found, known, rtol=1e-13, atol=1e-13)


@pytest.mark.usefixtures("small")
def test_a_tree_in_parts_means_the_same() -> None:
    w, x, y = RNG.normal(size=3), RNG.normal(size=(70, 3)), np.ones(70)
    tree, wanted = tree_of(gradient, w, x, y)
    assert parted(tree)
    for found, known in zip(run(tree, (w, x, y)), wanted, strict=True):
        np.testing.assert_allclose(found, known, rtol=1e-13)


@pytest.mark.usefixtures("small")
def test_entries_that_are_met_by_chance_are_added_up() -> None:
    """A gradient that is put back to where it was read, in any of the parts."""
    x, places = RNG.normal(size=10), RNG.integers(0, 10, 3000)
    tree, wanted = tree_of(lambda x, p: cg.grad(lambda x: np.sum(x[p] ** 2))(x), x, places)
    assert parted(tree)
    artifact = compiled(tree)
    threads(3)
    np.testing.assert_allclose(call(artifact, (x, places))[0], wanted[0], rtol=1e-12)


def test_the_same_bits_whatever_the_number_of_threads() -> None:
    w, x, y = RNG.normal(size=3), RNG.normal(size=(60_000, 3)), np.ones(60_000)
    tree, wanted = tree_of(gradient, w, x, y)
    assert parted(tree)
    artifact = compiled(tree)
    results = []
    for count in (1, 2, 3, 7, 1):
        assert threads(count) == (count if os.name == "posix" else 1)
        results.append([r.tobytes() for r in call(artifact, (w, x, y))])
    assert all(r == results[0] for r in results)
    for found, known in zip(call(artifact, (w, x, y)), wanted, strict=True):
        np.testing.assert_allclose(found, known, rtol=1e-11)


def test_tiles_of_products_too() -> None:
    x, w = RNG.normal(size=(2, 16, 24, 128)), RNG.normal(size=(20, 16, 3, 3))
    program = prepare(record(lambda x, w: cg.conv2d(x, w, padding=1), (x, w), {}).program)
    tree = plan(program)
    (product,) = [s for s in walk(tree.body) if isinstance(s, Product)]
    assert product.plan.values is not None
    assert product.plan.values[Plan.SHARED]
    artifact = compiled(tree)
    results = []
    for count in (1, 2, 5):
        threads(count)
        results.append(call(artifact, (x, w))[0])
    assert all(np.array_equal(r, results[0]) for r in results)
    np.testing.assert_allclose(results[0], Interpreter(program)(x, w)[0], rtol=1e-11, atol=1e-11)


def test_short_loops_and_the_argmax_are_left_whole() -> None:
    assert not parted(tree_of(lambda x: np.sum(np.exp(x)), np.ones(1000))[0])
    assert not parted(tree_of(lambda x: np.argmax(np.exp(np.sin(x))), np.ones(200_000))[0])


@pytest.mark.usefixtures("small")
def test_a_part_that_gives_up_gives_up_for_all() -> None:
    x, places = RNG.normal(size=10), np.zeros(1000, np.int64)
    program = prepare(record(lambda x, p: x[p] * 2.0, (x, places), {}).program)
    tree = in_parts(plan(program))
    assert parted(tree)
    artifact = compiled(tree)
    threads(2)
    np.testing.assert_array_equal(call(artifact, (x, places))[0], np.full(1000, 2 * x[0]))
    places[777] = 10
    with pytest.raises(GaveUp):
        call(artifact, (x, places))


def test_how_many() -> None:
    assert threads() == 1
    for wrong in (0, -1, 257, True):
        with pytest.raises(ValueError, match="1 to 256 threads"):
            threads(wrong)
    assert threads() == 1


PART = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64)
IN_PARTS = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)


def in_threads(parts: int, each: Any) -> None:
    IN_PARTS(pool.address())(ctypes.cast(part := PART(lambda _, k: each(k)), ctypes.c_void_p), None, parts)
    del part


@SHARED
def test_others_take_parts_too() -> None:
    threads(3)
    met: list[tuple[int, int]] = []
    until = time.monotonic() + 20

    def each(k: int) -> None:
        met.append((threading.get_ident(), k))
        while len({who for who, _ in met}) < 3 and time.monotonic() < until:
            time.sleep(0.001)  # until all have come

    in_threads(12, each)
    assert sorted([k for _, k in met]) == list(range(12))
    assert len({who for who, _ in met}) == 3


@SHARED
def test_who_comes_meanwhile_does_all_alone() -> None:
    threads(2)
    met: list[int] = []

    def inner(k: int) -> None:
        met.append(k)

    in_threads(2, lambda k: in_threads(3, inner))
    assert sorted(met) == [0, 0, 1, 1, 2, 2]


@SHARED
def test_many_callers_at_once() -> None:
    w, x, y = RNG.normal(size=3), RNG.normal(size=(30_000, 3)), np.ones(30_000)
    artifact = compiled(tree_of(gradient, w, x, y)[0])
    wanted = [r.tobytes() for r in call(artifact, (w, x, y))]
    threads(2)
    wrong: list[int] = []

    def calling() -> None:
        for k in range(20):
            if [r.tobytes() for r in call(artifact, (w, x, y))] != wanted:
                wrong.append(k)

    callers = [threading.Thread(target=calling) for _ in range(4)]
    for caller in callers:
        caller.start()
    for count in (3, 1, 2, 4, 1, 2):
        threads(count)
    for caller in callers:
        caller.join()
    assert not wrong


@SHARED
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_child_has_threads_of_its_own() -> None:
    threads(2)
    child = os.fork()
    if child == 0:
        before: list[int] = []
        in_threads(40, before.append)  # alone, until it asks for threads
        own = threads()
        met: list[int] = []
        in_threads(40, met.append)
        os._exit(0 if sorted(before) == sorted(met) == list(range(40)) and own == 2 else 1)
    assert os.waitpid(child, 0)[1] == 0
    met: list[int] = []
    in_threads(5, met.append)
    assert sorted(met) == list(range(5))


@pytest.mark.parametrize("n", [9, 33, 100, 3000])
def test_the_turns_of_a_part_fill_its_lanes(n: int) -> None:
    """What is counted is how many turns each part does: all but the last one a multiple of the lanes."""
    x, out = Buffer("x", "float64", (n,), "input"), Buffer("out", "float64", (native_threads.PARTS,), "output")
    part, axis, every = Axis(native_threads.PARTS), Axis(n), Axis(native_threads.PARTS)
    inner = Loop(axis, [Combine(out, (lift(part),), "sum", x[axis])], "lane", lanes=8, part=part)
    clear = Loop(every, [Set(out, (lift(every),), lift(0.0))], "parallel")
    (found,) = call(emit(Tree("turns", [x], [out], [clear, Loop(part, [inner], "thread")])), [np.ones(n)])
    done = found[found > 0].astype(int).tolist()
    assert sum(done) == n
    assert len(set(done[:-1])) <= 1
    assert all([count % 8 == 0 for count in done[:-1]])

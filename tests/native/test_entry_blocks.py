"""Which block takes a call: guards, room for temporaries, threads, and probes of what is read outside."""

from __future__ import annotations

import sys
import threading
from typing import Any

import numpy as np
import pytest

import chalkgrad as cg
from chalkgrad.ir.types import SCALAR, ArrayType
from chalkgrad.native.call.block import Code, Reader, block
from chalkgrad.native.call.code import BLOCK
from chalkgrad.native.call.entry import callable_of, kind, serve
from chalkgrad.native.call.layout import layout
from chalkgrad.trace.record import trace
from chalkgrad.transform.prepare import prepare
from tests.native.blocks import answers, of, served, slow
from tests.native.small import small

pytestmark = pytest.mark.skipif(kind() is None, reason="calls go by ctypes here")


class TestGuards:
    def test_another_branch_is_left_to_python(self) -> None:
        artifact = of(lambda x: (x * 2, x > 0), 1.0)
        made = served(artifact, (1.0,), lambda found: found[0], [np.True_])
        assert made(4.0) == 8.0
        assert slow(made, -4.0)

    def test_masks(self) -> None:
        x = np.array([1.0, -1.0, 2.0])
        artifact = of(lambda x: (x * 2, x > 0), x)
        made = served(artifact, (x,), lambda found: found[0], [x > 0])
        np.testing.assert_array_equal(made(x * 3), x * 6)
        assert slow(made, -x)

    def test_the_kept_room_is_as_large_as_a_block_needs(self) -> None:
        # two blocks of one code: what one has for results is for the other a guard, which lies behind the arena
        x = np.ones(1000)
        code = Code(of(lambda x: (np.sum(x), x > 0), x, arena=8192))
        found = []
        for nest, guards in ((tuple, ()), (lambda made: made[0], [x > 0])):
            reader = Reader(1)
            reader.leaf(0, x, code.artifact.inputs[0], 0)
            words = block(code, reader, nest, guards).keep[0]
            found.append([int(words[BLOCK[name] // 8]) for name in ("ARENA", "CELL")])
        (plain, first), (guarded, second) = found
        assert guarded >= plain + 1000
        assert first != second

    def test_a_code_that_gives_up(self) -> None:
        made = served(of(lambda x: x * 2, np.ones(3), status=1), (np.ones(3),))
        before = sys.gettotalrefcount() if hasattr(sys, "gettotalrefcount") else 0
        assert all(slow(made, np.ones(3)) for _ in range(100))
        assert not before or sys.gettotalrefcount() - before < 100

    def test_blocks_are_tried_in_order(self) -> None:
        artifact = of(lambda x: (x * 2, x > 0), 1.0)
        other = of(lambda x: (x * 3, x > 0), 1.0)
        made = callable_of(lambda *args: "slow")
        blocks = []
        for code, value in ((artifact, np.True_), (other, np.False_)):
            reader = Reader(1)
            reader.leaf(0, 1.0, SCALAR, 0)
            blocks.append(block(Code(code), reader, lambda found: found[0], [value]))
        serve(made, blocks)
        assert (made(1.0), made(-1.0), made("x")) == (2.0, -3.0, "slow")
        serve(made, [])
        assert made(1.0) == "slow"


class TestRoom:
    @pytest.mark.parametrize("arena", [1, 64, 4000, 4096, 5000, 1 << 20])
    def test_temporary_room(self, arena: int) -> None:
        made = served(of(lambda x: x * 2, 1.0, arena=arena), (1.0,), lambda found: found[0])
        assert [made(float(k)) for k in range(10)] == [2.0 * k for k in range(10)]

    @pytest.mark.parametrize("work", [0.0, 1e9])
    def test_from_several_threads(self, work: float) -> None:
        x = np.arange(50.0)
        made = served(of(lambda x: x * 2, x, arena=1 << 16, work=work), (x,), lambda found: found[0])
        wrong: list[int] = []

        def run(k: int) -> None:
            for i in range(2000):
                if made(x + k * i)[3] != 2 * (3 + k * i):
                    wrong.append(k)

        threads = [threading.Thread(target=run, args=(k,)) for k in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not wrong

    def test_blocks_that_change_meanwhile(self) -> None:
        x = np.arange(20.0)
        artifact = of(lambda x: x * 2, x, arena=1 << 16, work=1e9)
        made = served(artifact, (x,), lambda found: found[0])
        done = threading.Event()
        wrong: list[Any] = []

        def run() -> None:
            while not done.is_set():
                found = made(x)
                if not isinstance(found, np.ndarray) or found[1] != 2.0:
                    wrong.append(found)

        threads = [threading.Thread(target=run) for _ in range(3)]
        for thread in threads:
            thread.start()
        for _ in range(200):
            reader = Reader(1)
            reader.leaf(0, x, ArrayType((20,)), 0)
            serve(made, [block(Code(artifact), reader, lambda found: found[0])])
        done.set()
        for thread in threads:
            thread.join()
        assert not [w for w in wrong if not (isinstance(w, tuple) and w[0] == "slow")]


class TestProbes:
    def test_words_and_names(self) -> None:
        word = np.zeros(1, np.int64)
        space: dict[str, Any] = {"a": 1}
        artifact = of(lambda x: x * 2, 1.0)
        made = callable_of(lambda *args: "slow")
        reader = Reader(1)
        reader.word(word.ctypes.data, 0)
        reader.name(space, "a", space["a"])
        reader.name(space, "b", absent=True)
        reader.leaf(0, 1.0, SCALAR, 0)
        serve(made, [block(Code(artifact), reader, lambda found: found[0])])
        assert made(2.0) == 4.0
        word[0] = 1
        assert made(2.0) == "slow"
        word[0] = 0
        space["b"] = 1
        assert made(2.0) == "slow"
        del space["b"]
        assert made(2.0) == 4.0
        space["a"] = 1.0
        assert made(2.0) == "slow"
        del space["a"]
        assert made(2.0) == "slow"

    def test_bytes_of_an_array(self) -> None:
        array = np.arange(5.0)
        made = callable_of(lambda *args: "slow")
        reader = Reader(1)
        reader.numbers(reader.take(array), array.copy())
        reader.leaf(0, 1.0, SCALAR, 0)
        serve(made, [block(Code(of(lambda x: x * 2, 1.0)), reader, lambda found: found[0])])
        assert made(2.0) == 4.0
        array[4] = 7
        assert made(2.0) == "slow"


def test_by_ctypes_alone_it_is_the_same() -> None:
    x = np.arange(6.0).reshape(2, 3)
    artifact = of(lambda x, k: (x * k, k > 0, k * 2), x, 1.0, arena=100)
    code = Code(artifact)
    made = served(artifact, (x, 1.0))
    for given in ((x, 2.0), (np.asfortranarray(x), -1.0), (x[::-1], np.float64(3.0))):
        plain = code.plainly(given)
        assert plain is not None
        for a, b in zip(plain, made(given[0], float(given[1])), strict=True):
            np.testing.assert_array_equal(a, b)
            assert type(a) is type(b)
    assert Code(of(lambda x: x * 2, 1.0, status=1)).plainly([1.0]) is None


def test_where_the_layout_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    from chalkgrad.native import executable
    from chalkgrad.native.call import entry

    program = prepare(trace(lambda x: x * x + 1, np.ones(3)))
    monkeypatch.setattr(executable, "build", small)
    monkeypatch.setattr(entry, "kind", lambda: None)
    monkeypatch.setattr(executable, "kind", lambda: None)
    function = callable_of(answers, answers)
    assert function is answers
    run = executable.Executable(program)
    run.compile()
    np.testing.assert_array_equal(run(np.arange(3.0))[0], [1.0, 2.0, 5.0])
    np.testing.assert_array_equal(run.own([[0, 1, 2]])[0], [1.0, 2.0, 5.0])
    f = cg.grad(lambda x: np.sum(x * x))
    assert all(np.array_equal(f(np.ones(2)), [2.0, 2.0]) for _ in range(4))


def test_a_layout_that_is_another_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    from chalkgrad.native.call import layout as entry_layout

    assert layout() is not None
    monkeypatch.setattr(entry_layout, "half_at", lambda address: -1)
    entry_layout.layout.cache_clear()
    try:
        assert layout() is None
    finally:
        monkeypatch.undo()
        entry_layout.layout.cache_clear()
    assert layout() is not None

"""A Program that is run many times: who answers when, and what happens where nothing can be compiled."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import Any

import numpy as np
import pytest

import chalkgrad as cg
from chalkgrad.errors import ProgramError
from chalkgrad.evaluate.interpret import Interpreter
from chalkgrad.native import executable, serving
from chalkgrad.native.executable import Executable, compiling, interpreting
from chalkgrad.trace.record import trace
from chalkgrad.transform.prepare import prepare
from tests.native.small import small

X = np.array([1.0, -2.0, 3.0])


def program(function: Any, *args: Any) -> Any:
    return prepare(trace(function, *args))


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What is compiled, by the compiler of the tests."""
    found: list[Any] = []
    monkeypatch.setattr(executable, "build", lambda p: found.append(p) or small(p))
    return found


def test_the_second_call_of_a_quick_program_compiles(built: list[Any]) -> None:
    run = Executable(program(lambda x: x * x + 1, X))
    for count in (0, 1, 1, 1):
        np.testing.assert_array_equal(run(X)[0], X * X + 1)
        assert len(built) == count


def test_the_first_call_of_a_slow_one_does(built: list[Any]) -> None:
    whole = program(lambda x: x * x + 1, np.zeros(10_000_000))
    assert interpreting(whole) > compiling(whole)
    quick = program(lambda x: x * x + 1, X)
    assert interpreting(quick) < compiling(quick)
    run = Executable(quick, soon=True)
    run(X)
    assert len(built) == 1


def test_loops_take_as_long_as_their_turns() -> None:
    def f(c, n):
        return cg.scan(lambda c, _: (c * 1.5, None), c, length=n)[0]

    short, long = (trace(lambda c, n=n: f(c, n), 1.0) for n in (10, 10_000))
    assert interpreting(long) > 500 * interpreting(short)
    assert compiling(long) == compiling(short)


def test_turned_off(built: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHALKGRAD_NATIVE", "off")
    run = Executable(program(lambda x: x * x + 1, X), soon=True)
    for _ in range(4):
        np.testing.assert_array_equal(run(X)[0], X * X + 1)
    assert not built


@pytest.mark.parametrize("strict", [True, False])
def test_a_fault_of_the_compiler(strict: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: Any) -> Any:
        raise ZeroDivisionError("a fault")

    monkeypatch.setattr(executable, "build", broken)
    monkeypatch.setenv("CHALKGRAD_NATIVE", "strict" if strict else "on")
    run = Executable(program(lambda x: x * x + 1, X), soon=True)
    if strict:
        with pytest.raises(ZeroDivisionError):
            run(X)
        return
    for _ in range(3):
        np.testing.assert_array_equal(run(X)[0], X * X + 1)
    with pytest.raises(ZeroDivisionError):
        run.compile()


def test_a_fault_of_the_call_path(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Any:
        raise ZeroDivisionError("a fault")

    monkeypatch.setattr(serving, "block", broken)
    monkeypatch.setenv("CHALKGRAD_NATIVE", "on")
    made = cg.grad(lambda x: x**3)
    assert [made(2.0) for _ in range(4)] == [12.0] * 4


def test_code_that_gives_up_is_answered_by_the_interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executable, "build", lambda p: small(p, status=3))
    run = Executable(program(lambda x: x * x + 1, X), soon=True)
    for _ in range(3):
        np.testing.assert_array_equal(run(X)[0], X * X + 1)
        np.testing.assert_array_equal(run.own([X])[0], X * X + 1)


def test_values_are_checked_as_by_the_interpreter(built: list[Any]) -> None:
    made = program(lambda x, k: x * k, X, 2.0)
    run, reference = Executable(made, soon=True), Interpreter(made)
    for given in (
        (X, 2.0),
        (list(X), 2),
        (X[::-1], np.float32(2.5)),
        (X.astype(">f8"), np.array(2.0)),
        (np.array([1, 2, 3]), True),
        (X.astype(np.float32), np.int8(3)),
    ):
        np.testing.assert_array_equal(run(*given)[0], reference(*given)[0])
    for wrong in ((X[:2], 2.0), (X,), (X, 2.0, 3.0), ("x", 2.0), (X, X), (X * 1j, 2.0)):
        with pytest.raises(cg.ChalkgradError) as mine:
            run(*wrong)
        with pytest.raises(type(mine.value)) as theirs:
            reference(*wrong)
        assert str(mine.value) == str(theirs.value)


def test_outputs_are_nobody_elses() -> None:
    made = program(lambda x: (x, np.sort(x), np.sort(x)[::-1], x * 2, 3.0, np.reshape(np.sort(x), (3, 1))), X)
    run = Executable(made, soon=True)
    for _ in range(2):
        found = run.own([X])
        for k, array in enumerate(found):
            assert not np.may_share_memory(array, X)
            assert not any(np.may_share_memory(array, other) for other in found[:k])
        assert type(found[4]) is np.float64
        found[0][:] = 0
    np.testing.assert_array_equal(X, [1.0, -2.0, 3.0])


def test_what_has_nothing_to_compile() -> None:
    x = np.sin(np.arange(9000.0))  # longer than what is sorted in machine code
    run = Executable(program(lambda x: np.sort(x), x), soon=True)
    np.testing.assert_array_equal(run(x)[0], np.sort(x))
    with pytest.raises(ProgramError, match="sort"):
        run.compile()


def test_several_threads_compile_once(built: list[Any]) -> None:
    run = Executable(program(lambda x: x * x + 1, X))
    wrong: list[Any] = []

    def work() -> None:
        for _ in range(50):
            if not np.array_equal(run(X)[0], X * X + 1):
                wrong.append(1)

    threads = [threading.Thread(target=work) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert len(built) == 1


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere memory is given out otherwise")
def test_new_results_are_not_new_pages_at_every_call() -> None:
    code = """
import resource
import numpy as np
import chalkgrad as cg
x = np.ones(10**6)
double = cg.compile(lambda x: (2 * x, x + 1, x - 1), x)
for _ in range(3):
    double(x)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    double(x)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 1_000  # and some 13 000 where memory comes page by page

"""A Program in pieces gives what it gives whole."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chalkgrad as cg
from chalkgrad.evaluate.interpret import Interpreter
from chalkgrad.native import segments
from chalkgrad.native.segments import InPieces, Part, pieces
from chalkgrad.trace.record import record
from chalkgrad.transform.prepare import prepare


def numpy_alone(part: Part) -> Any:
    return Interpreter(part.program)


def program_of(function: Any, *args: Any) -> Any:
    return prepare(record(function, args, {}).program)


def test_loops_alone_are_one_piece() -> None:
    found = pieces(program_of(lambda x, y: np.sum(np.exp(x) * y), np.ones(3), np.ones(3)))
    assert [p.native for p in found] == [True]


LONG = np.arange(9000.0)  # longer than what is sorted in machine code


def test_a_long_sort_stands_between_two_compiled_pieces() -> None:
    found = pieces(program_of(lambda x: np.sum(np.sort(2 * x) * x), LONG))
    assert [p.native for p in found] == [True, False, True]
    assert [s.op.name for s in found[1].program.steps] == ["sort"]


def test_two_that_do_not_rest_on_each_other_are_one_piece() -> None:
    found = pieces(program_of(lambda x, y: np.sort(x + 1) * np.sort(y + 1), LONG, LONG))
    assert [p.native for p in found] == [True, False, True]
    assert len(found[1].program.steps) == 2


def test_no_entries_is_nothing_to_compile() -> None:
    assert [p.native for p in pieces(program_of(lambda x: np.sum(x * 2), np.zeros(0)))] == [False]


@pytest.mark.parametrize(
    "function",
    [
        lambda a: np.sum(np.linalg.solve(a @ a.T + np.eye(3), a) ** 2),
        lambda a: np.sum(np.sort(a, axis=0) * a) + np.linalg.slogdet(a @ a.T)[1],
        lambda a: a * 2,
        lambda a: np.linalg.inv(a),
    ],
)
def test_the_same_numbers_as_whole(function: Any) -> None:
    a = np.random.default_rng(1).normal(size=(3, 3))
    program = program_of(function, a)
    whole, in_pieces = Interpreter(program)(a), InPieces(program, numpy_alone)(a)
    assert all(np.array_equal(x, y) for x, y in zip(whole, in_pieces, strict=True))


def test_inputs_and_numbers_that_are_results() -> None:
    program = cg.parse("f(x) = 3")
    assert InPieces(program, numpy_alone)(np.float64(2.0)) == (3.0,)


def test_the_steps_of_a_loop_are_looked_at_once_and_not_once_a_result(monkeypatch: pytest.MonkeyPatch) -> None:
    def turn(state: Any, x: Any) -> Any:
        a, b = state
        return (np.tanh(a + x), b * a), (a, b, a * b)

    program = program_of(lambda a, xs: cg.scan(turn, (a, a), xs), 0.5, np.ones(200))
    (loop,) = [s for s in program.steps if s.op.name == "scan"]
    met: list[str] = []
    look = segments.compiles
    monkeypatch.setattr(segments, "compiles", lambda step: met.append(step.op.name) or look(step))
    assert [p.native for p in pieces(program)] == [True]
    assert len(loop.outputs) > 3
    assert len(met) == len(program.steps) + len(loop.params["body"].steps)

"""Entries that were just written are read where they were made."""

from __future__ import annotations

from typing import Any

import numpy as np

from chalkgrad.api.derived import ready
from chalkgrad.evaluate.interpret import Interpreter
from chalkgrad.ir.check import check
from chalkgrad.trace.record import record
from chalkgrad.transform.loops.writes import forwarded


def both(f: Any, x: Any) -> tuple[list[str], list[str]]:
    """The names of the steps before and after; the values are the same."""
    program = ready(record(f, (x,), {}, hidden=True))
    found = forwarded(program)
    check(found)
    for a, b in zip(Interpreter(program)(x), Interpreter(found)(x), strict=True):
        assert np.array_equal(a, b)
    return [s.op.name for s in program.steps], [s.op.name for s in found.steps]


def test_a_read_of_what_was_written_is_no_read() -> None:
    def f(x: Any) -> Any:
        y = np.zeros(4)
        y[0] = x[0]
        y[1] = y[0] * 2
        y[-1] = y[1] + y[0]
        return y

    before, after = both(f, np.ones(4))
    assert before.count("index") == 4
    assert after.count("index") == 1  # x[0]


def test_a_read_of_what_was_there_before_goes_past_the_writes() -> None:
    def f(x: Any) -> Any:
        y = x * 2
        y[0] = x[1]
        y[1] = y[2]  # as it was
        y[0] = y[1]
        return y * y[0]

    both(f, np.arange(4.0))


def test_rows_and_columns() -> None:
    def f(x: Any) -> Any:
        y = np.zeros((3, 4))
        y[:, 0] = x
        y[:, 1] = y[:, 0] * 2
        y[1] = y[0]  # another form: entries of all columns
        y[:, 2] = y[:, 1] + 1
        return y

    both(f, np.arange(3.0))


def test_a_write_that_rounds_is_read_as_it_was_stored() -> None:
    def f(x: Any) -> Any:
        y = np.zeros(3, np.float32)
        y[0] = x[0] * 0.1
        return y[0] * 3.0

    both(f, np.array([1.0, 2.0]))

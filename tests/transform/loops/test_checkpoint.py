"""Loops in pieces: less is kept, and the numbers are the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chalkgrad as cg
from chalkgrad.evaluate.interpret import Interpreter
from chalkgrad.ir.check import check
from chalkgrad.ir.program import Program
from chalkgrad.transform.loops import checkpoint
from chalkgrad.transform.loops.checkpoint import in_pieces
from chalkgrad.transform.loops.opened import opened
from chalkgrad.transform.scan import scan
from tests.transform.loops.test_opened import program_of

rng = np.random.default_rng(0)


def forth(a: Any, xs: Any) -> Any:
    def turn(c: Any, x: Any) -> Any:
        return np.tanh(c * a + x), np.sum(c * x)

    c, ys = cg.scan(turn, np.linspace(0, 1, 4), xs)
    return np.sum(c) + np.sum(ys * ys)


def back(a: Any, xs: Any) -> Any:
    def turn(carry: Any, x: Any) -> Any:
        c, d = carry
        return (np.sin(c) * x + d, d * a), c

    (c, d), ys = cg.scan(turn, (np.ones(4), a), xs, reverse=True)
    return np.sum(c) * d + np.sum(ys[::2])


def without_slices(a: Any, xs: Any) -> Any:
    c, _ = cg.scan(lambda c, _: (np.sin(c) * a + xs[0], None), np.ones(4), length=len(xs))
    return np.sum(c)


def room(program: Program) -> int:
    """The most entries of a result of a loop, in bodies too."""
    here = [int(np.prod(v.type.shape)) for s in program.steps if s.op is scan for v in s.given]
    inner = [room(s.params["body"]) for s in program.steps if s.op is scan]
    return max([*here, *inner], default=0)


@pytest.mark.parametrize("f", [forth, back, without_slices])
@pytest.mark.parametrize("length", [3, 16, 49, 53, 60])
def test_the_numbers_are_the_same(f: Callable[..., Any], length: int, monkeypatch: pytest.MonkeyPatch) -> None:
    program, values = program_of(f, (0.7, rng.normal(size=(length, 4))), (0, 1))
    monkeypatch.setattr(checkpoint, "BUDGET", 64)
    parted = in_pieces(program)
    assert parted is not program
    check(parted)
    wanted = Interpreter(program)(*values)
    for found in (parted, opened(program)):
        check(found)
        for a, b in zip(wanted, Interpreter(found)(*values), strict=True):
            np.testing.assert_allclose(b, a, rtol=1e-13, atol=1e-13 * np.max(np.abs(a)))


def test_less_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    program, _ = program_of(without_slices, (0.7, np.ones((400, 4))), (0,))
    before = room(opened(program))
    monkeypatch.setattr(checkpoint, "BUDGET", 64)
    assert before == 400 * 4
    assert room(opened(program)) == 20 * 4


def test_a_history_that_others_read_is_kept_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    def second(a: Any, xs: Any) -> Any:
        return np.sum(cg.grad(forth, wrt=1)(a, xs) ** 2)

    program, values = program_of(second, (0.7, rng.normal(size=(20, 4))), (0, 1))
    monkeypatch.setattr(checkpoint, "BUDGET", 64)
    found = opened(program)
    for a, b in zip(Interpreter(program)(*values), Interpreter(found)(*values), strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-12, atol=1e-12 * np.max(np.abs(a)))

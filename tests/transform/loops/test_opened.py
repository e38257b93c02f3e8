"""What is taken out of loops leaves the numbers as they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import chalkgrad as cg
from chalkgrad.api.derived import chosen, ready
from chalkgrad.api.gradients import _gradient  # type: ignore[attr-defined]  # the Program that is run
from chalkgrad.evaluate.interpret import Interpreter
from chalkgrad.ir.check import check
from chalkgrad.ir.program import Program, Step
from chalkgrad.trace.record import leaves, record
from chalkgrad.transform.loops import effort
from chalkgrad.transform.loops.opened import opened
from chalkgrad.transform.prepare import prepare
from chalkgrad.transform.scan import scan

rng = np.random.default_rng(0)
W, U, B = rng.normal(size=(6, 6)) * 0.4, rng.normal(size=(6, 3)), rng.normal(size=6)
XS, ROW = rng.normal(size=(11, 3)), rng.normal(size=5)


def program_of(f: Callable[..., Any], args: Sequence[Any], wrt: Sequence[int] = ()) -> tuple[Program, list[Any]]:
    """What is run for a function, or for its gradient, and the values that it takes."""
    made = record(f, tuple(args), {}, hidden=True)
    whole = ready(made)
    if wrt:
        whole = _gradient(whole, chosen(made, whole, tuple(wrt)))
    return prepare(whole), [*leaves(f, tuple(args), {}), *made.hidden]


def loops(program: Program) -> list[Step]:
    return [s for s in program.steps if s.op is scan]


def agree(program: Program, values: Sequence[Any], rtol: float = 1e-14) -> Program:
    """The Program opened, which gives the same."""
    found = opened(program)
    check(found)
    for a, b in zip(Interpreter(program)(*values), Interpreter(found)(*values), strict=True):
        assert np.asarray(a).dtype == np.asarray(b).dtype
        np.testing.assert_allclose(b, a, rtol=rtol, atol=rtol * np.max(np.abs(a), initial=0.0))
    return found


def recurrent(w: Any, u: Any, b: Any, xs: Any) -> Any:
    def turn(h: Any, x: Any) -> Any:
        h = np.tanh(w @ h + u @ x + b)
        return h, np.sum(np.exp(h) * x[0])

    h, ys = cg.scan(turn, np.zeros(6), xs)
    return np.sum(ys) + np.sum(h)


def summing(w: Any, u: Any, b: Any, xs: Any) -> Any:
    def turn(carry: Any, x: Any) -> Any:
        h, total = carry
        h = np.tanh(w @ h + u @ x + b)
        return (h, total + np.sum(np.exp(h) * x[0])), None

    (h, total), _ = cg.scan(turn, (np.zeros(6), 0.0), xs)
    return total + np.sum(h)


def nested(a: Any, xs: Any) -> Any:
    def inner(c: Any, x: Any) -> Any:
        return c * np.cos(x * a), c * x

    def turn(c: Any, x: Any) -> Any:
        after, ys = cg.scan(inner, c, np.sin(x) * np.ones(4) * a)
        return after + 1.0, np.sum(ys)

    c, ys = cg.scan(turn, a, xs, reverse=True)
    return np.sum(ys) * c


def swapping(a: Any, xs: Any) -> Any:
    def turn(carry: Any, x: Any) -> Any:
        p, q = carry
        return (q, p * x), p

    (p, q), ys = cg.scan(turn, (a, 2 * a), xs)
    return np.sum(ys * xs) + p * q


def kinked(a: Any, xs: Any) -> Any:
    def turn(c: Any, x: Any) -> Any:
        return np.where(c > x, np.sqrt(np.maximum(c - x, 0)), x * a), np.maximum(c, x)

    c, ys = cg.scan(turn, a, xs)
    return np.sum(ys) + c


CASES: list[tuple[Callable[..., Any], tuple[Any, ...]]] = [
    (recurrent, (W, U, B, XS)),
    (summing, (W, U, B, XS)),
    (nested, (0.7, ROW)),
    (swapping, (0.7, ROW)),
    (kinked, (0.7, ROW)),
]


@pytest.mark.parametrize(("f", "args"), CASES, ids=[f.__name__ for f, _ in CASES])
@pytest.mark.parametrize("kind", ["value", "gradient", "second", "batched"])
def test_the_numbers_stay(f: Callable[..., Any], args: tuple[Any, ...], kind: str) -> None:
    wrt = tuple(range(len(args)))

    def squares(*xs: Any) -> Any:
        return sum([np.sum(g * g) for g in cg.grad(f, wrt=wrt)(*xs)])

    def rows(*xs: Any) -> Any:
        axes = (*[None] * (len(xs) - 1), 0)
        return cg.vmap(cg.grad(f, wrt=wrt), in_axes=axes)(*xs)

    given = {
        "value": (f, args, ()),
        "gradient": (f, args, wrt),
        "second": (squares, args, wrt),
        "batched": (rows, (*args[:-1], np.stack([args[-1], args[-1] + 0.1])), ()),
    }[kind]
    agree(*program_of(*given))


def test_what_does_not_feed_the_carry_is_done_outside() -> None:
    program, values = program_of(recurrent, (W, U, B, XS))
    (loop,) = loops(agree(program, values))
    names = [s.op.name for s in loop.params["body"].steps]
    assert names == ["matmul", "add", "add", "tanh"]  # u @ x went before it, exp and the sum behind


def test_a_sum_over_turns_is_no_carry() -> None:
    program, values = program_of(summing, (W, U, B, XS))
    (loop,) = loops(agree(program, values))
    assert loop.params["counts"][1] == 1


def test_what_the_way_forward_computed_is_not_computed_on_the_way_back() -> None:
    program, values = program_of(recurrent, (W, U, B, XS), (0, 1, 2, 3))
    forward, back = loops(agree(program, values))
    assert "tanh" in [s.op.name for s in forward.params["body"].steps]
    assert "tanh" not in [s.op.name for s in back.params["body"].steps]


def test_a_large_gradient_is_one_product_behind_the_loop() -> None:
    wide = [rng.normal(size=(20, 20)) * 0.2, rng.normal(size=(20, 3)), rng.normal(size=20), XS]

    def loss(w: Any, u: Any, b: Any, xs: Any) -> Any:
        def turn(h: Any, x: Any) -> Any:
            return np.tanh(w @ h + u @ x + b), None

        return np.sum(cg.scan(turn, np.zeros(20), xs)[0])

    program, values = program_of(loss, wide, (0,))
    found = agree(program, values)
    _, back = loops(found)
    assert back.params["counts"][1] == 1  # only that of h, and no sum of 400 entries
    assert all([v is None or v.type.shape != (20, 20) for v in back.outputs])


def test_a_carry_that_stays_and_results_that_nobody_reads_are_gone() -> None:
    def f(a: Any, xs: Any) -> Any:
        def turn(carry: Any, x: Any) -> Any:
            c, still, unread = carry
            return (c * still + x, still, unread * np.exp(x)), np.sin(c)

        (c, still, _), _ = cg.scan(turn, (a, a + 1, a), xs)
        return c * still

    program, values = program_of(f, (0.5, ROW))
    (loop,) = loops(agree(program, values))
    assert loop.params["counts"] == (1, 1)
    assert [s.op.name for s in loop.params["body"].steps] == ["multiply", "add"]


def test_a_loop_without_carries_is_no_loop() -> None:
    def f(a: Any, xs: Any) -> Any:
        return np.sum(cg.scan(lambda c, x: (c, np.exp(x * c)), a, xs)[1])

    program, values = program_of(f, (0.5, ROW), (0, 1))
    assert not loops(agree(program, values))


def test_numbers_of_float32_stay_as_wide_as_they_are() -> None:
    def f(a: Any, xs: Any) -> Any:
        def turn(c: Any, x: Any) -> Any:
            return c * np.float32(0.5) + x * 2.0, np.exp(c)

        c, ys = cg.scan(turn, a, xs)
        return c + np.sum(ys)

    agree(*program_of(f, (np.float32(0.5), ROW.astype(np.float32)), (0, 1)), rtol=1e-6)


def test_a_loop_whose_history_the_way_back_reads_is_run_once() -> None:
    def last(a: Any, xs: Any) -> Any:
        return cg.scan(lambda c, x: (np.sin(c) * x, None), a, xs)[0]

    program, _ = program_of(last, (0.5, ROW), (0, 1))
    assert len(loops(program)) == 2  # forward, and back


def test_a_sum_that_every_turn_gives_stays_a_carry() -> None:
    def running(a: Any, xs: Any) -> Any:
        def turn(total: Any, x: Any) -> Any:
            total = total + np.exp(x * a)
            return total, total

        total, ys = cg.scan(turn, 0.0, xs)
        return total * np.sum(ys * ys)

    agree(*program_of(running, (0.5, ROW), (0, 1)))


def test_a_long_array_that_is_put_together_is_kept_as_long_as_it_is_near(monkeypatch: pytest.MonkeyPatch) -> None:
    def shifted(a: Any, xs: Any) -> Any:
        def turn(c: Any, x: Any) -> Any:
            return c * a * np.concatenate((xs[:1], (c * x)[:-1])), None

        return np.sum(cg.scan(turn, np.ones(300), xs)[0] ** 2)

    program, values = program_of(shifted, (0.5, ROW), (0, 1))

    def joined() -> list[int]:
        found = loops(agree(program, values))
        return [[s.op.name for s in step.params["body"].steps].count("concatenate") for step in found]

    assert joined() == [1, 0]
    monkeypatch.setattr(effort, "_FAR", 0)
    assert joined() == [1, 1]

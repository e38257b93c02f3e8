"""Loops that were unrolled are rolled, and give what they gave."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chalkgrad as cg
from chalkgrad.api.derived import ready
from chalkgrad.evaluate.interpret import Interpreter
from chalkgrad.ir.check import check
from chalkgrad.ir.program import Program, Step
from chalkgrad.trace.record import leaves, record
from chalkgrad.transform.backprop import pullback
from chalkgrad.transform.prepare import prepare
from chalkgrad.transform.roll import rolled
from chalkgrad.transform.scan import scan

rng = np.random.default_rng(0)


def chain(x: Any, steps: int) -> Any:
    h, y = 2 / steps, np.zeros(len(x))
    for _ in range(steps):
        k1 = x * np.concatenate(([1.0], y[:-1]))
        k2 = x * np.concatenate(([1.0], (y + h * k1 / 2)[:-1]))
        y = y + h * (k1 + 2 * k2) / 3
    return y[-1]


def horner(x: Any, n: int) -> Any:
    t = np.linspace(-1, 1, n)
    y = np.zeros(n)
    for coefficient in x[::-1]:
        y = y * t + coefficient
    return np.sum((np.sign(t) - y) ** 2) / 2


def listed(x: Any, w: Any) -> Any:
    h, out = np.zeros(3), []
    for t in range(len(x)):
        h = np.tanh(w * h + x[t]) * np.sin(x[t])
        out.append(h)
    return np.sum(np.array(out) ** 2) + np.mean(np.stack(out, axis=1))


def written(x: Any, w: Any) -> Any:
    y = np.zeros(len(x) + 1)
    y[0] = x[0]
    for t in range(len(x)):
        y[t + 1] = y[t] * w + x[t] * np.sin(y[t])
    return np.sum(y * y)


def columns(x: Any, w: Any) -> Any:
    y = np.zeros((3, len(x) + 1))
    y[:, 0] = x[0]
    for t in range(len(x)):
        y[:, t + 1] = np.tanh(y[:, t] * w + x[t]) * 0.5 + w
    return np.sum(y * y)


def backwards(x: Any) -> Any:
    total, h = 0.0, 1.0
    for t in range(len(x) - 1, -1, -1):
        h = np.sin(h * x[t]) + x[t] * 0.1 * t
        total = total + h
    return total


def two_before(a: Any, b: Any) -> Any:
    for _ in range(40):
        a, b = b, a * 0.5 + np.sin(b)
    return a * b


def lagging(x: Any) -> Any:
    ys = [x[0], x[1]]
    for t in range(2, len(x)):
        ys.append(ys[t - 1] * 0.5 + ys[t - 2] * np.cos(x[t]) * 0.3 + t * 0.1)
    return ys[-1] * ys[-3]


def of_layers(w: Any, x: Any) -> Any:
    h, total = np.zeros(3), 0.0
    for t in range(len(x)):
        v = x[t]
        for layer in range(12):
            v = np.tanh(v * w[layer] + h[0])
            h = h * 0.9 + v
        total = total + np.sum(v * h)
    return total


def memory(main: Any, extra: Any, state: Any, text: Any) -> Any:
    """Two layers of an LSTM over a text, as people write it."""

    def cell_of(weight: Any, bias: Any, hidden: Any, cell: Any, x: Any) -> Any:
        gates = np.concatenate((x, hidden, x, hidden)) * weight + bias
        n = hidden.shape[0]
        cell = cell / (1 + np.exp(-gates[:n])) + np.tanh(gates[3 * n :]) / (1 + np.exp(-gates[n : 2 * n]))
        return np.tanh(cell) / (1 + np.exp(-gates[2 * n : 3 * n])), cell

    before = [state[k] for k in range(len(state))]
    x, total, count = text[0], 0.0, 0
    for t in range(len(text) - 1):
        v, after = x * extra[0], list(before)
        for i in range(0, len(state), 2):
            after[i], after[i + 1] = cell_of(main[i], main[i + 1], before[i], before[i + 1], v)
            v = after[i]
        before = after
        guess = v * extra[1] + extra[2]
        total += np.sum(text[t + 1] * (guess - np.log(np.sum(np.exp(guess)) + 2)))
        count += 4
        x = text[t + 1]
    return -total / count


def gathered(table: Any, w: Any) -> Any:
    """It reads an array that a turn makes at another place each turn."""
    a = table
    for t in range(20):
        a = a * w + np.sin(a[t]) * 0.1
    return np.sum(a)


def narrow(x: Any, w: Any) -> Any:
    h = np.zeros(3, np.float32)
    for t in range(len(x)):
        h = np.tanh(w * h + x[t]) * 0.5 + np.float32(t) * 0.01
    return np.sum(h)


CASES: list[tuple[Callable[..., Any], tuple[Any, ...], int]] = [
    (chain, (np.linspace(0.1, 1, 6), 12), 1),
    (horner, (np.linspace(0.1, 1, 40), 7), 1),
    (listed, (rng.normal(size=(20, 3)), rng.normal(size=3)), 1),
    (written, (rng.normal(size=30), 0.7), 1),
    (columns, (rng.normal(size=(30, 3)), 0.7), 1),
    (backwards, (rng.normal(size=30),), 1),
    (two_before, (0.3, 0.4), 1),
    (lagging, (rng.normal(size=30),), 1),
    (of_layers, (rng.normal(size=(12, 3)), rng.normal(size=(16, 3))), 1),
    (
        memory,
        (rng.normal(size=(4, 16)), rng.normal(size=(3, 4)), rng.normal(size=(4, 4)), rng.normal(size=(20, 4))),
        1,
    ),
    (gathered, (rng.normal(size=20), 0.9), 1),
    (narrow, (rng.normal(size=(30, 3)).astype(np.float32), np.ones(3, np.float32)), 1),
]


def traced(f: Callable[..., Any], args: tuple[Any, ...]) -> tuple[Program, list[Any]]:
    made = record(f, args, {}, hidden=True)
    return ready(made), [*leaves(f, args, {}), *made.hidden]


def loops(program: Program) -> list[Step]:
    return [s for s in program.steps if s.op is scan]


@pytest.mark.parametrize(("f", "args", "count"), CASES, ids=[f.__name__ for f, _, _ in CASES])
def test_a_loop_is_found_and_gives_the_same(f: Callable[..., Any], args: tuple[Any, ...], count: int) -> None:
    program, values = traced(f, args)
    found = rolled(program)
    check(found)
    assert len(loops(found)) >= count
    assert len(found.steps) < len(program.steps) / 3 + 10
    assert found.inputs == program.inputs
    for a, b in zip(Interpreter(program)(*values), Interpreter(found)(*values), strict=True):
        assert np.array_equal(a, b)  # bit for bit
        assert np.asarray(a).dtype == np.asarray(b).dtype
    wrt = [v for v in program.inputs if v.type.floating]
    seed = np.ones((), program.outputs[0].type.dtype)[()]
    before, after = [
        Interpreter(prepare(pullback(p, wrt, of=1)))(*values, seed)[len(p.outputs) :] for p in (program, found)
    ]
    rtol = 1e-5 if seed.dtype == np.float32 else 1e-12
    for a, b in zip(before, after, strict=True):
        np.testing.assert_allclose(b, a, rtol=rtol, atol=rtol * np.max(np.abs(a), initial=0.0))


def test_the_outer_loop_of_two_is_rolled_around_the_inner_one() -> None:
    program, _ = traced(of_layers, (rng.normal(size=(12, 3)), rng.normal(size=(16, 3))))
    outer = loops(rolled(program))[-1]
    assert loops(outer.params["body"])


def test_origins_and_names_stay() -> None:
    program, _ = traced(listed, (rng.normal(size=(20, 3)), rng.normal(size=3)))
    (loop,) = loops(rolled(program))
    body = loop.params["body"]
    assert all(s.origin is not None and s.origin.file for s in body.steps)
    assert "h" in [v.hint for v in body.variables()]


def test_what_is_shown_stays_unrolled() -> None:
    worked = cg.work(two_before, 0.3, 0.4)
    assert not loops(worked.program)


@pytest.mark.parametrize("turns", [3, 7])
def test_a_few_turns_stay_as_they_are(turns: int) -> None:
    def f(x: Any) -> Any:
        for _ in range(turns):
            x = np.sin(x) * 0.5 + np.cos(x) * np.exp(-x) + x
        return x

    program, _ = traced(f, (0.3,))
    assert rolled(program) is program


def test_turns_that_are_wired_otherwise_are_left_alone() -> None:
    def f(x: Any) -> Any:
        kept = [x, x * 2, x * 3]
        for k in range(60):
            kept.append(np.sin(kept[(k * k) % len(kept)]) * 0.5)  # reads what was made who knows when
        return kept[-1]

    program, values = traced(f, (0.3,))
    found = rolled(program)
    assert not loops(found)
    assert Interpreter(found)(*values) == Interpreter(program)(*values)


def test_a_branch_between_turns_keeps_its_gradient() -> None:
    def f(x: Any) -> Any:
        y = x
        for _ in range(30):
            y = np.sqrt(y) + 0.0 * x
        return np.where(x > 0, y, 0.0) + x

    assert cg.grad(f)(0.0) == 1.0  # not NaN, which 0 times the slope of a square root would be


def test_some_of_the_turns_are_read_later() -> None:
    def f(x: Any) -> Any:
        ys: list[Any] = []
        for k in range(40):
            x = np.sin(x) * 0.9 + k * 0.01
            ys.append(x)
        return ys[5] * ys[17] + sum(ys[20:30]) * ys[-1]

    program, values = traced(f, (0.3,))
    found = rolled(program)
    assert len(loops(found)) == 1
    assert Interpreter(found)(*values) == Interpreter(program)(*values)
    assert cg.grad(f)(0.3) == pytest.approx((f(0.3 + 1e-6) - f(0.3 - 1e-6)) / 2e-6, rel=1e-6)


def test_two_stretches_that_share_steps_are_two_loops() -> None:
    def f(x: Any, w: Any) -> Any:
        h = 0.3
        for k in range(60):
            h = (np.sin(h) * w + x[k]) * (np.cos(h) if k == 30 else np.sin(h))
        return h

    program, values = traced(f, (rng.normal(size=60), 0.7))
    found = rolled(program)
    check(found)
    assert [s.params["length"] for s in loops(found)] == [29, 29]
    assert Interpreter(found)(*values) == Interpreter(program)(*values)

"""Random functions: NumPy run directly and the traced Program run by the interpreter give the same bits; and size."""

import time

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from chalkgrad.evaluate.interpret import Interpreter
from chalkgrad.ir.check import check
from chalkgrad.trace.record import trace

UNARY = (
    np.tanh, np.sin, np.square, np.abs, np.negative, np.arctan, np.floor,
    lambda x: x**3, lambda x: x.T, lambda x: x[::-1], lambda x: np.exp(-x * x), lambda x: 1 / (1 + x**2),
    lambda x: x - x.mean(), lambda x: x.max(axis=-1, keepdims=True) - x, lambda x: x.reshape(x.T.shape).T,
    lambda x: np.where(x > 0, x, 0.1 * x), lambda x: np.clip(x, -0.5, 1), lambda x: np.stack([*x]),
    lambda x: (x > 0) * x, lambda x: x[..., None].squeeze(-1), lambda x: x.copy().swapaxes(0, 1),
)  # fmt: skip
BINARY = (
    np.add, np.subtract, np.multiply, np.maximum, np.minimum, np.arctan2, np.hypot,
    lambda x, y: x / (1 + y * y), lambda x, y: x @ y.T @ x, lambda x, y: x + y.sum(axis=0, keepdims=True),
    lambda x, y: np.dot(x, y.T) @ y, lambda x, y: np.where(x < y, x, y), lambda x, y: x * y[0, 0] + 2,
    lambda x, y: np.mean(x, axis=1, keepdims=True) * y, lambda x, y: 0.5 - x + y,
)  # fmt: skip

PLAN = st.lists(
    st.tuples(st.booleans(), st.integers(0, 99), st.integers(0, 99), st.integers(0, 99), st.booleans()), max_size=12
)


def made(plan):
    def f(a, b):
        values = [a, b]
        for unary, op, left, right, in_place in plan:
            x, y = values[left % len(values)], values[right % len(values)]
            out = UNARY[op % len(UNARY)](x) if unary else BINARY[op % len(BINARY)](x, y)
            if in_place:
                out = out * 1
                same = out
                out += 1
                out = same
            values.append(out)
        return values[-1].sum() + values[len(values) // 2]

    return f


@settings(max_examples=200, deadline=None)
@given(PLAN, st.integers(0, 10**6))
def test_numpy_and_the_program_agree(plan, seed):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(3, 3)), rng.normal(size=(3, 3))
    f = made(plan)
    with np.errstate(all="ignore"):
        expected = f(a, b)
    (found,) = Interpreter(check(trace(f, a, b)))(a, b)
    np.testing.assert_allclose(found, expected, rtol=1e-13)  # a dropped copy may change the order of a sum


@settings(max_examples=60, deadline=None)
@given(PLAN, st.integers(0, 10**6))
def test_the_traced_program_is_the_same_each_time(plan, seed):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(3, 3)), rng.normal(size=(3, 3))
    first, second = trace(made(plan), a, b), trace(made(plan), a, b)
    assert [(s.op, s.params, s.output.hint) for s in first.steps] == [
        (s.op, s.params, s.output.hint) for s in second.steps
    ]


def test_a_long_loop_is_linear_and_needs_no_recursion():
    def looped(n):
        def f(x):
            for _ in range(n):
                x = np.sin(x) * 0.5
            return x

        start = time.process_time()
        program = trace(f, 1.0)
        return time.process_time() - start, program

    looped(1000)
    short, _ = looped(10_000)
    long, program = looped(100_000)
    assert len(program.steps) == 200_000
    assert long < 40 * short + 1
    x = 1.0
    for _ in range(100_000):
        x = np.sin(x) * 0.5
    assert Interpreter(program)(1.0) == (x,)

"""S1 to S10 of the worksheets, written as NumPy functions."""

import numpy as np
import pytest

from chalkgrad.evaluate.interpret import Interpreter
from chalkgrad.ir.check import check
from chalkgrad.ir.names import names
from chalkgrad.trace.record import trace
from chalkgrad.transform.backprop import backprop


def value_and_gradients(function, *args, upstream=1.0):
    program = check(trace(function, *args))
    found = backprop(program)
    check(found.gradient)
    value, *gradients = Interpreter(found.gradient)(*args, upstream)
    return program, value, gradients


def s1(x, y, z):
    q = x + y
    return q * z


def s2(w0, x0, w1, x1, w2):
    return 1 / (1 + np.exp(-(w0 * x0 + w1 * x1 + w2)))


def s3(a, b, c, d):
    return (3 * a - b) ** 2 + c * d


def s4(w1, w2, b, x1, x2, y):
    z = w1 * x1 + w2 * x2 + b
    h = 1 / (1 + np.exp(-z))
    return -y * np.log(h) - (1 - y) * np.log(1 - h)


def s5(x):
    return 1 / (1 + np.exp(-x))


def s6(x):
    return np.maximum(x, 0)


def s7(x):
    return 2 / (1 + np.exp(-2 * x)) - 1


def s8_product(x, y):
    return x * y


def s8_sum(x, y):
    return x + y


def s8_max(x, y):
    return np.maximum(x, y)


def s9(x, y, z):
    g = x + y
    h = g * z
    f = h + x
    return f


def s10(x, y):
    sigy = 1 / (1 + np.exp(-y))
    num = x + sigy
    sigx = 1 / (1 + np.exp(-x))
    sum = x + y
    sqr = sum**2
    denom = sigx + sqr
    inv = 1 / denom
    return num * inv


CASES = [
    (s1, (-2, 5, -4), 1, -12, (-4, -4, 3)),
    (s2, (2, -1, -3, -2, -3), 1, 0.731059, (-0.196612, 0.393224, -0.393224, -0.589836, 0.196612)),
    (s3, (1, 2, -3, 4), 1, -11, (6, -2, 4, -3)),
    (s3, (0.4, 2.2, -3.4, 4.3), 1, -13.62, None),
    (s4, (2, -1, 0.5, 1, 3, 0), 1, 0.474077, (0.377541, 1.132622, 0.377541)),
    (s4, (1.9622459, -1.1132622, 0.4622459, 1, 3, 0), 1, 0.336757, None),
    (s5, (0,), -3, 0.5, (-0.75,)),
    (s6, (-1,), -3, 0, (0,)),
    (s7, (0.7,), 1, np.tanh(0.7), (1 - np.tanh(0.7) ** 2,)),
    (s8_product, (1, -2), 1, -2, (-2, 1)),
    (s8_product, (1.1, -2), 1, -2.2, None),
    (s8_sum, (1, -2), 1, -1, (1, 1)),
    (s8_max, (1, -2), 1, 1, (1, 0)),
    (s9, (-2, 5, -4), 1, -14, (-3, -4, 3)),
    (s10, (3, -4), 1, 1.545645, (2.059570, 1.592233)),
]


@pytest.mark.parametrize(("function", "at", "upstream", "value", "gradients"), CASES)
def test_the_worksheets_numbers(function, at, upstream, value, gradients):
    _, found, slopes = value_and_gradients(function, *at, upstream=upstream)
    assert found == pytest.approx(value, abs=1e-6)
    assert found == pytest.approx(float(function(*map(float, at))), abs=1e-12)
    if gradients is not None:
        assert slopes[: len(gradients)] == pytest.approx(list(gradients), abs=1e-6)


@pytest.mark.parametrize(
    ("function", "stages"),
    [(s1, {"q"}), (s4, {"z", "h"}), (s9, {"g", "h", "f"}), (s10, {"num", "sum", "sqr", "denom", "inv"})],
)
def test_stages_have_the_names_in_the_code(function, stages):
    program = trace(function, *[1.0] * function.__code__.co_argcount)
    assert stages <= set(names(program).values())


def test_two_layer_network_against_differences():
    rng = np.random.default_rng(0)
    args = [rng.normal(size=s) for s in ((4, 3), (4, 1), (1, 4), (1, 1), (3, 5))]
    labels = rng.integers(0, 2, size=(1, 5))

    def loss(W1, b1, W2, b2, X, Y):
        h = 1 / (1 + np.exp(-(W2 @ np.maximum(W1 @ X + b1, 0) + b2)))
        return -np.mean(Y * np.log(h) + (1 - Y) * np.log(1 - h))

    program, value, gradients = value_and_gradients(loss, *args, labels)
    assert value == pytest.approx(loss(*args, labels), rel=1e-14)
    assert [v.hint for v in program.inputs] == ["W1", "b1", "W2", "b2", "X", "Y"]
    for k, gradient in enumerate(gradients):
        for at in np.ndindex(*args[k].shape):
            ends = []
            for step in (1e-6, -1e-6):
                moved = [a.copy() for a in args]
                moved[k][at] += step
                ends.append(loss(*moved, labels))
            assert gradient[at] == pytest.approx((ends[0] - ends[1]) / 2e-6, abs=1e-7)

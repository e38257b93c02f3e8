"""Widths as NumPy 2 has them: a bare number of Python's widens nothing, a number of NumPy's does."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chalkgrad as cg
from chalkgrad.errors import TraceError
from chalkgrad.evaluate.interpret import Interpreter
from chalkgrad.ir.check import check

X = np.array([0.3, 0.7, 1.2], np.float32)
NARROW = np.array([1.0, 2.0, 3.0], np.float32)
WIDE = np.float64(0.3)
PLACES = np.arange(3)


def _write(x: Any, rate: Any) -> Any:
    y = x.copy()
    y[0] = rate
    y *= rate
    y += np.float64(1)
    y[1] = np.float64(0.2)
    return y


def _total(x: Any, rate: Any) -> Any:
    total = 0.0
    for v in x:
        total += v * rate
    return total


def _wide_total(x: Any, rate: Any) -> Any:
    total = np.float64(0)
    for v in x:
        total += v * rate
    return total


def _doubled(x: Any, rate: Any) -> Any:
    rate *= 2
    rate += 1
    return x * rate


def _into_zeros(x: Any, rate: Any) -> Any:
    z = np.zeros(3)
    z += x * rate
    return z


def _into_alike(x: Any, rate: Any) -> Any:
    z = np.zeros_like(x)
    z[0] += rate
    z[1] = rate
    return z * x


FUNCTIONS: dict[str, Callable[[Any, Any], Any]] = {
    "beside": lambda x, rate: x * rate,
    "before": lambda x, rate: rate - x,
    "bare with bare": lambda x, rate: x * (rate * 2 + 1 - 3 / rate),
    "power": lambda x, rate: x**rate,
    "exponent": lambda x, rate: rate**x,
    "signs": lambda x, rate: x * -abs(+rate),
    "remainder": lambda x, rate: x * (rate % 2) + (rate // 2 + 1) * (x % rate),
    "rounded": lambda x, rate: round(rate, 1) * x,
    "sum of Python's": lambda x, rate: sum([rate * v for v in x]),
    "greater of Python's": lambda x, rate: max(rate, 0.1) * x,
    "function of it alone": lambda x, rate: np.sqrt(rate) * x,
    "ufunc of it alone": lambda x, rate: np.multiply(rate, 2.0) * x,
    "positive": lambda x, rate: np.positive(rate) * x,
    "sum of it alone": lambda x, rate: np.sum(rate) * x,
    "radians of it": lambda x, rate: np.radians(rate) * x,
    "greatest of a list": lambda x, rate: np.max([rate, 0.1]) * x,
    "array of it": lambda x, rate: np.array(rate) * x,
    "asarray of it": lambda x, rate: np.asarray(rate) + x,
    "array of several": lambda x, rate: np.asarray([rate, rate, rate]) * x,
    "truth": lambda x, rate: x * (rate > 0.1),
    "truths counted": lambda x, rate: x * ((rate > 0.1) * 2),
    "compared": lambda x, rate: np.where(x > rate, x, rate),
    "clip": lambda x, rate: np.clip(x, -rate, rate),
    "maximum": lambda x, rate: np.maximum(x, rate),
    "hypot": lambda x, rate: np.hypot(rate, x),
    "select": lambda x, rate: np.select([x > 0.5], [x], rate),
    "nan_to_num": lambda x, rate: np.nan_to_num(x, nan=rate),
    "stack": lambda x, rate: np.stack([x[0], rate]),
    "array of both": lambda x, rate: np.array([x[0], rate]),
    "hstack": lambda x, rate: np.hstack([x, rate]),
    "dot": lambda x, rate: np.dot(x, rate),
    "inner": lambda x, rate: np.inner(x, rate),
    "outer": lambda x, rate: np.outer(x, rate),
    "outer of a ufunc": lambda x, rate: np.add.outer(x, rate),
    "einsum": lambda x, rate: np.einsum("i,->i", x, rate),
    "tensordot": lambda x, rate: np.tensordot(x, rate, 0),
    "full": lambda x, rate: np.full(3, rate) * x,
    "full_like": lambda x, rate: np.full_like(x, rate) * x,
    "linspace": lambda x, rate: np.linspace(x[0], rate, 3),
    "trapezoid": lambda x, rate: np.trapezoid(x, dx=rate) if hasattr(np, "trapezoid") else x,
    "gradient": lambda x, rate: np.gradient(x, rate),
    "polyval": lambda x, rate: np.polyval(x, rate),
    "entry": lambda x, rate: x[0] * rate,
    "item": lambda x, rate: x[0].item() * x * rate,
    "tolist": lambda x, rate: x.tolist()[1] * x * rate,
    "result_type": lambda x, rate: x.astype(np.result_type(x, rate)) + x,
    "NumPy's float": lambda x, rate: x * rate * WIDE,
    "NumPy's int": lambda x, rate: x * np.int64(2) + rate,
    "NumPy's short int": lambda x, rate: x * np.int8(2) + rate,
    "NumPy's narrow float": lambda x, rate: x + np.float32(0.1) * rate,
    "narrow float with it alone": lambda x, rate: np.float32(0.1) * rate,
    "NumPy's root": lambda x, rate: x * np.sqrt(2) + rate,
    "Python's root": lambda x, rate: x * math.sqrt(2) * np.pi / len(x) + rate,
    "NumPy's float chosen": lambda x, rate: np.where(x > rate, x, np.float64(0)),
    "NumPy's float compared": lambda x, rate: np.where(x < np.float64(np.float32(0.7)), x, rate),
    "Python's int chosen": lambda x, rate: np.where(x > rate, x, 0),
    "truths added": lambda x, rate: x * ((rate > 0.1) + (rate > 0.2)) - (rate > 0.1) + True,
    "NumPy's narrow float with truths": lambda x, rate: (x > rate) * NARROW[1],
    "NumPy's narrow float chosen": lambda x, rate: np.where(x > rate, 3, NARROW[1]),
    "entry of whole numbers": lambda x, rate: x * PLACES[1] + rate,
    "array of one whole number": lambda x, rate: np.asarray(PLACES[1]) - x.sum() * math.pi,
    "places": lambda x, rate: x + PLACES * rate,
    "narrow array outside": lambda x, rate: NARROW * rate + x * rate,
    "write": _write,
    "total": _total,
    "wide total": _wide_total,
    "in place": _doubled,
    "into zeros": _into_zeros,
    "into alike": _into_alike,
}
RATES = [0.3, 2, np.float64(0.3), np.float32(0.3), np.int64(2)]
each_function = pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
each_rate = pytest.mark.parametrize("rate", RATES, ids=[f"{type(r).__name__}" for r in RATES])


@each_rate
@each_function
def test_the_result_is_as_wide_as_numpys_and_equal(function: Callable[..., Any], rate: Any) -> None:
    expected = np.asarray(function(X, rate))
    program = check(cg.trace(function, X, rate))
    given = [np.asarray(v, v_.type.dtype)[()] for v, v_ in zip((X, rate), program.inputs, strict=True)]
    (found,) = Interpreter(program)(*given)
    assert program.output.type.dtype == expected.dtype.name == np.asarray(found).dtype.name
    np.testing.assert_allclose(found, expected, rtol=1e-6 if expected.dtype == np.float32 else 1e-15)


@pytest.mark.parametrize("rate", [0.3, np.float64(0.3), np.float32(0.3)], ids=lambda r: type(r).__name__)
@each_function
def test_each_gradient_is_as_wide_as_its_variable(function: Callable[..., Any], rate: Any) -> None:
    def loss(x: Any, rate: Any) -> Any:
        return np.sum(function(x, rate))

    with np.errstate(all="ignore"):
        of_x, of_rate = cg.grad(loss, wrt=(0, 1))(X, rate)
    assert np.asarray(of_x).dtype == np.float32
    assert np.asarray(of_rate).dtype == (np.float32 if isinstance(rate, np.float32) else np.float64)


def test_a_bare_number_is_none_of_numpys_to_isinstance() -> None:
    def kind(x: Any, rate: Any) -> Any:
        return x * (1.0 if isinstance(rate, np.floating) else 2.0 if isinstance(rate, float) else 3.0)

    for rate, times in ((0.5, 2), (np.float64(0.5), 1), (np.float32(0.5), 1), (2, 3)):
        np.testing.assert_array_equal(cg.value_and_grad(lambda x, r: np.sum(kind(x, r)))(X, rate)[1], np.full(3, times))


def test_calls_with_a_bare_number_and_with_one_of_numpys_are_kept_apart() -> None:
    step = cg.value_and_grad(lambda x, rate: np.sum(x * rate))
    for _ in range(2):
        assert step(X, 0.1)[0].dtype == np.float32
        assert step(X, np.float64(0.1))[0].dtype == np.float64


def test_truths_of_pythons_own_count_in_arithmetic() -> None:
    def counted(x: Any, rate: Any) -> Any:
        above = rate > 0.1
        return x * (above + above) + -above + (above & (rate > 0.2))

    program = cg.trace(counted, X, 0.3)
    np.testing.assert_array_equal(Interpreter(program)(X, 0.3)[0], counted(X, 0.3))
    with pytest.raises(TraceError, match=r"np\.invert is no op here"):  # Python gives -2, and no truth
        cg.trace(lambda x, rate: np.where(~(rate > 0.1), x, 0), X, 0.3)


def test_one_cast_serves_every_use_in_a_loop() -> None:
    def descent(x: Any, rate: Any) -> Any:
        for _ in range(50):
            x = x - rate * x
        return x

    steps = cg.trace(descent, X, 0.1).steps
    assert [s.op.name for s in steps].count("cast") == 1


def test_float64_alone_has_no_cast_at_all() -> None:
    program = cg.trace(lambda x, rate, n: x * rate + n * np.float64(2) - rate * n, X.astype(float), 0.1, 3)
    assert "cast" not in [s.op.name for s in program.steps]


def test_transforms_inside_of_one_another_keep_the_width() -> None:
    def loss(x: Any, rate: Any) -> Any:
        return np.sum(np.sin(x * rate) ** 2)

    inner = cg.grad(lambda x, rate: np.sum(cg.grad(loss)(x, rate) * x))
    assert inner(X, 0.5).dtype == np.float32
    assert cg.hessian(loss)(X, 0.5).dtype == np.float32
    assert cg.jacobian(lambda x, rate: x * rate)(X, 0.5).dtype == np.float32
    assert cg.vmap(lambda v, rate: v * rate, in_axes=(0, None))(X, 0.1).dtype == np.float32


def test_a_carry_that_starts_as_a_bare_number_is_as_wide_as_the_loop_makes_it() -> None:
    def looped(rate: Any, x: Any) -> Any:
        return cg.scan(lambda total, v: (total + v * rate, total), 0.0, x)[0]

    def plain(rate: Any, x: Any) -> Any:
        total = 0.0
        for v in x:
            total = total + v * rate
        return total

    value, slope = cg.value_and_grad(looped)(0.1, X)
    assert value.dtype == plain(0.1, X).dtype == np.float32
    np.testing.assert_allclose(value, plain(0.1, X), rtol=1e-6)
    np.testing.assert_allclose(slope, X.sum(), rtol=1e-6)
    unmixed = cg.value_and_grad(lambda rate, x: cg.scan(lambda c, v: (c * rate, v), 1, x)[0])
    assert unmixed(0.1, X)[0].dtype == np.float64

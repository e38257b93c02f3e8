"""Products of many entries: what moves with them is exact at zeros, and takes a step an entry."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chalkgrad as cg
from chalkgrad.ops.long_products import FEW

LENGTHS = (FEW, FEW + 1, 40)


def _samples(n: int, zeros: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    rng = np.random.default_rng(n)
    x = rng.normal(size=n) + 1
    x[rng.permutation(n)[:zeros]] = 0
    return x, rng.normal(size=n)


@pytest.mark.parametrize("zeros", [0, 1, 2])
@pytest.mark.parametrize("n", LENGTHS)
def test_running_products(n: int, zeros: int) -> None:
    x, w = _samples(n, zeros)
    expected = np.zeros(n)
    for k in range(n):
        others = np.cumprod(np.where(np.arange(n) == k, 1, x))
        expected[k] = others[k:] @ w[k:]

    def f(x: Any) -> Any:
        return np.sum(np.cumprod(x) * w)

    np.testing.assert_allclose(cg.grad(f)(x), expected, rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(cg.compile(cg.grad(f), x)(x), expected, rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(cg.jvp(f, (x,), (w,))[1], expected @ w, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("zeros", [0, 1, 2])
@pytest.mark.parametrize("n", LENGTHS)
def test_products(n: int, zeros: int) -> None:
    x, w = _samples(n, zeros)
    expected = np.array([np.prod(np.delete(x, k)) for k in range(n)])
    np.testing.assert_allclose(cg.grad(np.prod)(x), expected, rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(cg.jvp(np.prod, (x,), (w,))[1], expected @ w, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("zeros", [0, 1, 2])
@pytest.mark.parametrize("function", [np.prod, lambda x: np.sum(np.cumprod(x))])
def test_second_derivatives(function: Any, zeros: int) -> None:
    x, _ = _samples(FEW + 1, zeros)
    slope, step = cg.grad(function), 1e-6 * np.eye(x.size)
    expected = np.array([(slope(x + e) - slope(x - e)) / 2e-6 for e in step])
    found = cg.hessian(function)(x)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6 * np.max(np.abs(expected)))


FUNCTIONS = {
    "down": lambda x: np.cumprod(x, axis=0),
    "across": lambda x: np.cumprod(x.T, axis=1),
    "columns": lambda x: np.prod(x, axis=0),
    "kept": lambda x: np.prod(np.reshape(x, (5, 4, 3)), axis=(0, 1), keepdims=True),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_along_axes(name: str) -> None:
    function = FUNCTIONS[name]
    x = np.random.default_rng(0).normal(size=(20, 3)) + 1
    x[4, 1] = 0
    found = cg.grad(lambda x: np.sum(function(x) ** 2 + function(x)))(x)
    for place in ((0, 0), (4, 1), (7, 1), (19, 2)):
        moved = x.copy()
        moved[place] += 1e-6
        high = np.sum(function(moved) ** 2 + function(moved))
        moved[place] -= 2e-6
        slope = (high - np.sum(function(moved) ** 2 + function(moved))) / 2e-6
        np.testing.assert_allclose(found[place], slope, rtol=1e-4, atol=1e-5)


def test_a_zero_stays_zero_where_what_is_behind_it_is_too_large_for_a_number() -> None:
    x = np.array([2.0, 0.0, *[1e200] * 18])
    found = cg.grad(lambda x: np.sum(np.cumprod(x)))(x)
    assert found[0] == 1.0
    assert np.all(found[2:] == 0.0)


def test_many_entries() -> None:
    x = np.random.default_rng(0).uniform(0.99, 1.01, 30_000)
    total, slope = cg.value_and_grad(lambda x: np.sum(np.cumprod(x)))(x)
    products = np.cumprod(x)
    np.testing.assert_allclose(total, np.sum(products), rtol=1e-10)
    np.testing.assert_allclose(slope, np.cumsum(products[::-1])[::-1] / x, rtol=1e-9)


def test_float32_stays_so() -> None:
    x = np.full(30, 1.1, np.float32)
    assert cg.grad(lambda x: np.sum(np.cumprod(x)))(x).dtype == np.float32

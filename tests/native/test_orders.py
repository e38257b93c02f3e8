"""Sorting in machine code gives NumPy's own order, whatever is sorted."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import chalkgrad as cg
from chalkgrad.native.products import orders
from chalkgrad.native.segments import pieces
from chalkgrad.trace.record import record
from chalkgrad.transform.backprop import pullback
from chalkgrad.transform.prepare import prepare

SHORT = {"float64": "f64", "float32": "f32", "int64": "i64"}
# On both sides of where words are compared with all others, and of where more digits are looked at.
LENGTHS = (1, 2, 3, 11, 12, 13, 40, 99, 100, 101, 257, 1000, 1001, 20_000, 100_001)


def numbers(n: int) -> Iterator[tuple[str, Any]]:
    rng = np.random.default_rng(n)
    yield "normal", rng.normal(size=n)
    yield "ties", rng.integers(0, max(n // 3, 2), n) / 7
    yield "alike", np.full(n, 3.3)
    yield "hard", rng.choice([np.nan, -np.nan, np.inf, -np.inf, 0.0, -0.0, 5e-324, -5e-324, 1.0, 1e308], n)
    yield "backwards", np.sort(rng.normal(size=n))[::-1]
    yield "wide", np.exp(rng.normal(size=n) * 100)
    # many that differ in their lowest bits alone, which the place has taken where two lie far off
    near = 1 + rng.integers(0, 2**18, n) * 2.0**-52
    near[0], near[-1] = 1e300, -1e300
    yield "near", near
    yield "once more", rng.choice(rng.normal(size=max(n // 10, 1)), n)
    mixed = rng.normal(size=n)
    mixed[rng.random(n) < 0.1], mixed[rng.random(n) < 0.1], mixed[rng.random(n) < 0.05] = -0.0, 0.0, np.nan
    yield "mixed", mixed


def done(name: str, x: Any) -> Any:
    """What the routine gives for rows."""
    x = np.ascontiguousarray(x)
    into = np.empty(x.shape, np.int64 if name == "argsort" else x.dtype)
    n = x.shape[-1]
    plan, failed = np.array([x.size // n, n]), np.zeros(1, np.uint8)
    routine = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 5)(orders.address(f"{name}_{SHORT[x.dtype.name]}"))
    routine(*[a.ctypes.data for a in (into, x, x, plan, failed)])
    assert not failed[0]
    return into


def same(found: Any, expected: Any) -> None:
    np.testing.assert_array_equal(found, expected)
    odd = np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(found[~odd]), np.signbit(expected[~odd]))


@pytest.mark.parametrize("n", LENGTHS)
@pytest.mark.parametrize("dtype", ["float64", "float32", "int64"])
def test_order_is_the_stable_one(dtype: str, n: int) -> None:
    for kind, x in numbers(n):
        with np.errstate(all="ignore"):
            given = np.clip(np.where(np.isfinite(x), x, 0) * 1e15, -9e18, 9e18) if dtype == "int64" else x
            given = given.astype(dtype)
        order = np.argsort(given, kind="stable")
        np.testing.assert_array_equal(done("argsort", given), order, err_msg=kind)
        same(done("sort", given), given[order])


def test_whole_numbers_from_end_to_end() -> None:
    x = np.array([2**63 - 1, -(2**63), 0, -1, 2**63 - 1, 1])
    np.testing.assert_array_equal(done("argsort", x), np.argsort(x, kind="stable"))
    np.testing.assert_array_equal(done("sort", x), np.sort(x))


@pytest.mark.parametrize("shape", [(7, 5), (3, 50), (200, 4), (1, 300)])
def test_every_row(shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(0).integers(0, 9, shape) / 3
    np.testing.assert_array_equal(done("argsort", x), np.argsort(x, kind="stable"))
    np.testing.assert_array_equal(done("sort", x), np.sort(x))


WEIGHTS = np.cos(np.arange(60.0))
FUNCTIONS = {
    "sort": lambda x: np.sum(WEIGHTS * x[0] * np.sort(x)),
    "least": lambda x: np.sum(np.sort(x * x)[:5] ** 2),
    "columns": lambda x: np.sum(np.sort(x.reshape(6, 10), axis=0) * WEIGHTS.reshape(6, 10)),
    "both": lambda x: np.sum(np.sort(x.reshape(6, 10), axis=-1)[:, ::-1] * np.sort(x.reshape(6, 10), axis=0)),
    "median": lambda x: np.median(x) * np.sum(np.median(x.reshape(10, 6), axis=1) ** 2),
    "quantile": lambda x: np.quantile(x.reshape(3, 4, 5), 0.3, axis=(0, 2)) @ np.arange(4.0),
    "mapped": lambda x: np.sum(cg.vmap(lambda row: np.sort(row)[2] * row[0])(x.reshape(12, 5))),
}


def turns(x: Any) -> Any:
    return cg.scan(lambda x, k: (np.sort(x * 1.1 - x[3] * 0.2), x[0] * k), x, np.arange(1.0, 30.0))[1]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", [*FUNCTIONS, "turns"])
def test_gradients_are_those_of_the_interpreter_and_one_piece(name: str, dtype: str, monkeypatch: Any) -> None:
    function = FUNCTIONS.get(name, lambda x: np.sum(turns(x)))
    x = np.random.default_rng(3).integers(-20, 20, 60).astype(dtype) / 8  # ties, and both zeros
    x[4] = -0.0
    made: Any = cg.compile(cg.value_and_grad(function), x)
    assert len(made.artifacts) == 1
    found = made(x)
    monkeypatch.setenv("CHALKGRAD_NATIVE", "off")
    expected = cg.value_and_grad(function)(x)
    rough = 1e-12 if dtype == "float64" else 2e-4
    np.testing.assert_allclose(found[0], expected[0], rtol=rough)
    scale = float(np.max(np.abs(expected[1])))
    np.testing.assert_allclose(found[1], expected[1], rtol=rough, atol=rough * scale)


def test_what_is_sorted_is_sorted_once() -> None:
    program = record(lambda x: np.sum(np.sort(x) ** 3), (np.arange(9.0),), {}).program
    steps = [s.op.name for s in prepare(pullback(program)).steps]
    assert steps.count("argsort") == 1
    assert "sort" not in steps
    columns = record(lambda x: (np.sort(x, axis=0), np.argsort(x, axis=1, kind="stable")), (np.ones((3, 3)),), {})
    steps = [s.op.name for s in prepare(columns.program).steps]
    assert sorted(steps) == ["argsort", "sort"]  # along another axis
    columns = record(lambda x: (np.sort(x, axis=0), np.argsort(x, axis=-2, kind="stable")), (np.ones((3, 3)),), {})
    steps = [s.op.name for s in prepare(columns.program).steps]
    assert sorted(steps) == ["argsort", "take_along"]


def test_long_rows_are_sorted_by_numpy_unless_the_order_is_asked_for() -> None:
    x = np.sin(np.arange(20_000.0))
    program = record(lambda x: np.sum(np.sort(x) ** 3), (x,), {}).program
    assert [p.native for p in pieces(prepare(program))] == [False, True]
    assert [p.native for p in pieces(prepare(pullback(program)))] == [True]
    made: Any = cg.compile(cg.value_and_grad(lambda x: np.sum(np.sort(x) ** 3)), x)
    np.testing.assert_allclose(made(x)[1], 3 * x**2, rtol=1e-14)


@pytest.mark.parametrize("method", ["linear", "midpoint", "lower", "higher", "nearest"])
@pytest.mark.parametrize("q", [0.0, 0.25, 0.3, 0.5, 0.75, 1.0])
def test_quantiles_of_infinities_and_zeros_are_numpys(q: float, method: Any) -> None:
    """At whole places too there is a step between two entries, which are infinite, or both -0."""
    for n in (1, 2, 3, 5):
        rows = np.array([[end] * (n - 1) + [last] for end in (-np.inf, -1.0, -0.0) for last in (np.inf, -0.0, np.nan)])
        rows = np.concatenate([rows, np.full((1, n), np.inf), np.full((1, n), -np.inf)])
        made: Any = cg.compile(lambda x: np.quantile(x, q, axis=1, method=method), rows)
        with np.errstate(all="ignore"):
            same(made(rows), np.quantile(rows, q, axis=1, method=method))

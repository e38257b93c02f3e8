"""Products of float32 and float64."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chalkgrad as cg
from chalkgrad.native.plan.plan import plan
from chalkgrad.native.tree import Product, walk
from chalkgrad.trace.record import trace
from chalkgrad.transform.backprop import pullback
from chalkgrad.transform.prepare import prepare

RNG = np.random.default_rng(0)
WIDE, NARROW = RNG.normal(size=(60, 50)), RNG.normal(size=(50, 40)).astype(np.float32)


def both(a: Any, b: Any) -> Any:
    return np.sum(np.tanh(a @ b) ** 2)


def routines(f: Any, *given: Any) -> int:
    """How many products a routine does."""
    return sum([isinstance(s, Product) for s in walk(plan(prepare(trace(f, *given))).body)])


def test_a_routine_does_them() -> None:
    assert routines(both, WIDE, NARROW) == 1
    assert routines(both, NARROW.T, WIDE.T) == 1
    assert routines(lambda a, b: np.einsum("ij,kj->ik", a, b), WIDE, NARROW.T) == 1


def test_a_routine_does_what_is_narrow_again_on_the_way_back() -> None:
    def mixed(a: Any, b: Any) -> Any:
        return np.sum(np.tanh((NARROW.T @ a) / np.float64(3.0)) ** 2) + np.sum(b)

    given = np.float32(WIDE[:50]), NARROW
    tree = plan(prepare(pullback(trace(mixed, *given))))
    assert sum([isinstance(s, Product) for s in walk(tree.body)]) == 2


def test_what_is_widened_is_so_once() -> None:
    def twice(a: Any, b: Any) -> Any:
        return both(a, b) + both(a * 2.0, b)

    tree = plan(prepare(trace(twice, WIDE, NARROW)))
    made = [b.name for b in tree.buffers() if b.name.endswith("_64")]
    assert len(made) == 1
    assert sum([isinstance(s, Product) for s in walk(tree.body)]) == 2


@pytest.mark.parametrize("given", [(WIDE, NARROW), (NARROW.T, WIDE.T), (WIDE[0], NARROW), (WIDE[:2], NARROW)])
def test_numbers_and_widths_are_the_interpreters(given: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as alone:
        alone.setenv("CHALKGRAD_NATIVE", "off")
        right, rights = cg.value_and_grad(lambda a, b: both(a, b), wrt=(0, 1))(*given)
    value, slopes = cg.compile(cg.value_and_grad(both, wrt=(0, 1)), *given)(*given)
    assert np.isclose(value, right, rtol=1e-12)
    for got, want in zip(slopes, rights, strict=True):
        assert got.dtype == want.dtype
        np.testing.assert_allclose(got, want, rtol=1e-5 if want.dtype == np.float32 else 1e-11, atol=1e-12)


def test_in_a_loop_of_which_each_turn_reads_another_row() -> None:
    rows = RNG.normal(size=(30, 50, 40)).astype(np.float32)

    def turned(a: Any, b: Any) -> Any:
        return cg.scan(lambda c, row: (c + np.sum(np.tanh(a @ row) ** 2), None), 0.0, b)[0]

    found = cg.compile(cg.grad(turned, wrt=0), WIDE, rows)(WIDE, rows)
    parts = sum([2 * np.tanh(WIDE @ r) * (1 - np.tanh(WIDE @ r) ** 2) @ r.T for r in rows])
    np.testing.assert_allclose(found, parts, rtol=1e-9, atol=1e-9)

"""Products of which something is known to be 0, or is not needed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chalkgrad as cg
from chalkgrad.evaluate.interpret import Interpreter
from chalkgrad.native.emit.emit import emit
from chalkgrad.native.emit.lanes import choose
from chalkgrad.native.plan.plan import plan
from chalkgrad.native.products import contract
from chalkgrad.native.products.routines import Plan
from chalkgrad.native.tree import Product, Tree, walk
from chalkgrad.trace.record import record
from chalkgrad.transform.prepare import prepare
from tests.native.machine import call

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def _own(monkeypatch: pytest.MonkeyPatch) -> None:
    """By tiles of our own, which alone leave anything out."""
    monkeypatch.setattr(contract, "by_library", lambda matrices: None)  # type: ignore[reportUnknownLambdaType]


def planned(function: Callable[..., Any], *args: Any) -> Tree:
    program = prepare(record(function, args, {}).program)
    tree = plan(program)
    for found, wanted in zip(call(emit(choose(tree)), args), Interpreter(program)(*args), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-11, atol=1e-11)
    return tree


def share(tree: Tree) -> list[float]:
    """Which part of its products each routine does."""
    found: list[float] = []
    for s in walk(tree.body):
        if isinstance(s, Product):
            assert s.plan.values is not None
            p = s.plan.values
            ranges = p[p[Plan.RANGES] :].reshape(-1, 4) if p[Plan.RANGES] else None
            done = 1.0 if ranges is None else float(np.mean(ranges[:, 1] * (ranges[:, 3] - ranges[:, 2])))
            found.append(done if ranges is None else done / (p[Plan.ROWS] * p[Plan.TERMS]))
    return found


def lower(entries: Any, d: int) -> Any:
    """A triangle with these entries."""
    rows, columns = np.tril_indices(d)
    whole = np.zeros((d, d))
    whole[rows, columns] = entries
    return whole


D = 64
ENTRIES = RNG.normal(size=D * (D + 1) // 2)
X = RNG.normal(size=(100, D))


def test_terms_that_are_zero_are_left_out() -> None:
    for function in (
        lambda e, x: x @ lower(e, D).T,
        lambda e, x: x @ lower(e, D),
        lambda e, x: x @ -lower(e, D),
        lambda e, x: np.einsum("kij,nkj->nki", lower(e, D)[None], x[:, None]),
    ):
        (part,) = share(planned(function, ENTRIES, X))
        assert part < 0.65


def test_a_triangle_in_front_is_done_whole() -> None:
    """Its terms are others in every row, and a strip of columns goes over all rows."""
    assert share(planned(lambda e, x: lower(e, D) @ x.T, ENTRIES, X)) == [1.0]


def test_a_band() -> None:
    def banded(e: Any, x: Any) -> Any:
        whole = np.zeros((D, D))
        whole[np.arange(D), np.arange(D)] = e[:D]
        whole[np.arange(D - 1), np.arange(1, D)] = e[D : 2 * D - 1]
        return x @ whole

    (part,) = share(planned(banded, ENTRIES, X))
    assert part < 0.25


def test_entries_that_nobody_reads_are_left_out() -> None:
    """The gradient by a triangle is asked for its own entries alone."""

    def loss(e: Any, x: Any) -> Any:
        return np.sum((x @ lower(e, D).T) ** 2)

    parts = share(planned(lambda e, x: cg.grad(loss)(e, x), ENTRIES, X))
    assert len(parts) == 2
    assert all(p < 0.65 for p in parts)


@pytest.mark.parametrize(
    "function",
    [
        lambda e, x: x @ (lower(e, D) + 1.0),
        lambda e, x: x @ np.exp(lower(e, D)),
        lambda e, x: x @ (lower(e, D) + lower(e, D).T),
    ],
)
def test_what_is_not_zero_any_more_is_all_done(function: Any) -> None:
    assert share(planned(function, ENTRIES, X))[-1] == 1.0


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("turned", [False, True])
def test_zero_times_what_is_no_number_is_not_left_out(odd: float, turned: bool) -> None:
    x = X.copy()
    x[97, 5], x[3, 63] = odd, odd

    def function(e: Any, x: Any) -> Any:
        return x.T.T @ lower(e, D).T if not turned else lower(e, D) @ x.T

    with np.errstate(invalid="ignore"):
        planned(function, ENTRIES, x)

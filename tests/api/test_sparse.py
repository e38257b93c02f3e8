"""Sparse Jacobians that are called again: what was found out serves as long as it holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chalkgrad as cg
from chalkgrad.api import sparse

X = np.array([0.3, -0.7, 0.2, 0.9, 1.4, -0.5])


@pytest.fixture
def plans(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """One entry for every time that dependencies are pushed through a Program."""
    made: list[Any] = []
    pattern = sparse.pattern
    monkeypatch.setattr(sparse, "pattern", lambda *args: made.append(args) or pattern(*args))
    return made


def agree(found: Any, whole: Any) -> None:
    """The same entries, and none elsewhere."""
    np.testing.assert_allclose(found.toarray(), np.reshape(whole, found.shape), rtol=1e-12, atol=1e-15)
    assert len(set(zip(found.rows.tolist(), found.columns.tolist(), strict=True))) == found.values.size


def burgers(u: Any, dt: float = 0.1) -> Any:
    return u[1:-1] * (u[2:] - u[:-2]) - dt * (u[2:] - 2 * u[1:-1] + u[:-2])


def test_the_second_call_is_planned_by_the_first(plans: list[Any]) -> None:
    jacobian = cg.jacobian(burgers, sparse=True)
    for scale in (1.0, 0.5, -3.0, 0.0):
        found = jacobian(scale * X, 0.2)
        agree(found, cg.jacobian(burgers)(scale * X, 0.2))
        assert found.passes == 3
    assert len(plans) == 1
    jacobian(np.arange(9.0))
    assert len(plans) == 2


def test_what_is_given_back_is_the_callers(plans: list[Any]) -> None:
    jacobian = cg.jacobian(burgers, sparse=True)
    first = jacobian(X)
    first.rows[:] = first.columns[:] = 0
    first.values[:] = 7.0
    agree(jacobian(X), cg.jacobian(burgers)(X))
    assert len(plans) == 1


def test_an_index_that_is_given_decides(plans: list[Any]) -> None:
    def picked(x: Any, at: Any) -> Any:
        return x[at] * x[::-1]

    jacobian = cg.jacobian(picked, sparse=True)
    for at in ([0, 1, 2, 3, 4, 5], [5, 5, 0, 0, 1, 2], [5, 5, 0, 0, 1, 2], [0, 1, 2, 3, 4, 5]):
        agree(jacobian(X, np.array(at)), cg.jacobian(picked)(X, np.array(at)))
    assert len(plans) == 3


def test_a_0_in_a_matrix_decides_and_a_factor_does_not(plans: list[Any]) -> None:
    def mixed(x: Any, A: Any, scale: Any) -> Any:
        return (A @ x) * scale

    jacobian = cg.jacobian(mixed, sparse=True)
    A = np.diag(np.arange(1.0, 7.0))
    for scale in (1.0, 2.0):
        assert jacobian(X, A, np.full(6, scale)).values.size == 6
    assert len(plans) == 1
    A[0, 5] = 3.0
    found = jacobian(X, A, np.ones(6))
    assert found.values.size == 7
    agree(found, cg.jacobian(mixed)(X, A, np.ones(6)))


def test_another_branch_has_other_entries() -> None:
    def branched(x: Any) -> Any:
        return x * x[0] if x[0] > 0 else x**2

    jacobian = cg.jacobian(branched, sparse=True)
    for x in (X, -X, X, -X, 2 * X):
        agree(jacobian(x), cg.jacobian(branched)(x))


def test_an_array_from_outside_may_change() -> None:
    A = np.eye(6)
    jacobian = cg.jacobian(lambda x: A @ x, sparse=True)
    assert jacobian(X).values.size == 6
    A[2] = 0.0
    assert jacobian(X).values.size == 5
    A[:] = 1.0
    agree(jacobian(X), A)


def test_the_order_of_another_array_decides() -> None:
    def ranked(x: Any, by: Any) -> Any:
        return np.cumsum(x[np.argsort(by)])

    jacobian = cg.jacobian(ranked, sparse=True)
    for by in (X, -X, X[::-1]):
        agree(jacobian(X, by), cg.jacobian(ranked)(X, by))


def test_nothing_depends() -> None:
    found = cg.jacobian(lambda x: np.floor(x) * 0.0 + np.ones(6), sparse=True)(X)
    assert found.shape == (6, 6)
    agree(found, np.zeros((6, 6)))
    found = cg.jacobian(lambda x, y: y * 1.0, sparse=True)(X, X)
    assert (found.values.size, found.passes) == (0, 0)


@pytest.mark.parametrize("at_once", [1, 13, 20])
def test_colours_in_turns(monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    monkeypatch.setattr(sparse, "AT_ONCE", at_once)
    for function in (np.cumsum, lambda x: np.cumsum(x[::-1]) * x, lambda x: x[:1] * x):
        jacobian = cg.jacobian(function, sparse=True)
        for x in (X, 2 * X):
            agree(jacobian(x), cg.jacobian(function)(x))


def test_within_a_trace_it_says_so() -> None:
    with pytest.raises(cg.TraceError, match=r"line \d+ of .*test_sparse\.py: .* gives no traced value"):
        cg.grad(lambda x: np.sum(cg.jacobian(burgers, sparse=True)(x).values))(X)


PIECES: tuple[Callable[[Any], Any], ...] = (
    lambda x: x * x,
    lambda x: x[::-1] + x,
    lambda x: np.roll(x, 2) * np.sin(x),
    lambda x: np.concatenate([x[3:], x[:3] * x[0]]),
    lambda x: np.where(x > 0, x, np.roll(x, 1)),
    lambda x: np.diff(x, append=1.0),
    lambda x: np.reshape(np.reshape(x, (2, 3)).T, -1),
    lambda x: np.ravel(np.reshape(x, (3, 2)) @ np.array([[1.0, 0.0], [2.0, 1.0]])),
    lambda x: np.ravel(np.reshape(x, (2, 3)) - np.max(np.reshape(x, (2, 3)), axis=1, keepdims=True)),
    lambda x: np.ravel(np.cumsum(np.reshape(x, (2, 3)), axis=0)),
    lambda x: cg.scan(lambda c, r: (c * 0.5 + r, c), 0.0, x)[1],
    lambda x: x[np.array([1, 1, 4, 0, 5, 2])] * np.array([1.0, 0.0, 1.0, 2.0, 0.0, 1.0]),
    lambda x: np.convolve(x, np.array([1.0, 0.0, -1.0]), "same"),
)


@pytest.mark.parametrize("seed", range(12))
def test_random_functions(seed: int) -> None:
    rng = np.random.default_rng(seed)
    chosen = [PIECES[k] for k in rng.choice(len(PIECES), 3)]

    def function(x: Any) -> Any:
        for piece in chosen:
            x = piece(x)
        return x

    jacobian = cg.jacobian(function, sparse=True)
    for _ in range(2):
        x = rng.normal(size=6)
        agree(jacobian(x), cg.jacobian(function)(x))


def test_a_product_whose_left_factor_moves_and_whose_rows_add() -> None:
    """NumPy's products of objects go on after an error in one row, so none may be raised within."""
    x, y = np.arange(1.0, 4.0), np.array([2.0, 3.0, 5.0])
    found = cg.jacobian(lambda x, y: np.diag(x) @ y, wrt=0, sparse=True)(x, y)
    assert np.array_equal(found.toarray(), np.diag(y))
    stacked = cg.jacobian(lambda x, y: x.reshape(3, 2, 2) @ y, wrt=0, sparse=True)(np.arange(12.0), np.ones((2, 3)))
    assert np.array_equal(stacked.toarray(), np.kron(np.eye(6), np.ones((3, 2))))

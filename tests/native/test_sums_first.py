"""Sums over products of matrices in which one factor is summed first."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chalkgrad as cg
from chalkgrad.evaluate.interpret import Interpreter
from chalkgrad.native.emit.emit import emit
from chalkgrad.native.emit.lanes import choose
from chalkgrad.native.plan.plan import plan
from chalkgrad.native.tree import Loop, Stmt, Tree
from chalkgrad.trace.record import record
from chalkgrad.transform.prepare import prepare
from tests.native.machine import GaveUp, call
from tests.native.tree_run import run


def planned(function: Any, *args: Any) -> Tree:
    """The tree, which gives what the interpreter gives."""
    program = prepare(record(function, args, {}).program)
    tree = plan(program)
    for found, wanted in zip(run(tree, args), Interpreter(program)(*args), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12)
    return tree


def turns(body: list[Stmt]) -> int:
    """How many statements are done, all turns of all loops together."""
    return sum([s.extent * turns(s.body) if isinstance(s, Loop) else 1 for s in body])


RNG = np.random.default_rng(0)
A, B = RNG.normal(size=(11, 5)), RNG.normal(size=(5, 7))


@pytest.mark.parametrize(
    "function",
    [
        lambda a, b: np.sum(a @ b, axis=0),
        lambda a, b: np.sum(a @ b, axis=1),
        lambda a, b: -np.sum(a @ b, axis=0) * 2.0,
        lambda a, b: np.sum(-(a @ b), axis=0),
        lambda a, b: np.sum(a @ b),
        lambda a, b: np.sum(np.einsum("ni,ij->jn", a, b), axis=1),
    ],
)
def test_fewer_products(function: Any) -> None:
    tree = planned(function, A, B)
    assert turns(tree.body) < 11 * 5 * 7


@pytest.mark.parametrize(
    "function",
    [
        lambda a, b: (np.sum(a @ b, axis=0), a @ b),  # the product is wanted too
        lambda a, b: np.sum((a @ b) * (a @ b), axis=0),
        lambda a, b: np.sum(np.exp(a @ b), axis=0),
        lambda a, b: np.max(a @ b, axis=0),
        lambda a, b: np.sum((a @ b)[1:3], axis=0),
        lambda a, b: np.einsum("ij,jk,ik->k", a, b, a @ b),
    ],
)
def test_other_sums_stay(function: Any) -> None:
    planned(function, A, B)


def test_the_gradient_of_a_shift_before_a_linear_map() -> None:
    def loss(mu: Any, x: Any, w: Any) -> Any:
        return np.sum(((x - mu) @ w) ** 2)

    mu, x, w = RNG.normal(size=5), A, B
    tree = planned(lambda mu, x, w: cg.grad(loss)(mu, x, w), mu, x, w)
    # the products of the forward pass; those of the gradient are with one row
    assert turns(tree.body) < 2 * 11 * 5 * 7


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("axis", [0, 1])
def test_what_is_no_number_is_left_to_the_interpreter(odd: float, axis: int) -> None:
    """An infinity times a sum is not the sum of infinities: the code gives up."""
    a = A.copy()
    a[4, 1] = odd
    program = prepare(record(lambda a, b: np.sum(a @ b, axis=axis), (a, B), {}).program)
    with pytest.raises(IndexError):
        run(plan(program), (a, B))
    artifact = emit(choose(plan(program)))
    with pytest.raises(GaveUp):
        call(artifact, (a, B))
    np.testing.assert_allclose(call(artifact, (A, B))[0], np.sum(A @ B, axis=axis), rtol=1e-12)

"""Convolutions and their gradients by routines, against the interpreter."""

from __future__ import annotations

import ctypes
import math
from typing import Any

import numpy as np
import pytest

import chalkgrad as cg
from chalkgrad.evaluate.interpret import Interpreter
from chalkgrad.ir.program import Program
from chalkgrad.native.plan.plan import plan
from chalkgrad.native.products import blas, products
from chalkgrad.native.tree import Loop, Product, Tree, walk
from chalkgrad.trace.record import record
from chalkgrad.transform.prepare import prepare
from tests.native.tree_run import _Run

CALL = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 4)


class Routines(_Run):
    """A tree whose products are done by the routines, and all else entry by entry."""

    def product(self, stmt: Product) -> None:
        addresses: list[int] = []
        for read in blas.starts(stmt):
            array, _ = self._array(read.source)
            places = [int(self.number(i)) for i in read.index]
            flat = sum([p * math.prod(array.shape[k + 1 :]) for k, p in enumerate(places)])
            addresses.append(array.ctypes.data + flat * array.itemsize)
        assert stmt.plan.values is not None
        CALL(blas.address(stmt.routine))(*addresses, stmt.plan.values.ctypes.data)
        self._array(stmt.into)[1][...] = True


def tree_of(function: Any, *args: Any) -> tuple[Program, Tree]:
    program = prepare(record(function, args, {}).program)
    return program, plan(program)


def compared(function: Any, *args: Any, count: int = 1) -> Tree:
    program, tree = tree_of(function, *args)
    assert len([s for s in walk(tree.body) if isinstance(s, Product)]) == count
    wanted = Interpreter(program)(*args)
    for found, known in zip(Routines(tree, args).outputs(), wanted, strict=True):
        scale = float(np.abs(known).max())
        np.testing.assert_allclose(found, known, rtol=0, atol=2000 * scale * float(np.finfo(found.dtype).eps))
    return tree


SHAPES = [
    ((2, 4, 9, 17), (5, 4, 3, 3)),
    ((2, 3, 5, 40), (16, 3, 3, 5)),
    ((4, 11, 18), (6, 4, 3, 3)),
    ((17, 33), (3, 3)),
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("padding", [0, 1, (1, 2)])
@pytest.mark.parametrize(("x", "w"), SHAPES)
def test_convolution(
    x: tuple[int, ...], w: tuple[int, ...], padding: Any, dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(products, "FEWEST", 1)
    monkeypatch.setattr(products, "SHORTEST", 3)
    monkeypatch.setattr(products, "FOR_AN_ENTRY", 0.0)
    monkeypatch.setattr(products, "SHORTEST_PADDED", 3)
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=x).astype(dtype), rng.normal(size=w).astype(dtype)

    def forward(a: Any, b: Any) -> Any:
        return cg.conv2d(a, b, padding=padding)

    u = rng.normal(size=forward(a, b).shape).astype(dtype)

    def backward(a: Any, b: Any, u: Any) -> Any:
        return cg.grad(lambda a, b: (forward(a, b) * u).sum(), wrt=("a", "b"))(a, b)

    single = len(w) == 2  # with one channel and one filter there are no rows, or no columns
    compared(forward, a, b, count=0 if single else 1)
    compared(backward, a, b, u, count=0 if single else 2)


def test_the_copy_with_zeros_is_of_one_example() -> None:
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(3, 8, 12, 16)), rng.normal(size=(8, 8, 3, 3))
    tree = compared(lambda x, w: cg.conv2d(x, w, padding=1), x, w)
    (loop,) = [s for s in tree.body if isinstance(s, Loop) and s.role == "serial"]
    assert loop.extent == 3
    (product,) = [s for s in loop.body if isinstance(s, Product)]
    shapes = [product.left.source.shape, product.right.source.shape]
    assert (8, 14, 18) in shapes


def test_an_upstream_times_one_is_read_where_it_lies() -> None:
    rng = np.random.default_rng(0)
    x, w, u = rng.normal(size=(3, 8, 12, 16)), rng.normal(size=(8, 8, 3, 3)), rng.normal(size=(3, 8, 12, 16))

    def by_w(x: Any, w: Any, u: Any) -> Any:
        return cg.grad(lambda w: (cg.conv2d(x, w, padding=1) * u).sum())(w)

    tree = compared(by_w, x, w, u)
    (product,) = [s for s in walk(tree.body) if isinstance(s, Product)]
    assert tree.inputs[2] in (product.left.source, product.right.source)


def test_stride_two_takes_a_copy_of_the_columns() -> None:
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(2, 16, 13, 33)), rng.normal(size=(16, 16, 3, 3))
    compared(lambda x, w: cg.conv2d(x, w, padding=1, stride=2), x, w)


def test_a_condition_that_is_not_the_end_of_the_array_stays_a_condition() -> None:
    """Triangular products, and other sums over a part of the places, are no copies with zeros."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 40))
    _, tree = tree_of(lambda x: np.tril(x) @ x, x)
    assert [s for s in walk(tree.body) if isinstance(s, Product)]

"""Gradients of array functions against HIPS autograd, where it has the function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chalkgrad.ops  # noqa: F401  (fills the table)
from chalkgrad.evaluate.interpret import Interpreter
from chalkgrad.ir.build import Builder
from chalkgrad.ir.registry import lookup
from chalkgrad.ir.types import type_of
from chalkgrad.transform.backprop import backprop

autograd = pytest.importorskip("autograd", reason="autograd, the reference here, is not installed")
anp = pytest.importorskip("autograd.numpy", reason="autograd, the reference here, is not installed")

rng = np.random.default_rng(7)
A, B, C = rng.normal(size=(2, 3)), rng.normal(size=(3, 2)), rng.normal(size=(4, 2, 3))
v, w = rng.normal(size=3), rng.normal(size=3)


class Table:
    """The op table under NumPy's names, so that one text serves both libraries."""

    def __getattr__(self, name: str) -> Any:
        return lookup(name)


def mlp(np_: Any, W: Any, b: Any, x: Any) -> Any:
    h = np_.tanh(np_.matmul(W, x) + b)
    return np_.sum(np_.log(1 + np_.exp(h)) * h)


CASES: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "a layer": (mlp, (A, rng.normal(size=(2, 1)), B)),
    "broadcast products": (lambda n, a, b, c: n.sum(n.exp(a * b) / (2 + n.sin(c))), (v, A, C)),
    "stacks of matrices": (lambda n, a, b: n.sum(n.sin(n.matmul(a, b))), (C, B)),
    "a stack and a vector": (lambda n, a, b: n.sum(n.sin(n.matmul(a, b))), (C, v)),
    "a vector and a stack": (lambda n, a, b: n.sum(n.sin(n.matmul(a, b))), (rng.normal(size=2), C)),
    "variance": (lambda n, x: n.mean((x - n.mean(x, axis=0, keepdims=True)) ** 2), (A,)),
    "max over an axis": (lambda n, x: n.sum(n.max(x, axis=1) * n.min(x, axis=1)), (C,)),
    "where": (lambda n, x: n.sum(n.where(x > 0, n.sin(x), x**3)), (A,)),
    "indices": (lambda n, x: n.sum(x[:, [0, 0, 2]] ** 2) + n.sum(x[::-1, 1] * x[0, None, 0]), (A,)),
    "a norm": (lambda n, x, y: n.sqrt(n.sum((x - y) ** 2)), (v, w)),
    "powers": (lambda n, x, y: n.sum(n.power(n.exp(x), y)), (v, w)),
    "angles": (lambda n, x, y: n.sum(n.arctan2(x, y) * n.arcsinh(x) * n.logaddexp(x, y)), (v, w)),
}


@pytest.mark.parametrize("name", CASES)
def test_same_gradient(name: str) -> None:
    function, values = CASES[name]
    builder = Builder()
    xs = [builder.value(builder.input(f"x{k}", type_of(x))) for k, x in enumerate(values)]
    program = builder.program("f", function(Table(), *xs).atom)
    value, *gradients = Interpreter(backprop(program).gradient)(*values, 1.0)
    np.testing.assert_allclose(value, function(anp, *values), rtol=1e-13)
    for k, gradient in enumerate(gradients):
        wanted = autograd.grad(function, k + 1)(anp, *values)
        np.testing.assert_allclose(gradient, wanted, rtol=1e-11, atol=1e-13)

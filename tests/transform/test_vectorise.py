"""Many examples at once give what each gives alone: every op, whichever of its inputs differ by example."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from chalkgrad.errors import GradientError
from chalkgrad.evaluate.interpret import Interpreter
from chalkgrad.ir.build import Builder
from chalkgrad.ir.check import check
from chalkgrad.ir.program import Program
from chalkgrad.ir.registry import OPS
from chalkgrad.ir.types import type_of
from chalkgrad.ops.op import Op
from chalkgrad.transform.backprop import pullback
from chalkgrad.transform.vectorise import vectorise
from tests.ops.contract import cases

SIZE = 3


def whole(op: Op, inputs: Any, params: Any) -> Program:
    builder = Builder()
    atoms = [builder.input(f"x{k}", type_of(x)) for k, x in enumerate(inputs)]
    return builder.program(op.name, *builder.bind_many(op, *atoms, params=params))


@pytest.mark.parametrize("op", list(OPS.values()), ids=lambda op: op.name)
def test_every_op(op: Op) -> None:
    if op.evaluate is None:
        return
    for case in cases(op)[:6]:
        single = whole(op, case.inputs, case.params)
        flags = [f for f in product((True, False), repeat=min(len(case.inputs), 2)) if any(f)]
        for some in flags:
            batched = [*some, *[False] * (len(case.inputs) - len(some))]
            examples = [_examples(x) if b else x for x, b in zip(case.inputs, batched, strict=True)]
            program = check(vectorise(single, batched, SIZE))
            together = Interpreter(program)(*examples)
            for k in range(SIZE):
                alone = Interpreter(single)(*[x[k] if b else x for x, b in zip(examples, batched, strict=True)])
                for a, b in zip(together, alone, strict=True):
                    np.testing.assert_allclose(a[k], b, rtol=1e-12, atol=1e-13, equal_nan=True)


@pytest.mark.parametrize(
    "name",
    [
        "any",
        "all",
        "argmax",
        "argmin",
        "max",
        "min",
        "norm",
        "quantile",
        "var",
        "std",
        "cast",
        "tril",
        "mean_of",
        "updated",
    ],
)
def test_no_loop_over_examples_where_one_op_serves_all(name: str) -> None:
    op: Any = OPS[name]
    for case in cases(op):
        many = vectorise(whole(op, case.inputs, case.params), [True] * len(case.inputs), SIZE)
        assert "scan" not in {s.op.name for s in many.steps}


def _examples(x: Any) -> Any:
    """The sample, and two near it in its domain: its entries in another order would be other indices."""
    x = np.asarray(x)
    return np.stack([x, x * 0.875, x * 0.75]).astype(x.dtype) if x.dtype.kind == "f" else np.stack([x] * SIZE)


def test_what_no_example_touches_is_computed_once() -> None:
    builder = Builder()
    x, w = (builder.value(builder.input(n, type_of(np.zeros(2)))) for n in "xw")
    program = builder.program("f", (x * w.apply("exp")).atom)
    many = vectorise(program, (True, False), 5)
    (exp,) = [s for s in many.steps if s.op.name == "exp"]
    assert exp.output.type.shape == (2,)


def test_the_gradient_of_many_is_the_gradient_of_each() -> None:
    builder = Builder()
    x = builder.value(builder.input("x", type_of(np.zeros((2, 3)))))
    w = builder.value(builder.input("w", type_of(np.zeros(3))))
    out = ((x @ w).apply("tanh") * x[:, 0]).apply("sum")
    program = pullback(builder.program("f", out.atom))
    rng = np.random.default_rng(0)
    xs, v = rng.normal(size=(4, 2, 3)), rng.normal(size=3)
    together = Interpreter(vectorise(program, (True, False, False), 4))(xs, v, 1.0)
    for k in range(4):
        for a, b in zip(together, Interpreter(program)(xs[k], v, 1.0), strict=True):
            np.testing.assert_allclose(a[k], b, rtol=1e-13)


def test_an_output_that_must_be_alike_is_refused_where_it_is_not() -> None:
    builder = Builder()
    x = builder.value(builder.input("x"))
    program = builder.program("f", x.atom, (x > 0).atom)
    with pytest.raises(GradientError, match=r"np\.where"):
        vectorise(program, (True,), 2, alike=1)

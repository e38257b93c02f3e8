"""Writing Programs in the tests: `program(lambda x, y: x * y)`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import chalkgrad.ops  # noqa: F401  (fills the table)
from chalkgrad.evaluate.interpret import Interpreter
from chalkgrad.ir.build import Builder, Value
from chalkgrad.ir.check import check
from chalkgrad.ir.program import Program
from chalkgrad.ir.registry import OPS
from chalkgrad.ir.types import SCALAR, ArrayType
from chalkgrad.transform.backprop import backprop

relu, sqrt, log, exp, sin, sigmoid, where = (
    OPS[name] for name in ("relu", "sqrt", "log", "exp", "sin", "sigmoid", "where")
)
total, matmul, broadcast_to, reshape = (OPS[name] for name in ("sum", "matmul", "broadcast_to", "reshape"))


def program(function: Callable[..., Any], *types: ArrayType) -> Program:
    """`function` of the inputs x, y, z, w; scalars unless types are given."""
    builder = Builder()
    given = types or (SCALAR,) * function.__code__.co_argcount
    out = function(*[builder.value(builder.input("xyzw"[k], t)) for k, t in enumerate(given)])
    return check(builder.program("f", *[v.atom for v in (out if isinstance(out, tuple) else (out,))]))


def array(*shape: Any, dtype: str = "float64") -> ArrayType:
    return ArrayType(shape, dtype)


def named(value: Value, hint: str) -> Value:
    """The same value, with a name that a person gave it."""
    value.atom.hint = hint  # type: ignore[union-attr]
    return value


def gradient(program: Program, *values: Any, seed: Any = 1.0) -> Sequence[Any]:
    """The gradient at these values; the Program that gives it is checked."""
    return Interpreter(check(backprop(program).gradient))(*values, seed)[1:]

"""Mistakes of the forward pass: what a gate gives where its operation is mistaken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from chalkgrad.classroom.slips.slip import Slip
from chalkgrad.ir.program import Number, Step


def forward_slips(step: Step, xs: Sequence[Any], y: Any, name: str) -> Iterator[Slip]:
    """What known mistakes give for the result of `step`, from its operands `xs`; `y` is what is right."""
    op: Any = step.op
    yield from _AT.get(op.name, _nothing)(step, xs, y, name)
    yield Slip("sign", -_number(y), f"the sign of {name} is lost")


def _number(x: Any) -> Any:
    return np.asarray(x, float)[()]


def _nothing(step: Step, xs: Sequence[Any], y: Any, name: str) -> Iterator[Slip]:
    return iter(())


def _constant(step: Step, xs: Sequence[Any], name: str, what: str) -> Iterator[Slip]:
    """The other operand alone, where one is a number that changes something."""
    for place, atom in enumerate(step.inputs):
        neutral = 0.0 if what == "added" else 1.0
        if isinstance(atom, Number) and np.ndim(atom.value) == 0 and atom.value != neutral:
            why = f"the {float(atom.value):g} that is {what} in {name} is left out"
            yield Slip("constant", xs[1 - place], why)


def _add(step: Step, xs: Sequence[Any], y: Any, name: str) -> Iterator[Slip]:
    a, b = xs
    yield Slip("sign", a - b, f"a sign is lost in {name}: both are added")
    yield from _constant(step, xs, name, "added")
    yield Slip("operation", a * b, f"{name} is a sum, and here is the product")


def _subtract(step: Step, xs: Sequence[Any], y: Any, name: str) -> Iterator[Slip]:
    a, b = xs
    yield Slip("order", b - a, f"the order of the subtraction in {name} is turned around")
    yield Slip("sign", a + b, f"the minus in {name} is lost: here both are added")
    yield from _constant(step, xs, name, "added")


def _multiply(step: Step, xs: Sequence[Any], y: Any, name: str) -> Iterator[Slip]:
    a, b = xs
    yield Slip("operation", a + b, f"{name} is a product, and here is the sum")
    yield from _constant(step, xs, name, "multiplied")


def _divide(step: Step, xs: Sequence[Any], y: Any, name: str) -> Iterator[Slip]:
    a, b = xs
    yield Slip("order", b / a, f"the quotient in {name} is upside down")
    yield Slip("operation", a * b, f"{name} is a quotient, and here is the product")


def _power(step: Step, xs: Sequence[Any], y: Any, name: str) -> Iterator[Slip]:
    base = xs[0]
    n = xs[1] if len(xs) > 1 else 2.0
    yield Slip("power", base * n, f"{name} is a power: here the exponent is a factor")
    yield Slip("exponent", base, f"the exponent in {name} is left out")


def _exp(step: Step, xs: Sequence[Any], y: Any, name: str) -> Iterator[Slip]:
    yield Slip("sign", np.exp(-xs[0]), f"the sign of the exponent is lost in {name}: e^z for e^-z, or the other way")
    yield Slip("exponent", xs[0], f"{name} is e to this power, and not the exponent itself")


def _log(step: Step, xs: Sequence[Any], y: Any, name: str) -> Iterator[Slip]:
    yield Slip("base", np.log10(xs[0]), f"log in {name} is the natural logarithm, and here its base is 10")


def _negative(step: Step, xs: Sequence[Any], y: Any, name: str) -> Iterator[Slip]:
    return iter(())  # what is left is the sign


def _sigmoid(step: Step, xs: Sequence[Any], y: Any, name: str) -> Iterator[Slip]:
    yield Slip(
        "argument", 1 - y, f"the sign of the exponent is lost in {name}: σ(z) = 1/(1 + e^-z), and not 1/(1 + e^z)"
    )
    yield Slip("derivative", y * (1 - y), f"this is the slope σ(1 - σ), and {name} is the value σ")


def _tanh(step: Step, xs: Sequence[Any], y: Any, name: str) -> Iterator[Slip]:
    yield Slip("operation", 1 / (1 + np.exp(-xs[0])), f"{name} is tanh, and here is σ")


def _relu(step: Step, xs: Sequence[Any], y: Any, name: str) -> Iterator[Slip]:
    yield Slip("loser", np.minimum(xs[0], 0.0), f"relu in {name} keeps what is positive, and here is the rest")


def _maximum(step: Step, xs: Sequence[Any], y: Any, name: str) -> Iterator[Slip]:
    op: Any = step.op
    other = np.minimum if op.name == "maximum" else np.maximum
    word = "max" if op.name == "maximum" else "min"
    yield Slip("loser", other(*xs), f"{word} in {name} takes the other one")


def _sqrt(step: Step, xs: Sequence[Any], y: Any, name: str) -> Iterator[Slip]:
    yield Slip("power", xs[0] / 2, f"{name} is a root, and not half of the number")


def _sum(step: Step, xs: Sequence[Any], y: Any, name: str) -> Iterator[Slip]:
    many = np.size(xs[0]) / max(1, np.size(y))
    op: Any = step.op
    if op.name == "mean":
        yield Slip("1/m", np.multiply(y, many), f"1/m is dropped: {name} is a mean")
    else:
        yield Slip("1/m", np.divide(y, many), f"{name} is a sum, and here is the mean")


def _sort(step: Step, xs: Sequence[Any], y: Any, name: str) -> Iterator[Slip]:
    axis = step.params.get("axis", -1)
    yield Slip("order", np.flip(y, axis=axis), f"{name} is sorted from the smallest, and here from the greatest")


def _matmul(step: Step, xs: Sequence[Any], y: Any, name: str) -> Iterator[Slip]:
    a, b = (np.asarray(x) for x in xs)
    for left, right, which in ((a.T, b, "left"), (a, b.T, "right")):
        turned = left if which == "left" else right
        square = turned.ndim == 2 and turned.shape[0] == turned.shape[1]
        if square and left.shape[-1] == right.shape[0]:
            yield Slip("transpose", left @ right, f"the {which} factor of {name} stands transposed here")


_AT: dict[str, Any] = {
    "add": _add,
    "subtract": _subtract,
    "multiply": _multiply,
    "divide": _divide,
    "reciprocal": lambda step, xs, y, name: iter([Slip("order", xs[0], f"{name} is 1 over this")]),
    "power": _power,
    "square": _power,
    "exp": _exp,
    "log": _log,
    "negative": _negative,
    "sigmoid": _sigmoid,
    "tanh": _tanh,
    "relu": _relu,
    "maximum": _maximum,
    "minimum": _maximum,
    "sqrt": _sqrt,
    "sum": _sum,
    "mean": _sum,
    "sort": _sort,
    "matmul": _matmul,
}

"""Mistakes in a local derivative: what an edge's slope is where its rule is mistaken.

Each is made from the values at that gate alone, by the op of the step, in the words of the claim checker.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from chalkgrad.classroom.slips.slip import Slip
from chalkgrad.ir.program import Number, Step

Names = tuple[str, str]
SAID = {"maximum": "max", "minimum": "min", "sigmoid": "σ", "multiply": "product", "divide": "quotient"}


def slope_slips(
    step: Step, position: int, xs: Sequence[Any], y: Any, slope: Any, upstream: Any, names: Names
) -> Iterator[Slip]:
    """What known mistakes give for the local derivative `slope` of `step` by its input at `position`.

    `xs` and `y` are the operands and the result, `names` what the result and the input are called.
    """
    op: Any = step.op
    yield Slip("sign", -slope, _sign(op.name, position, slope, names))
    found = _AT.get(op.name)
    if found is not None:
        yield from found(position, step, xs, y, slope, names)
    if op.name in ("relu", "leaky_relu"):
        right = f"it belongs to its input, 1{{{names[1]} > 0}}"
        why = f"the mask of {op.name} is taken from the gradient, 1{{u > 0}}: {right}"
        yield Slip("mask", np.asarray(np.asarray(upstream) > 0, float)[()], why)


def _sign(op: str, position: int, slope: Any, names: Names) -> str:
    edge = f"∂{names[0]}/∂{names[1]}"
    match op, position:
        case ("divide", 1) | ("reciprocal", _):
            rule = "a quotient differentiates by its denominator to -a/b^2, so 1/x to -1/x^2"
        case ("negative", _):
            rule = "minus something passes its gradient on with a minus, so e^(-x) has -e^(-x)"
        case ("subtract", 1):
            rule = "what is subtracted passes its gradient on with a minus"
        case _:
            return f"the sign of {edge} is turned"
    return f"the sign is lost in {edge}: {rule}"


def _swap(position: int, step: Step, xs: Sequence[Any], y: Any, slope: Any, names: Names) -> Iterator[Slip]:
    u, w = names
    other = step.inputs[1 - position]
    if step.inputs[0] is not step.inputs[1]:
        why = f"× swaps: the derivative with respect to {w} is the other factor, not {w} itself"
        yield Slip("swap", xs[position] + np.zeros_like(slope), why)
    if isinstance(other, Number) and np.ndim(other.value) == 0 and abs(other.value) not in (0.0, 1.0):
        why = f"the constant factor {float(other.value):g} inside {u} is lost"
        yield Slip("constant", np.ones_like(slope), why)


def _sum(position: int, step: Step, xs: Sequence[Any], y: Any, slope: Any, names: Names) -> Iterator[Slip]:
    if np.ndim(slope) == 0:
        why = f"a sum passes its gradient on unchanged: ∂{names[0]}/∂{names[1]} is {float(slope):g}, not the other term"
        yield Slip("swap", xs[1 - position], why)


def _divide(position: int, step: Step, xs: Sequence[Any], y: Any, slope: Any, names: Names) -> Iterator[Slip]:
    if position == 0:
        yield Slip("inverse", xs[1], "the derivative of a/b by its numerator is 1/b, and here it is upside down")
        return
    why = "the derivative of a quotient by its denominator is -a/b^2; here b is not squared"
    yield Slip("power", -y, why)
    yield Slip("power", y, why + ", and the sign is lost")
    numerator = step.inputs[0]
    if not (isinstance(numerator, Number) and numerator.value == 1):
        yield Slip("constant", -1 / (xs[1] * xs[1]), f"the numerator of {names[0]} is lost: -a/b^2")


def _reciprocal(position: int, step: Step, xs: Sequence[Any], y: Any, slope: Any, names: Names) -> Iterator[Slip]:
    why = "the derivative of 1/b is -1/b^2; here b is not squared"
    yield Slip("power", -y, why)
    yield Slip("power", y, why + ", and the sign is lost")


def _power(position: int, step: Step, xs: Sequence[Any], y: Any, slope: Any, names: Names) -> Iterator[Slip]:
    if position:
        return
    n = xs[1] if len(xs) > 1 else 2.0
    if np.ndim(n) == 0:
        why = f"the derivative of a power: {float(n):g}·x^{float(n) - 1:g}; here the exponent is not lowered"
        yield Slip("power", n * y, why)
        why = f"the derivative of a power: {float(n):g}·x^{float(n) - 1:g}; here the factor {float(n):g} is lost"
        yield Slip("constant", slope / n, why)


def _exp(position: int, step: Step, xs: Sequence[Any], y: Any, slope: Any, names: Names) -> Iterator[Slip]:
    u, w = names
    why = f"e^z is its own derivative, at the same argument: ∂{u}/∂{w} is {u}, and here it is e^-z"
    yield Slip("argument", 1 / y, why)
    yield Slip("power", xs[0] * y / np.e, f"{u} is no power of {w}: e^z differentiates to e^z")
    yield Slip("argument", xs[0], f"e^z is its own derivative: ∂{u}/∂{w} is {u}, and here it is {w}")


def _log(position: int, step: Step, xs: Sequence[Any], y: Any, slope: Any, names: Names) -> Iterator[Slip]:
    yield Slip("inverse", xs[0], f"log x differentiates to 1/x, and here it is {names[1]} itself")
    yield Slip("argument", 1 / y, f"log x differentiates to 1/x, at {names[1]}, and not at the result {names[0]}")


def _sqrt(position: int, step: Step, xs: Sequence[Any], y: Any, slope: Any, names: Names) -> Iterator[Slip]:
    why = "the derivative of a root: 1/(2·sqrt x); here "
    yield Slip("constant", 2 * slope, why + "the ½ is lost")
    yield Slip("power", y / 2, why + "the exponent is not lowered")


def _sigmoid(position: int, step: Step, xs: Sequence[Any], y: Any, slope: Any, names: Names) -> Iterator[Slip]:
    u, w = names
    z = xs[0]
    why = f"σ' is taken at the wrong argument: y(1 - y) holds for y = σ(…), the result, and here y is {w}"
    yield Slip("argument", z * (1 - z), why)
    again = 1 / (1 + np.exp(-y))
    why = f"σ' is taken at the wrong argument: at {u}, its own result, and not at what goes into σ"
    yield Slip("argument", again * (1 - again), why)
    yield Slip("factor", y * np.ones_like(slope), f"σ' is y(1 - y) with y = {u}: the factor 1 - {u} is lost")
    yield Slip("factor", 1 - y, f"σ' is y(1 - y) with y = {u}: the factor {u} is lost")


def _tanh(position: int, step: Step, xs: Sequence[Any], y: Any, slope: Any, names: Names) -> Iterator[Slip]:
    z = xs[0]
    yield Slip("power", 1 - y, "tanh' is 1 - tanh^2: the square is lost")
    why = f"tanh' is taken at the wrong argument: 1 - y^2 holds for y = tanh(…), the result, and here y is {names[1]}"
    yield Slip("argument", 1 - z * z, why)
    yield Slip("rule", y * (1 - y), "y(1 - y) is the slope of σ; that of tanh is 1 - y^2")


def _loser(position: int, step: Step, xs: Sequence[Any], y: Any, slope: Any, names: Names) -> Iterator[Slip]:
    op: Any = step.op
    word = "the winner" if op.name != "relu" else "a positive input"
    called = SAID.get(op.name, op.name)
    why = f"{called} routes: the gradient goes to {word}, and here it goes to the loser"
    yield Slip("loser", 1 - slope, why)


def _trigonometric(position: int, step: Step, xs: Sequence[Any], y: Any, slope: Any, names: Names) -> Iterator[Slip]:
    yield Slip("rule", y + np.zeros_like(slope), f"this is {names[0]} itself, and not its derivative")


def _logarithm(position: int, step: Step, xs: Sequence[Any], y: Any, slope: Any, names: Names) -> Iterator[Slip]:
    yield Slip("constant", 1 / xs[0], "a logarithm of another base differentiates to 1/(x · ln of the base)")


_AT: dict[str, Any] = {
    "add": _sum,
    "subtract": _sum,
    "multiply": _swap,
    "divide": _divide,
    "reciprocal": _reciprocal,
    "power": _power,
    "square": _power,
    "exp": _exp,
    "log": _log,
    "log2": _logarithm,
    "log10": _logarithm,
    "sqrt": _sqrt,
    "sigmoid": _sigmoid,
    "tanh": _tanh,
    "relu": _loser,
    "maximum": _loser,
    "minimum": _loser,
    "where": _loser,
    "sin": _trigonometric,
    "cos": _trigonometric,
}

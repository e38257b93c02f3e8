"""Arithmetic: + - × / powers and roots.

Rules use `y`, the output, where that is more exact than rewriting it: -y/b does not overflow where -a/b² would.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from chalkgrad.ir.program import Number
from chalkgrad.ops.choice import masked, sign
from chalkgrad.ops.kernel import Expr, equal, primitive
from chalkgrad.ops.kernel import where as pick
from chalkgrad.ops.notation import PRODUCT, SIGN, SUM, Bars, Fraction, Function, Infix, Power, Prefix
from chalkgrad.ops.op import DECLARED, POSITIVE, Interval, Kink, elementwise

add = elementwise(
    "add",
    np.add,
    lambda y, a, b: (1, 1),
    Infix("+", "+", "+", SUM, associative=True),
    units=(0, 0),
    symmetric=True,
    narrowest="bool",
    note="+ distributes: it passes the upstream gradient on to both inputs unchanged",
    kernel=primitive("add"),
)
subtract = elementwise(
    "subtract",
    np.subtract,
    lambda y, a, b: (1, -1),
    Infix("-", "-", "-", SUM),
    units=(None, 0),
    narrowest="int64",
    note="- passes the upstream gradient on to its left input, and its negative to the right one",
    kernel=primitive("subtract"),
)
multiply = elementwise(
    "multiply",
    np.multiply,
    lambda y, a, b: (b, a),
    Infix("·", r"\cdot ", "*", PRODUCT, associative=True),
    units=(1, 1),
    symmetric=True,
    narrowest="bool",
    note="× swaps: each input gets the upstream gradient times the other input",
    kernel=primitive("multiply"),
)
divide = elementwise(
    "divide",
    np.divide,
    lambda y, a, b: (1 / b, -y / b),
    Fraction(),
    units=(None, 1),
    numpy=(np.true_divide,),
    domain=(Interval(), Interval(low=0.25)),
    note="the denominator's gradient carries the sign: ∂(a/b)/∂b = -a/b²",
    kernel=primitive("divide"),
)
negative = elementwise(
    "negative",
    np.negative,
    lambda y, x: (-1,),
    Prefix("-", "-", "-", SIGN),
    narrowest="int64",
    note="the sign turns on the way back too",
    kernel=primitive("negative"),
)


def _one_over(x: Expr) -> Expr:
    if x.dtype != "int64":
        return 1 / x
    # of ints the rest is dropped, and 1/0 is the least int
    return pick(equal(x, 1), 1, pick(equal(x, -1), -1, pick(equal(x, 0), -(2**63), 0)))


reciprocal = elementwise(
    "reciprocal",
    np.reciprocal,
    lambda y, x: (-y * y,),
    narrowest="int64",
    expand=lambda x: 1 / x,
    domain=(Interval(low=0.25),),
    kernel=_one_over,
)
square = elementwise("square", np.square, lambda y, x: (2 * x,), Power(2), narrowest="int64", kernel=lambda x: x * x)
sqrt = elementwise(
    "sqrt",
    np.sqrt,
    lambda y, x: (1 / (2 * y),),
    Function("sqrt", r"\sqrt", brace=True),
    domain=(POSITIVE,),
    note="its slope is infinite at 0",
    kernel=primitive("sqrt"),
)
cbrt = elementwise(
    "cbrt",
    np.cbrt,
    lambda y, x: (1 / (3 * y**2),),
    Function("cbrt", r"\sqrt[3]", brace=True),
    domain=(Interval(low=0.25),),
    note="its slope is infinite at 0",
    kernel=primitive("cbrt"),
)
absolute = elementwise(
    "abs",
    np.abs,
    lambda y, x: (sign(x),),
    Bars(),
    narrowest="bool",
    forms=(lambda x: sqrt(x**2), lambda x: sqrt(square(x)), lambda x: sqrt(x * x)),
    kinks=(Kink(lambda x: x == 0, "minimum-norm subgradient", (0.0,), (0.0,)),),
    kernel=primitive("absolute"),
)


def _power_partials(y: Any, x: Any, n: Any) -> tuple[Any, Any]:
    if isinstance(n.atom, Number) and n.shape == ():
        return (0 if n.atom.value == 0 else n * x ** (n - 1)), 0
    # 0·∞ in the first, and 0^n log 0 in the second, are limits that are 0. Only there: a mask is constant, and one
    # that held at n = 0 whatever x is would lose the 1/x of the second order.
    at_zero = x.apply("equal", 0)
    return (
        masked(n * x ** (n - 1), at_zero.apply("logical_and", n.apply("equal", 0))),
        masked(y * x.apply("log"), at_zero.apply("logical_and", n >= 0)),
    )


power = elementwise(
    "power",
    np.power,
    _power_partials,
    Power(),
    narrowest="int64",
    units=(None, 1),
    domain=(Interval(low=0.25), Interval()),
    kinks=(Kink(lambda x, n: (x == 0) & (n == 0), DECLARED, (0.0, 0.0), (0.0, 0.0), positions=(1,)),),
    kernel=primitive("power"),
)
hypot = elementwise(
    "hypot",
    np.hypot,
    lambda y, a, b: (masked(a / y, y.apply("equal", 0)), masked(b / y, y.apply("equal", 0))),
    domain=(Interval(low=0.25), Interval()),
    kinks=(Kink(lambda a, b: (a == 0) & (b == 0), DECLARED, (0.0, 0.0), (0.0, 0.0)),),
    kernel=primitive("hypot"),
)
floor = elementwise(
    "floor",
    np.floor,
    lambda y, x: (0,),
    Function("floor", r"\operatorname{floor}"),
    narrowest="int64",
    kinks=(Kink(lambda x: x == np.floor(x), DECLARED, (1.0,), (0.0,)),),
    note="flat between its jumps, so nothing is passed back",
    kernel=primitive("floor"),
)
mod = elementwise(
    "mod",
    np.mod,
    lambda y, x, n: (1, -floor((x - y) / n + 0.5)),  # floor(x / n) may round up to the next turn: 1.0 mod 0.1
    narrowest="int64",
    numpy=(np.remainder,),
    domain=(Interval(low=0.1, high=0.9), Interval(low=1.0)),
    kinks=(Kink(lambda x, n: np.mod(x, n) == 0, DECLARED, (2.0, 1.0), (1.0, -2.0)),),
    kernel=primitive("remainder"),
)

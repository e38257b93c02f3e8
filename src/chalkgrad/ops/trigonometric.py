"""Circular and hyperbolic functions and their inverses."""

from __future__ import annotations

import math

import numpy as np

from chalkgrad.ir.build import Value
from chalkgrad.ops.choice import defined, masked
from chalkgrad.ops.exponential import exp
from chalkgrad.ops.op import DECLARED, INFINITE, Interval, Kink, elementwise

UNIT = (Interval(-1.0, 1.0),)

sin = elementwise("sin", np.sin, lambda y, x: (cos(x),), latex=r"\sin")
cos = elementwise("cos", np.cos, lambda y, x: (-sin(x),), latex=r"\cos")
tan = elementwise("tan", np.tan, lambda y, x: (1 + y**2,), latex=r"\tan", domain=(Interval(-1.4, 1.4),))
arcsin = elementwise(
    "arcsin",
    np.arcsin,
    lambda y, x: (1 / (1 - x**2).apply("sqrt"),),
    latex=r"\arcsin",
    domain=UNIT,
    kinks=(Kink(lambda x: np.abs(x) == 1, INFINITE, (1.0,), (math.inf,)),),
)
arccos = elementwise(
    "arccos",
    np.arccos,
    lambda y, x: (-1 / (1 - x**2).apply("sqrt"),),
    latex=r"\arccos",
    domain=UNIT,
    kinks=(Kink(lambda x: np.abs(x) == 1, INFINITE, (1.0,), (-math.inf,)),),
)
arctan = elementwise("arctan", np.arctan, lambda y, x: (1 / (1 + x**2),), latex=r"\arctan")


def _both_zero(y: Value, x: Value) -> Value:
    """Not the sum of their squares at 0: that underflows long before they do."""
    return y.apply("equal", 0).apply("logical_and", x.apply("equal", 0))


arctan2 = elementwise(
    "arctan2",
    np.arctan2,
    lambda t, y, x: (
        masked(x / (x**2 + y**2), _both_zero(y, x)),
        masked(-y / (x**2 + y**2), _both_zero(y, x)),
    ),
    domain=(Interval(low=0.25), Interval(low=0.25)),
    kinks=(Kink(lambda y, x: (x == 0) & (y == 0), DECLARED, (0.0, 0.0), (0.0, 0.0)),),
)
sinh = elementwise("sinh", np.sinh, lambda y, x: (cosh(x),), latex=r"\sinh", expand=lambda x: (exp(x) - exp(-x)) / 2)
cosh = elementwise("cosh", np.cosh, lambda y, x: (sinh(x),), latex=r"\cosh", expand=lambda x: (exp(x) + exp(-x)) / 2)
tanh = elementwise(
    "tanh",
    np.tanh,
    lambda y, x: (1 - y**2,),
    latex=r"\tanh",
    expand=lambda x: (exp(x) - exp(-x)) / (exp(x) + exp(-x)),
    forms=(lambda x: (exp(x) - exp(-x)) / (exp(x) + exp(-x)),),
    note="saturates: its slope is under 1e-6 beyond |x| = 8",
)
arcsinh = elementwise("arcsinh", np.arcsinh, lambda y, x: (1 / (1 + x**2).apply("sqrt"),))
arccosh = elementwise(
    "arccosh",
    np.arccosh,
    lambda y, x: (1 / ((x - 1).apply("sqrt") * (x + 1).apply("sqrt")),),
    domain=(Interval(low=1.0),),
    kinks=(Kink(lambda x: x == 1, INFINITE, (1.0,), (math.inf,)),),
)
arctanh = elementwise(
    "arctanh",
    np.arctanh,
    lambda y, x: (defined(1 / (1 - x**2), y),),
    domain=UNIT,
    kinks=(Kink(lambda x: np.abs(x) == 1, INFINITE, (1.0,), (math.inf,)),),
)

"""Circular and hyperbolic functions and their inverses."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from chalkgrad.ir.build import Value
from chalkgrad.ops.choice import defined, masked
from chalkgrad.ops.exponential import exp
from chalkgrad.ops.kernel import Expr, equal, fn, primitive
from chalkgrad.ops.kernel import where as pick
from chalkgrad.ops.op import DECLARED, INFINITE, Interval, Kink, elementwise

UNIT = (Interval(-1.0, 1.0),)

sin = elementwise("sin", np.sin, lambda y, x: (cos(x),), latex=r"\sin", kernel=primitive("sin"))
cos = elementwise("cos", np.cos, lambda y, x: (-sin(x),), latex=r"\cos", kernel=primitive("cos"))
tan = elementwise(
    "tan", np.tan, lambda y, x: (1 + y**2,), latex=r"\tan", domain=(Interval(-1.4, 1.4),), kernel=primitive("tan")
)
arcsin = elementwise(
    "arcsin",
    np.arcsin,
    lambda y, x: (1 / (1 - x**2).apply("sqrt"),),
    latex=r"\arcsin",
    domain=UNIT,
    kinks=(Kink(lambda x: np.abs(x) == 1, INFINITE, (1.0,), (math.inf,)),),
    kernel=primitive("arcsin"),
)
arccos = elementwise(
    "arccos",
    np.arccos,
    lambda y, x: (-1 / (1 - x**2).apply("sqrt"),),
    latex=r"\arccos",
    domain=UNIT,
    kinks=(Kink(lambda x: np.abs(x) == 1, INFINITE, (1.0,), (-math.inf,)),),
    kernel=primitive("arccos"),
)
arctan = elementwise("arctan", np.arctan, lambda y, x: (1 / (1 + x**2),), latex=r"\arctan", kernel=primitive("arctan"))


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
    kernel=primitive("arctan2"),
)
sinh = elementwise(
    "sinh",
    np.sinh,
    lambda y, x: (cosh(x),),
    latex=r"\sinh",
    expand=lambda x: (exp(x) - exp(-x)) / 2,
    kernel=primitive("sinh"),
)
cosh = elementwise(
    "cosh",
    np.cosh,
    lambda y, x: (sinh(x),),
    latex=r"\cosh",
    expand=lambda x: (exp(x) + exp(-x)) / 2,
    kernel=primitive("cosh"),
)
tanh = elementwise(
    "tanh",
    np.tanh,
    lambda y, x: (1 - y**2,),
    latex=r"\tanh",
    expand=lambda x: (exp(x) - exp(-x)) / (exp(x) + exp(-x)),
    forms=(lambda x: (exp(x) - exp(-x)) / (exp(x) + exp(-x)),),
    note="saturates: its slope is under 1e-6 beyond |x| = 8",
    kernel=primitive("tanh"),
)
arcsinh = elementwise("arcsinh", np.arcsinh, lambda y, x: (1 / (1 + x**2).apply("sqrt"),), kernel=primitive("arcsinh"))
arccosh = elementwise(
    "arccosh",
    np.arccosh,
    lambda y, x: (1 / ((x - 1).apply("sqrt") * (x + 1).apply("sqrt")),),
    domain=(Interval(low=1.0),),
    kinks=(Kink(lambda x: x == 1, INFINITE, (1.0,), (math.inf,)),),
    kernel=primitive("arccosh"),
)
arctanh = elementwise(
    "arctanh",
    np.arctanh,
    lambda y, x: (defined(1 / (1 - x**2), y),),
    domain=UNIT,
    kinks=(Kink(lambda x: np.abs(x) == 1, INFINITE, (1.0,), (math.inf,)),),
    kernel=primitive("arctanh"),
)


def _sinc(x: Any, order: int = 0) -> Any:
    if order == 0:
        return np.sinc(x)
    x = np.asarray(x)
    x = x if x.dtype.kind == "f" else x.astype(float)
    t = np.atleast_1d(x * np.asarray(np.pi, x.dtype))
    # near 0 by the series of sin(t)/t, since the quotient of small differences would lose every digit there
    near = np.abs(t) < 1 + order / 2
    small = np.where(near, t, 0)
    k = (order + 1) // 2
    term = np.full_like(t, (-1) ** k / (2 * k + 1)) * (small if 2 * k > order else 1)
    series = term
    for j in range(k, k + 25):
        term = -term * small * small * ((2 * j + 1) / ((2 * j + 3) * (2 * j + 1 - order) * (2 * j + 2 - order)))
        series = series + term
    # further out by t·f⁽ⁿ⁾ + n·f⁽ⁿ⁻¹⁾ = sin⁽ⁿ⁾
    large = np.where(near, 1, t)
    waves = (np.sin(large), np.cos(large), -np.sin(large), -np.cos(large))
    far = waves[0] / large
    for n in range(1, order + 1):
        far = (waves[n % 4] - n * far) / large
    found = np.where(near, series, far) * np.asarray(np.pi, x.dtype) ** order
    return found.reshape(x.shape)[()]


def _sinc_kernel(x: Expr, order: int) -> Expr:
    t = x * math.pi
    if order == 0:
        return pick(equal(t, 0), 1.0, fn("sin", t) / t)
    k = (order + 1) // 2
    term = (t if 2 * k > order else 1.0) * ((-1.0) ** k / (2 * k + 1))
    series, squared = term, t * t
    for j in range(k, k + 25):
        term = -term * squared * ((2 * j + 1) / ((2 * j + 3) * (2 * j + 1 - order) * (2 * j + 2 - order)))
        series = series + term
    waves = (fn("sin", t), fn("cos", t), -fn("sin", t), -fn("cos", t))
    far = waves[0] / t
    for n in range(1, order + 1):
        far = (waves[n % 4] - n * far) / t
    return pick(fn("absolute", t) < 1 + order / 2, series, far) * math.pi**order


sinc = elementwise(
    "sinc",
    _sinc,
    lambda y, x, order=0: (sinc(x, order=order + 1),),
    params={"order": 0},
    latex=r"\operatorname{sinc}",
    note="sin(πx)/(πx), and 1 at 0; `order` counts its derivatives, each exact at 0 too",
    kernel=_sinc_kernel,
)

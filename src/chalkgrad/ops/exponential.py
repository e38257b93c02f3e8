"""Exponentials and logarithms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from chalkgrad.ops.choice import defined
from chalkgrad.ops.kernel import Expr, fn, primitive
from chalkgrad.ops.kernel import equal as equals
from chalkgrad.ops.kernel import where as pick
from chalkgrad.ops.notation import Exponential, Function
from chalkgrad.ops.op import INFINITE, POSITIVE, Interval, Kink, elementwise

exp = elementwise(
    "exp",
    np.exp,
    lambda y, x: (y,),
    Exponential(),
    note="its own derivative: the output, again",
    kernel=primitive("exp"),
)
# not y + 1, which is 0 below x = -37 where the slope is not
expm1 = elementwise("expm1", np.expm1, lambda y, x: (exp(x),), expand=lambda x: exp(x) - 1, kernel=primitive("expm1"))
exp2 = elementwise(
    "exp2",
    np.exp2,
    lambda y, x: (y * math.log(2),),
    expand=lambda x: 2**x,
    note="2 to the power of x",
    kernel=primitive("exp2"),
)
log = elementwise(
    "log",
    np.log,
    lambda y, x: (defined(1 / x, y),),
    Function("log", r"\log"),
    domain=(POSITIVE,),
    note="the natural logarithm; outside its domain it has neither value nor slope",
    kernel=primitive("log"),
)
log1p = elementwise(
    "log1p",
    np.log1p,
    lambda y, x: (defined(1 / (1 + x), y),),
    domain=(Interval(low=-1.0),),
    expand=lambda x: log(1 + x),
    kernel=primitive("log1p"),
)
log2 = elementwise(
    "log2",
    np.log2,
    lambda y, x: (defined(1 / (x * math.log(2)), y),),
    Function("log2", r"\log_2"),
    domain=(POSITIVE,),
    kernel=primitive("log2"),
)
log10 = elementwise(
    "log10",
    np.log10,
    lambda y, x: (defined(1 / (x * math.log(10)), y),),
    Function("log10", r"\log_{10}"),
    domain=(POSITIVE,),
    kernel=primitive("log10"),
)


def _xlogy(x: Any, y: Any) -> Any:
    out = np.where(x == 0, np.where(np.isnan(y), np.nan, 0.0), x * np.log(y))
    return out.astype(np.result_type(x, y, np.float32))[()]  # a bare number does not widen float32


xlogy = elementwise(
    "xlogy",
    _xlogy,
    lambda out, x, y: (log(y), x / y),
    domain=(Interval(low=0.25), Interval(low=0.25)),
    offers=(lambda x: x * log(x), lambda x, y: x * log(y)),
    kinks=(Kink(lambda x, y: (x == 0) & (y == 0), INFINITE, (0.0, 0.0), (-math.inf, math.nan)),),
    note="x log y, and 0 where x is 0",
    kernel=lambda x, y: pick(equals(x, 0), pick(fn("isnan", y), math.nan, 0.0), x * fn("log", y)),
)


def _logaddexp_partials(y: Any, a: Any, b: Any) -> tuple[Any, Any]:
    return (a - b).apply("sigmoid"), (b - a).apply("sigmoid")  # exp(a - y) would lose digits where y is large


def _added(a: Expr, b: Expr, twice: float, log_one_more: Any) -> Expr:
    """The greater, and what the other one adds to it; infinities of one sign are equal."""
    gap = a - b
    below = pick(gap <= 0, b + log_one_more(gap), gap)
    return pick(equals(a, b), a + twice, pick(gap > 0, a + log_one_more(-gap), below))


logaddexp = elementwise(
    "logaddexp",
    np.logaddexp,
    _logaddexp_partials,
    kernel=lambda a, b: _added(a, b, math.log(2), lambda t: fn("log1p", fn("exp", t))),
)


def _logaddexp2_partials(y: Any, a: Any, b: Any) -> tuple[Any, Any]:
    return ((a - b) * math.log(2)).apply("sigmoid"), ((b - a) * math.log(2)).apply("sigmoid")


logaddexp2 = elementwise(
    "logaddexp2",
    np.logaddexp2,
    _logaddexp2_partials,
    expand=lambda a, b: log2(exp2(a) + exp2(b)),
    kernel=lambda a, b: _added(a, b, 1.0, lambda t: math.log2(math.e) * fn("log1p", fn("exp2", t))),
)

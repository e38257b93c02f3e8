"""The non-linearities of networks."""

from __future__ import annotations

from typing import Any

import numpy as np

from chalkgrad.ops.choice import flag, logical_and, maximum, minimum, where
from chalkgrad.ops.exponential import exp, log, log1p
from chalkgrad.ops.kernel import Expr, fn
from chalkgrad.ops.kernel import where as pick
from chalkgrad.ops.local import constant
from chalkgrad.ops.notation import Function
from chalkgrad.ops.op import DECLARED, Kink, elementwise


def _decay_kernel(x: Expr) -> Expr:
    """e^-|x|, which never overflows; all of the four below are made of it."""
    return fn("exp", -fn("absolute", x))


def _sigmoid_kernel(x: Expr) -> Expr:
    e = _decay_kernel(x)
    return fn("maximum", e, x >= 0) / (1.0 + e)


def _decayed(x: Any) -> Any:
    return exp(-x.apply("abs"))


def _sigmoid(x: Any) -> Any:
    e = np.exp(-np.abs(x))
    return np.maximum(e, np.asarray(x) >= 0) / (1.0 + e)  # the greater is 1 or e; `where` is ten times slower


def _sigmoid_as(x: Any) -> Any:
    e = _decayed(x)
    return maximum(e, x >= 0) / (1.0 + e)


sigmoid = elementwise(
    "sigmoid",
    _sigmoid,
    lambda y, x: (y * (1 - y),),
    Function("σ", r"\sigma"),
    expand=lambda x: 1 / (1 + exp(-x)),
    forms=(lambda x: 1 / (1 + exp(-x)), lambda x: exp(x) / (1 + exp(x))),
    evaluated_as=_sigmoid_as,
    readable=lambda x: np.exp(np.minimum(x, 0)) / (1 + np.exp(-np.abs(x))),
    note="its slope σ(1 - σ) is at most 1/4, at 0, and vanishes on both sides: it saturates",
    kernel=_sigmoid_kernel,
)


def _softplus(x: Any) -> Any:
    return np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x)))


softplus = elementwise(
    "softplus",
    _softplus,
    lambda y, x: (sigmoid(x),),
    expand=lambda x: log(1 + exp(x)),
    forms=(lambda x: log(1 + exp(x)),),
    evaluated_as=lambda x: maximum(x, 0.0) + log1p(_decayed(x)),
    note="its slope is the sigmoid",
    kernel=lambda x: fn("maximum", x, 0.0) + fn("log1p", _decay_kernel(x)),
)


def _log_sigmoid(x: Any) -> Any:
    return np.minimum(x, -0.0) - np.log1p(np.exp(-np.abs(x)))  # -0 where it is 0: it is never above


log_sigmoid = elementwise(
    "log_sigmoid",
    _log_sigmoid,
    lambda y, x: (sigmoid(-x),),
    forms=(lambda x: log(sigmoid(x)),),
    evaluated_as=lambda x: minimum(x, -0.0) - log1p(_decayed(x)),
    note="log σ(x), with no loss where σ is near 0",
    kernel=lambda x: fn("minimum", x, -0.0) - fn("log1p", _decay_kernel(x)),
)


def _log_one_minus_sigmoid(x: Any) -> Any:
    return _log_sigmoid(np.negative(x))


log_one_minus_sigmoid = elementwise(
    "log_one_minus_sigmoid",
    _log_one_minus_sigmoid,
    lambda y, x: (-sigmoid(x),),
    forms=(lambda x: log(1 - sigmoid(x)),),
    evaluated_as=lambda x: minimum(-x, -0.0) - log1p(_decayed(x)),
    note="log(1 - σ(x)), with no loss where σ is near 1",
    kernel=lambda x: fn("minimum", -x, -0.0) - fn("log1p", _decay_kernel(x)),
)


def _relu(x: Any, at_zero: int = 0, *, out: Any = None) -> Any:
    return np.maximum(x, 0.0, out=out)


relu = elementwise(
    "relu",
    _relu,
    lambda y, x, at_zero=0: (flag(x >= 0 if at_zero else x > 0, y),),
    Function("relu", r"\operatorname{relu}"),
    readable=lambda x, at_zero=0: np.maximum(x, 0.0),
    params={"at_zero": 0},
    conventions={"relu_at_zero": ("at_zero", (0, 1))},
    kinks=(
        Kink(
            lambda x, at_zero=0: (x == 0) & (at_zero == 0),
            "0, as the frameworks do; note that max(x, 0) shares the tie and gives 0.5",
            (0.0,),
            (0.0,),
        ),
        Kink(
            lambda x, at_zero=0: (x == 0) & (at_zero == 1), "as chosen: 1 at 0", (0.0,), (1.0,), params={"at_zero": 1}
        ),
    ),
    note="passes the upstream gradient where its input is positive, and nothing elsewhere",
    kernel=lambda x, at_zero: fn("maximum", x, 0.0),
)


def _leaky_relu(x: Any, slope: float = 0.01) -> Any:
    return np.where(np.asarray(x) > 0, x, slope * np.asarray(x))[()]


leaky_relu = elementwise(
    "leaky_relu",
    _leaky_relu,
    lambda y, x, slope=0.01: (where(x > 0, constant(1, y), constant(slope, y)),),
    params={"slope": 0.01},
    kinks=(Kink(lambda x, slope=0.01: x == 0, DECLARED, (0.0,), (0.01,)),),
    kernel=lambda x, slope: pick(x > 0, x, slope * x),
)


def _elu(x: Any, alpha: float = 1.0) -> Any:
    return np.where(np.asarray(x) > 0, x, alpha * np.expm1(np.minimum(x, 0.0)))[()]


elu = elementwise(
    "elu",
    _elu,
    lambda y, x, alpha=1.0: (where(x > 0, 1, y + alpha),),
    params={"alpha": 1.0},
    kernel=lambda x, alpha: pick(x > 0, x, alpha * fn("expm1", x)),
)


def _relu6(x: Any) -> Any:
    return np.clip(x, 0.0, 6.0)


relu6 = elementwise(
    "relu6",
    _relu6,
    lambda y, x: (flag(logical_and(x > 0, x < 6), y),),
    kinks=(Kink(lambda x: (x == 0) | (x == 6), DECLARED, (0.0,), (0.0,)),),
    kernel=lambda x: fn("minimum", fn("maximum", x, 0.0), 6.0),
)


def _hardtanh(x: Any) -> Any:
    return np.clip(x, -1.0, 1.0)


hardtanh = elementwise(
    "hardtanh",
    _hardtanh,
    lambda y, x: (flag(logical_and(x > -1, x < 1), y),),
    kinks=(Kink(lambda x: np.abs(x) == 1, DECLARED, (1.0,), (0.0,)),),
    kernel=lambda x: fn("minimum", fn("maximum", x, -1.0), 1.0),
)

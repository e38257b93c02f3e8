"""What each op of the table does in decimal arithmetic: `(trial, step index, *inputs, **params)`.

`REGIONS` says which ops are pieced together and of how many pieces; `JUMPS` which of them are not continuous.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from math import isinf
from typing import Any

import numpy as np

from chalkgrad.evaluate.precise import functions as f
from chalkgrad.evaluate.precise.functions import ONE, TWO, ZERO, OutsideDomain
from chalkgrad.evaluate.precise.trial import NAN, Trial, decimal_of

COMPARISONS = ("less", "less_equal", "greater", "greater_equal", "equal", "not_equal")
REGIONS = {
    **dict.fromkeys((*COMPARISONS, "sign", "abs", "relu", "leaky_relu", "elu", "floor", "mod"), 2),
    **dict.fromkeys(("maximum", "minimum", "max", "min", "norm", "sort"), 2),
    **dict.fromkeys(("clip", "relu6", "hardtanh"), 3),
}
JUMPS = frozenset({*COMPARISONS, "sign", "floor", "mod"})


def _compare(holds: Callable[[Any, Any], bool]) -> Callable[..., Any]:
    def rule(t: Trial, i: int, a: Any, b: Any) -> Any:
        if not isinstance(a, bool) and not isinstance(b, bool):
            t.near(a, b)
        found = bool(holds(a, b))
        t.side(i, found)
        return found

    return rule


def _divide(t: Trial, i: int, a: Decimal, b: Decimal) -> Decimal:
    if not b:
        raise OutsideDomain
    return a / b


def _floor(t: Trial, i: int, x: Decimal) -> Decimal:
    t.near(x, x.to_integral_value(ROUND_HALF_EVEN))
    found = x.to_integral_value(ROUND_FLOOR)
    t.side(i, found)
    return found


def _mod(t: Trial, i: int, x: Decimal, n: Decimal) -> Decimal:
    return t.add(x, -n * _floor(t, i, _divide(t, i, x, n)))


def _side(t: Trial, i: int, x: Decimal) -> bool:
    found = x > 0
    t.side(i, found)
    return found


def _abs(t: Trial, i: int, x: Decimal) -> Decimal:
    return x if _side(t, i, x) else -x


def _sign(t: Trial, i: int, x: Decimal) -> Decimal:
    return ONE if _side(t, i, x) else -ONE if x < 0 else ZERO


def _elu(t: Trial, i: int, x: Decimal, alpha: float = 1.0) -> Decimal:
    return x if _side(t, i, x) else decimal_of(alpha, t.exact, t.digits) * f.expm1(x)


def _leaky(t: Trial, i: int, x: Decimal, slope: float = 0.01) -> Decimal:
    return x if _side(t, i, x) else decimal_of(slope, t.exact, t.digits) * x


def _larger(t: Trial, i: int, a: Decimal, b: Decimal, tie: str = "share") -> Decimal:
    first = a > b
    t.side(i, first)
    return a if first else b


def _smaller(t: Trial, i: int, a: Decimal, b: Decimal, tie: str = "share") -> Decimal:
    first = a < b
    t.side(i, first)
    return a if first else b


def _clip(t: Trial, i: int, x: Decimal, low: Decimal, high: Decimal) -> Decimal:
    inner = low if x < low else x
    found = high if inner > high else inner
    t.side(i, 2 if inner > high else x < low)
    return found


def _exp(t: Trial, i: int, x: Decimal) -> Decimal:
    t.bend(x, 1)
    return t.once(Decimal.exp, x)


def _log(t: Trial, i: int, x: Decimal) -> Decimal:
    return t.once(f.log, x)


def _sigmoid(t: Trial, i: int, x: Decimal) -> Decimal:
    return ONE / t.add(ONE, _exp(t, i, -x))


def _softplus(t: Trial, i: int, x: Decimal) -> Decimal:
    e = _exp(t, i, x)
    t.add(ONE, e)
    return f.log1p(e)


def _tanh(t: Trial, i: int, x: Decimal) -> Decimal:
    if x != x:
        return NAN
    if x.adjusted() >= -2:
        e = _exp(t, i, 2 * x)
        return t.add(e, -ONE) / t.add(e, ONE)
    t.bend(x, 2)
    e = f.expm1(2 * x)
    return e / (e + TWO)


def _logaddexp(t: Trial, i: int, a: Decimal, b: Decimal) -> Decimal:
    return _log(t, i, t.add(_exp(t, i, a), _exp(t, i, b)))


def _where(t: Trial, i: int, condition: Any, a: Any, b: Any) -> Any:
    return NAN if isinstance(condition, Decimal) else a if condition else b


def _accumulate(t: Trial, i: int, *xs: Decimal) -> Decimal:
    total = xs[0]
    for x in xs[1:]:
        total = t.add(total, x)
    return total


def _power(t: Trial, i: int, x: Decimal, n: Decimal) -> Decimal:
    if x != x or n != n:
        return NAN  # x^0 is 1 of a number only
    if x and n and n.adjusted() < -2:
        t.fade(-n.adjusted() - 3)
    return f.power(x, n)


def _arctan2(t: Trial, i: int, y: Decimal, x: Decimal) -> Decimal:
    if x != x or y != y:
        return NAN
    if x and y:
        t.fade(2 * abs(y.adjusted() - x.adjusted()))
    return f.arctan2(y, x)


def _curve(name: str, order: int, fades: float = 0, log: float = 0) -> Callable[..., Decimal]:
    """A function of `functions` that near 0 is a line up to x^order, and far out loses a part of itself.

    `fades` and `log` say how far below: by that many digits a unit of |x|, or a digit of it.
    """
    function: Callable[[Decimal], Decimal] = getattr(f, name)

    def rule(t: Trial, i: int, x: Decimal) -> Decimal:
        if x != x:
            return NAN
        size = x.adjusted() if x else 0
        if size < 0:
            t.bend(x, order)
        elif fades:
            t.fade(fades * float(abs(x)))
        elif log:
            t.fade(log * size)
        return t.once(function, x)

    return rule


RULES: dict[str, Callable[..., Any]] = {
    "add": lambda t, i, a, b: t.add(a, b),
    "subtract": lambda t, i, a, b: t.add(a, -b),
    "multiply": lambda t, i, a, b: a * b,
    "divide": _divide,
    "negative": lambda t, i, x: -x,
    "reciprocal": lambda t, i, x: _divide(t, i, ONE, x),
    "square": lambda t, i, x: x * x,
    "sqrt": lambda t, i, x: f.sqrt(x),
    "power": _power,
    "hypot": lambda t, i, a, b: t.add(a * a, b * b).sqrt(),
    "abs": _abs,
    "floor": _floor,
    "mod": _mod,
    "accumulate": _accumulate,
    "exp": _exp,
    "log": _log,
    "log2": lambda t, i, x: t.once(f.log, x) / f.log_of(2, t.digits),
    "log10": lambda t, i, x: t.once(f.log, x) / f.log_of(10, t.digits),
    "xlogy": lambda t, i, x, y: x * t.once(f.log, y) if x else ZERO,
    "logaddexp": _logaddexp,
    "sigmoid": _sigmoid,
    "softplus": _softplus,
    "log_sigmoid": lambda t, i, x: -_softplus(t, i, -x),
    "log_one_minus_sigmoid": lambda t, i, x: -_softplus(t, i, x),
    "relu": lambda t, i, x, at_zero=0: x if _side(t, i, x) else ZERO,
    "leaky_relu": _leaky,
    "elu": _elu,
    "relu6": lambda t, i, x: _clip(t, i, x, ZERO, Decimal(6)),
    "hardtanh": lambda t, i, x: _clip(t, i, x, -ONE, ONE),
    "tanh": _tanh,
    "sign": _sign,
    "maximum": _larger,
    "minimum": _smaller,
    "clip": _clip,
    "where": _where,
    "indicator": lambda t, i, c, dtype="float64": NAN if isinstance(c, Decimal) else ONE if c else ZERO,
    "masked": lambda t, i, value, zero_at: _where(t, i, zero_at, ZERO, value),
    "defined": lambda t, i, slope, value: slope if value == value else NAN,
    "logical_and": lambda t, i, a, b: NAN if isinstance(a, Decimal) or isinstance(b, Decimal) else a and b,
    "logical_or": lambda t, i, a, b: NAN if isinstance(a, Decimal) or isinstance(b, Decimal) else a or b,
    "logical_not": lambda t, i, a: NAN if isinstance(a, Decimal) else not a,
    "less": _compare(lambda a, b: a < b),
    "less_equal": _compare(lambda a, b: a <= b),
    "greater": _compare(lambda a, b: a > b),
    "greater_equal": _compare(lambda a, b: a >= b),
    "equal": _compare(lambda a, b: a == b),
    "not_equal": _compare(lambda a, b: a != b),
    "arctan2": _arctan2,
    **{name: _curve(name, 2) for name in ("sin", "cos", "tan", "arcsin", "arctanh")},
    **{name: _curve(name, 2, fades=0.87) for name in ("sinh", "cosh")},
    **{name: _curve(name, 2, log=2) for name in ("arctan", "arcsinh")},
    "arccos": _curve("arccos", 1),
    "arccosh": _curve("arccosh", 0, log=2),
    "expm1": _curve("expm1", 1, fades=0.44),
    "log1p": _curve("log1p", 1, log=1),
    "cbrt": _curve("cbrt", 0),
}


# Of arrays: object arrays of Decimals.


def _total(t: Trial, x: Any, axis: Any, keepdims: bool = False) -> Any:
    x = np.asarray(x, dtype=object)  # of one number it is the number
    shape = x.shape
    axes = range(x.ndim) if axis is None else [a % x.ndim for a in (axis if isinstance(axis, tuple) else (axis,))]
    for a in axes:
        x = np.frompyfunc(t.add, 2, 1).reduce(x, axis=a, keepdims=True, initial=ZERO)
    kept = tuple([1 if i in axes else n for i, n in enumerate(shape) if keepdims or i not in axes])
    return np.reshape(x, kept)[()]


def _map(function: Callable[[Any], Any], x: Any) -> Any:
    return np.frompyfunc(function, 1, 1)(x)


def _extreme(reduce: Any, find: Any) -> Callable[..., Any]:
    def rule(t: Trial, i: int, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        t.side(i, int(find(x)))
        return reduce(x, axis=axis, keepdims=keepdims)

    return rule


def _mean(t: Trial, i: int, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    total = _total(t, x, axis, keepdims)
    return total * np.size(total) / Decimal(np.size(x))


def _softmax(t: Trial, i: int, x: Any, axis: Any = -1) -> Any:
    e = _map(lambda v: _exp(t, i, v), x)
    return e / _total(t, e, axis, keepdims=True)


def _logsumexp(t: Trial, i: int, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    total = _total(t, _map(lambda v: _exp(t, i, v), x), axis, keepdims)
    return _map(f.log, total) if isinstance(total, np.ndarray) else f.log(total)


def _norm(t: Trial, i: int, x: Any, ord: float = 2, axis: Any = None, keepdims: bool = False) -> Any:
    if ord == 2:
        t.seen.update({(i, False), (i, True)})  # smooth away from 0
        return _map(f.sqrt, _total(t, x * x, axis, keepdims))
    for v in x.flat:
        t.side(i, v > 0)
    if isinf(ord):
        return (np.max if ord > 0 else np.min)(abs(x), axis=axis, keepdims=keepdims)
    if ord in (0, 1):
        return _total(t, abs(x) if ord else _map(lambda v: ONE if v else ZERO, x), axis, keepdims)
    order = Decimal(ord)
    powers = _total(t, _map(lambda v: f.power(abs(v), order), x), axis, keepdims)
    return _map(lambda v: f.power(v, ONE / order), powers)


def _stack(t: Trial, i: int, *xs: Any) -> Any:
    return np.stack(np.broadcast_arrays(*[np.asarray(x, dtype=object) for x in xs]))


def _sum_to(t: Trial, i: int, x: Any, shape: Any = ()) -> Any:
    x = np.asarray(x, dtype=object)
    x = np.asarray(x, dtype=object)
    more = x.ndim - len(shape)
    axes = (*range(more), *[more + k for k, n in enumerate(shape) if n == 1 and x.shape[more + k] != 1])
    return np.reshape(_total(t, x, axes, keepdims=True), shape)[()]


def _sort(t: Trial, i: int, x: Any, axis: int = -1) -> Any:
    t.side(i, tuple(np.argsort(x, axis=None).tolist()))
    return np.sort(x, axis=axis)


# NumPy itself does these on Decimals: they move entries, or multiply and add them.
MOVES = frozenset(
    {
        *("transpose", "reshape", "index", "scatter", "broadcast_to", "argsort", "take_along", "put_along"),
        *("matmul", "outer", "dot", "cumsum", "prod", "einsum", "cross"),
        *("diagonal", "put_diagonal", "trace", "tril", "triu"),
    }
)
ARRAY_RULES: dict[str, Callable[..., Any]] = {
    "stack": _stack,
    "sum_to": _sum_to,
    "sort": _sort,
    "sum": lambda t, i, x, axis=None, keepdims=False: _total(t, x, axis, keepdims),
    "mean": _mean,
    "mean_of": lambda t, i, x, size: x / Decimal(size),
    "max": _extreme(np.max, np.argmax),
    "min": _extreme(np.min, np.argmin),
    "softmax": _softmax,
    "logsumexp": _logsumexp,
    "norm": _norm,
}

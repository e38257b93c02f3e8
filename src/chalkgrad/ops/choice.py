"""Comparisons, indicators, branches, maxima: where a function is pieced together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from chalkgrad.ir.build import Value
from chalkgrad.ir.types import promote
from chalkgrad.ops.kernel import equal as equals
from chalkgrad.ops.kernel import fn, primitive
from chalkgrad.ops.kernel import where as pick
from chalkgrad.ops.local import Local, Select, constant, times
from chalkgrad.ops.notation import COMPARE, Function, Indicator, Infix, Shown
from chalkgrad.ops.op import DECLARED, REALS, TRUTH, Interval, Kink, elementwise, spread

_EDGE = f"{DECLARED}: at equality the branch that the sign takes gives the derivative"


def _comparison(name: str, ufunc: np.ufunc, sign: str, latex: str, python: str) -> Any:
    # no gradient passes, but at equality the branch that hangs on it is a choice
    edge = () if ufunc in (np.equal, np.not_equal) else (Kink(lambda a, b: a == b, _EDGE, (), ()),)
    return elementwise(
        name,
        ufunc,
        None,
        Infix(sign, latex, python, COMPARE),
        dtype="bool",
        kinks=edge,
        kernel=primitive(ufunc.__name__),
    )


less = _comparison("less", np.less, "<", "<", "<")
less_equal = _comparison("less_equal", np.less_equal, "<=", r"\le ", "<=")
greater = _comparison("greater", np.greater, ">", ">", ">")
greater_equal = _comparison("greater_equal", np.greater_equal, ">=", r"\ge ", ">=")
equal = _comparison("equal", np.equal, "=", "=", "==")
not_equal = _comparison("not_equal", np.not_equal, "!=", r"\ne ", "!=")


def _logical(name: str, ufunc: np.ufunc, latex: str) -> Any:
    return elementwise(
        f"logical_{name}",
        ufunc,
        None,
        Function(name, latex),
        dtype="bool",
        domain=(TRUTH,) * ufunc.nin,
        kernel=primitive(ufunc.__name__),
    )


logical_and = _logical("and", np.logical_and, r"\wedge")
logical_or = _logical("or", np.logical_or, r"\vee")
logical_not = _logical("not", np.logical_not, r"\neg")


def _indicator(condition: Any, dtype: str = "float64") -> Any:
    """1.0 where the condition holds, 0.0 elsewhere."""
    return np.asarray(condition, dtype=dtype)[()]


indicator = elementwise(
    "indicator",
    _indicator,
    None,
    Indicator(),
    params={"dtype": "float64"},
    dtype=lambda types, params: params.get("dtype", "float64"),
    domain=(TRUTH,),
    kernel=lambda c, dtype: c,
)


def flag(condition: Any, like: Value) -> Any:
    """`indicator` for a rule: float32 where `like` is, so that the gradient is no wider than its value."""
    return indicator(condition, dtype="float32") if like.type.dtype == "float32" else indicator(condition)


def _where_vjp(want: tuple[bool, ...], y: Value, c: Value, a: Value, b: Value) -> Sequence[Local | None]:
    return [
        None,
        Select(c, a.shape) if want[1] else None,
        Select(logical_not(c), b.shape) if want[2] else None,
    ]


def _where_jvp(tangents: tuple[Any, ...], y: Value, c: Value, a: Value, b: Value) -> Any:
    zero = constant(0, y)
    return spread(where(c, *[zero if t is None else t for t in tangents[1:]]), y)


where = elementwise(
    "where",
    np.where,
    None,
    Function("where", r"\operatorname{where}"),
    vjp=_where_vjp,
    jvp=_where_jvp,
    arity=3,
    dtype=lambda types, params: promote(types[1].dtype, types[2].dtype),
    domain=(TRUTH, REALS, REALS),
    note="the branch that is not taken gets no gradient",
    kernel=pick,
)


def _masked(value: Any, zero_at: Any) -> Any:
    """`value`, but 0 where `zero_at` holds, even if the value is not finite there."""
    return np.where(zero_at, 0.0, value)[()]


def _masked_vjp(want: tuple[bool, ...], y: Value, value: Value, zero_at: Value) -> Sequence[Local | None]:
    return [Select(logical_not(zero_at), value.shape) if want[0] else None, None]


masked = elementwise(
    "masked",
    _masked,
    None,
    Shown(),
    vjp=_masked_vjp,
    domain=(REALS, TRUTH),
    jvp=lambda tangents, y, value, zero_at: spread(where(zero_at, 0, tangents[0]), y),
    kernel=lambda value, zero_at: pick(zero_at, 0.0, value),
)


def _defined(slope: Any, value: Any) -> Any:
    """`slope`, but NaN where `value` is NaN: outside its domain a function has no derivative."""
    return np.where(np.isnan(value), np.nan, slope)[()]


defined = elementwise(
    "defined",
    _defined,
    None,
    Shown(),
    # a slope that is not defined has no slope either
    vjp=lambda want, y, slope, value: [times(defined(constant(1, y), value), slope) if want[0] else None, None],
    jvp=lambda tangents, y, slope, value: None if tangents[0] is None else spread(defined(tangents[0], value), y),
    kernel=lambda slope, value: pick(fn("isnan", value), math.nan, slope),
)

sign = elementwise(
    "sign",
    np.sign,
    lambda y, x: (0,),
    narrowest="int64",
    domain=(Interval(low=0.25),),
    kinks=(Kink(lambda x: x == 0, DECLARED, (0.0,), (0.0,)),),
    kernel=lambda x: pick(x > 0, 1, pick(x < 0, -1, pick(equals(x, 0), 0, x))),
)


def _test(name: str, ufunc: np.ufunc, note: str) -> Any:
    return elementwise(name, ufunc, None, dtype="bool", note=note, kernel=primitive(ufunc.__name__))


isnan = _test("isnan", np.isnan, "whether it is no number")
isinf = _test("isinf", np.isinf, "whether it is infinite")
isfinite = _test("isfinite", np.isfinite, "whether it is neither infinite nor NaN")
signbit = _test("signbit", np.signbit, "whether it has a minus; -0 has one too")

heaviside = elementwise(
    "heaviside",
    np.heaviside,
    lambda y, x, at_zero: (0, flag(equal(x, 0), y)),
    domain=(Interval(low=0.25), REALS),
    kinks=(Kink(lambda x, at_zero: x == 0, DECLARED, (0.0, 0.5), (0.0, 1.0), positions=(0,)),),
    note="0 below 0, 1 above, and its second input at 0 itself",
    kernel=lambda x, at_zero: pick(fn("isnan", x), x, pick(x < 0, 0.0, pick(x > 0, 1.0, at_zero))),
)


def _copysign_partials(y: Any, size: Any, side: Any) -> tuple[Any, Any]:
    return where(signbit(side), -sign(size), sign(size)), 0


copysign = elementwise(
    "copysign",
    np.copysign,
    _copysign_partials,
    domain=(Interval(low=0.25), Interval(low=0.25)),
    kinks=(
        Kink(lambda size, side: size == 0, DECLARED, (0.0, 1.0), (0.0, 0.0), positions=(0,)),
        Kink(lambda size, side: (side == 0) & (size != 0), DECLARED, (2.0, 0.0), (1.0, 0.0), positions=(1,)),
    ),
    note="the size of the first with the sign of the second",
    kernel=primitive("copysign"),
)

_SHARE = "declared convention: a tie is shared"
_TIE = {"tie": ("tie", ("share", "first"))}


def _wins(better: Any, y: Value, a: Any, b: Any, tie: str) -> tuple[Any, Any]:
    first, second = flag(better(a, b), y), flag(better(b, a), y)
    even = flag(equal(a, b), y)
    return (first + 0.5 * even, second + 0.5 * even) if tie == "share" else (first + even, second)


def _extreme(name: str, ufunc: np.ufunc, better: Any, shown: str) -> Any:
    def evaluate(a: Any, b: Any, tie: str = "share", *, out: Any = None) -> Any:
        return ufunc(a, b, out=out)

    return elementwise(
        name,
        evaluate,
        lambda y, a, b, tie="share": _wins(better, y, a, b, tie),
        Function(shown, "\\" + shown if shown == name[:3] else rf"\operatorname{{{shown}}}"),
        numpy=(ufunc,),
        narrowest="bool",
        params={"tie": "share"},
        conventions=_TIE,
        symmetric=True,
        kinks=(
            Kink(
                lambda a, b, tie="share": (a == b) & (np.asarray(a) != 0) & (tie == "share"),
                _SHARE,
                (1.0, 1.0),
                (0.5, 0.5),
            ),
            Kink(
                lambda a, b, tie="share": (a == b) & (np.asarray(a) == 0) & (tie == "share"),
                "a tie is shared; note that relu gives 0",
                (0.0, 0.0),
                (0.5, 0.5),
            ),
            Kink(
                lambda a, b, tie="share": (a == b) & (tie == "first"),
                "as chosen: at a tie the first wins",
                (1.0, 1.0),
                (1.0, 0.0),
                params={"tie": "first"},
            ),
        ),
        note=f"{shown} routes: the upstream gradient goes to the winner, and none to the other",
        kernel=primitive(ufunc.__name__),
    )


maximum = _extreme("maximum", np.maximum, greater, "max")
minimum = _extreme("minimum", np.minimum, less, "min")


def _or_number(better: Any) -> Any:
    """`better`, where a number is better than NaN."""
    return lambda a, b: logical_or(better(a, b), logical_and(isnan(b), logical_not(isnan(a))))


fmax = _extreme("fmax", np.fmax, _or_number(greater), "fmax")
fmin = _extreme("fmin", np.fmin, _or_number(less), "fmin")


def _clip_partials(y: Any, x: Any, low: Any, high: Any) -> tuple[Any, Any, Any]:
    # high wins where the bounds are the wrong way round, as in NumPy
    inside = flag(logical_and(x >= low, x <= high), y)
    return inside, flag(logical_and(x < low, low <= high), y), flag(logical_or(x > high, low > high), y)


def _clip_edge(x: Any, low: Any, high: Any) -> Any:
    return (x == low) | (x == high) | (low == high)


clip = elementwise(
    "clip",
    np.clip,
    _clip_partials,
    arity=3,
    narrowest="int64",
    kinks=(
        Kink(_clip_edge, DECLARED, (0.0, 0.0, 1.0), (1.0, 0.0, 0.0)),
        Kink(_clip_edge, DECLARED, (1.0, 0.0, 1.0), (1.0, 0.0, 0.0)),
    ),
    kernel=lambda x, low, high: fn("minimum", fn("maximum", x, low), high),
)

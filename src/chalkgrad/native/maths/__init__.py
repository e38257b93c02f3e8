"""Functions of real numbers on vectors, in LLVM's language itself: they need no library and are the same everywhere.

Each is within two units of the last place over the whole range, numbers with few digits included, and keeps what NumPy
has for 0, -0, inf and NaN. In how many lanes a number is worked out makes no difference to it: no lane looks at
another, but for the choice of a slow way that nobody else then takes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

from chalkgrad.native.maths.exponential import erf, exp, exp2, expm1, sigmoid, tanh
from chalkgrad.native.maths.hyperbolic import arccosh, arcsinh, arctanh, cosh, sinh
from chalkgrad.native.maths.inverse import arccos, arcsin, arctan, arctan2
from chalkgrad.native.maths.logarithm import log, log1p, log2, log10
from chalkgrad.native.maths.power import power
from chalkgrad.native.maths.roots import cbrt, hypot
from chalkgrad.native.maths.trigonometric import cos, sin, tan
from chalkgrad.native.maths.vectors import DOUBLE, SINGLE, Body, Value


def _by_float64(function: Callable[..., Value]) -> Callable[..., Value]:
    """The function, for float32 with the digits of float64 before it is rounded."""

    def either(*xs: Value) -> Value:
        return function(*[x.widened() for x in xs]).narrowed() if xs[0].kind == SINGLE else function(*xs)

    return either


_FUNCTIONS: dict[str, Callable[..., Value]] = {
    "arccos": _by_float64(arccos),
    "arccosh": _by_float64(arccosh),
    "arcsin": _by_float64(arcsin),
    "arcsinh": _by_float64(arcsinh),
    "arctan": _by_float64(arctan),
    "arctan2": _by_float64(arctan2),
    "arctanh": _by_float64(arctanh),
    "cbrt": _by_float64(cbrt),
    "cos": cos,
    "cosh": _by_float64(cosh),
    "erf": erf,
    "exp": exp,
    "exp2": exp2,
    "expm1": expm1,
    "hypot": _by_float64(hypot),
    "log": log,
    "log10": log10,
    "log1p": log1p,
    "log2": log2,
    "power": power,
    "sigmoid": sigmoid,
    "sin": sin,
    "sinh": _by_float64(sinh),
    "tan": tan,
    "tanh": tanh,
}
# How many operands there are, where there is more than one.
OPERANDS = {"arctan2": 2, "hypot": 2, "power": 2}
_KINDS = {"float64": DOUBLE, "float32": SINGLE}
NAMES = frozenset(_FUNCTIONS)


@cache
def define(name: str, dtype: str, lanes: int, inline: bool = True) -> tuple[str, Mapping[str, str]]:
    """The symbol of a function on `<lanes x dtype>`, or on bare numbers where `lanes` is 1, and the text of all that
    it needs, by symbol: definitions and declarations, to be merged with those of others.

    `inline` puts it into the loops that call it, where what it begins with is done once for all turns.
    """
    assert name in NAMES, f"no function '{name}'"
    kind = _KINDS[dtype]
    body = Body(lanes)
    symbol = f"maths.{name}.{body.suffix(kind)}" + ("" if inline else ".apart")
    given = [Value(body, kind, f"%x{k}") for k in range(OPERANDS.get(name, 1))]
    text = body.function(symbol, given, _FUNCTIONS[name](*given), "alwaysinline" if inline else "noinline")
    return symbol, {**body.needs, symbol: text}

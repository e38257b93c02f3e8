"""The identities that belong to one function: what it is made of, and its slope."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from chalkgrad.transform.identities.polynomial import (
    MINUS,
    ONE,
    Sum,
    call,
    constant,
    divided,
    minus,
    power,
    scaled,
    times,
    total,
)

HALF = Fraction(1, 2)


def _exp(u: Sum) -> Sum:
    return call("exp", u)


def _tanh(u: Sum) -> Sum:
    up, down = _exp(u), _exp(minus(u))
    return divided(total((up, minus(down))), total((up, down)))


def _absolute_half(a: Sum, b: Sum, sign: Fraction) -> Sum:
    apart = call("abs", total((a, minus(b))))
    return scaled(total((a, b, scaled(apart, sign))), HALF)


# name → (how the identity is called, what the function is made of)
MADE: dict[str, tuple[str, Callable[..., Sum]]] = {
    "tanh": ("definition of tanh", _tanh),
    "sigmoid": ("definition of σ", lambda u: divided(constant(1), total((constant(1), _exp(minus(u)))))),
    "softplus": ("definition of softplus", lambda u: call("log", total((constant(1), _exp(u))))),
    "sinh": ("definition of sinh", lambda u: scaled(total((_exp(u), minus(_exp(minus(u))))), HALF)),
    "cosh": ("definition of cosh", lambda u: scaled(total((_exp(u), _exp(minus(u)))), HALF)),
    "expm1": ("definition of expm1", lambda u: total((_exp(u), constant(-1)))),
    "log1p": ("definition of log1p", lambda u: call("log", total((constant(1), u)))),
    "log_sigmoid": ("definition of log σ", lambda u: call("log", call("sigmoid", u))),
    "log_one_minus_sigmoid": (
        "definition of log(1 - σ)",
        lambda u: call("log", total((constant(1), minus(call("sigmoid", u))))),
    ),
    "logaddexp": ("definition of logaddexp", lambda a, b: call("log", total((_exp(a), _exp(b))))),
    "log2": ("change of base", lambda u: divided(call("log", u), call("log", constant(2)))),
    "log10": ("change of base", lambda u: divided(call("log", u), call("log", constant(10)))),
    "tan": ("tan = sin/cos", lambda u: divided(call("sin", u), call("cos", u))),
    "hypot": ("definition of hypot", lambda a, b: call("sqrt", total((times(a, a), times(b, b))))),
    "relu": ("relu(u) = (u + |u|)/2", lambda u: scaled(total((u, call("abs", u))), HALF)),
    "maximum": ("max(a, b) = (a + b + |a - b|)/2", lambda a, b: _absolute_half(a, b, ONE)),
    "minimum": ("min(a, b) = (a + b - |a - b|)/2", lambda a, b: _absolute_half(a, b, MINUS)),
    "power": ("u^v = e^(v log u)", lambda u, v: call("exp", times(v, call("log", u)))),
    "arctanh": (
        "arctanh(u) = log((1 + u)/(1 - u))/2",
        lambda u: scaled(call("log", divided(total((constant(1), u)), total((constant(1), minus(u))))), HALF),
    ),
    "arcsinh": (
        "arcsinh(u) = log(u + sqrt(u^2 + 1))",
        lambda u: call("log", total((u, call("sqrt", total((times(u, u), constant(1))))))),
    ),
}
# The slopes that a table of derivatives has.
SLOPES: dict[str, Callable[[Sum], Sum]] = {
    "exp": _exp,
    "log": lambda u: power(u, MINUS),
    "sqrt": lambda u: scaled(power(call("sqrt", u), MINUS), HALF),
    "sin": lambda u: call("cos", u),
    "cos": lambda u: minus(call("sin", u)),
    "tan": lambda u: total((constant(1), power(call("tan", u), Fraction(2)))),
    "sinh": lambda u: call("cosh", u),
    "cosh": lambda u: call("sinh", u),
    "tanh": lambda u: total((constant(1), minus(power(call("tanh", u), Fraction(2))))),
    "sigmoid": lambda u: times(call("sigmoid", u), total((constant(1), minus(call("sigmoid", u))))),
    "softplus": lambda u: call("sigmoid", u),
    "arctan": lambda u: power(total((constant(1), times(u, u))), MINUS),
    "arcsin": lambda u: power(call("sqrt", total((constant(1), minus(times(u, u))))), MINUS),
    "abs": lambda u: call("sign", u),
}
# f(-u) is -f(u), or f(u)
ODD = frozenset({"sin", "tan", "tanh", "sinh", "arctan", "arcsin", "arcsinh", "arctanh", "sign"})
EVEN = frozenset({"cos", "cosh", "abs"})
SYMBOLS = {"sigmoid": "σ"}


def called(name: str) -> str:
    """A function's name as people write it."""
    return SYMBOLS.get(name, name)

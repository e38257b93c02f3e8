"""Values and slopes of the scalar ops against 50 digits of mpmath."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chalkgrad.evaluate.interpret import Interpreter
from chalkgrad.ir.registry import OPS
from chalkgrad.transform.backprop import backprop
from tests.ops.contract import single

mpmath = pytest.importorskip("mpmath", reason="mpmath, the reference here, is not installed")
mp = mpmath.mp.clone()
mp.dps = 50

MIXED = (-2.9, -0.7, 1e-3, 0.6, 2.3)
ABOVE = (1e-9, 0.3, 1.7, 250.0)
INSIDE = (-0.95, -0.2, 1e-8, 0.4, 0.9)

ONE: dict[str, tuple[Callable[[Any], Any], tuple[float, ...]]] = {
    "negative": (lambda x: -x, MIXED),
    "reciprocal": (lambda x: 1 / x, MIXED),
    "square": (lambda x: x**2, MIXED),
    "sqrt": (mp.sqrt, ABOVE),
    "cbrt": (mp.cbrt, ABOVE),
    "abs": (abs, MIXED),
    "exp": (mp.exp, (*MIXED, -700.0, 700.0)),
    "expm1": (mp.expm1, (*MIXED, 1e-12, -50.0)),
    "log": (mp.log, ABOVE),
    "log1p": (mp.log1p, (*ABOVE, -0.9, 1e-15)),
    "log2": (lambda x: mp.log(x, 2), ABOVE),
    "log10": (mp.log10, ABOVE),
    "sin": (mp.sin, (*MIXED, 1e5)),
    "cos": (mp.cos, (*MIXED, 1e5)),
    "tan": (mp.tan, MIXED),
    "arcsin": (mp.asin, INSIDE),
    "arccos": (mp.acos, INSIDE),
    "arctan": (mp.atan, (*MIXED, 1e8)),
    "sinh": (mp.sinh, MIXED),
    "cosh": (mp.cosh, MIXED),
    "tanh": (mp.tanh, MIXED),
    "arcsinh": (mp.asinh, MIXED),
    "arccosh": (mp.acosh, (1.001, 1.5, 40.0)),
    "arctanh": (mp.atanh, INSIDE),
    "sigmoid": (lambda x: 1 / (1 + mp.exp(-x)), (*MIXED, -40.0, -700.0)),
    "softplus": (lambda x: mp.log1p(mp.exp(x)), (*MIXED, -700.0, 700.0)),
    "log_sigmoid": (lambda x: -mp.log1p(mp.exp(-x)), (*MIXED, -700.0, 700.0)),
    "log_one_minus_sigmoid": (lambda x: -mp.log1p(mp.exp(x)), (*MIXED, -700.0, 700.0)),
    "elu": (lambda x: x if x > 0 else mp.expm1(x), MIXED),
    "relu": (lambda x: max(x, mp.mpf(0)), MIXED),
}
TWO: dict[str, tuple[Callable[[Any, Any], Any], tuple[tuple[float, float], ...]]] = {
    "add": (lambda a, b: a + b, ((0.1, 0.2),)),
    "subtract": (lambda a, b: a - b, ((0.1, 0.3),)),
    "multiply": (lambda a, b: a * b, ((-0.1, 0.3),)),
    "divide": (lambda a, b: a / b, ((1.0, 3.0), (1e200, -1e-3), (1.0, 1e200))),
    "power": (lambda a, b: a**b, ((0.3, -1.7), (2.5, 0.0), (2.5, 3.0), (1e-4, 1.5))),
    "hypot": (mp.hypot, ((3.0, 4.0), (1e200, 2e200), (1e-9, -1.0))),
    "arctan2": (mp.atan2, ((1.0, 2.0), (-1.0, -2.0), (1e-150, 1e-150), (0.5, -1e-9))),
    "logaddexp": (lambda a, b: mp.log(mp.exp(a) + mp.exp(b)), ((1.0, 2.0), (1000.0, 1000.0), (-5.0, 30.0))),
    "xlogy": (lambda a, b: a * mp.log(b), ((0.3, 0.2), (-1.0, 40.0))),
    "mod": (lambda a, b: a - b * mp.floor(a / b), ((5.3, 1.5), (-5.3, 1.5), (1.0, 0.1), (7.0, -2.5))),
}


def holds(name: str, function: Callable[..., Any], at: tuple[float, ...]) -> None:
    program = single(OPS[name], at, {})
    value, *slopes = Interpreter(backprop(program).gradient)(*at, 1.0)
    exact = [mp.mpf(x) for x in at]
    wanted = [function(*exact)]
    for k, x in enumerate(exact):
        moved = lambda t, k=k: function(*exact[:k], t, *exact[k + 1 :])
        wanted.append(mp.diff(moved, x, h=(abs(x) or 1) * mp.mpf("1e-20")))
    for found, right in zip([value, *slopes], wanted, strict=True):
        assert abs(mp.mpf(float(found)) - right) <= 1e-13 * abs(right) + mp.mpf(10) ** -320, (found, right)


@pytest.mark.parametrize("name", ONE)
def test_one_input(name: str) -> None:
    function, points = ONE[name]
    for x in points:
        holds(name, function, (x,))


@pytest.mark.parametrize("name", TWO)
def test_two_inputs(name: str) -> None:
    function, points = TWO[name]
    for at in points:
        holds(name, function, at)

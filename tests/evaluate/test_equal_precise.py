"""Decimal evaluation: every op beside NumPy, every function beside mpmath, and what is noted as not seen."""

from __future__ import annotations

import time
from decimal import Decimal, localcontext
from typing import Any

import mpmath
import numpy as np
import pytest

from chalkgrad.evaluate.precise import functions
from chalkgrad.evaluate.precise.ops import ARRAY_RULES, RULES
from chalkgrad.evaluate.precise.program import NotPrecise, Precise
from chalkgrad.evaluate.precise.ranges import unreachable
from chalkgrad.evaluate.precise.trial import NAMED, Trial, precision
from chalkgrad.ir.build import Builder
from chalkgrad.ir.registry import OPS
from chalkgrad.ir.types import type_of
from chalkgrad.notation.read import read

MPMATH = {
    "sin": "sin",
    "cos": "cos",
    "tan": "tan",
    "arcsin": "asin",
    "arccos": "acos",
    "arctan": "atan",
    "sinh": "sinh",
    "cosh": "cosh",
    "arcsinh": "asinh",
    "arccosh": "acosh",
    "arctanh": "atanh",
    "expm1": "expm1",
    "log1p": "log1p",
    "log": "log",
    "sqrt": "sqrt",
    "cbrt": "cbrt",
}


@pytest.mark.parametrize("name", MPMATH)
def test_functions_to_the_last_digits(name: str) -> None:
    rng = np.random.default_rng(3)
    tried = 0
    with localcontext(precision(50)), mpmath.workdps(90):
        for size in (1e-6, 0.01, 1, 20, 1e5):
            for _ in range(6):
                x = Decimal(repr(float(rng.uniform(-size, size))))
                if name == "cbrt":
                    x = abs(x)
                try:
                    found = getattr(functions, name)(x)
                except functions.OutsideDomain:
                    continue
                wanted = getattr(mpmath, MPMATH[name])(mpmath.mpf(str(x)))
                assert abs(mpmath.mpf(str(found)) - wanted) <= abs(wanted) * mpmath.mpf(10) ** -48
                tried += 1
    assert tried >= 6


def _decimals(x: Any) -> Any:
    if np.ndim(x) == 0:
        return bool(x) if isinstance(x, (bool, np.bool_)) else Decimal(repr(float(x)))
    if np.asarray(x).dtype == bool:
        return np.asarray(x).astype(object)
    if np.asarray(x).dtype.kind == "i":
        return x
    return np.vectorize(lambda v: Decimal(repr(float(v))), otypes=[object])(x)


def _cases(op: Any) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
    rng = np.random.default_rng(4)
    if op.samples is not None:
        return op.samples(rng)
    if op.name == "accumulate":
        return [((1.5, -2.25, 0.5), {})]
    inputs = []
    for interval in op.domain:
        if interval.high is True:
            inputs.append(True)
        else:
            inputs.append(np.float64(rng.uniform(max(interval.low, -2.0), min(interval.high, 2.0))))
    return [(tuple(inputs), {})]


@pytest.mark.parametrize("name", sorted(OPS))
def test_every_op_has_the_value_that_numpy_has(name: str) -> None:
    op = OPS[name]
    assert not (name in RULES and not op.elementwise and name in ARRAY_RULES)
    for given, params in _cases(op):
        builder = Builder()
        atoms = [builder.input(f"x{i}", type_of(x)) for i, x in enumerate(given)]
        program = builder.program("f", builder.bind_many(op, *atoms, params=params)[0])
        with np.errstate(all="ignore"):
            wanted = op.evaluate(*given, **params)
            wanted = np.asarray(wanted[0] if op.several else wanted, dtype=float)
        with localcontext(precision(50)):
            trial = Trial(50, NAMED, time.perf_counter() + 5)
            try:
                found = Precise(program, NAMED).at([_decimals(x) for x in given], trial)
            except NotPrecise:  # said, and then undecided
                assert name not in {**RULES, **ARRAY_RULES}
                continue
        assert np.shape(found) == np.shape(wanted), name
        assert np.allclose(np.asarray(found, dtype=float), wanted, rtol=1e-12, atol=1e-13), name


def _value(text: str, *point: str, along: str = "", order: int = 0) -> tuple[Any, Trial]:
    program = read(text).program
    with localcontext(precision(50)):
        trial = Trial(50, NAMED, time.perf_counter() + 5)
        return Precise(program, NAMED, along, order).at([Decimal(p) for p in point], trial), trial


@pytest.mark.parametrize(
    ("text", "at", "gap"),
    [
        ("1 + e^x", "-100", 43),
        ("σ(x)", "230", 99),
        ("tanh x", "100", 86),
        ("tanh x", "1e-20", 40),
        ("softplus(x)", "-100", 43),
        ("sinh x", "100", 86),
        ("cosh x", "1e-30", 60),
        ("expm1(x)", "-100", 43),
        ("log1p(x)", "1e40", 40),
        ("arctan x", "1e30", 60),
        ("e^x", "1e-40", 40),
        ("sin x", "1e-20", 40),
        ("x + 1e-300", "1", 300),
    ],
)
def test_what_is_lost_below_the_last_digit_is_noted(text: str, at: str, gap: int) -> None:
    assert _value(text, at)[1].gap >= gap


@pytest.mark.parametrize("text", ["x + y", "x y", "σ(x)", "log(x + y)", "x^3 - x"])
def test_ordinary_points_hide_nothing(text: str) -> None:
    names = [v.hint for v in read(text).program.inputs]
    assert _value(text, *["1.25", "0.75"][: len(names)])[1].gap <= 2


def test_no_value_outside_the_domain() -> None:
    for text in ("log(-x)", "sqrt(-x)", "1/(x - 2)", "(-x)^0.5", "arcsin(x)", "arccosh(-x)", "1/0 x"):
        found = _value(text, "2")[0]
        assert found != found, text
    assert _value("where(x > 0, 1, log(-x))", "2")[0] == 1
    assert _value("0^0 + x", "2")[0] == 3


def test_derivatives_are_differences() -> None:
    assert _value("x^3", "2", along="x", order=1)[0] == 12
    assert abs(_value("e^x", "0", along="x", order=3)[0] - 1) < Decimal(10) ** -45


@pytest.mark.parametrize(
    ("text", "excused"),
    [
        ("relu(x^2 + 1)", True),
        ("|e^x|", True),
        ("relu(x)", False),
        ("max(σ(x), 2)", True),
        ("max(σ(x), ½)", False),
        ("1{e^x > 0}", True),
        ("1{(x - y)^2 > 0}", False),  # not at x = y
        ("relu(x - 1000000000)", False),
    ],
)
def test_sides_that_nothing_can_take(text: str, excused: bool) -> None:
    assert bool(unreachable(read(text).program)) == excused

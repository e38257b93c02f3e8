"""A derivation's steps, checked: each has the value of the first, to 40 digits, at every point it is tried at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

from chalkgrad.evaluate.equality import AGREED
from chalkgrad.evaluate.precise.functions import pi, power
from chalkgrad.evaluate.precise.ops import RULES
from chalkgrad.evaluate.precise.trial import NAN, Trial, precision
from chalkgrad.transform.identities.derivative import D
from chalkgrad.transform.identities.polynomial import Fn, Sum, Sym

DIGITS = 70


def checked(
    formulas: Sequence[Sum], names: Sequence[str], points: Sequence[tuple[Any, ...]], deadline: float
) -> int | None:
    """At how many points all the formulas have the same value; None where they differ, or no point tells.

    Raises OutOfTime.
    """
    count = 0
    for point in points:
        env = dict(zip(names, point, strict=True))
        with localcontext(precision(DIGITS)):
            trial = Trial(DIGITS, {}, deadline)
            values = [_safely(f, env, trial) for f in formulas]
            first = values[0]
            if any(v != v for v in values):
                continue
            if any(abs(v - first) > max(abs(v), abs(first), Decimal(1).scaleb(-8)).scaleb(-AGREED) for v in values):
                return None
            count += 1
    return count or None


def _safely(formula: Sum, env: Mapping[str, Decimal], trial: Trial) -> Decimal:
    trial.check()
    try:
        return value(formula, env, trial)
    except ArithmeticError:
        return NAN


def value(formula: Sum, env: Mapping[str, Decimal], trial: Trial) -> Decimal:
    """The value of a formula; a derivative still to be taken is a difference quotient."""
    whole = Decimal(0)
    for coefficient, factors in formula.terms:
        part = _exactly(coefficient)
        for base, exponent in factors:
            found = _base(base, env, trial)
            part *= found if exponent == 1 else power(found, _exactly(exponent))
        whole += part
    return whole


def _exactly(number: Fraction) -> Decimal:
    return Decimal(number.numerator) / number.denominator


def _base(base: Sym | Fn | Sum, env: Mapping[str, Decimal], trial: Trial) -> Decimal:
    if isinstance(base, Sym):
        return env[base.name] if base.name in env else pi(trial.digits)
    if isinstance(base, Sum):
        return value(base, env, trial)
    if base.name == D:
        return _difference(base, env, trial)
    return RULES[base.name](trial, 0, *[value(a, env, trial) for a in base.args])


def _difference(slope: Fn, env: Mapping[str, Decimal], trial: Trial) -> Decimal:
    places = trial.digits // 2 + 5
    with localcontext(precision(2 * trial.digits + 10)) as context:
        wide = Trial(context.prec, {}, trial.deadline)
        h = Decimal(1).scaleb(-places)
        up, down = [value(slope.args[0], {**env, slope.by: env[slope.by] + s * h}, wide) for s in (1, -1)]
        found = (up - down) / (2 * h)
    return +found

"""Between Programs and the formulas that identities work on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from math import isfinite

import numpy as np

from chalkgrad.ir.program import Number, Program, Var
from chalkgrad.ir.registry import lookup
from chalkgrad.ir.types import SCALAR
from chalkgrad.ops import arithmetic
from chalkgrad.ops.notation import Function
from chalkgrad.ops.op import Op
from chalkgrad.transform.expression import Apply, Const, Expr, Ref
from chalkgrad.transform.identities.derivative import D
from chalkgrad.transform.identities.polynomial import (
    MINUS,
    Factors,
    Fn,
    Sum,
    Sym,
    Term,
    Unwieldy,
    call,
    constant,
    divided,
    minus,
    of,
    power,
    scaled,
    times,
    total,
)

STEPS = 120
# Constants print by their names.
E, PI = Var(SCALAR, "e"), Var(SCALAR, "π")
CONSTANTS = {E: "e", PI: "π"}


def formula(program: Program, exact: Mapping[float, Fraction | str]) -> Sum | None:
    """The one output of a Program of numbers as a formula, or None where it is not of that kind, or too long."""
    if len(program.steps) > STEPS or any(v.type.shape for v in program.variables()):
        return None
    known: dict[Var, Sum] = {v: of(Sym(v.hint)) for v in program.inputs}
    try:
        for step in program.steps:
            op = step.op
            given = [_number(a, exact) if isinstance(a, Number) else known[a] for a in step.inputs]
            known[step.output] = _applied(op, given, dict(step.params))
        out = program.output
        return _number(out, exact) if isinstance(out, Number) else known[out]
    except (Unwieldy, OverflowError, ZeroDivisionError):
        return None


def _number(atom: Number, exact: Mapping[float, Fraction | str]) -> Sum:
    if isinstance(atom.value, (bool, np.ndarray)) or not isfinite(atom.value):
        raise Unwieldy
    value = float(atom.value)
    meant = exact.get(abs(value))
    if isinstance(meant, str):
        size = call("exp", constant(1)) if meant == "e" else of(Sym("π"))
    else:
        size = constant(Fraction(repr(abs(value))) if meant is None else meant)
    return minus(size) if value < 0 else size


def _applied(op: object, given: list[Sum], params: dict[str, object]) -> Sum:
    name = getattr(op, "name", "")
    rule = _ALGEBRA.get(name)
    if rule is not None:
        return rule(*given)
    if name == "power":
        exponent = given[1].number
        if exponent is not None:
            return power(given[0], exponent)
        u = _exponent(given[0])
        return of(Fn("power", tuple(given))) if u is None else call("exp", times(u, given[1]))
    if params or name not in FUNCTIONS:
        raise Unwieldy
    return call(name, *given)


def _exponent(value: Sum) -> Sum | None:
    """The u of e^u alone."""
    if len(value.terms) == 1 and value.terms[0][0] == 1 and len(value.terms[0][1]) == 1:
        base = value.terms[0][1][0][0]
        if isinstance(base, Fn) and base.name == "exp":
            return base.args[0]
    return None


FUNCTIONS = frozenset(
    {
        *("exp", "log", "sqrt", "cbrt", "abs", "sign", "sin", "cos", "tan", "sinh", "cosh", "tanh", "sigmoid"),
        *("softplus", "relu", "maximum", "minimum", "expm1", "log1p", "log2", "log10", "log_sigmoid", "logaddexp"),
        *("log_one_minus_sigmoid", "hypot", "arcsin", "arccos", "arctan", "arcsinh", "arccosh", "arctanh", "arctan2"),
        *("floor", "mod"),
    }
)
_ALGEBRA: dict[str, Callable[..., Sum]] = {
    "add": lambda a, b: total((a, b)),
    "subtract": lambda a, b: total((a, minus(b))),
    "multiply": times,
    "divide": divided,
    "negative": minus,
    "square": lambda a: power(a, Fraction(2)),
    "reciprocal": lambda a: power(a, MINUS),
    "accumulate": lambda *xs: total(xs),
}


# back again, to be printed


def written(value: Sum, inputs: Mapping[str, Var]) -> Expr:
    """The formula as a tree of ops over these inputs, as a person would write it."""
    if not value.terms:
        return Const(0)
    terms = [_as_written(*term) for term in value.terms]
    first = next((i for i, (c, _) in enumerate(terms) if c > 0), 0)
    terms.insert(0, terms.pop(first))
    whole = _term(terms[0], inputs)
    for coefficient, factors in terms[1:]:
        op = arithmetic.subtract if coefficient < 0 else arithmetic.add
        whole = Apply(op, (whole, _term((abs(coefficient), factors), inputs)))
    return whole


def _term(term: Term, inputs: Mapping[str, Var]) -> Expr:
    coefficient, factors = term
    size = abs(coefficient)
    above = [_power(b, e, inputs) for b, e in factors if e > 0]
    below = [_power(b, -e, inputs) for b, e in factors if e < 0]
    if size.numerator != 1 or not above:
        above.insert(0, Const(size.numerator))
    if size.denominator != 1:
        below.insert(0, Const(size.denominator))
    whole = _chain(above)
    if below:
        whole = Apply(arithmetic.divide, (whole, _chain(below)))
    return Apply(arithmetic.negative, (whole,)) if coefficient < 0 else whole


def _as_written(coefficient: Fraction, factors: Factors) -> Term:
    """Sums with the sign that they were written with: their first term is positive."""
    out: list[tuple[Sym | Fn | Sum, Fraction]] = []
    for base, exponent in factors:
        if isinstance(base, Sum) and base.terms[0][0] < 0 and exponent.denominator == 1:
            base = scaled(base, MINUS)
            coefficient *= -1 if exponent % 2 else 1
        out.append((base, exponent))
    return coefficient, tuple(out)


def _chain(parts: list[Expr]) -> Expr:
    whole = parts[0]
    for part in parts[1:]:
        whole = Apply(arithmetic.multiply, (whole, part))
    return whole


def _power(base: Sym | Fn | Sum, exponent: Fraction, inputs: Mapping[str, Var]) -> Expr:
    if isinstance(base, Sym):
        whole: Expr = Ref(PI if base.name == "π" and "π" not in inputs else inputs[base.name])
    elif isinstance(base, Sum):
        whole = written(base, inputs)
    elif base.name == "exp" and base.args[0].number == 1:
        whole = Ref(E)
    else:
        args = tuple([written(a, inputs) for a in base.args])
        whole = Apply(_slope(base.by) if base.name == D else lookup(base.name), args)
    if exponent == 1:
        return whole
    size: Expr = Const(exponent.numerator)
    if exponent.denominator != 1:
        size = Apply(arithmetic.divide, (size, Const(exponent.denominator)))
    return Apply(arithmetic.power, (whole, size))


def _slope(by: str) -> Op:
    """An op that only prints: the derivative still to be taken."""
    layout = Function(f"d/d{by}", rf"\frac{{d}}{{d{by}}}")
    return Op(D, 1, None, lambda types, params: types, None, None, layout)

"""Formulas in the language of Maxima, which STACK compares answers in. What it cannot be trusted with is refused.

A maximum, an absolute value or a case distinction has no normal form there: a right answer in another form could be
called wrong, so only smooth functions of numbers are taken.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

from chalkgrad.ir.program import Program, Var
from chalkgrad.notation.commands import LETTERS
from chalkgrad.transform.expression import Apply, Const, Expr, Ref, written_out

_WORDS = """
    e i j pi gamma psi beta zeta lambda if then else do for while unless thru step from next in and or not true false at
    diff sum product limit integrate max min exp log ln lg sin cos tan abs sqrt float expand factor num denom rhs lhs ev
    block list sigma stud teach agrees stages points off near key opposite inf minf und ind unknown all none nounor
    nounand del let mod
"""
# What these letters and words mean in Maxima or STACK, they mean in every answer.
TAKEN = frozenset(_WORDS.split())
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)*")
_LETTERS = {letter: command.lstrip("\\") for command, letter in LETTERS.items()}
_MARKS = {"\u0302": "hat", "\u20d7": "vec", "\u0304": "bar", "\u0303": "tilde", "\u0307": "dot", "\u0308": "ddot"}
_SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(5)

Printed = tuple[str, int]


class CannotWrite(Exception):
    """The formula has no form in Maxima that STACK can be trusted with."""


def maxima_name(name: str) -> str | None:
    """`w_0`, `alpha` of α, `yhat` of ŷ, `y_star` of y^*; None where it has no name there, or one that is taken."""
    text = name.removesuffix("^*") + ("_star" if name.endswith("^*") else "")
    text = text.replace("'", "_prime").replace("′", "_prime").replace("{", "").replace("}", "")
    made = "".join(_letter(c) for c in unicodedata.normalize("NFD", text))
    return made if _NAME.fullmatch(made) and made not in TAKEN else None


def _letter(char: str) -> str:
    return _MARKS.get(char) or (char if char.isascii() else _LETTERS.get(char, "?"))


def names_of(names: Mapping[Var, str]) -> dict[Var, str]:
    """The names in Maxima, no two alike. Raises CannotWrite."""
    made: dict[Var, str] = {}
    for var, name in names.items():
        text = maxima_name(name)
        if text is None or text in made.values():
            raise CannotWrite(f"{name} has no name of its own in Maxima")
        made[var] = text
    return made


def maxima(program: Program, names: Mapping[Var, str], var: Any = None) -> str:
    """What stands behind `var`, by default the output, in the names of the inputs. Raises CannotWrite."""
    made = {v: s for s in program.steps for v in s.given}
    expr = written_out(program.output if var is None else var, made, frozenset(program.inputs))
    if expr is None:
        raise CannotWrite("the formula is too long")
    return _written(expr, names)[0]


def _written(expr: Expr, names: Mapping[Var, str]) -> Printed:
    if isinstance(expr, Ref):
        if expr.var.type.shape or expr.var not in names:
            raise CannotWrite("only numbers are compared")
        return names[expr.var], _ATOM
    if isinstance(expr, Const):
        return _constant(expr.value)
    write = _WRITERS.get(expr.op.name)
    if write is None or expr.place is not None:
        raise CannotWrite(f"{expr.op.name} is not compared in Maxima")
    return write([_written(a, names) for a in expr.args], expr)


def _constant(value: Any) -> Printed:
    number = float(value) if getattr(value, "shape", ()) == () else None
    if number is None or number != number or number in (float("inf"), float("-inf")):
        raise CannotWrite("only numbers are compared")
    text = str(int(number)) if number == int(number) and abs(number) < 1e15 else repr(number)
    return (f"({text})", _ATOM) if number < 0 else (text, _ATOM)


def _in(part: Printed, level: int) -> str:
    return part[0] if part[1] >= level else f"({part[0]})"


def _infix(sign: str, level: int) -> Callable[[list[Printed], Apply], Printed]:
    def write(parts: list[Printed], expr: Apply) -> Printed:
        first, *rest = parts
        return sign.join([_in(first, level), *[_in(p, level + 1) for p in rest]]), level

    return write


def _call(name: str) -> Callable[[list[Printed], Apply], Printed]:
    return lambda parts, expr: (f"{name}({', '.join(p[0] for p in parts)})", _ATOM)


def _power(parts: list[Printed], expr: Apply) -> Printed:
    return f"{_in(parts[0], _ATOM)}^{_in(parts[1], _ATOM)}", _POWER


def _of(pattern: str, level: int = _ATOM) -> Callable[[list[Printed], Apply], Printed]:
    """One operand in brackets in a pattern."""
    return lambda parts, expr: (pattern.format(f"({parts[0][0]})", bare=parts[0][0]), level)


_WRITERS: dict[str, Callable[[list[Printed], Apply], Printed]] = {
    "add": _infix("+", _SUM),
    "accumulate": _infix("+", _SUM),
    "subtract": _infix("-", _SUM),
    "multiply": _infix("*", _PRODUCT),
    "divide": _infix("/", _PRODUCT),
    "negative": lambda parts, expr: (f"-{_in(parts[0], _PRODUCT)}", _SUM),
    "reciprocal": lambda parts, expr: (f"1/{_in(parts[0], _POWER)}", _PRODUCT),
    "square": lambda parts, expr: (f"{_in(parts[0], _ATOM)}^2", _POWER),
    "power": _power,
    "sqrt": _call("sqrt"),
    "exp": _call("exp"),
    "exp2": _of("2^{0}", _POWER),
    "log": _call("log"),
    "log2": _of("(log{0}/log(2))"),
    "log10": _of("(log{0}/log(10))"),
    "log1p": _of("log(1+{bare})"),
    "expm1": _of("(exp{0}-1)"),
    "sigmoid": _call("sigma"),
    "softplus": _of("log(1+exp{0})"),
    "sin": _call("sin"),
    "cos": _call("cos"),
    "tan": _call("tan"),
    "sinh": _call("sinh"),
    "cosh": _call("cosh"),
    "tanh": _call("tanh"),
    "arctan": _call("atan"),
}

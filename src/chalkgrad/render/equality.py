"""Whether two formulas are equal, in text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from chalkgrad.ir.program import Program, Var
from chalkgrad.ir.types import SCALAR
from chalkgrad.render.text import text
from chalkgrad.transform.expression import Apply, Const, Expr, Ref, written_out
from chalkgrad.transform.identities.convert import CONSTANTS, PI, E, written
from chalkgrad.transform.identities.polynomial import Sum
from chalkgrad.transform.identities.rules import Label
from chalkgrad.transform.identities.search import Move

WIDTH = 72
COLLECTED = "like terms and factors collected"
POWERS = "e^a·e^b = e^(a + b)"


class Line(NamedTuple):
    """A step of a derivation: the formula, and the identity that leads to it from the one before."""

    formula: str
    identity: str


def typed(program: Program, exact: Mapping[float, Fraction | str], by: str, order: int, source: str) -> str:
    """A function as it was understood; by its own text where it is too long to be written out."""
    found = written_out(program.output, program.producer(), ())
    if found is None:
        words = " ".join(source[: 4 * WIDTH].split())
        shown = words if len(words) <= WIDTH else words[: WIDTH - 1] + "…"
    else:
        names = {**CONSTANTS, **{v: v.hint for v in program.inputs}}
        shown = text(_named(found, exact, names), names)
    for _ in range(order):
        shown = f"d/d{by}({shown})"
    return shown


def _named(expr: Expr, exact: Mapping[float, Fraction | str], names: dict[Var, str]) -> Expr:
    """With e, π and numbers of many digits as they were typed; printed formulas are short, so this may recurse."""
    if isinstance(expr, Apply):
        return Apply(expr.op, tuple([_named(a, exact, names) for a in expr.args]), expr.params)
    if isinstance(expr, Const) and isinstance(expr.value, float):
        meant = exact.get(abs(expr.value))
        if isinstance(meant, str) and expr.value > 0:
            return Ref(E if meant == "e" else PI)
        if isinstance(meant, Fraction):
            digits = Var(SCALAR, "digits")
            names[digits] = _fraction(meant if expr.value > 0 else -meant)
            return Ref(digits)
    return expr


def _fraction(value: Fraction) -> str:
    if value.denominator < 10:
        return f"({value.numerator}/{value.denominator})"
    with localcontext(Context(prec=500)):
        return str(Decimal(value.numerator) / value.denominator)


def lines(first: str, start: Sum, moves: Sequence[Move], last: str, inputs: Mapping[str, Var]) -> tuple[Line, ...]:
    """From the first formula as typed, through the moves, to the second as typed."""
    names = {**CONSTANTS, **{v: n for n, v in inputs.items()}}

    def shown(value: Sum) -> str:
        return text(written(value, inputs), names)

    def reason(label: Label) -> str:
        return label if isinstance(label, str) else f"{label[0]} {shown(label[1])}"

    found = [Line(first, ""), Line(shown(start), _collected(first, shown(start)))]
    found += [Line(shown(m.formula), reason(m.label)) for m in moves]
    if found[-1].formula != last:
        found.append(Line(last, _collected(last, found[-1].formula)))
    kept = found[:1]
    for line in found[1:]:
        if line.formula != kept[-1].formula:
            kept.append(line)
    return tuple(kept)


def _collected(one: str, other: str) -> str:
    return POWERS if one.count("e^") != other.count("e^") else COLLECTED


def number(value: Any, digits: int = 10) -> str:
    """A value in high precision, to so many digits."""
    if isinstance(value, np.ndarray):
        return "[" + ", ".join([number(v, digits) for v in value]) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal) and value.is_finite():
        if value == value.to_integral_value() and abs(value) < 10**15:
            return str(int(value))
        plain = f"{value:.{digits}g}"
        if "." in plain and "e" not in plain.lower():
            plain = plain.rstrip("0").rstrip(".")
        return plain.replace("e+", "e")
    return str(value)


def values(left: Any, right: Any) -> tuple[str, str]:
    """Both values, to as many digits as show the difference."""
    for digits in (10, 20, 50, 100, 400, 900):
        shown = number(left, digits), number(right, digits)
        if shown[0] != shown[1]:
            return shown
    return shown


def report(found: Any) -> str:
    """The answer, whole."""
    a, b = found.formulas
    if found.verdict == "yes":
        return "\n".join([f"yes: {a} = {b}", *_yes(found)])
    if found.verdict == "no":
        at = ", ".join(f"{n} = {number(v)}" for n, v in found.counterexample.items())
        left, right = values(found.left, found.right)
        where = f"at {at}:" if at else "their values:"
        told = [f"no: {a} ≠ {b}", "", where, f"  {a} = {left}", f"  {b} = {right}"]
        return "\n".join([*told, *["", *found.notes][: 2 * bool(found.notes)]])
    return f"undecided: {a} and {b}\n\n{found.reason}"


def _yes(found: Any) -> list[str]:
    if found.by == "exact form":
        return ["", "the same formula, as it stands"]
    points = f"{found.points} point{'s' * (found.points != 1)} to {found.digits} digits"
    out: list[str] = [""]
    if found.derivation:
        first, *rest = found.derivation
        width = max([len(line.formula) for line in rest if len(line.formula) <= WIDTH], default=0)
        out.append(f"  {first.formula}")
        for line in rest:
            out.append(f"  = {line.formula.ljust(width)}    {line.identity}")
        out += ["", f"every step checked at {points}"]
    elif found.by == "normal form":
        out.append("the same once like terms and factors are collected")
    else:
        out.append(f"verified numerically at {points}; no derivation was found")
    return out + ([*found.notes] if found.notes else [])

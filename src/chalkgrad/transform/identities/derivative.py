"""Derivatives taken by hand: sum, product, quotient, power and chain rule, one after another."""

from __future__ import annotations

from fractions import Fraction

from chalkgrad.transform.identities.functions import MADE, SLOPES, called
from chalkgrad.transform.identities.polynomial import (
    Fn,
    Sum,
    Sym,
    Term,
    call,
    constant,
    fraction,
    minus,
    power,
    scaled,
    times,
    total,
)
from chalkgrad.transform.identities.rules import functions, inside, replaced
from chalkgrad.transform.identities.search import Move

D = "derivative"
LONGEST = 24
TWO = Fraction(2)


class NoRule(Exception):
    """A function whose slope is not in the table."""


def derivative(of: Sum, by: str) -> Sum:
    """d/dx of a formula, still to be taken."""
    return call(D, of, by=by)


def taken(formula: Sum) -> list[Move]:
    """The moves that take every derivative in the formula.

    Raises NoRule where there is none.
    """
    moves: list[Move] = []
    opened = _definition(formula)
    if opened is not None:
        moves.append(opened)
        formula = opened.formula
    for _ in range(LONGEST):
        waiting = [f for f in functions(formula).values() if f.name == D]
        if not waiting:
            return moves
        moves.append(_one_round(formula))
        formula = moves[-1].formula
    raise NoRule


def _one_round(formula: Sum) -> Move:
    """Every derivative that has none within it, by one rule."""
    labels: list[str] = []

    def change(f: Fn) -> Sum | None:
        if f.name != D or any(g.name == D for g in functions(f.args[0]).values()):
            return None
        return _clear(_rule(f, labels), labels)

    changed = inside(formula, change)
    return Move(changed, ", ".join(dict.fromkeys(labels)))


def _definition(formula: Sum) -> Move | None:
    """σ'(x) begins with what σ is, since σ' = σ(1 - σ) is what is to be shown."""
    for f in functions(formula).values():
        if f.name == D and len(f.args[0].terms) == 1:
            coefficient, factors = f.args[0].terms[0]
            base = factors[0][0] if len(factors) == 1 and coefficient == 1 else None
            if isinstance(base, Fn) and base.name in MADE and factors[0][1] == 1:
                label, made = MADE[base.name]
                opened = call(D, made(*base.args), by=f.by)
                return Move(replaced(formula, f, opened), label)
    return None


def _free(value: Sum, by: str) -> bool:
    """Whether the variable does not occur."""
    queue: list[Sym | Fn | Sum] = [value]
    while queue:
        base = queue.pop()
        if isinstance(base, Sum):
            queue.extend([b for _, factors in base.terms for b, _ in factors])
        elif isinstance(base, Fn):
            queue.extend(base.args)
        elif base.name == by:
            return False
    return True


def _rule(f: Fn, labels: list[str]) -> Sum:
    """One rule, applied to one derivative."""
    u, by = f.args[0], f.by
    terms = list(u.terms)
    if _free(u, by):
        labels.append("the derivative of a constant is 0")
        return Sum(())
    if len(terms) > 1:
        labels.append("sum rule")
        slopes = [(c, call(D, Sum(((Fraction(1), f),)), by=by)) for c, f in terms if f]
        return total([scaled(slope, c) for c, slope in slopes])
    return _of_term(terms[0], by, labels)


def _of_term(term: Term, by: str, labels: list[str]) -> Sum:
    coefficient, factors = term
    above, below = fraction((Fraction(1), factors))
    if below.number is None and not _free(below, by):
        labels.append("quotient rule")
        if len(above.terms) > 1 and above.terms[0][0] < 0:  # e^x - e^-x as it was written, not turned round
            above, coefficient = minus(above), -coefficient
        top = total((times(call(D, above, by=by), below), minus(times(above, call(D, below, by=by)))))
        return scaled(times(top, power(below, -TWO)), coefficient)
    fixed = [(b, e) for b, e in factors if _free(Sum(((Fraction(1), ((b, e),)),)), by)]
    if fixed or coefficient != 1:
        labels.append("constant factor")
        rest = Sum(((Fraction(1), tuple([p for p in factors if p not in fixed])),))
        return times(Sum(((coefficient, tuple(fixed)),)), call(D, rest, by=by))
    if len(factors) > 1:
        labels.append("product rule")
        first, rest = Sum(((Fraction(1), factors[:1]),)), Sum(((Fraction(1), factors[1:]),))
        return total((times(call(D, first, by=by), rest), times(first, call(D, rest, by=by))))
    base, exponent = next(iter(factors))
    inner = Sum(((Fraction(1), ((base, Fraction(1)),)),)) if not isinstance(base, Sum) else base
    if exponent != 1:
        labels.append("power rule")
        return times(constant(exponent), power(inner, exponent - 1), call(D, inner, by=by))
    if isinstance(base, Sym):
        labels.append(f"d{by}/d{by} = 1")
        return constant(1)
    assert isinstance(base, Fn)
    slope = SLOPES.get(base.name)
    if slope is None or len(base.args) != 1:
        raise NoRule
    labels.append(f"chain rule with {called(base.name)}'" if base.args[0].key != _name(by).key else _slope_of(base, by))
    return times(slope(base.args[0]), call(D, base.args[0], by=by))


def _slope_of(base: Fn, by: str) -> str:
    return f"the derivative of {called(base.name)}"


def _name(by: str) -> Sum:
    return Sum(((Fraction(1), ((Sym(by), Fraction(1)),)),))


def _clear(value: Sum, labels: list[str]) -> Sum:
    """Derivatives of names and linear terms at once: nobody writes a line for them. A quotient keeps its line."""
    if labels and labels[-1] == "quotient rule":
        return value

    def change(f: Fn) -> Sum | None:
        if f.name != D:
            return None
        if _free(f.args[0], f.by):
            return Sum(())
        if len(f.args[0].terms) == 1:
            coefficient, factors = f.args[0].terms[0]
            if len(factors) == 1 and isinstance(factors[0][0], Sym) and factors[0][1] == 1:
                return constant(coefficient)
        return None

    return inside(value, change)

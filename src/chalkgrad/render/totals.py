"""Total gradients as formulas: simplified, and checked against the gradient program before anyone sees them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, final

from chalkgrad.evaluate.agree import agrees
from chalkgrad.evaluate.worked import Worked
from chalkgrad.ir.program import Atom, Step, Var
from chalkgrad.ops.notation import Function
from chalkgrad.transform.backprop import Backprop, backprop
from chalkgrad.transform.expression import Apply, Const, Expr, Ref, applied, written_out
from chalkgrad.transform.gates import recognise
from chalkgrad.transform.simplify import simplest, simplify


@final
class Totals:
    """The total gradient of every value, written in the values of the function.

    They come from the recognised program, where σ is one gate and its derivative is short. `within` are the values
    that may stand in them, by default all; where that makes one too long, any may.
    """

    def __init__(self, worked: Worked, within: Collection[Var] | None = None) -> None:
        program = recognise(worked.program)
        same = program is worked.program
        self.made: Backprop = worked.backprop if same else backprop(program, worked.backprop.wrt)
        self.unit = worked.upstream is None
        self._steps = {s.output: s for s in self.made.gradient.steps}
        self._forward = frozenset(program.variables())
        self._stops = [self._forward, frozenset(v for v in self._forward if v.hint)]
        if within is not None:
            self._stops = [self._forward & frozenset(within)]
        self._found: dict[Var, Expr | None] = {}
        self._typed = worked.backprop
        self._within = within

    def expr(self, var: Var) -> Expr | None:
        """The formula of a value's total gradient; None where nothing reaches it, or where it is too long."""
        if var not in self._found:
            if var in self.made.adjoint:
                self._found[var] = self._best(var, self._stops) or self._best(var, [self._forward])
            else:
                self._found[var] = self._inside(var)
        return self._found[var]

    def _inside(self, var: Var) -> Expr | None:
        """A value that recognition closed over, such as e^-z in σ: from the program as typed."""
        if var not in self._typed.adjoint or self._within is not None:
            return None
        steps = {s.output: s for s in self._typed.gradient.steps}
        stop = frozenset(self._typed.program.variables())
        return best(self._typed, self._typed.adjoint[var], steps, [stop], unit=self.unit)

    def _best(self, var: Var, stops: Collection[Collection[Var]]) -> Expr | None:
        return best(self.made, self.made.adjoint[var], self._steps, stops, unit=self.unit)

    def opened(self, expr: Expr) -> Expr | None:
        """`f·(1 - f)` as `σ(z)·(1 - σ(z))`: a formula in which the output stands, where the output is one call."""
        output = self.made.program.output
        step = next((s for s in reversed(self.made.program.steps) if s.output is output), None)
        if step is None or not isinstance(output, Var) or not mentions(expr, output):
            return None
        op: Any = step.op
        return replaced(expr, output, applied(step)) if isinstance(op.notation, Function) else None


def best(
    made: Backprop, atom: Atom, steps: dict[Var, Step], stops: Collection[Collection[Var]], *, unit: bool = True
) -> Expr | None:
    """`atom` of a gradient program in its simplest form that agrees with it, else as the program has it.

    Each of `stops` is a set of values in which it may be written. `unit` leaves out the upstream gradient 1.
    """
    forms = [e for stop in stops if (e := written_out(atom, steps, stop)) is not None]
    if unit:
        forms = [replaced(e, made.seed, Const(1)) for e in forms]
    forms = [e for e in forms if not plumbed(e) and not (_arrays(e) and isinstance(e, Apply))]
    if not forms:
        return None
    for form in (simplest(*forms), *map(simplify, forms)):
        if agrees(form, atom, made, unit=unit):
            return form
    return forms[0]


def plumbed(expr: Expr) -> bool:
    """Whether it holds an op that only moves entries to fit, which no person would write."""
    return isinstance(expr, Apply) and (expr.op.plumbing or any(map(plumbed, expr.args)))


def _arrays(expr: Expr) -> bool:
    """Whether an array stands in it: how its products are meant is said edge by edge."""
    if isinstance(expr, Apply):
        return any(map(_arrays, expr.args))
    return isinstance(expr, Ref) and bool(expr.var.type.shape)


def mentions(expr: Expr, var: Var) -> bool:
    """Whether a value stands in it."""
    if isinstance(expr, Apply):
        return any(mentions(a, var) for a in expr.args)
    return isinstance(expr, Ref) and expr.var is var


def replaced(expr: Expr, var: Var, by: Expr) -> Expr:
    """The formula with `by` in the place of `var`."""
    if isinstance(expr, Apply):
        return Apply(expr.op, tuple(replaced(a, var, by) for a in expr.args), expr.params)
    return by if isinstance(expr, Ref) and expr.var is var else expr

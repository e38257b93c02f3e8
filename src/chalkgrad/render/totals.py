"""Total gradients as formulas: simplified, and checked against the gradient program before anyone sees them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, final

import numpy as np

from chalkgrad.evaluate.agree import agrees, same
from chalkgrad.evaluate.worked import Worked
from chalkgrad.ir.program import Atom, Program, Step, Var
from chalkgrad.ops.notation import Function
from chalkgrad.transform.backprop import Backprop, backprop
from chalkgrad.transform.expression import Apply, Const, Expr, Ref, applied, written_out
from chalkgrad.transform.gates import recognise
from chalkgrad.transform.matrices.normal import matrix_form, matrix_terms
from chalkgrad.transform.simplify import simplest, simplify
from chalkgrad.transform.terms import Terms
from chalkgrad.transform.written import written


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
        self.unit = worked.unit
        self._steps = single(self.made.gradient)
        self._forward = frozenset(program.variables())
        self._stops = [self._forward, frozenset(v for v in self._forward if v.hint)]
        if within is not None:
            self._stops = [self._forward & frozenset(within)]
        self._found: dict[Var, Expr | None] = {}
        self._typed = worked.backprop
        self._within = within
        self._staged = _Staged(self.made, self.unit)

    @property
    def upstream(self) -> Mapping[Var, Var]:
        """For the gradient of every named value, as it may stand in a formula: that value."""
        return self._staged.upstream

    def expr(self, var: Var) -> Expr | None:
        """The formula of a value's total gradient; None where nothing reaches it, or where it is too long."""
        if var not in self._found:
            if var in self.made.adjoint:
                self._found[var] = self._best(var, self._stops) or self._best(var, [self._forward])
            else:
                self._found[var] = self._inside(var)
        return self._found[var]

    def staged(self, var: Var) -> tuple[Expr, ...]:
        """An array's total gradient in those of the stages above it: of the next stage, then of the next layer."""
        return self._staged.forms(var) if var in self.made.adjoint else ()

    def through(self, var: Var, stages: Collection[Var]) -> Expr | None:
        """An array's total gradient, written out but for the gradients of `stages`; None where that says nothing."""
        return self._staged.through(var, stages) if var in self.made.adjoint else None

    def _inside(self, var: Var) -> Expr | None:
        """A value that recognition closed over, such as e^-z in σ: from the program as typed."""
        if var not in self._typed.adjoint or self._within is not None:
            return None
        stop = frozenset(self._typed.program.variables())
        return best(self._typed, self._typed.adjoint[var], single(self._typed.gradient), [stop], unit=self.unit)

    def _best(self, var: Var, stops: Collection[Collection[Var]]) -> Expr | None:
        return best(self.made, self.made.adjoint[var], self._steps, stops, unit=self.unit)

    def weighted(self, expr: Expr, by: Var) -> tuple[Expr, Expr] | None:
        """A sum of the entries of an input other than `by`, and `expr` where it is 1; None where there is none."""
        total = next(_sums(expr, frozenset(self.made.program.inputs) - {by}), None)
        if total is None:
            return None
        ones = _with_ones(expr, _key_of(total))
        form = matrix_form(ones)
        return (total, form) if form is not None and same(form, ones, self.made, unit=self.unit) else None

    def opened(self, expr: Expr) -> Expr | None:
        """`f·(1 - f)` as `σ(z)·(1 - σ(z))`: a formula in which the output stands, where the output is one call."""
        output = self.made.program.output
        step = next((s for s in reversed(self.made.program.steps) if s.outputs == (output,)), None)
        if step is None or not isinstance(output, Var) or not mentions(expr, output):
            return None
        op: Any = step.op
        return replaced(expr, output, applied(step)) if isinstance(op.notation, Function) else None


@final
class _Staged:
    """Gradients of arrays in terms of those of named stages: `(∂J/∂z1) xᵀ`, `(W2ᵀ (∂J/∂z2) ∘ 1{z1 > 0}) xᵀ`.

    A *layer* is a stage that reads what is differentiated by, such as z1 = W1 x + b1; an activation is none.
    """

    def __init__(self, made: Backprop, unit: bool) -> None:
        program = made.program
        self._made = made
        self._unit = unit
        self._steps = single(made.gradient)
        self._named = frozenset(v for v in program.variables() if v.hint) | frozenset(program.inputs)
        self._reads = _reads(program, self._named)
        stages = [v for v in self._reads if v.hint and v is not program.output]
        self.upstream: dict[Var, Var] = {
            atom: v for v in stages if isinstance(atom := made.adjoint.get(v), Var) and atom is not made.seed
        }
        wrt = frozenset(made.wrt)
        self._layers = frozenset(v for v in stages if not wrt.isdisjoint(self._reads[v]))

    def forms(self, var: Var) -> tuple[Expr, ...]:
        mine = {v for v, reads in self._reads.items() if var in reads}
        nearest = [a for a, v in self.upstream.items() if v is not var]
        layers = [a for a in nearest if self.upstream[a] in self._layers and self.upstream[a] not in mine]
        found: list[Expr] = []
        for kept in (nearest, layers):
            stop = self._named | frozenset(kept)
            if kept and (form := array_form(self._made, self._made.adjoint[var], self._steps, [stop], self._unit)):
                found.append(written(form))
        return tuple(e for e in found if any(mentions(e, a) for a in self.upstream))

    def through(self, var: Var, stages: Collection[Var]) -> Expr | None:
        """The gradient of `var` in those of `stages`."""
        kept = [a for a, v in self.upstream.items() if v in stages and v is not var]
        stop = self._named | frozenset(kept)
        form = array_form(self._made, self._made.adjoint[var], self._steps, [stop], self._unit) if kept else None
        expr = None if form is None else written(form)
        return expr if expr is not None and any(mentions(expr, a) for a in kept) else None


def _reads(program: Program, named: Collection[Var]) -> dict[Var, frozenset[Var]]:
    """For every value that a step gives, the named values that it reads, through unnamed ones."""
    found: dict[Var, frozenset[Var]] = {}
    for step in program.steps:
        atoms = [a for a in step.inputs if isinstance(a, Var)]
        reads = frozenset(w for a in atoms for w in ((a,) if a in named else found.get(a, ())))
        found.update({out: reads for out in step.outputs if out is not None})
    return found


def single(program: Program) -> dict[Var, Step]:
    """For every Var that a step gives, that step: what a formula is written through."""
    return {v: s for s in program.steps for v in s.given}


def best(
    made: Backprop, atom: Atom, steps: dict[Var, Step], stops: Collection[Collection[Var]], *, unit: bool = True
) -> Expr | None:
    """`atom` of a gradient program in its simplest form that agrees with it, else as the program has it.

    Each of `stops` is a set of values in which it may be written. `unit` leaves out the upstream gradient 1. A formula
    in which an array stands is given only where it agrees.
    """
    forms = [] if atom.type.shape else [e for stop in stops if (e := written_out(atom, steps, stop)) is not None]
    if atom.type.shape or any(map(arrays, forms)):
        form = array_form(made, atom, steps, stops, unit)
        return None if form is None else written(form)
    if unit:
        forms = [replaced(e, made.seed, Const(1)) for e in forms]
    forms = [e for e in forms if not plumbed(e)]
    if not forms:
        return None
    for form in (simplest(*forms), *map(simplify, forms)):
        if agrees(form, atom, made, unit=unit):
            return form
    return forms[0]


def array_form(
    made: Backprop, atom: Atom, steps: Mapping[Var, Step], stops: Collection[Collection[Var]], unit: bool
) -> Terms | None:
    """`atom` in matrix notation, the lightest of the forms that agree with the gradient program."""
    ones = frozenset([made.seed]) if unit else frozenset[Var]()
    written_forms = [e for stop in stops if (e := written_out(atom, steps, stop)) is not None]
    found = [f for e in written_forms if (f := matrix_terms(e, ones)) is not None]
    for form in sorted(found, key=lambda f: f.weight):
        expr = written(form)
        if not _moved(expr) and agrees(expr, atom, made, unit=unit):
            return form
    return None


def _moved(expr: Expr) -> bool:
    """Whether it holds an op that only makes shapes fit, and that has no sign on paper."""
    if isinstance(expr, Const):
        return isinstance(expr.value, np.ndarray) and expr.value.dtype.kind == "b"
    if not isinstance(expr, Apply):
        return False
    layout = expr.op.notation
    on_paper = isinstance(layout, Function) and bool(layout.paper)
    return (expr.op.plumbing and not on_paper) or any(map(_moved, expr.args))


def plumbed(expr: Expr) -> bool:
    """Whether it holds an op that only moves entries to fit, which no person would write."""
    return isinstance(expr, Apply) and (expr.op.plumbing or any(map(plumbed, expr.args)))


def arrays(expr: Expr) -> bool:
    """Whether an array stands in it."""
    if isinstance(expr, Apply):
        return any(map(arrays, expr.args))
    return isinstance(expr, Ref) and bool(expr.var.type.shape)


def _sums(expr: Expr, inputs: Collection[Var]) -> Iterator[Apply]:
    """The sums of nothing but an input's entries, outermost first."""
    if isinstance(expr, Apply):
        layout, of = expr.op.notation, expr.args[0]
        sums = isinstance(layout, Function) and layout.paper == "over"
        if sums and isinstance(of, Ref) and of.var in inputs:
            yield expr
        for arg in expr.args:
            yield from _sums(arg, inputs)


def _key_of(total: Apply) -> tuple[Any, ...]:
    """What makes two sums the same: of what, and over which axes."""
    (of,) = total.args
    return total.op, of, tuple(total.params.items())


def _with_ones(expr: Expr, total: tuple[Any, ...]) -> Expr:
    """The formula with 1 in the place of a sum."""
    if not isinstance(expr, Apply):
        return expr
    if len(expr.args) == 1 and _key_of(expr) == total:
        return Const(1)
    return Apply(expr.op, tuple([_with_ones(a, total) for a in expr.args]), expr.params, expr.place)


def mentions(expr: Expr, var: Var) -> bool:
    """Whether a value stands in it."""
    if isinstance(expr, Apply):
        return any(mentions(a, var) for a in expr.args)
    return isinstance(expr, Ref) and expr.var is var


def replaced(expr: Expr, var: Var, by: Expr) -> Expr:
    """The formula with `by` in the place of `var`."""
    if isinstance(expr, Apply):
        return Apply(expr.op, tuple(replaced(a, var, by) for a in expr.args), expr.params, expr.place)
    return by if isinstance(expr, Ref) and expr.var is var else expr

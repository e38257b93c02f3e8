"""Keys in symbols: written as a person writes them, read back, and compared with the gradient program.

A formula is made once for a function, whatever its values are. What cannot be confirmed is no key.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, final

import numpy as np

from chalkgrad.classroom.sheets.ids import Ids, Spec, program_output
from chalkgrad.errors import ChalkgradError, SheetError, UnknownName
from chalkgrad.evaluate.agree import agrees
from chalkgrad.evaluate.functions import read_function
from chalkgrad.ir.program import Atom, Program, Var
from chalkgrad.ir.registry import lookup
from chalkgrad.ir.types import SCALAR
from chalkgrad.ops.local import local_atom
from chalkgrad.render.stages import Link
from chalkgrad.render.text import text
from chalkgrad.render.totals import Totals, mentions, plumbed, replaced
from chalkgrad.transform.expression import Apply, Const, Expr, Ref, applied, written_out
from chalkgrad.transform.fill import abstract_steps
from chalkgrad.transform.simplify import simplify

# What the size of a step is called: the first of these that no value bears.
RATES = ("α", "η", "rate", "α_0")
LARGEST = 400
POINTS = 12
_TIE = re.compile(r"\{([^{}<>=!]+) = ([^{}<>=!]+)\}")
NOTHING: Mapping[str, Var] = {}


@final
class Formulas:
    """The formulas of one function, over the ids of a Worked of it."""

    def __init__(self, ids: Ids) -> None:
        self.ids = ids
        self.work = ids.work
        self.rows = ids.rows
        self.program: Program = ids.work.program
        self._producer = self.program.producer()
        self.abstract = tuple(abstract_steps(self.program))

    # what is printed

    def text(self, spec: Spec, names: Sequence[str] = ()) -> str:
        """The key of a blank in symbols, confirmed.

        Raises SheetError where there is none that reads back and agrees with the gradient program.
        """
        within = self.within(names)
        for expr in self._forms(spec, within):
            if expr is None or plumbed(expr):
                continue
            if spec.of != "value":
                expr = _untied(expr)
            written = text(expr, self.rows.names)
            if len(written) <= LARGEST and self.confirmed(written, spec, expr):
                if names and not values_in(expr) <= within:
                    continue
                return written
        if names:
            raise SheetError(f"'{spec.id}' is not found in terms of {', '.join(names)}; give it as an answer")
        if self.abstract:
            called = ", ".join(self.abstract)
            raise SheetError(f"'{spec.id}' holds derivatives of {called}, which are not given: ask for the chain")
        raise SheetError(f"'{spec.id}' has no formula that is short and can be read back; give one as an answer")

    def within(self, names: Sequence[str]) -> frozenset[Var]:
        """The values that a formula may be written in: the names asked for, else what a person named."""
        if not names:
            return frozenset(v for v in self.program.variables() if v.hint or v is program_output(self.work))
        by_name = {n: v for v, n in self.rows.names.items()}
        for name in names:
            if name not in by_name:
                raise SheetError(f"there is no value '{name}' that a formula may be written in")
        return frozenset(by_name[n] for n in names)

    def _forms(self, spec: Spec, within: frozenset[Var]) -> Iterator[Expr | None]:
        """What may be printed, the best first."""
        if spec.of == "value":
            yield from self._stage(spec.node, within)
        elif spec.of == "gradient":
            yield from self._total(spec.node, within)
        elif spec.of == "local":
            yield self.local(spec)
        else:
            assert spec.edge is not None
            local = self.local(spec)
            for upstream in self._total(spec.edge.step.given[0], within) if local is not None else ():
                yield None if upstream is None or local is None else simplify(_times(upstream, local))

    def _stage(self, var: Var | None, within: frozenset[Var]) -> Iterator[Expr | None]:
        assert var is not None
        step = self._producer[var]
        stop = within - {var}
        yield written_out(var, self._producer, stop | frozenset(self.program.inputs))
        if len(step.outputs) == 1:
            yield applied(step)

    def _total(self, var: Var | None, within: frozenset[Var]) -> Iterator[Expr | None]:
        assert var is not None
        adjoint = self.work.backprop.adjoint
        if var not in adjoint:
            yield Const(0.0)
        elif adjoint[var] is self.work.backprop.seed:
            yield Const(1.0)
        else:
            for names in (within, within | {var}, None):
                yield self._totals(names).expr(var)

    def _totals(self, within: frozenset[Var] | None) -> Totals:
        if within not in self._made:
            self._made[within] = Totals(self.work, within)
        return self._made[within]

    @cached_property
    def _made(self) -> dict[frozenset[Var] | None, Totals]:
        return {}

    def local(self, spec: Spec) -> Expr | None:
        """A local derivative as it is printed, read back; None where it is a map."""
        assert spec.edge is not None
        found = self.read(_TIE.sub(r"{\1 == \2}", self.rows.local(spec.edge)))
        return None if isinstance(found, str) else found

    # what it rests on

    def atom(self, spec: Spec) -> Atom | None:
        """What a formula must be in the gradient program; None of a local that is a map."""
        if spec.of == "value":
            return spec.node
        if spec.of == "gradient":
            assert spec.node is not None
            return self.work.backprop.adjoint.get(spec.node)
        assert spec.edge is not None
        if spec.of == "product":
            return spec.edge.value
        return local_atom(spec.edge.local)

    def confirmed(self, written: str, spec: Spec, expr: Expr | None = None) -> bool:
        """Whether a text reads back, and is what the gradient program computes."""
        atom = self.atom(spec)
        if atom is None and spec.of == "gradient":
            return written in ("0", "0.0")
        if atom is None:
            return False
        if expr is not None and isinstance(expr, Const):
            return self._agrees(expr, atom)
        back = self.read(written)
        return not isinstance(back, str) and self._agrees(back, atom)

    def _agrees(self, expr: Expr, atom: Atom) -> bool:
        unit = self.work.unit or not self._mentions_seed(expr)
        return agrees(expr, atom, self.work.backprop, unit=unit, points=POINTS)

    def _mentions_seed(self, expr: Expr) -> bool:
        return mentions(expr, self.work.backprop.seed)

    def read(self, written: str, others: Mapping[str, Var] = NOTHING) -> Expr | str:
        """A text over the function's values, and `others`, as a formula of them; why not, where it cannot be read."""
        by_name = {**{n: v for v, n in self.rows.names.items() if "(" not in n}, **others}
        values: dict[str, Any] = {n: np.ones(_sizes(v))[()] for n, v in by_name.items() if n in written}
        called = tuple(f for f in self.abstract if f in written)
        while True:
            try:
                found = read_function(written, values, called).program
            except UnknownName as error:
                if error.name not in values:
                    return str(error)
                del values[error.name]
            except ChalkgradError as error:
                return str(error)
            else:
                break
        expr = written_out(found.output, found.producer(), frozenset(found.inputs))
        if expr is None:
            return "it is too long"
        for var in found.inputs:
            if var.hint not in by_name:
                return f"'{var.hint}' is no value of the function"
            expr = replaced(expr, var, Ref(by_name[var.hint]))
        return expr

    def others(self, read: Expr, names: Sequence[str]) -> str:
        """The names that stand in a formula beside those that it may be written in; empty where none does."""
        found = values_in(read) - self.within(names) if names else ()
        return ", ".join(sorted(self.rows.names[v] for v in found if v in self.rows.names))

    # rules made of them

    @cached_property
    def rate(self) -> str:
        """What the learning rate is called: α where no value is."""
        return next(r for r in RATES if r not in self.rows.names.values())

    def update(self, spec: Spec) -> str:
        """`x - α·(z + 1)`: the right-hand side of a step."""
        assert spec.node is not None
        slope = self.text(Spec(f"{self.rows.names[spec.node]}.gradient.formula", "gradient", (), spec.node))
        loose = slope.startswith("-") or " + " in slope or " - " in slope
        return f"{self.rows.names[spec.node]} - {self.rate}·{f'({slope})' if loose else slope}"

    def wrong_update(self, spec: Spec, right: str) -> str:
        """What is wrong with the right-hand side of a step; empty where nothing is."""
        assert spec.node is not None
        alpha = Var(SCALAR, self.rate)
        back = self.read(right, {self.rate: alpha})
        if isinstance(back, str):
            return f"cannot be read: {back}"
        if not mentions(back, alpha):
            return f"does not hold {self.rate}"
        slope = self.work.backprop.adjoint.get(spec.node)
        for rate in (0.375, 2.5):
            moved = Apply(lookup("subtract"), (Ref(spec.node), replaced(back, alpha, Const(rate))))
            if slope is None or not self._agrees(Apply(lookup("divide"), (moved, Const(rate))), slope):
                return "is not a step of descent"
        return ""

    def chain(self, spec: Spec) -> str:
        """`∂f/∂q · ∂q/∂x`, the paths added; its links were multiplied out and agree with the gradient program.

        Raises SheetError where the paths are too many or the value is no number.
        """
        assert spec.node is not None
        paths = self.ids.stages.paths(spec.node) if self.ids.stages.scalar else None
        if not paths:
            raise SheetError(f"'{spec.id}': no chain of partials is written for it")
        whole: Expr | None = None
        for path in paths:
            product: Expr | None = None
            for link in path:
                if link.slope is None:
                    raise SheetError(f"'{spec.id}': {self._link(link)} is too long to be checked")
                product = link.slope if product is None else _times(product, link.slope)
            assert product is not None
            whole = product if whole is None else _plus(whole, product)
        assert whole is not None
        if not agrees(whole, self.work.backprop.adjoint[spec.node], self.work.backprop, points=POINTS):
            raise SheetError(f"'{spec.id}': the product of its partials could not be confirmed to be the gradient")
        return " + ".join([" · ".join([self._link(link) for link in path]) for path in paths])

    def _link(self, link: Link) -> str:
        return self.rows.partial(self.rows.names[link.target], self.rows.names[link.source])


def _untied(expr: Expr) -> Expr:
    """Without what holds at a tie alone, such as 0.5·1{x = y}: the sheet has none there, or says the convention."""
    whole = _without_ties(expr)
    return expr if whole is expr else simplify(whole)


def _without_ties(expr: Expr) -> Expr:
    if not isinstance(expr, Apply):
        return expr
    inside = expr.args[0] if expr.args else None
    if expr.op.name == "indicator" and isinstance(inside, Apply) and inside.op.name == "equal":
        return Const(0.0)
    args = tuple([_without_ties(a) for a in expr.args])
    same = all(a is b for a, b in zip(args, expr.args, strict=True))
    return expr if same else Apply(expr.op, args, expr.params, expr.place)


def _sizes(var: Var) -> tuple[int, ...]:
    return tuple([n if isinstance(n, int) else 2 for n in var.type.shape])


def values_in(expr: Expr) -> frozenset[Var]:
    """The values that stand in a formula."""
    if isinstance(expr, Apply):
        return frozenset(v for a in expr.args for v in values_in(a))
    return frozenset((expr.var,)) if isinstance(expr, Ref) else frozenset()


def _times(a: Expr, b: Expr) -> Expr:
    return Apply(lookup("multiply"), (a, b))


def _plus(a: Expr, b: Expr) -> Expr:
    return Apply(lookup("add"), (a, b))

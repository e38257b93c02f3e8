"""What arrives at an array along one edge: `dz1 xᵀ`, `Σ over columns of dz1`, or a move in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from chalkgrad.evaluate.worked import Worked
from chalkgrad.ir.program import Var
from chalkgrad.ops.local import Matrix, Route, Select, Spread, Times
from chalkgrad.ops.notation import Postfix
from chalkgrad.render.formula import formula
from chalkgrad.render.maths import Box, Prose, row
from chalkgrad.render.text import text
from chalkgrad.render.totals import array_form, single
from chalkgrad.transform.backprop import Contribution
from chalkgrad.transform.expression import Apply, Expr
from chalkgrad.transform.written import written

MOST_PLACES = 8


@final
@dataclass(frozen=True, slots=True)
class Arrival:
    """A formula where there is one, and what is said behind it or in its place."""

    expr: Expr | None
    words: str

    def text(self, names: Mapping[Var, str]) -> str:
        """In one line."""
        if self.expr is None:
            return self.words
        return text(self.expr, names, paper=True) + (f", {self.words}" if self.words else "")

    def box(self, names: Mapping[Var, str | Box]) -> Box:
        """As boxes."""
        if self.expr is None:
            return Prose(self.words)
        made = formula(self.expr, names)
        return row(made, Prose(f", {self.words}")) if self.words else made


@final
class Arrivals:
    """The arrivals of a Worked, each checked against the gradient program before it is given."""

    def __init__(self, worked: Worked) -> None:
        self.worked = worked
        self._made = worked.backprop
        self._steps = single(worked.backprop.gradient)
        # a condition that nobody named is read as it was typed: 1{x > 0}
        self._forward = frozenset(v for v in worked.program.variables() if v.hint or v.type.dtype != "bool")
        self._found: dict[Contribution, Expr | None] = {}

    def expr(self, c: Contribution) -> Expr | None:
        """What arrives, in values of the function and the upstream gradient; None where it has no formula."""
        if c not in self._found:
            stop = self._forward | {a for a in c.upstreams if isinstance(a, Var)}
            form = array_form(self._made, c.value, self._steps, [stop], self.worked.unit)
            self._found[c] = None if form is None else written(form)
        return self._found[c]

    def arrival(self, c: Contribution, local: str, upstream: str) -> Arrival:
        """What `c` sends; `local` is its local derivative and `upstream` the name of its upstream, for words."""
        kind, expr = c.local, self.expr(c)
        shape = "×".join(map(str, c.target.type.shape))
        if expr is None:
            return Arrival(None, said(c, local, upstream))
        if isinstance(kind, Spread) and shape:
            return Arrival(expr, f"to {shape}")
        plain = isinstance(expr, Apply) and isinstance(expr.op.notation, Postfix)
        return Arrival(expr, "" if not isinstance(kind, Route) or plain else local)

    def places(self, c: Contribution) -> tuple[int, ...] | None:
        """Where in a vector each entry of the upstream gradient goes, None where that is not one place each."""
        size = c.upstream.type.shape
        target = c.target.type.shape
        fits = len(target) == 1 and len(size) <= 1 and all(isinstance(n, int) for n in size)
        count = int(np.prod([n for n in size if isinstance(n, int)]))
        if not isinstance(c.local, Route) or not fits or not 0 < count <= MOST_PLACES:
            return None
        found: list[int] = []
        for k in range(count):
            sent = self._sent(c, np.eye(count)[k] if size else np.float64(1))
            if sent is None or np.count_nonzero(sent) != 1 or np.max(sent) != 1:
                return None
            found.append(int(np.argmax(sent)))
        return tuple(found)

    def _sent(self, c: Contribution, upstream: Any) -> Any:
        """What one upstream gradient becomes: the entries only move, so that this reckons nothing."""
        values: dict[Any, Any] = {c.upstream: upstream}
        for step in c.made:
            op: Any = step.op
            given = [values[a] if a in values else self.worked.number(a) for a in step.inputs]
            if len(step.outputs) != 1 or any(g is None for g in given):
                return None
            values[step.outputs[0]] = op.evaluate(*given, **step.params)
        return values.get(c.value)


def said(c: Contribution, local: str, upstream: str) -> str:
    """What arrives at an array, in words; no name where the upstream is the number 1."""
    kind = c.local
    if not upstream and isinstance(kind, (Times, Spread)):
        return local
    upstream = upstream or "1"
    if isinstance(kind, Times):
        loose = any(sign in local for sign in (" + ", " - ")) or local.startswith("-")
        whole = upstream if kind.one else f"{upstream} ∘ {f'({local})' if loose else local}"
        return whole if kind.shape == c.step.given[0].type.shape else f"Σ over what was broadcast of {whole}"
    if isinstance(kind, Select):
        return f"{upstream} where {local[2:-1]}, else 0"
    if isinstance(kind, Matrix):
        factor = local.removesuffix(f", on the {kind.side}")
        return f"{factor} {upstream}" if kind.side == "left" else f"{upstream} {factor}"
    if isinstance(kind, Spread):
        return f"{upstream} · {local}"
    if isinstance(kind, Route):
        return f"{upstream}, {local}"
    return f"{local}, u = {upstream}"

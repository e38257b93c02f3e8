"""What a line should have been, in the names and the style of the person who wrote it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import final

from chalkgrad.classroom.claims.claim import Claim
from chalkgrad.classroom.claims.graph import Graph
from chalkgrad.ir.program import Var
from chalkgrad.render.text import text
from chalkgrad.transform.backprop import backprop
from chalkgrad.transform.expression import Apply, Const, Expr, Ref, written_out
from chalkgrad.transform.gates import recognise
from chalkgrad.transform.simplify import simplest

# A formula longer than this is not written out.
LONGEST = 120


@final
class Wording:
    """Writes derivatives as the person does: `dq`, or `df/dq`."""

    def __init__(self, claim: Claim, graph: Graph) -> None:
        self.claim = claim
        self.graph = graph
        self.leibniz = False
        self.sign = "d"

    def style(self, line: str, leibniz: bool) -> None:
        """Write as this line does."""
        self.leibniz = leibniz
        self.sign = "∂" if "∂" in line or "\\partial" in line else "d"

    def gradient(self, name: str) -> str:
        """`dq` or `df/dq`."""
        if not self.leibniz:
            return f"d{name}"
        return f"{self.sign}{self.claim.loss}/{self.sign}{name}"

    def local(self, of: str, by: str) -> str:
        """∂of/∂by as a formula in the names of the forward pass."""
        node = self.graph.nodes[of]
        program = recognise(node.formula.program)
        out = program.output
        if not isinstance(out, Var) or out in program.inputs:
            return "1"
        made = backprop(program)
        target = next((v for v in program.inputs if v.hint == by), None)
        if target is None or target not in made.adjoint:
            return "0"
        steps = {s.output: s for s in made.gradient.steps}
        names = {v: v.hint for v in program.inputs} | {out: of}
        forms: list[Expr] = []
        for stop in ({*program.inputs, out}, {*program.inputs}):
            found = written_out(made.adjoint[target], steps, frozenset(stop))
            if found is not None:
                forms.append(_with_seed(found, made.seed))
        if not forms:
            return f"∂{of}/∂{by}"
        try:
            written = text(simplest(*forms), names)
        except (KeyError, TypeError):
            return f"∂{of}/∂{by}"
        return written if len(written) <= LONGEST else f"∂{of}/∂{by}"

    def sent(self, of: str, by: str) -> str:
        """Upstream times local."""
        local = self.local(of, by)
        if of == self.claim.output:
            return local
        if local == "1":
            return self.gradient(of)
        loose = local.startswith("-") or _sum(local)
        upstream = self.gradient(of)
        return f"{upstream} · ({local})" if loose else f"{upstream} · {local}"

    def total(self, by: str, through: Iterable[str] | None = None) -> str:
        """What arrives at `by`, along all that read it or along some."""
        if by == self.claim.output:
            return "1"
        readers = [u for u in self.graph.readers[by] if by in self.graph.local[u]] if through is None else through
        parts = [self.sent(u, by) for u in dict.fromkeys(readers)]
        if not parts:
            return "0"
        return " + ".join([parts[0], *[f"({p})" if p.startswith("-") else p for p in parts[1:]]])


def _with_seed(expr: Expr, seed: Var) -> Expr:
    if isinstance(expr, Apply):
        return Apply(expr.op, tuple([_with_seed(a, seed) for a in expr.args]), expr.params)
    return Const(1) if isinstance(expr, Ref) and expr.var is seed else expr


def _sum(written: str) -> bool:
    depth = 0
    for place, char in enumerate(written):
        depth += (char in "([{") - (char in ")]}")
        if depth == 0 and char in "+-" and place and written[place - 1] == " ":
            return True
    return False

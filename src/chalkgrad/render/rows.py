"""What every view shows: a row a node and a row an edge, in strings. Nothing is computed here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

import numpy as np

from chalkgrad.evaluate.worked import Worked, output_name
from chalkgrad.ir.build import Builder
from chalkgrad.ir.program import Atom, Number, Step, Var
from chalkgrad.ops.local import Matrix, Select, Spread, Times
from chalkgrad.ops.notation import Fraction
from chalkgrad.render.arrivals import Arrival, Arrivals, said
from chalkgrad.render.numbers import shown
from chalkgrad.render.text import text
from chalkgrad.render.totals import Totals, arrays, replaced
from chalkgrad.transform.backprop import Contribution
from chalkgrad.transform.expression import Apply, Expr, applied, leaf, written_out
from chalkgrad.transform.matrices.normal import matrix_form
from chalkgrad.transform.simplify import simplify

# Above this a drawing is a summary, and totals are no longer written out as formulas.
WHOLE = 300

# A formula longer than this is left out: its number stands beside it.
LONGEST = 160

# A formula up to this length is read at a glance: nothing in it is left to another line.
GLANCE = 60


@final
@dataclass(frozen=True, slots=True)
class NodeRow:
    """One value: its name, its formula, its number, its total gradient as a number and as a formula."""

    var: Var
    name: str
    formula: str
    value: Any
    gradient: Any
    gradient_formula: str


@final
@dataclass(frozen=True, slots=True)
class EdgeRow:
    """One edge, from a step's output back to one of its inputs.

    `upstream_label` is `∂f/∂q`, `local_label` `∂q/∂x` (`∂(h + x)/∂x |h` where x is used elsewhere too); `local` is the
    local derivative as a formula or in words, `local_number` its number where it has one; `product` what arrives.
    """

    edge: Contribution
    source: str
    target: str
    label: str
    upstream_label: str
    upstream: Any
    local_label: str
    local: str
    local_number: Any
    product: Any
    forked: bool
    seeded: bool
    untaken: bool


@final
class Rows:
    """The rows of a Worked, made as they are asked for."""

    def __init__(self, worked: Worked) -> None:
        self.worked = worked
        self.program = worked.program
        self.names: Mapping[Var, str] = worked.called
        self.into = worked.backprop.into()
        self._producer = self.program.producer()
        self._forward = frozenset(self.program.variables())
        self._lines: dict[Var, str] = {}
        self._made = {v: s for c in worked.backprop.contributions for s in c.made for v in s.given}

    @cached_property
    def variables(self) -> tuple[Var, ...]:
        """Inputs and intermediates, in order."""
        return tuple(self.program.variables())

    @property
    def small(self) -> bool:
        """Whether the whole can be shown."""
        return len(self.variables) <= WHOLE

    @property
    def output_name(self) -> str:
        """The name of the output."""
        return output_name(self.program, self.names)

    def names_of_gradient(self, atom: Atom) -> str:
        """`dq`, the gradient with respect to q in staged code."""
        if atom is self.program.output or not isinstance(atom, Var):
            return self._apart(f"d{self.output_name}")
        return self._apart(f"d{self.names[atom]}")

    def _apart(self, name: str) -> str:
        """The name, with a prime where a person gave it to a value of their own."""
        while name in self._taken:
            name += "'"
        return name

    @cached_property
    def _taken(self) -> frozenset[str]:
        return frozenset(self.names.values())

    def partial(self, of: str, by: str) -> str:
        """`∂f/∂x`."""
        return f"∂{of}/∂{by}"

    def gate(self, step: Step) -> str:
        """What a step gives: `h`, or `Q, R` where that is several values."""
        return ", ".join([self.names[v] for v in step.given])

    def upstream(self, c: Contribution) -> str:
        """`dh`, or `dQ, dR`: the gradients that come back to the step of an edge."""
        given = zip(c.step.outputs, c.upstreams, strict=True)
        return ", ".join([self.names_of_gradient(v) for v, u in given if v is not None and u is not None])

    def node(self, var: Var) -> NodeRow:
        """The row of one value."""
        step = self._producer.get(var)
        formula = "input" if step is None else self.formula(step)
        if step is not None and len(step.outputs) > 1:
            formula += f"[{step.outputs.index(var)}]"
        w = self.worked
        return NodeRow(var, self.names[var], formula, w.number(var), w.gradient(var), self.total(var))

    def nodes(self) -> Iterator[NodeRow]:
        """A row a value."""
        return map(self.node, self.variables)

    def formula(self, step: Step) -> str:
        """The right-hand side of a step, in the names of its operands.

        `s(y) = 1/(1 + e^-y)`: where a stage bears the very name of its op, the op is written out.
        """
        expr = applied(step)
        name = self.gate(step)
        written = text(expr, self.names)
        op: Any = step.op
        if "(" in name and op.expand is not None:
            return self._opened(step)
        return written

    def _opened(self, step: Step) -> str:
        builder = Builder()
        op: Any = step.op
        out = op.expand(*map(builder.value, step.inputs), **step.params).atom
        made = {v: s for s in builder.steps for v in s.given}
        expr = written_out(out, made, self._forward)
        return text(applied(step) if expr is None else expr, self.names)

    def edge(self, c: Contribution) -> EdgeRow:
        """The row of one edge."""
        w, loss = self.worked, self.worked.loss
        target = self.gate(c.step)
        source = self.names[c.target]
        forked = len(self.into[c.target]) > 1
        return EdgeRow(
            edge=c,
            source=source,
            target=target,
            label=self.partial(loss, source),
            upstream_label=self.partial(loss, target),
            upstream=w.number(c.upstream),
            local_label=self._local_label(c, source, target, forked),
            local=self.local(c),
            local_number=self.local_number(c),
            product=w.number(c.value),
            forked=forked,
            seeded=self.seeded(c),
            untaken=self.untaken(c),
        )

    def seeded(self, c: Contribution) -> bool:
        """Whether the upstream gradient is the 1 that nobody gave, and nobody writes."""
        return c.upstream is self.worked.backprop.seed and self.worked.unit

    def untaken(self, c: Contribution) -> bool:
        """Whether the edge lies in a branch that was not taken, so that nothing passes, whatever its local is."""
        return c.gate is not None and not self.worked.symbolic and not np.any(self.worked.number(c.gate))

    def path(self, c: Contribution) -> str:
        """`along q`: which of the paths of a fork an edge is; `(place 2)` where a step reads the value twice."""
        twice = sum(a is c.target for a in c.step.inputs) > 1
        return f"along {self.gate(c.step)}" + (f" (place {c.position + 1})" if twice else "")

    def edges(self) -> Iterator[EdgeRow]:
        """A row an edge, in the order of the backward pass."""
        return map(self.edge, self.worked.backprop.contributions)

    def _local_label(self, c: Contribution, source: str, target: str, forked: bool) -> str:
        if not forked:
            return self.partial(target, source)
        inputs = c.step.inputs
        if sum(a is c.target for a in inputs) > 1:
            held = f"{source} in place {c.position + 1}"
            return f"∂({text(applied(c.step), self.names)})/∂({held})"
        others = [self.names[a] for a in inputs if isinstance(a, Var) and a is not c.target]
        formula = text(applied(c.step), self.names)
        if not others:
            return self.partial(target, source)
        return f"∂({formula})/∂{source} |{', '.join(dict.fromkeys(others))}"

    def local(self, c: Contribution) -> str:
        """The local derivative as a formula, or in words where it is a map with no formula."""
        local = c.local
        if isinstance(local, Times):
            return self._factor(local.factor.atom, c.step)
        if isinstance(local, Select):
            return f"1{{{self._condition(local.mask.atom)}}}"
        if isinstance(local, Matrix):
            return f"{self._factor(local.matrix.atom, c.step)}, on the {local.side}"
        words = local.words
        for place, atom in enumerate(c.step.inputs):
            words = words.replace(f"{{{place}}}", text(leaf(atom), self.names))
        return words

    def _condition(self, atom: Atom) -> str:
        expr = self._written(atom, None)
        if isinstance(expr, Apply) and expr.op.name == "logical_not":
            return f"not {text(expr.args[0], self.names)}"
        return text(expr, self.names)

    def _written(self, atom: Atom, step: Step | None) -> Expr:
        expr = written_out(atom, self._made, self._forward)
        if expr is None:
            return leaf(atom)
        if step is not None and isinstance(_notation(step), Fraction):
            # a quotient is clearer than its name: -1/d² rather than -f/d
            expr = replaced(expr, step.output, applied(step))
        return expr

    def _factor(self, atom: Atom, step: Step) -> str:
        if isinstance(atom, Number) or (atom in self.names and atom not in step.given):
            return text(leaf(atom), self.names)  # most factors are a name or a number: nothing to simplify
        expr = self._written(atom, step)
        if arrays(expr):
            return text(matrix_form(expr) or simplify(expr), self.names, paper=True)
        return text(simplify(expr), self.names)

    def local_number(self, c: Contribution) -> Any:
        """The local derivative's number, None where it is a map with no number of its own."""
        local = c.local
        w = self.worked
        if isinstance(local, Times):
            atom = local.factor.atom
            return atom.value if isinstance(atom, Number) else w.number(atom)
        if isinstance(local, Select):
            mask = w.number(local.mask.atom)
            return None if mask is None else np.asarray(mask, float)[()]
        if isinstance(local, Matrix):
            return w.number(local.matrix.atom)
        if isinstance(local, Spread):
            return w.number(local.scale.atom)
        return None

    def total(self, var: Var) -> str:
        """The total gradient of a value as a person would write it, in named values; empty where that is too long.

        Checked against the gradient program before it is given.
        """
        if not self.small:
            return ""
        if var not in self._lines:
            expr = self.totals.expr(var)
            if var.type.shape or (expr is not None and arrays(expr)):
                line = self._array_total(var, expr)
            else:
                label = self.partial(self.worked.loss, self.output_name)
                line = "" if expr is None else text(expr, self._with_seed)
                line = line if line == label else line.replace(label, f"({label})")
            self._lines[var] = line if len(line) <= LONGEST else ""
        return self._lines[var]

    def _array_total(self, var: Var, expr: Expr | None) -> str:
        """Written out where that is read at a glance, else the shorter of that and the upstream form."""
        forms = [*([] if expr is None else [expr]), *self.totals.staged(var)[-1:]]
        lines = [text(e, self.gradient_names, paper=True) for e in forms]
        return lines[0] if lines and len(lines[0]) <= GLANCE else min(lines, key=len, default="")

    @cached_property
    def gradient_names(self) -> Mapping[Var, str]:
        """The names of the function's values, and `∂J/∂z2` for the gradients that may stand in a formula."""
        loss = self.worked.loss
        upstream = {a: self.partial(loss, self.names[v]) for a, v in self.totals.upstream.items()}
        return {**self._with_seed, **upstream}

    @cached_property
    def _arrivals(self) -> Arrivals:
        return Arrivals(self.worked)

    def arrival(self, c: Contribution, upstream: str) -> Arrival:
        """What arrives at an array: a formula over `upstream`, a name, or words."""
        local = self.local(c)
        return self._arrivals.arrival(c, local, upstream) if self.small else Arrival(None, said(c, local, upstream))

    def arrives(self, c: Contribution, upstream: str) -> str:
        """`arrival` in one line."""
        named = upstream.split(", ") if upstream else []
        above, sign, _ = named[0].rpartition("/∂") if named else ("", "", "")
        named = named[:1] + [above + sign + n for n in named[1:]]  # ∂L/∂Q, R are two: ∂L/∂Q and ∂L/∂R
        met = [u for u in c.upstreams if isinstance(u, Var)]
        return self.arrival(c, upstream).text({**self.names, **dict(zip(met, named, strict=False))})

    def places(self, c: Contribution) -> tuple[int, ...] | None:
        """Where each entry goes that a step only moved: `dx[1, 2, 0] += dF`."""
        return None if not self.small else self._arrivals.places(c)

    @cached_property
    def totals(self) -> Totals:
        """The formulas behind `total`."""
        return Totals(self.worked)

    @cached_property
    def _with_seed(self) -> Mapping[Var, str]:
        label = self.partial(self.worked.loss, self.output_name)
        return {**self.names, self.totals.made.seed: label, self.worked.backprop.seed: label}

    def shape(self, var: Var) -> str:
        """` (2×3)`, and nothing for a scalar."""
        return f" ({'×'.join(map(str, var.type.shape))})" if var.type.shape else ""

    def number(self, value: Any, digits: int) -> str:
        """A number as this view prints it."""
        return shown(value, digits)


def _notation(step: Step) -> Any:
    op: Any = step.op
    return op.notation

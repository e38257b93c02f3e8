"""Mistakes of the backward pass: at an edge, upstream × local; and where paths meet, their sum."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, final

import numpy as np

from chalkgrad.classroom.slips.arrays import array_slips
from chalkgrad.classroom.slips.ledger import Ledger
from chalkgrad.classroom.slips.slip import Slip
from chalkgrad.classroom.slips.slopes import slope_slips
from chalkgrad.ir.program import Number, Step, Var
from chalkgrad.ops.local import Times
from chalkgrad.transform.backprop import Contribution

# Where more paths meet than this, what each might have been is not listed.
MOST_PATHS = 12
# What says more than that a factor is left out, where both give the same number.
ROUTES = ("loser", "mask")


@final
class Edges:
    """The slips at the edges and nodes of a ledger, made from what is held there."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.work = ledger.where.work
        self.names = self.work.called

    def gate(self, step: Step) -> str:
        """What a step gives."""
        return ", ".join([self.names[v] for v in step.given])

    def label(self, var: Var) -> str:
        """`∂f/∂q`."""
        return f"∂{self.work.loss}/∂{self.names[var]}"

    def held(self, atom: Any) -> Any:
        """What stands at a value of the forward pass."""
        return atom.value if isinstance(atom, Number) else self.ledger.held["value", atom].value

    def upstream(self, c: Contribution) -> Any:
        """The gradient that comes back to the step of an edge."""
        return next((d.value for d in self.ledger.upstreams(c)), None)

    def local(self, c: Contribution) -> Iterator[Slip]:
        """At the local derivative of an edge."""
        slope = self.ledger.due["local", c].value
        if slope is None:
            return
        step = c.step
        xs = [self.held(a) for a in step.inputs]
        y = self.held(step.given[0])
        named = (self.gate(step), self.names[c.target])
        yield from slope_slips(step, c.position, xs, y, slope, self.upstream(c), named)

    def product(self, c: Contribution) -> Iterator[Slip]:
        """At what an edge sends: upstream × local."""
        ledger, step = self.ledger, c.step
        u, w = self.gate(step), self.names[c.target]
        product, upstream = ledger.due["product", c].value, self.upstream(c)
        slope = ledger.held["local", c].value
        op: Any = step.op
        if slope is None or op.several:
            yield Slip("sign", -product, f"the sign of what arrives along {u} is lost")
            yield from array_slips(c, ledger, product, upstream, slope, self.label(c.target))
            return
        slips = list(self.local(c))
        plain = isinstance(c.local, Times) and isinstance(c.local.factor.atom, Number)
        yield Slip("sign", -product, next((s.why for s in slips if s.kind == "sign"), f"the sign along {u} is lost"))
        first = [s for s in slips if s.kind in ROUTES]
        for slip in first:
            yield Slip(slip.kind, ledger.through(c, upstream, slip.value), slip.why)
        if not self._seeded(c):
            why = f"the upstream gradient {self.label(step.given[0])} is left out: downstream = upstream × local"
            yield Slip("upstream", ledger.through(c, np.ones_like(upstream), slope), why)
        if not (plain and abs(float(np.asarray(slope))) == 1.0) and np.shape(upstream) == np.shape(product):
            why = f"the local derivative ∂{u}/∂{w} is left out: downstream = upstream × local"
            yield Slip("local", upstream + np.zeros_like(product), why)
        for slip in slips:
            if slip.kind != "sign" and slip not in first:
                yield Slip(slip.kind, ledger.through(c, upstream, slip.value), slip.why)
        if np.ndim(product) == 0 and np.ndim(upstream) == 0 and not self._seeded(c):
            yield Slip("operation", upstream + slope, "upstream × local: here the two are added")
        yield from array_slips(c, ledger, product, upstream, slope, self.label(c.target))

    def _seeded(self, c: Contribution) -> bool:
        """Whether the upstream gradient is the 1 that nobody gave, which cannot be left out."""
        if c.upstream is not self.work.backprop.seed or not self.work.unit:
            return False
        return all(("gradient", v) not in self.ledger.where.asked for v in c.step.given)

    def total(self, var: Var) -> Iterator[Slip]:
        """At the gradient of a value: the sum of what arrives."""
        paths: list[Contribution] = self.ledger.where.into.get(var, [])[:MOST_PATHS]
        sent = [self.ledger.held["product", c].value for c in paths]
        total = self.ledger.due["gradient", var].value
        if len(paths) < 2:
            for c in paths:
                yield from self.product(c)
            if not paths:
                yield Slip("sign", -total, f"the sign of {self.label(var)} is lost")
            return
        yield Slip("sign", -total, f"the sign of {self.label(var)} is turned")
        yield from self._forks(var, paths, sent, total)
        for c, part in zip(paths, sent, strict=True):
            for slip in self.product(c):
                if np.shape(slip.value) == np.shape(part):
                    yield Slip(slip.kind, total - part + slip.value, f"along {self.gate(c.step)}: {slip.why}")

    def _forks(self, var: Var, paths: Sequence[Contribution], sent: Sequence[Any], total: Any) -> Iterator[Slip]:
        name, called = self.names[var], self.label(var)
        gates = [self.path(c) for c in paths]
        readers = " and ".join(dict.fromkeys(gates))
        adds = f"where paths meet at {name}, which is read by {readers}, their contributions add"
        yield Slip("overwrite", sent[-1], f"what arrives along {gates[-1]} replaces what arrived before: {adds}")
        for gate, part in zip(gates, sent, strict=True):
            yield Slip("missing", total - part, f"what arrives along {gate} is left out: {adds}")
        for gate, part in zip(gates, sent, strict=True):
            yield Slip("twice", total + part, f"what arrives along {gate} is added twice")
        if len(sent) == 2 and np.ndim(total) == 0:
            yield Slip("operation", sent[0] * sent[1], f"{called} is the sum of what arrives, and not the product")
        if np.ndim(total):
            first, last = sent[0], sent[-1]
            why = (
                f"an entry of {name} that is read twice, as x0 in x0·x, gets both: what arrives along {gates[-1]} "
                f"and along {gates[0]} add, and here one stands for both"
            )
            yield Slip("x0·x0", np.where(np.asarray(last) != 0, last, first), why)

    def path(self, c: Contribution) -> str:
        """`q`, or `q (place 2)` where the step reads the value twice."""
        twice = sum(a is c.target for a in c.step.inputs) > 1
        return self.gate(c.step) + (f" (place {c.position + 1})" if twice else "")

    # what would be too many for a list, and is looked for where a number is wrong

    def others(self, c: Contribution) -> Iterator[Slip]:
        """A gradient of another value in the place of the upstream one."""
        slope = self.ledger.held["local", c].value
        if slope is None:
            return
        upstream = c.step.given[0]
        for var in self.work.backprop.adjoint:
            value = self.ledger.held["gradient", var].value
            if var is not upstream and var is not c.target and np.shape(value) == upstream.type.shape:
                why = f"the upstream gradient of {self.gate(c.step)} is {self.label(upstream)}, not {self.label(var)}"
                yield Slip("wrong upstream", self.ledger.through(c, value, slope), why)

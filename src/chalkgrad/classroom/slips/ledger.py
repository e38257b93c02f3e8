"""A question reckoned through with a person's own numbers: what must stand at every place, given what they wrote.

At a place that was asked for, what they wrote stands; where they wrote nothing, the key's number, and that is noted.
What was not asked for is computed from what stands before it. So an early error is carried forward, and every number
is judged at its own gate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from chalkgrad.classroom.sheets.rounding import rounded
from chalkgrad.classroom.slips.places import Place, Places
from chalkgrad.ir.program import Atom, Number, Step, Var
from chalkgrad.ir.registry import lookup
from chalkgrad.ir.run import evaluator
from chalkgrad.ops.local import Matrix, Select, Spread, Times, local_atom
from chalkgrad.transform.backprop import Contribution

NOBODY: frozenset[str] = frozenset()


@final
@dataclass(frozen=True, slots=True, eq=False)
class Due:
    """A number, the blanks whose own answers made it, and the blanks that were empty, so that the key's stood in."""

    value: Any
    used: frozenset[str] = NOBODY
    missing: frozenset[str] = NOBODY


@final
class Ledger:
    """Every place of a question: `due`, what must stand there, and `held`, what does.

    `own` are a person's numbers by blank. `numbers` are those that stand where nothing was changed: the key's, or its
    stepwise ones, and then `digits` rounds at every gate. `rate` is that of descent. `instead` puts numbers at places,
    as if they were the key's.
    """

    def __init__(
        self,
        where: Places,
        own: Mapping[str, Any],
        *,
        numbers: Mapping[Var, Any] | None = None,
        digits: int | None = None,
        rate: float | None = None,
        instead: Mapping[Place, Any] | None = None,
    ) -> None:
        self.where = where
        self.own = own
        self.numbers = where.work.numbers if numbers is None else numbers
        self.digits = digits
        self.rate = where.rate if rate is None else rate
        self.instead = instead or {}
        self.due: dict[Place, Due] = {}
        self.held: dict[Place, Due] = {}
        with np.errstate(all="ignore"):
            self._forward()
            self._backward()

    # what stands at a place

    def _enter(self, place: Place, due: Due) -> Due:
        """Note what is due, and give what stands there."""
        if self.digits is not None and due.used:
            due = Due(rounded(due.value, self.digits), due.used, due.missing)
        self.due[place] = due
        held = due
        if place in self.instead:
            held = Due(self.instead[place], frozenset([""]))
        elif ids := self.where.asked.get(place):
            answered = next((id for id in ids if id in self.own), None)
            if answered is not None:
                held = Due(self.own[answered], frozenset([answered]))
            else:
                held = Due(self.key(place), missing=frozenset(ids[:1]))
        self.held[place] = held
        return held

    def key(self, place: Place) -> Any:
        """What stands there where nobody changed anything."""
        slot, at = place
        if isinstance(at, Contribution):
            return self._local(at, self.numbers) if slot == "local" else self.read(at.value)
        if slot == "gradient":
            atom = self.where.work.backprop.adjoint.get(at)
            if atom is None:  # nothing reaches it
                return np.zeros([n for n in at.type.shape if isinstance(n, int)])[()]
            return self.read(atom)
        return self.numbers.get(at)

    def read(self, atom: Atom) -> Any:
        """The number of an atom."""
        return atom.value if isinstance(atom, Number) else self.numbers.get(atom)

    # forward

    def _forward(self) -> None:
        program = self.where.work.program
        for var in program.inputs:
            self._enter(("value", var), Due(self.numbers.get(var)))
        for step in program.steps:
            before = [self._value(a) for a in step.inputs]
            used, missing = _joined(before)
            made: Sequence[Any] = [self.numbers.get(v) if v is not None else None for v in step.outputs]
            if used:
                made = run(step, [d.value for d in before])
            for var, value in zip(step.outputs, made, strict=True):
                if var is not None:
                    self._enter(("value", var), Due(value, used, missing))

    def _value(self, atom: Atom) -> Due:
        return Due(atom.value) if isinstance(atom, Number) else self.held["value", atom]

    # backward

    def _backward(self) -> None:
        work = self.where.work
        closed: set[Var] = set()
        for c in work.backprop.contributions:
            for var, upstream in zip(c.step.outputs, c.upstreams, strict=True):
                if var is not None and upstream is not None and var not in closed:
                    closed.add(var)
                    self._close(var)
            self._edge(c)
        for var in (*work.backprop.adjoint, *work.backprop.wrt):
            if var not in closed:
                closed.add(var)
                self._close(var)

    def _close(self, var: Var) -> None:
        """The sum of what arrives at a value."""
        place: Place = ("gradient", var)
        arrived = [self.held["product", c] for c in self.where.into.get(var, ())]
        used, missing = _joined(arrived)
        total = self.key(place)
        if used:
            parts = [d.value for d in arrived]
            if var is self.where.work.program.output:
                parts.append(self.read(self.where.work.backprop.seed))
            total = sum(parts[1:], parts[0])
        self._enter(place, Due(total, used, missing))

    def _edge(self, c: Contribution) -> None:
        used, missing = _joined([self.held["value", v] for v in self.where.reads[c]])
        above = self.upstreams(c)
        met, lost = _joined(above)
        local, product = self.key(("local", c)), self.key(("product", c))
        if used or met:
            outputs = [None if v is None else self.held["value", v].value for v in c.step.outputs]
            local, product = self.sent(c, outputs)
        here = self._enter(("local", c), Due(local, used, missing))
        stands = ("local", c) in self.where.asked or ("local", c) in self.instead
        if (stands or self.digits is not None) and (here.used or met) and here.value is not None:
            product = self.through(c, above[0].value, here.value)
        if stands:
            used, missing = here.used, here.missing
        self._enter(("product", c), Due(product, used | met, missing | lost))

    def upstreams(self, c: Contribution) -> list[Due]:
        """The gradients that come back to the step of an edge."""
        pairs = zip(c.step.outputs, c.upstreams, strict=True)
        return [self.held["gradient", v] for v, u in pairs if v is not None and u is not None]

    def sent(self, c: Contribution, outputs: Sequence[Any]) -> tuple[Any, Any]:
        """The local derivative and the product of an edge, from the values that are held; `outputs` are its step's."""
        env: dict[Var, Any] = {a: self._value(a).value for a in c.step.inputs if isinstance(a, Var)}
        for var, value in zip(c.step.outputs, outputs, strict=True):
            if var is not None and value is not None:
                env[var] = value
        for var, atom in zip(c.step.outputs, c.upstreams, strict=True):
            if var is not None and isinstance(atom, Var):
                env[atom] = self.held["gradient", var].value

        def read(atom: Atom) -> Any:
            return atom.value if isinstance(atom, Number) else env[atom] if atom in env else self.numbers.get(atom)

        for step in c.made:
            made = run(step, [read(a) for a in step.inputs])
            env.update({v: x for v, x in zip(step.outputs, made, strict=True) if v is not None})
        return self._local(c, {**self.numbers, **env}), read(c.value)

    def _local(self, c: Contribution, env: Mapping[Var, Any]) -> Any:
        atom = local_atom(c.local)
        if atom is None:
            return None
        value = atom.value if isinstance(atom, Number) else env.get(atom)
        if isinstance(c.local, Select) and value is not None:
            return np.asarray(value, float)[()]
        return value

    def through(self, c: Contribution, upstream: Any, local: Any) -> Any:
        """Upstream times a local derivative of the person's own."""
        match c.local:
            case Times(shape=shape):
                product = np.multiply(upstream, local)
            case Select(shape=shape):
                product = np.where(np.asarray(local) != 0, upstream, 0.0)
            case Matrix(side=side):
                return np.matmul(local, upstream) if side == "left" else np.matmul(upstream, local)
            case Spread():
                return np.multiply(self.key(("product", c)), np.divide(local, self.key(("local", c))))
            case _:
                return self.key(("product", c))
        if c.gate is not None:
            product = np.where(self.read(c.gate), product, 0.0)
        fits = np.shape(product) == tuple(shape)
        return product[()] if fits else evaluator(lookup("sum_to"))(product, shape=tuple(shape))

    def again(self, place: Place) -> Any:
        """What else may stand there: with the results of the gates behind it computed anew from what goes into them.

        A slope may be written in a gate's result, y(1 - y), or in its input; of a person whose result is wrong both
        follow from their own numbers. None where there is no other.
        """
        slot, at = place
        with np.errstate(all="ignore"):
            if isinstance(at, Contribution):
                fresh = [None if v is None else self.due["value", v].value for v in at.step.outputs]
                return self.sent(at, fresh)[0 if slot == "local" else 1]
            if slot != "gradient":
                return None
            parts: list[Any] = []
            for c in self.where.into.get(at, ()):
                asked = ("product", c) in self.where.asked or ("local", c) in self.where.asked
                parts.append(self.held["product", c].value if asked else self.again(("product", c)))
            return sum(parts[1:], parts[0]) if parts and at is not self.where.work.program.output else None


def run(step: Step, values: Sequence[Any]) -> Sequence[Any]:
    """What a step gives, one for each of its outputs."""
    op: Any = step.op
    made = evaluator(op)(*values, **step.params)
    return made if op.several else [made]


def _joined(parts: Sequence[Due]) -> tuple[frozenset[str], frozenset[str]]:
    used = NOBODY.union(*[d.used for d in parts])
    missing = NOBODY.union(*[d.missing for d in parts])
    return used, missing

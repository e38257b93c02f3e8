"""How a number follows from the numbers before it, as data that a system without Chalkgrad can compute with.

An expression is a number, `{"own": place}`, or a list of an op's name and its operands. It reaches back to the nearest
numbers that are asked for, or to the values that are given, so that an early mistake can be carried forward.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, final

import numpy as np

from chalkgrad.classroom.export.prairielearn_server import OPS, computed
from chalkgrad.classroom.sheets.blank import Blank, NumberKey, Question
from chalkgrad.classroom.slips.places import Place, place_of
from chalkgrad.evaluate.worked import Worked
from chalkgrad.ir.program import Atom, Number, Var
from chalkgrad.ops.local import Select, Times
from chalkgrad.transform.backprop import Contribution

Expression = Any
"""A number, `{"own": n}` or `[op, operand, …]`: JSON."""

LARGEST = 200
CLOSE = 1e-9


class _CannotSay(Exception):
    """No expression, or too long a one."""


def relations(question: Question, blanks: Sequence[Blank]) -> list[Expression | None]:
    """For every blank how it follows from those before it; None where none of them leads to it, or it is no number.

    An expression is given only where the key's own numbers lead to the key's number.
    """
    work = question.work
    if work is None or work.symbolic:
        return [None] * len(blanks)
    places = [place_of(b) if _single(b) else None for b in blanks]
    found: list[Expression | None] = []
    keys = [float(b.key.exact) if isinstance(b.key, NumberKey) and _single(b) else math.nan for b in blanks]
    for n, place in enumerate(places):
        asked = {p: m for m, p in enumerate(places[:n]) if p is not None and p != place}
        try:
            made = None if place is None else _Writer(work, question.part.rate, asked).at(place)
        except _CannotSay:
            made = None
        right = (
            made is not None and _own(made) and abs(computed(made, keys) - keys[n]) <= CLOSE * max(1.0, abs(keys[n]))
        )
        found.append(made if right else None)
    return found


def _single(blank: Blank) -> bool:
    return isinstance(blank.key, NumberKey) and np.ndim(blank.key.exact) == 0


def _own(expression: Expression) -> bool:
    """Whether anything asked is in it."""
    if isinstance(expression, dict):
        return True
    return isinstance(expression, list) and any(map(_own, expression[1:]))


@final
class _Writer:
    """The expression of one place."""

    def __init__(self, work: Worked, rate: float, asked: Mapping[Place, int]) -> None:
        self.work = work
        self.rate = rate
        self.asked = asked
        self.into = work.backprop.into()
        self.forward = work.program.producer()
        self.made = {v: s for c in work.backprop.contributions for s in c.made for v in s.given}
        self.left = LARGEST

    def at(self, place: Place) -> Expression:
        """What stands at a place, from what stands before it."""
        slot, about = place
        if isinstance(about, Contribution):
            return self._local(about) if slot == "local" else self._product(about)
        if slot == "value":
            return self._value(about)
        if slot == "gradient":
            return self._gradient(about)
        if about not in self.work.program.inputs:
            raise _CannotSay
        # a step of descent
        return [
            "subtract",
            self._given(about),
            ["multiply", self.rate, self._or_own(("gradient", about), self._gradient)],
        ]

    def _or_own(self, place: Place, otherwise: Callable[[Any], Expression]) -> Expression:
        self.left -= 1
        if self.left < 0:
            raise _CannotSay
        return {"own": self.asked[place]} if place in self.asked else otherwise(place[1])

    def _given(self, atom: Atom) -> float:
        number = self.work.number(atom)
        if number is None or np.ndim(number):
            raise _CannotSay
        return float(number)

    def _value(self, var: Var) -> Expression:
        step = self.forward.get(var)
        if step is None:
            return self._given(var)
        return self._applied(step.op.name, [self._read(a) for a in step.inputs], step.params)

    def _read(self, atom: Atom) -> Expression:
        """A number of the forward pass, or one that a local derivative was made of."""
        if isinstance(atom, Number):
            return self._given(atom)
        if atom in self.forward or atom in self.work.program.inputs:
            return self._or_own(("value", atom), self._value)
        step = self.made.get(atom)
        if step is None:
            raise _CannotSay
        self.left -= 1
        if self.left < 0:
            raise _CannotSay
        return self._applied(step.op.name, [self._read(a) for a in step.inputs], step.params)

    def _applied(self, op: str, operands: list[Expression], params: Mapping[str, Any]) -> Expression:
        if op not in OPS or any(type(v) not in (int, float) for v in params.values()) or params:
            raise _CannotSay
        return [op, *operands]

    def _local(self, c: Contribution) -> Expression:
        if isinstance(c.local, Times):
            return self._read(c.local.factor.atom)
        if isinstance(c.local, Select):
            return ["indicator", self._read(c.local.mask.atom)]
        raise _CannotSay

    def _product(self, c: Contribution) -> Expression:
        if len(c.step.outputs) > 1 or c.target.type.shape or c.gate is not None:
            raise _CannotSay
        above = self._or_own(("gradient", c.step.output), self._gradient)
        return ["multiply", above, self._or_own(("local", c), self._local)]

    def _gradient(self, var: Var) -> Expression:
        arrived = [self._or_own(("product", c), self._product) for c in self.into.get(var, ())]
        if var is self.work.program.output:
            arrived.append(self._given(self.work.backprop.seed))
        if not arrived:
            raise _CannotSay
        return arrived[0] if len(arrived) == 1 else ["accumulate", *arrived]

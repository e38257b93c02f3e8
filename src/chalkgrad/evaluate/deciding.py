"""Whether two functions that are read already are the same: by exact form, by evaluation, by normal form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import final

from chalkgrad.evaluate.alike import alike
from chalkgrad.evaluate.equality import Comparison, Decision
from chalkgrad.evaluate.pair import Side
from chalkgrad.evaluate.precise.program import Precise
from chalkgrad.ir.program import Var
from chalkgrad.transform.identities.convert import formula
from chalkgrad.transform.identities.derivative import derivative
from chalkgrad.transform.identities.polynomial import Sum, Unwieldy

SAME = "the same formula"


def decided(a: Side, b: Side, conditions: Sequence[Side], deadline: float) -> Decision:
    """The bare decision: no texts, no derivation. The deadline is a time of `time.perf_counter`."""
    return Deciding(a, b, conditions, deadline).decide(explain=False)


@final
class Deciding:
    """One question. `names` are those of both sides and of the conditions, `inputs` a Var for each."""

    def __init__(self, a: Side, b: Side, conditions: Sequence[Side], deadline: float) -> None:
        self.a, self.b, self.conditions, self.deadline = a, b, conditions, deadline
        self.names = list(dict.fromkeys([v.hint for s in (a, b) for v in s.program.inputs]))
        extra = [v.hint for s in conditions for v in s.program.inputs]
        self.names += [n for n in dict.fromkeys(extra) if n not in self.names]
        self.inputs: dict[str, Var] = {v.hint: v for s in (*conditions, b, a) for v in s.program.inputs}

    def decide(self, explain: bool = True) -> Decision:
        """By exact form, then by evaluation; by normal form where evaluation cannot see enough."""
        same_slope = (self.a.by, self.a.order) == (self.b.by, self.b.order)
        if same_slope and alike(self.a.program, self.b.program, (self.a.exact, self.b.exact)):
            return Decision("yes", SAME)
        left, right, *where = [Precise(s.program, s.exact, s.by, s.order) for s in (self.a, self.b, *self.conditions)]
        decision = Comparison(self.names, left, right, where, self.deadline).decide(explain)
        if decision.verdict == "undecided" and not decision.empty and self.normal():
            return replace(decision, verdict="yes", reason="")
        return decision

    def normal(self) -> bool:
        """Whether both have one normal form."""
        first, second = self.forms
        return first is not None and second is not None and first == second

    @cached_property
    def forms(self) -> tuple[Sum | None, Sum | None]:
        """Both as formulas that identities work on, where they can be."""
        return _formula(self.a), _formula(self.b)


def _formula(side: Side) -> Sum | None:
    found = formula(side.program, side.exact)
    try:
        for _ in range(side.order if found is not None else 0):
            assert found is not None
            found = derivative(found, side.by)
    except Unwieldy:
        return None
    return found

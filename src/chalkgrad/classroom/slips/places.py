"""Which number of the worked function each blank of a question asks for."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, final

from chalkgrad.classroom.sheets.blank import Blank, FormulaKey, NumberKey, Question
from chalkgrad.evaluate.worked import Worked
from chalkgrad.ir.program import Var
from chalkgrad.ops.local import local_atom
from chalkgrad.transform.backprop import Contribution

Slot = Literal["value", "gradient", "local", "product", "next"]
Place = tuple[Slot, Var | Contribution]

SLOTS: dict[str, Slot] = {
    "value": "value",
    "loss": "value",
    "gradient": "gradient",
    "sum": "gradient",
    "local": "local",
    "product": "product",
    "next": "next",
    "update": "next",
}


@final
class Places:
    """The places of a question's number blanks; with `symbolic`, of those that ask for the same in symbols.

    `asked` lists the blanks of a place, `stepped` the inputs that a step of descent moves, `rate` its size; `reads`
    are the values that the local derivative of an edge is made of.
    """

    def __init__(self, question: Question, work: Worked, symbolic: bool = False) -> None:
        self.question = question
        self.work = work
        self.asked: dict[Place, list[str]] = {}
        self.of: dict[str, Place] = {}
        for blank in question.blanks:
            place = place_of(blank)
            if place is not None and isinstance(blank.key, FormulaKey if symbolic else NumberKey):
                self.of[blank.id] = place
                self.asked.setdefault(place, []).append(blank.id)
        self.into = work.backprop.into()
        self.rate = question.part.rate
        self.stepped = tuple([v for v in work.program.inputs if v in work.backprop.wrt])
        forward = frozenset(work.program.variables())
        self.reads = {c: _reads(c, forward) for c in work.backprop.contributions}

    def behind(self, place: Place) -> list[Place]:
        """The places that nobody was asked about, between this one and those that were; the nearest first."""
        found: dict[Place, None] = {}
        todo = [place]
        while todo:
            for near in self._before(todo.pop(0)):
                if near not in self.asked and near not in found:
                    found[near] = None
                    todo.append(near)
        return [p for p in found if p[0] not in ("local", "next")]

    def _before(self, place: Place) -> list[Place]:
        """What the number at a place is made of, one gate back."""
        slot, at = place
        if isinstance(at, Contribution):
            if slot == "local":
                return [("value", v) for v in self.reads[at]]
            pairs = zip(at.step.outputs, at.upstreams, strict=True)
            return [("local", at), *[("gradient", v) for v, u in pairs if v is not None and u is not None]]
        if slot == "gradient":
            return [("product", c) for c in self.into.get(at, ())]
        if slot == "next":
            inside = self.stepped if at not in self.work.program.inputs else (at,)
            return [("next", v) for v in inside if v is not at] or [("gradient", at)]
        step = next((s for s in self.work.program.steps if at in s.outputs), None)
        return [] if step is None else [("value", a) for a in step.inputs if isinstance(a, Var)]


def _reads(c: Contribution, forward: frozenset[Var]) -> tuple[Var, ...]:
    """The values of the forward pass that the local derivative of an edge is made of."""
    atom = local_atom(c.local)
    found = {c.value if atom is None else atom}
    above = frozenset(c.upstreams)
    for step in reversed(c.made):
        if not found.isdisjoint(step.given):
            found.update([a for a in step.inputs if a not in above])
    near = [a for a in (*c.step.inputs, *c.step.given) if isinstance(a, Var) and a in forward]
    return tuple(dict.fromkeys([v for v in near if v in found]))


def place_of(blank: Blank) -> Place | None:
    """Where a blank of this kind stands, None where it is at no value and no edge."""
    slot = SLOTS.get(blank.kind)
    if blank.kind in ("formula", "terms"):
        slot = _slot(blank.id)
    if slot is None:
        return None
    if slot in ("local", "product"):
        return None if blank.edge is None else (slot, blank.edge)
    return None if blank.node is None else (slot, blank.node)


def _slot(id: str) -> Slot:
    """Of a blank in symbols: `x.gradient.formula`; `q.formula` is of the value."""
    kind = id.removesuffix(".formula").rpartition(".")[2]
    return SLOTS[kind] if kind in ("gradient", "local", "product") else "value"


@lru_cache(maxsize=128)
def places(question: Question, symbolic: bool = False) -> Places:
    """The places of a question in which something is computed, found once."""
    assert question.work is not None
    return Places(question, question.work, symbolic)

"""The drawing of a question: what it asks for is open, what it gives is printed, and the key fills in what is open.

Both are placed alike: the room of an answer does not hang on the answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, final

import numpy as np

from chalkgrad.classroom.sheets.blank import Blank, Keyed, NumberKey, Question
from chalkgrad.ir.program import Program, Step, Var
from chalkgrad.render.diagram import Diagram, Room
from chalkgrad.render.graph import Asked, diagram
from chalkgrad.render.layout import place
from chalkgrad.render.numbers import shown
from chalkgrad.render.placed import Placed
from chalkgrad.render.svg import document

PAGE = 730.0
"""Points of text across a turned page."""

_STAGE = 95.0  # points that a gate takes with its wire, about
_WIDE = 3  # entries of an array that is still written on a wire


@final
@dataclass(frozen=True, slots=True)
class Drawn:
    """A drawing laid out: the key's, and the same without its answers."""

    blank: Diagram
    key: Diagram
    placed: Placed

    @property
    def empty(self) -> Placed:
        """The drawing before anything is filled in."""
        return replace(self.placed, texts=tuple([t for t in self.placed.texts if not t.slot]))

    def svg(self, *, key: bool) -> str:
        """The drawing as an SVG document."""
        return document(self.key, self.placed) if key else document(self.blank, self.empty)

    @property
    def ids(self) -> frozenset[str]:
        """The blanks that are filled in on the drawing."""
        return frozenset([slot.id for slot in self.placed.slots])


def drawing(
    question: Question,
    *,
    key: bool,
    answers: Mapping[str, str] | None = None,
    elsewhere: frozenset[str] = frozenset(),
) -> str:
    """The question's drawing as SVG; empty where it has none.

    `answers`, by blank id, are written in the open places instead of the key's: a person's own. `elsewhere` is what
    `asked_elsewhere` gives: what other questions of the sheet ask for, and must not be read off here.
    """
    if not has_drawing(question):
        return ""
    if answers is None:
        return drawn(question, elsewhere).svg(key=key)
    made = _diagram(question, elsewhere, answers)
    return document(made, place(made))


def has_drawing(question: Question) -> bool:
    """Whether the question has a computation graph to show."""
    return question.work is not None and question.part.show == "graph" and bool(question.work.program.steps)


def asked_elsewhere(keyed: Keyed, question: Question) -> frozenset[str]:
    """What other questions about the same function ask for: names of values, and `q.formula`."""
    found: set[str] = set()
    for other in keyed.questions:
        if other is question or other.work is None or other.part.function != question.part.function:
            continue
        found |= {f"{other.work.called[b.node]}.formula" for b in other.blanks if b.node is not None and _tells(b)}
        if _inputs(other) == _inputs(question):
            found |= {other.work.called[b.node] for b in other.blanks if b.node is not None and _hides(b)}
    return frozenset(found)


@lru_cache(maxsize=512)
def drawn(question: Question, elsewhere: frozenset[str] = frozenset()) -> Drawn:
    """The drawing of a question that has one, laid out once for blank and key."""
    answers = {b.id: answer_text(b) for b in on_drawing(question)}
    key = _diagram(question, elsewhere, answers)
    return Drawn(_diagram(question, elsewhere, {}), key, place(key))


@lru_cache(maxsize=128)
def plain_drawing(question: Question) -> Drawn | None:
    """The question's drawing as its key shows it where it is to be drawn by hand; None where there is no graph."""
    if question.work is None or not question.work.program.steps:
        return None
    made = diagram(question.work, digits=question.part.digits)
    return Drawn(made, made, place(made))


def on_drawing(question: Question) -> tuple[Blank, ...]:
    """The blanks that are filled in on the drawing: numbers at nodes and edges, unless they are asked for as a formula
    too, all of them: then both stand side by side on lines."""
    if not has_drawing(question):
        return ()
    ids = {blank.id for blank in question.blanks}
    could = [b for b in question.blanks if _could(b)]
    if could and all(f"{b.id}.formula" in ids for b in could):
        return ()
    found: list[Blank] = []
    taken: set[Any] = set()
    for blank in sorted(could, key=lambda b: b.kind == "product"):  # a gradient before the product at its one wire
        where = _where(blank, question)
        if where not in taken:
            taken.add(where)
            found.append(blank)
    return tuple(found)


def answer_text(blank: Blank) -> str:
    """A number key as it is printed."""
    assert isinstance(blank.key, NumberKey)
    return shown(blank.key.exact, blank.key.digits)


def _could(blank: Blank) -> bool:
    if blank.kind not in ("value", "gradient", "product") or not isinstance(blank.key, NumberKey):
        return False
    if np.ndim(blank.key.exact) > 1 or np.size(blank.key.exact) > _WIDE:
        return False
    return blank.node is not None or blank.edge is not None


def _where(blank: Blank, question: Question) -> tuple[object, ...]:
    """The place on the drawing: the one wire of a value that is used once serves its gradient and the product."""
    if blank.kind == "value":
        return ("value", blank.node)
    assert question.work is not None
    if blank.kind == "product" and blank.edge is not None:
        alone = len(question.work.program.uses()[blank.edge.target]) == 1
        forked = not alone or blank.edge.target is question.work.program.output
        return ("product", blank.edge.step, blank.edge.position) if forked else ("gradient", blank.edge.target)
    return ("gradient", blank.node)


def _diagram(question: Question, elsewhere: frozenset[str], answers: Mapping[str, str]) -> Diagram:
    work = question.work
    assert work is not None
    values: dict[Var, Room] = {}
    gradients: dict[Var, Room] = {}
    products: dict[tuple[Step, int], Room] = {}
    high = _high(work.program)
    for blank in on_drawing(question):
        room = _room(blank, high)
        if blank.kind == "product" and blank.edge is not None:
            products[blank.edge.step, blank.edge.position] = room
        elif blank.node is not None:
            (values if blank.kind == "value" else gradients)[blank.node] = room
    hidden = {b.node for b in question.blanks if b.node is not None and _hides(b)}
    hidden |= {var for var in work.program.variables() if work.called[var] in elsewhere}
    output = work.program.output
    upstream = not any(b.kind == "gradient" and b.node is output for b in question.blanks)
    inputs = frozenset(work.program.inputs)
    untold = {b.node for b in question.blanks if b.node is not None and _tells(b)}
    untold |= {var for var in work.program.variables() if f"{work.called[var]}.formula" in elsewhere}
    hidden -= values.keys() | inputs
    asked = Asked(values, gradients, products, frozenset(hidden), upstream, answers, frozenset(untold))
    return diagram(work, digits=question.part.digits, asked=asked)


def _tells(blank: Blank) -> bool:
    """Whether a formula of a stage would be the blank's answer."""
    stage = blank.kind in ("formula", "terms", "code") or blank.id.endswith(".formula")
    return stage and ".gradient" not in blank.id and ">" not in blank.id


def _hides(blank: Blank) -> bool:
    """Whether the value at the blank's node would be its answer."""
    return blank.kind in ("value", "loss") and isinstance(blank.key, NumberKey)


def _inputs(question: Question) -> list[tuple[str, str]]:
    work = question.work
    if work is None:
        return []
    return [(work.called[v], repr(work.number(v))) for v in work.program.inputs]


def _high(program: Program) -> float:
    """How much higher the rooms of a wide drawing are, which is set smaller; the same for every variant."""
    deep: dict[Var, int] = {}
    for step in program.steps:
        for var in step.given:
            deep[var] = 1 + max([deep.get(a, 0) for a in step.inputs if isinstance(a, Var)], default=0)
    width = _STAGE * (1 + max(deep.values(), default=0))
    return min(max(width / PAGE, 1.0), 1.7)


def _room(blank: Blank, high: float) -> Room:
    assert isinstance(blank.key, NumberKey)
    entries = np.size(blank.key.exact)
    each = 26.0 + 5.0 * max(2, blank.key.digits)
    return Room(blank.id, each + 8.0 if entries == 1 else 14.0 + entries * each, round(18.0 * high, 1))

"""Judging formulas: as functions of the question's inputs, yes, no or undecided, and never silently wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any, final

from chalkgrad.classroom.marking.brackets import sides_of
from chalkgrad.classroom.marking.judging import hides
from chalkgrad.classroom.marking.kinks import tied
from chalkgrad.classroom.marking.marked import Judged
from chalkgrad.classroom.marking.points import Points
from chalkgrad.classroom.marking.symbols import Formula, Symbols
from chalkgrad.classroom.sheets.blank import Blank, FormulaKey
from chalkgrad.classroom.slips.follows import due
from chalkgrad.classroom.slips.ledger import Ledger
from chalkgrad.classroom.slips.places import Places
from chalkgrad.classroom.slips.slip import Slip
from chalkgrad.errors import ChalkgradError, NotationError
from chalkgrad.evaluate.worked import work as evaluated
from chalkgrad.ir.program import Var
from chalkgrad.transform.gates import recognise

# What a step of descent is written with, and the names of its size.
ARROW = re.compile(r"\\(?:leftarrow|gets)(?![A-Za-z])|←|:=|<-(?=[^-])")
CHANGE = re.compile(r"^(?P<name>[^=]{1,40}?)(?P<sign>[-+−])=")
RATES = ("α", "η", "ε", "alpha", "eta", "epsilon", "lr", "rate", "\\alpha", "\\eta", "\\epsilon")
# So many different answers to one question are remembered, with their verdicts.
REMEMBERED = 20_000
# A side of this kind is a label: what is asked, and no answer.
LABEL = re.compile(r"[∂∇]|\\partial|\\nabla|(?<![^\W\d_])d[^\W\d_]+[^/\s]*\s*/\s*d|'|′")


@final
class Formulas:
    """What is the same for every person who answers one question in symbols; answers are judged once."""

    def __init__(self, symbols: Symbols) -> None:
        self.symbols = symbols
        self.blanks = {b.id: b for b in symbols.question.blanks}
        self.plain: dict[tuple[str, str], tuple[Judged, Formula | None]] = {}
        self.keys: dict[str, Any] = {}

    @cached_property
    def points(self) -> Points:
        return Points(self.symbols, self.symbols.work)

    @cached_property
    def whole(self) -> Points | None:
        """The same with σ as one gate, where it was typed as several: a mistake in its slope shows there."""
        work = self.symbols.work
        program = recognise(work.program)
        if program is work.program or self.symbols.called or any(v.type.shape for v in program.variables()):
            return None
        return Points(self.symbols, evaluated(program, wrt=[v.hint for v in work.backprop.wrt]))

    # what is written

    def read(self, blank: Blank, text: str) -> Formula:
        """The formula of an answer: its last side, where it is an equation.

        Raises NotationError where it cannot be read, and where its sides are not equal.
        """
        more: Mapping[str, Any] = {}
        if blank.kind == "update":
            text, more = self._step(blank, text), {self.symbols.rate: 1.0}
        sides = sides_of(text)
        while len(sides) > 1 and self._own_name(blank, sides[-1]):
            sides.pop()
        formula = self.symbols.read(sides[-1], more)
        for side in sides[:-1]:
            if not _label(side, blank):
                try:
                    other = self.symbols.read(side, more)
                except ChalkgradError:
                    continue
                if self._compare(other, formula) == "no":
                    raise NotationError(f"two formulas that are not equal stand here: {side.strip()[:60]} and the last")
        return formula

    def _own_name(self, blank: Blank, side: str) -> bool:
        """Whether a side is the name of what is asked: `x + y = q`."""
        if blank.node is None or blank.kind == "update":
            return False
        return self.symbols.names.tidy(side.strip("$ .;"))[0] == self.symbols.work.called[blank.node]

    def _compare(self, one: Formula, other: Formula) -> str:
        sides = (self.symbols.composed(one), self.symbols.composed(other))
        return self.symbols.decide(*sides).verdict

    def _step(self, blank: Blank, text: str) -> str:
        """The right-hand side of `w ← w - α …`, with α for the step size."""
        assert blank.node is not None
        name = self.symbols.work.called[blank.node]
        out = ARROW.sub("=", text)
        change = CHANGE.match(out)
        if change is not None:
            rest = out[change.end() :]
            sign = "+" if change["sign"] == "+" else "-"
            out = f"{name} {sign} ({rest})"
        for rate in RATES:
            if rate not in self.symbols.stages:
                out = re.sub(rf"(?<![^\W\d_\\]){re.escape(rate)}(?![\w])", f" {self.symbols.rate} ", out)
        head, equals, rest = out.partition("=")
        if equals and self.symbols.names.tidy(head.strip().strip("$ "))[0].strip() not in (name, ""):
            raise NotationError(f"this is a rule for {head.strip()[:40]}, and one for {name} is asked for")
        return rest if equals else out

    # the verdict without one's own formulas

    def judge(self, blank: Blank, text: str) -> tuple[Judged, Formula | None]:
        """The verdict by the key alone, and the formula where it was read."""
        place = (blank.id, text)
        if place not in self.plain:
            if len(self.plain) >= REMEMBERED:
                self.plain.clear()
            try:
                formula = self.read(blank, text)
                self.plain[place] = self._judge(blank, formula), formula
            except ChalkgradError as error:
                self.plain[place] = Judged("cannot tell", why=str(error)), None
        return self.plain[place]

    def _judge(self, blank: Blank, formula: Formula) -> Judged:
        key = blank.key
        assert isinstance(key, FormulaKey)
        if key.names:
            strange = [n for n in formula.names if n not in key.names and n != self.symbols.rate]
            if strange:
                why = f"it uses {', '.join(strange)}; it is asked for in terms of {', '.join(key.names)}"
                return Judged("wrong", "", why, formula.notes)
        if asked := self._copied(blank, formula):
            why = f"{asked} is what is asked for, or made of it: it cannot stand in the answer"
            return Judged("cannot tell", why=why)
        if blank.id not in self.keys:
            more = {self.symbols.rate: 1.0} if blank.kind == "update" else None
            self.keys[blank.id] = self.symbols.composed(self.symbols.read(key.text, more))
        side = self.symbols.composed(formula)
        found = self.symbols.decide(side, self.keys[blank.id])
        if found.verdict == "yes":
            return Judged("right", notes=formula.notes)
        if found.verdict == "no" and self.at_rate(blank, formula):
            rate = self.symbols.question.part.rate
            plain = re.sub(rf"(?<!\w){re.escape(self.symbols.rate)}(?!\w)", f"({rate:g})", key.text)
            if self.symbols.decide(side, self.symbols.composed(self.symbols.read(plain))).verdict == "yes":
                return Judged("right", notes=(*formula.notes, f"with {rate:g} for {self.symbols.rate}"))
        if found.verdict == "undecided":
            return Judged("cannot tell", why=f"it could not be decided: {found.reason}", notes=formula.notes)
        if found.reason == "shape":
            return Judged("wrong", "shapes", "it is of another shape", formula.notes)
        if note := tied(self.symbols.program, side, self.keys[blank.id]):
            return Judged("right", notes=(*formula.notes, note))
        return Judged("wrong", notes=formula.notes)

    def at_rate(self, blank: Blank, formula: Formula) -> bool:
        """Whether a rule of descent is written with the sheet's own number for its rate."""
        return blank.kind == "update" and self.symbols.rate not in formula.names

    def _copied(self, blank: Blank, formula: Formula) -> str:
        """The name of what is asked for, where a stage's formula is given as that stage, or made of later ones."""
        where = self.points.where
        place = where.of.get(blank.id)
        if place is None or place[0] != "value" or not isinstance(place[1], Var):
            return ""
        later = {place[1]}
        for step in self.symbols.work.program.steps:
            if any(a in later for a in step.inputs):
                later.update(step.given)
        late = {self.symbols.work.called[v] for v in later}
        return next((n for n in formula.names if n in late), "")


@final
class Symbolic:
    """The formulas that one person wrote in one question."""

    def __init__(self, formulas: Formulas, texts: Mapping[str, str]) -> None:
        self.formulas = formulas
        self.texts = texts
        self.found = {id: formulas.judge(formulas.blanks[id], text) for id, text in texts.items()}
        self.sound = {id: judged.verdict == "right" for id, (judged, _) in self.found.items()}

    @property
    def where(self) -> Places:
        return self.formulas.points.where

    @cached_property
    def values(self) -> Mapping[str, list[Any]]:
        """What their formulas come to at the points."""
        points = self.formulas.points
        read = {id: f for id, (_, f) in self.found.items() if f is not None}
        return {id: points.values(f) for id, f in read.items()}

    @cached_property
    def ledgers(self) -> list[Ledger]:
        """Reckoned with their own formulas."""
        return self.formulas.points.ledgers(self.values)

    @cached_property
    def plain(self) -> list[Ledger]:
        """The key's."""
        return self.formulas.points.ledgers({})

    def judge(self, blank: Blank) -> Judged:
        """The verdict on one blank that has an answer."""
        judged, formula = self.found[blank.id]
        if formula is None or judged.verdict == "cannot tell" or judged.why:
            return judged
        if judged.verdict == "right":
            return judged if all(self.sound.values()) else self._unfollowed(blank, judged)
        points, said = self.formulas.points, self.values[blank.id]
        if followed := points.follows(blank, said, self.ledgers):
            off = sorted(id for id in followed if not self.sound[id])
            if not off:
                return Judged("cannot tell", why="it agrees with your own formulas, and not with the key")
            if any(self._hides(id) for id in off):
                why = f"it follows from your own {', '.join(off)}, but with that formula this step cannot be seen"
                return Judged("wrong", "", why, judged.notes)
            why = f"not the key's, but it follows from your own {', '.join(off)}"
            return Judged("consistent", why=why, notes=judged.notes)
        slip = points.slip(blank, said, self.ledgers) or points.slip(blank, said, self.plain) or self._inside(blank)
        if slip is None and self.formulas.at_rate(blank, formula):
            rate = self.formulas.symbols.question.part.rate
            slip = points.slip(blank, said, points.ledgers(self.values, rate))
        if slip is None:
            return Judged("wrong", "", self._shown(blank, said), judged.notes)
        return Judged("wrong", slip.kind, slip.why, judged.notes)

    def _inside(self, blank: Blank) -> Slip | None:
        """A mistake in the slope of σ, where it was typed as several gates."""
        whole, formula = self.formulas.whole, self.found[blank.id][1]
        if whole is None or formula is None or blank.node is None or blank.edge is not None:
            return None
        if blank.node not in whole.where.work.backprop.adjoint:
            return None
        return whole.slip(blank, whole.values(formula), whole.ledgers({}))

    def _unfollowed(self, blank: Blank, judged: Judged) -> Judged:
        """Right; and whether it follows from their own formulas, some of which are not."""
        points = self.formulas.points
        if blank.id not in self.where.of or blank.id not in self.values:
            return judged
        used = points.uses(blank, self.ledgers)
        off = sorted(id for id in used if not self.sound.get(id, True))
        if not off or points.follows(blank, self.values[blank.id], self.ledgers):
            return judged
        why = f"right, but it does not follow from your own {', '.join(off)}"
        return Judged("unfollowed", why=why, notes=judged.notes)

    def behind(self, id: str) -> frozenset[str]:
        """The blanks that one is judged from."""
        blank = self.formulas.blanks[id]
        if id not in self.where.of or not self.plain:
            return frozenset()
        return due(self.plain[0], blank).missing - {id}

    def _hides(self, id: str) -> bool:
        """Whether their own formula is 0 or ±1, and the key's is not."""
        keys = [ledger.key(self.where.of[id]) for ledger in self.plain]
        both = [(v, k) for v, k in zip(self.values[id], keys, strict=True) if v is not None]
        return bool(both) and all(hides(v, k) for v, k in both)

    def _shown(self, blank: Blank, said: list[Any]) -> str:
        """Numbers at a point where it differs."""
        return self.formulas.points.example(blank, said, self.plain) or "it is another function of the inputs"


def _label(side: str, blank: Blank) -> bool:
    """Whether a side only says what is asked."""
    plain = re.fullmatch(r"\s*\$?\s*[^\W\d_]\w*(?:_\{?\w+\}?)?(?:\^\*)?\s*(?:\([^()]*\))?\s*", side)
    return bool(LABEL.search(side)) or plain is not None or side.strip().strip("$ ") == blank.ask

"""Marking one person's answers to one variant of a sheet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property, lru_cache
from typing import final

import numpy as np

from chalkgrad.classroom.marking.bounds import MOST_CHARACTERS
from chalkgrad.classroom.marking.chain import judge_chain
from chalkgrad.classroom.marking.claim import judge_claim, judge_matrix
from chalkgrad.classroom.marking.code import Code
from chalkgrad.classroom.marking.formula import REMEMBERED, Formulas, Symbolic
from chalkgrad.classroom.marking.judging import Numeric, neighbours
from chalkgrad.classroom.marking.marked import Judged, Mark, Marked, weighed
from chalkgrad.classroom.marking.numbers import Numbers, read_numbers
from chalkgrad.classroom.marking.shape import judge_shape
from chalkgrad.classroom.marking.symbols import symbols
from chalkgrad.classroom.sheets.blank import (
    Blank,
    FormulaKey,
    Keyed,
    NumberKey,
    Question,
    ShapeKey,
    TextKey,
)
from chalkgrad.errors import ChalkgradError
from chalkgrad.evaluate.worked import output_name
from chalkgrad.render.numbers import shown

MOST_ENTRIES = 64


def mark(keyed: Keyed, answers: Mapping[str, str], student: str = "") -> Marked:
    """The marks of every blank of a sheet.

    Parameters
    ----------
    keyed : Keyed
        The sheet at the person's own variant.
    answers : mapping
        What they wrote, by blank id; what is no blank of the sheet is left alone.

    Returns
    -------
    Marked
        No text makes it raise: what cannot be read is *cannot tell*, with the reason, and earns nothing.
    """
    marks: list[Mark] = []
    behind: dict[str, frozenset[str]] = {}
    for question in keyed.questions:
        texts = {b.id: str(answers.get(b.id) or "") for b in question.blanks}
        found = _Marker(_prepared(question), texts).run()
        for blank in question.blanks:
            judged = found[blank.id]
            behind[blank.id] = judged.behind
            marks.append(weighed(blank, texts[blank.id], judged, keyed.sheet.credit, printed(blank)))
    points = sum(m.credit for m in marks)
    return Marked(student, keyed.code, tuple(marks), points, sum(b.points for b in keyed.blanks), behind)


def printed(blank: Blank) -> str:
    """The key of a blank in one line or a few, as it is printed."""
    match blank.key:
        case NumberKey(exact=exact, digits=digits):
            return shown(exact, digits, MOST_ENTRIES)
        case FormulaKey(text=text) | ShapeKey(text=text) | TextKey(text=text):
            return text


@final
class _Prepared:
    """What is the same for everybody who answers one question."""

    def __init__(self, question: Question) -> None:
        self.question = question
        self.works = question.work is not None
        self.plain: dict[tuple[str, str], Judged] = {}

    @cached_property
    def formulas(self) -> Formulas | None:
        """What judges formulas, where something is computed."""
        return Formulas(symbols(self.question)) if self.works else None

    @cached_property
    def code(self) -> Code | None:
        """What judges lines of code."""
        return None if self.formulas is None else Code(self.formulas)

    @property
    def output(self) -> str:
        """The name at the top of every partial of a chain."""
        assert self.formulas is not None
        work = self.formulas.symbols.work
        return output_name(work.program, work.called)

    def once(self, blank: Blank, text: str, judge: Callable[[], Judged]) -> Judged:
        """A verdict that hangs on this text alone, remembered."""
        place = (blank.id, text)
        if place not in self.plain:
            if len(self.plain) >= REMEMBERED:
                self.plain.clear()
            self.plain[place] = judge()
        return self.plain[place]


@lru_cache(maxsize=128)
def _prepared(question: Question) -> _Prepared:
    return _Prepared(question)


@final
class _Marker:
    """One person's answers to one question."""

    def __init__(self, prepared: _Prepared, texts: Mapping[str, str]) -> None:
        self.prepared = prepared
        self.question = prepared.question
        self.texts = texts
        self.found: dict[str, Judged] = {}

    def run(self) -> dict[str, Judged]:
        """The verdict of every blank."""
        said: dict[str, Numbers] = {}
        symbolic: dict[str, str] = {}
        for blank in self.question.blanks:
            text = self.texts[blank.id]
            if not text.strip():
                self.found[blank.id] = Judged("empty")
            elif len(text) > MOST_CHARACTERS:
                why = f"this is too long: more than {MOST_CHARACTERS} characters"
                self.found[blank.id] = Judged("cannot tell", why=why)
            elif isinstance(blank.key, NumberKey):
                try:
                    said[blank.id] = read_numbers(text, np.ndim(blank.key.exact) > 0)
                except (ChalkgradError, ValueError, ArithmeticError) as error:
                    self.found[blank.id] = Judged("cannot tell", why=str(error))
            elif self._plain_formula(blank):
                symbolic[blank.id] = text
            else:
                self.found[blank.id] = self.prepared.once(blank, text, lambda b=blank, t=text: self._alone(b, t))
        self._numbers(said)
        self._formulas(symbolic)
        return self.found

    def _numbers(self, said: Mapping[str, Numbers]) -> None:
        if not said:
            return
        numeric = Numeric(self.question, said)
        placed = self.prepared.works and self.question.work is not None and not self.question.work.symbolic
        near = neighbours(self.question) if placed else {}
        for blank in self.question.blanks:
            if blank.id in said:
                found = self._safely(lambda b=blank: numeric.judge(b))
                self.found[blank.id] = replace(found, behind=near.get(blank.id, frozenset()))

    def _formulas(self, texts: Mapping[str, str]) -> None:
        formulas = self.prepared.formulas if texts else None
        if formulas is None:
            return
        symbolic = Symbolic(formulas, texts)
        for blank in self.question.blanks:
            if blank.id in texts:
                self.found[blank.id] = self._safely(lambda b=blank: symbolic.judge(b))
        if not all(symbolic.sound.values()):
            for id in texts:
                self.found[id] = replace(self.found[id], behind=symbolic.behind(id))

    def _plain_formula(self, blank: Blank) -> bool:
        """Whether it is judged as a function of the question's inputs."""
        key = blank.key
        if not isinstance(key, FormulaKey) or not self.prepared.works:
            return False
        return blank.kind in ("formula", "terms", "update") and not key.given

    def _alone(self, blank: Blank, text: str) -> Judged:
        """The verdict on what hangs on no other answer."""
        return self._safely(lambda: self._by_kind(blank, text))

    def _by_kind(self, blank: Blank, text: str) -> Judged:
        prepared = self.prepared
        match blank.key:
            case ShapeKey(text=key):
                return judge_shape(text, key)
            case FormulaKey() if blank.kind == "code" and prepared.code is not None:
                return prepared.code.judge(blank, text)
            case FormulaKey(text=key, head=head) if blank.kind == "chain" and prepared.formulas is not None:
                return judge_chain(text, key, head, prepared.formulas.symbols.names, prepared.output)
            case FormulaKey(text=key, given=given, head=head) if given:
                return judge_matrix(given, head, key, text)
            case TextKey(text=key, given=given) if given:
                return judge_claim(given, key, text)
            case TextKey():
                return Judged("cannot tell", why="this is for a person to read")
            case _:
                return Judged("cannot tell", why="nothing here judges an answer of this kind")

    def _safely(self, judge: Callable[[], Judged]) -> Judged:
        try:
            return judge()
        except Exception as error:  # one strange answer must not cost a whole class its marks
            why = str(error).split("\n")[0] if isinstance(error, ChalkgradError) else type(error).__name__
            return Judged("cannot tell", why=f"it could not be judged: {why}")

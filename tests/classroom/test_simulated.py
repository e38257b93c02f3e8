"""A class of a thousand whose mistakes are known: the first wrong step is found, and nobody right is wronged."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import pytest

from chalkgrad.classroom.marking.mark import mark
from chalkgrad.classroom.marking.marked import Marked
from chalkgrad.classroom.sheets.blank import Keyed
from chalkgrad.classroom.sheets.key import unwitnessed
from chalkgrad.classroom.sheets.reading import read_sheet
from chalkgrad.classroom.variants.find import variants
from tests.classroom.simulated import Error, Student, Style, drawn, workable

SHEETS = Path(__file__).parents[2] / "examples" / "sheets"
NAMES = ("backprop", "filters", "practice", "section")
STYLES: tuple[Style, ...] = ("exact", "stepwise", "more")
SEATS = 6
CLASS = 1000
SEED = 7
SOUND = ("right", "consistent", "unfollowed")


@dataclass
class Person:
    """One of the class: the sheet, what was handed in, and what was done wrong, in the order of the sheet."""

    keyed: Keyed
    style: Style
    answers: dict[str, str] = field(default_factory=dict)
    errors: list[Error] = field(default_factory=list)
    kinds: dict[str, set[str]] = field(default_factory=dict)


@lru_cache(maxsize=1)
def sheets() -> tuple[tuple[Keyed, ...], ...]:
    """Every seed sheet that has numbers to work, at the values of several seats."""
    found: list[tuple[Keyed, ...]] = []
    for name in NAMES:
        sheet = read_sheet((SHEETS / f"{name}.toml").read_text(encoding="utf-8"))
        found.append(tuple(unwitnessed(sheet, v) for v in variants(sheet, SEATS, SEED)))
    return tuple(found)


def person(number: int, mistakes: int) -> Person:
    """The student of this number, with so many mistakes, all in one question; the other questions are right."""
    rng = random.Random(f"student {number}")
    keyed = rng.choice(rng.choice(sheets()))
    made = Person(keyed, rng.choice(STYLES))
    questions = [q for q in keyed.questions if workable(q)]
    rng.shuffle(questions)
    left = mistakes
    for question in questions:
        solved = drawn(question, made.style, left, rng) if left else None
        left = 0 if solved else left
        solved = solved or Student(question, made.style, {}).solved()
        made.answers |= solved.answers
        made.errors += solved.errors
        made.kinds |= solved.kinds
    order = [b.id for b in keyed.blanks]
    made.errors.sort(key=lambda e: order.index(e.blank))
    return made


def fault(one: Person, marked: Marked) -> str:
    """What the marking got wrong about a student; nothing where it found all that was done."""
    by_blank = {m.blank: m for m in marked.marks}
    wrong = {e.blank for e in one.errors}
    for blank in one.answers:
        found = by_blank[blank]
        if blank not in wrong and found.verdict not in SOUND:
            return f"{blank} is right, and marked {found.verdict}: {found.why}"
    for error in one.errors:
        found = by_blank[error.blank]
        if found.verdict != "wrong":
            return f"the {error.kind} at {error.blank} is marked {found.verdict}"
        if found.mistake not in one.kinds[error.blank]:
            return f"the {error.kind} at {error.blank} is called {found.mistake!r}: {found.why}"
    first = [m.blank for m in marked.first]
    if not set(first) <= wrong or (one.errors and one.errors[0].blank not in first):
        return f"the first wrong steps are {first}, and not {[e.blank for e in one.errors]}"
    return ""


def test_a_class_of_a_thousand() -> None:
    """At least 99 of 100 are understood wholly, and not one right answer is marked wrong."""
    met: Counter[str] = Counter()
    faults: list[str] = []
    wronged: list[str] = []
    for number in range(CLASS):
        one = person(number, 1 + number % 2)
        assert one.errors
        met.update(e.kind for e in one.errors)
        said = fault(one, mark(one.keyed, one.answers, f"student {number}"))
        if said:
            faults.append(f"student {number}, {one.keyed.code}, {one.style}: {said}")
        if "is right, and marked wrong" in said:
            wronged.append(faults[-1])
    told = "\n".join(faults[:20])
    assert not wronged, told
    assert len(faults) <= CLASS // 100, told
    kinds = {"sign", "swap", "local", "upstream", "operation", "order", "power", "argument", "loser", "constant"}
    kinds |= {"overwrite", "missing", "twice", "uphill", "rate", "permutation"}
    assert kinds <= set(met), f"no student made these: {kinds - set(met)}"


@pytest.mark.parametrize("style", STYLES)
def test_nobody_right_is_wronged(style: Style) -> None:
    """Whoever makes no mistake has all the points, however they round: on every seat of every sheet."""
    for keyed in (k for several in sheets() for k in several):
        answers: dict[str, str] = {}
        for question in keyed.questions:
            if workable(question):
                answers |= Student(question, style, {}).solved().answers
        marked = mark(keyed, answers, "right")
        points = {b.id: b.points for b in keyed.blanks}
        for found in marked.marks:
            if found.blank in answers:
                assert found.verdict in ("right", "consistent"), (keyed.code, found)
                assert found.credit == points[found.blank]
        assert not marked.first

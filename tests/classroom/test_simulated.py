"""A class whose mistakes are known: the first wrong step is found, and nobody right is wronged.

Three hundred of them, and a thousand with `--whole-class`.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from chalkgrad.classroom.marking.mark import mark
from chalkgrad.classroom.marking.marked import Marked
from chalkgrad.classroom.sheets.blank import Keyed, NumberKey, Variant
from chalkgrad.classroom.sheets.key import unwitnessed
from chalkgrad.classroom.sheets.reading import read_sheet
from chalkgrad.classroom.variants.find import variants
from tests.classroom.simulated import Error, Student, Style, drawn, workable

SHEETS = Path(__file__).parents[2] / "examples" / "sheets"
NAMES = ("backprop", "filters", "practice", "section")
STYLES: tuple[Style, ...] = ("exact", "stepwise", "written", "more")
# What the seed sheets do not have: numbers in matrices, a batch, a mean.
ARRAYS = """
name = "arrays"
title = "Arrays"
digits = 3
[[problem]]
prose = "A layer."
function = "z = W x + b; a = relu(z); f = dot(v, a)"
values = { W = [[2, -1], [-3, 1]], x = [3, 2], b = [-1, 2], v = [2, -3] }
blank = ["values", "gradients"]
[[problem]]
prose = "A batch of three."
function = "Z = W X + b; A = relu(Z); J = mean(A)"
values = { W = [[2, -1], [-3, 4]], X = [[3, 2, -2], [1, -4, 5]], b = [[1], [-2]] }
blank = ["values", "gradients"]
[[problem]]
prose = "A network."
function = "z_1 = x w_1; a_1 = σ(z_1); z_2 = a_1 w_2; a_2 = tanh(z_2); L = (a_2 - y)^2/2"
values = { x = 2, w_1 = 0.5, w_2 = -1.5, y = 3 }
blank = ["values", "gradients", "locals", "products", "inputs.next"]
"""
SEATS = 6
CLASS, SAMPLE = 1000, 300
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
    """Every seed sheet that has numbers to work, and one of arrays: as published, and at several seats."""
    texts = [(SHEETS / f"{name}.toml").read_text(encoding="utf-8") for name in NAMES]
    found: list[tuple[Keyed, ...]] = []
    for text in (*texts, ARRAYS):
        sheet = read_sheet(text)
        seats = (Variant(), *variants(sheet, SEATS, SEED))
        found.append(tuple(unwitnessed(sheet, seat) for seat in seats))
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


def test_a_class(request: pytest.FixtureRequest) -> None:
    """At least 99 of 100 are understood wholly, and not one right answer is marked wrong."""
    size = CLASS if request.config.getoption("--whole-class") else SAMPLE
    met: Counter[str] = Counter()
    faults: list[str] = []
    wronged: list[str] = []
    for number in range(size):
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
    assert len(faults) <= size // 100, told
    kinds = {"sign", "swap", "local", "upstream", "operation", "order", "power", "argument", "loser", "constant"}
    kinds |= {"overwrite", "missing", "twice", "wrong upstream", "uphill", "rate"}
    kinds |= {"transpose", "batch sum", "1/m", "permutation", "x0·x0", "mask"}
    assert kinds <= set(met), f"no student made these: {kinds - set(met)}"


def right(keyed: Keyed, style: Style) -> dict[str, str]:
    """What somebody hands in who makes no mistake."""
    found: dict[str, str] = {}
    for question in keyed.questions:
        if workable(question):
            found |= Student(question, style, {}).solved().answers
    return found


def check_right(keyed: Keyed, answers: dict[str, str]) -> None:
    """Every answer has its points, and nothing is a first wrong step."""
    marked = mark(keyed, answers, "right")
    points = {b.id: b.points for b in keyed.blanks}
    for found in marked.marks:
        if found.blank in answers:
            assert found.verdict in ("right", "consistent"), (keyed.code, found)
            assert found.credit == points[found.blank]
    assert not marked.first


@pytest.mark.parametrize("style", STYLES)
def test_nobody_right_is_wronged(style: Style) -> None:
    """Whoever makes no mistake has all the points, however they round: on every seat of every sheet."""
    for keyed in (k for several in sheets() for k in several):
        check_right(keyed, right(keyed, style))


@pytest.mark.parametrize("style", ["exact", "stepwise", "more"])
def test_gaps_wrong_nobody(style: Style) -> None:
    """Nor do they lose a point for blanks that they left empty before others.

    But for what rounding moved by more than two units of the last place: with nothing of their own to follow from,
    that is too far. Nor can what follows from a number be known that was never written.
    """
    rng = random.Random("gaps")
    for keyed in (k for several in sheets() for k in several):
        near = {b.id for b in keyed.blanks if isinstance(b.key, NumberKey) and _near(b.key)}
        answers = {id: text for id, text in right(keyed, style).items() if style != "stepwise" or id in near}
        check_right(keyed, {id: text for id, text in answers.items() if rng.random() < 0.6})


def _near(key: NumberKey) -> bool:
    return bool(np.all(np.abs(np.subtract(key.stepwise, key.exact)) <= 2 * 10.0**-key.digits))


def spelt(text: str, rng: random.Random) -> str:
    """The same number as another person writes it."""
    ways = [text, text.replace("-", "\N{MINUS SIGN}"), f" {text} ", f"= {text}", text.replace("-", "- ")]
    if "[" in text:
        ways += [text.replace("[", "(").replace("]", ")"), text.replace(", ", ",")]
    elif "." in text:
        ways += [text.replace("0.", ".", 1) if text.lstrip("-").startswith("0.") else text]
    return rng.choice(ways)


def test_ways_to_write_a_number_are_one() -> None:
    rng = random.Random("spelling")
    for several in sheets():
        for keyed in several[:3]:
            check_right(keyed, {id: spelt(text, rng) for id, text in right(keyed, "exact").items()})

"""The answers of a class, person by person: the last answer to a blank counts, and nothing is dropped unsaid."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import final

from chalkgrad.classroom.course.blanks import BlankNames
from chalkgrad.classroom.course.remarks import Remarks
from chalkgrad.classroom.course.visible import alike, hidden, mixed, visible
from chalkgrad.errors import TooLarge

MOST_ANSWERS = 1_000_000
LONGEST = 64 * 1024
"""Of a longer answer the beginning is kept: what is far shorter is already too long to be judged."""

LONGEST_NAME = 200
_SURROGATE = re.compile("[\ud800-\udfff]")


@final
@dataclass(frozen=True, slots=True)
class Place:
    """Where an answer stands: `line 7`, or `ann.csv, line 7` in a folder."""

    source: str
    line: int
    unit: str = "line"

    def __str__(self) -> str:
        line = f"{self.unit} {self.line}" if self.line else ""
        return ", ".join([part for part in (self.source, line) if part])


@final
@dataclass(slots=True)
class Handed:
    """What one person handed in: for each way in which they named their variant, blank id -> (answer, where)."""

    student: str
    place: Place
    sheets: dict[str, dict[str, tuple[str, Place]]] = field(default_factory=dict)


@final
class Collected:
    """All that was handed in, by student, in the order in which they first came."""

    def __init__(self, names: BlankNames) -> None:
        self.names = names
        self.remarks = Remarks()
        self.people: dict[str, Handed] = {}
        self._alike: dict[str, str] = {}
        self._count = 0

    def person(self, student: str, variant: str, place: Place) -> dict[str, tuple[str, Place]]:
        """The answers so far of a person on a variant. Raises nothing: an odd name is remarked upon, and kept."""
        name = unicodedata.normalize("NFC", _whole(student)).strip()
        if len(name) > LONGEST_NAME:
            self.remarks.add(str(place), f"a student's name of {len(name)} characters is cut at {LONGEST_NAME}")
            name = name[:LONGEST_NAME]
        handed = self.people.get(name)
        if handed is None:
            handed = self.people[name] = Handed(name, place)
            self._remark_on_name(name, place)
        return handed.sheets.setdefault(unicodedata.normalize("NFC", _whole(variant[:LONGEST_NAME])).strip(), {})

    def add(self, into: dict[str, tuple[str, Place]], blank: str, answer: str, place: Place) -> None:
        """One answer, under a name for its blank.

        Raises TooLarge at too many.
        """
        id = self.names.find(blank)
        if id is None:
            said = self.names.why_not(_whole(blank[:LONGEST_NAME]))
            self.remarks.add(str(place), f"{said}; left out", left_out=True)
            return
        self._count += 1
        if self._count > MOST_ANSWERS:
            raise TooLarge(f"there are over {MOST_ANSWERS} answers")
        answer = _whole(answer[:LONGEST])
        strange = hidden(answer)
        if strange:
            self.remarks.add(str(place), f"the answer to {id} holds the invisible character {strange}")
        scripts = mixed(answer, maths=True)
        if scripts:
            self.remarks.add(str(place), f"the answer to {id} has letters of {scripts} in one word")
        before = into.get(id)
        if before is not None:
            first, second = visible(before[0], 40), visible(answer, 40)
            told = "the same there" if before[0] == answer else f"'{first}' there, '{second}' here, which counts"
            self.remarks.add(str(place), f"{id} was answered at {before[1]} already: {told}")
        into[id] = (answer, place)

    def _remark_on_name(self, name: str, place: Place) -> None:
        shown = visible(name, 60)
        if hidden(name):
            self.remarks.add(str(place), f"the student's name '{shown}' holds the invisible character {hidden(name)}")
        elif mixed(name):
            self.remarks.add(str(place), f"the student's name '{shown}' has letters of {mixed(name)} in one word")
        other = self._alike.setdefault(alike(name), name)
        if other != name:
            self.remarks.add(str(place), f"'{shown}' and '{visible(other, 60)}' look alike, and are kept apart")


def _whole(text: str) -> str:
    """Without halves of characters, which JSON can hold and no file can."""
    return text if text.isascii() else _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)

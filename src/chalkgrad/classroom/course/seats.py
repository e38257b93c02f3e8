"""Who sat at which variant: what a person wrote about it, the roster, and the seed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

from chalkgrad.classroom.course.collect import Collected, Handed, Place
from chalkgrad.classroom.course.remarks import Remarks
from chalkgrad.classroom.course.visible import visible
from chalkgrad.classroom.sheets.blank import PUBLISHED
from chalkgrad.errors import nearest

MOST_VARIANTS = 2000
_MOST_SUGGESTED = 100
_NUMBER = re.compile(r"([0-9]{1,6})(?:\.0*)?")  # 3, 03, and the 3.0 that spreadsheets make of it
_CODE = re.compile(r"(?P<name>.+)-(?P<seed>[0-9]{1,18})-(?P<number>[0-9]{1,6})", re.DOTALL)


@final
@dataclass(frozen=True, slots=True)
class Seat:
    """One person's answers at one variant: `number` of `seed`; 0 is the published one, of any seed."""

    student: str
    seed: int
    number: int
    answers: Mapping[str, str]

    def code(self, sheet: str) -> str:
        """What stands on every page of it; as `Keyed.code`."""
        return f"{sheet}-{self.seed}-{self.number:02}"


def seats(collected: Collected, sheet: str, *, seed: int | None = None, roster: Sequence[str] = ()) -> tuple[Seat, ...]:
    """Everybody's seat, in the roster's order, else as they came. What cannot be placed is remarked upon and left out.

    `sheet` is the sheet's name; `seed` that of the variants where people wrote their number only.
    """
    places = {unicodedata.normalize("NFC", name): i for i, name in enumerate(roster, 1)}
    found: list[Seat] = []
    strangers = 0
    for handed in collected.people.values():
        if roster and handed.student not in places:
            strangers += 1
            near = nearest(handed.student, places) if strangers <= _MOST_SUGGESTED else ""
            said = f"'{visible(handed.student, 60)}' is not on the roster{near}; left out"
            collected.remarks.add(str(handed.place), said, left_out=True)
            continue
        found += _of(handed, sheet, seed, places.get(handed.student), collected.remarks)
    found.sort(key=lambda s: places.get(s.student, 0))
    return tuple(found)


def _of(handed: Handed, sheet: str, seed: int | None, place: int | None, remarks: Remarks) -> list[Seat]:
    """A person's seats: one, unless they named several variants."""
    shown = visible(handed.student, 60)
    own = (seed, place) if seed is not None and place is not None else None
    told = {_variant(text, sheet, seed) for text in handed.sheets if text}
    single = next((t for t in told if not isinstance(t, str)), None) if len(told) == 1 else None
    merged: dict[tuple[int, int], dict[str, tuple[str, Place]]] = {}
    for text, answers in handed.sheets.items():
        placed = _variant(text, sheet, seed) if text else single or own or (0, PUBLISHED)
        if isinstance(placed, str):
            remarks.add(str(_at(answers, handed.place)), f"{placed}; '{shown}' is left out there", left_out=True)
            continue
        if not text and single is not None:
            said = f"some rows of '{shown}' name no variant: they are taken for that of the others"
            remarks.add(str(_at(answers, handed.place)), said)
        if place is not None and placed[1] != place and (own or placed[1]):
            said = f"'{shown}' answered variant {placed[1]} of seed {placed[0]}; the roster's seat is {place}"
            remarks.add(str(_at(answers, handed.place)), said)
        into = merged.setdefault(placed, {})
        for id, (answer, where) in answers.items():
            if id in into:
                remarks.add(str(where), f"{id} was answered at {into[id][1]} already: what is read last counts")
            into[id] = (answer, where)
    if len(merged) > 1:
        codes = ", ".join([f"{sheet}-{s}-{n:02}" for s, n in merged])
        remarks.add(str(handed.place), f"'{shown}' handed in several variants, each marked by itself: {codes}")
    return [Seat(handed.student, s, n, {i: a for i, (a, _) in theirs.items()}) for (s, n), theirs in merged.items()]


def _variant(text: str, sheet: str, seed: int | None) -> tuple[int, int] | str:
    """Seed and number; or why there is none."""
    shown = visible(text, 60)
    alone = _NUMBER.fullmatch(text)
    if alone:
        number = int(alone[1])
        if number != PUBLISHED and seed is None:
            return f"variant {number} of which seed? Give --seed, or the sheet's code, as in {sheet}-7-{number:02}"
        found = (seed if number and seed is not None else 0, number)
    else:
        code = _CODE.fullmatch(text)
        if not code:
            return f"'{shown}' is no variant: it is a number, or the sheet's code, as in {sheet}-7-03"
        if code["name"].casefold() != sheet.casefold():
            return f"'{shown}' is a variant of the sheet '{visible(code['name'], 60)}', and not of '{sheet}'"
        found = (int(code["seed"]), int(code["number"]))
        if found[1] == PUBLISHED:
            found = (0, PUBLISHED)
        elif seed is not None and found[0] != seed:
            return f"'{shown}' is of seed {found[0]}, and --seed is {seed}; leave --seed out where there are several"
    if found[1] > MOST_VARIANTS:
        return f"there is no variant {found[1]}: they go up to {MOST_VARIANTS}"
    return found


def _at(answers: Mapping[str, tuple[str, Place]], other: Place) -> Place:
    return next((where for _, where in answers.values()), other)

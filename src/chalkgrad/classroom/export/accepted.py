"""The numbers that a system without a marker of its own should accept at a blank, and the wrong ones that it can name.

Other systems compare with a number and a tolerance. What marking decides is brought to that form here, once: the exact
number rounded, the one that rounding at every step gives, and never a number that a known mistake gives.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, final

import numpy as np

from chalkgrad.classroom.sheets.blank import Blank, NumberKey, Question
from chalkgrad.classroom.sheets.rounding import may_stand
from chalkgrad.classroom.slips.find import slips

# A float's noise ends here: 0.1 + 0.2 is 0.3.
SIGNIFICANT = 12

ON_THE_WAY = "This is what rounding on the way gives."


@final
@dataclass(frozen=True, slots=True)
class Reading:
    """A number as it is typed, how far off an answer may be, and what to say to it."""

    number: Decimal
    tolerance: Decimal
    why: str = ""

    def __contains__(self, answer: Decimal) -> bool:
        return abs(answer - self.number) <= self.tolerance


@final
@dataclass(frozen=True, slots=True)
class Accepted:
    """What stands at one place: `right[0]` is the answer that is shown; `wrong` are those of known mistakes.

    `places` are the decimals to which an answer is compared.
    """

    right: tuple[Reading, ...]
    wrong: tuple[Reading, ...]
    places: int

    def judged(self, answer: Decimal) -> Reading | None:
        """The first reading that the answer fits, as every system takes them in their order; None where none does."""
        return next((r for r in (*self.right, *self.wrong) if answer in r), None)

    def credited(self, answer: Decimal) -> bool:
        """Whether it is right."""
        return any(answer in r for r in self.right)


def decimal(value: float) -> Decimal:
    """The number that a person means by a float."""
    if not np.isfinite(value):
        raise ValueError(f"{value} is no number that an answer could be compared with")
    found = Decimal(f"{float(value):.{SIGNIFICANT}g}")
    return found if found else Decimal(0)  # -0 is 0


def written(number: Decimal) -> str:
    """The number with no exponent, as every importer reads it."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def shown(number: Decimal, places: int) -> str:
    """The number as an answer: whole numbers whole, others to the decimals asked for."""
    return written(number) if number == number.to_integral_value() else f"{number:.{places}f}"


def places_of(value: float, digits: int) -> int:
    """The decimals to compare to: what is not 0 keeps two digits that are not."""
    number = decimal(value)
    if not number or rounded(number, digits):
        return digits
    return 1 - number.adjusted()


def rounded(number: Decimal, places: int) -> Decimal:
    """The number to so many decimals, as the key prints it."""
    return number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN)


def accepted(exact: float, stepwise: float, digits: int, mistakes: Iterable[tuple[float, str]] = ()) -> Accepted:
    """What to accept for a number asked to `digits` decimals, and the wrong numbers by name.

    That is what rounds to the exact number rounded, and the number itself only where it needs no rounding; and what
    rounding at every step, or at some, leads to. Never 0 where the number is not, and never the number of a mistake.
    """
    places = places_of(exact, digits)
    unit = Decimal(1).scaleb(-places)
    half = unit / 2
    key, steps = decimal(exact), decimal(stepwise)
    centre = rounded(key, places)
    faults = _faults(mistakes, centre, places)
    right = [Reading(centre, Decimal(0) if centre == key else half)]
    if abs(key - centre) == half:  # a half is rounded either way
        right.extend(_others([centre + unit * (1 if key > centre else -1)], half, faults, ""))
    target = rounded(steps, places)
    if may_stand(float(target), float(key), places):
        apart = int((target - centre) / unit)
        between = [centre + unit.copy_sign(Decimal(apart)) * n for n in range(1, abs(apart) + 1)]
        right.extend(_others([n for n in between if n != right[-1].number], half, faults, ON_THE_WAY))
    wrong = [Reading(f, Decimal(0) if centre == key else half, why) for f, why in faults.items()]
    return Accepted(tuple(right), tuple(wrong), places)


def _others(numbers: Iterable[Decimal], reach: Decimal, faults: Mapping[Decimal, str], why: str) -> list[Reading]:
    """Other roundings that are right too, but for those that a mistake gives, and 0."""
    return [Reading(n, reach, why) for n in numbers if n and n not in faults]


def _faults(mistakes: Iterable[tuple[float, str]], centre: Decimal, places: int) -> dict[Decimal, str]:
    """The wrong numbers, rounded; two mistakes that give the same number are both named."""
    found: dict[Decimal, str] = {}
    for value, why in mistakes:
        if not np.isfinite(value):
            continue
        number = rounded(decimal(value), places)
        if number == centre:
            continue
        before = found.get(number)
        found[number] = why if before is None or before == why else f"{before} Or: {why}"
    return found


@final
@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One number to fill in: a blank, or one entry of an array, of which `index` says which."""

    id: str
    blank: Blank
    index: tuple[int, ...]
    accepted: Accepted


def entries(blank: Blank, question: Question) -> tuple[Entry, ...]:
    """The numbers of a number blank: one, or one for each entry of an array."""
    key = blank.key
    if not isinstance(key, NumberKey):
        return ()
    known = slips(blank, question)
    exact, stepwise = np.asarray(key.exact, float), np.asarray(key.stepwise, float)
    found: list[Entry] = []
    for index in np.ndindex(exact.shape):
        wrong = [(_at(s.value, exact.shape, index), s.why) for s in known]
        judged = accepted(
            float(exact[index]), float(stepwise[index]), key.digits, [(v, why) for v, why in wrong if v is not None]
        )
        found.append(Entry(blank.id + "".join(f"[{i}]" for i in index), blank, index, judged))
    return tuple(found)


def _at(value: Any, shape: tuple[int, ...], index: tuple[int, ...]) -> float | None:
    """The entry of a wrong array; None where a mistake gives another shape, which no entry can tell."""
    array = np.asarray(value, float)
    return float(array[index]) if array.shape == shape else None

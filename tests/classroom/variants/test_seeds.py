"""The five seed sheets, thirty seats each, looked at again by arithmetic of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chalkgrad.classroom.sheets.blank import Keyed, Question
from chalkgrad.classroom.sheets.key import keyed, unwitnessed
from chalkgrad.classroom.sheets.reading import read_sheet
from chalkgrad.classroom.variants.find import variants
from chalkgrad.errors import VariantError
from tests.classroom.simulated import Place, Student, workable

SHEETS = Path(__file__).parents[3] / "examples" / "sheets"
VARIED = ("backprop", "filters", "practice", "section")
SEATS = 30
ROUNDED = {"exp", "log", "sigmoid", "tanh", "divide", "reciprocal"}


@lru_cache(maxsize=8)
def published(name: str) -> Keyed:
    return unwitnessed(read_sheet((SHEETS / f"{name}.toml").read_text(encoding="utf-8")))


@lru_cache(maxsize=8)
def seats(name: str) -> tuple[Keyed, ...]:
    """The sheet at each of its variants."""
    sheet = published(name).sheet
    return tuple(unwitnessed(sheet, v) for v in variants(sheet, SEATS, 7))


def varied(name: str) -> Iterator[tuple[Question, list[Question]]]:
    """The questions that vary and that the test can work, each with those of every seat."""
    for k, own in enumerate(published(name).questions):
        if workable(own) and own.problem.number in seats(name)[0].variant.values:
            yield own, [seat.questions[k] for seat in seats(name)]


@pytest.mark.parametrize("name", VARIED)
def test_every_seat_has_a_key_that_its_witnesses_agree_on(name: str) -> None:
    for seat in seats(name)[:4]:
        assert len(keyed(seat.sheet, seat.variant).blanks) == len(published(name).blanks)


def test_a_sheet_without_numbers_is_refused() -> None:
    with pytest.raises(VariantError, match="every seat would have the same sheet"):
        variants(published("nets").sheet, SEATS, 7)


@pytest.mark.parametrize("name", VARIED)
def test_no_two_seats_are_alike(name: str) -> None:
    values = [str({k: dict(v) for k, v in seat.variant.values.items()}) for seat in seats(name)]
    assert len(set(values)) == SEATS


@pytest.mark.parametrize("name", VARIED)
def test_numbers_are_nice_and_signs_are_the_same(name: str) -> None:
    met = 0
    for own, others in varied(name):
        base = Student(own, "exact", {})
        for question in others:
            found = Student(question, "exact", {})
            for place, right in ((p, r) for p, r in base.right.items() if p[0] != "next"):
                other = found.right[_same(place, base, found)]
                assert np.array_equal(np.sign(_short(right)), np.sign(_short(other))), (own.number, place[0])
            for step, z in _gates(found):
                if step in ("sigmoid", "tanh"):
                    assert 0.3 - 1e-9 <= abs(z) <= 3 + 1e-9
                met += 1
            unit = 10 ** max(_decimals(v) for v in own.part.values.values())
            for value in _before_rounding(found):
                assert np.allclose(value * unit, np.round(value * unit), atol=1e-9)
    assert met


@pytest.mark.parametrize("name", VARIED)
def test_every_mistake_gives_a_number_of_its_own(name: str, request: pytest.FixtureRequest) -> None:
    every = 3 if request.config.getoption("--whole-class") else 10
    looked = 0
    for own, others in varied(name):
        tables = [dict(_mistaken(q)) for q in others[::every]]  # each seat is worked with every single mistake
        for blank in tables[0]:
            ways = list(tables[0][blank])
            unit = 10.0**-own.part.digits
            for one, two in combinations(ways, 2):
                if one[1] == two[1]:
                    continue
                apart = [_apart(t[blank][one], t[blank][two]) for t in tables]
                assert min(apart) > 2 * unit or max(apart) < 1e-9, (own.number, blank, one, two)
                looked += 1
    assert looked


def _mistaken(question: Question) -> Iterator[tuple[str, dict[tuple[str, str], Any]]]:
    """By blank, what the right working and every single mistake gives there, by the mistake's place and name."""
    clean = Student(question, "exact", {})
    found: dict[str, dict[tuple[str, str], Any]] = {}
    for k, (place, options) in enumerate(clean.options.items()):
        blank = clean.shows(place)
        if not blank:
            continue
        at = next(p for p, b in clean.asked.items() if b.id == blank)
        table = found.setdefault(blank, {("", ""): clean.number(at)})
        for kind in options:
            table[f"{place[0]} {k}", kind] = Student(question, "exact", {place: kind}).number(at)
    yield from found.items()


def _same(place: Place, base: Student, other: Student) -> Place:
    """The place of another variant that stands where this one does."""
    return list(other.right)[list(base.right).index(place)]


def _gates(student: Student) -> Iterator[tuple[str, float]]:
    """Every gate that saturates, with what goes into it; of 1/(1 + e^-z) the z."""
    made = student.work.program.producer()
    for step in student.work.program.steps:
        name, read = step.op.name, step.inputs[0]
        if name in ("sigmoid", "tanh"):
            yield name, float(student.value[read])
        elif name == "exp" and read in made and made[read].op.name == "negative":  # type: ignore[index]  # a Var
            yield "sigmoid", float(student.value[made[read].inputs[0]])  # type: ignore[index]
        else:
            yield name, 0.0


def _before_rounding(student: Student) -> Iterator[Any]:
    rounded: set[Any] = set()
    for step in student.work.program.steps:
        if step.op.name in ROUNDED or any(a in rounded for a in step.inputs):
            rounded.add(step.output)
    for var, value in student.value.items():
        if var not in rounded:
            yield np.asarray(value)


def _decimals(value: Any) -> int:
    """How many decimals the sheet writes."""
    return max(len(f"{float(x):.6f}".rstrip("0").split(".")[1]) for x in np.ravel(value))


def _short(value: Any) -> Any:
    return np.round(np.asarray(value, float), 12)


def _apart(a: Any, b: Any) -> float:
    if np.shape(a) != np.shape(b) or not (np.all(np.isfinite(a)) and np.all(np.isfinite(b))):
        return np.inf
    return float(np.max(np.abs(np.subtract(a, b))))

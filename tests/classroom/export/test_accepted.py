"""What a system without a marker of its own accepts: the exact number rounded, never 0, never a mistake's number."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalkgrad.classroom.export.accepted import accepted, decimal, rounded, shown, written
from chalkgrad.classroom.marking.mark import mark
from chalkgrad.classroom.sheets.rounding import UNITS
from tests.classroom.export.shared import SHEETS, all_entries, seats, sheet

numbers = st.floats(-1000, 1000).filter(lambda x: x == 0 or abs(x) > 1e-7)


@given(numbers, numbers, st.integers(0, 4), st.lists(numbers, max_size=6))
def test_no_mistake_and_no_zero_is_accepted(exact: float, stepwise: float, digits: int, slips: list[float]) -> None:
    found = accepted(exact, stepwise, digits, [(s, "named") for s in slips])
    centre = found.right[0].number
    unit = Decimal(1).scaleb(-found.places)
    assert found.credited(centre)
    assert abs(centre - decimal(exact)) <= unit / 2
    for slip in slips:
        number = rounded(decimal(slip), found.places)
        if number != centre:
            assert not found.credited(number), "a known mistake's number would be right"
            judged = found.judged(number)
            assert judged is not None
            assert judged.why == "named"
    if centre:
        assert not found.credited(Decimal(0))
        assert not found.credited(-centre)
    for reading in found.right:
        assert abs(reading.number - centre) + reading.tolerance <= (UNITS + Decimal("0.5")) * unit


@given(numbers, st.integers(0, 4))
def test_the_exact_number_is_accepted_at_any_precision(exact: float, digits: int) -> None:
    found = accepted(exact, exact, digits)
    for places in range(found.places, found.places + 5):
        near = rounded(decimal(exact), places)
        assert found.credited(near)


@pytest.mark.parametrize(
    ("exact", "stepwise", "digits", "right", "wrong"),
    [
        (-0.5898, -0.6, 2, ["-0.59", "-0.60", "-0.5898"], ["-0.61", "-0.58", "0.59"]),
        (0.3932, 0.40, 2, ["0.39", "0.40", "0.3932"], ["0.41", "0.38"]),
        (-12.0, -12.0, 2, ["-12", "-12.00"], ["-12.01", "-11.99", "12"]),
        (0.1 + 0.2, 0.3, 2, ["0.3", "0.30"], ["0.31"]),
        (0.0, 0.0, 2, ["0", "0.00", "-0"], ["0.01"]),
        (4.56e-5, 0.0, 2, ["0.000046", "0.0000456"], ["0", "0.00005", "0.01"]),
        (0.125, 0.125, 2, ["0.12", "0.13", "0.125"], ["0.10", "0.14"]),
        (0.3851, 0.41, 2, ["0.39", "0.3851"], ["0.40", "0.41"]),  # from 0.3851 to 0.41 are more than two units
        (0.01, 0.03, 2, ["0.01", "0.02", "0.03"], ["0", "0.04", "-0.01"]),
    ],
)
def test_numbers_by_hand(exact: float, stepwise: float, digits: int, right: list[str], wrong: list[str]) -> None:
    found = accepted(exact, stepwise, digits)
    for text in right:
        assert found.credited(Decimal(text)), text
    for text in wrong:
        assert not found.credited(Decimal(text)), text


def test_a_rounding_that_a_mistake_gives_too_is_not_accepted() -> None:
    found = accepted(0.3932, 0.40, 2, [(0.4001, "swap")])
    assert found.credited(Decimal("0.39"))
    assert not found.credited(Decimal("0.40")), "0.40 is also what the mistake gives"
    judged = found.judged(Decimal("0.40"))
    assert judged is not None
    assert judged.why == "swap"


def test_two_mistakes_of_one_number_are_both_named() -> None:
    found = accepted(1.0, 1.0, 2, [(2.0, "first"), (2.0, "second"), (float("nan"), "none")])
    assert [r.why for r in found.wrong] == ["first Or: second"]


def test_text_of_a_number() -> None:
    assert written(Decimal("-0.50")) == "-0.5"
    assert written(Decimal("1E+3")) == "1000"
    assert written(decimal(1e-7)) == "0.0000001"
    assert shown(Decimal("0.40"), 2) == "0.40"
    assert shown(Decimal("-12.00"), 2) == "-12"
    assert written(decimal(-0.0)) == "0"


@pytest.mark.parametrize("name", SHEETS)
def test_marking_agrees(name: str) -> None:
    """The number that is shown is right for Chalkgrad's own marking, and no mistake's number is."""
    keyed = sheet(name)
    for question in keyed.questions:
        entries = [e for e in all_entries(question) if not e.index]
        shown_there = {e.id: shown(e.accepted.right[0].number, e.accepted.places) for e in entries}
        marks = {m.blank: m for m in mark(keyed, shown_there).marks}
        for entry in entries:
            assert marks[entry.id].verdict == "right", (entry.id, shown_there[entry.id], marks[entry.id])


def test_marking_refuses_the_mistakes() -> None:
    keyed = seats()[0]
    entries = all_entries(keyed.questions[0])
    right = {e.id: written(e.accepted.right[0].number) for e in entries}
    for entry in entries:
        for reading in entry.accepted.wrong:
            answers = right | {entry.id: shown(reading.number, entry.accepted.places)}
            (found,) = [m for m in mark(keyed, answers).marks if m.blank == entry.id]
            assert found.verdict != "right", (entry.id, reading)

"""Who sat at which variant."""

from __future__ import annotations

from pathlib import Path

import pytest

from chalkgrad.classroom.course.answers import read_answers
from chalkgrad.classroom.course.blanks import BlankNames
from chalkgrad.classroom.course.seats import Seat, seats

NAMES = BlankNames(["q.value", "x.gradient"])


def placed(
    tmp_path: Path, rows: str, seed: int | None = None, roster: tuple[str, ...] = ()
) -> tuple[list[tuple[str, str, dict[str, str]]], list[str]]:
    file = tmp_path / "answers.csv"
    file.write_text("student,variant,blank,answer\n" + rows, encoding="utf-8")
    collected = read_answers(str(file), NAMES)
    found = seats(collected, "bp", seed=seed, roster=roster)
    return [(s.student, s.code("bp"), dict(s.answers)) for s in found], [str(r) for r in collected.remarks.kept]


@pytest.mark.parametrize(
    ("variant", "seed", "code"),
    [
        ("", None, "bp-0-00"),
        ("", 7, "bp-0-00"),
        ("0", None, "bp-0-00"),
        ("bp-0-00", 7, "bp-0-00"),
        ("3", 7, "bp-7-03"),
        ("03", 7, "bp-7-03"),
        ("3.0", 7, "bp-7-03"),
        ("bp-7-03", None, "bp-7-03"),
        ("BP-7-03", 7, "bp-7-03"),
        ("bp-7-130", None, "bp-7-130"),
    ],
)
def test_how_a_variant_is_named(tmp_path: Path, variant: str, seed: int | None, code: str) -> None:
    assert placed(tmp_path, f"Ann,{variant},q.value,3\n", seed) == ([("Ann", code, {"q.value": "3"})], [])


@pytest.mark.parametrize(
    ("variant", "seed", "said"),
    [
        ("3", None, "variant 3 of which seed? Give --seed, or the sheet's code, as in bp-7-03"),
        ("bp-8-03", 7, "is of seed 8, and --seed is 7"),
        ("section3-7-03", None, "of the sheet 'section3', and not of 'bp'"),
        ("three", 7, "'three' is no variant"),
        ("-3", 7, "'-3' is no variant"),
        ("٣", 7, "is no variant"),
        ("999999", 7, "there is no variant 999999"),
        ("1" * 50, 7, "is no variant"),
    ],
)
def test_what_names_no_variant_is_left_out(tmp_path: Path, variant: str, seed: int | None, said: str) -> None:
    found, remarks = placed(tmp_path, f"Ann,{variant},q.value,3\nBob,,q.value,3\n", seed)
    assert [s[0] for s in found] == ["Bob"]
    assert len(remarks) == 1
    assert said in remarks[0]
    assert remarks[0].startswith("line 2:")
    assert remarks[0].endswith("'Ann' is left out there")


def test_a_roster_gives_the_order_and_the_seats(tmp_path: Path) -> None:
    rows = "Cem,,q.value,1\nAnn,,q.value,2\nBob,5,q.value,3\nAnna,,q.value,4\n"
    found, remarks = placed(tmp_path, rows, 7, ("Ann", "Bob", "Cem", "Eve"))
    assert [s[:2] for s in found] == [("Ann", "bp-7-01"), ("Bob", "bp-7-05"), ("Cem", "bp-7-03")]
    assert remarks == [
        "line 4: 'Bob' answered variant 5 of seed 7; the roster's seat is 2",
        "line 5: 'Anna' is not on the roster; did you mean 'Ann'?; left out",
    ]


def test_the_variant_may_stand_in_one_row_only(tmp_path: Path) -> None:
    found, remarks = placed(tmp_path, "Ann,3,q.value,1\nAnn,,x.gradient,2\nAnn,bp-7-03,x.gradient,4\n", 7)
    assert found == [("Ann", "bp-7-03", {"q.value": "1", "x.gradient": "4"})]
    assert "some rows of 'Ann' name no variant" in remarks[0]
    assert "x.gradient was answered at line 3 already" in remarks[1]


def test_several_variants_are_marked_apart(tmp_path: Path) -> None:
    found, remarks = placed(tmp_path, "Ann,3,q.value,1\nAnn,4,q.value,2\n", 7)
    assert found == [("Ann", "bp-7-03", {"q.value": "1"}), ("Ann", "bp-7-04", {"q.value": "2"})]
    assert remarks == ["line 2: 'Ann' handed in several variants, each marked by itself: bp-7-03, bp-7-04"]


def test_a_seat_has_the_code_of_its_pages() -> None:
    assert Seat("Ann", 7, 3, {}).code("bp") == "bp-7-03"


def test_a_code_is_compared_with_the_roster_without_a_seed(tmp_path: Path) -> None:
    found, remarks = placed(tmp_path, "Ann,bp-7-02,q.value,1\nBob,bp-7-02,q.value,1\n", None, ("Ann", "Bob"))
    assert [s[:2] for s in found] == [("Ann", "bp-7-02"), ("Bob", "bp-7-02")]
    assert remarks == ["line 2: 'Ann' answered variant 2 of seed 7; the roster's seat is 1"]

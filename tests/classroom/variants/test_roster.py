"""Class lists as course systems give them: the order of the file is the order of the seats."""

from __future__ import annotations

import pytest

from chalkgrad.classroom.variants.roster import read_roster
from chalkgrad.errors import VariantError


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("student\nAda\nBen\n", ("Ada", "Ben")),
        ("\ufeffname,section\nAda,1\nBen,2\n", ("Ada", "Ben")),
        ("id;e-mail\n7;a@x\n8;b@x\n", ("7", "8")),
        ("section\tStudent\r\n1\tAda\r\n2\tBen\r\n", ("Ada", "Ben")),
        ('name,section\n"Lovelace, Ada",1\n"Ben ""B"" Bo",2\n', ("Lovelace, Ada", 'Ben "B" Bo')),
        ("name,id\nAda,1\nBen,2\n", ("Ada", "Ben")),
        ("Ada\n\n  Ben \n", ("Ada", "Ben")),
        ("name;note\nAda;one, two\nBen;three, four, five\n", ("Ada", "Ben")),
    ],
)
def test_reads_what_course_systems_write(text: str, wanted: tuple[str, ...]) -> None:
    assert read_roster(text) == wanted


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("student\n", "no students"),
        ("student,section\nAda,1\n,2\n", "line 3 of the roster names no student"),
        ("student\nAda\nBen\nAda\n", "Ada stands twice in the roster, in lines 2 and 4"),
        ("studnet,section\nAda,1\n", "did you mean 'student'"),
        ("section,mark\n1,2\n", "its columns are section, mark"),
        ("Student names\nAda\n", "its columns are Student names"),
        ("student\nA\x07da\n", "line 2 of the roster"),
        ("student\n" + "x" * 201, "line 2 of the roster"),
        ('student,section\n"Ada,1\n', "cannot be read at line"),
        ("x" * ((1 << 20) + 1), "are allowed"),
    ],
)
def test_refuses_with_the_line(text: str, said: str) -> None:
    with pytest.raises(VariantError, match=said):
        read_roster(text)


def test_a_student_at_the_end_moves_nobody() -> None:
    short = read_roster("student\nAda\nBen\n")
    assert read_roster("student\nAda\nBen\nCyd\n")[:2] == short

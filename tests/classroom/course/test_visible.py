"""People's words, shown so that they do nothing."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalkgrad.classroom.course.visible import cell, file_name, hidden, mixed, visible
from chalkgrad.render.numbers import trimmed


@pytest.mark.parametrize(
    "text", ["-0.59", "+3", "-4", "3", "-1e-3", "-.5", "−0.59", "[7, -6, 3]", "(7, -6)", "x - 1", "2=3", "", "1/4"]
)
def test_numbers_and_harmless_cells_stay(text: str) -> None:
    assert cell(text) == text


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("=1+1", "'=1+1"),
        ('=HYPERLINK("http://x")', '\'=HYPERLINK("http://x")'),
        ("+1+cmd|' /C calc'!A0", "'+1+cmd|' /C calc'!A0"),
        ("-x", "'-x"),
        ("-1/4", "'-1/4"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("  =1", "  '=1"),
        ("\t=1", "<U+0009>=1"),
        ("\r=1", "<U+000D>=1"),
        ("＝1", "'＝1"),
        ("a;=1+1", "a;'=1+1"),
        ('a; "=1+1', "a; \"'=1+1"),
        ("\u202e=1", "<U+202E>=1"),
    ],
)
def test_what_begins_a_formula_is_neutralised(text: str, safe: str) -> None:
    assert cell(text) == safe


@given(st.text(max_size=30), st.sampled_from([",", ";", "\t"]))
def test_no_spreadsheet_finds_a_formula(text: str, delimiter: str) -> None:
    out = io.StringIO()
    csv.writer(out).writerow(["Ann", cell(text), "end"])
    for row in csv.reader(io.StringIO(out.getvalue()), delimiter=delimiter):
        for found in row if delimiter == "," else row[1:]:
            plain = found.lstrip(" \"'") if not found.lstrip().startswith("'") else ""
            assert not plain.startswith(("=", "+", "-", "@")) or plain[1:2].isdigit() or plain[1:2] == ".", found


def test_what_cannot_be_seen_is_written_out() -> None:
    assert visible("a\u202eb\u200b\x00\ud800") == "a<U+202E>b<U+200B><U+0000><U+D800>"
    assert visible("dq = 1\ndx = 2") == "dq = 1\\ndx = 2"
    assert visible("x" * 300, 10) == "x" * 10 + "… (300 characters)"
    assert hidden("a\u2066b") == "U+2066"
    assert hidden("two\nlines\tand ∂f/∂x") == ""
    assert mixed("Аnn Lee") == "Latin and Cyrillic"
    assert mixed("Анна Ann ∂x σx α") == "Latin and Greek"
    assert mixed("Анна Ann") == ""
    assert mixed("Δx + σx", maths=True) == ""
    assert mixed("хy", maths=True) == "Latin and Cyrillic"
    assert mixed("lοg x", maths=True) == "Latin and Greek"


@given(st.text(max_size=60))
def test_a_file_name_is_harmless(name: str) -> None:
    made = file_name(name, "bp-7-03")
    assert made.isascii()
    assert made.replace("-", "").isalnum()
    assert 0 < len(made) < 60
    assert made != file_name(name + "x", "bp-7-03")


def test_file_names_are_told_apart() -> None:
    names = ["Ann Lee", "ann lee", "../../etc/passwd", "..", "CON", "Zoë", "Zoe", "李", "", "a/b", "a\\b"]
    assert len({file_name(n, "bp-0-00") for n in names}) == len(names)
    assert file_name("Ann", "bp-7-01") != file_name("Ann", "bp-7-02")
    assert file_name("Ann Lee", "bp").startswith("ann-lee-")


def test_points() -> None:
    assert [trimmed(x) for x in (2.0, 0.5, 1 / 3, 0.0, 10.0)] == ["2", "0.5", "0.3333", "0", "10"]

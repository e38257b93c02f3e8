"""The notebook: valid, whole, run as a student runs it; what it checks is right, and the key does not stand in it."""

from __future__ import annotations

import ast
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import nbclient
import nbformat
import pytest

from chalkgrad.classroom.course.answers import read_answers
from chalkgrad.classroom.course.blanks import BlankNames
from chalkgrad.classroom.export import notebook_checks
from chalkgrad.classroom.export.accepted import shown
from chalkgrad.classroom.export.notebook import notebook
from chalkgrad.classroom.export.notebook_checks import read_number
from chalkgrad.classroom.sheets.blank import Keyed, NumberKey
from tests.classroom.export.shared import SHEETS, all_entries, hostile, of, seats, sheet


def made(keyed: Keyed) -> Any:
    (data,) = notebook([keyed]).values()
    return nbformat.reads(data.decode(), 4)


@cache
def tables(keyed: Keyed) -> list[dict[str, Any]]:
    """The tables of its checks, taken out of the cells."""
    found = [re.match(r"q\w+ = json\.loads\((.*)\)\ncheck", c.source, re.DOTALL) for c in made(keyed).cells]
    return [json.loads(ast.literal_eval(f[1])) for f in found if f]


@pytest.mark.parametrize("name", [*SHEETS, "hostile"])
def test_it_is_a_notebook(name: str) -> None:
    whole = made(hostile() if name == "hostile" else sheet(name))
    nbformat.validate(whole)
    assert (whole.nbformat, whole.nbformat_minor) == (4, 5)
    ids = [c.id for c in whole.cells]
    assert len(set(ids)) == len(ids)
    for cell in whole.cells:
        if cell.cell_type == "code":
            compile(cell.source, "cell", "exec")
            assert not cell.outputs
        for name_of in re.findall(r"\(attachment:([^)]+)\)", cell.source):
            assert name_of in cell.attachments


def said(keyed: Keyed, answers: dict[str, str], capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """What the checks print, without a kernel."""
    capsys.readouterr()
    for table in tables(keyed):
        notebook_checks.check(table, answers)
    return dict(line.split(": ", 1) for line in capsys.readouterr().out.splitlines())


@pytest.mark.parametrize("name", SHEETS)
def test_the_key_is_right(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    keyed = sheet(name)
    answers: dict[str, str] = {}
    for question in keyed.questions:
        for entry in all_entries(question):
            text = shown(entry.accepted.right[0].number, entry.accepted.places)
            before = answers.get(entry.blank.id, "")
            answers[entry.blank.id] = f"{before}, {text}" if before else text
    found = said(keyed, answers, capsys)
    assert set(found) == {b.id for b in keyed.blanks}
    for blank in keyed.blanks:
        if isinstance(blank.key, NumberKey):
            assert found[blank.id].startswith("right"), (blank.id, found[blank.id])


def test_every_mistake_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    keyed = seats()[0]
    for entry in all_entries(keyed.questions[0]):
        for reading in entry.accepted.wrong:
            text = shown(reading.number, entry.accepted.places)
            found = said(keyed, {entry.id: text}, capsys)[entry.id]
            assert found == f"not right. {reading.why}"
    assert said(keyed, {"f.value": "77.7"}, capsys)["f.value"] == "not right"
    assert said(keyed, {"f.value": "about 1"}, capsys)["f.value"] == "this is not a number"


def test_shapes_are_checked(capsys: pytest.CaptureFixture[str]) -> None:
    keyed = sheet("section")
    found = said(keyed, {"3.1:W_1.shape": "D_a1 x D_x", "3.1:b_1.shape": "1 x 1"}, capsys)
    assert found["3.1:W_1.shape"] == "right"
    assert found["3.1:b_1.shape"] == "not right"


def test_the_key_does_not_stand_in_it() -> None:
    keyed = sheet("backprop")
    (data,) = notebook([keyed]).values()
    whole = json.loads(data)
    for cell in whole["cells"]:
        cell.pop("attachments", None)
    text = json.dumps(whole)
    for question in keyed.questions:
        for entry in all_entries(question):
            number = f"{abs(entry.accepted.right[0].number):.{entry.accepted.places}f}"
            if not number.endswith(("00", ".50")):
                assert number not in text, (entry.id, number)
            assert not any(r.why in text for r in entry.accepted.wrong)


def test_notes_cannot_be_told_apart_by_their_length() -> None:
    for table in tables(seats()[0]):
        for blank in table["blanks"]:
            for entry in blank["entries"]:
                assert len({len(note) for note in entry["notes"].values()}) == 1


@pytest.mark.parametrize(
    ("text", "places", "number"),
    [
        ("-0.59", 2, "-59"), ("−0.59", 2, "-59"), ("0.3932", 2, "39"), ("1/4", 2, "25"), ("-1/8", 2, "-13"),
        (" 3 ", 2, "300"), ("x = 3", 2, "300"), ("2e-3", 4, "20"), ("+.5", 1, "5"), ("-0", 2, "0"), ("0.005", 2, "1"),
        ("", 2, None), ("1,5", 2, None), ("nan", 2, None), ("1/0", 2, None), ("1e999999", 2, None),
        ("9" * 300, 2, None), ("1..2", 2, None), ("e", 2, None), ("--1", 2, None), ("0x10", 2, None),
        ("1_000", 2, None), ("٣", 2, None),
    ],
)  # fmt: skip
def test_numbers_are_read(text: str, places: int, number: str | None) -> None:
    assert read_number(text, places) == number


SMALL = """
name = "nb"
title = "A notebook"
[[problem]]
prose = "Let $f = qz$."
function = "q = x + y; f = q z"
values = { x = -2, y = 5, z = -4 }
blank = ["values", "q.gradient"]
[[problem.ask]]
kind = "text"
ask = "why"
rubric = ["one"]
"""


def test_it_runs_and_hands_in(tmp_path: Path) -> None:
    """In a kernel: a right answer, a known mistake, a wrong one; and the file is what `chalkgrad check` reads."""
    keyed = of(SMALL)
    whole = made(keyed)
    fills = {"q.value": "3", "f.value": "12", "q.gradient": "9", "text": "because <b>"}
    for cell in whole.cells:
        for id, answer in fills.items():
            cell.source = cell.source.replace(f'"{id}": ""', f"{json.dumps(id)}: {json.dumps(answer)}")
        cell.source = cell.source.replace('NAME = ""', 'NAME = "Ann"')
    nbclient.NotebookClient(whole, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    printed = "".join(o.get("text", "") for c in whole.cells if c.cell_type == "code" for o in c.outputs)
    assert "q.value: right\n" in printed
    assert "f.value: not right. the sign of f is lost\n" in printed
    assert "q.gradient: not right\n" in printed
    assert "text: kept; it is marked later\n" in printed
    (handed_in,) = tmp_path.glob("*.json")
    assert json.loads(handed_in.read_text(encoding="utf-8")) == {
        "student": "Ann",
        "variant": keyed.code,
        "answers": fills,
    }
    collected = read_answers(str(handed_in), BlankNames([b.id for b in keyed.blanks]))
    assert collected.remarks.count == 0
    (sheets,) = [p.sheets for p in collected.people.values() if p.student == "Ann"]
    assert {id: text for id, (text, _) in sheets[keyed.code].items()} == fills


def test_same_bytes() -> None:
    assert notebook(seats()) == notebook(seats())

"""The page on marking is true: its sheet, its answers, what is printed for them, and every row of its tables."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from chalkgrad.classroom.course.record import SAID
from chalkgrad.classroom.course.run import Settings, mark_class
from chalkgrad.classroom.marking.mark import mark
from chalkgrad.classroom.sheets.key import keyed
from chalkgrad.classroom.sheets.reading import read_sheet
from chalkgrad.classroom.slips import find
from chalkgrad.cli.main import run

PAGE = (Path(__file__).parents[3] / "docs" / "marking.md").read_text(encoding="utf-8")
NEURON = """
name = "neuron"
title = "A neuron"
[[problem]]
function = '''f(w_0, w_1, w_2, x_0, x_1) = \\frac{1}{1 + e^{-(w_0x_0 + w_1x_1 + w_2)}}'''
values = { w_0 = 2, w_1 = -3, w_2 = -3, x_0 = -1, x_1 = -2 }
blank = ["values", "gradients"]
"""


def block(kind: str) -> str:
    """The first fenced text of a kind."""
    return next(
        text for kinds, text in re.findall(r"^```(\w*)\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE) if kinds == kind
    )


def tables(heading: str) -> list[list[str]]:
    """The rows of the tables below a heading, without their heads."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [line.strip()[1:-1].split("|") for line in section.splitlines() if line.startswith("|")]
    return [[c.strip() for c in row] for row in rows[2:]]


def test_what_is_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("gates.toml").write_text(block("toml"), encoding="utf-8")
    Path("ann.csv").write_text(block("csv"), encoding="utf-8")
    command, _, printed = block("").partition("\n")
    told = CliRunner().invoke(run, command.removeprefix("$ chalkgrad ").split())
    assert told.exit_code == 1
    assert told.stdout == printed


def test_the_verdicts() -> None:
    sheet = keyed(read_sheet(block("toml")))
    rows = tables("Verdicts")
    assert [r[0].strip("*") for r in rows] == [
        SAID.get(v, v) for v in ("right", "consistent", "unfollowed", "wrong", "cannot tell", "empty")
    ]
    for verdict, _, answers, of in rows:
        given = dict(re.findall(r"`([^`]+)` ?([^,]*)", answers))
        found = next(m for m in mark(sheet, given).marks if m.blank == of.strip("`"))
        assert SAID.get(found.verdict, found.verdict) == verdict.strip("*"), answers
        assert found.credit == (1.0 if verdict.strip("*").startswith(("right", "consistent")) else 0.0)
    (near,) = [m.verdict for m in mark(sheet, {"q.value": "3.001"}).marks if m.blank == "q.value"]
    assert near == "wrong"
    hidden = mark(sheet, {"q.value": "0", "f.value": "0"})
    assert [m.verdict for m in hidden.marks if m.blank == "f.value"] == ["wrong"]


def test_the_numbers() -> None:
    sheet = keyed(read_sheet(NEURON))
    blank = next(b for b in sheet.blanks if b.id == "x_0.gradient")
    assert f"{blank.key.exact:.6f}" == "0.393224"  # type: ignore[union-attr]  # a number is asked for
    assert f"{blank.key.stepwise:.2f}" == "0.40"  # type: ignore[union-attr]  # as above
    rows = tables("Numbers")
    assert len(rows) == 8
    for written, judged, said in rows:
        (found,) = [m for m in mark(sheet, {"x_0.gradient": written}).marks if m.blank == "x_0.gradient"]
        assert found.verdict == judged, written
        if "a note says so" in said:
            assert found.notes, written


NAMED = [
    ("sign", "q = x + y; f(x, y, z) = q z", "q.gradient", "4"),
    ("swap", "q = x + y; f(x, y, z) = q z", "z.gradient", "-4"),
    ("overwrite", "g = x + y; h = g z; f(x, y, z) = h + x", "x.gradient", "-4"),
    ("order", "f(x, y) = x - y", "f.value", "7"),
]


@pytest.mark.parametrize(("mistake", "function", "blank", "answer"), NAMED)
def test_mistakes_that_have_names(mistake: str, function: str, blank: str, answer: str) -> None:
    names = {"x": -2, "y": 5, "z": -4}
    values = ", ".join([f"{n} = {v}" for n, v in names.items() if n in function.partition("f(")[2].partition(")")[0]])
    asked = f'function = "{function}"\nvalues = {{ {values} }}\nblank = ["f.value", "*.gradient"]\n'
    text = f'name = "n"\ntitle = "N"\n[[problem]]\n{asked}'
    (found,) = [m for m in mark(keyed(read_sheet(text)), {blank: answer}).marks if m.blank == blank]
    listed = {name for row in tables("Mistakes that have names") for name in re.findall(r"`([^`]+)`", row[0])}
    assert found.mistake == mistake
    assert mistake in listed


def test_every_kind_of_mistake_is_on_the_page() -> None:
    sources = [file.read_text(encoding="utf-8") for file in Path(find.__file__).parent.glob("*.py")]
    kinds = {kind for text in sources for kind in re.findall(r'\bSlip\(\s*"([^"]+)"', text)}
    listed = [name for row in tables("Mistakes that have names") for name in re.findall(r"`([^`]+)`", row[0])]
    assert sorted(listed) == sorted(kinds)


def test_the_files_of_a_class(tmp_path: Path) -> None:
    answers = tmp_path / "answers.csv"
    answers.write_text(block("csv"), encoding="utf-8")
    mark_class(block("toml"), str(answers), Settings("1", out=tmp_path / "marked", jobs=0))
    rows = {row[0]: row[1] for row in tables("A class")}
    named = {name.strip("/") for first in rows for name in re.findall(r"`([^`]+)`", first)}
    named = {f"statistics{n}" if n.startswith(".") else n for n in named}
    assert {p.name for p in (tmp_path / "marked").iterdir()} == named
    for file in ("gradebook.csv", "marks.csv"):
        text = (tmp_path / "marked" / file).read_text(encoding="utf-8-sig")
        heads = next(csv.reader(io.StringIO(text)))
        assert re.findall(r"`([^`]+)`", rows[f"`{file}`"]) == [h for h in heads if h != "feedback"]

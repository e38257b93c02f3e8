"""`chalkgrad worksheet`: what it writes, what it says, and what it refuses."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from chalkgrad.api.worksheet import Worksheet, worksheet
from chalkgrad.cli.main import run
from chalkgrad.errors import ChalkgradError, SheetError, VariantError

SHEET = (
    'name = "one"\ntitle = "One neuron"\n[[problem]]\nprose = "Let $f = xy + z$."\n'
    'function = "q = x + y; f(x, y, z) = q z"\nvalues = { x = -2, y = 5, z = -4 }\nblank = ["values", "gradients"]\n'
)


def call(*words: str, piped: str | None = None) -> Result:
    return CliRunner().invoke(run, ["worksheet", *words], input=piped)


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    path = tmp_path / "sheet.toml"
    path.write_text(SHEET, encoding="utf-8")
    return path


def names(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def test_a_sheet_and_its_key(sheet: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = call(str(sheet), "-o", str(out), "--format", "pdf,html,tex")
    assert result.exit_code == 0, result.output
    assert names(out) == sorted(f"one-0-00{key}.{form}" for key in ("", ".key") for form in ("html", "pdf", "tex"))
    assert (out / "one-0-00.pdf").read_bytes().startswith(b"%PDF")
    assert f"saved {out / 'one-0-00.key.pdf'}" in result.output
    assert call(str(sheet), "-o", str(out / "b"), "--no-key").exit_code == 0
    assert names(out / "b") == ["one-0-00.pdf"]


def test_variants_with_a_roster(sheet: Path, tmp_path: Path) -> None:
    roster, out = tmp_path / "class.csv", tmp_path / "out"
    roster.write_text('student\nAnn\n"=cmd|x"\n', encoding="utf-8")
    result = call(
        str(sheet), "-o", str(out), "--roster", str(roster), "--seed", "7", "--format", "pdf,html", "--no-key"
    )
    assert result.exit_code == 0, result.output
    assert names(out) == [
        "one-7-01.html",
        "one-7-01.pdf",
        "one-7-02.html",
        "one-7-02.pdf",
        "one-7-all.pdf",
        "one-7.csv",
    ]
    rows = list(csv.reader(io.StringIO((out / "one-7.csv").read_text(encoding="utf-8"))))
    assert [row[:-1] for row in rows] == [
        ["student", "variant", "code", "file"],
        ["Ann", "1", "one-7-01", "one-7-01.pdf"],
        ["'=cmd|x", "2", "one-7-02", "one-7-02.pdf"],
    ]
    assert rows[0][-1] == "numbers"
    assert {tuple(json.loads(row[-1])) for row in rows[1:]} == {("1",)}
    page = (out / "one-7-02.html").read_text(encoding="utf-8")
    assert "Name: =cmd|x" in page
    assert "one-7-02" in page


def test_the_same_seed_gives_the_same_bytes(sheet: Path, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        assert call(str(sheet), "-o", str(tmp_path / folder), "--variants", "2", "--seed", "3").exit_code == 0
    for name in names(tmp_path / "a"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_exports(sheet: Path, tmp_path: Path) -> None:
    result = call(str(sheet), "-o", str(tmp_path / "out"), "--no-key", "--export", "json,moodle")
    assert result.exit_code == 0, result.output
    written = names(tmp_path / "out")
    assert any(name.startswith("moodle/") for name in written)
    assert any(name.startswith("json/") for name in written)


def test_standard_output(sheet: Path) -> None:
    blank = call(str(sheet), "-o", "-", "--format", "html")
    assert blank.exit_code == 0
    assert blank.stdout.startswith("<!doctype html>")
    assert "-12" not in blank.stdout
    key = call("-", "-o", "-", "--format", "html", "--key", piped=SHEET)
    assert "(key)" in key.stdout
    assert call(str(sheet), "-o", "-", "--format", "pdf,html").exit_code == 2
    assert call(str(sheet), "-o", "-", "--export", "gift").exit_code == 2
    several = call(str(sheet), "-o", "-", "--format", "html", "--variants", "2")
    assert several.exit_code == 2
    assert "use pdf" in several.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["missing.toml", "-o", "out"], "cannot read 'missing.toml'"),
        (["sheet.toml", "-o", "out", "--format", "pfd"], "did you mean 'pdf'"),
        (["sheet.toml", "-o", "out", "--export", "mudle"], "did you mean 'moodle'"),
        (["sheet.toml", "-o", "out", "--seed", "3"], "--seed goes with"),
        (["sheet.toml", "-o", "out", "--roster", "missing.csv"], "missing.csv"),
        (["bad.toml", "-o", "out"], "value"),
    ],
)
def test_what_is_refused_writes_nothing(
    words: list[str], said: str, sheet: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bad.toml").write_text(SHEET.replace('"values"', '"valuez"'), encoding="utf-8")
    result = call(*words)
    assert result.exit_code == 2
    assert said in result.output
    assert not Path("out").exists()


def test_formulas_that_cannot_be_set_are_told(sheet: Path, tmp_path: Path) -> None:
    sheet.write_text(SHEET.replace("xy + z", "\\\\unknown{x}"), encoding="utf-8")
    result = call(str(sheet), "-o", str(tmp_path / "out"), "--format", "html")
    assert result.exit_code == 0
    assert r"\unknown{x}$ is shown as typed" in result.output
    assert r"\unknown{x}" in (tmp_path / "out" / "one-0-00.html").read_text(encoding="utf-8")


def test_blanks_at_which_a_mistake_cannot_show_are_told() -> None:
    square = SHEET.replace("q = x + y; f(x, y, z) = q z", "q = x - y; f(x, y) = q^2")
    made = worksheet(square.replace("x = -2, y = 5, z = -4", "x = 3, y = 2"))
    assert any("a known mistake gives the right number" in line for line in made.warnings())


def test_in_python(tmp_path: Path) -> None:
    made = worksheet(SHEET)
    assert made.mark({"q.value": "3", "f.value": "-12"}).points == 2
    assert isinstance(made.variants(2, 5), Worksheet)
    pair = made.variants(2, 5)
    assert [key.code for key in pair.keys] == ["one-5-01", "one-5-02"]
    assert pair.mark({}, variant=2).code == "one-5-02"
    with pytest.raises(ChalkgradError, match="no seat has variant 9"):
        pair.mark({}, variant=9)
    with pytest.raises(VariantError):
        made.variants(0)
    with pytest.raises(SheetError, match="cannot read"):
        worksheet(tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes(b"name = \xff\n")
    with pytest.raises(SheetError, match="not UTF-8"):
        worksheet(tmp_path / "latin.toml")
    with pytest.raises(ChalkgradError, match="paper"):
        made.save(tmp_path, paper="a3")
    with pytest.raises(ChalkgradError, match="export"):
        made.export("blackboard", tmp_path)
    told: list[tuple[int, int]] = []
    paths = made.save(tmp_path / "o", formats=["html"], told=lambda done, of: told.append((done, of)))
    assert told == [(1, 2), (2, 2)]
    assert [path.name for path in paths] == ["one-0-00.html", "one-0-00.key.html"]


def test_a_drawing_with_no_room_to_write_is_said() -> None:
    stages = "; ".join(["q0 = x + y", *[f"q{i} = q{i - 1} x + 1" for i in range(1, 20)]])
    head = 'name = "long"\ntitle = "Long"\n[[problem]]\n'
    text = f'{head}function = "{stages}"\nvalues = {{ x = 1, y = 2 }}\nblank = ["values"]\n'
    said = [line for line in worksheet(text).warnings() if "too small to write in" in line]
    assert [line.startswith("problem 1: its drawing is printed at 19% of its size") for line in said] == [True]
    as_table = worksheet(text + 'show = "table"\n')
    assert not any("too small" in line for line in as_table.warnings())
    assert b"q19" in as_table.content("html")

"""The pages of the views are what the program prints: `python docs/pages.py` writes them anew."""

from __future__ import annotations

import doctest
import re
import runpy
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import chalkgrad as cg
from chalkgrad.classroom.sheets.key import keyed
from chalkgrad.classroom.sheets.reading import read_sheet
from chalkgrad.cli.main import run

DOCS = Path(__file__).parent.parent / "docs"


def test_pages_are_true() -> None:
    made = runpy.run_path(str(DOCS / "pages.py"))["pages"]()
    assert len(made) > 10
    for path, text in made.items():
        assert (DOCS / path).read_text(encoding="utf-8") == text, (
            f"{path}: run docs/pages.py and look at the difference"
        )


def test_the_page_on_numpy_runs() -> None:
    from chalkgrad.ir.registry import OPS

    before = dict(OPS)
    try:
        failed, tried = doctest.testfile(str(DOCS / "numpy.md"), module_relative=False)
    finally:
        for name in OPS.keys() - before.keys():
            del OPS[name]
    assert tried > 20
    assert not failed


def test_the_page_on_matrices_runs() -> None:
    failed, tried = doctest.testfile(str(DOCS / "matrices.md"), module_relative=False)
    assert tried >= 8
    assert not failed


def test_the_page_on_functions_runs() -> None:
    failed, tried = doctest.testfile(str(DOCS / "functions.md"), module_relative=False)
    assert tried >= 5
    assert not failed


def test_the_page_on_machine_code_runs() -> None:
    failed, tried = doctest.testfile(str(DOCS / "native.md"), module_relative=False)
    assert tried >= 8
    assert not failed


def test_the_claims_on_the_page_on_checking_are_right() -> None:
    claims = re.findall(r"^```\n(.*?)^```", (DOCS / "check.md").read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert len(claims) == 2
    for claim in claims:
        assert cg.check(claim), str(cg.check(claim))


def test_the_scripts_on_the_page_on_views_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    page = (DOCS / "views.md").read_text(encoding="utf-8")
    scripts = re.findall(r"^```python\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    assert len(scripts) >= 2
    scope: dict[str, object] = {}
    for script in scripts:
        exec(script, scope)  # a page of ours


def test_the_sheets_on_the_page_on_worksheets_are_sheets() -> None:
    page = (DOCS / "worksheets.md").read_text(encoding="utf-8")
    sheets = re.findall(r"^```toml\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    assert len(sheets) == 6
    for sheet in sheets:
        whole = sheet if sheet.startswith("name =") else f'name = "one"\ntitle = "One problem"\n{sheet}'
        assert keyed(read_sheet(whole)).blanks


def test_the_five_minutes_of_the_page_on_worksheets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    page = (DOCS / "worksheets.md").read_text(encoding="utf-8")
    start = page.split("## The file")[0]
    for fence, name in (("toml", "gates.toml"), ("csv", "answers.csv")):
        (text,) = re.findall(rf"^```{fence}\n(.*?)^```", start, re.DOTALL | re.MULTILINE)
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "class.csv").write_text("name\nAnn\nBen\n", encoding="utf-8")
    commands = re.findall(r"^\| `chalkgrad (.*?)`", start, re.MULTILINE)
    assert len(commands) == 7
    for command in commands:
        expected = 1 if command.startswith("check") else 0  # Ann has a wrong answer
        result = CliRunner().invoke(run, command.replace("--variants 30", "--variants 3").split())
        assert result.exit_code == expected, (command, result.output)
    named = re.findall(r"`(gates-[\w.-]+\.\w+)`", start)
    assert len(named) == 4
    for name in named:
        assert (tmp_path / "out" / name).stat().st_size > 60, name
    (script,) = re.findall(r"^```python\n(.*?)^```", start, re.DOTALL | re.MULTILINE)
    scope: dict[str, Any] = {}
    exec(script, scope)  # a page of ours
    assert [m.blank for m in scope["marked"].first] == ["1:x.gradient"]


def test_the_sets_on_the_page_on_worksheets_are_sets() -> None:
    page = (DOCS / "worksheets.md").read_text(encoding="utf-8")
    table = page.split("| set | ids |")[1].split("\n\n")[0]
    rows = re.findall(r"^\| (?:`(\w+)`)? ?\| (.*?) \|", table, re.MULTILINE)
    assert len(rows) == 13
    for pattern, ids in rows:
        arrays = pattern == "shapes"
        function = "W1 in R^(2 x 3); x in R^3; f = sum(W1 x)" if arrays else "q = x + y; f = q z + x"
        values = "" if arrays else "values = { x = 3, y = 4, z = 5 }"
        for id in re.findall(r"`(.*?)`", ids):
            asked = f'function = "{function}"\n{values}\nblank = ["{pattern or id}"]'
            sheet = f'name = "one"\ntitle = "One"\n[[problem]]\n{asked}'
            assert id in [b.id for b in keyed(read_sheet(sheet)).blanks], (pattern, id)

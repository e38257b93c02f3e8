"""Every printed output in the README is what the program prints."""

from __future__ import annotations

import doctest
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from chalkgrad.cli.main import run

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
CONSOLE = re.compile(r"```console\n\$ chalkgrad (.*?)\n(.*?)```", re.DOTALL)
LINK = re.compile(r"\]\(([^)#]+)[^)]*\)")


def test_console(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With --update-golden, the outputs are written into the README instead."""
    monkeypatch.chdir(tmp_path)  # what a command saves goes there; what it reads stands in examples/
    (tmp_path / "examples").symlink_to(ROOT / "examples")

    def printed(match: re.Match[str]) -> str:
        command, _, file = match[1].partition(" < ")
        read = Path(file).read_text(encoding="utf-8") if file else None
        result = CliRunner().invoke(run, shlex.split(command), input=read)
        assert result.exception is None or isinstance(result.exception, SystemExit), match[1]
        return f"```console\n$ chalkgrad {match[1]}\n{result.output.rstrip()}\n```"

    text = README.read_text(encoding="utf-8")
    found = CONSOLE.sub(printed, text)
    if request.config.getoption("--update-golden"):
        README.write_text(found, encoding="utf-8")
    assert len(CONSOLE.findall(text)) >= 5
    assert found == README.read_text(encoding="utf-8")


def test_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    result = doctest.testfile(str(README), module_relative=False, encoding="utf-8")
    assert result.attempted > 10
    assert result.failed == 0


def test_every_page_is_linked() -> None:
    linked = {link for link in LINK.findall(README.read_text(encoding="utf-8")) if "://" not in link}
    assert [link for link in linked if not (ROOT / link).exists()] == []
    pages = {page.relative_to(ROOT).as_posix() for page in (ROOT / "docs").glob("*.md")}
    assert pages - linked == set()

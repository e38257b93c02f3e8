"""Every printed output in the README and in docs/ is what the program prints."""

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
PAGES = [README, *sorted((ROOT / "docs").glob("*.md"))]
CONSOLE = re.compile(r"```console\n\$ chalkgrad (.*?)\n(.*?)```", re.DOTALL)
LINK = re.compile(r"\]\(([^)#]+)[^)]*\)")


def printed(command: str) -> str:
    words, _, file = command.partition(" < ")
    read = Path(file).read_text(encoding="utf-8") if file else None
    result = CliRunner().invoke(run, shlex.split(words), input=read)
    assert result.exception is None or isinstance(result.exception, SystemExit), command
    assert result.output, command
    return result.output.rstrip()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_console(page: Path, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With --update-golden, the outputs are written into the page instead. A block of commands alone is only run."""
    monkeypatch.chdir(tmp_path)  # what a command saves goes there; what it reads stands in examples/
    (tmp_path / "examples").symlink_to(ROOT / "examples")

    def filled(match: re.Match[str]) -> str:
        if not match[2] or match[2].startswith("$ "):
            for command in (match[1], *re.findall(r"^\$ chalkgrad (.*)$", match[2], re.MULTILINE)):
                printed(command)
            return match[0]
        return f"```console\n$ chalkgrad {match[1]}\n{printed(match[1])}\n```"

    text = page.read_text(encoding="utf-8")
    found = CONSOLE.sub(filled, text)
    if request.config.getoption("--update-golden"):
        page.write_text(found, encoding="utf-8")
    assert len(CONSOLE.findall(text)) >= 5 or page != README
    assert found == page.read_text(encoding="utf-8")


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

"""Every printed output in the README is what the program prints."""

from __future__ import annotations

import doctest
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from chalkgrad.cli.main import run

README = Path(__file__).parent.parent / "README.md"
CONSOLE = re.compile(r"```console\n\$ chalkgrad (.*?)\n(.*?)```", re.DOTALL)


def test_console(request: pytest.FixtureRequest) -> None:
    """With --update-golden, the outputs are written into the README instead."""

    def printed(match: re.Match[str]) -> str:
        result = CliRunner().invoke(run, shlex.split(match[1]))
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
    result = doctest.testfile(str(README), module_relative=False, encoding="utf-8")
    assert result.attempted > 10
    assert result.failed == 0

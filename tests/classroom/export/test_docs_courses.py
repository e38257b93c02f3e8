"""docs/courses.md: its command runs, and writes the files that its table names."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from chalkgrad.api.worksheet import KINDS
from chalkgrad.classroom.export.kinds import EXPORTS
from chalkgrad.cli.main import run
from tests.classroom.export.shared import ROOT

PAGE = (ROOT / "docs" / "courses.md").read_text(encoding="utf-8")


def test_the_command_writes_what_the_table_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(ROOT / "examples" / "sheets" / "gates.toml", tmp_path)
    monkeypatch.chdir(tmp_path)
    (command,) = re.findall(r"^chalkgrad (.+)$", PAGE, re.MULTILINE)
    done = CliRunner().invoke(run, [*shlex.split(command), "--no-key", "--format", "html"])
    assert done.exit_code == 0, done.output
    written = {str(p.relative_to(tmp_path / "out")) for p in (tmp_path / "out").rglob("*") if p.is_file()}
    for name in (
        "moodle/gates-7-cloze.xml",
        "moodle/gates-7-numerical.xml",
        "moodle/gates-7-stack.xml",
        "canvas/gates-7.zip",
        "canvas/gates-7-each.zip",
        "prairielearn/questions/gates/q1/server.py",
        "gift/gates-7.gift.txt",
        "notebook/gates-7-01.ipynb",
        "json/gates-7-01.blank.json",
        "json/gates-7-01.key.json",
        "json/gates-7-01.answers.json",
    ):
        assert name in written


def test_the_table_names_every_export() -> None:
    named = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)
    assert named == list(EXPORTS) == list(KINDS)

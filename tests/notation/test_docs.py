"""Every example in docs/notation.md is read, or refused, as it says there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from chalkgrad.cli.main import run
from chalkgrad.errors import ChalkgradError
from chalkgrad.notation.filling import read_names
from chalkgrad.notation.read import read
from chalkgrad.notation.values import read_values

PAGE = Path(__file__).parents[2] / "docs" / "notation.md"
BLOCK = re.compile(r"```text\n(.*?)```", re.DOTALL)
CONSOLE = re.compile(r"```console\n\$ chalkgrad (.*?)\n(.*?)```", re.DOTALL)
GIVEN, ABSTRACT, READ, REFUSED = "given ", "abstract ", "→ ", "✗ "


def examples() -> list[list[str]]:
    """Each example: what is typed, `given` values and `abstract` names, and behind → or ✗ what comes of it."""
    blocks = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    return [example.splitlines() for block in blocks for example in re.split(r"\n\n+", block.strip("\n"))]


def answer(example: list[str]) -> list[str]:
    """The lines that stand behind what is typed."""
    typed = [line for line in example if not line.startswith((GIVEN, ABSTRACT, READ, REFUSED))]
    values = [v for line in example if line.startswith(GIVEN) for v in line.removeprefix(GIVEN).split()]
    named = [line.removeprefix(ABSTRACT) for line in example if line.startswith(ABSTRACT)]
    try:
        reading = read("\n".join(typed), read_values(values), read_names(named))
    except ChalkgradError as error:
        return [REFUSED + getattr(error, "problem", str(error).splitlines()[0])]
    return [READ + line for line in reading.echo]


def filled(text: str) -> str:
    """The page with every answer written anew."""

    def block(match: re.Match[str]) -> str:
        parts = [part.splitlines() for part in re.split(r"\n\n+", match[1].strip("\n"))]
        kept = [[line for line in part if not line.startswith((READ, REFUSED))] for part in parts]
        return "```text\n" + "\n\n".join("\n".join([*k, *answer(k)]) for k in kept) + "\n```"

    def printed(match: re.Match[str]) -> str:
        result = CliRunner().invoke(run, shlex.split(match[1]))
        return f"```console\n$ chalkgrad {match[1]}\n{result.output.rstrip()}\n```"

    return CONSOLE.sub(printed, BLOCK.sub(block, text))


def test_the_page(request: pytest.FixtureRequest) -> None:
    """With --update-golden, the answers are written into the page instead."""
    text = PAGE.read_text(encoding="utf-8")
    if request.config.getoption("--update-golden"):
        PAGE.write_text(filled(text), encoding="utf-8")
    assert len(examples()) > 40
    assert filled(text) == PAGE.read_text(encoding="utf-8")
    for example in examples():
        said = [line for line in example if line.startswith((READ, REFUSED))]
        assert said == answer(example), example

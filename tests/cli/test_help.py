"""The help of every command: its examples run, its options are explained."""

from __future__ import annotations

import inspect
import re
import shlex
import shutil
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from chalkgrad.cli.main import run

SHEETS = Path(__file__).parents[2] / "examples" / "sheets"
# the files that examples read
FILES = {
    "stages.txt": "g = x + y\nf = g z\n",
    "backward.py": "# f(x, y) = x y\nf = x * y\ndx = y\ndy = x\n",
    "ann.csv": "blank,answer\nq.value,3\nf.value,12\n",
    "class.csv": "name\nAnn\nBob\n",
    "answers.csv": "student,variant,blank,answer\nAnn,1,q.value,3\nBob,,f.value,-12\n",
    "out/sheet-7.csv": 'code,numbers\ns-7-01,"{""1"": {""x"": -3, ""y"": 7, ""z"": -5}}"\n',
    "sheet.toml": 'name = "s"\ntitle = "A sheet"\n[[problem]]\nfunction = "q = x + y; f(x, y, z) = q z"\n'
    'values = { x = -2, y = 5, z = -4 }\nblank = ["values", "gradients"]\n',
    "flowers.csv": "1,0,2,1,1,0,0\n0,1,2,1,0,1,0\n3,1,0,2,0,0,1\n2,2,0,1,1,0,0\n",
}
ANSWERS = (0, 1)  # a "no" is an answer too


def examples(command: click.Command) -> list[str]:
    lines = re.sub(r" *\\\n +", " ", inspect.cleandoc(command.help or "")).split("Examples:\n")[-1].splitlines()
    return [line.strip() for line in lines if "chalkgrad " in line and line.startswith("  ")]


EXAMPLES = [line for command in (run, *run.commands.values()) for line in examples(command)]


@pytest.mark.parametrize("line", EXAMPLES)
def test_examples_run(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for sheet in ("network.txt", "claim.txt"):
        shutil.copy(SHEETS / sheet, sheet)
    for name, text in FILES.items():
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(text, encoding="utf-8")
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|<>")
    lexer.whitespace_split = True
    words = list(lexer)
    piped = None
    if "|" in words:
        (verb, piped), words = words[: words.index("|")], words[words.index("|") + 1 :]
        piped = piped.replace("\\n", "\n") if verb == "printf" else f"{piped}\n"
    for sign in ("<", ">"):
        if sign in words:
            place = words.index(sign)
            piped = Path(words[place + 1]).read_text(encoding="utf-8") if sign == "<" else piped
            del words[place : place + 2]
    assert words[0] == "chalkgrad"
    result = CliRunner().invoke(run, words[1:], input=piped)
    assert result.exception is None or isinstance(result.exception, SystemExit), line
    assert result.exit_code in ANSWERS, result.output
    assert result.output


def test_there_are_examples_of_every_command() -> None:
    for name, command in run.commands.items():
        assert [line for line in examples(command) if f"chalkgrad {name} " in line], name


def test_every_option_is_explained() -> None:
    for name, command in run.commands.items():
        for option in command.params:
            if isinstance(option, click.Option):
                assert option.help, f"{name} {option.opts}"


def test_the_conventions_reach_the_code() -> None:
    for words in (["f = relu(x)", "x=0", "--relu-at-zero", "1"], ["f = max(x, y)", "x=1", "y=1", "--tie", "first"]):
        shown, plain = (CliRunner().invoke(run, ["code", *w, "--as", "python"]) for w in (words, words[:-2]))
        assert shown.exit_code == plain.exit_code == 0
        scope: dict[str, object] = {}
        other: dict[str, object] = {}
        exec(shown.output, scope)  # our own printed code
        exec(plain.output, other)
        at = [float(word.split("=")[1]) for word in words[1:-2]]
        found, usual = scope["f"](*at)[1], other["f"](*at)[1]  # type: ignore[operator]  # what exec defines has no type
        assert found["x"] == 1.0
        assert usual["x"] in (0.0, 0.5)

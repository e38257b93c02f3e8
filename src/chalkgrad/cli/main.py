"""`chalkgrad`: the entry. Exit codes: 0 done, 1 the answer is no, 2 bad input, 3 undecided."""

from __future__ import annotations

import gc
import importlib
import sys
from typing import Any

import click

from chalkgrad import __version__
from chalkgrad.errors import ChalkgradError

# Each stands in a module of its name, which is loaded when the command is asked for.
COMMANDS = ("show", "code", "check", "equal", "shapes", "conv", "network", "train", "worksheet")


class Commands(click.Group):
    """The commands; what is wrong with the input becomes a message and exit code 2."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        return getattr(importlib.import_module(f"chalkgrad.cli.{cmd_name}"), cmd_name)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ChalkgradError as error:
            click.echo(f"chalkgrad: {error}", err=True)
            ctx.exit(2)


@click.group(cls=Commands, context_settings={"max_content_width": 100})
@click.version_option(__version__, prog_name="chalkgrad")
def run() -> None:
    """Backpropagation that shows its work.

    \b
    Examples:
      chalkgrad show "f(x, y, z) = (x + y) z" x=-2 y=5 z=-4
      chalkgrad show "f(x, y, z) = (x + y) z" x=-2 y=5 z=-4 --save f.svg
      chalkgrad code "g = x + y; h = g z; f = h + x" --as python

    \b
    Exit codes: 0 done; 1 the answer is no, wrong or left open (equal, check, shapes); 2 bad input; 3 undecided.
    `chalkgrad COMMAND --help` explains a command, with examples.
    """


def main() -> None:
    """What the `chalkgrad` command calls."""
    gc.set_threshold(100_000, 50, 50)  # a long program is many objects, none of them garbage
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]  # Python's own streams have it
    run(prog_name="chalkgrad")

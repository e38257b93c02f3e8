"""`chalkgrad`: the entry. Exit codes: 0 done, 1 the answer is no, 2 bad input, 3 undecided."""

from __future__ import annotations

import gc
import sys
from typing import Any

import click

from chalkgrad import __version__
from chalkgrad.cli.check import check
from chalkgrad.cli.code import code
from chalkgrad.cli.conv import conv
from chalkgrad.cli.equal import equal
from chalkgrad.cli.network import network
from chalkgrad.cli.shapes import shapes
from chalkgrad.cli.show import show
from chalkgrad.cli.train import train
from chalkgrad.cli.worksheet import worksheet
from chalkgrad.errors import ChalkgradError


class Commands(click.Group):
    """The commands; what is wrong with the input becomes a message and exit code 2."""

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


run.add_command(show)
run.add_command(code)
run.add_command(check)
run.add_command(equal)
run.add_command(shapes)
run.add_command(conv)
run.add_command(network)
run.add_command(train)
run.add_command(worksheet)


def main() -> None:
    """What the `chalkgrad` command calls."""
    gc.set_threshold(100_000, 50, 50)  # a long program is many objects, none of them garbage
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]  # Python's own streams have it
    run(prog_name="chalkgrad")

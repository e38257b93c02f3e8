"""`chalkgrad check`: a person's own derivation or backward pass, judged."""

from __future__ import annotations

import click

from chalkgrad.api.check_claim import check as judge
from chalkgrad.cli.arguments import read_file, read_stdin
from chalkgrad.notation.read import MAX_BYTES
from chalkgrad.notation.values import read_values


@click.command(context_settings={"ignore_unknown_options": True}, short_help="Judge a derivation or a backward pass.")
@click.argument("claim", metavar="CLAIM")
@click.argument("given", nargs=-1, type=click.UNPROCESSED, metavar="[NAME=VALUE]...")
@click.pass_context
def check(context: click.Context, claim: str, given: tuple[str, ...]) -> None:
    """Check a claim: the first wrong line, what it should be, and why.

    CLAIM is a file, or "-" for standard input: the function on the first line, "forward:" and its stages, "backward:"
    and its stages, "claim:" and equations; or a .py file of assignments, which is read and never run. NAME=VALUE is a
    point, at which examples are given.

    \b
    Exit codes: 0 all is right, 1 a line is wrong, 2 cannot be read, 3 undecided.

    \b
    Examples:
      chalkgrad check claim.txt
      chalkgrad check backward.py x=3 y=-4
      printf 'f(x, y) = x y\\nclaim: df/dx = x\\n' | chalkgrad check -
    """
    text = read_stdin() if claim == "-" else read_file(claim, MAX_BYTES, "the claim")
    python = True if claim.lower().endswith(".py") else None
    verdict = judge(text, dict(read_values(given)), python=python)
    click.echo(str(verdict))
    if not verdict.right:
        context.exit(3 if verdict.undecided else 1)

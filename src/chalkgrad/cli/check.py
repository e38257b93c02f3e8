"""`chalkgrad check`: a person's own derivation or backward pass, judged."""

from __future__ import annotations

from pathlib import Path

import click

from chalkgrad.api.check_claim import check as judge
from chalkgrad.cli.arguments import read_stdin
from chalkgrad.errors import ChalkgradError, TooLarge
from chalkgrad.notation.read import MAX_BYTES
from chalkgrad.notation.values import read_values


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("claim", metavar="CLAIM")
@click.argument("given", nargs=-1, type=click.UNPROCESSED, metavar="[NAME=VALUE]...")
@click.pass_context
def check(context: click.Context, claim: str, given: tuple[str, ...]) -> None:
    """Check a claim: the first wrong line, what it should be, and why.

    CLAIM is a file, or "-" for standard input: the function on the first line, "forward:" and its stages, "backward:"
    and its stages, "claim:" and equations; or a .py file of assignments, which is read and never run. Exit code 0
    where all is right, 1 where a line is wrong, 2 where the claim cannot be read or decided.

    \b
    Examples:
      chalkgrad check claim.txt
      chalkgrad check backward.py x=3 y=-4
      printf 'f(x, y) = x y\\nclaim: df/dx = x\\n' | chalkgrad check -
    """
    text = read_stdin() if claim == "-" else _file(claim)
    python = True if claim.lower().endswith(".py") else None
    verdict = judge(text, dict(read_values(given)), python=python)
    click.echo(str(verdict))
    if not verdict.right:
        context.exit(2 if verdict.undecided else 1)


def _file(path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ChalkgradError(f"cannot read '{path}': {error.strerror or error}") from None
    if len(raw) > MAX_BYTES:
        raise TooLarge(f"the claim is over {MAX_BYTES // 1024} KB")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ChalkgradError(f"'{path}' is not UTF-8 text, at byte {error.start}") from None

"""`chalkgrad code`: the staged program of a function."""

from __future__ import annotations

import click

from chalkgrad.api.code import LANGUAGES
from chalkgrad.api.code import code as code_of
from chalkgrad.api.work import work
from chalkgrad.cli.arguments import ABSTRACT, LET, RELU_AT_ZERO, TIE, UPSTREAM, WRT, text_and_values
from chalkgrad.errors import ValueNeeded
from chalkgrad.notation.filling import read_lets
from chalkgrad.notation.values import read_number
from chalkgrad.transform.fill import abstract_steps
from chalkgrad.transform.gates import Gates


@click.command(context_settings={"ignore_unknown_options": True}, short_help="The staged program, to read or to run.")
@click.argument("given", nargs=-1, type=click.UNPROCESSED, metavar="TEXT [NAME=VALUE]...")
@click.option(
    "--as",
    "language",
    type=click.Choice(list(LANGUAGES)),
    default="pseudocode",
    show_default=True,
    help="The language; python and c run as they are, loops are what is compiled.",
)
@UPSTREAM
@WRT
@click.option(
    "--gates",
    type=click.Choice(["typed", "fine", "whole"]),
    default="whole",
    show_default=True,
    help="A stage 1/(1 + e^-z) as one line, σ; as typed, gate by gate; or every gate opened.",
)
@ABSTRACT
@LET
@RELU_AT_ZERO
@TIE
@click.pass_context
def code(
    context: click.Context,
    given: tuple[str, ...],
    language: str,
    upstream: str | None,
    wrt: tuple[str, ...],
    gates: Gates,
    abstract: tuple[str, ...],
    lets: tuple[str, ...],
    relu_at_zero: int | None,
    tie: str | None,
) -> None:
    """Print the forward and backward program, staged: lines tagged #(1) … #(n), += where paths meet.

    TEXT is a function such as "f(x, y) = x y", staged lines, or a bare expression; "-" reads it from standard input.
    Values give shapes, where they are not declared.

    \b
    Examples:
      chalkgrad code "g = x + y; h = g z; f = h + x"
      chalkgrad code "f(x, y) = x log y" --as python > f.py
      chalkgrad code "f(x, y) = x log y" --as c > f.c
      chalkgrad code "x in R^1000; f = sum(x^2)" --as loops
      chalkgrad code - --as python < stages.txt
    """
    text, values = text_and_values(context, given)
    worked = work(
        text,
        values=values,
        upstream=None if upstream is None else read_number(upstream),
        wrt=wrt or None,
        gates=gates,
        abstract=abstract,
        let=read_lets(lets),
        relu_at_zero=relu_at_zero,
        tie=tie,
    )
    left = abstract_steps(worked.program)
    if left and language in ("python", "c", "loops"):
        first = next(iter(left))
        raise ValueNeeded(f"{first} is abstract, and code that runs needs it: fill it in with --let {first}=…")
    click.echo(code_of(worked, language), nl=False)

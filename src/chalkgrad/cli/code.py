"""`chalkgrad code`: the staged program of a function."""

from __future__ import annotations

import click

from chalkgrad.api.code import LANGUAGES
from chalkgrad.api.code import code as code_of
from chalkgrad.api.source import Gates
from chalkgrad.api.work import work
from chalkgrad.cli.arguments import text_and_values
from chalkgrad.notation.values import read_number


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("given", nargs=-1, type=click.UNPROCESSED, metavar="TEXT [NAME=VALUE]...")
@click.option("--as", "language", type=click.Choice(list(LANGUAGES)), default="pseudocode", show_default=True)
@click.option("--upstream", metavar="NUMBER", help="The upstream gradient ∂L/∂f.")
@click.option("--wrt", multiple=True, metavar="NAME", help="Differentiate by this input only; repeatable.")
@click.option(
    "--gates",
    type=click.Choice(["typed", "fine", "whole"]),
    default="whole",
    show_default=True,
    help="A stage 1/(1 + e^-z) as one line, σ; as typed, gate by gate; or every gate opened.",
)
@click.pass_context
def code(
    context: click.Context,
    given: tuple[str, ...],
    language: str,
    upstream: str | None,
    wrt: tuple[str, ...],
    gates: Gates,
) -> None:
    """Print the forward and backward program, staged: lines tagged #(1) … #(n), += where paths meet.

    \b
    Examples:
      chalkgrad code "g = x + y; h = g z; f = h + x"
      chalkgrad code "f(x, y) = x log y" --as python > f.py
      chalkgrad code - --as python < stages.txt
    """
    text, values = text_and_values(context, given)
    number = None if upstream is None else read_number(upstream)
    worked = work(text, values=values, upstream=number, wrt=wrt or None, gates=gates)
    click.echo(code_of(worked, language), nl=False)

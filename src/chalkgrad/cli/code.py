"""`chalkgrad code`: the staged program of a function."""

from __future__ import annotations

import click

from chalkgrad.api.code import LANGUAGES
from chalkgrad.api.code import code as code_of
from chalkgrad.api.source import Gates
from chalkgrad.api.work import work
from chalkgrad.cli.arguments import text_and_values
from chalkgrad.errors import ValueNeeded
from chalkgrad.notation.filling import read_lets
from chalkgrad.notation.values import read_number
from chalkgrad.transform.fill import abstract_steps


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
@click.option("--abstract", multiple=True, metavar="NAMES", help="Functions that are not given: g1,g2,Loss.")
@click.option("--let", "lets", multiple=True, metavar="NAME=…", help="What one is: g1=σ, or 'Loss(a, y) = ½(a - y)^2'.")
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
) -> None:
    """Print the forward and backward program, staged: lines tagged #(1) … #(n), += where paths meet.

    \b
    Examples:
      chalkgrad code "g = x + y; h = g z; f = h + x"
      chalkgrad code "f(x, y) = x log y" --as python > f.py
      chalkgrad code "f(x, y) = x log y" --as c > f.c
      chalkgrad code - --as python < stages.txt
    """
    text, values = text_and_values(context, given)
    number = None if upstream is None else read_number(upstream)
    let = read_lets(lets)
    worked = work(text, values=values, upstream=number, wrt=wrt or None, gates=gates, abstract=abstract, let=let)
    left = abstract_steps(worked.program)
    if left and language in ("python", "c"):
        first = next(iter(left))
        raise ValueNeeded(f"{first} is abstract, and code that runs needs it: fill it in with --let {first}=…")
    click.echo(code_of(worked, language), nl=False)

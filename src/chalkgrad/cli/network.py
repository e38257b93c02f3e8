"""`chalkgrad network`: what a network of layers has, costs and can represent."""

from __future__ import annotations

from typing import Any

import click

from chalkgrad.api.network import network as network_of
from chalkgrad.api.save import check_picture_suffix
from chalkgrad.cli.arguments import read_stdin
from chalkgrad.errors import ChalkgradError


@click.command(short_help="Count, draw and compare networks.")
@click.argument("charts", nargs=-1, required=True, metavar="CHART [CHART]")
@click.option("--activation", default="relu", show_default=True, metavar="NAME", help="After hidden layers; or linear.")
@click.option("--output", default="linear", show_default=True, metavar="NAME", help="After the last layer.")
@click.option("--biases/--no-biases", default=True, show_default=True, help="Whether the layers have biases.")
@click.option("--data", multiple=True, metavar="NAME", help="Of equations: an input that is no parameter; repeatable.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the random matrices that show a rank.")
@click.option(
    "--save", multiple=True, metavar="FILE", help="Write the drawing of the first one, .svg, .png; repeatable."
)
def network(
    charts: tuple[str, ...],
    activation: str,
    output: str,
    biases: bool,
    data: tuple[str, ...],
    seed: int,
    save: tuple[str, ...],
) -> None:
    """Count a network's parameters and multiplications; write out its equations; draw it; say what it can represent.

    CHART is layer sizes, 8-10-10-3, or equations with declared shapes ("-" reads them from standard input). Two of them
    are compared.

    \b
    Examples:
      chalkgrad network 8-10-10-3
      chalkgrad network 8-10-10-3 --activation tanh --output softmax --save net.svg
      chalkgrad network 100-100 100-10-100 --activation linear
      chalkgrad network "x in R^2; W1 in R^(3 x 2); b1 in R^3; a1 = relu(W1 x + b1)"
    """
    if len(charts) > 2:
        raise ChalkgradError(f"one network is counted, or two are compared; {len(charts)} were given")
    for path in save:
        check_picture_suffix(path)
    texts = [read_stdin() if chart == "-" else chart for chart in charts]
    given: dict[str, Any] = {"activation": activation, "output": output, "biases": biases, "data": data or None}
    found = [network_of(text, seed=seed, **given) for text in texts]
    for one in found:
        click.echo(one)
        click.echo()
    if len(found) == 2:
        click.echo(found[0].compare(found[1]))
    for path in save:
        click.echo(f"saved {found[0].save(path)}")

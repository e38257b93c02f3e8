"""`chalkgrad shapes`: shapes solved from equations, and the program over all examples."""

from __future__ import annotations

import click

from chalkgrad.api.batch import batch as over_all
from chalkgrad.api.shapes import shapes as solve
from chalkgrad.cli.arguments import text_and_values
from chalkgrad.errors import ChalkgradError, NotationError


@click.command(context_settings={"ignore_unknown_options": True}, short_help="Solve for the shapes in some equations.")
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="TEXT")
@click.option("--given", multiple=True, metavar="SHAPE", help='A shape that is known: "x in R^(D_x x 1)"; repeatable.')
@click.option("--units", multiple=True, metavar="NAME=SIZE", help="A layer's units: a1=D_a1, or a1=4; repeatable.")
@click.option("--loss", default="", metavar="NAME", help="What is differentiated, a number; by default the last line.")
@click.option("--examples", default="", metavar="SIZE", help="How many examples: by default what stands above Σ, or m.")
@click.option(
    "--batch", default="", metavar="i", help="Show the program over all examples too, and what changed shape."
)
@click.pass_context
def shapes(
    context: click.Context,
    words: tuple[str, ...],
    given: tuple[str, ...],
    units: tuple[str, ...],
    loss: str,
    examples: str,
    batch: str,
) -> None:
    """Solve for the shapes of all names in some equations.

    TEXT is equations, a line each or parted by ";", in maths text or LaTeX; "-" reads them from standard input. Shapes
    that are known are declared in it, or by --given and --units.

    \b
    Exit codes: 0 every shape is determined, 1 one is not, 2 a contradiction, or cannot be read.

    \b
    Examples:
      chalkgrad shapes "z = W x + b; a = relu(z)" --given "x in R^(D_x x 1)" --units a=D_a
      chalkgrad shapes "A in R^(m x n); b in R^m; f = norm(A x - b)^2"
      chalkgrad shapes "ŷ^(i) = σ(w x^(i) + b); J = 1/m Σ_{i=1}^{m} (ŷ^(i) - y^(i))^2" \\
          --given "x^(i) in R^(D x 1)" --batch i
      chalkgrad shapes - --units a1=D_a1 < network.txt
    """
    text, values = text_and_values(context, words)
    if values:
        raise ChalkgradError(f"shapes are solved without values; for a size write --units {next(iter(values))}=…")
    layers: dict[str, str | int] = {}
    for item in units:
        name, sign, size = item.partition("=")
        if not sign or not name.strip() or not size.strip():
            raise NotationError("units are given as NAME=SIZE, such as a1=D_a1", item, (0, len(item)))
        layers[name.strip()] = size.strip()
    found = solve(text, layers, given=given, loss=loss, examples=examples)
    click.echo(str(found))
    if batch:
        click.echo("")
        click.echo(str(over_all(text, batch, units=layers, given=given)))
    if not found.determined:
        context.exit(1)

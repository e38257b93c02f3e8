"""`chalkgrad train`: what initialisation does, shown by training."""

from __future__ import annotations

import sys
from typing import Any

import click

from chalkgrad.api.train import train as run
from chalkgrad.cli.arguments import read_file
from chalkgrad.learn.data import read_csv
from chalkgrad.learn.network import read_chart

MOST_BYTES = 10_000_000


@click.command(short_help="What initialisation does, by training.")
@click.argument("chart", default="2-3-1", metavar="[CHART]")
@click.option("--data", default="xor", show_default=True, metavar="DATA", help="xor, or, and; or FILE.csv.")
@click.option(
    "--init",
    default="random",
    show_default=True,
    metavar="HOW",
    help="Weights: random, zero, equal, or a number.",
)
@click.option("--activation", default="tanh", show_default=True, metavar="NAME", help="After hidden layers.")
@click.option("--output", default="σ", show_default=True, metavar="NAME", help="After the last; the loss goes with it.")
@click.option("--biases/--no-biases", default=True, show_default=True, help="Whether the layers have biases.")
@click.option("--rate", type=float, default=0.5, show_default=True, metavar="α", help="The rate of descent.")
@click.option("--steps", type=int, default=1000, show_default=True, help="How many steps of descent.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of random weights.")
def train(
    chart: str,
    data: str,
    init: str,
    activation: str,
    output: str,
    biases: bool,
    rate: float,
    steps: int,
    seed: int,
) -> None:
    """Train a small network by plain gradient descent; show the loss, the gradients, and how hidden units differ.

    CHART is layer sizes, 2-3-1. A .csv has an example a line, inputs before outputs. Equal weights, whatever their
    value, keep the hidden units equal; all zero, they may get no gradient at all.

    \b
    Examples:
      chalkgrad train 2-3-1 --data xor --init random
      chalkgrad train 2-3-1 --data xor --init equal
      chalkgrad train 2-3-1 --data or --init zero --activation σ
      chalkgrad train 4-8-3 --data flowers.csv --output softmax --rate 0.1
    """
    sizes = read_chart(chart)
    examples = (
        read_csv(read_file(data, MOST_BYTES, "the table"), sizes[0], sizes[-1])
        if data.lower().endswith(".csv")
        else data
    )
    given: dict[str, Any] = {"init": _init(init), "activation": activation, "output": output, "biases": biases}
    given |= {"rate": rate, "steps": steps, "seed": seed}
    if sys.stderr.isatty() and steps > 0:
        with click.progressbar(length=steps, label="training", file=sys.stderr) as bar:
            found = run(sizes, examples, progress=bar.update, **given)
    else:
        found = run(sizes, examples, **given)
    click.echo(found)


def _init(word: str) -> str | float:
    """A number where it is one, else the word."""
    try:
        return float(word)
    except ValueError:
        return word

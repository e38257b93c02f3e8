"""`chalkgrad show`: the worked backpropagation of a function."""

from __future__ import annotations

import os
import sys
from functools import partial
from typing import Any, Literal

import click

from chalkgrad.api.draw import check_suffix, draw
from chalkgrad.api.work import Work, work
from chalkgrad.api.zoom import zoom
from chalkgrad.cli.arguments import ABSTRACT, LET, RELU_AT_ZERO, TIE, UPSTREAM, WRT, read_place, text_and_values
from chalkgrad.errors import ChalkgradError
from chalkgrad.evaluate.what_if import descend, nudge
from chalkgrad.notation.filling import read_lets
from chalkgrad.notation.values import read_number, read_value
from chalkgrad.render.terminal import terminal
from chalkgrad.transform.gates import Gates


@click.command(context_settings={"ignore_unknown_options": True}, short_help="Work a function through, edge by edge.")
@click.argument("given", nargs=-1, type=click.UNPROCESSED, metavar="TEXT [NAME=VALUE]...")
@click.option(
    "--save",
    multiple=True,
    metavar="FILE",
    help="Write the drawing (.svg, .png), a page with formulas (.pdf, .tex, .html, .md) or all (.json); repeatable.",
)
@click.option("--frames", metavar="FOLDER", help="Write the drawing step by step, for slides: SVGs and one PDF.")
@UPSTREAM
@WRT
@click.option("--rate", type=float, metavar="α", help="Take one step of gradient descent, and show f after it.")
@click.option(
    "--nudge", "nudges", multiple=True, metavar="NAME=Δ", help="Change an input; compare with the derivative."
)
@click.option(
    "--gates",
    type=click.Choice(["typed", "fine", "whole", "both"]),
    default="typed",
    help="σ as typed, opened into *-1, exp, +1, 1/x, or closed to one gate; both: whole, and drawn opened below it.",
)
@ABSTRACT
@LET
@RELU_AT_ZERO
@TIE
@click.option("--zoom", "zoomed", is_flag=True, help="Every entry of every array as a number of its own: scalar gates.")
@click.option("--entry", metavar="PLACE", help="With --zoom, the entry of the result to work: 1, or 0,2; from 0.")
@click.option("--blank", is_flag=True, help="Leave values and gradients of the drawing empty, to be filled in.")
@click.option("--digits", type=click.IntRange(0, 17), help="Decimals: 4 in tables and 2 on drawings by default.")
@click.option("--plain", is_flag=True, help="No colour; also when the output is not a terminal.")
@click.pass_context
def show(
    context: click.Context,
    given: tuple[str, ...],
    save: tuple[str, ...],
    frames: str | None,
    upstream: str | None,
    wrt: tuple[str, ...],
    rate: float | None,
    nudges: tuple[str, ...],
    gates: Gates | Literal["both"],
    abstract: tuple[str, ...],
    lets: tuple[str, ...],
    relu_at_zero: int | None,
    tie: str | None,
    zoomed: bool,
    entry: str | None,
    blank: bool,
    digits: int | None,
    plain: bool,
) -> None:
    """Work a function through: values, gradients, every edge, in tables and words.

    TEXT is a function such as "f(x, y) = x y", staged lines, or a bare expression; "-" reads it from standard input.
    Without values everything is symbolic.

    \b
    Examples:
      chalkgrad show "f(x, y, z) = (x + y) z" x=-2 y=5 z=-4
      chalkgrad show "f = σ(w x)" w=2 x=0 --upstream -3
      chalkgrad show "f(x, y) = x y" x=1 y=-2 --nudge x=0.1 --rate 0.1
      chalkgrad show "f = 1/(1 + e^-z)" z=1 --gates whole --save f.svg --save f.png
      chalkgrad show "f = σ(w x)" w=2 x=1 --gates both --save f.pdf --save f.tex --frames slides
      chalkgrad show "f(x) = sum(x * x)" "x=[1,2,3]"
      chalkgrad show "f = σ(W x + b)" "W=[[2,-1]]" "x=[1,3]" "b=[0.5]" --zoom --save circuit.svg
      chalkgrad show "z = w x; a = g(z); L = Loss(a, y)" --abstract g,Loss --let "g=σ"
      echo "g = x + y; f = g z" | chalkgrad show - x=-2 y=5 z=-4
    """
    text, values = text_and_values(context, given)
    for path in save:
        check_suffix(path)

    if entry is not None and not zoomed:
        raise ChalkgradError("--entry goes with --zoom")
    maker = partial(zoom, entry=None if entry is None else read_place(entry)) if zoomed else work

    def worked_with(gates: Gates) -> Work:
        return maker(
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

    worked = worked_with("whole" if gates == "both" else gates)
    step = None if rate is None else descend(worked, rate)
    moved: list[Any] = []
    for item in nudges:
        name, delta = read_value(item)
        if not isinstance(delta, float):
            raise ChalkgradError(f"a nudge is one number, as in {name}=0.1")
        moved.append(nudge(worked, name, delta))
    colour = sys.stdout.isatty() and not plain and not os.environ.get("NO_COLOR")
    width = os.get_terminal_size().columns if sys.stdout.isatty() else None
    decimals = 4 if digits is None else digits
    told = terminal(worked, digits=decimals, colour=colour, width=width, descent=step, nudges=moved)
    click.echo(told, nl=False, color=colour)
    if save or frames is not None:
        opened = [worked_with("fine")] if gates == "both" else []
        picture = draw(worked, *opened, blank=blank, digits=2 if digits is None else digits)
        for path in save:
            click.echo(f"saved {picture.save(path)}")
        if frames is not None:
            click.echo(f"saved {picture.frames(frames)[-1]}")

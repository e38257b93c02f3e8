"""`chalkgrad conv`: how a filter fits an input."""

from __future__ import annotations

from typing import Any

import click

from chalkgrad.api.conv import convolution
from chalkgrad.api.save import check_picture_suffix
from chalkgrad.errors import ChalkgradError


@click.command(short_help="How a filter fits: sizes, padding, places.")
@click.argument("size", metavar="SIZE")
@click.option("--filter", "filter", required=True, metavar="F", help="The filter's size: 7, or 3x5 (height by width).")
@click.option("--padding", default="0", show_default=True, metavar="P", help="Zeros on each side: 3, 1x2, or same.")
@click.option("--stride", default="1", show_default=True, metavar="S", help="Cells from one place to the next.")
@click.option("--dilation", default="1", show_default=True, metavar="D", help="Cells from one weight to the next.")
@click.option("--save", multiple=True, metavar="FILE", help="Write the picture, .svg or .png; repeatable.")
def conv(size: str, filter: str, padding: str, stride: str, dilation: str, save: tuple[str, ...]) -> None:
    """How a convolution fits: the output's size with its formula, the padding, and the cells in the filter's middle.

    SIZE is the input's width, or its height and width as in 28x28; the other sizes likewise, and one number counts for
    both axes.

    \b
    Examples:
      chalkgrad conv 10 --filter 7 --padding 3 --stride 3
      chalkgrad conv 32 --filter 5 --padding same
      chalkgrad conv 28x28 --filter 3x3 --padding 1 --stride 2 --save conv.svg
    """
    for path in save:
        check_picture_suffix(path)
    found = convolution(
        _sizes(size, "SIZE"),
        _sizes(filter, "--filter"),
        padding="same" if padding == "same" else _sizes(padding, "--padding"),
        stride=_sizes(stride, "--stride"),
        dilation=_sizes(dilation, "--dilation"),
    )
    click.echo(found)
    for path in save:
        click.echo(f"saved {found.save(path)}")


def _sizes(text: str, name: str) -> Any:
    """`7` as a number, `3x5` as two."""
    parts = text.lower().replace("×", "x").split("x")
    try:
        sizes = tuple([int(part) for part in parts])
    except ValueError:
        raise ChalkgradError(f"{name} is a number such as 7, or two such as 3x5, and not '{text:.40}'") from None
    if len(sizes) > 2:
        raise ChalkgradError(f"{name} has {len(sizes)} sizes: a convolution is along one axis or two")
    return sizes[0] if len(sizes) == 1 else sizes

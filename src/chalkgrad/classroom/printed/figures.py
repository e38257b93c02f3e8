"""The figures that a sheet names: `row 10`, `convolution 10 7 3 3`, `network 100-100 100-10-100`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from chalkgrad.classroom.printed.layout import Picture
from chalkgrad.errors import SheetError, nearest
from chalkgrad.ops.windows import Window
from chalkgrad.render import convolution_picture
from chalkgrad.render.network import Column, network_picture
from chalkgrad.render.picture import INK, Box, Shape, Word
from chalkgrad.render.picture import Picture as Drawing

_KINDS = ("row", "convolution", "network")
_CELL, _MARGIN = 24.0, 14.0
_MOST = 40  # cells of a row


def figures(text: str) -> tuple[Picture, ...]:
    """The pictures of a figure.

    Raises SheetError where it is no figure.
    """
    kind, *rest = text.split()
    if kind not in _KINDS:
        raise SheetError(f"there is no figure '{kind:.40}'{nearest(kind, _KINDS)}; there is {', '.join(_KINDS)}")
    if kind == "network":
        return tuple([_network(spec, k, len(rest)) for k, spec in enumerate(rest)]) if rest else _bad(text)
    if not all(part.isdecimal() and len(part) < 6 for part in rest):
        return _bad(text)
    sizes = [int(part) for part in rest]
    if kind == "row" and len(sizes) == 1 and 0 < sizes[0] <= _MOST:
        return (Picture(_row(sizes[0])),)
    if kind == "convolution" and 2 <= len(sizes) <= 4:
        size, wide, padding, stride = (*sizes, *(0, 1)[len(sizes) - 2 :])
        return (Picture(convolution_picture.picture([Window(size, wide, padding=padding, stride=stride)])),)
    return _bad(text)


def _bad(text: str) -> tuple[Picture, ...]:
    raise SheetError(
        f"the figure '{text:.60}' is not understood; write 'row 10', 'convolution WIDTH FILTER PADDING STRIDE' or "
        "'network 100-10-100'"
    )


def _row(cells: int) -> Drawing:
    """Bare cells, with room at both ends for what is drawn there by hand."""
    left = _MARGIN + 4 * _CELL
    shapes: list[Shape] = [Box(left + k * _CELL, _MARGIN, _CELL, _CELL, "#fff", INK) for k in range(cells)]
    title = f"A row of {cells} empty cells."
    return Drawing(title, title, 2 * left + cells * _CELL, 2 * _MARGIN + _CELL, tuple(shapes), (), (), ())


def _network(spec: str, place: int, count: int) -> Picture:
    sizes = spec.split("-")
    if not all(re.fullmatch(r"[1-9]\d{0,5}", size) for size in sizes) or not 2 <= len(sizes) <= 8:
        (found,) = _bad(f"network {spec}")
        return found
    names = _layers(len(sizes))
    columns = [Column(int(size), name, "", "") for size, name in zip(sizes, names, strict=True)]
    called = f"Network {chr(ord('A') + place)}" if count > 1 else "Network"
    made = network_picture(columns, f"{called}: {', '.join(sizes)} units")
    label = Word(called, _MARGIN, _MARGIN, "start", 10, prose=True)
    return Picture(
        Drawing(
            made.title,
            made.description,
            made.width,
            made.height,
            made.shapes,
            (label, *made.words),
            made.columns,
            made.rows,
        )
    )


def _layers(count: int) -> Sequence[str]:
    inside = ["hidden"] if count == 3 else [f"hidden {k}" for k in range(1, count - 1)]
    return ["input", *inside, "output"]

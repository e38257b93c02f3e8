"""A network as a row of layers: units, the weights between them, and what each layer counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from chalkgrad.render.picture import FAINT, INK, LIGHT, WIRE, Disc, Picture, Shape, Stroke, Word

MOST_UNITS = 12
FIRST, LAST = 5, 3
STEP, RADIUS, GAP, MARGIN = 26.0, 9.0, 120.0, 30.0


@final
@dataclass(frozen=True, slots=True)
class Column:
    """One layer to draw: how many units, what they are called, and what stands below: the activation, the weights."""

    units: int
    name: str
    activation: str
    weights: str


def network_picture(columns: Sequence[Column], title: str) -> Picture:
    """The layers from left to right; of more than `MOST_UNITS` units the first and the last ones, dots between."""
    shown = [_rows(c.units) for c in columns]
    tallest = max(len(rows) for rows in shown)
    middle = MARGIN + 16 + tallest * STEP / 2
    places = [
        [(MARGIN + RADIUS + 20 + k * GAP, middle + (i - (len(rows) - 1) / 2) * STEP) for i in range(len(rows))]
        for k, rows in enumerate(shown)
    ]
    shapes: list[Shape] = []
    for left, right, rows_left, rows_right in zip(places, places[1:], shown, shown[1:], strict=False):
        for (x1, y1), unit in zip(left, rows_left, strict=True):
            for (x2, y2), other in zip(right, rows_right, strict=True):
                if unit is not None and other is not None:
                    shapes.append(Stroke(x1, y1, x2, y2, FAINT, 0.6))
    words: list[Word] = []
    below = middle + tallest * STEP / 2 + 10
    for k, (column, points, rows) in enumerate(zip(columns, places, shown, strict=True)):
        x = points[0][0]
        for (_, y), unit in zip(points, rows, strict=True):
            if unit is None:
                words.append(Word("⋮", x, y + 4, colour=WIRE))
            else:
                fill = LIGHT if 0 < k < len(columns) - 1 else "#fff"
                shapes.append(Disc(x, y, RADIUS, fill, INK))
        words.append(Word(column.name, x, MARGIN, size=10))
        words.append(
            Word(f"{column.units} {'unit' if column.units == 1 else 'units'}", x, below + 6, size=9, prose=True)
        )
        if column.activation:
            words.append(Word(column.activation, x, below + 20, size=9, colour=WIRE, prose=True))
        if column.weights:
            words.append(Word(column.weights, x - GAP / 2, below + 34, size=8.5, colour=WIRE))
    table = tuple([(c.name, str(c.units), c.activation or "none", c.weights or "none") for c in columns])
    width = 2 * (MARGIN + RADIUS + 20) + (len(columns) - 1) * GAP
    sizes = ", ".join(f"{c.name}: {c.units}" for c in columns)
    description = f"Layers of units from left to right, every unit joined to all of the next layer. {sizes}."
    heads = ("layer", "units", "activation", "weights into it")
    return Picture(title, description, width, below + 34 + MARGIN / 2, tuple(shapes), tuple(words), heads, table)


def _rows(units: int) -> list[int | None]:
    """The units that are drawn; None is the dots between the first and the last of a long layer."""
    if units <= MOST_UNITS:
        return list(range(units))
    return [*range(FIRST), None, *range(units - LAST, units)]

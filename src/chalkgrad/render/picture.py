"""Pictures that are no computation graphs: cells, units and lines, with words; as SVG and PNG.

Letters are outlines, as in all drawings, so that a picture looks the same everywhere; what it shows stands in a table
too, which is read and not seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, final

from chalkgrad.render.svg_parts import Letters, frame, prefix_of, short, table
from chalkgrad.render.typeset import SIZE, typeset

INK = "#1a1a1a"
WIRE = "#4a4a4a"
FAINT = "#b9b9b9"
PALE = "#f1f1f1"
MARK = "#046a38"
LIGHT = "#cfe8da"


@final
@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle; `x`, `y` is its upper left corner."""

    x: float
    y: float
    width: float
    height: float
    fill: str = "none"
    stroke: str = INK
    thick: float = 1.0
    dashed: bool = False


@final
@dataclass(frozen=True, slots=True)
class Disc:
    """A circle about `x`, `y`."""

    x: float
    y: float
    radius: float
    fill: str = "#fff"
    stroke: str = INK


@final
@dataclass(frozen=True, slots=True)
class Stroke:
    """A straight line."""

    x1: float
    y1: float
    x2: float
    y2: float
    colour: str = WIRE
    thick: float = 1.0


@final
@dataclass(frozen=True, slots=True)
class Word:
    """A label on the baseline `y`; `prose` sets words, else maths."""

    text: str
    x: float
    y: float
    anchor: Literal["start", "middle", "end"] = "middle"
    size: float = SIZE
    colour: str = INK
    prose: bool = False


Shape = Box | Disc | Stroke


@final
@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of `width` by `height` points, y growing downward; `columns` and `rows` say the same as a table."""

    title: str
    description: str
    width: float
    height: float
    shapes: tuple[Shape, ...]
    words: tuple[Word, ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def svg(picture: Picture) -> str:
    """The picture as an SVG document: the same bytes for the same picture."""
    prefix = prefix_of(picture, "p")
    size = (picture.width, picture.height)
    letters = Letters(prefix)
    drawn = [*map(_shape, picture.shapes), *_labels(picture, letters)]
    rows = table(picture.columns, picture.rows, size, picture.title)
    return frame(size, prefix, picture.title, picture.description, letters.outlines(), drawn, rows)


def _shape(shape: Shape) -> str:
    match shape:
        case Box():
            dash = ' stroke-dasharray="2.4 1.8"' if shape.dashed else ""
            return (
                f'<rect x="{short(shape.x)}" y="{short(shape.y)}" '
                f'width="{short(shape.width)}" height="{short(shape.height)}" '
                f'fill="{shape.fill}" stroke="{shape.stroke}" stroke-width="{short(shape.thick)}"{dash}/>'
            )
        case Disc():
            return (
                f'<circle cx="{short(shape.x)}" cy="{short(shape.y)}" r="{short(shape.radius)}" '
                f'fill="{shape.fill}" stroke="{shape.stroke}"/>'
            )
        case Stroke():
            return (
                f'<line x1="{short(shape.x1)}" y1="{short(shape.y1)}" x2="{short(shape.x2)}" y2="{short(shape.y2)}" '
                f'stroke="{shape.colour}" stroke-width="{short(shape.thick)}"/>'
            )


def _labels(picture: Picture, letters: Letters) -> list[str]:
    maths = typeset(word.text for word in picture.words if not word.prose)
    prose = typeset((word.text for word in picture.words if word.prose), prose=True)
    lines: list[str] = []
    for word in picture.words:
        label = (prose if word.prose else maths)[word.text]
        scale = word.size / SIZE
        x = word.x - {"start": 0.0, "middle": 0.5, "end": 1.0}[word.anchor] * label.width * scale
        lines.append(letters.label(label, x, word.y, scale, word.colour))
    return lines

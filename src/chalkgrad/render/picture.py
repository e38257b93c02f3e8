"""Pictures that are no computation graphs: cells, units and lines, with words; as SVG and PNG.

Letters are outlines, as in all drawings, so that a picture looks the same everywhere; what it shows stands in a table
too, which is read and not seen.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from html import escape
from typing import Literal, final

from chalkgrad.render.typeset import SIZE, clean, typeset

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
    # ids are shared by all drawings in a page, so they begin with what is only this drawing's
    prefix = "p" + hashlib.sha256(repr(picture).encode("utf-8", "backslashreplace")).hexdigest()[:10]
    width, height = _n(picture.width), _n(picture.height)
    title = escape(clean(picture.title))
    outlines, letters = _letters(picture, prefix)
    return "\n".join(
        [
            '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
            f'width="{width}pt" height="{height}pt" viewBox="0 0 {width} {height}" '
            f'role="group" aria-labelledby="{prefix}t">',
            f'<title id="{prefix}t">{title}</title>',
            f'<desc id="{prefix}d">{escape(clean(picture.description))}</desc>',
            f"<defs>{''.join(outlines)}</defs>",
            f'<rect width="{width}" height="{height}" fill="#fff"/>',
            f'<g role="img" aria-labelledby="{prefix}t" aria-describedby="{prefix}d">',
            *map(_shape, picture.shapes),
            *letters,
            "</g>",
            *_table(picture, title),
            "</svg>\n",
        ]
    )


def _shape(shape: Shape) -> str:
    match shape:
        case Box():
            dash = ' stroke-dasharray="2.4 1.8"' if shape.dashed else ""
            return (
                f'<rect x="{_n(shape.x)}" y="{_n(shape.y)}" width="{_n(shape.width)}" height="{_n(shape.height)}" '
                f'fill="{shape.fill}" stroke="{shape.stroke}" stroke-width="{_n(shape.thick)}"{dash}/>'
            )
        case Disc():
            return (
                f'<circle cx="{_n(shape.x)}" cy="{_n(shape.y)}" r="{_n(shape.radius)}" '
                f'fill="{shape.fill}" stroke="{shape.stroke}"/>'
            )
        case Stroke():
            return (
                f'<line x1="{_n(shape.x1)}" y1="{_n(shape.y1)}" x2="{_n(shape.x2)}" y2="{_n(shape.y2)}" '
                f'stroke="{shape.colour}" stroke-width="{_n(shape.thick)}"/>'
            )


def _letters(picture: Picture, prefix: str) -> tuple[list[str], list[str]]:
    """The outlines that are used, each once, and the labels made of them."""
    maths = typeset(word.text for word in picture.words if not word.prose)
    prose = typeset((word.text for word in picture.words if word.prose), prose=True)
    ids: dict[str, str] = {}
    lines: list[str] = []
    for word in picture.words:
        label = (prose if word.prose else maths)[word.text]
        scale = word.size / SIZE
        x = word.x - {"start": 0.0, "middle": 0.5, "end": 1.0}[word.anchor] * label.width * scale
        uses: list[str] = []
        for glyph in label.glyphs:
            id = ids.setdefault(glyph.outline, f"{prefix}g{len(ids)}")
            rise = f' y="{_n(glyph.y)}"' if glyph.y else ""
            uses.append(f'<use xlink:href="#{id}" x="{_n(glyph.x)}"{rise}/>')
        where = f"matrix({_n(scale)} 0 0 -{_n(scale)} {_n(x)} {_n(word.y)})"
        lines.append(f'<g fill="{word.colour}" transform="{where}">{"".join(uses)}</g>')
    return [f'<path id="{id}" d="{outline}"/>' for outline, id in ids.items()], lines


def _table(picture: Picture, title: str) -> list[str]:
    """The table: text of no colour, spread over the picture so that no reader takes it for off screen."""
    step = picture.height / (len(picture.rows) + 2)
    lines = [f'<g role="table" aria-label="{title}" fill="#000" fill-opacity="0" font-size="{_n(min(8.0, step))}">']
    for index, row in enumerate((picture.columns, *picture.rows)):
        role = "cell" if index else "columnheader"
        wide = picture.width / (len(row) + 1)
        cells = [
            f'<text role="{role}" x="{_n(wide * place)}" y="{_n(step * (index + 1))}">{escape(clean(cell))}</text>'
            for place, cell in enumerate(row)
        ]
        lines.append(f'<g role="row">{"".join(cells)}</g>')
    return [*lines, "</g>"]


def _n(number: float) -> str:
    """A number in as few letters as it takes."""
    return f"{number:.2f}".rstrip("0").rstrip(".")

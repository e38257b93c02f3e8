"""What every SVG here is made of: its frame with title and description, its letters, and the table behind it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from html import escape
from typing import final

from chalkgrad.render.typeset import Label, clean


def prefix_of(drawn: object, letter: str) -> str:
    """What the ids of a drawing begin with: ids are shared by all drawings in a page, so it is only this drawing's."""
    return letter + hashlib.sha256(repr(drawn).encode("utf-8", "backslashreplace")).hexdigest()[:10]


def frame(
    size: tuple[float, float],
    prefix: str,
    title: str,
    description: str,
    outlines: Iterable[str],
    picture: Iterable[str],
    table: Iterable[str],
) -> str:
    """The document. An image's contents are hidden from screen readers, so picture and table stand side by side."""
    width, height = map(short, size)
    return "\n".join(
        [
            '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
            f'width="{width}pt" height="{height}pt" viewBox="0 0 {width} {height}" '
            f'role="group" aria-labelledby="{prefix}t">',
            f'<title id="{prefix}t">{escaped(title)}</title>',
            f'<desc id="{prefix}d">{escaped(description)}</desc>',
            "<defs>",
            *outlines,
            "</defs>",
            f'<rect width="{width}" height="{height}" fill="#fff"/>',
            f'<g role="img" aria-labelledby="{prefix}t" aria-describedby="{prefix}d">',
            *picture,
            "</g>",
            *table,
            "</svg>\n",
        ]
    )


@final
class Letters:
    """Labels made of outlines, each of which stands in the document once."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.ids: dict[str, str] = {}

    def label(self, label: Label, x: float, y: float, scale: float, colour: str, *, bold: bool = False) -> str:
        """The label with its left end on the baseline at `x`, `y`; a line about its letters makes it bold."""
        uses: list[str] = []
        for glyph in label.glyphs:
            id = self.ids.setdefault(glyph.outline, f"{self.prefix}g{len(self.ids)}")
            rise = f' y="{short(glyph.y)}"' if glyph.y else ""
            uses.append(f'<use xlink:href="#{id}" x="{short(glyph.x)}"{rise}/>')
        where = f"matrix({short(scale)} 0 0 -{short(scale)} {short(x)} {short(y)})"
        thick = f' stroke="{colour}" stroke-width="0.45"' if bold else ""
        return f'<g fill="{colour}"{thick} transform="{where}">{"".join(uses)}</g>'

    def outlines(self) -> list[str]:
        """Those that were used."""
        return [f'<path id="{id}" d="{outline}"/>' for outline, id in self.ids.items()]


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], size: tuple[float, float], title: str) -> list[str]:
    """The table: text of no colour, spread over the picture so that no reader takes it for off screen."""
    if not columns and not rows:
        return []
    width, height = size
    step = height / (len(rows) + 2)
    letter = short(min(8.0, step))
    lines = [
        f'<g role="table" aria-label="{escaped(title)}" fill="#000" fill-opacity="0" font-size="{letter}">',
    ]
    for index, row in enumerate((columns, *rows)):
        role = "cell" if index else "columnheader"
        wide = width / (len(row) + 1)
        cells = [
            f'<text role="{role}" x="{short(wide * place)}" y="{short(step * (index + 1))}">{escaped(cell)}</text>'
            for place, cell in enumerate(row)
        ]
        lines.append(f'<g role="row">{"".join(cells)}</g>')
    return [*lines, "</g>"]


def escaped(text: str) -> str:
    """A person's text, as text of the document."""
    return escape(clean(text))


def short(number: float) -> str:
    """A number in as few letters as it takes."""
    return f"{number:.2f}".rstrip("0").rstrip(".")

"""The drawing as SVG, and as PNG.

Letters are outlines, so it looks the same everywhere; what they say is in a table that is read but not seen.
An image's contents are hidden from screen readers, so the picture (`role="img"`) and the table stand side by
side in a group.
"""

from __future__ import annotations

import hashlib
from html import escape

from chalkgrad.render.diagram import Diagram
from chalkgrad.render.layout import place
from chalkgrad.render.placed import Placed, Role
from chalkgrad.render.typeset import clean, svg_to_png, typeset

INK = "#1a1a1a"
WIRE = "#4a4a4a"
COLOURS: dict[Role, str] = {
    "name": INK,
    "sign": INK,
    "value": "#046a38",
    "gradient": "#b3121d",
    "label": "#555555",
    "note": "#555555",
}


def svg(diagram: Diagram) -> str:
    """The diagram as an SVG document: the same bytes for the same diagram."""
    return document(diagram, place(diagram))


def png(diagram: Diagram, scale: float = 2.0) -> bytes:
    """The diagram as a PNG, `scale` pixels to a point."""
    return svg_to_png(svg(diagram), scale)


def document(diagram: Diagram, placed: Placed) -> str:
    """A diagram that was laid out, as an SVG document."""
    # ids are shared by all drawings in a page, so they begin with what is only this drawing's
    prefix = "c" + hashlib.sha256(repr(diagram).encode("utf-8", "backslashreplace")).hexdigest()[:10]
    width, height = _n(placed.width), _n(placed.height)
    title = _text(diagram.title) or "computation graph"
    glyphs, picture = _letters(placed, prefix)
    return "\n".join(
        [
            '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
            f'width="{width}pt" height="{height}pt" viewBox="0 0 {width} {height}" '
            f'role="group" aria-labelledby="{prefix}t">',
            f'<title id="{prefix}t">{title}</title>',
            f'<desc id="{prefix}d">{_text(diagram.description)}</desc>',
            "<defs>",
            *glyphs,
            "</defs>",
            f'<rect width="{width}" height="{height}" fill="#fff"/>',
            f'<g role="img" aria-labelledby="{prefix}t" aria-describedby="{prefix}d">',
            *_wires(placed),
            *_gates(placed),
            *picture,
            "</g>",
            *_table(diagram, placed, title),
            "</svg>\n",
        ]
    )


def _wires(placed: Placed) -> list[str]:
    lines = [f'<g fill="none" stroke="{WIRE}" stroke-width="1.1" stroke-linecap="round" stroke-linejoin="round">']
    for line in placed.lines:
        steps = ["M" + _pairs(line.path[0])]
        steps += [("C" if len(step) == 6 else "L") + _pairs(step) for step in line.path[1:]]
        lines.append(f'<path d="{"".join(steps)}"/>')
    lines.append("</g>")
    lines += [f'<circle cx="{_n(x)}" cy="{_n(y)}" r="2.2" fill="{WIRE}"/>' for x, y in placed.forks]
    return lines


def _gates(placed: Placed) -> list[str]:
    lines = [f'<g fill="#fff" stroke="{INK}" stroke-width="1.2">']
    for gate in placed.gates:
        if gate.half_width == gate.radius:
            lines.append(f'<circle cx="{_n(gate.x)}" cy="{_n(gate.y)}" r="{_n(gate.radius)}"/>')
        else:
            x, y = _n(gate.x - gate.half_width), _n(gate.y - gate.radius)
            size = f'width="{_n(2 * gate.half_width)}" height="{_n(2 * gate.radius)}"'
            lines.append(f'<rect x="{x}" y="{y}" {size} rx="{_n(gate.radius)}"/>')
    lines.append("</g>")
    for slot in placed.slots:
        box = f'x="{_n(slot.x)}" y="{_n(slot.y)}" width="{_n(slot.width)}" height="{_n(slot.height)}"'
        colour = COLOURS[slot.role]
        lines.append(f'<rect {box} rx="2" fill="none" stroke="{colour}" stroke-width="0.7" stroke-dasharray="2 1.6"/>')
    return lines


def _letters(placed: Placed, prefix: str) -> tuple[list[str], list[str]]:
    """The outlines that are used, each once, and the labels made of them."""
    maths = typeset(text.text for text in placed.texts if text.role != "note")
    prose = typeset((text.text for text in placed.texts if text.role == "note"), prose=True)
    ids: dict[str, str] = {}
    lines: list[str] = []
    for text in placed.texts:
        scale = _n(text.scale)
        uses: list[str] = []
        for glyph in (prose if text.role == "note" else maths)[text.text].glyphs:
            id = ids.setdefault(glyph.outline, f"{prefix}g{len(ids)}")
            rise = f' y="{_n(glyph.y)}"' if glyph.y else ""
            uses.append(f'<use xlink:href="#{id}" x="{_n(glyph.x)}"{rise}/>')
        where = f"matrix({scale} 0 0 -{scale} {_n(text.x)} {_n(text.y)})"
        lines.append(f'<g fill="{COLOURS[text.role]}" transform="{where}">{"".join(uses)}</g>')
    return [f'<path id="{id}" d="{outline}"/>' for outline, id in ids.items()], lines


def _table(diagram: Diagram, placed: Placed, title: str) -> list[str]:
    """The table: text of no colour, spread over the picture so that no reader takes it for off screen."""
    if not diagram.columns and not diagram.rows:
        return []
    step = placed.height / (len(diagram.rows) + 2)
    size = _n(min(8.0, step))
    lines = [f'<g role="table" aria-label="{title}" fill="#000" fill-opacity="0" font-size="{size}">']
    for index, row in enumerate((diagram.columns, *diagram.rows)):
        role = "cell" if index else "columnheader"
        wide = placed.width / (len(row) + 1)
        cells = [
            f'<text role="{role}" x="{_n(wide * place)}" y="{_n(step * (index + 1))}">{_text(cell)}</text>'
            for place, cell in enumerate(row)
        ]
        lines.append(f'<g role="row">{"".join(cells)}</g>')
    lines.append("</g>")
    return lines


def _text(text: str) -> str:
    return escape(clean(text))


def _pairs(numbers: tuple[float, ...]) -> str:
    return " ".join(map(_n, numbers))


def _n(number: float) -> str:
    """A number in as few letters as it takes."""
    return f"{number:.2f}".rstrip("0").rstrip(".")

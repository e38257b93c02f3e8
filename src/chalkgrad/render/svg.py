"""The drawing as SVG, and as PNG.

Letters are outlines, so it looks the same everywhere; what they say is in a table that is read but not seen.
"""

from __future__ import annotations

from chalkgrad.render.diagram import Diagram
from chalkgrad.render.layout import place
from chalkgrad.render.placed import Placed, Role
from chalkgrad.render.svg_parts import Letters, frame, prefix_of, short, table
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
    rooms = diagram.rooms
    prefix = prefix_of((diagram, rooms) if rooms else diagram, "c")
    size = (placed.width, placed.height)
    title = clean(diagram.title) or "computation graph"
    letters = Letters(prefix)
    picture = [*_wires(placed), *_gates(placed), *_labels(placed, letters)]
    rows = table(diagram.columns, diagram.rows, size, title)
    return frame(size, prefix, title, diagram.description, letters.outlines(), picture, rows)


def _wires(placed: Placed) -> list[str]:
    lines = [f'<g fill="none" stroke="{WIRE}" stroke-width="1.1" stroke-linecap="round" stroke-linejoin="round">']
    for line in placed.lines:
        steps = ["M" + _pairs(line.path[0])]
        steps += [("C" if len(step) == 6 else "L") + _pairs(step) for step in line.path[1:]]
        lines.append(f'<path d="{"".join(steps)}"/>')
    lines.append("</g>")
    lines += [f'<circle cx="{short(x)}" cy="{short(y)}" r="2.2" fill="{WIRE}"/>' for x, y in placed.forks]
    return lines


def _gates(placed: Placed) -> list[str]:
    lines = [f'<g fill="#fff" stroke="{INK}" stroke-width="1.2">']
    for gate in placed.gates:
        if gate.half_width == gate.radius:
            lines.append(f'<circle cx="{short(gate.x)}" cy="{short(gate.y)}" r="{short(gate.radius)}"/>')
        else:
            x, y = short(gate.x - gate.half_width), short(gate.y - gate.radius)
            size = f'width="{short(2 * gate.half_width)}" height="{short(2 * gate.radius)}"'
            lines.append(f'<rect x="{x}" y="{y}" {size} rx="{short(gate.radius)}"/>')
    lines.append("</g>")
    for slot in placed.slots:
        box = f'x="{short(slot.x)}" y="{short(slot.y)}" width="{short(slot.width)}" height="{short(slot.height)}"'
        colour = COLOURS[slot.role]
        lines.append(f'<rect {box} rx="2" fill="none" stroke="{colour}" stroke-width="0.7" stroke-dasharray="2 1.6"/>')
    return lines


def _labels(placed: Placed, letters: Letters) -> list[str]:
    maths = typeset(text.text for text in placed.texts if text.role != "note")
    prose = typeset((text.text for text in placed.texts if text.role == "note"), prose=True)
    return [
        letters.label(
            (prose if text.role == "note" else maths)[text.text],
            text.x,
            text.y,
            text.scale,
            COLOURS[text.role],
            bold=bool(text.slot),
        )
        for text in placed.texts
    ]


def _pairs(numbers: tuple[float, ...]) -> str:
    return " ".join(map(short, numbers))

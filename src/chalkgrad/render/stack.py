"""Placed drawings moved, and set one under another: σ as one gate above the same function in four."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from chalkgrad.render.diagram import Diagram
from chalkgrad.render.fitting import LONGEST_NOTE
from chalkgrad.render.layout import MARGIN, place
from chalkgrad.render.placed import Placed, Text
from chalkgrad.render.typeset import typeset

_BETWEEN = 10.0
_LEAD = 4.0


def placed(diagrams: Sequence[Diagram]) -> tuple[Diagram, Placed]:
    """One drawing of them all, each under its note where there is more than one; and what it says."""
    if len(diagrams) == 1:
        return diagrams[0], place(diagrams[0])
    first = diagrams[0]
    parts = [place(d) for d in diagrams]
    whole = replace(
        first,
        description=" ".join(d.description for d in diagrams),
        rows=tuple(row for d in diagrams for row in d.rows),
        note="",
    )
    return whole, stacked(parts, [f"{len([n for n in d.nodes if n.kind == 'gate'])} gates" for d in diagrams])


def stacked(parts: Sequence[Placed], captions: Sequence[str]) -> Placed:
    """The drawings one under another, each below its caption."""
    width, top = max(p.width for p in parts), 0.0
    moved: list[Placed] = []
    for part, caption in zip(parts, captions, strict=True):
        (line,) = lines([caption], MARGIN, top + MARGIN)
        height = line.y + line.descent - top
        part = shifted(part, 0.0, top + height)
        moved.append(replace(part, texts=(line, *part.texts)))
        top += height + (part.height + _BETWEEN)
    return Placed(
        width,
        round(top - _BETWEEN, 2),
        tuple(gate for p in moved for gate in p.gates),
        tuple(line for p in moved for line in p.lines),
        tuple(fork for p in moved for fork in p.forks),
        tuple(text for p in moved for text in p.texts),
        tuple(slot for p in moved for slot in p.slots),
    )


def lines(texts: Sequence[str], x: float, top: float, scale: float = 1.0) -> list[Text]:
    """Lines of words under each other."""
    cut = [t if len(t) <= LONGEST_NOTE else t[: LONGEST_NOTE - 1] + "…" for t in texts]
    sizes = typeset(cut, prose=True)
    found: list[Text] = []
    for text in cut:
        size = sizes[text]
        y = top + size.ascent * scale
        extent = (size.width * scale, size.ascent * scale, size.descent * scale)
        found.append(Text(text, "note", round(x, 2), round(y, 2), *extent, scale))
        top = y + size.descent * scale + _LEAD
    return found


def shifted(placed: Placed, dx: float, dy: float) -> Placed:
    """The drawing moved, in the frame that it had."""

    def move(step: tuple[float, ...]) -> tuple[float, ...]:
        return tuple(round(number + (dy if i % 2 else dx), 2) for i, number in enumerate(step))

    return replace(
        placed,
        gates=tuple(replace(g, x=round(g.x + dx, 2), y=round(g.y + dy, 2)) for g in placed.gates),
        lines=tuple(replace(line, path=tuple(map(move, line.path))) for line in placed.lines),
        forks=tuple((round(x + dx, 2), round(y + dy, 2)) for x, y in placed.forks),
        texts=tuple(replace(t, x=round(t.x + dx, 2), y=round(t.y + dy, 2)) for t in placed.texts),
        slots=tuple(replace(s, x=round(s.x + dx, 2), y=round(s.y + dy, 2)) for s in placed.slots),
    )

"""Whether a diagram fits a drawing: its columns, its long wires, and the length of its labels."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from chalkgrad.render.columns import ranks
from chalkgrad.render.diagram import Diagram

LONGEST = 28  # letters of a label
LONGEST_NOTE = 160
HUB = 9  # from so many uses on, the wires of a value share a trunk
_MOST = 12_000  # things to be laid out: some seconds


def fits(diagram: Diagram) -> bool:
    """Whether a diagram is small enough, its long wires counted, to be laid out."""
    return fitting_ranks(diagram) is not None


def fitting_ranks(diagram: Diagram) -> dict[str, int] | None:
    """Columns that keep the drawing to a size that can be laid out, and looked at; None where there are none."""
    uses = Counter(wire.source for wire in diagram.wires)
    for late, most in ((False, _MOST // 2), (True, _MOST)):
        rank = ranks(diagram, late=late)
        span: dict[object, int] = {}
        for index, wire in enumerate(diagram.wires):
            key = wire.source if uses[wire.source] >= HUB else index
            span[key] = max(span.get(key, 0), 2 * (rank[wire.target] - rank[wire.source]))
        if len(diagram.nodes) + len(diagram.wires) + sum(span.values()) <= most:
            return rank
    return None


def shortened(diagram: Diagram) -> Diagram:
    """The diagram with labels that fit a drawing; what is left out is in its table."""

    def cut(text: str, most: int = LONGEST) -> str:
        return text if len(text) <= most else text[: most - 1] + "…"

    nodes = tuple(
        replace(n, sign=cut(n.sign), name=cut(n.name), value=cut(n.value), gradient=cut(n.gradient))
        for n in diagram.nodes
    )
    wires = tuple(replace(w, value=cut(w.value), gradient=cut(w.gradient), label=cut(w.label)) for w in diagram.wires)
    return replace(diagram, nodes=nodes, wires=wires, note=cut(diagram.note, LONGEST_NOTE))

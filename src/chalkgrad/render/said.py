"""Something said twice: in one line of text, and as boxes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from chalkgrad.render.maths import Box, Prose, Sign, equation, row


@final
@dataclass(frozen=True, slots=True)
class Said:
    """Something said twice: in one line of text, and as boxes."""

    text: str
    box: Box


def equal(*sides: Said) -> Said:
    """`a = b = c`; what would only repeat the side before it is left out."""
    kept = [s for i, s in enumerate(sides) if i == 0 or s.text != sides[i - 1].text]
    return Said(" = ".join(s.text for s in kept), equation(*[s.box for s in kept]))


def words(text: str) -> Said:
    """Words of a sentence; a space at either end is a sign of its own, which no layout drops."""
    ends = [Sign(" ")] * text.startswith(" "), [Sign(" ")] * text.endswith(" ")
    return Said(text, row(*ends[0], Prose(text.strip()), *ends[1]))


def beside(*parts: Said) -> Said:
    """The parts side by side, with nothing between them."""
    return Said("".join(p.text for p in parts), row(*[p.box for p in parts]))

"""A drawing with coordinates, in points, y growing downward: what SVG and TikZ are both written from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, final

Role = Literal["name", "sign", "value", "gradient", "label", "note"]
Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""
Path = tuple[tuple[float, ...], ...]
"""The start ``(x, y)``, then lines ``(x, y)`` and cubic curves ``(x1, y1, x2, y2, x, y)``."""


@final
@dataclass(frozen=True, slots=True)
class Text:
    """A label: `x`, `y` is the left end of its baseline, `scale` its size in terms of `typeset`'s.

    `slot` is the id of the slot that it fills in: an answer of a key.
    """

    text: str
    role: Role
    x: float
    y: float
    width: float
    ascent: float
    descent: float
    scale: float
    slot: str = ""

    @property
    def box(self) -> Box:
        return self.x, self.y - self.ascent, self.x + self.width, self.y + self.descent


@final
@dataclass(frozen=True, slots=True)
class Gate:
    """A circle about `x`, `y`; a wide sign makes it a rectangle with round ends."""

    id: str
    x: float
    y: float
    half_width: float
    radius: float

    @property
    def box(self) -> Box:
        return self.x - self.half_width, self.y - self.radius, self.x + self.half_width, self.y + self.radius


@final
@dataclass(frozen=True, slots=True)
class Line:
    """A wire from boundary to boundary, or with no target the stub that leaves a node.

    Of the wires of a value with many uses, one has the trunk, and the others begin on it.
    """

    source: str
    target: str
    path: Path


@final
@dataclass(frozen=True, slots=True)
class Slot:
    """Room to write a value or a gradient on a worksheet; `x`, `y` is its upper left corner.

    `id` is the blank's, where a sheet asks for some and not for all.
    """

    role: Role
    x: float
    y: float
    width: float
    height: float
    id: str = ""

    @property
    def box(self) -> Box:
        return self.x, self.y, self.x + self.width, self.y + self.height


@final
@dataclass(frozen=True, slots=True)
class Placed:
    """The whole drawing. `forks` are the points where a value divides."""

    width: float
    height: float
    gates: tuple[Gate, ...]
    lines: tuple[Line, ...]
    forks: tuple[tuple[float, float], ...]
    texts: tuple[Text, ...]
    slots: tuple[Slot, ...]

"""What every drawing backend is given: nodes, wires, and the same content as a table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, final


@final
@dataclass(frozen=True, slots=True)
class Room:
    """Room of a fixed size to write one answer of a worksheet: `id` is the blank's.

    A key prints the answer inside of it, so that nothing moves between the two.
    """

    id: str
    width: float = 44.0
    height: float = 18.0


Rooms = tuple[Room | None, Room | None]
"""The room for the value, and that for the gradient."""


@final
@dataclass(frozen=True, slots=True)
class Node:
    """An input, a gate or the output.

    Attributes
    ----------
    sign : str
        What stands in a gate's circle (``+``, ``×``, ``σ``, ``*-1``, ``^2``); ``""`` for others.
    name : str
        The variable's printed name, ``""`` where it has none.
    value, gradient : str
        What stands above and below the stub that leaves the node: an input's value and gradient, and at a
        fork the sum of what the wires send back.
    symmetric : bool
        Whether the wires into it may be drawn in any order, as they may for + and ×.
    rooms : Rooms
        Where a worksheet asks for what stands at the stub.
    """

    id: str
    kind: Literal["input", "gate", "output"]
    sign: str
    name: str
    value: str = ""
    gradient: str = ""
    symmetric: bool = False
    rooms: Rooms = field(default=(None, None), repr=False)


@final
@dataclass(frozen=True, slots=True)
class Wire:
    """One use of a node's value: ``value`` is printed above, ``gradient`` below, ``""`` is blank."""

    source: str
    target: str
    value: str
    gradient: str
    label: str = ""
    rooms: Rooms = field(default=(None, None), repr=False)


@final
@dataclass(frozen=True, slots=True)
class Diagram:
    """A drawing's whole content.

    Attributes
    ----------
    wires : tuple of Wire
        In argument order per target; the output has one, which carries the function's value.
    columns, rows
        The same content as a table, for screen readers.
    blank : bool
        A worksheet: wherever a value or a gradient is ``""`` there is room to write it.
    note : str
        A line under the drawing.
    """

    title: str
    description: str
    nodes: tuple[Node, ...]
    wires: tuple[Wire, ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    blank: bool = False
    note: str = ""

    @property
    def rooms(self) -> tuple[Room, ...]:
        """Every place that a worksheet asks for."""
        return tuple([room for one in (*self.nodes, *self.wires) for room in one.rooms if room is not None])

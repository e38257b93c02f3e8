"""Where the values of a function of C lie."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import final

from chalkgrad.ir.dims import Shape


@final
@dataclass(frozen=True)
class Held:
    """Where a value lies: a scalar's text, or the name of its first entry; `writes` where it is written to."""

    text: str
    scalar: bool


def size_of(shape: Shape) -> int:
    """How many entries there are; sizes that have only a name were refused before."""
    return prod([n for n in shape if isinstance(n, int)])

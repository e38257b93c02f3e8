"""What is to be said about the answers as they came: rows that name nothing, that stand twice, that hide something."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import final

MOST_KEPT = 10_000
"""Remarks beyond these are counted and not kept."""


@final
@dataclass(frozen=True, slots=True)
class Remark:
    """`place` says where in the answers: `line 7`. `left_out` is set where something was not marked because of it."""

    place: str
    text: str
    left_out: bool = False

    def __str__(self) -> str:
        return f"{self.place}: {self.text}" if self.place else self.text


@final
@dataclass(slots=True)
class Remarks:
    """Remarks in the order in which they were made."""

    kept: list[Remark] = field(default_factory=list)
    count: int = 0
    left_out: int = 0

    def add(self, place: str, text: str, *, left_out: bool = False) -> None:
        """Note one."""
        self.count += 1
        self.left_out += left_out
        if len(self.kept) < MOST_KEPT:
            self.kept.append(Remark(place, text, left_out))

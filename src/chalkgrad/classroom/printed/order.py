"""The blanks of a question in the order in which its file asks for them."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from chalkgrad.classroom.sheets.blank import Blank, Question
from chalkgrad.classroom.sheets.sheet import Ask


def in_order(question: Question, blanks: Sequence[Blank]) -> list[Blank]:
    """The blanks as the file lists them; what one pattern finds stays in its order."""
    asks = question.part.asks
    counts: dict[str, int] = {}
    places: dict[str, float] = {}
    for blank in question.blanks:
        local = blank.id.rpartition(":")[2]
        bare, _, number = local.rpartition(".")
        kind = bare if number.isdecimal() and bare else local
        counts[kind] = counts.get(kind, 0) + 1
        places[blank.id] = _place(local, kind, counts[kind], blank, asks)
    return sorted(blanks, key=lambda blank: places[blank.id])


def _place(local: str, kind: str, nth: int, blank: Blank, asks: Sequence[Ask]) -> float:
    exact = [k for k, ask in enumerate(asks) if local in (ask.id, ask.pattern)]
    if exact:
        return exact[0]
    unnamed = [k for k, ask in enumerate(asks) if not ask.id and not ask.pattern and ask.kind == kind]
    if len(unnamed) >= nth:
        return unnamed[nth - 1]
    loose = [k for k, ask in enumerate(asks) if ask.pattern and _covers(ask.pattern, local, blank)]
    return loose[0] if loose else len(asks)


def _covers(pattern: str, local: str, blank: Blank) -> bool:
    if "*" in pattern:
        return fnmatchcase(local, pattern)
    head, _, rest = pattern.partition(".")
    if head in ("inputs", "stages"):
        return local.endswith("." + rest)
    ends = f".{head.removesuffix('s')}" + (f".{rest}" if rest else "")
    return local.endswith(ends) or blank.kind == head.removesuffix("s")

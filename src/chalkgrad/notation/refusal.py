"""Refusing what can be read in two ways, with both readings."""

from __future__ import annotations

from collections.abc import Iterable

from chalkgrad.errors import NotationError, nearest
from chalkgrad.notation.tree import Span

WIDTH = 48


def clip(text: str) -> str:
    """`text` on one line, and short enough for a message."""
    line = " ".join(text[: 4 * WIDTH].split())
    return line if len(line) <= WIDTH else line[: WIDTH // 2] + " … " + line[-WIDTH // 3 :]


def quote(source: str, span: Span) -> str:
    """What stands at `span`, fit for a message."""
    start, stop = span
    if stop - start > 4 * WIDTH:
        return f"{source[start : start + WIDTH // 2].strip()} … {source[stop - WIDTH // 3 : stop].strip()}"
    return clip(source[start:stop])


def refuse(source: str, span: Span, left: str, right: str) -> NotationError:
    """The error for a place with two readings."""
    problem = f"'{quote(source, span)}' has two readings: {clip(left)} or {clip(right)}; write the one you mean"
    return NotationError(problem, source, span)


def slip(word: str, known: Iterable[str]) -> str:
    """The suggestion for a word that is all but one of `known`; nothing for one that merely resembles it."""
    names = list(known)
    for name in names:
        if name.lower() == word.lower() or sorted(name) == sorted(word):
            return f"; did you mean '{name}'?"
    same = [n for n in names if abs(len(n) - len(word)) <= 1 and (set(n) <= set(word) or set(word) <= set(n))]
    return nearest(word, same)

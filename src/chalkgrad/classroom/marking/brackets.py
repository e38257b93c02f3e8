"""Where brackets close, and what stands between signs that stand in none: an equation's sides, a list's entries."""

from __future__ import annotations


def sides_of(text: str) -> list[str]:
    """The sides of an equation; an = within brackets, and that of a comparison, is none."""
    sides, depth, begin = list[str](), 0, 0
    for at, c in enumerate(text):
        depth += (c in "([{") - (c in ")]}")
        near = text[at - 1 : at] + text[at + 1 : at + 2]
        if c == "=" and depth <= 0 and not any(s in near for s in "<>!="):
            sides.append(text[begin:at])
            begin = at + 1
    return [*[s for s in sides if s.strip()], text[begin:]]


def closes(text: str) -> bool:
    """Whether what opens first closes at the end."""
    depth = 0
    for at, c in enumerate(text):
        depth += (c in "([{") - (c in ")]}")
        if not depth:
            return at == len(text) - 1
    return False


def split(text: str, signs: str) -> list[str]:
    """The parts between signs that stand in no bracket."""
    parts, depth, begin = list[str](), 0, 0
    for at, c in enumerate(text):
        depth += (c in "([{") - (c in ")]}")
        if c in signs and depth == 0:
            parts.append(text[begin:at])
            begin = at + 1
    return [*parts, text[begin:]]

"""The sides of an equation that a person wrote."""

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

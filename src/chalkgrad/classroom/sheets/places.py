"""On which line of a TOML file a table or a key stands, so that a fault in what it says can be shown there."""

from __future__ import annotations

import re

from chalkgrad.classroom.sheets.schema import Place

_HEADER = re.compile(r"^\s*\[\[?\s*([A-Za-z_.]+)\s*\]\]?")
_KEY = re.compile(r"^\s*(?:([A-Za-z0-9_-]+)|\"([^\"]+)\"|'([^']+)')\s*=")


def places(text: str) -> dict[Place, str]:
    """`line 14` for the places that a plain look finds; a place that it does not find is said by its name alone."""
    found: dict[Place, str] = {}
    counts: dict[Place, int] = {}
    table: Place = ()
    fence = ""
    for number, line in enumerate(text.split("\n"), 1):
        if fence:
            fence = "" if fence in line else fence
            continue
        if header := _HEADER.match(line):
            table = _table(header[1].split("."), line.lstrip().startswith("[["), counts)
            found.setdefault(table, f"line {number}")
        elif key := _KEY.match(line):
            found.setdefault((*table, key[1] or key[2] or key[3]), f"line {number}")
        opened = next((f for f in ('"""', "'''") if line.count(f) % 2), "")
        fence = opened or fence
    return found


def _table(names: list[str], several: bool, counts: dict[Place, int]) -> Place:
    """The place of a table: the last problem, its last part, and so on; a new entry where several may stand."""
    place: Place = ()
    for depth, name in enumerate(names):
        place = (*place, name)
        if several and depth == len(names) - 1:
            counts[place] = counts.get(place, -1) + 1
            for deeper in [p for p in counts if p[: len(place) + 1] == (*place, counts[place])]:
                del counts[deeper]
        if place in counts:
            place = (*place, counts[place])
    return place

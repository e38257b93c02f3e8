"""What a sheet file may hold: `sheet.schema.json` is the one description, and this reads it to say what is wrong.

Of JSON Schema, draft 2020-12, what that file uses: types, properties, bounds, patterns, and choices between keys.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

from chalkgrad.errors import SheetError, nearest

FILE = Path(__file__).with_name("sheet.schema.json")
Place: TypeAlias = tuple[str | int, ...]
Schema: TypeAlias = Mapping[str, Any]
SHOWN = 40
_WORDS = {
    "string": "text in quotes",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list in brackets",
    "object": "a table",
}


@cache
def schema() -> Schema:
    """The schema itself."""
    return json.loads(FILE.read_text(encoding="utf-8"))


def check(value: Any, where: Mapping[Place, str]) -> None:
    """Raise SheetError for the first thing in a file's contents that the schema refuses; `where` says lines."""
    for place, problem in _faults(schema(), value, ()):
        raise SheetError(problem, said(place, where))


def said(place: Place, where: Mapping[Place, str]) -> str:
    """`problem 2, part b, ask 1, names (line 14)`."""
    words: list[str] = []
    for depth, one in enumerate(place):
        if isinstance(one, int):
            words[-1] += f" {chr(97 + one) if place[depth - 1] == 'part' and one < 26 else one + 1}"
        else:
            words.append(one)
    line = next((where[place[:n]] for n in range(len(place), 0, -1) if place[:n] in where), "")
    return ", ".join(words) + (f" ({line})" if line else "")


def _faults(rule: Schema, value: Any, place: Place) -> Iterator[tuple[Place, str]]:
    """What is wrong with `value`, the outermost first."""
    rule = _resolved(rule)
    if "anyOf" in rule and any("type" in _resolved(r) for r in rule["anyOf"]):
        fitting = [r for r in rule["anyOf"] if _is(value, _types(_resolved(r)))]
        if not fitting:
            kinds = " or ".join(_WORDS[t] for r in rule["anyOf"] for t in _types(_resolved(r)))
            yield place, f"expected {kinds}, not {_shown(value)}"
        for one in fitting[:1]:
            yield from _faults(one, value, place)
        return
    kinds = _types(rule)
    if kinds and not _is(value, kinds):
        yield place, f"expected {' or '.join(_WORDS[k] for k in kinds)}, not {_shown(value)}"
        return
    if "enum" in rule and value not in rule["enum"]:
        yield place, f"{_shown(value)} is none of {', '.join(rule['enum'])}{nearest(str(value), rule['enum'])}"
    elif isinstance(value, str):
        yield from _of_text(rule, value, place)
    elif isinstance(value, Mapping):
        yield from _of_table(rule, value, place)
    elif isinstance(value, list):
        yield from _of_list(rule, value, place)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield from _of_number(rule, value, place)


def _of_text(rule: Schema, value: str, place: Place) -> Iterator[tuple[Place, str]]:
    if len(value) < rule.get("minLength", 0):
        yield place, "nothing stands here"
    if len(value) > rule.get("maxLength", len(value)):
        yield place, f"{len(value)} letters; {rule['maxLength']} are the most"
    if "pattern" in rule and not re.search(rule["pattern"], value):
        yield place, f"{_shown(value)} is no such name: {_NAMES.get(rule['pattern'], rule['pattern'])}"


_NAMES = {
    "^[A-Za-z0-9][A-Za-z0-9-]{0,39}$": "up to 40 letters from a to z, digits and -, as in 'backprop-1'",
    "^([a-z]{1,4}|[0-9]{1,2})$": "one to four small letters, as in 'a', or a number, as in '1'",
    "^[^\\s:,;\"'`]{1,60}$": "up to 60 letters, without spaces, quotes, commas and colons",
}


def _of_number(rule: Schema, value: float, place: Place) -> Iterator[tuple[Place, str]]:
    if value != value:
        yield place, "nan is no number that a sheet can hold"
    elif value < rule.get("minimum", value) or value > rule.get("maximum", value):
        low, high = rule.get("minimum", rule.get("exclusiveMinimum")), rule.get("maximum")
        yield place, f"{_shown(value)} is out of range: from {low} to {high}"
    elif "exclusiveMinimum" in rule and value <= rule["exclusiveMinimum"]:
        yield place, f"{_shown(value)} is out of range: more than {rule['exclusiveMinimum']}"


def _of_list(rule: Schema, value: Sequence[Any], place: Place) -> Iterator[tuple[Place, str]]:
    if len(value) < rule.get("minItems", 0):
        yield place, "the list is empty" if not value else f"{len(value)} entries; {rule['minItems']} are the fewest"
    if len(value) > rule.get("maxItems", len(value)):
        yield place, f"{len(value)} entries; {rule['maxItems']} are the most"
        return
    if "items" in rule:
        for index, one in enumerate(value):
            yield from _faults(rule["items"], one, (*place, index))


def _of_table(rule: Schema, value: Mapping[str, Any], place: Place) -> Iterator[tuple[Place, str]]:
    known: Mapping[str, Any] = rule.get("properties", {})
    others = rule.get("additionalProperties", {})
    for name in value:
        if name not in known and others is False:
            listed = "" if nearest(name, known) else f"; there is {', '.join(known)}"
            yield place, f"there is no key {_shown(name)} here{nearest(name, known)}{listed}"
    for name in rule.get("required", ()):
        if name not in value:
            yield place, f"'{name}' is missing"
    for one in (rule, *rule.get("allOf", ())):
        clash = one.get("not", {}).get("required", ())
        if clash and all(name in value for name in clash):
            yield place, f"{' and '.join(map(repr, clash))} both stand here: say one of them"
    choice = [r["required"] for r in rule.get("anyOf", ())]
    if choice and not any(all(name in value for name in names) for names in choice):
        yield place, f"one of {', '.join(repr(n) for names in choice for n in names)} is missing"
    for name, one in value.items():
        inside = known.get(name, others)
        if isinstance(inside, Mapping):
            yield from _faults(inside, one, (*place, name))


def _resolved(rule: Schema) -> Schema:
    while "$ref" in rule:
        rule = schema()["$defs"][rule["$ref"].rpartition("/")[2]]
    return rule


def _types(rule: Schema) -> Sequence[str]:
    kinds = rule.get("type", ())
    return (kinds,) if isinstance(kinds, str) else kinds


def _is(value: Any, kinds: Sequence[str]) -> bool:
    """Whether it is of one of these types; a truth value is no number, and a date is nothing here."""
    return any(_IS[kind](value) for kind in kinds)


_IS = {
    "string": lambda v: isinstance(v, str),
    "number": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
    "integer": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool) and v == v // 1,
    "boolean": lambda v: isinstance(v, bool),
    "array": lambda v: isinstance(v, list),
    "object": lambda v: isinstance(v, dict),
}


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = repr(value) if isinstance(value, (str, int, float)) else str(value)
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"

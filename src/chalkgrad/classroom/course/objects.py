"""Answers in JSON: rows, a person's answers by blank, or a class by person; one value, or one a line.

Numbers are kept as they were written: `0.40` is another answer than `0.4`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, final

from chalkgrad.classroom.course.collect import Collected, Place
from chalkgrad.classroom.course.visible import visible
from chalkgrad.errors import ChalkgradError

_FORMS = (
    '{"student": …, "variant": …, "answers": {"q.value": …}}, a list of these, or rows with student, blank and answer'
)


@final
class _Twice(dict[str, Any]):
    """An object in which a key stood twice; `pairs` are all that stood there."""

    pairs: Sequence[tuple[str, Any]] = ()


def read_value(text: str, into: Collected, *, source: str, student: str) -> None:
    """Read one JSON value. `student` is whose it is where it does not say so.

    Raises ChalkgradError where it is no JSON, or not of a form that is known.
    """
    where = f"{source}: " if source else ""
    value = _parsed(text, where, 0)
    if isinstance(value, list):
        for number, entry in enumerate(value, 1):
            _entry(entry, into, Place(source, number, "entry"), student)
    elif not isinstance(value, dict):
        raise ChalkgradError(f"{where}answers in JSON are {_FORMS}")
    elif "answers" in value or "blank" in value:
        _entry(value, into, Place(source, 0), student)
    else:
        for name, theirs in _pairs(value):
            _person(name, theirs, into, Place(source, 0))


def read_lines(lines: Iterable[str], into: Collected, *, source: str, student: str) -> None:
    """Read JSON lines; a line that is no JSON is remarked upon, and the rest is read."""
    where = f"{source}: " if source else ""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        place = Place(source, number)
        try:
            value = _parsed(line, where, number)
        except ChalkgradError as error:
            into.remarks.add("", f"{error}; left out", left_out=True)
            continue
        _entry(value, into, place, student)


def _entry(value: Any, into: Collected, place: Place, student: str) -> None:
    """One row, or one person's answers."""
    if not isinstance(value, dict) or not ("answers" in value or "blank" in value):
        into.remarks.add(str(place), f"this is none of {_FORMS}; left out", left_out=True)
        return
    name = _text(value.get("student")) or student
    if not name:
        into.remarks.add(str(place), "no student is named; left out", left_out=True)
    elif "answers" in value:
        _person(name, value, into, place)
    else:
        answer = _text(value.get("answer"))
        blank = _text(value.get("blank"))
        if answer is None or not blank:
            into.remarks.add(str(place), "blank and answer are texts or numbers; left out", left_out=True)
            return
        into.add(into.person(name, _variant(value), place), blank, answer, place)


def _person(name: str, value: Any, into: Collected, place: Place) -> None:
    answers = value.get("answers") if isinstance(value, dict) else None
    if not isinstance(answers, dict):
        said = f"the answers of '{visible(name, 60)}' are no {{blank: answer}}; left out"
        into.remarks.add(str(place), said, left_out=True)
        return
    theirs = into.person(name, _variant(value), place)
    for blank, given in _pairs(answers):
        answer = _text(given)
        if answer is None:
            said = f"the answer of '{visible(name, 60)}' to '{visible(blank, 60)}' is no text and no number; left out"
            into.remarks.add(str(place), said, left_out=True)
        else:
            into.add(theirs, blank, answer, place)


def _variant(value: Mapping[str, Any]) -> str:
    return _text(value.get("variant")) or _text(value.get("code")) or ""


def _text(value: Any) -> str | None:
    """A text; of a list the same in brackets; "" of nothing; None of what is no answer."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        parts = [_text(v) for v in value]
        return None if any(p is None for p in parts) else "[" + ", ".join([p or "" for p in parts]) + "]"
    return None


def _pairs(value: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    return value.pairs if isinstance(value, _Twice) else value.items()


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        made = _Twice(made)
        made.pairs = pairs
    return made


def _parsed(text: str, where: str, line: int) -> Any:
    try:
        return json.loads(text, parse_float=str, parse_int=str, parse_constant=str, object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        row = line or error.lineno
        raise ChalkgradError(f"{where}line {row}, column {error.colno}: this is no JSON: {error.msg}") from None
    except RecursionError:
        raise ChalkgradError(
            f"{where}{f'line {line}: ' if line else ''}the brackets of the JSON are too deep"
        ) from None

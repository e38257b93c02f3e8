"""Answers in a CSV: a row an answer (`student,variant,blank,answer`), or a row a person and a column a blank."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import final

from chalkgrad.classroom.course.collect import Collected, Place
from chalkgrad.classroom.course.visible import visible
from chalkgrad.errors import ChalkgradError

DELIMITERS = (",", ";", "\t")
STUDENT = ("student", "name", "id", "email", "email address", "username")
VARIANT = ("variant", "code")
_MOST_COLUMNS = 5000
_WIDEST = 300_000_000
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?', re.IGNORECASE)


@final
@dataclass(frozen=True, slots=True)
class _Columns:
    """Which column is what; `blanks` are the columns of a wide table, by number, with their heads."""

    student: int | None
    variant: int | None
    blank: int | None
    answer: int | None
    blanks: Mapping[int, str]
    width: int


def read_table(lines: Iterable[str], into: Collected, *, source: str, student: str) -> None:
    """Read a CSV, line by line. `student` is whose it is where no column says so; "" where that must be said.

    Raises ChalkgradError where the table cannot be read: no head, a quote that is never closed.
    """
    # the module's own bound is for every reader in the process, and a hostile answer may be longer
    before = csv.field_size_limit(_WIDEST)
    try:
        _read(iter(lines), into, source, student)
    except csv.Error as error:
        raise ChalkgradError(f"{source or 'the table'} is no CSV: {error}") from None
    finally:
        csv.field_size_limit(before)


def _read(lines: Iterator[str], into: Collected, source: str, student: str) -> None:
    where = f"{source}: " if source else ""
    head, skipped = _first(lines)
    separator = _SEPARATOR_LINE.fullmatch(head.strip())
    if separator:  # Excel's own way to say it
        delimiter = separator[1]
        head, more = _first(lines)
        skipped += more
    else:
        delimiter = max(DELIMITERS, key=lambda d: _known(_split(head, d), into))
    if not head:
        raise ChalkgradError(
            f"{where}there are no answers: the first line names the columns, student,variant,blank,answer"
        )
    columns = _columns(_split(head, delimiter), into, Place(source, skipped), where, student)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    start = skipped + 1
    while True:
        opened = start + reader.line_num
        try:
            row = next(reader, None)
        except csv.Error as error:
            if "end of data" in str(error):
                raise ChalkgradError(f"{where}a quote is opened and never closed in the row of line {opened}") from None
            raise ChalkgradError(f"{where}line {start + reader.line_num - 1} is no CSV: {error}") from None
        if row is None:
            return
        if any(row):
            _take(row, columns, into, Place(source, opened), student)


def _take(row: Sequence[str], columns: _Columns, into: Collected, place: Place, student: str) -> None:
    name = _at(row, columns.student) or student
    if not name.strip():
        into.remarks.add(str(place), "no student is named; left out", left_out=True)
        return
    if any(row[columns.width :]):
        more = visible(" ".join(row[columns.width :]), 40)
        told = f"more stands behind the last column: '{more}'; an answer with a comma in it stands in quotes; left out"
        into.remarks.add(str(place), told, left_out=True)
        return
    answers = into.person(name, _at(row, columns.variant), place)
    if columns.blank is not None:
        if not _at(row, columns.blank).strip():
            into.remarks.add(str(place), "no blank is named; left out", left_out=True)
            return
        into.add(answers, row[columns.blank], _at(row, columns.answer), place)
    else:
        for number, head in columns.blanks.items():
            text = _at(row, number)
            if text.strip():
                into.add(answers, head, text, place)


def _columns(heads: Sequence[str], into: Collected, place: Place, where: str, student: str) -> _Columns:
    plain = [h.strip().casefold() for h in heads]

    def find(names: Sequence[str]) -> int | None:
        return next((plain.index(n) for n in names if n in plain), None)

    who, variant, blank, answer = find(STUDENT), find(VARIANT), find(("blank",)), find(("answer",))
    shown = visible(", ".join(heads), 100)
    if who is None and not student:
        raise ChalkgradError(
            f"{where}no column is called student; the first line names the columns, and it is: {shown}"
        )
    if (blank is None) != (answer is None):
        missing = "blank" if blank is None else "answer"
        raise ChalkgradError(f"{where}no column is called {missing}; the first line is: {shown}")
    if len(heads) > _MOST_COLUMNS:
        raise ChalkgradError(f"{where}there are over {_MOST_COLUMNS} columns")
    blanks: dict[int, str] = {}
    if blank is None:
        for number, head in enumerate(heads):
            if number in (who, variant) or not head.strip():
                continue
            if into.names.find(head) is None:
                told = into.names.why_not(head)
                into.remarks.add(f"{place}, column {number + 1}", f"{told}; the column is left out", left_out=True)
            else:
                blanks[number] = head
        if not blanks:
            told = "no column is a blank of this sheet, nor are there columns blank and answer"
            raise ChalkgradError(f"{where}{told}; the first line is: {shown}")
    return _Columns(who, variant, blank, answer, blanks, len(heads))


def _first(lines: Iterator[str]) -> tuple[str, int]:
    """The first line that is not empty, and how many were read."""
    for number, line in enumerate(lines, 1):
        if line.strip():
            return line, number
    return "", 0


def _split(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line.rstrip("\r\n")], delimiter=delimiter), [])
    except csv.Error:
        return []


def _known(heads: Sequence[str], into: Collected) -> int:
    """How many heads mean something."""
    own = {*STUDENT, *VARIANT, "blank", "answer"}
    return sum([h.strip().casefold() in own or into.names.find(h) is not None for h in heads])


def _at(row: Sequence[str], column: int | None) -> str:
    return row[column] if column is not None and column < len(row) else ""

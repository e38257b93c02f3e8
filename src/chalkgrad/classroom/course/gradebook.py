"""The gradebook, a row a person, and the marks, a row a blank: CSVs that a spreadsheet opens and does not run."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from math import fsum

from chalkgrad.classroom.course.record import SAID, Record, Row
from chalkgrad.classroom.course.statistics import UNKNOWN
from chalkgrad.classroom.course.visible import cell, file_name
from chalkgrad.render.numbers import trimmed

_MARKS = ("student", "variant", "blank", "answer", "verdict", "credit", "mistake", "why", "should", "notes")


def gradebook(records: Sequence[Record], questions: Mapping[str, Sequence[str]], absent: Iterable[str] = ()) -> str:
    """A row a person: points, the first wrong blank, the mistake, and the points of every question.

    `questions` gives each question's blanks, by its number; `absent` are those of the roster from whom nothing came.
    """
    heads = ["student", "variant", "points", "of", "percent", "first wrong", "mistake", "cannot tell"]
    many = len(questions) > 1
    rows = [[*heads, *([f"question {n}" for n in questions] if many else []), "feedback"]]
    for record in records:
        credit = {r.blank: r.credit for r in record.rows}
        each = [trimmed(fsum([credit.get(b, 0.0) for b in blanks])) for blanks in questions.values()] if many else []
        rows.append([*_person(record), *each, f"feedback/{file_name(record.student, record.code)}.html"])
    for name in absent:
        rows.append([cell(name), "", "", "", "", "nothing came", *[""] * (len(rows[0]) - 6)])
    return _csv(rows)


def marks(records: Iterable[Record]) -> str:
    """A row a blank: the answer as it was given, cut where it is long, and what is said about it."""
    return _csv([list(_MARKS), *[_mark(record, row) for record in records for row in record.rows]])


def percent(points: float, of: float) -> str:
    """`87.5`; nothing where no points can be had."""
    return trimmed(100 * points / of, 1) if of else ""


def _person(record: Record) -> list[str]:
    wrong = [record.row(b) for b in record.first]
    mistakes = [r.mistake or UNKNOWN for r in wrong if r is not None]
    unsure = sum([r.verdict == "cannot tell" for r in record.rows])
    return [
        cell(record.student),
        cell(record.code),
        trimmed(record.points),
        trimmed(record.of),
        percent(record.points, record.of),
        cell("; ".join(record.first)),
        cell("; ".join(mistakes)),
        str(unsure) if unsure else "",
    ]


def _mark(record: Record, row: Row) -> list[str]:
    said = SAID.get(row.verdict, row.verdict)
    told = [row.mistake, row.why.partition("\n")[0], row.should, " ".join(row.notes)]
    return [
        *(cell(record.student), cell(record.code), cell(row.blank), cell(row.answer), said, trimmed(row.credit)),
        *map(cell, told),
    ]


def _csv(rows: Iterable[Sequence[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return out.getvalue()

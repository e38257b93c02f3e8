"""A class list: who sits where, from the CSV that a course system gives."""

from __future__ import annotations

import csv
import io

from chalkgrad.errors import VariantError, nearest

COLUMNS = ("student", "name", "id")
MOST = 1 << 20
LONGEST = 200


def read_roster(text: str) -> tuple[str, ...]:
    """The students in the order of the file, which is the order of their variants.

    The column is called `student`, else `name`, else `id`; a file of one column needs no heading. Columns are parted
    by commas, semicolons or tabs.

    Raises VariantError where there is no such column, a student stands twice or a cell is empty, with the line.
    """
    if len(text) > MOST:
        raise VariantError(f"the roster has {len(text)} characters; {MOST} are allowed")
    text = text.removeprefix("\ufeff")
    heading = next((line for line in text.splitlines() if line.strip()), "")
    if not heading:
        raise VariantError("the roster is empty: it needs a line for every student")
    delimiter = max(",;\t", key=heading.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        rows = [(reader.line_num, [c.strip() for c in row]) for row in reader if any(c.strip() for c in row)]
    except csv.Error as error:
        raise VariantError(f"the roster cannot be read at line {reader.line_num}: {error}") from None
    column, body = _column(rows)
    return _students(body, column)


def _column(rows: list[tuple[int, list[str]]]) -> tuple[int, list[tuple[int, list[str]]]]:
    """Which column holds the students, and the rows below the heading."""
    head = [c.casefold() for c in rows[0][1]]
    for wanted in COLUMNS:
        if wanted in head:
            return head.index(wanted), rows[1:]
    if len(head) == 1 and not any(word in head[0] for word in ("student", "name")):
        return 0, rows
    shown = ", ".join(rows[0][1])
    hint = next((n for c in head if (n := nearest(c, COLUMNS))), "")
    raise VariantError(f"the roster has no column `student`, `name` or `id`; its columns are {shown}{hint}")


def _students(rows: list[tuple[int, list[str]]], column: int) -> tuple[str, ...]:
    seen: dict[str, int] = {}
    for line, row in rows:
        student = row[column] if column < len(row) else ""
        if not student:
            raise VariantError(f"line {line} of the roster names no student")
        if len(student) > LONGEST or not student.isprintable():
            raise VariantError(f"line {line} of the roster: a name is up to {LONGEST} printable characters")
        if student in seen:
            raise VariantError(f"{student} stands twice in the roster, in lines {seen[student]} and {line}")
        seen[student] = line
    if not seen:
        raise VariantError("the roster has a heading and no students")
    return tuple(seen)

"""What a class costs: thirty seats of S2 found, keyed and printed, and ten thousand answers marked.

python benchmarks/classroom.py
"""

from __future__ import annotations

import csv
import random
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any

from chalkgrad.api.worksheet import worksheet
from chalkgrad.classroom.course.run import Settings, mark_class
from chalkgrad.classroom.sheets.blank import Keyed, NumberKey

S2 = r"""
name = "s2"
title = "A neuron"
[[problem]]
prose = "Work the neuron forward and backward."
function = '''f(w_0, w_1, w_2, x_0, x_1) = \frac{1}{1 + e^{-(w_0x_0 + w_1x_1 + w_2)}}'''
values = { w_0 = 2, w_1 = -3, w_2 = -3, x_0 = -1, x_1 = -2 }
blank = ["values", "gradients", "f.gradient"]
"""
SEATS, SEED = 30, 7
ANSWERS = 10_000
WRONG = 0.15  # of a student's answers; what follows is not carried forward, which is the slower case to mark
JOBS = 2


def answers(keys: tuple[Keyed, ...]) -> Iterator[tuple[str, int, str, str]]:
    """Rows of student, variant, blank and answer; at least so many as are asked for, of whole students."""
    draw = random.Random("classroom")
    made = student = 0
    while made < ANSWERS:
        keyed = keys[student % len(keys)]
        student += 1
        for blank in keyed.blanks:
            assert isinstance(blank.key, NumberKey)
            value = float(blank.key.exact)
            if draw.random() < WRONG:
                value = draw.choice([-value, value + 1, 2 * value])
            made += 1
            yield f"student {student:04}", keyed.variant.number, blank.id, f"{value:.{blank.key.digits}f}"


def table() -> list[tuple[str, str, str, str]]:
    """Rows: the work, how much of it, seconds, and what it must stay under."""
    rows = [("work", "of it", "s", "must be under")]
    began = perf_counter()
    sheets = worksheet(S2).variants(SEATS, SEED)
    found = perf_counter()
    keys = sheets.keys
    keyed = perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        files = sheets.save(folder)
        printed = perf_counter()
    rows.append(("variants of S2 found", str(SEATS), f"{found - began:.2f}", ""))
    rows.append(("their keys, with three witnesses", str(SEATS), f"{keyed - found:.2f}", ""))
    rows.append(("sheets and keys printed", f"{len(files)} files", f"{printed - keyed:.2f}", ""))
    rows.append(("all of it", "", f"{printed - began:.2f}", "5"))

    lines = list(answers(keys))
    by_student: dict[str, tuple[int, dict[str, str]]] = {}
    for student, number, blank, text in lines:
        by_student.setdefault(student, (number, {}))[1][blank] = text
    began = perf_counter()
    for student, (number, given) in by_student.items():
        sheets.mark(given, student=student, variant=number)
    rows.append(("answers marked, one process", str(len(lines)), f"{perf_counter() - began:.2f}", ""))

    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "answers.csv")
        with source.open("w", encoding="utf-8", newline="") as file:
            out: Any = csv.writer(file)
            out.writerows([("student", "variant", "blank", "answer"), *lines])
        began = perf_counter()
        settings = Settings(version("chalkgrad"), seed=SEED, out=Path(folder, "out"), jobs=JOBS)
        course = mark_class(S2, str(source), settings)
        took = perf_counter() - began
    rows.append((f"a class marked, {JOBS} processes", f"{len(course.records)} students", f"{took:.2f}", "60"))
    return rows


if __name__ == "__main__":
    for row in table():
        print("{:34}{:>14}{:>9}{:>16}".format(*row))

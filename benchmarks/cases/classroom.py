"""What a class costs: thirty seats of S2 found, keyed and printed, and ten thousand answers marked."""

from __future__ import annotations

import csv
import os
import random
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from chalkgrad.api.worksheet import worksheet
from chalkgrad.classroom.course.run import Settings, mark_class
from chalkgrad.classroom.sheets.blank import Keyed, NumberKey

TITLE = "A class"
MEANS = """Thirty seats of the neuron S2: other numbers found for each, keys with their three witnesses, a blank
sheet and a key printed. Then ten thousand answers, of which 15 in 100 are wrong: marked in one process,
and as a class in two with a gradebook, a page of feedback a person and statistics."""
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


class Clock:
    """Seconds since it was last looked at: those that went by, and those of processors, of children too."""

    def __init__(self) -> None:
        self.before = self._now()

    def lap(self) -> tuple[float, float]:
        now = self._now()
        gone = (now[0] - self.before[0], now[1] - self.before[1])
        self.before = now
        return gone

    def _now(self) -> tuple[float, float]:
        times = os.times()
        return times.elapsed, sum(times[:4])


def table() -> list[tuple[str, str, str, str, str]]:
    """Rows: the work, how much of it, seconds, seconds of processors, and what the first must stay under."""
    rows = [("work", "of it", "s", "processor, s", "must be under, s")]
    laps: list[tuple[float, float]] = []

    def row(work: str, many: str, bound: str = "") -> None:
        laps.append(clock.lap())
        rows.append((work, many, f"{laps[-1][0]:.2f}", f"{laps[-1][1]:.2f}", bound))

    clock = Clock()
    sheets = worksheet(S2).variants(SEATS, SEED)
    row("variants of S2 found", str(SEATS))
    keys = sheets.keys
    row("their keys, with three witnesses", str(SEATS))
    with tempfile.TemporaryDirectory() as folder:
        files = sheets.save(folder)
        row("sheets and keys printed", f"{len(files)} files")
    gone, worked = (sum(lap[k] for lap in laps) for k in (0, 1))
    rows.append(("all of it", "", f"{gone:.2f}", f"{worked:.2f}", "5"))

    lines = list(answers(keys))
    by_student: dict[str, tuple[int, dict[str, str]]] = {}
    for student, number, blank, text in lines:
        by_student.setdefault(student, (number, {}))[1][blank] = text
    clock.lap()
    for student, (number, given) in by_student.items():
        sheets.mark(given, student=student, variant=number)
    row("answers marked, one process", str(len(lines)))

    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "answers.csv")
        with source.open("w", encoding="utf-8", newline="") as file:
            out: Any = csv.writer(file)
            out.writerows([("student", "variant", "blank", "answer"), *lines])
        settings = Settings(version("chalkgrad"), seed=SEED, out=Path(folder, "out"), jobs=JOBS)
        clock.lap()
        course = mark_class(S2, str(source), settings)
        row(f"a class marked, {JOBS} processes", f"{len(course.records)} students", "60")
    return rows


def report() -> Iterator[str]:
    """The lines of this section."""
    head, *rows = table()
    for row in (head, ("---",) * len(head), *rows):
        yield f"| {' | '.join(row)} |"

"""What `chalkgrad check ANSWERS --sheet …` prints: one person's marks in words, or how a class did."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Generator
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from chalkgrad import __version__
from chalkgrad.classroom.course.run import Course, Settings, Told, mark_class
from chalkgrad.classroom.course.statistics import in_words
from chalkgrad.classroom.course.visible import visible
from chalkgrad.classroom.course.words import record_in_words
from chalkgrad.classroom.sheets.reading import MAX_BYTES, read_sheet
from chalkgrad.classroom.variants import index as indices
from chalkgrad.classroom.variants import roster as rosters
from chalkgrad.cli.arguments import read_file
from chalkgrad.render.numbers import trimmed

RIGHT, WRONG, UNDECIDED = 0, 1, 3
_MOST_REMARKS = 20
_EVERY = 5.0
"""Seconds between lines of progress where there is no terminal."""


def mark(
    answers: str,
    sheet: str,
    *,
    seed: int | None,
    roster: str | None,
    index: str | None,
    out: Path | None,
    jobs: int | None,
    as_json: bool,
) -> int:
    """Mark, print, and give the exit code.

    Raises ChalkgradError where something cannot be read or written.
    """
    text = read_file(sheet, MAX_BYTES, "the sheet")
    names = rosters.read_roster(read_file(roster, rosters.MOST, "the roster")) if roster is not None else ()
    printed = None
    if index is not None:
        printed = indices.read_index(read_file(index, indices.MOST, "the index"), read_sheet(text).name)
    settings = Settings(__version__, seed, names, printed, out, jobs)
    try:
        with _progress() as told:
            course = mark_class(text, answers, settings, told)
    except KeyboardInterrupt:
        kept = f"; what is marked is kept in {out}: the same command goes on from there" if out else ""
        click.echo(f"chalkgrad: stopped{kept}", err=True)
        return 130
    if as_json:
        click.echo(json.dumps(_data(course), indent=1))  # in ASCII: what people wrote may turn a terminal around
    else:
        _say(course)
    return _exit_code(course)


def _say(course: Course) -> None:
    if len(course.records) == 1:
        click.echo(record_in_words(course.sheet, course.records[0]))
    else:
        if not course.written:
            long = max([len(visible(r.student, 30)) for r in course.records])
            for r in course.records[:100]:
                first = f"  first wrong: {', '.join(r.first)}" if r.first else ""
                score = f"{trimmed(r.points)} of {trimmed(r.of)}"
                click.echo(
                    f"{visible(r.student, 30):{long}}  {r.code}  {score}{first}{'  not marked' * bool(r.failed)}"
                )
            click.echo(f"and {len(course.records) - 100} more\n" if len(course.records) > 100 else "")
        click.echo(in_words(course.statistics))
    failed = [r for r in course.records if r.failed]
    for r in failed[:_MOST_REMARKS]:
        click.echo(f"not marked: {visible(r.student, 60)} ({r.code}): {visible(r.failed, 300)}", err=True)
    if course.remarks.count:
        count = course.remarks.count
        click.echo(f"{count} remark{'s' * (count > 1)} about the answers:", err=True)
        for remark in course.remarks.kept[:_MOST_REMARKS]:
            click.echo(f"  {remark}", err=True)
        if course.remarks.count > _MOST_REMARKS:
            where = ": all are in remarks.txt" if course.written else "; -o FOLDER writes all"
            click.echo(f"  and {course.remarks.count - _MOST_REMARKS} more{where}", err=True)
    if course.absent:
        click.echo(f"nothing came from {len(course.absent)} of the roster", err=True)
    if course.resumed:
        click.echo(f"{course.resumed} sheets were marked before, and were not marked again", err=True)
    if course.written:
        click.echo(f"\nin {course.written[0].parent}: " + ", ".join([p.name for p in course.written]))


def _exit_code(course: Course) -> int:
    if any(r.wrong for r in course.records):
        return WRONG
    unsure = course.remarks.left_out or any(row.verdict == "cannot tell" for r in course.records for row in r.rows)
    return UNDECIDED if unsure else RIGHT


def _data(course: Course) -> dict[str, object]:
    return {
        "sheet": course.sheet.sheet.name,
        "students": [r.data() for r in course.records],
        "absent": list(course.absent),
        "remarks": [{"place": r.place, "text": r.text, "left_out": r.left_out} for r in course.remarks.kept],
        "statistics": course.statistics.data(),
    }


@contextlib.contextmanager
def _progress() -> Generator[Told]:
    """A bar on standard error where that is a terminal; else a line every few seconds, for runs that take as long."""
    if sys.stderr.isatty():
        columns = (TextColumn("marking"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("marking", total=None)
            yield lambda done, of: bar.update(task, completed=done, total=of)
        return
    last = time.monotonic()

    def line(done: int, of: int) -> None:
        nonlocal last
        if time.monotonic() - last >= _EVERY:
            last = time.monotonic()
            click.echo(f"marking: {done} of {of}", err=True)

    yield line

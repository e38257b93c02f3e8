"""A class marked: read, seated, marked by several processes, written down. A run that was killed can go on."""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np

from chalkgrad.classroom.course.answers import read_answers
from chalkgrad.classroom.course.blanks import BlankNames
from chalkgrad.classroom.course.collect import Collected
from chalkgrad.classroom.course.files import Journal, locked, write_whole
from chalkgrad.classroom.course.gradebook import gradebook, marks
from chalkgrad.classroom.course.record import Record, from_data
from chalkgrad.classroom.course.remarks import Remarks
from chalkgrad.classroom.course.seats import Seat, seats
from chalkgrad.classroom.course.statistics import UNKNOWN, Statistics, in_words, statistics
from chalkgrad.classroom.course.statistics_page import statistics_page
from chalkgrad.classroom.course.visible import file_name, visible
from chalkgrad.classroom.course.worker import Done, Marker, Task
from chalkgrad.classroom.course.workers import SECONDS, mark_all
from chalkgrad.classroom.sheets.blank import PUBLISHED, Keyed, Variant
from chalkgrad.classroom.sheets.key import keyed
from chalkgrad.classroom.sheets.reading import read_sheet
from chalkgrad.classroom.variants.find import variants
from chalkgrad.errors import ChalkgradError, VariantError

FORMAT = 1
"""Of the journal: another makes every sheet be marked anew."""

SYNCED = 50
SECONDS_UNSYNCED = 1.0
"""After so many sheets, or such a time, the journal is brought to the disk."""
_MOST_TRIES = 5
_MANY = 4

Told = Callable[[int, int], None]
"""Told how many sheets are marked, and of how many; first with those that a run before has marked."""


@final
@dataclass(frozen=True, slots=True)
class Course:
    """A marked class: a Record a sheet, what was to be said about the answers, and the statistics."""

    sheet: Keyed
    records: tuple[Record, ...]
    remarks: Remarks
    absent: tuple[str, ...]
    statistics: Statistics
    resumed: int = 0
    written: tuple[Path, ...] = ()


@final
@dataclass(frozen=True, slots=True)
class Settings:
    """How a class is marked.

    `jobs` are processes; with 0 it is marked in this one, where nothing ends a sheet that takes too long; None is 2,
    and this process for one sheet that nothing is written of. `version` is that of the program: what another one has
    marked is marked anew. `index` holds the variants as they were printed, by seed and number: they are not looked for.
    """

    version: str
    seed: int | None = None
    roster: Sequence[str] = ()
    index: Mapping[tuple[int, int], Variant] | None = None
    out: Path | None = None
    jobs: int | None = None
    seconds: float = SECONDS


def mark_class(text: str, answers: str, settings: Settings, progress: Told = lambda done, of: None) -> Course:
    """Mark the answers in a file or folder against the sheet that `text` is, and write what is made of them to `out`.

    Raises ChalkgradError where sheet or answers cannot be read, nothing can be written, or another run is at work.
    """
    sheet = keyed(read_sheet(text))
    collected = read_answers(answers, BlankNames([b.id for b in sheet.blanks]))
    tasks = _tasks(sheet, collected, settings)
    if not tasks:
        told = "".join([f"\n  {r}" for r in collected.remarks.kept[:5]])
        raise ChalkgradError(f"there is nothing to mark{told}")
    here = {t.student for t in tasks}
    absent = tuple([name for name in settings.roster if name not in here])
    with contextlib.ExitStack() as stack:
        if settings.out is not None:
            stack.enter_context(locked(settings.out))
        found, resumed = _marked(text, sheet, tasks, settings, progress)
        counted = statistics(sheet, found)
        _doubt(counted, collected.remarks)
        course = Course(sheet, found, collected.remarks, absent, counted, resumed)
        return course if settings.out is None else _write(course, settings.out)


def _doubt(found: Statistics, remarks: Remarks) -> None:
    """Where many are wrong at one blank and no mistake explains it, the key may be that of another sheet."""
    for b in found.blanks:
        strange = b.mistakes.get(UNKNOWN, 0)
        if strange >= _MANY and 3 * strange >= found.sheets:
            told = f"{strange} of {found.sheets} are first wrong at {b.blank}, and no known mistake explains it"
            remarks.add("", f"{told}: was the sheet, or the program, changed after it was printed?")


def _tasks(sheet: Keyed, collected: Collected, settings: Settings) -> list[Task]:
    name = sheet.sheet.name
    seeds = {seed for seed, _ in settings.index or {}}
    seed = min(seeds) if settings.seed is None and len(seeds) == 1 else settings.seed
    seated = seats(collected, name, seed=seed, roster=settings.roster)
    known = (
        _variants(sheet, seated, collected.remarks)
        if settings.index is None
        else _printed(seated, settings.index, collected.remarks)
    )
    tasks: list[Task] = []
    for seat in seated:
        variant = known.get((seat.seed, seat.number))
        if variant is not None:
            tasks.append(Task(len(tasks), seat.student, seat.code(name), variant, seat.answers))
    return tasks


def _printed(
    seated: Sequence[Seat], index: Mapping[tuple[int, int], Variant], remarks: Remarks
) -> Mapping[tuple[int, int], Variant]:
    """The values as the index has them; who has a variant that is not in it is remarked upon."""
    known = {(0, PUBLISHED): Variant(), **index}
    for seat in seated:
        if (seat.seed, seat.number) not in known:
            which = f"variant {seat.number} of seed {seat.seed}, which is not in the index"
            remarks.add("", f"'{visible(seat.student, 60)}' has {which}; left out", left_out=True)
    return known


def _variants(sheet: Keyed, seated: Sequence[Seat], remarks: Remarks) -> Mapping[tuple[int, int], Variant]:
    """The values of every variant that somebody sat at; those that do not exist are remarked upon."""
    found: dict[tuple[int, int], Variant] = {(0, PUBLISHED): Variant()}
    for seed in sorted({s.seed for s in seated if s.number != PUBLISHED}):
        wanted = sorted({s.number for s in seated if s.seed == seed and s.number != PUBLISHED})
        tries = 0
        while wanted:
            try:
                made = variants(sheet.sheet, wanted[-1], seed, ())
            except VariantError as error:
                tries += 1
                refused = {wanted.pop()} if tries < _MOST_TRIES else set(wanted)
                wanted = [n for n in wanted if n not in refused]
                for seat in seated:
                    if seat.seed == seed and seat.number in refused:
                        said = (
                            f"'{visible(seat.student, 60)}' has variant {seat.number} of seed {seed}: {error}; left out"
                        )
                        remarks.add("", said, left_out=True)
                continue
            found |= {(seed, v.number): v for v in made}
            break
    return found


def _marked(
    text: str, sheet: Keyed, tasks: Sequence[Task], settings: Settings, progress: Told
) -> tuple[tuple[Record, ...], int]:
    """Every task's Record, in their order; and how many a run before had marked."""
    records: dict[int, Record] = {}
    if settings.out is None:
        with contextlib.closing(_done(text, sheet, tasks, settings)) as marked:
            for done in marked:
                records[done.number] = done.record
                progress(len(records), len(tasks))
        return tuple([records[t.number] for t in tasks]), 0
    keys = [_key(text, t, settings.version) for t in tasks]
    with contextlib.closing(Journal(settings.out / "journal.jsonl")) as journal:
        kept = {e["key"]: e for e in journal.entries if isinstance(e, dict) and "key" in e}
        for task, key in zip(tasks, keys, strict=True):
            before = _before(kept.get(key), task, settings.out)
            if before is not None:
                records[task.number] = before
        resumed = len(records)
        progress(resumed, len(tasks))
        rest = [t for t in tasks if t.number not in records]
        fresh: list[Any] = []
        synced = time.monotonic()
        try:
            with contextlib.closing(_done(text, sheet, rest, settings)) as marked:
                for done in marked:
                    records[done.number] = done.record
                    # a page need not be synced: what a run before has marked counts only where its page is whole
                    write_whole(_page_path(settings.out, done.record), done.page, sync=False)
                    page = _digest(done.page)
                    fresh.append({"key": keys[done.number], "page": page, "record": done.record.data()})
                    if len(fresh) >= SYNCED or time.monotonic() - synced > SECONDS_UNSYNCED:
                        journal.add(fresh)
                        fresh, synced = [], time.monotonic()
                    progress(len(records), len(tasks))
        finally:
            journal.add(fresh)
        _clear(settings.out, [e.get("record") for e in kept.values()], records.values())
    return tuple([records[t.number] for t in tasks]), resumed


def _clear(out: Path, before: Sequence[Any], now: Iterable[Record]) -> None:
    """Take away the pages that runs before have written and that are nobody's now."""
    own = {_page_path(out, r) for r in now}
    for data in before:
        with contextlib.suppress(KeyError, TypeError):
            path = _page_path(out, from_data(data))
            if path not in own:
                path.unlink(missing_ok=True)


def _done(text: str, sheet: Keyed, tasks: Sequence[Task], settings: Settings) -> Generator[Done]:
    blanks = [(b.id, b.points) for b in sheet.blanks]
    pages = settings.out is not None
    alone = len(tasks) == 1 and not pages
    jobs = settings.jobs if settings.jobs is not None else 0 if alone else 2
    if jobs:
        yield from mark_all(text, blanks, tasks, jobs=jobs, pages=pages, seconds=settings.seconds)
    elif tasks:
        marker = Marker(text, blanks, pages=pages)
        yield from map(marker.mark, tasks)


def _key(text: str, task: Task, version: str) -> str:
    """What a marked sheet hangs on: another sheet, variant, answer or version has another key."""
    values = {str(n): {k: np.asarray(v).tolist() for k, v in at.items()} for n, at in task.variant.values.items()}
    parts = [FORMAT, version, text, task.student, task.code, values, dict(sorted(task.answers.items()))]
    return _digest(json.dumps(parts, sort_keys=True).encode())


def _before(entry: Any, task: Task, out: Path) -> Record | None:
    """What a run before has marked, where its page is there still."""
    if entry is None:
        return None
    try:
        record = from_data(entry["record"])
        page = _page_path(out, record).read_bytes()
    except (KeyError, TypeError, OSError):
        return None
    same = _digest(page) == entry["page"] and (record.student, record.code) == (task.student, task.code)
    return None if not same or record.failed else record


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _page_path(out: Path, record: Record) -> Path:
    return out / "feedback" / f"{file_name(record.student, record.code)}.html"


def _write(course: Course, out: Path) -> Course:
    """Write the files of a class."""
    questions = {q.number: [b.id for b in q.blanks] for q in course.sheet.questions if q.blanks}
    data = json.dumps(course.statistics.data(), ensure_ascii=False, indent=1) + "\n"
    made = {
        "gradebook.csv": "\ufeff" + gradebook(course.records, questions, course.absent),
        "marks.csv": "\ufeff" + marks(course.records),
        "statistics.html": statistics_page(course.sheet, course.statistics),
        "statistics.json": data,
        "statistics.txt": in_words(course.statistics) + "\n",
        "remarks.txt": "".join([f"{r}\n" for r in course.remarks.kept]),
    }
    for name, content in made.items():
        write_whole(out / name, content.encode())
    written = (*[out / name for name in made], out / "feedback")
    return Course(
        course.sheet, course.records, course.remarks, course.absent, course.statistics, course.resumed, written
    )

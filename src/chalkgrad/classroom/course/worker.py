"""What runs in a process of its own: one sheet after another is marked, and sent back."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from typing import final

from chalkgrad.classroom.course.feedback import feedback, unmarked_page
from chalkgrad.classroom.course.record import Record, failed, record_of
from chalkgrad.classroom.marking.mark import mark
from chalkgrad.classroom.sheets.blank import Keyed, Variant
from chalkgrad.classroom.sheets.key import keyed
from chalkgrad.classroom.sheets.reading import read_sheet
from chalkgrad.classroom.sheets.sheet import Sheet
from chalkgrad.errors import ChalkgradError

_KEPT = 8


@final
@dataclass(frozen=True, slots=True)
class Task:
    """One person's sheet, to be marked. `number` is its place among all."""

    number: int
    student: str
    code: str
    variant: Variant
    answers: Mapping[str, str]


@final
@dataclass(frozen=True, slots=True)
class Done:
    """A marked sheet, and its page where pages were asked for."""

    number: int
    record: Record
    page: bytes = b""


def unmarked(task: Task, blanks: Sequence[tuple[str, float]], why: str, *, pages: bool) -> Done:
    """A sheet of which nothing could be judged, and why."""
    record = failed(task.student, task.code, task.answers, blanks, why)
    return Done(task.number, record, unmarked_page(record) if pages else b"")


@final
class Marker:
    """Marks sheets of one text; the keys of the last few variants are kept."""

    def __init__(self, text: str, blanks: Sequence[tuple[str, float]], *, pages: bool) -> None:
        """`blanks` are the ids and points of all blanks, for a sheet of which nothing can be judged."""
        self._sheet: Sheet = read_sheet(text)
        self._blanks, self._pages = blanks, pages
        self._keys: dict[str, Keyed] = {}

    def mark(self, task: Task) -> Done:
        """Mark one. What goes wrong on the way becomes "cannot tell", with the reason."""
        try:
            key = self._key(task)
            record = record_of(mark(key, task.answers, task.student))
            return Done(task.number, record, feedback(key, record) if self._pages else b"")
        except Exception as error:  # one sheet must not stop the others: what it was is said in the marks
            why = str(error) if isinstance(error, ChalkgradError) else f"{type(error).__name__}: {error}"
            return unmarked(task, self._blanks, f"marking failed: {why}", pages=self._pages)

    def _key(self, task: Task) -> Keyed:
        found = self._keys.pop(task.code, None) or keyed(self._sheet, task.variant)
        while len(self._keys) >= _KEPT:
            del self._keys[next(iter(self._keys))]
        self._keys[task.code] = found
        return found


def serve(connection: Connection, text: str, blanks: Sequence[tuple[str, float]], pages: bool) -> None:
    """Send None when ready; then take lists of Tasks and send a Done for each, until the connection is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the run, which ends its workers
    _end_with_parent()
    marker = Marker(text, blanks, pages=pages)
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        connection.send(None)
        while True:
            for task in connection.recv():
                connection.send(marker.mark(task))


def _end_with_parent() -> None:
    """A worker whose run was killed ends too, also in the middle of a long sum."""
    parent = parent_process()
    if parent is None:
        return

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()

"""Sheets marked by several processes. One that dies or hangs costs the sheet that it was at, and no other."""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import inf
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import final

from chalkgrad.classroom.course.worker import Done, Task, serve, unmarked
from chalkgrad.errors import ChalkgradError

SECONDS = 60.0
"""A sheet that takes longer is given up."""

_START = 120.0
_BATCH = 20
_MOST_STARTS = 3


@final
@dataclass(slots=True)
class _Worker:
    """A process, what it has been given and has not answered, and until when it may take for the next."""

    process: SpawnProcess
    connection: Connection
    until: float
    ready: bool = False
    tasks: deque[Task] = field(default_factory=deque)


def mark_all(
    text: str,
    blanks: Sequence[tuple[str, float]],
    tasks: Sequence[Task],
    *,
    jobs: int,
    pages: bool,
    seconds: float = SECONDS,
) -> Iterator[Done]:
    """Every task done, in any order. `text` is the sheet's file; a new process is started for each that is lost.

    Raises ChalkgradError where no process can be started.
    """
    waiting = deque(_batches(tasks))
    workers: list[_Worker] = []
    lost = 0
    try:
        while waiting or any(w.tasks for w in workers):
            busy = sum([bool(w.tasks) for w in workers])
            while len(workers) < min(jobs, busy + len(waiting)):
                workers.append(_start(text, blanks, pages))
            for worker in workers:
                if worker.ready and not worker.tasks and waiting:
                    _give(worker, waiting.popleft(), seconds)
            soonest = min([w.until for w in workers])
            wait([w.connection for w in workers], None if soonest == inf else max(0.0, soonest - time.monotonic()))
            for worker in list(workers):
                why = ""
                try:
                    while worker.connection.poll():
                        done = worker.connection.recv()
                        if isinstance(done, Done):
                            worker.tasks.popleft()
                            yield done
                        worker.ready = True
                        worker.until = time.monotonic() + seconds if worker.tasks else inf
                    if time.monotonic() > worker.until:
                        why = f"marking was given up after {seconds:g} s"
                except (EOFError, OSError):
                    why = "the process that marked it ended"
                if not why:
                    continue
                workers.remove(worker)
                _end(worker)
                lost += not worker.ready
                if lost >= _MOST_STARTS:
                    raise ChalkgradError("no process for marking can be started; try --jobs 0")
                if worker.tasks:
                    task = worker.tasks.popleft()
                    yield unmarked(task, blanks, why, pages=pages)
                    if worker.tasks:
                        waiting.appendleft(worker.tasks)
    finally:
        for worker in workers:
            _end(worker)


def _batches(tasks: Sequence[Task]) -> Iterator[deque[Task]]:
    """Few at a time, and of one variant, so that a process makes few keys."""
    batch: deque[Task] = deque()
    for task in sorted(tasks, key=lambda t: (t.variant.seed, t.variant.number, t.number)):
        if batch and (len(batch) == _BATCH or batch[0].code != task.code):
            yield batch
            batch = deque()
        batch.append(task)
    if batch:
        yield batch


def _start(text: str, blanks: Sequence[tuple[str, float]], pages: bool) -> _Worker:
    context = get_context("spawn")  # typst and BLAS do not survive a fork
    here, there = context.Pipe()
    process = context.Process(target=serve, args=(there, text, tuple(blanks), pages), daemon=True)
    try:
        process.start()
    except OSError as error:
        raise ChalkgradError(f"no process for marking can be started: {error.strerror or error}") from None
    there.close()
    return _Worker(process, here, time.monotonic() + _START)


def _give(worker: _Worker, tasks: deque[Task], seconds: float) -> None:
    worker.tasks = tasks
    worker.until = time.monotonic() + seconds
    with contextlib.suppress(OSError):  # one that has died is met when it is next looked at
        worker.connection.send(list(tasks))


def _end(worker: _Worker) -> None:
    worker.connection.close()
    if worker.process.is_alive():
        worker.process.kill()
    worker.process.join()

"""Contestants that take turns, each timed over as many calls as a turn needs, and what their ratios say.

A ratio is taken within a turn, where all ran one after the other, and the median of many turns is given: a busy moment
of the machine hits both sides of a ratio, or is out-voted.
"""

from __future__ import annotations

import os
import timeit
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from time import perf_counter, process_time
from typing import Any, final

TURN = 2e-3  # seconds that one contestant's turn takes at least
FEWEST = 7  # turns


@final
@dataclass(frozen=True)
class Contestant:
    """A function and its arguments, called as a user's loop calls it. `after` is written behind the call.

    JAX answers before it is done: `after` waits for it. `keep` is what must live as long as the call.
    """

    call: Callable[..., Any]
    arguments: Sequence[Any] = ()
    after: str = ""
    keep: Any = None

    def timer(self, clock: Callable[[], float] = process_time) -> timeit.Timer:
        """The call alone in a loop, its arguments in local names.

        Processor time by default, which leaves out what others do on the core; it counts all threads.
        """
        names = [f"a{k}" for k in range(len(self.arguments))]
        setup = "; ".join(["call = given[0]", *[f"{n} = given[1][{k}]" for k, n in enumerate(names)]])
        call = f"call({', '.join(names)}){self.after}"
        return timeit.Timer(call, setup, clock, {"given": (self.call, self.arguments)})

    def once(self) -> float:
        """Seconds of a first call: with JAX its compilation."""
        return self.timer(perf_counter).timeit(1)


def race(
    contestants: Mapping[str, Contestant],
    seconds: float,
    clock: Callable[[], float] = process_time,
    agree: Callable[[], None] | None = None,
) -> dict[str, Any]:
    """Turns until the time is over, at least 7; `perf_counter` for a clock where there are several threads.

    Before them each is called twice, with nothing kept on disk: none may have been called before. `agree` is then asked
    whether they give the same.

    Returns
    -------
    dict
        `first`: seconds of each one's first call; `ready`: of its first two, the second of which is machine code of
        ours; `times`: the median of seconds a call; `turns`: for every turn the seconds a call of each, from which
        `ratio` takes medians.
    """
    with nothing_kept():
        first = {name: c.once() for name, c in contestants.items()}
        ready = {name: first[name] + c.once() for name, c in contestants.items()}
    if agree is not None:
        agree()
    timers = {name: c.timer(clock) for name, c in contestants.items()}
    calls = {name: calls_in(timer) for name, timer in timers.items()}
    turns: list[dict[str, float]] = []
    began = perf_counter()
    while len(turns) < FEWEST or perf_counter() - began < seconds:
        order = list(timers)[:: 1 if len(turns) % 2 else -1]
        turns.append({name: timers[name].timeit(calls[name]) / calls[name] for name in order})
    times = {n: median([t[n] for t in turns]) for n in timers}
    return {"first": first, "ready": ready, "times": times, "turns": turns}


@contextmanager
def nothing_kept() -> Generator[None]:
    """Machine code neither comes from the disk nor is kept there, as in the first process of all."""
    before = os.environ.get("CHALKGRAD_CACHE")
    os.environ["CHALKGRAD_CACHE"] = "off"
    try:
        yield
    finally:
        if before is None:
            del os.environ["CHALKGRAD_CACHE"]
        else:
            os.environ["CHALKGRAD_CACHE"] = before


def calls_in(timer: timeit.Timer, turn: float = TURN) -> int:
    """So many that they take the time of a turn; after some that are not counted."""
    calls, taken = 1, timer.timeit(1)
    while taken < turn and calls < 10**6:
        calls = max(2 * calls, min(10**6, int(1.2 * calls * turn / max(taken, 1e-9))))
        taken = timer.timeit(calls)
    return calls


def ratio(turns: Sequence[Mapping[str, float]], over: str, under: str) -> dict[str, float]:
    """The median of `over` / `under` turn by turn, and the quartiles."""
    found = sorted(t[over] / t[under] for t in turns)
    return {"ratio": median(found), "low": found[len(found) // 4], "high": found[-1 - len(found) // 4]}


def alone(threads: int = 1) -> None:
    """This process on so many cores, before any library counts them; the libraries' own threads likewise."""
    if threads == 1:
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            os.environ[name] = "1"
        os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    if hasattr(os, "sched_setaffinity"):  # Linux
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, cores[-threads:])

"""How fast the machine is just now: limits of time are set for an idle one, and grow with what else it has to do."""

from __future__ import annotations

import time

# Seconds of processor time for `spin` on the idle machine that the limits were set on.
IDLE = 0.025


def spin() -> float:
    """Processor time of a piece of plain Python, with many small objects, that is always the same."""
    begun = time.process_time()
    kept = {}
    for i in range(60_000):
        kept[i] = (i, [i * i % 7], str(i))
    sum(len(v[2]) for v in kept.values())
    return time.process_time() - begun


def slower() -> float:
    """How many times slower than idle the machine is now, at least 1."""
    return max(1.0, sorted(spin() for _ in range(5))[2] / IDLE)


def in_time(seconds: float, limit: float) -> bool:
    """Whether it took less than the limit. To look how slow the machine is takes time, so only what is late is looked
    at."""
    return seconds < limit or seconds < limit * slower()

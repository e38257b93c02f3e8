"""What was found, as the table and the lines under it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from cases.measure import table

from speed.lines import LIMIT, SIZES, STAGES
from speed.rows import NAMES, ROWS, Bar, Row

MEANS = """One line a peer. A row is measured in one process, held to one core, in which all take turns, each long
enough to be timed, in processor time but where two threads run; of the ratios within a turn the median is given, and
in brackets where half of them lie. *Ratio* is Chalkgrad's time over the peer's, `0.25×`, or where the row asks how
many times faster it is, that: `4× faster`. Results are fresh at every call, as a user gets them; JAX's are waited for,
and its compilation is told apart; CasADi's buffers are given once, and no result is made of them for Python. The work
is written as a user would write it in NumPy (`benchmarks/speed/`, `benchmarks/gradbench/`), with nothing in it for a
size. *Its own value* is the function alone, compiled. The C++ is that of GradBench's own tools `manual` and
`codipack`: `make bench GRADBENCH=FOLDER` finds them in a checkout in which they have been built, for this machine;
their time is what one run more costs the process, in processor time, too."""

FIRST = """What comes before, by the clock, with nothing kept on disk. *First call*: from the function to its result,
which the interpreter gives where that is quicker. *Machine code*: until that is there, the first call included. Of
JAX the first call, in which it compiles. GradBench's functions are compiled before they are called."""

_BEGIN = (("first", "ours"), ("ready", "ours"), ("first", "jax"))

Found = Mapping[str, Mapping[str, Any]]


def time(seconds: float) -> str:
    """To three figures, in the unit that suits."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def figure(x: float) -> str:
    """To three figures, whole from a hundred up."""
    return f"{x:,.0f}" if x >= 100 else f"{x:.3g}"


def ratios(found: Mapping[str, Any], bar: Bar) -> tuple[float, float, float] | None:
    """Our time over the best peer's: the median of the turns, and its quartiles."""
    there = [p for p in bar.peers if p in found["times"]]
    if not there:
        return None
    all_of = sorted(turn["ours"] / min(turn[p] for p in there) for turn in found["turns"])
    return median(all_of), all_of[len(all_of) // 4], all_of[-1 - len(all_of) // 4]


def verdict(holds: bool | None) -> str:
    """In a word."""
    return {True: "met", False: "**missed**", None: ""}[holds]


def rows_of(row: Row, found: Mapping[str, Any]) -> list[list[str]]:
    """A row's lines of the table."""
    lines: list[list[str]] = []
    for bar in row.bars:
        seen = ratios(found, bar)
        if seen is None:
            lines.append([row.work, time(found["times"]["ours"]), bar.who, "—", "not here", bar.text, ""])
            continue
        middle, low, high = seen
        if bar.faster is not None:
            said = f"{figure(1 / middle)}× faster ({figure(1 / high)}–{figure(1 / low)})"
        else:
            said = f"{figure(middle)}× ({figure(low)}–{figure(high)})"
        peer = min(found["times"][p] for p in bar.peers if p in found["times"])
        holds = bar.holds(middle)
        lines.append([row.work, time(found["times"]["ours"]), bar.who, time(peer), said, bar.text, verdict(holds)])
    return lines


def report(found: Found) -> list[str]:
    """All rows that have been measured, the compilations, what is missed."""
    head = ["work", "ours", "beside", "its time", "ratio", "must be", ""]
    lines = [line for row in ROWS if row.key in found for line in rows_of(row, found[row.key])]
    missed = [line for line in lines if "missed" in line[-1]]
    judged = [line for line in lines if line[-1]]
    page = [*table(head, lines, left=3), "", f"{len(judged) - len(missed)} of {len(judged)} met.", *notes(found)]
    return [*page, *compilations(found), "", *straight(found)]


def notes(found: Found) -> list[str]:
    """Why what is missed is missed, as far as it is known."""
    said: list[str] = []
    for row in ROWS:
        if row.note and row.key in found and any("missed" in line[-1] for line in rows_of(row, found[row.key])):
            said.append(f"- {row.work}: {row.note}")
    return ["", *said] if said else []


def compilations(found: Found) -> list[str]:
    """What passes before there is a result, and before there is machine code."""
    rows = [
        [row.work, *[time(part[n]) if (part := found[row.key].get(k, {})) and n in part else "" for k, n in _BEGIN]]
        for row in ROWS
        if row.key in found and "ready" in found[row.key]
    ]
    return ["", FIRST, "", *table(["work", "first call", "machine code", "JAX's first"], rows, left=1)] if rows else []


def straight(found: Found) -> list[str]:
    """The straight lines: a stage a column."""
    rows: list[list[str]] = []
    verdicts: list[str] = []
    for size in SIZES:
        measured = found.get(f"lines {size}")
        if measured is None:
            continue
        stages: Mapping[str, Mapping[str, float]] = measured["stages"]
        for name, times in stages.items():
            cells = [time(times[s]) if s in times else "not done" for s in STAGES]
            rows.append([f"{size:,}", "Chalkgrad" if name == "ours" else NAMES[name], *cells])
        verdicts += [_below(size, stage, stages) for stage in ("whole", "run")]
    if not rows:
        return []
    said = f"What was not done in {LIMIT:.0f} s, or failed, is not done."
    return [*table(["steps", "library", *STAGES], rows, left=2), "", said, "", *verdicts, *_linear(found)]


def _below(size: int, stage: str, stages: Mapping[str, Mapping[str, float]]) -> str:
    ours = stages["ours"].get(stage)
    if ours is None:
        return f"- {size:,} steps, {stage}: not done; must be below both: {verdict(False)}."
    said = [
        f"{figure(ours / times[stage])}× {NAMES[n]}" for n, times in stages.items() if n != "ours" and stage in times
    ]
    holds = all(ours < times.get(stage, float("inf")) for n, times in stages.items() if n != "ours")
    return f"- {size:,} steps, {stage}: {', '.join(said)}; must be below both: {verdict(holds)}."


def _linear(found: Found) -> Sequence[str]:
    """Seconds a step at each size, over those at the size before."""
    said: list[str] = []
    all_of = {n: found[f"lines {n}"]["stages"]["ours"] for n in SIZES if f"lines {n}" in found}
    times = {n: stages for n, stages in all_of.items() if len(stages) == len(STAGES)}
    for small, large in zip(list(times), list(times)[1:], strict=False):
        growth = {s: (times[large][s] / large) / (times[small][s] / small) for s in STAGES}
        holds = max(growth.values()) <= 1.2
        words = ", ".join(f"{s} {g:.2f}×" for s, g in growth.items())
        said.append(f"- a step at {large:,} over one at {small:,}: {words}; must be ≤ 1.2×: {verdict(holds)}.")
    return said

"""Processes timed and weighed, and tables in Markdown."""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

HERE = Path(__file__).parent.parent


def machine() -> str:
    """Processor, cores and system, as far as they can be told."""
    processor = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        named = [
            line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")
        ]
        processor = named[0] if named else processor
    busy = f", load {os.getloadavg()[0]:.1f} when it began" if hasattr(os, "getloadavg") else ""
    return f"{processor}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}{busy}"


def peak_megabytes() -> float:
    """The most memory that this process has held so far."""
    status = Path("/proc/self/status")  # where there is one: ru_maxrss counts the parent before exec too
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    import resource  # not on Windows

    unit = 1024**2 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def wall(command: Sequence[str], env: Mapping[str, str] | None = None) -> float | None:
    """Seconds from start to exit of a process; None where it fails."""
    began = perf_counter()
    done = subprocess.run(command, env={**os.environ, **(env or {})}, capture_output=True, check=False)
    return perf_counter() - began if done.returncode == 0 else None


def ask(module: str, *arguments: object, limit: float = 60) -> dict[str, Any]:
    """What `python -m cases.<module> <arguments>` answers in JSON; `{"result": why not}` where it does not."""
    command = [sys.executable, "-m", f"cases.{module}", *map(str, arguments)]
    try:
        done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=limit, check=False)
    except subprocess.TimeoutExpired:
        return {"result": f"not done in {limit:.0f} s"}
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"signal {-done.returncode}"])[-1]
        return {"result": "stack overflow" if done.returncode < 0 else last[:60]}
    return json.loads(done.stdout.splitlines()[-1])


def middle(found: Iterable[float | None]) -> float | None:
    """The median of what there is."""
    numbers = [x for x in found if x is not None]
    return median(numbers) if numbers else None


def milliseconds(seconds: float | None) -> str:
    """A time in ms, to three figures; — where there is none."""
    if seconds is None:
        return "—"
    ms = seconds * 1000
    return f"{ms:.0f}" if ms >= 100 else f"{ms:.3g}"


def ratio(a: float | None, b: float | None) -> str:
    """`a` over `b`."""
    return f"{a / b:.2g}×" if a is not None and b else "—"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1) -> list[str]:
    """Lines of a Markdown table; the first `left` columns hold words, the others numbers."""
    lines = [list(head), *map(list, rows)]
    widths = [max(len(line[k]) for line in lines) for k in range(len(head))]

    def row(cells: Sequence[str]) -> str:
        padded = [c.ljust(w) if k < left else c.rjust(w) for k, (c, w) in enumerate(zip(cells, widths, strict=True))]
        return f"| {' | '.join(padded)} |"

    rule = ["-" * w if k < left else "-" * (w - 1) + ":" for k, w in enumerate(widths)]
    return [row(lines[0]), row(rule), *map(row, lines[1:])]


def verdicts(claims: Iterable[tuple[str, bool | None, str]]) -> list[str]:
    """Expected against seen, one line a claim."""
    words = {True: "as expected", False: "**not as expected**", None: "not measured"}
    return [f"- Expected: {claim}. Seen: {seen}: {words[holds]}." for claim, holds, seen in claims]

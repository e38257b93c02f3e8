"""Formulas, equality and claims: what the scalar sheets ask, timed in this one run."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter

import chalkgrad as cg
from chalkgrad.render.rows import Rows

sys.path.insert(0, str(Path(__file__).parent.parent))

import claims
import equal

TITLE = "Formulas, equality, claims"
MEANS = """Formulas: reading, differentiating and writing out every local and total of S10, and every local of chains of
4 000 and 40 000 steps, whose growth should be tenfold. Equality: 1000 pairs decided, beside SymPy's `.equals` on a
few of the same. Claims: the sheets' own solutions, read, judged and reported, after start-up."""
STAGED = """s(y) = 1/(1 + e^-y); num = x + s(y); s(x) = 1/(1 + e^-x); sum = x + y; sqr = sum^2; denom = s(x) + sqr
inv = 1/denom; f = num·inv"""


def _written(rows: Rows) -> int:
    return sum(len(rows.local(c)) for c in rows.worked.backprop.contributions)


def _staged() -> None:
    rows = Rows(cg.work(STAGED))
    _written(rows)
    for var in rows.variables:
        rows.total(var)


def _chain(steps: int) -> float:
    def f(x: float) -> float:
        y = x
        for _ in range(steps // 2):
            y = y * y + x
        return y

    rows = Rows(cg.work(cg.trace(f, 0.1)))
    start = perf_counter()
    _written(rows)
    return 1e3 * (perf_counter() - start)


def _rows(table: Sequence[Sequence[str]]) -> Iterator[str]:
    head, *body = table
    yield "| " + " | ".join(head) + " |"
    yield "|" + " --- |" * len(head)
    yield from ("| " + " | ".join(row) + " |" for row in body)


def report() -> Iterator[str]:
    """The lines of this section."""
    times: list[float] = []
    for _ in range(7):
        start = perf_counter()
        _staged()
        times.append(1e3 * (perf_counter() - start))
    short, long = median(_chain(4_000) for _ in range(3)), median(_chain(40_000) for _ in range(3))
    yield from _rows(
        [
            ("formulas of", "ms", "growth"),
            ("S10, whole", f"{median(times):.1f}", ""),
            ("a chain of 4 000 steps", f"{short:.0f}", ""),
            ("a chain of 40 000 steps", f"{long:.0f}", f"{long / short:.1f}×"),
        ]
    )
    yield ""
    yield from _rows(equal.table())
    yield ""
    yield from _rows(claims.table())

"""Which step a class got wrong: by blank, by mistake and by variant. Counts, and nothing about any one person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import fsum
from typing import Any, final

from chalkgrad.classroom.course.record import VERDICTS, Record
from chalkgrad.classroom.sheets.blank import Keyed
from chalkgrad.render.numbers import trimmed

UNKNOWN = "unknown"
"""What a mistake without a name is counted under."""


@final
@dataclass(frozen=True, slots=True)
class AtBlank:
    """One blank: how many of each verdict, for how many it was (one of) the first wrong, and with which mistakes."""

    blank: str
    ask: str
    question: str
    verdicts: Mapping[str, int]
    first: int
    mistakes: Mapping[str, int]


@final
@dataclass(frozen=True, slots=True)
class AtVariant:
    """One variant: how many sat at it, and the mean of their shares of the points."""

    code: str
    sheets: int
    mean: float
    all_right: int


@final
@dataclass(frozen=True, slots=True)
class Statistics:
    """A class. `mean` and `median` are shares of the points, from 0 to 1."""

    sheet: str
    title: str
    sheets: int
    all_right: int
    mean: float
    median: float
    blanks: tuple[AtBlank, ...]
    mistakes: Mapping[str, int]
    variants: tuple[AtVariant, ...]

    def data(self) -> dict[str, Any]:
        """As plain data, for JSON."""
        return asdict(self)

    @property
    def people(self) -> str:
        """How many sheets, in words."""
        return "1 sheet" if self.sheets == 1 else f"{self.sheets} sheets"

    @property
    def hardest(self) -> tuple[AtBlank, ...]:
        """The blanks that were first wrong for somebody, the most frequent before."""
        return tuple(sorted([b for b in self.blanks if b.first], key=lambda b: -b.first))


def statistics(sheet: Keyed, records: Sequence[Record]) -> Statistics:
    """Count a class. `sheet` is the published variant: its blanks are those of all. Sheets that failed do not count."""
    counted = [r for r in records if not r.failed]
    verdicts: dict[str, Counter[str]] = {b.id: Counter() for b in sheet.blanks}
    first: Counter[str] = Counter()
    named: dict[str, Counter[str]] = {b.id: Counter() for b in sheet.blanks}
    for record in counted:
        wrong = set(record.first)
        for row in record.rows:
            if row.blank not in verdicts:
                continue
            verdicts[row.blank][row.verdict] += 1
            if row.blank in wrong:
                first[row.blank] += 1
                named[row.blank][row.mistake or UNKNOWN] += 1
    blanks = tuple(
        [
            AtBlank(
                b.id,
                b.ask,
                q.number,
                {v: verdicts[b.id][v] for v in VERDICTS if verdicts[b.id][v]},
                first[b.id],
                _ordered(named[b.id]),
            )
            for q in sheet.questions
            for b in q.blanks
        ]
    )
    shares = sorted([_share(r) for r in counted])
    return Statistics(
        sheet.sheet.name,
        sheet.sheet.title,
        len(counted),
        sum([r.right for r in counted]),
        _mean(shares),
        _median(shares),
        blanks,
        _ordered(sum(named.values(), Counter())),
        tuple(_variants(counted)),
    )


def in_words(found: Statistics, most: int = 10) -> str:
    """The statistics as lines for a terminal."""
    shares = f"mean {_percent(found.mean)}, median {_percent(found.median)}"
    lines = [f"{found.people}, {found.all_right} all right; {shares}"]
    hardest = found.hardest
    if hardest:
        lines += ["", "first wrong step"]
        long = max([len(b.blank) for b in hardest[:most]])
        top = hardest[0].first
        for b in hardest[:most]:
            bar = "█" * max(1, round(20 * b.first / top))
            mistakes = ", ".join([f"{m} {n}" for m, n in list(b.mistakes.items())[:3]])
            lines.append(f"  {b.blank:{long}}  {b.first:4}  {bar:20}  {mistakes}".rstrip())
        if len(hardest) > most:
            lines.append(f"  and {len(hardest) - most} more")
    if found.mistakes:
        lines += ["", "mistakes: " + ", ".join([f"{m} {n}" for m, n in found.mistakes.items()])]
    if len(found.variants) > 1:
        worst = min(found.variants, key=lambda v: v.mean)
        best = max(found.variants, key=lambda v: v.mean)
        means = f"{_percent(worst.mean)} ({worst.code}) to {_percent(best.mean)} ({best.code})"
        lines.append(f"{len(found.variants)} variants, means from {means}")
    return "\n".join(lines)


def _variants(records: Sequence[Record]) -> list[AtVariant]:
    by_code: dict[str, list[Record]] = {}
    for record in records:
        by_code.setdefault(record.code, []).append(record)
    return [
        AtVariant(code, len(theirs), _mean([_share(r) for r in theirs]), sum([r.right for r in theirs]))
        for code, theirs in sorted(by_code.items(), key=lambda pair: _in_order(pair[0]))
    ]


def _in_order(code: str) -> tuple[int, int]:
    _, seed, number = code.rsplit("-", 2)
    return int(seed), int(number)


def _ordered(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def _share(record: Record) -> float:
    return record.points / record.of if record.of else 0.0


def _mean(values: Sequence[float]) -> float:
    return fsum(values) / len(values) if values else 0.0


def _median(values: Sequence[float]) -> float:
    middle = len(values) // 2
    if not values:
        return 0.0
    return values[middle] if len(values) % 2 else (values[middle - 1] + values[middle]) / 2


def _percent(share: float) -> str:
    return f"{trimmed(100 * share, 1)} %"

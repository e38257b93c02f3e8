"""What is kept of one marked sheet: everything that gradebook, feedback and statistics say, as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, final

if TYPE_CHECKING:
    from chalkgrad.classroom.marking.marked import Mark, Marked

VERDICTS = ("right", "consistent", "unfollowed", "wrong", "cannot tell", "empty")
SAID = {"unfollowed": "right, but does not follow"}
"""What a verdict is called where its own name says too little."""

LONGEST_ANSWER = 1000


@final
@dataclass(frozen=True, slots=True)
class Row:
    """One blank: a Mark without what the sheet says anyway, and the answer cut."""

    blank: str
    answer: str
    verdict: str
    credit: float
    mistake: str = ""
    why: str = ""
    should: str = ""
    notes: tuple[str, ...] = ()


@final
@dataclass(frozen=True, slots=True)
class Record:
    """One person's sheet, marked. `first` are ids of the first wrong blanks; `failed` says why nothing was judged."""

    student: str
    code: str
    rows: tuple[Row, ...]
    points: float
    of: float
    first: tuple[str, ...] = ()
    failed: str = ""

    @property
    def right(self) -> bool:
        """Whether every blank is right."""
        return all(r.verdict == "right" for r in self.rows)

    @property
    def wrong(self) -> bool:
        """Whether some blank is not right, and that is certain."""
        return any(r.verdict not in ("right", "cannot tell") for r in self.rows)

    def row(self, blank: str) -> Row | None:
        """The row of a blank."""
        return next((r for r in self.rows if r.blank == blank), None)

    def data(self) -> dict[str, Any]:
        """As plain data, for JSON."""
        return asdict(self)


def record_of(marked: Marked) -> Record:
    """What is kept of a Marked."""
    rows = tuple([_row(m) for m in marked.marks])
    return Record(marked.student, marked.code, rows, marked.points, marked.of, tuple([m.blank for m in marked.first]))


def failed(
    student: str, code: str, answers: Mapping[str, str], blanks: Sequence[tuple[str, float]], why: str
) -> Record:
    """A sheet of which nothing could be judged: every answer is "cannot tell". `blanks` are their ids and points."""
    rows = [
        Row(id, answers[id][:LONGEST_ANSWER], "cannot tell", 0.0, why=why)
        if answers.get(id, "").strip()
        else Row(id, "", "empty", 0.0)
        for id, _ in blanks
    ]
    return Record(student, code, tuple(rows), 0.0, sum([p for _, p in blanks]), failed=why)


def from_data(data: Mapping[str, Any]) -> Record:
    """A Record that was written as data.

    Raises KeyError, TypeError where it is none.
    """
    fields: dict[str, Any] = dict(data)
    rows: list[dict[str, Any]] = fields.pop("rows")
    first: list[str] = fields.pop("first")
    made = tuple([Row(notes=tuple(r.pop("notes")), **r) for r in map(dict, rows)])
    return Record(rows=made, first=tuple(first), **fields)


def _row(mark: Mark) -> Row:
    answer = mark.answer[:LONGEST_ANSWER]
    return Row(mark.blank, answer, mark.verdict, mark.credit, mark.mistake, mark.why, mark.should, tuple(mark.notes))

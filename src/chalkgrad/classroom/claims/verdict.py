"""What the judge says: a finding a line, and the whole."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, final

from chalkgrad.classroom.claims.claim import Line
from chalkgrad.notation.tree import Span

Status = Literal["right", "wrong", "consistent", "undecided"]


@final
@dataclass(frozen=True, slots=True)
class Finding:
    """The judgement of one line.

    `kind` names a known mistake, or is empty; `should` is what the line should say, `why` the reason, `example` numbers
    that show it. A line that is `consistent` follows from an earlier wrong line of the person's own.
    """

    line: Line
    span: Span
    status: Status
    kind: str = ""
    should: str = ""
    why: str = ""
    example: str = ""
    note: str = ""


@final
@dataclass(frozen=True)
class Verdict:
    """Whether a claim is right. `str` of it is the report; `findings` holds one finding a line, in their order."""

    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()

    @cached_property
    def wrong(self) -> Finding | None:
        """The first wrong line, None where there is none."""
        return next((f for f in self.findings if f.status == "wrong"), None)

    @property
    def undecided(self) -> bool:
        """Whether some line could not be decided, and none is wrong."""
        return self.wrong is None and any(f.status == "undecided" for f in self.findings)

    @property
    def right(self) -> bool:
        """Whether every line was decided, and none is wrong."""
        return self.wrong is None and not self.undecided

    @property
    def line(self) -> int | None:
        """The number of the first wrong line, counted from 1."""
        return None if self.wrong is None else self.wrong.line.number

    @property
    def mistake(self) -> str:
        """The known mistake in the first wrong line, or nothing."""
        return "" if self.wrong is None else self.wrong.kind

    def __bool__(self) -> bool:
        return self.right

    def __str__(self) -> str:
        from chalkgrad.classroom.claims.report import report

        return report(self)

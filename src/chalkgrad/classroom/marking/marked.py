"""What marking says of one person's sheet: a mark a blank, and the first that is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, final

from chalkgrad.classroom.sheets.blank import Blank

Verdict = Literal["right", "consistent", "unfollowed", "wrong", "cannot tell", "empty"]


@final
@dataclass(frozen=True, slots=True)
class Mark:
    """The judgement of one blank.

    Attributes
    ----------
    blank : str
        Its id.
    answer : str
        What was written, as it was given.
    verdict : str
        `right`; `consistent`, where it follows from the person's own earlier answers; `unfollowed`, where it is right
        but does not follow from them; `wrong`; `cannot tell`; `empty`.
    credit : float
        The points that were earned.
    mistake : str
        The kind of a known mistake, or nothing.
    why : str
        Why it is not right, or why it cannot be told.
    should : str
        The key, as it is printed; nothing where the answer is right.
    notes : tuple of str
        What should be known beside it: which neighbour was missing, where rounding decided.
    """

    blank: str
    answer: str
    verdict: Verdict
    credit: float
    mistake: str = ""
    why: str = ""
    should: str = ""
    notes: tuple[str, ...] = ()


@final
@dataclass(frozen=True, slots=True)
class Marked:
    """A person's sheet, marked. `code` names the sheet and variant, `of` the points that could be earned.

    `behind` are, for every blank, those that its answer was judged from.
    """

    student: str
    code: str
    marks: tuple[Mark, ...]
    points: float
    of: float
    behind: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]], compare=False, repr=False)

    @property
    def first(self) -> tuple[Mark, ...]:
        """The wrong marks that hang on no other wrong one, in dependency order."""
        wrong = {m.blank for m in self.marks if m.verdict == "wrong"}
        return tuple(m for m in self.marks if m.blank in wrong and not wrong & self.above(m.blank))

    def above(self, blank: str) -> set[str]:
        """Every blank that an answer hangs on, near or far."""
        found: set[str] = set()
        todo = [*self.behind.get(blank, ())]
        while todo:
            one = todo.pop()
            if one not in found and one != blank:
                found.add(one)
                todo.extend(self.behind.get(one, ()))
        return found


@final
@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict before it is weighed into points; `behind` are the blanks that it was judged from."""

    verdict: Verdict
    mistake: str = ""
    why: str = ""
    notes: tuple[str, ...] = ()
    behind: frozenset[str] = frozenset()


SHARE: dict[Verdict, float] = {"right": 1.0, "unfollowed": 1.0, "wrong": 0.0, "cannot tell": 0.0, "empty": 0.0}


def weighed(blank: Blank, answer: str, found: Judged, credit: float, should: str) -> Mark:
    """The mark of a verdict. `credit` is the share of the points for what is consistent."""
    share = credit if found.verdict == "consistent" else SHARE[found.verdict]
    shown = "" if found.verdict in ("right", "unfollowed") else should
    return Mark(blank.id, answer, found.verdict, blank.points * share, found.mistake, found.why, shown, found.notes)

"""Everything that Chalkgrad raises.

ChalkgradError
├── NotationError      a person's text cannot be read; carries the text and the span at fault
│   └── TooLarge       the text, or what it asks for, is over a stated bound
├── ProgramError       a Program, or the step being added to one, is not legal
│   └── ShapeError     sizes do not fit
├── TraceError         NumPy code that cannot be traced; names the file and line
├── UnknownName        an op, an input or a node that does not exist; suggests the nearest one
├── ValueNeeded        numbers were asked for where an input has none
├── MatrixError        a matrix has no inverse, or no such factors; NumPy's LinAlgError too
├── GradientError      a derivative does not exist or a derivative rule is wrong
├── SheetError         a sheet file that cannot be used, or a key that cannot be trusted; names the place in the file
└── VariantError       there are too few variants of a sheet; names the constraint that failed
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from numpy.linalg import LinAlgError


class ChalkgradError(Exception):
    """The root of the tree. `str` of it is a whole message, ready to be shown."""


class NotationError(ChalkgradError):
    """A person's text that cannot be read.

    `span` is a pair of 0-based positions into `text`; the message shows the line with a caret under them.
    """

    def __init__(self, problem: str, text: str = "", span: tuple[int, int] | None = None) -> None:
        self.problem, self.text, self.span = problem, text, span
        super().__init__(problem + ("" if span is None else "\n" + caret(text, span)))


class TooLarge(NotationError):
    """Refused because of its size, before any work was done on it."""


class ProgramError(ChalkgradError):
    """A Program that breaks a rule of the house."""


class ShapeError(ProgramError):
    """Sizes that do not fit together."""


class TraceError(ChalkgradError):
    """NumPy code that has no reading as a Program."""


class UnknownName(ChalkgradError):
    """A name that means nothing here; `name` is that name where the caller may want to do without it."""

    def __init__(self, problem: str, name: str = "") -> None:
        self.name = name
        super().__init__(problem)


class ValueNeeded(ChalkgradError):
    """A number was asked for, and an input has none."""


class MatrixError(ChalkgradError, LinAlgError):
    """A matrix with no inverse or no such factors. Code that catches what NumPy raises there catches this."""


class GradientError(ChalkgradError):
    """There is no derivative to give, or a derivative rule disagrees with differences."""


class SheetError(ChalkgradError):
    """A sheet file that cannot be used, or a key whose three witnesses do not agree.

    `place` is where: `problem 2, part b, blank`; it stands in front of the message.
    """

    def __init__(self, problem: str, place: str = "") -> None:
        self.problem, self.place = problem, place
        super().__init__(f"{place}: {problem}" if place else problem)


class VariantError(ChalkgradError):
    """Too few variants of a sheet exist, or a roster cannot be used."""


def caret(text: str, span: tuple[int, int], width: int = 96) -> str:
    """The line of `text` that holds `span`, and under it carets below the span; long lines are cut around it."""
    start, stop = span
    begin = text.rfind("\n", 0, start) + 1
    end = text.find("\n", start)
    end = len(text) if end < 0 else end
    left = max(begin, min(start - width // 2, end - width))
    right = min(end, left + width)
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text[left:right])
    lead, tail = ("…" if left > begin else ""), ("…" if right < end else "")
    marks = max(1, min(stop, right) - start)
    return f"    {lead}{shown}{tail}\n    {' ' * (len(lead) + start - left)}{'^' * marks}"


def nearest(name: str, known: Iterable[str]) -> str:
    """`"; did you mean 'tanh'?"` for `"tahn"`, and nothing where no known name is near."""
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"; did you mean '{found[0]}'?" if found else ""

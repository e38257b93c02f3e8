"""What stands on a sheet, from top to bottom: a tree of blocks, the same for the blank sheet and its key.

An answer stands in an `Answer` and nowhere else, and the views print it on a key only. What a key says beside the
answers stands on pages of its own behind the sheet, so that nothing on the sheet moves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, final

from chalkgrad.classroom.printed.drawing import Drawn
from chalkgrad.classroom.printed.prose import Block, Piece
from chalkgrad.render import picture

_WIDEST, _LARGE_WIDEST, _TURNED = 590.0, 400.0, 757.0

Room = Literal["number", "wide", "line"]
"""The room of an answer on a line: for a number, for a few of them or a short formula, and the rest of the line."""


@final
@dataclass(frozen=True, slots=True)
class Answer:
    """A place to write in, and what the key writes there. `ask` is what a screen reader says of it."""

    id: str
    ask: str
    room: Room
    pieces: tuple[Piece, ...]


@final
@dataclass(frozen=True, slots=True)
class Say:
    """Words of the sheet; `label` is that of a part."""

    blocks: tuple[Block, ...]
    label: str = ""
    points: str = ""


@final
@dataclass(frozen=True, slots=True)
class Hint:
    """A hint, in smaller letters."""

    pieces: tuple[Piece, ...]


@final
@dataclass(frozen=True, slots=True, eq=False)
class Figure:
    """A computation graph with open places."""

    drawn: Drawn
    number: str


@final
@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that is printed as it is: cells, networks."""

    drawing: picture.Picture

    @property
    def svg(self) -> str:
        return picture.svg(self.drawing)

    @property
    def width(self) -> float:
        return self.drawing.width

    @property
    def height(self) -> float:
        return self.drawing.height

    @property
    def alt(self) -> str:
        return f"{self.drawing.title}. {self.drawing.description}"


@final
@dataclass(frozen=True, slots=True)
class Pictures:
    """Pictures side by side."""

    pictures: tuple[Picture, ...]


@final
@dataclass(frozen=True, slots=True)
class Line:
    """`∂f/∂q = ____`, with a second place where formula and number stand side by side; None where nothing is asked."""

    head: tuple[Piece, ...]
    sign: str
    answers: tuple[Answer | None, ...]
    hints: tuple[tuple[Piece, ...], ...] = ()


@final
@dataclass(frozen=True, slots=True)
class Lines:
    """Lines to fill in; `columns` are the heads of their places, where there are two."""

    lines: tuple[Line, ...]
    columns: tuple[str, ...] = ()


@final
@dataclass(frozen=True, slots=True)
class CodeLine:
    """A line of the printed program, which is open where it has an answer."""

    tag: str
    text: str
    answer: Answer | None = None


@final
@dataclass(frozen=True, slots=True)
class Code:
    """The staged program."""

    lines: tuple[CodeLine, ...]


@final
@dataclass(frozen=True, slots=True)
class Grid:
    """Values as a table: the cells are words, or open."""

    columns: tuple[tuple[Piece, ...], ...]
    rows: tuple[tuple[tuple[Piece, ...] | Answer, ...], ...]


@final
@dataclass(frozen=True, slots=True)
class Writing:
    """Ruled lines for words, of which the model answer takes as many where it fits."""

    id: str
    head: tuple[Piece, ...]
    lines: int
    model: tuple[Block, ...]
    hint: tuple[Piece, ...] = ()


@final
@dataclass(frozen=True, slots=True)
class Space:
    """A frame to draw in, `height` lines high; `printed` stands in it already, `model` on the key."""

    id: str
    head: tuple[Piece, ...]
    height: int
    printed: Picture | None
    model: Drawn | Picture | None
    hint: tuple[Piece, ...] = ()


Item = Say | Hint | Figure | Pictures | Lines | Code | Grid | Writing | Space


@final
@dataclass(frozen=True, slots=True, eq=False)
class Numbered:
    """A problem. `widest` is the width of its widest drawing, in points."""

    number: int
    title: tuple[Piece, ...]
    points: str
    items: tuple[Item, ...]
    widest: float

    def turned(self, large: bool) -> bool:
        """Whether it stands on a page that is turned, since its drawing needs the width."""
        return self.widest > (_LARGE_WIDEST if large else _WIDEST)

    @property
    def scale(self) -> float:
        """The share of its size at which its widest drawing is printed, on a page that is turned where it needs one."""
        return min(1.0, _TURNED / max(self.widest, 1.0))


@final
@dataclass(frozen=True, slots=True)
class Note:
    """What the key says behind the sheet about one question."""

    number: str
    blocks: tuple[Block, ...]
    figures: tuple[Drawn, ...] = ()


@final
@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """A whole sheet and its key.

    `unread` are the formulas that are shown as typed, since they cannot be set: a message each.
    """

    title: tuple[Piece, ...]
    plain_title: str
    course: tuple[Piece, ...]
    code: str
    student: str
    intro: tuple[Block, ...]
    problems: tuple[Numbered, ...]
    footer: tuple[Block, ...]
    notes: tuple[Note, ...]
    unread: tuple[str, ...]

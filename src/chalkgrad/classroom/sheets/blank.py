"""A sheet with its key: every question worked at one variant's values, and every blank with its answer.

This is what printing, marking, variants and exports agree on. Blanks stand in dependency order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, final

from chalkgrad.classroom.sheets.sheet import Kind, Part, Problem, Sheet
from chalkgrad.evaluate.worked import Worked
from chalkgrad.ir.program import Var
from chalkgrad.transform.backprop import Contribution

PUBLISHED = 0
"""The number of the variant whose values are the sheet's own."""


@final
@dataclass(frozen=True, slots=True)
class Variant:
    """The values of one seat: `values[problem number][input name]`; `student` where a roster named one.

    `hidden` are the ids of blanks at which some known mistake would not show, with the mistake's name.
    """

    number: int = PUBLISHED
    seed: int = 0
    values: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    student: str = ""
    hidden: tuple[tuple[str, str], ...] = ()


@final
@dataclass(frozen=True, slots=True, eq=False)
class NumberKey:
    """A number, or an array of numbers, never rounded; `digits` are the decimals that the sheet asks for.

    `stepwise` is the number that a person gets who rounds to these digits at every gate; the same where nothing does.
    """

    exact: Any
    stepwise: Any
    digits: int


@final
@dataclass(frozen=True, slots=True)
class FormulaKey:
    """A formula as maths text that reads back. `names` are those that it may be written in; any where it is empty.

    `given` are the lines of a claim that stand before it, and `head` what stands on the left, such as `∂J/∂W1`: with
    them an answer is judged as a claim; without, by equality as a function of the question's inputs.
    """

    text: str
    names: tuple[str, ...] = ()
    given: str = ""
    head: str = ""


@final
@dataclass(frozen=True, slots=True)
class ShapeKey:
    """A shape such as `D_a1×D_x`."""

    text: str


@final
@dataclass(frozen=True, slots=True)
class TextKey:
    """Words that only a person can judge (`rubric`), or a derivation whose lines are judged as a claim (`given`).

    `text` is a model answer, which may be empty.
    """

    text: str = ""
    rubric: tuple[str, ...] = ()
    given: str = ""


Key = NumberKey | FormulaKey | ShapeKey | TextKey


@final
@dataclass(frozen=True, slots=True, eq=False)
class Blank:
    """One place to fill in.

    Attributes
    ----------
    id : str
        `q.value`, `x>q.local`, `x.gradient`, with the question in front where the sheet has several: `3b:x.gradient`.
        The same in every variant.
    ask : str
        What is asked, as maths text for a printed line: `∂f/∂q`, `q`; words in a `text`.
    node : Var or None
        The value that it is about: of a gradient the value differentiated by, of an edge the value at its near end.
    edge : Contribution or None
        Of `local` and `product` the edge.
    place : {"graph", "line", "code"}
        Where it is written: on the drawing's wires, on a line of its own, or in the printed program.
    """

    id: str
    kind: Kind
    ask: str
    key: Key
    points: float
    node: Var | None = None
    edge: Contribution | None = None
    place: Literal["graph", "line", "code"] = "line"
    lines: int = 1
    hint: str = ""
    figure: str = ""
    answer_figure: str = ""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """One part of a problem with its numbers. `number` is `1`, `3b` or `3.1`; `work` None where nothing is computed.

    `work` holds the numbers of this variant, and `part` its values; it is symbolic where the sheet gives none.
    """

    number: str
    problem: Problem
    part: Part
    work: Worked | None
    blanks: tuple[Blank, ...]

    def blank(self, id: str) -> Blank:
        """The blank of this id."""
        return next(b for b in self.blanks if b.id == id)


@final
@dataclass(frozen=True, slots=True, eq=False)
class Keyed:
    """A sheet at one variant, with its key. `code` names sheet, seed and variant on every page: `bp-7-03`."""

    sheet: Sheet
    variant: Variant
    questions: tuple[Question, ...]

    @property
    def code(self) -> str:
        return f"{self.sheet.name}-{self.variant.seed}-{self.variant.number:02}"

    @property
    def blanks(self) -> tuple[Blank, ...]:
        """Every blank, question after question."""
        return tuple(b for q in self.questions for b in q.blanks)

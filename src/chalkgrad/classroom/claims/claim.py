"""A person's claim, read: stages, assignments of gradients, equations, updates, in the order of their lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, final

from chalkgrad.ir.program import Program
from chalkgrad.notation.tree import Node, Span

Section = Literal["function", "given", "forward", "backward", "claim"]
Sign = Literal["=", "+=", "-="]


@final
@dataclass(frozen=True, slots=True)
class Line:
    """One line as it was written (several, where cases span them), its number from 1, and what it stands under.

    `clean` is of the same length, with tags, bullets and the signs of derivatives out of the reader's way.
    """

    number: int
    text: str
    clean: str
    section: Section


@final
@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """One side of an equation: its tree, and where it stands in its line."""

    tree: Node
    line: Line
    span: Span

    @property
    def written(self) -> str:
        """As the person wrote it."""
        return self.line.text[self.span[0] : self.span[1]]


@final
@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """`q = x + y` of the forward pass; further sides say the same again."""

    name: str
    sides: tuple[Side, ...]
    line: Line
    head: Span


@final
@dataclass(frozen=True, slots=True, eq=False)
class Assign:
    """`dq += …` of the backward pass: the gradient of the output with respect to `target`.

    `leibniz` says that it was written df/dq.
    """

    target: str
    sign: Sign
    sides: tuple[Side, ...]
    line: Line
    head: Span
    leibniz: bool


@final
@dataclass(frozen=True, slots=True, eq=False)
class Equation:
    """`∂of/∂by = …`; with `by` empty, a value that was named before, stated again."""

    of: str
    by: str
    sides: tuple[Side, ...]
    line: Line
    head: Span


@final
@dataclass(frozen=True, slots=True, eq=False)
class Update:
    """`w ← w - α …`: a step of descent. With `sign` -= or += the sides are the change alone."""

    name: str
    sign: Sign
    sides: tuple[Side, ...]
    line: Line
    head: Span


@final
@dataclass(frozen=True, slots=True, eq=False)
class Definition:
    """`t = …`: a name of the person's own, which no stage bears."""

    name: str
    sides: tuple[Side, ...]
    line: Line
    head: Span


@final
@dataclass(frozen=True, slots=True, eq=False)
class Identity:
    """`tanh(x) = … = 2σ(2x) - 1`: formulas that are said to be the same; the first side is what stood on the left."""

    sides: tuple[Side, ...]
    line: Line
    head: Span


Item = Stage | Assign | Equation | Update | Definition | Identity


@final
@dataclass(frozen=True, slots=True, eq=False)
class Claim:
    """Everything that was claimed.

    `function` is None where the forward pass alone says what is computed. `derivatives` maps the name that stands for
    a derivative in a tree to (of, by); `output` is the name of the last value, `loss` what the derivatives call it.
    """

    function: Program | None
    inputs: tuple[str, ...]
    items: tuple[Item, ...]
    output: str
    loss: str
    derivatives: Mapping[str, tuple[str, str]]
    at: Mapping[str, Any]
    python: bool = False


def key(of: str, by: str) -> str:
    """The name that stands for ∂of/∂by in a tree."""
    return f"∂{of}/∂{by}"

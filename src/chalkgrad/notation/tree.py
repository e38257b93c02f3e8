"""What a text says, before any shape is known. Frozen nodes, each with its span in the text.

Comparing or printing deep trees would recurse, so nodes compare by identity and print as their kind.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

Span = tuple[int, int]


@final
@dataclass(frozen=True, slots=True)
class Function:
    """A function as a person called it (`word`), and the op that it is; an `abstract` one is in no table."""

    word: str
    op: str
    abstract: bool = False


@final
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Num:
    """A number without its sign."""

    value: float
    span: Span


@final
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Name:
    """An input or a stage."""

    name: str
    span: Span


@final
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Component:
    """`x_1` where x is an array: its subscripts as printed, whatever they count from."""

    array: str
    subscripts: tuple[int, ...]
    span: Span


@final
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Constant:
    """e or π."""

    name: str
    span: Span


@final
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Literal:
    """None, True, False, or the `inf` of a norm's order: for parameters and indices only."""

    value: float | bool | None
    span: Span


@final
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Unary:
    """A sign (`-` or `¬`) before one operand."""

    sign: str
    operand: Node
    span: Span


@final
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Binary:
    """A sign between two operands: `+ - * / ^ @ ∧ ∨`, or `""` where they simply stand side by side."""

    sign: str
    left: Node
    right: Node
    span: Span


@final
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Compare:
    """`a < b <= c`: the signs, and one operand more than signs."""

    signs: tuple[str, ...]
    operands: tuple[Node, ...]
    span: Span


@final
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Call:
    """A function of arguments; `keywords` are parameters by name."""

    function: Function
    args: tuple[Node, ...]
    keywords: tuple[tuple[str, Node], ...]
    span: Span


@final
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Index:
    """`base[items]`; where base turns out to be a number, a product with a bracket."""

    base: Node
    items: tuple[Node, ...]
    span: Span


@final
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Slice:
    """`start:stop:step` inside an index."""

    parts: tuple[Node | None, ...]
    span: Span


@final
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Sequence:
    """`[a, b]` or `(a, b)`."""

    bracket: str
    items: tuple[Node, ...]
    span: Span


@final
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Transpose:
    """`W^T`; `sure` unless it was written with the letter T."""

    operand: Node
    sure: bool
    span: Span


@final
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SumOver:
    """`Σ_{i=1}^{m} body`: the sum over all examples; `last` is m, or empty where it is not said."""

    index: str
    last: str
    body: Node
    span: Span


Node = (
    Num
    | Name
    | Component
    | Constant
    | Literal
    | Unary
    | Binary
    | Compare
    | Call
    | Index
    | Slice
    | Sequence
    | Transpose
    | SumOver
)


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly under one, in the order of the text."""
    match node:
        case Unary() | Transpose():
            return (node.operand,)
        case Binary():
            return (node.left, node.right)
        case Compare():
            return node.operands
        case Call():
            return (*node.args, *[value for _, value in node.keywords])
        case Index():
            return (node.base, *node.items)
        case Slice():
            return tuple([part for part in node.parts if part is not None])
        case Sequence():
            return node.items
        case SumOver():
            return (node.body,)
        case _:
            return ()

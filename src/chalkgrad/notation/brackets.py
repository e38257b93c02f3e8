"""Brackets: what is known of them before parsing, what they hold while open, and what they become."""

from __future__ import annotations

from collections.abc import Sequence as Tokens
from dataclasses import dataclass, field
from typing import final

from chalkgrad.errors import NotationError
from chalkgrad.notation.lexer import Token
from chalkgrad.notation.refusal import refuse
from chalkgrad.notation.tree import (
    Binary,
    Call,
    Function,
    Index,
    Node,
    Num,
    Sequence,
    Slice,
    Span,
)

WHERE = Function("where", "where")


@final
@dataclass(frozen=True, slots=True)
class Brackets:
    """For every opening token by its place: where it closes; whether a condition, or a list, stands in it."""

    closing: dict[int, int]
    conditions: set[int]
    lists: set[int]

    def factor(self, tokens: Tokens[Token], at: int) -> Span:
        """Where the factor that begins at `at` stands, as far as can be told."""
        start = at
        while tokens[at].kind == "function" and tokens[at + 1].kind == "open":
            at += 1
        return tokens[start].start, tokens[self.closing.get(at, at)].stop

    def holds_number(self, tokens: Tokens[Token], at: int) -> bool:
        """Whether this bracket holds a whole number and nothing else."""
        return tokens[at + 1].kind == "number" and self.closing.get(at) == at + 2


def inspect(tokens: Tokens[Token]) -> Brackets:
    """Match the brackets, leaving those that do not match to the parser."""
    found = Brackets({}, set(), set())
    opened: list[int] = []
    for place, token in enumerate(tokens):
        match token.kind:
            case "open":
                opened.append(place)
            case "close" if opened:
                found.closing[opened.pop()] = place
            case "comma" if opened:
                found.lists.add(opened[-1])
            case "compare" if opened:
                found.conditions.add(opened[-1])
            case "sign" if opened and token.text in "∧∨¬":
                found.conditions.add(opened[-1])
            case _:
                pass
    return found


@final
@dataclass(slots=True)
class Frame:
    """A bracket that is still open, and what it holds so far. `role` is group, array, call, index or bars."""

    role: str
    token: Token
    height: int
    start: int
    function: Function | None = None
    power: tuple[float, Span] | None = None
    loose: str = ""
    items: list[Node] = field(default_factory=list[Node])
    keywords: list[tuple[str, Node]] = field(default_factory=list[tuple[str, Node]])
    keyword: str = ""
    parts: list[Node | None] = field(default_factory=list["Node | None"])
    comma: bool = False

    def take(self, source: str, out: list[Node], spans: list[Span]) -> None:
        """Move the operand that was just read, if any, into the bracket as an item."""
        node = out.pop() if len(out) > self.height else None
        span = spans.pop() if node is not None else self.token.span
        if self.parts:
            first = next((p.span[0] for p in self.parts if p is not None), span[0])
            self.items.append(Slice((*self.parts, node), (first, span[1])))
            self.parts.clear()
        elif node is not None and self.keyword:
            if any(name == self.keyword for name, _ in self.keywords):
                raise NotationError(f"'{self.keyword}' is given twice", source, span)
            self.keywords.append((self.keyword, node))
            self.keyword = ""
        elif node is not None:
            if self.keywords:
                raise NotationError("arguments by name come last", source, span)
            self.items.append(node)


def close(
    source: str,
    frame: Frame,
    behind: Token,
    parent: Frame | None,
    follows: Token,
    out: list[Node],
    spans: list[Span],
) -> tuple[Node, Span, bool]:
    """What a bracket is once it has closed: the node, its span, and whether it is a mere bracket around it."""
    span = (frame.start, behind.stop)
    items = tuple(frame.items)
    match frame.role:
        case "index":
            base, begin = out.pop(), spans.pop()[0]
            span = (begin, behind.stop)
            return Index(base, items, span), span, False
        case "bars":
            assert frame.function is not None
            inner = items[0]
            if (
                isinstance(inner, Call)
                and inner.span == (frame.token.stop, behind.start)
                and inner.function.op == "abs"
            ):
                content = source[inner.span[0] + 1 : inner.span[1] - 1]
                raise refuse(source, span, f"the norm ‖{content}‖", f"|(|{content}|)|")
            return Call(frame.function, items, (), span), span, False
        case "call":
            assert frame.function is not None
            node = call(source, frame.function, items, tuple(frame.keywords), span)
            return powered(node, frame.power, span), span, False
        case _:
            node = _grouped(frame, items, span, parent, follows)
            if frame.function is None:
                return node, span, node is items[0]
            return powered(Call(frame.function, (node,), (), span), frame.power, span), span, False


def _grouped(frame: Frame, items: tuple[Node, ...], span: Span, parent: Frame | None, follows: Token) -> Node:
    """`(x)` is x; `(x, y)` and `[x, y]` are sequences, and so is `[x]` where an entry of an array must be one."""
    inner = items[0]
    if len(items) > 1 or frame.comma:
        return Sequence(frame.token.text, items, span)
    if frame.role == "array":
        if isinstance(inner, Sequence) and inner.bracket == "[":
            return Sequence("[", items, span)
        if parent is not None and follows.kind in ("comma", "close"):
            if parent.role == "index" and frame.function is None:
                return Sequence("[", items, span)
            if parent.role == "array" and (parent.comma or follows.kind == "comma"):
                return Sequence("[", items, span)
    return inner


def call(
    source: str,
    function: Function,
    items: tuple[Node, ...],
    keywords: tuple[tuple[str, Node], ...],
    span: Span,
) -> Node:
    """A call; `piecewise((a, x > 0), (b, x < -1), c)` is where within where."""
    if function.op != "piecewise":
        return Call(function, items, keywords, span)
    if keywords or not items or isinstance(items[-1], Sequence) or len(items) < 2:
        problem = "piecewise takes pairs and a last value: piecewise((x, x > 0), (-x, x < -1), 0)"
        raise NotationError(problem, source, span)
    node = items[-1]
    for pair in reversed(items[:-1]):
        if not isinstance(pair, Sequence) or len(pair.items) != 2:
            raise NotationError("each piece is a pair: (value, condition)", source, pair.span)
        value, condition = pair.items
        node = Call(WHERE, (condition, value, node), (), (pair.span[0], span[1]))
    return node


def powered(node: Node, power: tuple[float, Span] | None, span: Span) -> Node:
    """`node`, or its power where the function bore one: `sin^2 x`."""
    return node if power is None else Binary("^", node, Num(*power), span)

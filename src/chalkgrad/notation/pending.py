"""The two stacks of the parser: operands that are read, and operators and brackets that wait."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import final

from chalkgrad.notation.brackets import Frame, powered
from chalkgrad.notation.lexer import Token
from chalkgrad.notation.tree import Binary, Call, Compare, Function, Node, Span, SumOver, Unary

OR, AND, NOT, COMPARE, SUM, OVER, PRODUCT, APPLY, WITHIN, MINUS, ROOT, POWER = range(1, 13)
LEVELS = {"+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "@": PRODUCT, "^": POWER, "∧": AND, "∨": OR}


@final
@dataclass(slots=True)
class Waiting:
    """An operator that waits for what stands on its right."""

    kind: str  # binary, compare, minus, not, over, root, function
    sign: str
    level: int
    token: Token
    function: Function | None = None
    power: tuple[float, Span] | None = None
    more: list[str] = field(default_factory=list[str])


@final
class Pending:
    """Operands, each with its span (brackets included), and what waits to join them."""

    def __init__(self, source: str, latex: bool) -> None:
        self.source = source
        self.latex = latex
        self.out: list[Node] = []
        self.spans: list[Span] = []
        self.stack: list[Waiting | Frame] = []
        self.group = False  # whether the last operand is a bare bracket
        self.loose = ""  # the function, where the last operand is `log (x)` with a space

    def top(self) -> Waiting | None:
        """The operator that waits last, unless a bracket was opened since."""
        last = self.stack[-1] if self.stack else None
        return last if isinstance(last, Waiting) else None

    def frame(self) -> Frame | None:
        """The bracket that was opened last, unless an operator waits in it."""
        last = self.stack[-1] if self.stack else None
        return last if isinstance(last, Frame) else None

    def push(self, node: Node, span: Span, group: bool = False, loose: str = "") -> None:
        """A new operand."""
        self.out.append(node)
        self.spans.append(span)
        self.group, self.loose = group, loose

    def _seal(self) -> None:
        self.group, self.loose = False, ""

    def replace(self, make: Callable[[Node, Span], Node], stop: int) -> None:
        """Put around the last operand what stands behind it."""
        span = (self.spans[-1][0], stop)
        self.out[-1] = make(self.out[-1], span)
        self.spans[-1] = span
        self._seal()

    def reduce(self, level: int) -> None:
        """Join every waiting operator that binds at least as tightly as `level`."""
        while self.stack and isinstance(last := self.stack[-1], Waiting) and last.level >= level:
            self.stack.pop()
            match last.kind:
                case "binary":
                    self._join(last)
                case "compare":
                    count = 2 + len(last.more)
                    span = (self.spans[-count][0], self.spans[-1][1])
                    node = Compare((last.sign, *last.more), tuple(self.out[-count:]), span)
                    del self.out[-count:], self.spans[-count:]
                    self.push(node, span)
                case "minus" | "not":
                    span = (last.token.start, self.spans[-1][1])
                    self.out[-1], self.spans[-1] = Unary(last.sign, self.out[-1], span), span
                    self._seal()
                case "over":
                    span = (last.token.start, self.spans[-1][1])
                    index, end = last.token.value
                    self.out[-1], self.spans[-1] = SumOver(index, end, self.out[-1], span), span
                    self._seal()
                case _:
                    self.apply(last)

    def _join(self, last: Waiting) -> None:
        right, right_span = self.out.pop(), self.spans.pop()
        span = (self.spans[-1][0], right_span[1])
        self.out[-1] = Binary(last.sign, self.out[-1], right, span)
        self.spans[-1] = span
        self._seal()

    def apply(self, last: Waiting) -> None:
        """Put a function, or a root, on the last operand."""
        assert last.function is not None
        span = (last.token.start, self.spans[-1][1])
        node: Node = Call(last.function, (self.out[-1],), (), span)
        self.out[-1], self.spans[-1] = powered(node, last.power, span), span
        self._seal()

"""Resolved tokens into a tree: operator precedence on explicit stacks, so no nesting is too deep.

From loose to tight: comparisons; `+ -`; a sum over examples; products, of every sign and of none; a function without
brackets; the minus before an operand; `^`, to the right; what stands behind an operand (`²`, `^T`, an index).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn, final

from chalkgrad.errors import NotationError
from chalkgrad.notation.beside import juxtapose, tight_power
from chalkgrad.notation.brackets import Brackets, Frame, close, inspect
from chalkgrad.notation.characters import PAIRS
from chalkgrad.notation.lexer import Token
from chalkgrad.notation.pending import APPLY, COMPARE, LEVELS, MINUS, NOT, OVER, POWER, ROOT, Pending, Waiting
from chalkgrad.notation.refusal import quote, refuse
from chalkgrad.notation.tree import (
    Binary,
    Component,
    Constant,
    Function,
    Literal,
    Name,
    Node,
    Num,
    Span,
    Transpose,
    Unary,
)

SYMBOLS = {"√": Function("√", "sqrt"), "∛": Function("∛", "cbrt")}
BARS = {"|": Function("|", "abs"), "‖": Function("‖", "norm")}
INDICATOR = Function("1", "indicator")
# What may begin an operand, and so a product, where an operator could stand as well.
BEGINS = frozenset({"number", "name", "component", "constant", "literal", "function", "open", "bar", "over"})


def parse(source: str, tokens: Sequence[Token], latex: bool = False) -> Node:
    """The tree of one formula, whose tokens end in `end`. In LaTeX white space decides nothing.

    Raises NotationError where the formula breaks off, or has two readings.
    """
    return _Parser(source, tokens, latex).run()


@final
class _Parser:
    def __init__(self, source: str, tokens: Sequence[Token], latex: bool) -> None:
        self.source = source
        self.tokens = tokens
        self.at = 0
        self.on = Pending(source, latex)
        self.brackets: Brackets = inspect(tokens)

    def run(self) -> Node:
        want = True
        while True:
            token = self.tokens[self.at]
            if want:
                want = self._operand(token)
            elif token.kind == "end":
                break
            else:
                want = self._behind(token)
        self.on.reduce(0)
        frame = self.on.frame()
        if frame is not None:
            self._fail(f"this {frame.token.text} is never closed", frame.token.span)
        return self.on.out[-1]

    def _fail(self, problem: str, span: Span) -> NoReturn:
        raise NotationError(problem, self.source, span)

    # where an operand must stand

    def _operand(self, token: Token) -> bool:
        """Read the beginning of an operand; whether an operand is still wanted."""
        self.at += 1
        match token.kind:
            case "number":
                if token.value == 1 and self.at in self.brackets.conditions and not self.tokens[self.at].spaced:
                    self._open("call", self.tokens[self.at], INDICATOR, start=token.start)
                    self.at += 1
                    return True
                self.on.push(Num(token.value, token.span), token.span)
            case "name":
                self.on.push(Name(token.text, token.span), token.span)
            case "component":
                self.on.push(Component(token.value[0], token.value[1], token.span), token.span)
            case "constant":
                self.on.push(Constant(token.value, token.span), token.span)
            case "literal":
                self.on.push(Literal(token.value, token.span), token.span)
            case "function":
                return self._function(token)
            case "open":
                self._open("array" if token.text == "[" else "group", token)
                return True
            case "bar":
                self._open("bars", token, BARS[token.text])
                return True
            case "keyword":
                frame = self.on.frame()
                if frame is None or frame.role != "call":
                    self._fail("a = inside a bracket that is no call", token.span)
                frame.keyword = token.text
                self.at += 1
                return True
            case "sign" if token.text == "-":
                self._no_bare_function(token)
                self.on.stack.append(Waiting("minus", "-", MINUS, token))
                return True
            case "over":
                self.on.stack.append(Waiting("over", token.text, OVER, token))
                return True
            case "sign" if token.text in SYMBOLS:
                self.on.stack.append(Waiting("root", token.text, ROOT, token, SYMBOLS[token.text]))
                return True
            case "sign" if token.text == "¬":
                self.on.stack.append(Waiting("not", "¬", NOT, token))
                return True
            case "colon":
                return self._slice(token, empty=True)
            case "close" | "comma" if self._may_end(token):
                self.at -= 1
                return False
            case _:
                self._missing(token)
        return False

    def _open(
        self,
        role: str,
        token: Token,
        function: Function | None = None,
        power: tuple[float, Span] | None = None,
        start: int = -1,
        loose: str = "",
    ) -> None:
        begin = token.start if start < 0 else start
        self.on.stack.append(Frame(role, token, len(self.on.out), begin, function, power, loose))

    def _may_end(self, token: Token) -> bool:
        """Whether a bracket may close here though an operand could stand: `f()` never, `[1,]` and `x[1:]` do."""
        frame = self.on.frame()
        if frame is None:
            return False
        if frame.parts:
            return True
        return token.kind == "close" and frame.comma and frame.role in ("array", "group", "index")

    def _function(self, token: Token) -> bool:
        function: Function = token.value
        power: tuple[float, Span] | None = None
        follow = self.tokens[self.at]
        if follow.kind == "super":
            power, self.at = (follow.value, follow.span), self.at + 1
        elif follow.kind == "sign" and follow.text == "^":
            power = self._raised(token)
        if power is not None and power[0] < 0:
            word = token.text
            raise refuse(self.source, (token.start, power[1][1]), f"arc{word}(…)", f"1/{word}(…)")
        follow = self.tokens[self.at]
        if follow.kind == "open":
            role = "array" if follow.text == "[" else "call"
            loose = token.text if follow.spaced or role == "array" else ""
            self._open(role, follow, function, power, token.start, loose)
            self.at += 1
            return True
        if follow.kind not in BEGINS and not (follow.kind == "sign" and follow.text in SYMBOLS):
            if follow.kind == "sign" and follow.text == "-":
                self._fail(f"'{token.text} -' needs brackets: {token.text}(-…)", (token.start, follow.stop))
            self._fail(f"'{token.text}' is a function, and nothing stands behind it: {token.text}(…)", token.span)
        self.on.stack.append(Waiting("function", token.text, APPLY, token, function, power))
        return True

    def _raised(self, token: Token) -> tuple[float, Span]:
        """The 2 of `sin^2 x`."""
        at = self.at + 1
        bracket = self.tokens[at].kind == "open"
        at += bracket
        minus = self.tokens[at].kind == "sign" and self.tokens[at].text == "-"
        at += minus
        number = self.tokens[at]
        if number.kind != "number" or (bracket and self.tokens[at + 1].kind != "close"):
            span = (token.start, self.tokens[self.at].stop)
            self._fail(f"a power of a function is a number: {token.text}^2(x), or ({token.text}(x))^n", span)
        self.at = at + 1 + bracket
        return (-number.value if minus else number.value), number.span

    def _no_bare_function(self, token: Token) -> None:
        if (last := self.on.top()) is not None and last.kind == "function":
            self._fail(f"'{last.sign} -' needs brackets: {last.sign}(-…)", (last.token.start, token.stop))

    def _missing(self, token: Token) -> NoReturn:
        wanted = "a number, a name or a bracket is expected"
        before = self.tokens[self.at - 2] if self.at > 1 else None
        if token.kind == "end":
            if before is None:
                self._fail("there is no formula here", token.span)
            self._fail(f"the formula ends behind '{before.text}': {wanted}", before.span)
        if token.kind == "close" and before is not None and before.kind == "open":
            self._fail("nothing stands in this bracket", (min(before.start, token.start), token.stop))
        found = quote(self.source, token.span)
        where = f" behind '{quote(self.source, before.span)}'" if before is not None else ""
        self._fail(f"found '{found}'{where}, where {wanted}", token.span)

    # where an operator may stand

    def _behind(self, token: Token) -> bool:
        """Read what follows an operand; whether an operand is wanted next."""
        match token.kind:
            case "sign" if token.text in LEVELS:
                return self._binary(token)
            case "compare":
                self._compare(token)
                return True
            case "super":
                tight_power(self.on, token)
                exponent = Num(abs(token.value), token.span)
                raised = Unary("-", exponent, token.span) if token.value < 0 else exponent
                self.on.replace(lambda base, span: Binary("^", base, raised, span), token.stop)
                self.at += 1
                return False
            case "transpose":
                self.on.replace(lambda base, span: Transpose(base, token.value, span), token.stop)
                self.at += 1
                return False
            case "close":
                self.on.reduce(0)
                self._close(token)
                return False
            case "bar" if self._closes(token):
                self.on.reduce(0)
                self._close(token)
                return False
            case "comma":
                self.on.reduce(0)
                self._comma(token)
                return True
            case "colon":
                self.on.reduce(0)
                return self._slice(token, empty=False)
            case "open" if token.text == "[" and not token.spaced and not isinstance(self.on.out[-1], Num):
                if not self.on.group or self._indexed():
                    self._open("index", token)
                    self.at += 1
                    return True
                juxtapose(self.on, self.tokens, self.at, self.brackets)
                return True
            case _ if token.kind in BEGINS or (token.kind == "sign" and token.text in SYMBOLS):
                juxtapose(self.on, self.tokens, self.at, self.brackets)
                return True
            case _:
                found = quote(self.source, token.span)
                self._fail(f"'{found}' has no meaning here: an operator or the end is expected", token.span)

    def _indexed(self) -> bool:
        """Whether what stands in this `[` is an index for certain, and no product with a bracket."""
        inside = self.tokens[self.at + 1]
        return inside.kind in ("colon", "literal") or self.at in self.brackets.lists

    def _binary(self, token: Token) -> bool:
        if token.text == "^":
            tight_power(self.on, token)
            if self._transposes():
                return False
            self.on.reduce(POWER + 1)
        else:
            self.on.reduce(LEVELS[token.text])
        self.on.stack.append(Waiting("binary", token.text, LEVELS[token.text], token))
        self.at += 1
        return True

    def _transposes(self) -> bool:
        """Read `^T`, `^{T}`, and the transposed inverse `^-T`, `^{-T}`; whether one of them stands here."""
        at = self.at + 1
        braced = self.tokens[at].text == "{"
        at += braced
        minus = self.tokens[at].text == "-"
        at += minus
        mark = self.tokens[at]
        if mark.kind != "transpose" or (braced and self.tokens[at + 1].text != "}"):
            return False
        stop = self.tokens[at + braced].stop
        if minus:
            back = Unary("-", Num(1.0, mark.span), mark.span)
            self.on.replace(lambda base, span: Binary("^", base, back, span), stop)
        self.on.replace(lambda base, span: Transpose(base, mark.value, span), stop)
        self.at = at + braced + 1
        return True

    def _compare(self, token: Token) -> None:
        self.on.reduce(COMPARE + 1)
        last = self.on.top()
        if last is not None and last.kind == "compare":
            last.more.append(token.text)
        else:
            self.on.reduce(COMPARE)
            self.on.stack.append(Waiting("compare", token.text, COMPARE, token))
        self.at += 1

    # brackets

    def _frame(self, token: Token) -> Frame:
        """The bracket that is open here, once everything in it is joined."""
        frame = self.on.stack[-1] if self.on.stack else None
        if frame is None:
            self._fail(f"'{token.text}' stands here, and no bracket is open", token.span)
        assert isinstance(frame, Frame)
        return frame

    def _closes(self, token: Token) -> bool:
        """Whether a bar closes the innermost bracket; else it opens a factor."""
        for waiting in reversed(self.on.stack):
            if isinstance(waiting, Frame):
                return waiting.role == "bars" and waiting.token.text == token.text
        return False

    def _comma(self, token: Token) -> None:
        frame = self._frame(token)
        if frame.role == "bars":
            self._fail("a comma between bars: write norm(…), or brackets", token.span)
        frame.take(self.source, self.on.out, self.on.spans)
        frame.comma = True
        self.at += 1

    def _slice(self, token: Token, empty: bool) -> bool:
        frame = self.on.frame()
        if frame is None or frame.role != "index":
            self._fail("':' has a meaning only inside an index, as in x[1:3]", token.span)
        if empty:
            frame.parts.append(None)
        else:
            frame.parts.append(self.on.out.pop())
            self.on.spans.pop()
            self.at += 1
        if len(frame.parts) > 2:
            self._fail("a slice has at most three parts: start:stop:step", token.span)
        return True

    def _close(self, token: Token) -> None:
        frame = self._frame(token)
        wanted = frame.token.text if frame.role == "bars" else PAIRS[frame.token.text]
        if token.text != wanted:
            opened = f"'{frame.token.text}' at position {frame.token.start}"
            self._fail(f"'{token.text}' closes {opened}, where '{wanted}' is expected", token.span)
        frame.take(self.source, self.on.out, self.on.spans)
        self.on.stack.pop()
        self.at += 1
        above = self.on.stack[-1] if self.on.stack else None
        parent = above if isinstance(above, Frame) else None
        follows = self.tokens[self.at]
        node, span, group = close(self.source, frame, token, parent, follows, self.on.out, self.on.spans)
        self.on.push(node, span, group, frame.loose)

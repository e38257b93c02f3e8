"""Derivatives among the tokens of a line: `df/dx`, `∂f/∂x`, `dq`, `ds(x)`, `f'(x)`, `σ'(z)`; each becomes one name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

from chalkgrad.classroom.claims.claim import key
from chalkgrad.classroom.claims.lines import ROUND
from chalkgrad.errors import NotationError, nearest
from chalkgrad.notation.functions import ALIASES, function
from chalkgrad.notation.lexer import Token
from chalkgrad.notation.refusal import clip

# σ'(z) in the signs that are read; X is what stands in the brackets
SLOPES = {
    "sigmoid": "( F ( X ) * ( 1 - F ( X ) ) )",
    "tanh": "( 1 - F ( X ) ^ 2 )",
    "exp": "F ( X )",
    "relu": "1 { X > 0 }",
    "log": "( 1 / ( X ) )",
    "sin": "cos ( X )",
}
KINDS = {"(": "open", "{": "open", ")": "close", "}": "close", ">": "compare"}


@final
class Folder:
    """Folds derivatives into names, for the names known so far.

    `loss` are the names of the output; `called` the stages printed with an argument, `s` → {("x",): "s(x)"}.
    """

    def __init__(self, inputs: tuple[str, ...], output: str, loss: frozenset[str]) -> None:
        self.inputs = inputs
        self.output = output
        self.loss = loss
        self.names: set[str] = {*inputs}
        self.called: Mapping[str, Mapping[tuple[str, ...], str]] = {}
        self.derivatives: dict[str, tuple[str, str]] = {}
        self.source = ""

    def fold(self, source: str, tokens: list[Token]) -> list[Token]:
        """The tokens with a name in the place of each derivative; its value says whether it was written df/dx.

        Raises NotationError for ∂ before what is no name here.
        """
        self.source = source
        out: list[Token] = []
        at = 0
        while at < len(tokens):
            found = self._ratio(tokens, at) or self._alone(tokens, at)
            if found is not None:
                token, at = found
                out.append(token)
            elif slope := self._slope(tokens, at):
                made, at = slope
                out.extend(made)
            else:
                out.append(tokens[at])
                at += 1
        return out

    def _token(self, of: str, by: str, tokens: list[Token], at: int, stop: int, ratio: bool) -> Token:
        of = self.output if of in self.loss else of
        by = self.output if by in self.loss else by
        name = key(of, by)
        self.derivatives[name] = (of, by)
        first = tokens[at]
        end = max([t.stop for t in tokens[at:stop]])  # the brace that closes a fraction has no width
        return Token("name", name, first.start, end, first.spaced, ratio)

    def _ratio(self, tokens: list[Token], at: int) -> tuple[Token, int] | None:
        """`df/dx`, plain or as a fraction of LaTeX."""
        stop = at
        while tokens[stop].text == "{" and tokens[stop].kind == "open":
            stop += 1
        braces = stop - at
        if braces > 2:
            return None
        upper = self._differential(tokens, stop, over=True)
        if upper is None:
            return None
        of, stop = upper
        inner = 1 if braces else 0
        if inner and tokens[stop].kind != "close":
            return None
        stop += inner
        if tokens[stop].text != "/":
            return None
        stop += 1
        if inner:
            if tokens[stop].kind != "open":
                return None
            stop += 1
        lower = self._differential(tokens, stop)
        if lower is None:
            return None
        by, stop = lower
        for _ in range(braces if inner else 0):
            if tokens[stop].kind != "close":
                return None
            stop += 1
        return self._token(of, by, tokens, at, stop, True), stop

    def _alone(self, tokens: list[Token], at: int) -> tuple[Token, int] | None:
        """`dq`, the gradient of the output with respect to q; `f'(x)` of a function of one input."""
        token = tokens[at]
        if token.kind != "word":
            return None
        if token.text.endswith("'") and token.text[:-1] in self.loss and len(self.inputs) == 1:
            stop = at + 1
            inside = [t.text for t in tokens[stop : stop + 3]]
            if inside == ["(", self.inputs[0], ")"]:
                stop += 3
            return self._token(self.output, self.inputs[0], tokens, at, stop, True), stop
        found = self._differential(tokens, at)
        if found is None:
            return None
        by, stop = found
        return self._token(self.output, by, tokens, at, stop, False), stop

    def _differential(self, tokens: list[Token], at: int, over: bool = False) -> tuple[str, int] | None:
        """The name behind a d or ∂ at `at`, and where it ends."""
        token = tokens[at]
        if token.kind != "word" or token.text in self.names or token.text[0] not in "dδ" + ROUND:
            return None
        rest, stop = token.text[1:], at + 1
        round = token.text[0] == ROUND
        if not rest:
            if tokens[stop].kind != "word":
                if round:
                    raise NotationError("a name stands behind ∂", self.source, token.span)
                return None
            rest, stop = tokens[stop].text, stop + 1
        for args, name in self.called.get(rest, {}).items():
            inside = tuple([t.text for t in tokens[stop + 1 : stop + 2 * len(args) : 2]])
            end = stop + 2 * len(args)
            if tokens[stop].text == "(" and inside == args and end < len(tokens) and tokens[end].text == ")":
                return name, end + 1
        if rest in self.names or rest in self.loss:
            if over and rest in self.loss and tokens[stop].text == "(":
                stop = _behind_arguments(tokens, stop)
            return rest, stop
        if round:
            hint = nearest(rest, [*self.names, *self.loss])
            problem = f"∂{clip(rest)}: there is no value called '{clip(rest)}' here{hint}"
            raise NotationError(problem, self.source, (token.start, tokens[stop - 1].stop))
        return None

    def _slope(self, tokens: list[Token], at: int) -> tuple[list[Token], int] | None:
        """`σ'(z)`, written out."""
        token = tokens[at]
        if token.kind != "word" or not token.text.endswith("'") or tokens[at + 1].text != "(":
            return None
        word = token.text[:-1]
        op = ALIASES.get(word, word)
        known = function(op)
        if token.text in self.names or op not in SLOPES or known is None:
            return None
        stop, depth = at + 1, 0
        while stop < len(tokens):
            depth += (tokens[stop].kind == "open") - (tokens[stop].kind == "close")
            stop += 1
            if not depth:
                break
        if depth:
            return None
        inside = self.fold(self.source, [*tokens[at + 2 : stop - 1], Token("end", "", 0, 0, False)])[:-1]
        begin, end = token.start, tokens[stop - 1].stop
        out: list[Token] = []
        for sign in SLOPES[op].split():
            if sign == "X":
                out.extend(inside)
            elif sign in ("F", "cos"):
                called = known if sign == "F" else function(sign)
                out.append(Token("function", sign, begin, end, False, called))
            elif sign.isdigit():
                out.append(Token("number", sign, begin, end, False, float(sign)))
            else:
                out.append(Token(KINDS.get(sign, "sign"), sign, begin, end, False))
        out[0] = out[0]._replace(spaced=token.spaced)
        return out, stop


def _behind_arguments(tokens: list[Token], at: int) -> int:
    """Behind `(a_2, y^*)` in `∂Loss(a_2, y^*)`, or `at` where what stands there is no list of names."""
    stop = at + 1
    while tokens[stop].kind in ("word", "comma"):
        stop += 1
    follows = tokens[stop + 1].text if stop + 1 < len(tokens) else ""
    return stop + 1 if tokens[stop].kind == "close" and follows in ("/", "}") else at

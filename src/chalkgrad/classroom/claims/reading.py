"""A claim's text into its items. It is read line by line, each with the names that the lines before it gave."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, final

from chalkgrad.classroom.claims.claim import (
    Assign,
    Claim,
    Definition,
    Equation,
    Identity,
    Item,
    Line,
    Side,
    Sign,
    Stage,
    Update,
)
from chalkgrad.classroom.claims.derivatives import Folder
from chalkgrad.classroom.claims.lines import ROUND, parted
from chalkgrad.errors import ChalkgradError, NotationError, UnknownName, nearest
from chalkgrad.ir.program import Program
from chalkgrad.notation.functions import function
from chalkgrad.notation.latex import lex as lex_latex
from chalkgrad.notation.lexer import Token, lex
from chalkgrad.notation.names import Scope
from chalkgrad.notation.pratt import parse
from chalkgrad.notation.read import read
from chalkgrad.notation.tree import Span
from chalkgrad.notation.values import read_values

# What a step size is called, where a line of descent does not say otherwise.
RATES = ("α", "η", "alpha", "eta", "lr", "rate", "ε")
STOPS = re.compile(r"[,;]|\band\b")


def read_claim(text: str, values: Mapping[str, Any]) -> Claim:
    """Read a claim in maths text or LaTeX.

    Raises NotationError with the line, and a caret under what cannot be read; UnknownName for a value of no input.
    """
    lines, points = parted(text)
    return _Reader(lines, points, values).run()


def read_points(points: list[str], values: Mapping[str, Any], inputs: tuple[str, ...]) -> dict[str, float]:
    """The numbers behind `at:`, and those given beside the text.

    Raises UnknownName for a name that is no input, ChalkgradError for what is no number.
    """
    words = [p.replace("$", " ").strip(" \t.") for line in points for p in STOPS.split(line)]
    found: dict[str, Any] = {}
    for word in filter(None, words):
        found.update(read_values([re.sub(r"\s*=\s*", "=", word)]))
    found.update(values)
    for name, value in found.items():
        if name not in inputs:
            raise UnknownName(f"a value is given for '{name}', which is no input here{nearest(name, inputs)}")
        try:
            found[name] = float(value)
        except (TypeError, ValueError):
            raise ChalkgradError(f"the value of {name} is not a number: a claim is about numbers") from None
    return found


def at_line(error: NotationError, line: Line) -> NotationError:
    """The same error with the line as it was written, and its number."""
    span = error.span if error.span is not None and error.text else None
    problem = error.problem.replace(ROUND, "∂")
    if not problem.startswith("line "):
        problem = f"line {line.number}: {problem}"
    return type(error)(problem, line.text, span or (0, max(1, len(line.text.split("\n")[0]))))


def _ties(tokens: list[Token]) -> list[Token]:
    """`1{x = y}` is the comparison: no equation stands in such a bracket."""
    out: list[Token] = []
    opened: list[str] = []
    for token in tokens:
        if token.kind == "open":
            opened.append(token.text)
        elif token.kind == "close" and opened:
            opened.pop()
        tie = token.kind == "equals" and opened and opened[-1] == "{"
        out.append(token._replace(kind="compare", text="==") if tie else token)
    return out


@final
class _Reader:
    def __init__(self, lines: list[Line], points: list[str], values: Mapping[str, Any]) -> None:
        self.lines = lines
        self.points = points
        self.values = values
        self.items: list[Item] = []
        self.scope = Scope("", closed=True)
        self.called: dict[str, dict[tuple[str, ...], str]] = {}
        self.stages: list[str] = []

    def run(self) -> Claim:
        if not self.lines:
            raise NotationError("there is no claim here: a function, then forward:, backward: or claim: lines")
        self.function = self._function()
        forward = [line for line in self.lines if line.section == "forward"]
        if self.function is None and not forward:
            raise NotationError("there is no function here: it stands on the first line, or as stages after forward:")
        if self.function is None:
            self.inputs = self._free_names(forward)
        else:
            self.inputs = tuple([v.hint for v in self.function.inputs])
            for v in self.function.inputs:
                if v.type.shape:
                    raise NotationError(f"{v.hint} is an array: a claim is checked for functions of numbers")
        if not forward and not any(line.section != "function" for line in self.lines):
            raise NotationError("nothing is claimed here: add forward:, backward: or claim: lines")
        at = read_points(self.points, self.values, self.inputs)
        for name in self.inputs:
            self.scope.declare(name, None)
        self.folder = Folder(self.inputs, "", frozenset())
        for line in forward:
            self._each(line)
        if not self.stages:
            self._stages_of_function()
        name = self.function.name if self.function is not None else self.stages[-1]
        output = name if name in self.stages else self.stages[-1]
        self.loss = frozenset({name, output})
        for alias in self.loss - self.scope.stages.keys() - {*self.inputs}:
            self.scope.called.pop(alias, None)
        self.folder = Folder(self.inputs, output, self.loss)
        self.folder.names.update(self.stages)
        self.folder.called = self.called
        for line in self.lines:
            if line.section in ("backward", "claim"):
                self._each(line)
        label = name if self.function is not None else output
        return Claim(self.function, self.inputs, tuple(self.items), output, label, self.folder.derivatives, at)

    # the function

    def _function(self) -> Program | None:
        lines = [line for line in self.lines if line.section == "function"]
        if not lines:
            return None
        text = "\n".join([line.clean for line in lines])
        try:
            return read(text).program
        except NotationError as error:
            place = text.count("\n", 0, error.span[0]) if error.span and error.text else 0
            line = lines[min(place, len(lines) - 1)]
            start = sum(len(before.clean) + 1 for before in lines[:place])
            span = (error.span[0] - start, error.span[1] - start) if error.span and error.text else None
            raise type(error)(f"line {line.number}: {error.problem}", line.text, span) from None

    def _free_names(self, forward: list[Line]) -> tuple[str, ...]:
        """The inputs of a forward pass that stands alone, read as staged text."""
        text = "\n".join([line.clean for line in forward])
        try:
            found = read(text).program
        except NotationError as error:
            place = text.count("\n", 0, error.span[0]) if error.span and error.text else 0
            line = forward[min(place, len(forward) - 1)]
            raise at_line(NotationError(error.problem), line) from None
        return tuple([v.hint for v in found.inputs])

    def _stages_of_function(self) -> None:
        """Without a forward pass the function's own lines are its stages."""
        for line in self.lines:
            if line.section == "function":
                self._each(replace(line, section="forward"))
        self.items = [replace(item, line=replace(item.line, section="function")) for item in self.items]

    # one line

    def _each(self, line: Line) -> None:
        """The items of one line.

        Raises NotationError, with the line.
        """
        latex = any(sign in line.text for sign in "\\$&")
        self.scope.source = line.text
        try:
            tokens = lex_latex(line.clean) if latex else lex(line.clean)
            part: list[Token] = []
            depth = 0
            for token in tokens:
                depth += (token.kind == "open") - (token.kind == "close")
                if token.kind == "end" or (token.kind == "break" and depth <= 0):
                    if part:
                        end = Token("end", "", part[-1].stop, part[-1].stop, True)
                        whole = _ties([*part, end])
                        folded = whole if line.section == "forward" else self.folder.fold(line.text, whole)
                        self._statement(line, folded, latex)
                    part = []
                elif token.kind != "break":
                    part.append(token)
        except NotationError as error:
            raise at_line(error, line) from None

    def _statement(self, line: Line, tokens: list[Token], latex: bool) -> None:
        depth = 0
        cuts: list[int] = []
        for place, token in enumerate(tokens):
            depth += (token.kind == "open") - (token.kind == "close")
            if token.kind == "equals" and depth == 0:
                cuts.append(place)
        whole = (tokens[0].start, tokens[-1].stop)
        if not cuts:
            if line.section == "forward" and self.function is not None and not self.stages:
                name = self.function.name
                self.items.append(Stage(name, (self._side(line, tokens, latex),), line, whole))
                self._define(name, (), whole)
                return
            raise NotationError("this line has no =; a line of prose begins with #", line.text, whole)
        head, sign = tokens[: cuts[0]], "="
        if head and head[-1].kind == "sign" and head[-1].text in "+-" and len(head) > 1:
            sign = "+=" if head[-1].text == "+" else "-="
            head = head[:-1]
        ends = [*cuts[1:], len(tokens) - 1]
        parts = [tokens[a + 1 : b] for a, b in zip(cuts, ends, strict=True)]
        for cut, part in zip(cuts, parts, strict=True):
            if not part:
                raise NotationError("nothing stands behind this =", line.text, tokens[cut].span)
        ended = [[*p, Token("end", "", p[-1].stop, p[-1].stop, True)] for p in parts]
        if not head:
            self._continue(line, ended, latex, tokens[0].span)
        else:
            self._item(line, head, "+=" if sign == "+=" else "-=" if sign == "-=" else "=", ended, latex)

    def _continue(self, line: Line, parts: list[list[Token]], latex: bool, span: Span) -> None:
        """A line that begins with = goes on with the one before it."""
        if not self.items or self.items[-1].sides[-1].line.section != line.section:
            raise NotationError(
                "a line that begins with = continues an equation, and none stands before it", line.text, span
            )
        more = tuple([self._side(line, part, latex) for part in parts])
        self.items[-1] = replace(self.items[-1], sides=(*self.items[-1].sides, *more))

    def _side(self, line: Line, tokens: list[Token], latex: bool) -> Side:
        tree = parse(line.text, self.scope.resolve(tokens), latex)
        return Side(tree, line, (tokens[0].start, tokens[-1].stop))

    def _item(self, line: Line, head: list[Token], sign: Sign, parts: list[list[Token]], latex: bool) -> None:
        span = (head[0].start, head[-1].stop)
        first = head[0]
        if first.kind == "name" and len(head) == 1:
            of, by = self.folder.derivatives[first.text]
            sides = tuple([self._side(line, part, latex) for part in parts])
            if of == self.folder.output and (line.section == "backward" or (sign != "=" and of != by)):
                self.items.append(Assign(by, sign, sides, line, span, bool(first.value)))
            elif sign == "=":
                self.items.append(Equation(of, by, sides, line, span))
            else:
                raise NotationError(f"{sign} has no meaning in an equation", line.text, span)
            return
        if line.section == "claim" and sign == "=" and self._is_formula(head):
            whole = [*head, Token("end", "", head[-1].stop, head[-1].stop, True)]
            sides = tuple([self._side(line, part, latex) for part in (whole, *parts)])
            self.items.append(Identity(sides, line, span))
            return
        word, args = self._head(line, head, span)
        plain = f"{word}({', '.join(args)})" if args and function(word) is not None and len(args) == 1 else word
        if line.section == "forward":
            if sign != "=":
                raise NotationError(f"a stage is given once, with =, not {sign}", line.text, span)
            if plain in self.inputs or plain in self.stages:
                what = "an input" if plain in self.inputs else "given twice"
                raise NotationError(f"'{plain}' is {what}: a stage bears a name of its own", line.text, span)
            sides = tuple([self._side(line, part, latex) for part in parts])
            self.items.append(Stage(plain, sides, line, span))
            self._define(plain, args if plain != word else (), span)
            return
        if plain in self.inputs:
            for rate in RATES:
                if not self.scope.known(rate):
                    self.scope.declare(rate, None)
            sides = tuple([self._side(line, part, latex) for part in parts])
            self.items.append(Update(plain, sign, sides, line, span))
            return
        sides = tuple([self._side(line, part, latex) for part in parts])
        if sign != "=":
            raise NotationError(f"'{plain}' is no gradient here: {sign} adds to dq or df/dq", line.text, span)
        if plain in self.stages or plain in self.loss:
            of = self.folder.output if plain in self.loss else plain
            self.items.append(Equation(of, "", sides, line, span))
        else:
            known = [f"d{n}" for n in (*self.inputs, *self.stages)]
            if word.startswith("d") and len(word) > 1 and (hint := nearest(word, known)):
                raise NotationError(f"'{word}' is the gradient of nothing here{hint}", line.text, span)
            self.items.append(Definition(plain, sides, line, span))
            self._define(plain, (), span, stage=False)

    def _is_formula(self, head: list[Token]) -> bool:
        """Whether what stands on the left is a formula, such as `tanh(x)` or `1 - s(2x)`, and names nothing."""
        if len(head) == 1:
            return head[0].kind != "word"
        called = tuple([t.text for t in head[2:-1:2]])
        if head[0].kind != "word" or head[1].text != "(" or head[-1].text != ")":
            return True
        if called in self.called.get(head[0].text, {}) or head[0].text in self.loss:
            return False
        return function(head[0].text) is not None

    def _head(self, line: Line, head: list[Token], span: Span) -> tuple[str, tuple[str, ...]]:
        texts = [t.text for t in head]
        if head[0].kind == "word" and len(head) == 1:
            return texts[0], ()
        names = tuple([t.text for t in head[2:-1:2]])
        commas = all(t.kind == "comma" for t in head[3:-1:2])
        if head[0].kind == "word" and len(head) > 3 and texts[1] == "(" and texts[-1] == ")" and commas:
            return texts[0], names
        shown = line.text[span[0] : span[1]].strip()[:60]
        raise NotationError(f"on the left of = stands a name or a derivative, not '{shown}'", line.text, span)

    def _define(self, name: str, args: tuple[str, ...], span: Span, stage: bool = True) -> None:
        self.scope.define(name, span)
        if args:
            word = name.split("(")[0]
            self.scope.called.setdefault(word, {})[args] = name
            self.called.setdefault(word, {})[args] = name
        if stage:
            self.stages.append(name)
            self.folder.names.add(name)

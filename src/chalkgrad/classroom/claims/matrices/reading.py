"""A claim about matrices, read: the equations with their shapes, and then one item a line that is claimed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

from chalkgrad.classroom.claims.claim import Line, key
from chalkgrad.classroom.claims.lines import ROUND, parted
from chalkgrad.classroom.claims.reading import at_line
from chalkgrad.errors import NotationError, ShapeError, TooLarge, nearest
from chalkgrad.ir.names import base_of, index_of, together
from chalkgrad.notation.examples import free, numbered
from chalkgrad.notation.latex import is_latex
from chalkgrad.notation.latex import lex as lex_latex
from chalkgrad.notation.lexer import Token, Word, lex
from chalkgrad.notation.names import Scope
from chalkgrad.notation.pratt import parse
from chalkgrad.notation.shapes import Solution, solve
from chalkgrad.notation.statements import Declared, statements
from chalkgrad.notation.tree import Node, Span
from chalkgrad.notation.values import read_values

GIVEN = re.compile(r"^[\s*_#-]*given[\s*_]*:", re.IGNORECASE | re.MULTILINE)
DECLARES = re.compile(r"(?:\bin|∈|\\in)\s*(?:R\b|ℝ|\\mathbb\s*\{?R)")
MOST_CLAIMS = 60
MOST_SIDES = 12
ROUNDS = (ROUND, "d", "δ")


@final
@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """One side of an equation: its tree, and where it stands. `of` and `by` where it is a derivative alone."""

    tree: Node
    span: Span
    of: str = ""
    by: str = ""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Equation:
    """`δ1^(i) = ∂J/∂ŷ^(i) = …`; `name` is a new name, or one of the equations'."""

    line: Line
    name: str
    sides: tuple[Said, ...]


@final
@dataclass(frozen=True, slots=True, eq=False)
class ShapeClaim:
    """`Y in R^(m x 1)`."""

    line: Line
    declared: Declared


@final
@dataclass(frozen=True, slots=True, eq=False)
class MatrixClaim:
    """Everything that was claimed, over the equations in `source`, whose shapes are solved.

    `depends` tells on which example's index a name hangs, `derivatives` what a name in a tree stands for.
    """

    source: str
    solution: Solution
    items: tuple[Equation | ShapeClaim, ...]
    derivatives: Mapping[str, tuple[str, str]]
    depends: Mapping[str, frozenset[str]]
    own: Mapping[str, frozenset[str]]
    at: Mapping[str, Any]


def is_matrix(text: str) -> bool:
    """Whether a claim is about arrays: it declares a shape, or has a line `given:`."""
    return bool(GIVEN.search(text) or DECLARES.search(text))


def read_matrix_claim(text: str, values: Mapping[str, Any]) -> MatrixClaim:
    """Read a claim about matrices.

    Raises NotationError with the line, ShapeError where a shape of the equations is not determined.
    """
    lines, points = parted(text)
    return _Reader(lines, points, values).run()


@final
class _Reader:
    def __init__(self, lines: Sequence[Line], points: Sequence[str], values: Mapping[str, Any]) -> None:
        backward = next((line for line in lines if line.section == "backward"), None)
        if backward is not None:
            problem = f"line {backward.number}: a backward pass of arrays is claimed as equations, behind claim:"
            raise NotationError(problem, backward.text, (0, len(backward.text)))
        self.claimed = [line for line in lines if line.section == "claim"]
        if len(self.claimed) > MOST_CLAIMS:
            raise TooLarge(f"more than {MOST_CLAIMS} lines are claimed")
        self.source = "\n".join([line.clean.strip() for line in lines if line.section != "claim"])
        if not self.source.strip():
            raise NotationError("the equations are missing: they stand first, or behind given:")
        self.solution = solve(self.source)
        if self.solution.notes:
            raise ShapeError(f"to check a claim every shape must be known: {'; '.join(self.solution.notes)}")
        self.names = {one.name: one for one in self.solution.shapes}
        self.depends = self.solution.depends
        self.own: dict[str, frozenset[str]] = {}
        self.all = {together(name): name for name in self.names if self.depends.get(name)}
        self.derivatives: dict[str, tuple[str, str]] = {}
        self.points, self.values = points, values

    def run(self) -> MatrixClaim:
        """Line by line; a name that a line defines is known from there on."""
        items: list[Equation | ShapeClaim] = []
        for line in self.claimed:
            try:
                items.extend(self._line(line))
            except NotationError as error:
                raise at_line(error, line) from None
        at: dict[str, Any] = {}
        for line in self.points:
            at.update(read_values([re.sub(r"\s*=\s*", "=", part) for part in _parted(line)]))
        at.update(self.values)
        return MatrixClaim(self.source, self.solution, tuple(items), self.derivatives, self.depends, dict(self.own), at)

    def _line(self, line: Line) -> list[Equation | ShapeClaim]:
        latex = is_latex(line.clean)
        tokens = numbered(lex_latex(line.clean) if latex else lex(line.clean), every=True)
        if not any(token.kind == "equals" for token in tokens):
            if not DECLARES.search(line.clean):
                raise NotationError(
                    "an equation stands here, or a shape such as W1 in R^(D_a x D_x)", line.clean, (0, 1)
                )
            probe = statements(f"{line.clean}\n0", [*tokens[:-1], *_probe(len(line.clean))])
            return [ShapeClaim(line, one) for one in probe.shapes]
        return [self._equation(line, tokens, latex)]

    def _equation(self, line: Line, tokens: list[Token], latex: bool) -> Equation:
        sides: list[list[Token]] = [[]]
        depth = 0
        for token in tokens[:-1]:
            depth += (token.kind == "open") - (token.kind == "close")
            if token.kind == "equals" and depth == 0:
                sides.append([])
            elif token.kind != "break":
                sides[-1].append(token)
        if len(sides) > MOST_SIDES:
            raise TooLarge(f"an equation of more than {MOST_SIDES} sides", line.clean, (0, len(line.clean)))
        if any(not side for side in sides):
            raise NotationError("nothing stands beside this =", line.clean, (0, len(line.clean)))
        name, first = "", sides[0]
        if len(first) == 1 and first[0].kind == "word":
            name = first[0].text
            sides = sides[1:]
        said = [self._side(line, side, latex) for side in sides]
        if name and name not in self.names:
            hangs = free(said[-1].tree, {**self.depends, **self.own, **self._of_derivatives()})
            self.own[name] = hangs
        return Equation(line, name, tuple(said))

    def _of_derivatives(self) -> dict[str, frozenset[str]]:
        return {
            name: frozenset()
            if by in self.all
            else self.depends.get(by, frozenset()) | self.depends.get(of, frozenset())
            for name, (of, by) in self.derivatives.items()
        }

    def _side(self, line: Line, side: list[Token], latex: bool) -> Said:
        folded, alone = self._folded(line.clean, side)
        scope = Scope(line.clean, closed=False)
        for name in (*self.names, *self.own, *self.derivatives, *self.all):
            scope.declare(name, None)
        for name in self.names:
            if index_of(name) and base_of(name) not in self.names:
                scope.declare(base_of(name), None)
        scope.arrays = {one.name for one in self.solution.shapes if one.components}
        before = set(scope.inputs)
        tree = parse(line.clean, scope.resolve([*folded, Token("end", "", side[-1].stop, side[-1].stop, True)]), latex)
        for name, span in scope.inputs.items():
            if name not in before and span is not None:
                hint = nearest(name, [*self.names, *self.own]) or "; a name of your own is defined on a line before"
                raise NotationError(f"there is no '{name}' here{hint}", line.clean, span)
        return Said(tree, (side[0].start, side[-1].stop), *(self.derivatives[alone] if alone else ("", "")))

    # derivatives

    def _folded(self, source: str, side: list[Token]) -> tuple[list[Token], str]:
        """The tokens with each `∂J/∂W1` as one name, and which one it is where nothing else stands there."""
        out: list[Token] = []
        at = 0
        found: tuple[str, int] | None = None
        while at < len(side):
            found = self._derivative(source, side, at)
            if found is None:
                out.append(side[at])
                at += 1
                continue
            name, stop = found
            start, end = side[at].start, side[stop - 1].stop
            out.append(Token("word", name, start, end, side[at].spaced, Word((start,) * len(name), False)))
            at = stop
        plain = [token for token in out if token.text not in ("{", "}")]
        alone = plain[0].text if len(plain) == 1 and plain[0].text in self.derivatives else ""
        return out, alone

    def _derivative(self, source: str, side: list[Token], at: int) -> tuple[str, int] | None:
        above = self._differential(side, at)
        if above is None or above[1] >= len(side) or side[above[1]].text != "/":
            return None
        below = self._differential(side, above[1] + 1)
        if below is None:
            return None
        of, by = self._known(source, above[0], side[at]), self._known(source, below[0], side[above[1] + 1])
        if index_of(by) and not self.depends.get(of) and of + f"^({index_of(by)})" in self.names:
            of = f"{of}^({index_of(by)})"
        self.derivatives[key(of, by)] = (of, by)
        return key(of, by), below[1]

    def _differential(self, side: list[Token], at: int) -> tuple[str, int] | None:
        """The name behind a ∂, d or δ at `at`, and where it ends; braces around both are passed over."""
        braced = at < len(side) and side[at].text == "{"
        at += braced
        if at >= len(side) or side[at].kind != "word" or side[at].text[0] not in ROUNDS or side[at].text in self.names:
            return None
        name = side[at].text[1:]
        if not name:
            at += 1
            if at >= len(side) or side[at].kind != "word":
                return None
            name = side[at].text
        elif side[at].text in self.own or not name[0].isalpha():
            return None
        at += 1
        if braced:
            if at >= len(side) or side[at].text != "}":
                return None
            at += 1
        return name, at

    def _known(self, source: str, name: str, token: Token) -> str:
        if name in self.names or name in self.all:
            return name
        for one in self.names:
            if base_of(one) == name and index_of(one):
                capital = together(name)
                return capital if capital in self.all else name
        hint = nearest(name, [*self.names, *self.all])
        raise NotationError(f"∂{name}: there is no value called '{name}' here{hint}", source, token.span)


def _probe(at: int) -> list[Token]:
    """A line behind the declarations, since a text of declarations alone is none that is worked."""
    return [
        Token("break", "\n", at, at + 1, False),
        Token("number", "0", at + 1, at + 2, True, 0.0),
        Token("end", "", at + 2, at + 2, True),
    ]


def _parted(line: str) -> list[str]:
    """`x = [1, 2], u = 3` at the commas that stand in no bracket."""
    parts, depth = [""], 0
    for char in line.replace("$", " "):
        depth += (char in "([") - (char in ")]")
        if char in ",;" and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    return [part.strip(" .\t") for part in parts if part.strip(" .\t")]

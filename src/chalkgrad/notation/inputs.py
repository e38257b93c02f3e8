"""What is known of the inputs: their shapes, and where their subscripts begin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

import numpy as np

from chalkgrad.errors import ChalkgradError, NotationError, ShapeError, TooLarge, UnknownName, caret
from chalkgrad.ir.dims import Shape, Size, count, dims_text, substitute
from chalkgrad.notation.examples import numbered
from chalkgrad.notation.latex import is_latex
from chalkgrad.notation.latex import lex as lex_latex
from chalkgrad.notation.lexer import lex
from chalkgrad.notation.statements import Statements
from chalkgrad.notation.tree import Span

MAX_DECLARED = 2**31


@final
class Inputs:
    """Shapes of the names that are declared or given a value; every other input is a number."""

    def __init__(
        self, source: str, found: Statements, values: Mapping[str, Any], sizes: Mapping[str, int] | None = None
    ) -> None:
        self.source = source
        self.given = {plain_name(name): _shape_of(name, value) for name, value in values.items()}
        self.shapes: dict[str, Shape] = dict(self.given)
        self.bases: dict[str, int] = {}
        self.known: dict[str, int] = dict(sizes or {})
        wanted: list[tuple[str, Shape, Span]] = []
        declared: dict[str, Shape] = {}
        for one in found.shapes:
            if one.name in declared:
                raise NotationError(f"the shape of '{one.name}' is declared twice", source, one.span)
            declared[one.name] = one.shape
            wanted.append((one.name, one.shape, one.span))
        for many in found.components:
            if many.name in self.bases:
                raise NotationError(f"the components of '{many.name}' are declared twice", source, many.span)
            self.bases[many.name] = many.base
            shape = declared.get(many.name, self.given.get(many.name, ()))
            column = len(shape) == 2 and shape[1] == 1
            if many.length is None:
                if not shape:
                    raise NotationError(f"how many entries '{many.name}' has is not said", source, many.span)
                continue
            wanted.append((many.name, (many.length, 1) if column else (many.length,), many.span))
        self._unify(wanted)

    def _unify(self, wanted: list[tuple[str, Shape, Span]]) -> None:
        """Give names of sizes their numbers, and every name one shape.

        Raises ShapeError where two statements about a shape disagree.
        """
        reasons = dict.fromkeys(self.known, "what is given")
        for name, shape, span in wanted:
            given = self.given.get(name)
            if given is None:
                continue
            if len(given) != len(shape):
                self._disagree(name, shape, given, span)
            for dim, number in zip(shape, given, strict=True):
                if isinstance(dim, Size) and dim.terms[0][1] == 1 and len(dim.terms) == len(dim.terms[0][0]) == 1:
                    assert isinstance(number, int)
                    size = dim.terms[0][0][0]
                    if self.known.setdefault(size, number) != number:
                        told = f"size {size} is {self.known[size]} by {reasons[size]}, and {number} by {name}"
                        raise _located(ShapeError(told), self.source, span)
                    reasons.setdefault(size, name)
        for name, shape, span in wanted:
            numbers = tuple([substitute(dim, self.known) for dim in shape])
            before = self.shapes.get(name)
            if before is not None and before != numbers:
                self._disagree(name, shape, before, span)
            total = count(numbers)
            if isinstance(total, int) and total > MAX_DECLARED:
                raise TooLarge(f"'{name}' would have {total} entries", self.source, span)
            self.shapes[name] = numbers

    def _disagree(self, name: str, declared: Shape, other: Shape, span: Span) -> None:
        told = f"'{name}' is declared as {dims_text(declared)}, and is {dims_text(other)} elsewhere"
        raise _located(ShapeError(told), self.source, span)

    def shape(self, name: str) -> Shape:
        """The shape of an input."""
        return self.shapes.get(name, ())

    def settle(self, subscripts: Mapping[str, set[int]], spans: Mapping[str, Span | None]) -> None:
        """Where no declaration says so, subscripts count from the lowest one used, 0 or 1.

        Raises NotationError where that does not tell.
        """
        for name, used in subscripts.items():
            if name not in self.bases:
                lowest = min(used)
                if lowest > 1:
                    unsaid = f"whether the subscripts of '{name}' count from 0 or 1 is not said"
                    advice = f"declare {name} = ({name}_1, …, {name}_n), or write {name}[…], which counts from 0"
                    problem = f"{unsaid}, and {name}_{lowest} does not tell: {advice}"
                    raise NotationError(problem, self.source, spans.get(name))
                self.bases[name] = lowest


def plain_name(name: str, what: str = "a value is given for") -> str:
    """A name given from outside, in the form names are kept in (`w_{0}` is `w_0`).

    Raises UnknownName where it is no name.
    """
    if len(name) > 128:
        raise UnknownName(f"{what} {name[:64]!r}, which is no name")
    try:
        tokens = numbered(lex_latex(name) if is_latex(name) else lex(name), every=True)
    except NotationError as error:
        raise UnknownName(f"{what} {name!r}, which is no name: {error.problem}") from None
    if len(tokens) != 2 or tokens[0].kind != "word":
        raise UnknownName(f"{what} {name!r}, which is no name")
    return tokens[0].text


def _shape_of(name: str, value: Any) -> Shape:
    try:
        array = np.asarray(value)
        plain = array.dtype.kind in "biuf"
    except (ValueError, TypeError, OverflowError):
        plain = False
        array = np.zeros(())
    if not plain:
        raise NotationError(f"the value of '{name}' is no number and no array of numbers")
    return tuple([int(n) for n in array.shape])


def _located(error: ChalkgradError, source: str, span: Span) -> ChalkgradError:
    return type(error)(f"{error}\n{caret(source, span)}")

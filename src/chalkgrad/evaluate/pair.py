"""Two texts as two functions of the same inputs, and the conditions under which they are compared.

The names of both count for both: beside log x + log y, the letters of log(xy) are x·y. A derivative of the whole may be
asked for in the text, as `σ'(x)` or `d/dx (…)`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from math import e as EULER
from math import pi as PI
from typing import Any, final

import numpy as np

from chalkgrad.errors import ChalkgradError, NotationError, ShapeError, UnknownName, nearest
from chalkgrad.evaluate.precise.trial import NAMED
from chalkgrad.ir.dims import Size, dims_text, substitute
from chalkgrad.ir.program import Program
from chalkgrad.notation.characters import FRACTIONS
from chalkgrad.notation.functions import ONLY_CALLED, function
from chalkgrad.notation.latex import is_latex
from chalkgrad.notation.latex import lex as lex_latex
from chalkgrad.notation.lexer import lex
from chalkgrad.notation.read import read
from chalkgrad.transform.conventions import with_sizes

NAME = r"[^\W\d_](?:_(?:\w+|\{\w+\}))?"
PRIMED = re.compile(rf"\s*([^\W\d_]+)(['′’]{{1,3}})\s*\(\s*({NAME})\s*\)\s*")
SLOPE = re.compile(rf"\s*d\s*/\s*d({NAME})(?=\W)\s*")
PLAIN = re.compile(rf"(?:[^\W\d_]+\s+)?{NAME}\s*")
MAX_DIGITS = 400
MOST_NAMES = 64  # beyond, nobody writes products without a sign
SIZES, OTHER_SIZES = (3, 2, 4, 5), (4, 5, 3, 2)


@final
@dataclass(frozen=True, slots=True)
class Side:
    """One function: its Program, what its numbers stand for, and the derivative that is meant.

    `text` is the text without a `d/dx` before it. `unclear` says why its numbers cannot be told apart; `named` that a
    number was put for a size that has only a name.
    """

    program: Program
    exact: Mapping[float, Fraction | str] = field(default_factory=lambda: NAMED)
    by: str = ""
    order: int = 0
    text: str = ""
    unclear: str = ""
    named: bool = False

    @property
    def shapes(self) -> dict[str, Any]:
        return {v.hint: v.type.shape for v in self.program.inputs}


def pair(
    first: str | Program,
    second: str | Program,
    where: Sequence[str] = (),
    by: str | None = None,
    numbers: Sequence[int] = SIZES,
) -> tuple[Side, Side, list[Side]]:
    """Both sides, and the conditions. Sizes that have only a name become `numbers`.

    Raises NotationError for what cannot be read, UnknownName for a condition or `by` that names no input, and
    ShapeError where the two can never be compared.
    """
    sizes = Sizes(numbers)
    try:
        a = _sized(_side(first), sizes)
    except (NotationError, ShapeError):  # perhaps the other one says what is an array
        b = _sized(_side(second), sizes)
        a = _sized(_side(first, b.shapes), sizes)
    else:
        b = _sized(_side(second, a.shapes), sizes)
    if by is not None:
        if a.order:
            raise ChalkgradError("the first formula is a derivative already; leave out the other d")
        if by not in a.shapes:
            raise UnknownName(f"the first formula has no input '{by}'{nearest(by, a.shapes)}")
        a = replace(a, by=by, order=1)
    a = _jointly(a, b.shapes)
    b = _jointly(b, a.shapes)
    a, b = _shaped(a, b.shapes), _shaped(b, a.shapes)
    conditions = [_sized(_condition(text, {**b.shapes, **a.shapes}), sizes) for text in where]
    _check(a, b)
    return a, b, conditions


def _side(source: str | Program, others: Mapping[str, Any] | None = None) -> Side:
    if not isinstance(source, str):
        return Side(source)
    text, by, order = _derivative(source)
    try:
        side = replace(_read(text, {}), by=by, order=order)
    except (NotationError, ShapeError):
        arrays = {
            n: shape for n, shape in (others or {}).items() if shape and re.search(rf"(?<!\w){re.escape(n)}", text)
        }
        if not arrays:
            raise
        side = replace(_read(text, {n: np.zeros(shape) for n, shape in arrays.items()}), by=by, order=order)
    _refuse_slopes(side, source)
    if by and by not in side.shapes:
        raise UnknownName(f"'{by}', by which the derivative is taken, does not occur{nearest(by, side.shapes)}")
    return side


def _refuse_slopes(side: Side, source: str) -> None:
    """σ' within a formula would be a name."""
    for name in side.shapes:
        stem = name.rstrip("'")
        if stem != name and stem not in ONLY_CALLED and function(stem) is not None:
            problem = f"{name} is read as a derivative only where it is the whole formula, as in {name}(x)"
            at = max(0, source.find(stem))
            raise NotationError(problem, source, (at, at + len(stem) + 1))


def _derivative(text: str) -> tuple[str, str, int]:
    """The text without the derivative that stands before it, by what, and of which order."""
    primed = PRIMED.fullmatch(text)
    if primed is not None and function(primed[1]) is not None:
        return f"{primed[1]}({primed[3]})", primed[3], len(primed[2])
    slope = SLOPE.match(text)
    if slope is None:
        return text, "", 0
    rest = text[slope.end() :]
    if not (PLAIN.fullmatch(rest) or _one_bracket(rest)):
        problem = f"what is d/d{slope[1]} taken of? Put brackets around all of it: d/d{slope[1]} (…)"
        raise NotationError(problem, text, (slope.start(), slope.end()))
    return rest, slope[1], 1


def _one_bracket(text: str) -> bool:
    """Whether the text is one bracket, or one call: what it opens first closes at its end."""
    found = re.match(r"[^\W\d_]*\(", text)
    if found is None:
        return False
    depth, end = 0, len(text.rstrip())
    for at in range(found.end() - 1, end):
        depth += (text[at] == "(") - (text[at] == ")")
        if not depth:
            return at == end - 1
    return False


def _read(text: str, values: Mapping[str, Any]) -> Side:
    exact, unclear = numbers_of(text)
    return Side(read(text, values).program, exact, text=text, unclear=unclear)


def numbers_of(text: str) -> tuple[Mapping[float, Fraction | str], str]:
    """What each float of the text stands for, where it is not the decimal that it prints as."""
    meant: dict[float, Fraction | str] = {}
    short: list[tuple[float, str]] = []
    for token in lex_latex(text) if is_latex(text) else lex(text):
        value: Any = token.value
        if token.kind == "word" and token.text in ("e", "π", "pi"):
            value, exact = (EULER, "e") if token.text == "e" else (PI, "π")
        elif token.kind != "number":
            continue
        elif token.text in FRACTIONS:
            exact = Fraction(value).limit_denominator(10)
        elif len(token.text) > MAX_DIGITS:
            return NAMED, f"a number of more than {MAX_DIGITS} digits is not compared"
        elif len(token.text) > 15:
            exact = Fraction(Decimal(token.text))
        else:
            short.append((value, token.text))
            continue
        if meant.setdefault(value, exact) != exact:
            return NAMED, f"two numbers are both {value!r} once they are read, and not the same before"
    for value, digits in short:
        if value in meant and meant[value] != Fraction(Decimal(digits)):
            return NAMED, f"two numbers are both {value!r} once they are read, and not the same before"
    return {**NAMED, **meant} if meant else NAMED, ""


def _jointly(side: Side, others: Mapping[str, Any]) -> Side:
    """Read anew where a name is a run of the other formula's names: xy beside x and y."""
    mine = side.shapes
    if not side.text or max(len(mine), len(others)) > MOST_NAMES:
        return side
    runs = [n for n in mine if n not in others and len(n) > 1 and _splits(n, others)]
    names = {n for n in (*mine, *others) if n not in runs and (n in mine or any(n in r for r in runs))}
    shapes = {**others, **mine}
    if not runs or any(shapes[n] for n in names):
        return side
    try:
        return replace(_read(side.text, dict.fromkeys(names, 0.0)), by=side.by, order=side.order)
    except ChalkgradError:
        return side


def _splits(run: str, names: Mapping[str, Any]) -> bool:
    reached = {0}
    for at in range(len(run)):
        if at in reached:
            reached.update([at + len(n) for n in names if run.startswith(n, at)])
    return len(run) in reached


def _shaped(side: Side, others: Mapping[str, Any]) -> Side:
    """Read anew where a name is an array in the other formula, and nothing was said of it in this one."""
    mine = side.shapes
    wanted = {n: others[n] for n, shape in mine.items() if not shape and others.get(n)}
    if not wanted or not side.text:
        return side
    shapes = {**mine, **wanted}
    values = {n: np.zeros([int(d) for d in shape]) if shape else 0.0 for n, shape in shapes.items()}
    return replace(_read(side.text, values), by=side.by, order=side.order)


def _condition(text: str, shapes: Mapping[str, Any]) -> Side:
    side = _jointly(_read(text, {}), shapes)
    if side.program.output.type.dtype != "bool" or side.program.output.type.shape:
        raise NotationError("a condition is expected here, such as x > 0", text, (0, len(text)))
    for name in side.shapes:
        if name not in shapes:
            raise UnknownName(f"the condition names '{name}', which is in neither formula{nearest(name, shapes)}")
    return side


class Sizes(dict[str, int]):
    """A small number for every named size, each name its own."""

    def __init__(self, numbers: Sequence[int]) -> None:
        super().__init__()
        self.numbers = numbers

    def __missing__(self, name: str) -> int:
        self[name] = self.numbers[len(self) % len(self.numbers)]
        return self[name]


def _sized(side: Side, sizes: Sizes) -> Side:
    """With numbers for named sizes."""
    found = [d for v in side.program.inputs for d in v.type.shape if isinstance(d, Size)]
    if not found:
        return side
    for size in found:
        for monomial, _ in size.terms:
            for name in monomial:
                sizes[name]  # each gets its number, in order
    given = {v: tuple([_whole(substitute(d, sizes)) for d in v.type.shape]) for v in side.program.inputs}
    return replace(side, program=with_sizes(side.program, given), named=True)


def _whole(size: Any) -> int:
    if not isinstance(size, int) or size < 0:
        raise ShapeError(f"a size of {size} entries has no meaning here")
    return size


def _check(a: Side, b: Side) -> None:
    others = b.shapes
    for name, shape in a.shapes.items():
        if name in others and others[name] != shape:
            one, other = dims_text(shape), dims_text(others[name])
            raise ShapeError(f"{name} is {one} in the first formula, and {other} in the second")
    one, other = a.program.output.type.shape, b.program.output.type.shape
    if one != other:
        raise ShapeError(f"the first formula has shape {dims_text(one)}, the second {dims_text(other)}")
    for side in (a, b):
        if side.order and (side.program.output.type.shape or side.shapes.get(side.by)):
            raise ShapeError("the derivative is compared of a number by a number only")

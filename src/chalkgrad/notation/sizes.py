"""Declared shapes: `x in R^n`, `W in R^(m x n)`, and `x = (x_1, …, x_n)`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from chalkgrad.errors import NotationError
from chalkgrad.ir.dims import Dim, Shape, size
from chalkgrad.notation.lexer import Token
from chalkgrad.notation.refusal import refuse
from chalkgrad.notation.tree import Span

MAX_SIZE = 2**31
MAX_RANK = 32
MAX_TERMS = 12
ARROW = "\u20d7"
CORNER = re.compile(r"\{([0-9]{1,9})(?:,\1)+\}")
LAST = re.compile(r"\{?(?:([0-9]{1,9})|([^+{}-]+(?:\{[^{}]*\})?)([+-][0-9]{1,9})?)\}?")


@final
@dataclass(frozen=True, slots=True)
class Components:
    """`x = (x_1, …, x_n)`: x is an array of `length` (None: said elsewhere), its subscripts count from `base`.

    `lead` is what the entries are called: x for the vector `\\vec x` too.
    """

    name: str
    base: int
    length: Dim | None
    span: Span
    lead: str


def shape(source: str, tokens: Sequence[Token], whole: Span) -> Shape:
    """The shape that `R^(m x n)` names."""
    start, stop = (tokens[0].start, tokens[-1].stop) if tokens else whole
    if not tokens or tokens[0].text not in ("R", "ℝ") or (len(tokens) > 1 and not _raised(tokens)):
        raise NotationError("after 'in' a set is named: R, R^n or R^(m x n)", source, (start, stop))
    if len(tokens) == 1:
        return ()
    if tokens[1].kind == "super":
        inner = [Token("number", tokens[1].text, *tokens[1].span, False, tokens[1].value), *tokens[2:]]
    else:
        inner = list(tokens[2:])
    if inner and inner[0].kind == "open" and inner[-1].kind == "close":
        inner = inner[1:-1]
    dims: list[Dim] = []
    part: list[Token] = []
    for token in _parted(source, inner):
        if token.kind == "comma":
            dims.append(_size(source, part, (start, stop)))
            part = []
        else:
            part.append(token)
    dims.append(_size(source, part, (start, stop)))
    if len(dims) > MAX_RANK:
        raise NotationError(f"an array has at most {MAX_RANK} axes", source, (start, stop))
    return tuple(dims)


def _raised(tokens: Sequence[Token]) -> bool:
    return tokens[1].kind == "super" or (tokens[1].kind == "sign" and tokens[1].text == "^")


def _parted(source: str, tokens: Sequence[Token]) -> list[Token]:
    """The tokens with every sign that parts two sizes (`×`, `x`, a comma) as a comma."""
    out: list[Token] = []
    for place, token in enumerate(tokens):
        between = out and 0 < place < len(tokens) - 1
        if (token.kind == "sign" and token.text == "*") or (
            token.kind == "word" and token.text == "x" and between and out[-1].kind != "comma"
        ):
            out.append(token._replace(kind="comma"))
        elif token.kind == "word" and token.text[0] == "x" and out and out[-1].kind == "number" and not token.spaced:
            out.append(token._replace(kind="comma"))
            rest = token.text[1:]
            if rest.isdecimal():
                out.append(token._replace(kind="number", text=rest, value=float(rest[:16])))
            elif rest:
                out.append(token._replace(text=rest))
        elif token.kind == "word" and len(token.text) == 3 and token.text[1] in "x×":
            left, right = f"the sizes {token.text[0]} x {token.text[2]}", f"one size {token.text}"
            raise refuse(source, token.span, left, right)
        else:
            out.append(token)
    return out


def _size(source: str, tokens: Sequence[Token], whole: Span) -> Dim:
    """One size: whole numbers and names, added and subtracted; `2n` is a product."""
    total: Dim = 0
    term: Dim | None = None
    sign = 1
    if len(tokens) > MAX_TERMS:
        raise NotationError("a size is a short sum, such as 2n + 1", source, (tokens[0].start, tokens[-1].stop))
    for token in tokens:
        if token.kind == "number" and token.value == int(token.value) and token.value < MAX_SIZE and term is None:
            term = int(token.value)
        elif token.kind == "word":
            term = size(token.text) if term is None else term * size(token.text)
        elif token.kind == "sign" and token.text in "+-" and term is not None:
            total, term, sign = total + sign * term, None, (1 if token.text == "+" else -1)
        else:
            raise NotationError("a size is a whole number or a name, such as 3, n or n - 1", source, token.span)
    if term is None:
        span = (tokens[0].start, tokens[-1].stop) if tokens else whole
        raise NotationError("a size is missing", source, span)
    total = total + sign * term
    if isinstance(total, int) and total < 1:
        raise NotationError(f"a size of {total}: sizes are 1 or more", source, whole)
    return total


def components(source: str, name: Token, tokens: Sequence[Token]) -> Components | None:
    """What `x = (x_1, x_2)` or `x = [x_0, …, x_{n-1}]` declares; None where it is an ordinary formula."""
    if len(tokens) < 3 or tokens[0].kind != "open" or tokens[-1].kind != "close":
        return None
    items = tokens[1:-1]
    called = name.text.removesuffix(ARROW)
    if not tokens[1].text.startswith(f"{called}_"):
        called = name.text
    lead = f"{called}_"
    for place, token in enumerate(items):
        if place % 2:
            if token.kind != "comma":
                return None
        elif token.kind != "dots" and not (token.kind == "word" and token.text.startswith(lead)):
            return None
    entries = list(items[::2])
    span = (name.start, tokens[-1].stop)
    first = entries[0].text[len(lead) :]
    if (corner := CORNER.fullmatch(first)) and [t.kind for t in entries[1:]] == ["dots"]:
        return Components(name.text, int(corner.group(1)), None, span, called)
    dots = [place for place, t in enumerate(entries) if t.kind == "dots"]
    known = entries[: dots[0]] if dots else entries
    if not first.isdecimal() or len(first) > 9:
        return None
    base = int(first)
    for place, token in enumerate(known):
        if token.text != f"{lead}{base + place}":
            problem = f"the components of {called} are counted in order: {lead}{base + place} comes here"
            raise NotationError(problem, source, token.span)
    if not dots:
        return Components(name.text, base, len(known), span, called)
    if dots == [len(entries) - 1]:
        return Components(name.text, base, None, span, called)
    if len(dots) > 1 or dots[0] != len(entries) - 2:
        raise NotationError("after … comes the last component, and nothing else", source, span)
    last = LAST.fullmatch(entries[-1].text[len(lead) :])
    if last is None:
        raise NotationError("the last component is numbered by a number or a size", source, entries[-1].span)
    number, named, shift = last.groups()
    end: Dim = int(number) if number else size(named) + int(shift or 0)
    length = end - base + 1
    if isinstance(length, int) and not len(known) < length < MAX_SIZE:
        raise NotationError("the last component comes before the first ones", source, entries[-1].span)
    return Components(name.text, base, length, span, called)

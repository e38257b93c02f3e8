"""Plain text into tokens. A name is one token here; how a run of letters splits is decided in `names`."""

from __future__ import annotations

import re
import unicodedata
from math import isfinite
from typing import Any, NamedTuple, NoReturn

from chalkgrad.errors import NotationError
from chalkgrad.notation.characters import (
    COMPARISONS,
    FRACTIONS,
    MARKS,
    PAIRS,
    PRIMES,
    SIGNS,
    SPACES,
    STARS,
    SUBSCRIPTS,
    SUPERSCRIPTS,
    UNREAD,
    letter,
    named,
)
from chalkgrad.notation.sums import over
from chalkgrad.notation.tree import Span

MAX_RUN = 128
NUMBER = re.compile(r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
BRACED = re.compile(r"\{([^{}\n]{0,64}(?:\{[^{}\n]{0,64}\}[^{}\n]{0,64})?)\}")
STOP = re.compile(r"\.[^\S\n]*(?=[;\n$]|\\\\|\\end\b|\Z)")
CLOSERS = frozenset(PAIRS.values())


class Token(NamedTuple):
    """A piece of the text.

    `kind` is number, word, sign, compare, open, close, bar, comma, colon, equals, super (a raised number),
    transpose, dots, over (a sum over examples), break (between stages) or end; `names` turns each word into name,
    component, function, constant, literal, keyword or transpose. `text` is the form to compare, `spaced` says
    whether white space stands before it.
    """

    kind: str
    text: str
    start: int
    stop: int
    spaced: bool
    value: Any = None

    @property
    def span(self) -> Span:
        """Where it stands."""
        return self.start, self.stop


class Word(NamedTuple):
    """What more is known of a word: where each of its characters stands, and whether it has two subscripts."""

    places: tuple[int, ...]
    chained: bool


def lex(text: str) -> list[Token]:
    """The tokens of `text`, ending in an `end`.

    Raises NotationError at the first character that has no meaning in maths.
    """
    tokens: list[Token] = []
    at, spaced, size = 0, False, len(text)
    while at < size:
        char = text[at]
        if char in SPACES:
            at, spaced = at + 1, True
            continue
        if char == "#":
            end = text.find("\n", at)
            at, spaced = (size if end < 0 else end), True
            continue
        if char == "." and (stop := STOP.match(text, at)):
            at, spaced = stop.end(), True
            continue
        found = token(text, at, spaced)
        tokens.append(found)
        at, spaced = found.stop, found.text == "\n"
    tokens.append(Token("end", "", size, size, True))
    return tokens


def token(text: str, at: int, spaced: bool) -> Token:
    """The token that begins at `at`."""
    char = text[at]
    if char in "Σ∑s" and (found := over(text, at)):
        return Token("over", "Σ", at, found[1], spaced, found[0])
    if letter(char):
        return _word(text, at, spaced)
    if char in "0123456789" or (char == "." and text[at + 1 : at + 2].isdecimal()):
        number = NUMBER.match(text, at)
        if number is not None:
            return _number(text, number, spaced)
    for width in (3, 2, 1):
        piece = text[at : at + width]
        kind, value = _sign(piece)
        if kind:
            return Token(kind, value, at, at + len(piece), spaced)
    if char in FRACTIONS:
        return Token("number", char, at, at + 1, spaced, FRACTIONS[char])
    if char in SUPERSCRIPTS:
        return _raised(text, at)
    if char == "ᵀ":
        return Token("transpose", char, at, at + 1, spaced, True)
    return _unread(text, at)


def _sign(piece: str) -> tuple[str, str]:
    if piece in ("...", "…"):
        return "dots", "…"
    if piece in COMPARISONS:
        return "compare", COMPARISONS[piece]
    if piece in SIGNS:
        return "sign", SIGNS[piece]
    if piece in PAIRS:
        return "open", piece
    if piece in CLOSERS:
        return "close", piece
    match piece:
        case "|" | "‖":
            return "bar", piece
        case ",":
            return "comma", piece
        case ":":
            return "colon", piece
        case "=":
            return "equals", piece
        case ";" | "\n":
            return "break", piece
        case "⊤":
            return "top", piece
        case "∈":
            return "in", piece
        case _:
            return "", ""


def _number(text: str, found: re.Match[str], spaced: bool) -> Token:
    written, start, stop = found.group(), found.start(), found.end()
    value = float(written)
    digits = re.split("[eE]", written, maxsplit=1)[0]
    if not isfinite(value) or (value == 0 and digits.strip("0.")):
        size = "large" if value else "small"
        raise NotationError(f"this number is too {size} for 64-bit arithmetic", text, (start, stop))
    return Token("number", written, start, stop, spaced, value)


def _raised(text: str, at: int) -> Token:
    if text.startswith("⁻ᵀ", at):  # the inverse, and then its transpose
        return Token("super", "-1", at, at + 1, False, -1.0)
    stop = at
    while text[stop : stop + 1] in SUPERSCRIPTS and stop < len(text):
        stop += 1
    digits = "".join([SUPERSCRIPTS[c] for c in text[at:stop]])
    if not digits.removeprefix("-").isdecimal() or len(digits) > 15:
        raise NotationError("a raised number is a sign and up to 14 digits, as in x² or x⁻¹", text, (at, stop))
    return Token("super", digits, at, stop, False, float(digits))


def _word(text: str, start: int, spaced: bool) -> Token:
    """A name: letters, digits, a subscript, primes, a star. Two subscripts make it a chain of names."""
    out: list[str] = []
    places: list[int] = []
    at, subscripts, size = start, 0, len(text)

    def put(piece: str, place: int) -> None:
        out.append(piece)
        places.extend([place] * len(piece))

    while at < size:
        char = text[at]
        if char in MARKS:
            put(char, at)
        elif subscripts == 0 and (out and char in "0123456789"):
            while at < size and text[at] in "0123456789":
                put(text[at], at)
                at += 1
            if text[at : at + 1] != "_" and text[at : at + 1] not in SUBSCRIPTS:
                break
            continue
        elif letter(char):
            put(letter(char), at)
        elif char == "_" or char in SUBSCRIPTS:
            after = at + (char == "_")
            stop, piece = _subscript(text, after, char == "_", (start, after))
            put("_", at)
            put(piece, after)
            subscripts += 1
            at = stop
            if not (piece[-1].isalpha() and text[at : at + 1] == "_"):
                break
            continue
        else:
            break
        if len(out) > MAX_RUN:
            raise NotationError(f"a run of more than {MAX_RUN} letters", text, (start, at))
        at += 1
    while at < size and (char := text[at]):
        if char in PRIMES:
            put(PRIMES[char], at)
            at += 1
        elif char == "^" and (raised := _star(text, at + 1)):
            put(raised[0], at)
            at = raised[1]
        else:
            break
    name = "".join(out)
    if any(mark in MARKS for mark in name):
        composed = unicodedata.normalize("NFC", name)
        places = places[: len(composed)] if len(composed) == len(name) else [start] * len(composed)
        name = composed
    return Token("word", name, start, at, spaced, Word(tuple(places), subscripts > 1))


def subscript(text: str, at: int) -> tuple[int, str]:
    """Where the subscript that begins at `at` ends, and the form it is kept in."""
    return _subscript(text, at, True, (at, at + 1))


def _subscript(text: str, at: int, open: bool, before: Span) -> tuple[int, str]:
    """Where a subscript that starts at `at` ends, and how it is kept: braces only where they are needed."""
    char = text[at : at + 1]
    if not open:
        stop = at
        while stop < len(text) and text[stop] in SUBSCRIPTS:
            stop += 1
        return stop, "".join([SUBSCRIPTS[c] for c in text[at:stop]])
    if char == "{" and (braced := BRACED.match(text, at)):
        inside = "".join(braced.group(1).split())
        inside = "".join([SIGNS.get(c, c) if c in "−∗" else c for c in inside])
        bad = next((c for c in inside if not (letter(c) or c in "0123456789_{},+-*'") or c in MARKS), "")
        if not inside or bad:
            what = f"{named(bad)} has no meaning" if bad else "nothing stands"
            raise NotationError(f"{what} in this subscript", text, (at, braced.end()))
        plain = inside.isdecimal() or all(letter(c) for c in inside)
        return braced.end(), inside if plain and inside.isascii() else "{" + inside + "}"
    stop = at
    if char and char in "0123456789":
        while stop < len(text) and text[stop] in "0123456789":
            stop += 1
    else:
        while stop < len(text) and letter(text[stop]):
            stop += 1
        if stop > at and text[stop : stop + 1] == "_":
            return stop, "".join([letter(c) for c in text[at:stop]])
        while stop > at and stop < len(text) and text[stop] in "0123456789":
            stop += 1
    if stop == at:
        raise NotationError("after _ comes a number, letters, or {…}", text, before)
    return stop, "".join([letter(c) or c for c in text[at:stop]])


def _star(text: str, at: int) -> tuple[str, int] | None:
    """The raised star that makes `y^*` a name of its own, and where it ends."""
    if text[at : at + 1] == "{" and text[at + 1 : at + 2] in STARS and text[at + 2 : at + 3] == "}":
        return "^*", at + 3
    if at < len(text) and text[at] in STARS:
        return "^*", at + 1
    return None


def _unread(text: str, at: int) -> NoReturn:
    char = text[at]
    advice = UNREAD.get(char, "")
    tail = f": {advice}" if advice else ""
    raise NotationError(f"{named(char)} has no meaning in maths text{tail}", text, (at, at + 1))

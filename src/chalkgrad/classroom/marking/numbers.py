"""Reading a number as people write one: `-0.59`, `−0,59`, `1/4`, `½`, `2e-3`, `x = 3`, `[7, -6, 3]`, `-4·1`.

Only plain numbers and the four operations, powers and brackets are read, here and nowhere else; nothing is run.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from chalkgrad.classroom.marking.bounds import check_bounds
from chalkgrad.classroom.marking.brackets import closes, split
from chalkgrad.errors import NotationError

LONGEST_NUMBER = 60
MOST_ENTRIES = 10_000

SIGNS = str.maketrans(
    dict.fromkeys("\u2212\u2013\u2014\u2010\u2011\ufe63\uff0d", "-")
    | dict.fromkeys("·×∙⋅∗✕", "*")
    | dict.fromkeys("÷∕⁄", "/")
    | dict.fromkeys("\u00a0\u2009\u202f\u2007\t\r\n$", " ")
    | {"＋": "+", "．": ".", "，": ",", "（": "(", "）": ")", "≈": "=", "≃": "=", "≅": "="}
)
HALVES = {
    "½": (1, 2), "⅓": (1, 3), "⅔": (2, 3), "¼": (1, 4), "¾": (3, 4), "⅕": (1, 5), "⅖": (2, 5), "⅗": (3, 5),
    "⅘": (4, 5), "⅙": (1, 6), "⅚": (5, 6), "⅛": (1, 8), "⅜": (3, 8), "⅝": (5, 8), "⅞": (7, 8),
}  # fmt: skip
RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
DIGITS = r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
PLAIN = re.compile(rf"([+-]?)\s*({DIGITS})(?:[eE]([+-]?[0-9]{{1,4}}))?")
TOKEN = re.compile(
    rf"\s*(?:(?P<number>{DIGITS}(?:[eE][+-]?[0-9]{{1,4}}(?![0-9A-Za-z]))?)|(?P<half>[½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞])"
    r"|(?P<raised>[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)|(?P<power>\*\*|\^)|(?P<sign>[-+*/()\[\]{}])|(?P<word>[^\W\d_]+)|(?P<other>.))"
)
COMMA = re.compile(r"(?<![0-9.,])([0-9]+),([0-9]+)(?![0-9.,])")
# An array as NumPy prints it or as code makes it, and as LaTeX has it.
NUMPY_ARRAY = re.compile(r"\s*(?:(?:np|numpy|torch)\.)?(?:array|tensor)\s*\((.*)\)\s*", re.DOTALL)
LATEX_MATRIX = re.compile(r"\\begin\s*\{[bBpv]?matrix\}(.*?)\\end\s*\{[bBpv]?matrix\}", re.DOTALL)
BETWEEN_ROWS = re.compile(r"\]\s+\[")
TRANSPOSED = re.compile(r"(?<=[\])])\s*\^?\s*\{?(?:T|⊤)\}?$")
LATEX = re.compile(r"\\(left|right|cdot|times|div|[dt]?frac|approx|,|;|!|:| )(?![A-Za-z])")
LATEX_SIGNS = {"cdot": "*", "times": "*", "div": "/", "approx": "=", "frac": "\\", "dfrac": "\\", "tfrac": "\\"}
NEVER = re.compile(r"\b(nan|inf|infinity|undefined|none|null)\b|∞|\\infty", re.IGNORECASE)


@final
@dataclass(frozen=True, slots=True)
class Said:
    """A number that was read, and how many decimals were written; None where it is arithmetic, so exact."""

    value: float
    decimals: int | None


@final
@dataclass(frozen=True, slots=True, eq=False)
class Numbers:
    """What an answer says: one number, or the entries of an array in rows. `shape` is () for a number.

    `terms` are the terms of a sum as it was written out, such as 1 and -4.
    """

    entries: tuple[Said, ...]
    shape: tuple[int, ...]
    terms: tuple[float, ...] = ()

    @property
    def value(self) -> Any:
        """The number, or the array."""
        if not self.shape:
            return self.entries[0].value
        return np.array([e.value for e in self.entries]).reshape(self.shape)


def read_numbers(text: str, array: bool) -> Numbers:
    """Read an answer. `array` says that an array is asked for.

    Raises NotationError with the place where it cannot be read, or where it says no number.
    """
    check_bounds(text)
    clean = _latex((_matrix(text) if array else text).translate(SIGNS)).strip()
    if found := NEVER.search(clean):
        raise NotationError(f"{found.group()} is no number", text, None)
    sides = [s.strip() for s in clean.split("=")]
    last = sides[-1].rstrip(" ;.").strip()
    if not last:
        raise NotationError("no number stands here", text, None)
    said = _array(last) if array else _one(last)
    for side in sides[:-1]:
        _agrees(side, said, array)
    return said


def _agrees(side: str, said: Numbers, array: bool) -> None:
    """Refuse `2 + 3 = 6`, where a side before the last is a number too, and another one; names are labels."""
    if not side or re.search(r"[^\W\d_]", side):
        return
    try:
        other = _array(side) if array else _one(side)
    except NotationError:
        return
    if other.shape == said.shape and not np.allclose(other.value, said.value, rtol=2e-3, atol=0.011):
        raise NotationError(f"two different numbers stand here: {side.strip()[:40]} and what follows it")


def _latex(text: str) -> str:
    def sign(found: re.Match[str]) -> str:
        return LATEX_SIGNS.get(found.group(1), " ")

    return LATEX.sub(sign, text) if "\\" in text else text


def _one(text: str) -> Numbers:
    text = _decimal(text)
    inner = text
    while inner[:1] in "([{" and closes(inner):
        inner = inner[1:-1].strip()
        if not inner:
            raise NotationError("no number stands here", text, None)
    if plain := PLAIN.fullmatch(inner):
        return Numbers((_plain(plain),), ())
    arithmetic = _Arithmetic(text)
    value = arithmetic.whole()
    return Numbers((Said(value, None),), (), tuple(arithmetic.terms))


def _decimal(text: str) -> str:
    """With a point for a decimal comma, where it can be nothing else."""
    if "," not in text:
        return text
    found = COMMA.search(text)
    bracketed = text[:1] in ("[", "(", "{") and closes(text)
    if found is None or text.count(",") > 1 or "." in text or bracketed:
        raise NotationError("one number is asked for, and here a comma separates several", text, None)
    whole, rest = found.groups()
    if len(rest) == 3 and len(whole) <= 3 and whole != "0":
        raise NotationError(f"{whole},{rest} may mean {whole}.{rest} or {whole}{rest}", text, found.span())
    return text.replace(",", ".")


def _plain(found: re.Match[str]) -> Said:
    sign, digits, exponent = found.groups()
    if len(digits) > LONGEST_NUMBER:
        raise NotationError(f"this number has more than {LONGEST_NUMBER} digits")
    power = int(exponent or 0)
    decimals = len(digits.partition(".")[2]) - power
    value = float(f"{sign}{digits}e{power}")
    if not np.isfinite(value):
        raise NotationError("this number is too large")
    return Said(value + 0.0, max(0, decimals))


# arrays


def _matrix(text: str) -> str:
    """Brackets for what NumPy prints, and for a matrix of LaTeX."""
    found = LATEX_MATRIX.search(text)
    if found is not None:
        inner = found.group(1).replace("\\\\", ";").replace("&", ",").strip().rstrip(";")
        text = f"{text[: found.start()]}[{inner}]{text[found.end() :]}"
    if (numpy := NUMPY_ARRAY.fullmatch(text)) is not None:
        text = numpy.group(1)
    return BETWEEN_ROWS.sub("], [", text)


def _array(text: str) -> Numbers:
    text = text.strip()
    transposed = TRANSPOSED.search(text)
    rows = _rows(text if transposed is None else text[: transposed.start()].strip())
    if transposed is not None and len({len(r) for r in rows}) == 1:
        rows = [list(column) for column in zip(*rows, strict=True)] if len(rows) > 1 else rows
    if not any(rows):
        raise NotationError("no number stands here", text, None)
    if len(rows) == 1 or all(len(r) == 1 for r in rows):
        flat = [e for r in rows for e in r]
        shape: tuple[int, ...] = (len(flat),) if len(rows) == 1 else (len(rows), 1)
        return Numbers(tuple(flat), shape if len(flat) > 1 or "[" in text or "(" in text else ())
    if len({len(r) for r in rows}) != 1:
        raise NotationError("the rows are not of the same length", text, None)
    return Numbers(tuple(e for r in rows for e in r), (len(rows), len(rows[0])))


def _rows(text: str) -> list[list[Said]]:
    inner = text
    while inner[:1] in "([{" and closes(inner) and not _nested(inner[1:-1]):
        inner = inner[1:-1].strip()
        break
    else:
        if inner[:1] in "([{" and closes(inner):
            return [_entries(_stripped(row)) for row in split(inner[1:-1], ",;")]
    return [_entries(row) for row in split(inner, ";")]


def _nested(text: str) -> bool:
    return text.lstrip()[:1] in ("[", "(", "{") and ("," in text or ";" in text or "[" in text.lstrip()[1:])


def _stripped(row: str) -> str:
    row = row.strip()
    return row[1:-1] if row[:1] in ("[", "(", "{") and closes(row) else row


def _entries(row: str) -> list[Said]:
    parts = split(row, ",") if "," in row else row.split()
    if "," not in row and not all(PLAIN.fullmatch(p) for p in parts):
        parts = [row]
    if len(parts) > MOST_ENTRIES:
        raise NotationError(f"more than {MOST_ENTRIES} entries")
    if any(not p.strip() for p in parts):
        raise NotationError("an entry is missing between two commas", row, None)
    return [_one(p.strip()).entries[0] for p in parts]


# arithmetic


@final
class _Arithmetic:
    """`-4·1`, `1/4`, `0.73(1 - 0.73)`, `2·10^-3`: numbers, four operations, powers, brackets."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = [m for m in TOKEN.finditer(text) if m.group().strip()]
        self.at = 0
        self.depth = 0
        self.terms: list[float] = []

    def whole(self) -> float:
        value = self.sum()
        if self.at < len(self.tokens):
            raise self._refused()
        if not np.isfinite(value):
            raise NotationError("this has no value: a division by 0, or a number that is too large", self.text, None)
        return value + 0.0

    def _peek(self) -> str:
        return self.tokens[self.at].group().strip() if self.at < len(self.tokens) else ""

    def _kind(self) -> str:
        return str(self.tokens[self.at].lastgroup) if self.at < len(self.tokens) else ""

    def _refused(self) -> NotationError:
        if self.at >= len(self.tokens):
            return NotationError("something is missing at the end", self.text, (len(self.text) - 1, len(self.text)))
        token, span = self._peek(), self.tokens[self.at].span()
        if self._kind() == "word":
            return NotationError("a number is asked for, and here stands a name", self.text, span)
        shown = token if token.isprintable() else f"U+{ord(token[0]):04X}"
        return NotationError(f"{shown} cannot be read here", self.text, span)

    def sum(self) -> float:
        self.depth += 1
        parts = [self.product()]
        while self._peek() in ("+", "-"):
            parts.append(self.product())  # which takes the sign
        self.depth -= 1
        if not self.depth:
            self.terms = parts if len(parts) > 1 else []
        return sum(parts)

    def product(self) -> float:
        value = self.signed()
        while True:
            match self._peek():
                case "*":
                    self.at += 1
                    value *= self.signed()
                case "/":
                    self.at += 1
                    below = self.signed()
                    value = value / below if below else float("nan")
                case "(" | "[" | "{" | "\\":
                    value *= self.signed()
                case _:
                    return value

    def signed(self) -> float:
        sign = 1.0
        while self._peek() in ("+", "-"):
            sign = -sign if self._peek() == "-" else sign
            self.at += 1
        return sign * self.power()

    def power(self) -> float:
        base = self.unit()
        if self._kind() == "power":
            self.at += 1
            exponent = self.signed()
        elif self._kind() == "raised":
            raised = self._peek().translate(RAISED)
            if not re.fullmatch(r"-?[0-9]{1,4}", raised):
                raise self._refused()
            exponent = float(raised)
            self.at += 1
        else:
            return base
        try:
            value = base**exponent
        except (OverflowError, ZeroDivisionError):
            return float("nan")
        return float(value) if isinstance(value, float) else float("nan")

    def unit(self) -> float:
        token = self._peek()
        match self._kind():
            case "number":
                self.at += 1
                if len(token) > LONGEST_NUMBER:
                    raise NotationError(f"this number has more than {LONGEST_NUMBER} digits")
                value = float(token)
                if self._kind() == "half" and token.isdigit():
                    value += self._half()
                return value
            case "half":
                return self._half()
            case "word" if token in ("e", "π", "pi"):
                self.at += 1
                return float(np.e if token == "e" else np.pi)
            case "other" if token == "\\":
                self.at += 1
                above, below = self._group(), self._group()
                return above / below if below else float("nan")
            case "sign" if token in "([{":
                return self._group()
            case _:
                raise self._refused()

    def _half(self) -> float:
        above, below = HALVES[self._peek()]
        self.at += 1
        return above / below

    def _group(self) -> float:
        opened = self._peek()
        if opened not in ("(", "[", "{"):
            return self.unit()
        self.at += 1
        value = self.sum()
        if self._peek() != {"(": ")", "[": "]", "{": "}"}[opened]:
            raise self._refused()
        self.at += 1
        return value

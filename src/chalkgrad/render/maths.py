"""A formula as boxes, as it stands on paper; LaTeX, MathML and typst are each printed from the same boxes.

What is a fraction, where brackets stand and how a name is built is decided here, once.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, final

from chalkgrad.ir.names import base_of, index_of
from chalkgrad.ir.program import Var

Face = Literal["italic", "upright", "function"]
SignKind = Literal["binary", "relation", "prefix", "plain"]
# The character that a sign is drawn with, where that is not the one that is typed.
DRAWN = {"-": "−", "<=": "≤", ">=": "≥", "!=": "≠", "*": "∗", "ᵀ": "⊤"}
ACCENTS = {"\u0302": "hat", "\u20d7": "vec", "\u0304": "bar", "\u0303": "tilde", "\u0307": "dot", "\u0308": "ddot"}


@final
@dataclass(frozen=True, slots=True)
class Word:
    """Letters: a variable of one letter is italic, a word upright, a function's name stands off what follows."""

    text: str
    face: Face = "upright"


@final
@dataclass(frozen=True, slots=True)
class Num:
    """Digits, with no sign and no exponent."""

    text: str


@final
@dataclass(frozen=True, slots=True)
class Sign:
    """One sign, in the form that a formula is typed in: ``-``, ``·``, ``<=``, ``∂``."""

    text: str
    kind: SignKind = "plain"


@final
@dataclass(frozen=True, slots=True)
class Row:
    """Boxes side by side."""

    items: tuple[Box, ...]


@final
@dataclass(frozen=True, slots=True)
class Scripts:
    """A base with what stands below and above behind it; `primes` come before the rest above."""

    base: Box
    below: Box | None = None
    above: Box | None = None
    primes: int = 0


@final
@dataclass(frozen=True, slots=True)
class Accented:
    """A letter under a mark: ``hat``, ``vec``, ``bar``, ``tilde``, ``dot``, ``ddot``."""

    base: Box
    mark: str


@final
@dataclass(frozen=True, slots=True)
class Over:
    """A fraction."""

    above: Box
    below: Box


@final
@dataclass(frozen=True, slots=True)
class Root:
    """A square root, or a cube root where `cube`."""

    inside: Box
    cube: bool = False


@final
@dataclass(frozen=True, slots=True)
class Fence:
    """Something between brackets or bars, which grow with it; either may be nothing."""

    left: str
    inside: Box
    right: str


@final
@dataclass(frozen=True, slots=True)
class Grid:
    """A matrix between brackets, or rows whose cells begin at the left, as cases do."""

    rows: tuple[tuple[Box, ...], ...]
    ends: tuple[str, str] = ("[", "]")
    left: bool = False


@final
@dataclass(frozen=True, slots=True)
class Prose:
    """Words in a sentence's face."""

    text: str


Box = Word | Num | Sign | Row | Scripts | Accented | Over | Root | Fence | Grid | Prose

_SUBSCRIPTED = re.compile(r"(.+?)_(?:\{(.*)\}|([^_{}]+))", re.DOTALL)
_STAGE = re.compile(r"([^()]+)\(([^()]*)\)")
_MOST_DEEP = 4  # subscripts of subscripts


def row(*boxes: Box) -> Box:
    """The boxes side by side, without rows inside rows."""
    flat: list[Box] = []
    for box in boxes:
        flat.extend(box.items if isinstance(box, Row) else (box,))
    return flat[0] if len(flat) == 1 else Row(tuple(flat))


def joined(boxes: Sequence[Box], sign: Sign) -> Box:
    """The boxes with `sign` between each two."""
    parts: list[Box] = []
    for box in boxes:
        parts += [sign, box] if parts else [box]
    return row(*parts)


def bracketed(box: Box) -> Box:
    """In round brackets."""
    return Fence("(", box, ")")


def tall(box: Box) -> bool:
    """Whether brackets around it must grow."""
    if isinstance(box, (Over, Grid)):
        return True
    if isinstance(box, Row):
        return any(map(tall, box.items))
    if isinstance(box, Scripts):
        return tall(box.base)
    return isinstance(box, (Fence, Root)) and tall(box.inside)


def negative(box: Box) -> bool:
    """Whether it begins with a minus sign."""
    while isinstance(box, Row) and box.items:
        box = box.items[0]
    return isinstance(box, Sign) and box.text == "-"


def name(text: str, deep: int = 0) -> Box:
    """A printed name: `w_0`, `x_{10}`, `y^*`, `h'`, `ŷ`, `num`, `s(y)`, `D_{a_1}`."""
    if index := index_of(text):  # one of many examples
        inner = name(base_of(text), deep)
        over = bracketed(_letters(index))
        whole = inner if isinstance(inner, Scripts) else Scripts(inner)
        return Scripts(whole.base, whole.below, over, whole.primes)
    if stage := _STAGE.fullmatch(text):
        inside = joined([name(part.strip()) for part in stage[2].split(",")], Sign(","))
        return row(name(stage[1]), bracketed(inside))
    body = text.removesuffix("^*")
    star = Sign("*") if body != text else None
    stem = body.rstrip("'′")
    primes = len(body) - len(stem)
    below: Box | None = None
    found = _SUBSCRIPTED.fullmatch(stem)
    if found and deep < _MOST_DEEP:
        inside = found[2] if found[2] is not None else found[3]
        if inside and not (found[2] is None and _snake(found[1], found[3])):
            stem, below = found[1], _subscript(inside, deep + 1)
    base = _letters(stem or text)
    return Scripts(base, below, star, primes) if below or star or primes else base


def _snake(before: str, behind: str) -> bool:
    """`leaky_relu` and `learning_rate` are words; `x_train` has a subscript."""
    return len(before) > 1 and len(behind) > 1 and before.isalpha() and behind.isalpha()


def _subscript(text: str, deep: int) -> Box:
    """`10`, `train`, `i,j`, `a_1`, `i+1`."""
    parts = re.split(r"([,+*-])", text)
    if len(parts) == 1:
        return Num(text) if text.isdecimal() else name(text, deep)
    return row(*[Sign(p) if p in ",+*-" else Num(p) if p.isdecimal() else name(p, deep) for p in parts if p])


def _letters(text: str) -> Box:
    """A letter, a letter under a mark, a letter and digits, or a word."""
    digits = re.fullmatch(r"([^\W\d_])(\d+)", text)
    if digits:
        return row(_letters(digits[1]), Num(digits[2]))
    whole = unicodedata.normalize("NFD", text)
    if len(whole) == 2 and whole[1] in ACCENTS:
        return Accented(_letters(whole[0]), ACCENTS[whole[1]])
    return Word(text, "italic" if len(text) == 1 and text.isalpha() else "upright")


_PARTIAL = re.compile(r"∂([₀-₉,]+)(.+)")
_ORDER = re.compile(r"(.+)⁽([⁰¹²³⁴⁵⁶⁷⁸⁹]+)⁾")


def function(text: str) -> Box:
    """What is called: `tanh`, `g1'`, `∂₁₂Loss`, `g⁽⁴⁾`."""
    if found := _PARTIAL.fullmatch(text):
        by = unicodedata.normalize("NFKC", found[1])
        return row(Scripts(Sign("∂"), Num(by)), function(found[2]))
    if found := _ORDER.fullmatch(text):
        order = Num(unicodedata.normalize("NFKC", found[2]))
        return Scripts(function(found[1]), above=bracketed(order))
    box = name(text)
    base = box.base if isinstance(box, Scripts) else box
    if isinstance(base, Word) and len(base.text) > 1:
        word = Word(base.text, "function")
        return Scripts(word, box.below, box.above, box.primes) if isinstance(box, Scripts) else word
    return box


_NUMBER = re.compile(r"(\d+(?:\.\d*)?)(?:e([+-]?)(\d+))?")


def number(text: str) -> tuple[Box, bool]:
    """A printed number, and whether it is a product: `-2.5`, `4.5e-5` as 4.5 · 10⁻⁵, `∞`, `[1, 2]`."""
    if text.startswith("-"):
        inside, product = number(text[1:])
        return row(Sign("-", "prefix"), inside), product
    found = _NUMBER.fullmatch(text)
    if found is None:
        return (Sign(text) if text == "∞" else label(text) if "[" in text else Word(text)), False
    if found[3] is None:
        return Num(text), False
    size = Num(str(int(found[3])))
    power = row(Sign("-", "prefix"), size) if found[2] == "-" else size
    raised = Scripts(Num("10"), above=power)
    return (raised, False) if found[1] == "1" else (row(Num(found[1]), Sign("×", "binary"), raised), True)


_TOKEN = re.compile(
    r"(?P<number>\d+(?:\.\d*)?(?:e[+-]?\d+)?)"
    r"|(?P<name>[^\W\d_][^\W_]*(?:_(?:\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}|[^\W_]+))?['′]*(?:\^\*)?)"
    r"|\^(?P<power>-?\d+|[^\W_])"
    r"|(?P<sign>[<>!]=|\S)|(?P<space>\s+)"
)
_RAISED = re.compile(r"\^\(([^()]*(?:\([^()]*\)[^()]*)*)\)")
_BINARY = frozenset("+-×·∘*←")
_RELATIONS = frozenset(["=", "<", ">", "<=", ">=", "!=", "≈", "←", "≤", "≥", "≠"])


def label(text: str) -> Box:
    """A short formula or sign of a drawing, set sign by sign: `*-1`, `∂L/∂x`, `1/x`, `^2`."""
    boxes: list[Box] = []
    operand = False
    at = 0
    while found := _TOKEN.match(text, at):
        at = found.end()
        if found["space"]:
            continue
        if operand and (raised := _RAISED.match(text, found.start())):
            boxes.append(Scripts(boxes.pop(), above=label(raised[1])))
            at = raised.end()
            continue
        if found["number"]:
            boxes.append(number(found["number"])[0])
            operand = True
        elif found["name"]:
            boxes.append(name(found["name"]))
            operand = True
        elif found["power"]:
            inside = number(found["power"])[0] if found["power"].lstrip("-").isdecimal() else name(found["power"])
            # a gate that raises to a power shows a bare caret
            boxes += [Scripts(boxes.pop(), above=inside)] if operand else [Sign("^"), inside]
        else:
            sign = found["sign"]
            kind: SignKind = "plain"
            if operand and (sign in _RELATIONS or sign in _BINARY):
                kind = "relation" if sign in _RELATIONS else "binary"
            elif sign == "-":
                kind = "prefix"
            boxes.append(Sign(sign, kind))
            operand = sign in ")]}|"
    return row(*boxes)


def partial(of: str, by: str) -> Box:
    """∂f over ∂x."""
    return Over(row(Sign("∂"), name(of)), row(Sign("∂"), name(by)))


def shape_box(var: Var) -> Box:
    """`(D_a×m)`: the shape of an array."""
    return bracketed(joined([label(str(n)) for n in var.type.shape], Sign("×", "binary")))


def equation(*sides: Box) -> Box:
    """`a = b = c`."""
    return joined(sides, Sign("=", "relation"))

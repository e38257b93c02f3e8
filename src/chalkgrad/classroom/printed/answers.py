"""What a key writes in a place, and how wide the place is."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

import numpy as np

from chalkgrad.classroom.printed.layout import Room
from chalkgrad.classroom.printed.prose import (
    Block,
    Formula,
    Paragraph,
    Piece,
    Words,
    formula,
    pieces,
)
from chalkgrad.classroom.sheets.blank import Blank, FormulaKey, NumberKey, ShapeKey, TextKey
from chalkgrad.classroom.sheets.rounding import may_stand
from chalkgrad.evaluate.worked import Worked
from chalkgrad.render.maths import Box, Grid, Sign, number
from chalkgrad.render.numbers import shown
from chalkgrad.render.typeset import clean

_SHORT = 24  # letters of a formula that has its room beside others
_WORD = re.compile(r"[^\W\d_]{2,}\b(?!\()")
_TAG = re.compile(r"\s*(?:\(?\d+\)|#\(\d+\))\s*")
_QUAD = (Formula("", Sign("\u2003")),)  # a line that belongs to the tag above it
_KNOWN = frozenset(
    ["exp", "log", "ln", "sin", "cos", "tan", "tanh", "max", "min", "relu", "ReLU", "sort", "sum", "mean"]
)


def ask_pieces(blank: Blank, names: Collection[str]) -> tuple[tuple[Piece, ...], str]:
    """What stands before the place, and the sign between the two: `∂f/∂q` and `=`, or words and a colon."""
    if blank.kind == "update" and isinstance(blank.key, FormulaKey) and blank.key.head.endswith("←"):
        return (formula(blank.key.head.removesuffix("←").strip(), names),), "←"
    if blank.kind == "sum":
        return (formula(blank.ask, names), Words(", path by path,")), "="
    if blank.kind == "next" and blank.ask in names:
        return (Words("next "), formula(blank.ask, names)), "="
    if blank.kind in ("text", "claim", "graph") or "$" in blank.ask or _wordy(blank.ask, names):
        return pieces(_capital(blank.ask), names), ":" if blank.ask.strip() else ""
    return (formula(blank.ask, names),), "=" if blank.kind != "shape" else ":"


def solution(blank: Blank, names: Collection[str], work: Worked | None) -> tuple[Piece, ...]:
    """The answer as it is printed: where rounding at every step leads to another right number, both; a sum's terms."""
    match blank.key:
        case NumberKey(exact, _, digits) if blank.kind == "sum" and work is not None and blank.node is not None:
            terms = [work.number(c.value) for c in work.backprop.into().get(blank.node, ())]
            if np.ndim(exact) == 0:
                shown_terms = [shown(t, digits) for t in terms]
                total = " + ".join([f"({t})" if t.startswith("-") else t for t in shown_terms])
                return (formula(f"{total} = {shown(exact, digits)}"),)
            return number_pieces(exact, digits)
        case NumberKey(exact, stepwise, digits):
            found = number_pieces(exact, digits)
            other = shown(stepwise, digits)
            if np.ndim(exact) == 0 and other != shown(exact, digits) and may_stand(stepwise, exact, digits):
                return (*found, Words(" or "), *number_pieces(stepwise, digits))
            return found
        case FormulaKey(text):
            return (formula(text, names),)
        case ShapeKey(text):
            return (formula(text, names),)
        case TextKey(text):
            return pieces(text, names)


def number_pieces(value: Any, digits: int) -> tuple[Piece, ...]:
    """A number, or an array of them, as maths."""
    if value is None:
        return ()
    array = np.asarray(value)
    written = shown(value, digits, limit=64)
    if array.ndim == 2 and array.size <= 64:
        cells = tuple([tuple([_number(x, digits) for x in line]) for line in array])
        return (Formula(written, Grid(cells)),)
    return (Formula(written, _number(value, digits)),) if array.ndim == 0 else (formula(written),)


def _number(value: Any, digits: int) -> Box:
    return number(shown(value, digits))[0]


def room_of(blank: Blank) -> Room:
    """How wide the place is: by the kind of the blank, and no answer's length but a formula's."""
    match blank.key:
        case NumberKey() if blank.kind == "sum":
            return "wide"
        case NumberKey(exact, _, digits):
            entries = np.size(exact)
            return "number" if entries == 1 else "wide" if entries * (digits + 4) <= 30 else "line"
        case FormulaKey(text):
            return "wide" if len(text) <= _SHORT else "line"
        case ShapeKey():
            return "wide"
        case TextKey():
            return "line"


def claim_blocks(blank: Blank, names: Collection[str]) -> tuple[Block, ...]:
    """A model derivation, a paragraph a line."""
    assert isinstance(blank.key, TextKey)
    found: list[Block] = []
    for line in blank.key.text.strip().splitlines():
        if not line.strip():
            continue
        tag = _TAG.match(line)
        rest = line[tag.end() :].strip() if tag else line.strip()
        head: tuple[Piece, ...] = (Words(tag[0].strip() + " "),) if tag else _QUAD if line[:1].isspace() else ()
        said = Words(clean(rest), "strong") if rest.endswith(":") else formula(rest, names)
        found.append(Paragraph((*head, said)))
    return tuple(found)


def _wordy(text: str, names: Collection[str]) -> bool:
    """Whether an ask is words: it has a word beside others that is no name and no function."""
    if " " not in text.strip():
        return False
    return any(w not in names and w not in _KNOWN for w in _WORD.findall(re.sub(r"\\[A-Za-z]+|∂\w+", "", text)))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]

"""What a key says behind the sheet: rubrics, conventions, and where rounding at every step leads elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from chalkgrad.classroom.printed.answers import ask_pieces, claim_blocks, number_pieces
from chalkgrad.classroom.printed.drawing import Drawn, plain_drawing
from chalkgrad.classroom.printed.layout import Note
from chalkgrad.classroom.printed.prose import Block, Display, Listing, Paragraph, Piece, Words, as_text, pieces, prose
from chalkgrad.classroom.sheets.blank import Blank, NumberKey, Question, TextKey
from chalkgrad.classroom.sheets.rounding import may_stand
from chalkgrad.render.numbers import shown

_LETTERS = 100  # of a model answer's line
_SMALLER = 1.5  # of whose lines so many stand on one ruled line


def note(question: Question) -> Note | None:
    """The note on a question; None where there is nothing to say."""
    names = frozenset(question.work.called.values()) if question.work is not None else frozenset[str]()
    blocks: list[Block] = []
    drawings: list[Drawn] = []
    for blank in question.blanks:
        if not isinstance(blank.key, TextKey):
            continue
        head, _ = ask_pieces(blank, names)
        if blank.kind == "graph" and not blank.answer_figure and blank.lines <= 1:
            drawings.extend(made for made in [plain_drawing(question)] if made is not None)
        if model(blank, names) and not fits(blank, names):
            blocks.append(Paragraph((Words("Model answer", "strong"), *_of(head))))
            blocks.extend(model(blank, names))
        if blank.key.rubric:
            blocks.append(Paragraph((Words("Rubric", "strong"), *_of(head))))
            blocks.append(Listing(tuple([pieces(line, names) for line in blank.key.rubric])))
    blocks.extend(_rounded(question, names))
    if question.work is not None:
        for told in dict.fromkeys(map(str, question.work.notices)):
            blocks.append(Paragraph((Words("Note: ", "strong"), Words(told))))
    return Note(question.number, tuple(blocks), tuple(drawings)) if blocks or drawings else None


def fits(blank: Blank, names: frozenset[str]) -> bool:
    """Whether a model answer fits the lines that a person has."""
    found = model(blank, names)
    if blank.kind == "graph":
        return not found
    need = 0.0
    for block in found:
        need += 1.4 * len(block.lines) if isinstance(block, Display) else -(-len(as_text([block])) // _LETTERS)
    return need <= _SMALLER * blank.lines


def model(blank: Blank, names: frozenset[str]) -> tuple[Block, ...]:
    """The model answer."""
    assert isinstance(blank.key, TextKey)
    return claim_blocks(blank, names) if blank.kind == "claim" else prose(blank.key.text, names)


def _of(head: tuple[Piece, ...]) -> tuple[Piece, ...]:
    return (Words(" ("), *head, Words("):")) if head else (Words(":"),)


def _rounded(question: Question, names: frozenset[str]) -> Iterator[Block]:
    """Where rounding at every step gives another number: near the exact one both are right, farther off it follows."""
    near: list[tuple[Piece, ...]] = []
    far: list[tuple[Piece, ...]] = []
    for blank in question.blanks:
        key = blank.key
        if not isinstance(key, NumberKey) or np.ndim(key.exact):
            continue
        exact, other = shown(key.exact, key.digits), shown(key.stepwise, key.digits)
        if exact == other:
            continue
        head, sign = ask_pieces(blank, names)
        between = Words(f" {sign} " if sign == "=" else " ")
        numbers = (*number_pieces(key.stepwise, key.digits), Words(" instead of "))
        said = (*head, between, *numbers, *number_pieces(key.exact, key.digits))
        (near if may_stand(float(key.stepwise), float(key.exact), key.digits) else far).append(said)
    for found, verdict in (
        (near, "Both are right."),
        (far, "These follow from the rounded numbers before them, and are marked as consistent."),
    ):
        if found:
            run = [piece for k, said in enumerate(found) for piece in ((Words("; "),) if k else ()) + said]
            yield Paragraph((Words("Rounded at every step: ", "strong"), *run, Words(f". {verdict}")))

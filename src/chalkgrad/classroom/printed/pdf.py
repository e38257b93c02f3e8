"""Sheets as PDF: one or many in a document, blank or with their key, the same bytes for the same sheets.

The typst document is fixed. What a person wrote enters as JSON in ``sys.inputs``, and never as source.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal, final

from chalkgrad.classroom.printed.drawing import Drawn
from chalkgrad.classroom.printed.layout import (
    Answer,
    Code,
    Figure,
    Grid,
    Hint,
    Item,
    Layout,
    Lines,
    Note,
    Numbered,
    Picture,
    Pictures,
    Say,
    Space,
    Writing,
)
from chalkgrad.classroom.printed.prose import Block, Display, Formula, Listing, Paragraph, Piece, as_text, pieces_text
from chalkgrad.render.maths import Row, tall
from chalkgrad.render.typeset import clean, to_pdf
from chalkgrad.render.typst_math import FUNCTIONS, typst

Paper = Literal["a4", "letter"]
DOCUMENT = FUNCTIONS + files("chalkgrad.classroom.printed").joinpath("sheet.typ").read_text(encoding="utf-8")
Data = dict[str, Any]


@final
@dataclass(frozen=True, slots=True)
class Print:
    """One thing to print: a layout, as a blank sheet or as its key."""

    layout: Layout
    key: bool


def pdf(layout: Layout, *, key: bool, paper: Paper = "a4", large: bool = False) -> bytes:
    """One sheet as PDF.

    Raises ChalkgradError in a process that was forked from one that had used typst.
    """
    return pdf_of([Print(layout, key)], paper=paper, large=large)


def pdf_of(prints: Sequence[Print], *, paper: Paper = "a4", large: bool = False) -> bytes:
    """Many sheets in one PDF, each beginning on a page 1 of its own."""
    return to_pdf(DOCUMENT, inputs(prints, paper=paper, large=large))


def inputs(prints: Sequence[Print], *, paper: Paper, large: bool) -> dict[str, str]:
    """The data of the document."""
    pictures = _Pictures()
    sheets = [_sheet(one.layout, one.key, large, pictures) for one in prints]
    data = {"sheets": sheets, "paper": "us-letter" if paper == "letter" else "a4", "large": large}
    return {"sheets": json.dumps(data), "pictures": json.dumps(pictures.svgs)}


@final
class _Pictures:
    """The drawings of a document, each of them once."""

    def __init__(self) -> None:
        self.svgs: list[str] = []
        self._places: dict[str, int] = {}

    def picture(self, svg: str, width: float, height: float, alt: str) -> Data:
        place = self._places.setdefault(svg, len(self.svgs))
        if place == len(self.svgs):
            self.svgs.append(svg)
        return {"svg": place, "width": width, "height": height, "alt": clean(alt)}

    def of(self, drawn: Drawn, key: bool) -> Data:
        made = drawn.key if key else drawn.blank
        return self.picture(drawn.svg(key=key), drawn.placed.width, drawn.placed.height, made.description)

    def printed(self, picture: Picture) -> Data:
        return self.picture(picture.svg, picture.width, picture.height, picture.alt)


def _sheet(layout: Layout, key: bool, large: bool, pictures: _Pictures) -> Data:
    return {
        "title": _pieces(layout.title),
        "plain": layout.plain_title,
        "course": _pieces(layout.course),
        "code": layout.code,
        "student": layout.student,
        "key": key,
        "intro": _blocks(layout.intro),
        "footer": _blocks(layout.footer),
        "groups": _groups(layout.problems, key, large, pictures),
        "notes": [_note(note, pictures) for note in layout.notes] if key else [],
    }


def _groups(problems: Sequence[Numbered], key: bool, large: bool, pictures: _Pictures) -> list[Data]:
    """Problems that stand on pages of one kind, upright or turned."""
    groups: list[Data] = []
    for problem in problems:
        if not groups or groups[-1]["wide"] != problem.turned(large):
            groups.append({"wide": problem.turned(large), "problems": []})
        groups[-1]["problems"].append(
            {
                "number": str(problem.number),
                "title": _pieces(problem.title),
                "points": problem.points,
                "groups": [
                    {"together": together(part, large), "items": [_item(item, key, pictures) for item in part]}
                    for part in parts(problem.items, large)
                ],
            }
        )
    return groups


def parts(items: Sequence[Item], large: bool) -> list[list[Item]]:
    """The items of a problem, part by part."""
    found: list[list[Item]] = []
    for item in items:
        if not found or (isinstance(item, Say) and item.label):
            found.append([])
        found[-1].append(item)
    # what is said of the whole problem stays with its first part
    if len(found) > 1 and together([*found[0], *found[1]], large):
        found[:2] = [[*found[0], *found[1]]]
    return found


def together(items: Sequence[Item], large: bool) -> bool:
    """Whether a part is so low that it stands on one page: about half of it, and no break is lost."""
    return sum(_height(item, large) for item in items) <= (13 if large else 34)


def _height(item: Item, large: bool) -> float:
    """About how high an item is, in lines; in large print a line holds fewer letters, and the page fewer lines."""
    letters, point = (50, 1.8 / 27) if large else (95, 1 / 14)
    match item:
        case Say(blocks):
            lines = (2 * len(b.lines) if isinstance(b, Display) else 1 + len(as_text([b])) / letters for b in blocks)
            return sum(lines)
        case Figure(drawn):
            return drawn.placed.height * point
        case Pictures(found):
            return max(picture.height for picture in found) * point
        case Lines(lines):
            return 1.7 * len(lines)
        case Code(lines):
            return 1.5 * len(lines)
        case Grid(_, rows):
            return 2.0 * len(rows)
        case Writing():
            return 1 + 1.7 * item.lines
        case Space():
            return 1 + 1.7 * item.height
        case Hint():
            return 1 + len(pieces_text(item.pieces)) / letters


def _item(item: Item, key: bool, pictures: _Pictures) -> Data:
    match item:
        case Say(blocks, label, points):
            return {"k": "say", "blocks": _blocks(blocks), "label": label, "points": points}
        case Hint(found):
            return {"k": "hint", "pieces": _pieces(found)}
        case Figure(drawn):
            return {"k": "figure", **pictures.of(drawn, key)}
        case Pictures(found):
            return {"k": "pictures", "pictures": [pictures.printed(picture) for picture in found]}
        case Lines(lines, columns):
            rows = [
                {
                    "head": _pieces(line.head),
                    "sign": line.sign,
                    "answers": [None if a is None else _answer(a, key) for a in line.answers],
                    "hints": [_pieces(hint) for hint in line.hints],
                }
                for line in lines
            ]
            return {"k": "lines", "rows": rows, "columns": list(columns)}
        case Code(lines):
            code = [
                {"tag": line.tag, "text": line.text, "answer": None if (a := line.answer) is None else _answer(a, key)}
                for line in lines
            ]
            return {"k": "code", "lines": code}
        case Grid(columns, rows):
            cells = [
                [_answer(c, key) if isinstance(c, Answer) else {"id": "", "pieces": _pieces(c)} for c in row]
                for row in rows
            ]
            return {"k": "grid", "columns": [_pieces(c) for c in columns], "rows": cells}
        case Writing(_, head, lines, model, hint):
            shown = _blocks(model) if key else []
            return {"k": "writing", "head": _pieces(head), "lines": lines, "model": shown, "hint": _pieces(hint)}
        case Space(_, head, height, printed, model, hint):
            answer = None
            if key and model is not None:
                answer = pictures.of(model, True) if isinstance(model, Drawn) else pictures.printed(model)
            return {
                "k": "space",
                "head": _pieces(head),
                "height": height,
                "printed": None if printed is None else pictures.printed(printed),
                "model": answer,
                "hint": _pieces(hint),
            }


def _answer(answer: Answer, key: bool) -> Data:
    return {"id": answer.id, "room": answer.room, "pieces": _pieces(answer.pieces) if key else []}


def _note(note: Note, pictures: _Pictures) -> Data:
    drawings = [pictures.of(drawn, True) for drawn in note.figures]
    return {"number": note.number, "blocks": _blocks(note.blocks), "figures": drawings}


def _blocks(blocks: Sequence[Block]) -> list[Data]:
    return [_block(block) for block in blocks]


def _block(block: Block) -> Data:
    match block:
        case Paragraph(found):
            return {"k": "paragraph", "pieces": _pieces(found)}
        case Display(lines):
            return {"k": "display", "lines": [_formula(line, True) for line in lines]}
        case Listing(items):
            return {"k": "listing", "items": [_pieces(item) for item in items]}


def _pieces(found: Sequence[Piece]) -> list[Data]:
    return [_formula(p, False) if isinstance(p, Formula) else {"k": p.face, "text": p.text} for p in found]


def _formula(found: Formula, display: bool) -> Data:
    if not found.read or found.box == Row(()):
        return {"k": "plain", "text": clean(found.source)}
    return {"k": "maths", "box": typst(found.box), "tall": display or tall(found.box)}

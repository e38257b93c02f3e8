"""Words with maths in them, as a sheet file holds them: read once, and written as HTML, LaTeX and plain text.

`$…$` is maths within a line and `$$…$$` on its own; `*…*`, `**…**` and `` `…` `` are slanted, strong and typed;
`<https://…>` is an address; a blank line ends a paragraph; lines that begin with `- ` are a list. Everything else is a
person's own words, and is escaped wherever it is written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from typing import Literal, final

from chalkgrad.classroom.printed.typed import typed, typed_lines
from chalkgrad.errors import NotationError
from chalkgrad.render.latex import latex, text_mode
from chalkgrad.render.mathml import mathml
from chalkgrad.render.maths import Box, Prose, Row, tall
from chalkgrad.render.typeset import clean

Face = Literal["plain", "slanted", "strong", "typed", "address"]


@final
@dataclass(frozen=True, slots=True)
class Words:
    """Words in one face. Spaces at their ends count."""

    text: str
    face: Face = "plain"


@final
@dataclass(frozen=True, slots=True)
class Formula:
    """Maths. `source` is as typed; where it cannot be set, `problem` says why, and the source is shown upright."""

    source: str
    box: Box
    problem: str = ""

    @property
    def read(self) -> bool:
        return not self.problem


Piece = Words | Formula


@final
@dataclass(frozen=True, slots=True)
class Paragraph:
    """Pieces that run on."""

    pieces: tuple[Piece, ...]


@final
@dataclass(frozen=True, slots=True)
class Display:
    """Formulas, each on a line of its own."""

    lines: tuple[Formula, ...]


@final
@dataclass(frozen=True, slots=True)
class Listing:
    """A list with bullets."""

    items: tuple[tuple[Piece, ...], ...]


Block = Paragraph | Display | Listing

_DISPLAY = re.compile(r"\$\$(.+?)\$\$", re.DOTALL)
_PIECE = re.compile(
    r"\\\$"
    r"|\$(?P<maths>(?:\\.|[^$\\])+)\$"
    r"|`(?P<typed>[^`\n]+)`"
    r"|\*\*(?P<strong>(?=\S)[^*]+(?<=\S))\*\*"
    r"|(?<![\w*])\*(?P<slanted>(?=\S)[^*\n]+(?<=\S))\*(?![\w*])"
    r"|<(?P<address>https?://[^\s<>]+)>",
    re.DOTALL,
)
_ITEM = re.compile(r"^[ \t]*- ", re.MULTILINE)


def prose(text: str, names: Collection[str] = ()) -> tuple[Block, ...]:
    """The paragraphs of a text. `names` are those of the function that it is about."""
    return _prose(text, frozenset(names))  # the same words stand on the sheet of every seat


@lru_cache(maxsize=512)
def _prose(text: str, names: frozenset[str]) -> tuple[Block, ...]:
    blocks: list[Block] = []
    for part in re.split(r"\n\s*\n", text.replace("\r\n", "\n").strip()):
        at = 0
        for found in _DISPLAY.finditer(part):
            blocks.extend(_running(part[at : found.start()], names))
            blocks.append(Display(_lines(found[1].strip(), names)))
            at = found.end()
        blocks.extend(_running(part[at:], names))
    return tuple(blocks)


def pieces(text: str, names: Collection[str] = ()) -> tuple[Piece, ...]:
    """A text of one line, such as a title."""
    found: list[Piece] = []
    at = 0
    for match in _PIECE.finditer(text):
        found.extend(_plain(text[at : match.start()]))
        at = match.end()
        if match["maths"] is not None:
            found.append(formula(match["maths"], names))
        else:
            kind, inside = next(((k, v) for k, v in match.groupdict().items() if v is not None), ("", "$"))
            faces: dict[str, Face] = {
                "typed": "typed",
                "strong": "strong",
                "slanted": "slanted",
                "address": "address",
            }
            face = faces.get(kind, "plain")
            if face in ("strong", "slanted") and "$" in inside:
                found.extend(Words(p.text, face) if isinstance(p, Words) else p for p in pieces(inside, names))
            else:
                found.append(Words(_spaced(inside), face))
    return (*found, *_plain(text[at:]))


def formula(text: str, names: Collection[str] = ()) -> Formula:
    """One formula: LaTeX or maths text. What cannot be set stands as it was typed."""
    return _formula(text, frozenset(names))


@lru_cache(maxsize=2048)
def _formula(text: str, names: frozenset[str]) -> Formula:
    try:
        return Formula(text, typed(text, names))
    except NotationError as error:
        return Formula(text, Prose(text), error.problem)


def maths_box(text: str, names: Collection[str] = ()) -> Box:
    """The boxes of a maths text; the text itself, upright, where it cannot be set."""
    return formula(text, names).box


def unread(blocks: Iterable[Block]) -> tuple[str, ...]:
    """A line for each formula that could not be set, and is shown as typed."""
    return tuple([f"${f.source}$ is shown as typed: {f.problem}" for f in formulas(blocks) if not f.read])


def formulas(blocks: Iterable[Block]) -> Iterator[Formula]:
    """Every formula."""
    for block in blocks:
        match block:
            case Paragraph(found):
                yield from (p for p in found if isinstance(p, Formula))
            case Display(lines):
                yield from lines
            case Listing(items):
                yield from (p for item in items for p in item if isinstance(p, Formula))


def _running(text: str, names: Collection[str]) -> Iterator[Block]:
    if not text.strip():
        return
    head, *items = _ITEM.split(text)
    if head.strip():
        yield Paragraph(pieces(head.strip(), names))
    if items:
        yield Listing(tuple([pieces(item.strip(), names) for item in items]))


def _lines(text: str, names: Collection[str]) -> tuple[Formula, ...]:
    try:
        return tuple([Formula(text, box) for box in typed_lines(text, names)])
    except NotationError as error:
        return (Formula(text, Prose(text), error.problem),)


def _plain(text: str) -> list[Piece]:
    return [Words(_spaced(text))] if text else []


def _spaced(text: str) -> str:
    """One space for white space of any kind, also at the ends, where `clean` would take it away."""
    lead = " " if text[:1].isspace() else ""
    tail = " " if text[-1:].isspace() and text.strip() else ""
    return f"{lead}{clean(text)}{tail}"


# --- as HTML, LaTeX and plain text --------------------------------------------------------------------------

Maths = Callable[[Box, bool], str]


_THIN = '<mspace width="0.17em"/>'
_BEHIND = re.compile(r'(<mi>[^<]{2,}</mi><mo>&#x2061;</mo>)(?!<mrow><mo form="prefix" fence|</mrow>|</msub>)')
_BEFORE = re.compile(r"(</(?:mi|mn|msub|msup|mfrac)>)(?=<mi>[^<]{2,}</mi><mo>&#x2061;)")


def _mathml(box: Box, display: bool) -> str:
    written = mathml(box, display=display or tall(box))
    # browsers set no space about a function's name: y log h
    return _BEFORE.sub(rf"\1{_THIN}", _BEHIND.sub(rf"\1{_THIN}", written))


def as_html(blocks: Iterable[Block], maths: Maths = _mathml) -> str:
    """Paragraphs in HTML. `maths` writes a formula from its boxes and whether it stands alone, by default as MathML."""
    return "\n".join(_html(block, maths) for block in blocks)


def _html(block: Block, maths: Maths) -> str:
    match block:
        case Paragraph(found):
            return f"<p>{pieces_html(found, maths)}</p>"
        case Display(lines):
            return "\n".join(f'<p class="display">{_formula_html(line, maths, True)}</p>' for line in lines)
        case Listing(items):
            return "<ul>" + "".join(f"<li>{pieces_html(item, maths)}</li>" for item in items) + "</ul>"


def pieces_html(found: Iterable[Piece], maths: Maths = _mathml) -> str:
    """A run of pieces in HTML."""
    return "".join(_formula_html(p, maths, False) if isinstance(p, Formula) else _words_html(p) for p in found)


def _words_html(words: Words) -> str:
    text = escape(words.text)
    match words.face:
        case "plain":
            return text
        case "address":
            return f'<a href="{text}">{text}</a>'
        case "slanted":
            return f"<em>{text}</em>"
        case "strong":
            return f"<strong>{text}</strong>"
        case "typed":
            return f"<code>{text}</code>"


def _formula_html(found: Formula, maths: Maths, display: bool) -> str:
    return maths(found.box, display) if found.read else escape(clean(found.source))


def as_latex(blocks: Iterable[Block]) -> str:
    """Paragraphs in LaTeX; no word of a person's is a command."""
    return "\n\n".join(map(_latex, blocks))


def _latex(block: Block) -> str:
    match block:
        case Paragraph(found):
            return pieces_latex(found)
        case Display(lines):
            written = [_formula_latex(line, r"\displaystyle ") for line in lines]
            return "\n".join(rf"\par\smallskip\hspace*{{2em}}{line}\par" for line in written)
        case Listing(items):
            body = "\n".join(rf"\item {pieces_latex(item)}" for item in items)
            return "\\begin{itemize}\n" + body + "\n\\end{itemize}"


_FACES = {"plain": "{}", "slanted": r"\emph{{{}}}", "strong": r"\textbf{{{}}}"}


def pieces_latex(found: Iterable[Piece]) -> str:
    """A run of pieces in LaTeX."""
    return "".join(_formula_latex(p) if isinstance(p, Formula) else _words_latex(p) for p in found)


def _words_latex(words: Words) -> str:
    lead, tail = (" " if words.text[:1] == " " else ""), (" " if words.text[1:].endswith(" ") else "")
    text = lead + text_mode(words.text) + tail
    return _FACES.get(words.face, r"\texttt{{{}}}").format(text)


def _formula_latex(found: Formula, style: str = "") -> str:
    if not found.read:
        return text_mode(found.source)
    style = style or (r"\displaystyle " if tall(found.box) else "")
    return f"${style}{latex(found.box)}$" if found.box != Row(()) else ""


def as_text(blocks: Iterable[Block]) -> str:
    """Paragraphs as plain text, with the formulas as they were typed."""
    lines: list[str] = []
    for block in blocks:
        match block:
            case Paragraph(found):
                lines.append(pieces_text(found))
            case Display(found):
                lines.extend(dict.fromkeys(clean(f.source) for f in found))
            case Listing(items):
                lines.extend(f"- {pieces_text(item)}" for item in items)
    return "\n\n".join(lines)


def pieces_text(found: Iterable[Piece]) -> str:
    """A run of pieces as plain text."""
    return "".join(clean(p.source) if isinstance(p, Formula) else p.text for p in found).strip()

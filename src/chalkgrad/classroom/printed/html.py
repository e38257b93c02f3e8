"""A sheet as one HTML file: MathML, drawings inline, no script, nothing fetched; it prints as the PDF does."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape

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
from chalkgrad.classroom.printed.pdf import Paper
from chalkgrad.classroom.printed.prose import Paragraph, Piece, as_html, pieces_html
from chalkgrad.render.page import POLICY
from chalkgrad.render.typeset import clean

_STYLE = """
body { font: %(size)s/1.45 "Latin Modern Roman", "STIX Two Text", Georgia, serif; color: #1a1a1a; background: #fff;
  max-width: %(wide)s; margin: 1.5rem auto; padding: 0 1.2rem; }
math { font-family: "Latin Modern Math", "STIX Two Math", "Cambria Math", math; }
header { display: flex; justify-content: space-between; font-size: .85em; } code { font-size: .9em; }
h1 { font-size: 1.5em; margin: .6em 0; } h2 { font-size: 1.12em; margin: 1.8em 0 .6em; break-after: avoid; }
h3 { display: inline; font-size: 1em; margin-right: .5em; } h3 + p { display: inline; } .part { margin: 1.2em 0 .6em; }
.points { font-weight: 400; font-size: .85em; } .name { display: flex; gap: .6em; margin-bottom: 1.2em; }
.name span { flex: 0 1 24em; border-bottom: 1px solid #1a1a1a; } p { margin: .6em 0; } .display { margin-left: 2em; }
.hint { font-size: .92em; } figure { margin: 1em 0; text-align: center; overflow-x: auto; break-inside: avoid; }
figure svg { width: calc(var(--w) * %(scale)s); max-width: 100%%; height: auto; }
.fills { display: flex; flex-wrap: wrap; gap: .5em 1.8em; margin: .9em 0; align-items: flex-end; break-inside: avoid; }
.fill { display: flex; align-items: flex-end; gap: .5em; } .fill.line { flex: 1 0 100%%; } .fill.line .room { flex: 1; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: .6em 2.5em; margin: .9em 0; }
.pair .fill .room { flex: 1; } .pair u { margin-bottom: .2em; }
.room { display: inline-flex; align-items: flex-end; justify-content: center; box-sizing: border-box;
  min-height: %(line)s; border-bottom: 1.5px solid #1a1a1a; padding: 0 .2em .1em; white-space: pre; }
.number { min-width: 5.8em; } .wide { min-width: 13em; }
.code { margin: .8em 0 .8em 1em; } .code div { display: flex; gap: .8em; align-items: flex-end; }
.code .tag { width: 3em; color: #555; } .code .room { flex: 0 1 70%%; text-align: left; }
table { border-collapse: collapse; }
th, td { text-align: left; padding: .3em .8em .3em 0; border-bottom: 1px solid #bbb; }
.writing { display: grid; margin: .3em 0 1em; } .writing > * { grid-area: 1 / 1; } .answer { align-self: start; }
.rules div { height: %(line)s; box-sizing: border-box; border-bottom: 1px solid #777; break-inside: avoid; }
.space { border: 1px solid #1a1a1a; border-radius: 3px; min-height: calc(%(line)s * var(--n)); display: flex;
  align-items: center; justify-content: center; padding: .4em; break-inside: avoid; }
.space figure { margin: 0; } .space svg { max-height: calc(%(line)s * var(--n)); }
.answer { color: #0b3d91; background: #e6edf8; font-weight: 700; } .answer p { margin: 0; }
.room.answer { align-self: auto; }
.pictures { display: flex; gap: 1em; justify-content: center; } .pictures figure { flex: 0 1 auto; min-width: 0; }
.ask { break-after: avoid; } .part { break-after: avoid; }
.notes { break-before: page; } footer { margin-top: 2em; font-size: .85em; }
@page { size: %(paper)s; margin: 17mm; @bottom-left { content: "%(code)s"; font: 9pt monospace; }
  @bottom-right { content: "Page " counter(page) " of " counter(pages); font: 9pt serif; } }
@page turned { size: %(paper)s landscape; }
@media print { body { margin: 0; padding: 0; max-width: none; } .turned { page: turned; break-before: page; }
  .together { break-inside: avoid; } .answer { print-color-adjust: exact; } }
""".strip()
_CODE = re.compile(r"[^A-Za-z0-9-]")


def html(layout: Layout, *, key: bool, paper: Paper = "a4", large: bool = False) -> str:
    """The sheet as one HTML file."""
    return "\n".join(_page(layout, key, paper, large)) + "\n"


def _page(layout: Layout, key: bool, paper: Paper, large: bool) -> Iterator[str]:
    style = _STYLE % {
        "size": "18pt" if large else "11.5pt",
        "wide": "82rem" if large else "58rem",
        "scale": "1.8" if large else "1.1",
        "line": "13mm" if large else "8.5mm",
        "paper": "letter" if paper == "letter" else "A4",
        "code": _CODE.sub("", layout.code),
    }
    title = f"{layout.plain_title} {layout.code}" + (" (key)" if key else "")
    yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{_text(title)}</title>\n<style>{style}</style>\n</head>\n<body>"
    mark = " <strong>KEY</strong>" if key else ""
    yield f"<header><span>{pieces_html(layout.course)}</span><code>{_text(layout.code)}{mark}</code></header>\n<main>"
    yield f"<h1>{pieces_html(layout.title)}{' (key)' if key else ''}</h1>"
    if layout.student:
        yield f"<p><strong>Name: {_text(layout.student)}</strong></p>"
    else:
        yield '<p class="name">Name: <span></span></p>'
    yield as_html(layout.intro)
    for problem in layout.problems:
        yield from _problem(problem, key, large)
    if layout.footer:
        yield f"<footer>{as_html(layout.footer)}</footer>"
    if key and layout.notes:
        yield '<section class="notes"><h2>Notes to the key</h2>'
        for note in layout.notes:
            yield from _note(note)
        yield "</section>"
    yield "</main>\n</body>\n</html>"


def _problem(problem: Numbered, key: bool, large: bool) -> Iterator[str]:
    turned = ' class="turned"' if problem.turned(large) else ""
    title = f" {pieces_html(problem.title)}" if problem.title else ""
    yield f"<section{turned}><h2>{problem.number}.{title}{_points(problem.points)}</h2>"
    for item in problem.items:
        yield from _item(item, key)
    yield "</section>"


def _points(points: str) -> str:
    return f' <span class="points">({_text(points)})</span>' if points else ""


def _item(item: Item, key: bool) -> Iterator[str]:
    match item:
        case Say(blocks, label, points):
            if not label:
                yield as_html(blocks)
            else:
                yield f'<div class="part"><h3>{_text(label)}{_points(points)}</h3>{as_html(blocks)}</div>'
        case Hint(found):
            yield f'<p class="hint"><em>Hint:</em> {pieces_html(found)}</p>'
        case Figure(drawn):
            yield _drawn(drawn, key)
        case Pictures(found):
            yield f'<div class="pictures">{"".join(map(_picture, found))}</div>'
        case Lines():
            yield from _lines(item, key)
        case Code():
            yield from _code(item, key)
        case Grid():
            yield from _grid(item, key)
        case Writing(_, head, lines, model, hint):
            if head:
                yield f'<p class="ask">{pieces_html(head)}:{_hint(hint)}</p>'
            answer = f'<div class="answer">{as_html(model)}</div>' if key and model else ""
            yield f'<div class="writing"><div class="rules">{"<div></div>" * lines}</div>{answer}</div>'
        case Space(_, head, height, printed, model, hint):
            if head:
                yield f'<p class="ask">{pieces_html(head)}:{_hint(hint)}</p>'
            shown = (model if key else None) or printed
            inside = "" if shown is None else _drawn(shown, True) if isinstance(shown, Drawn) else _picture(shown)
            yield f'<div class="space" style="--n: {height}">{inside}</div>'


def _drawn(drawn: Drawn, key: bool) -> str:
    return f'<figure style="--w: {drawn.placed.width:g}pt">\n{drawn.svg(key=key).strip()}\n</figure>'


def _picture(picture: Picture) -> str:
    return f'<figure style="--w: {picture.width:g}pt">\n{picture.svg.strip()}\n</figure>'


def _lines(item: Lines, key: bool) -> Iterator[str]:
    if item.columns:
        yield '<div class="pair">' + "".join(f"<u>{_text(c)}</u>" for c in item.columns)
        for line in item.lines:
            for answer in line.answers:
                yield "<span></span>" if answer is None else _fill(line.head, line.sign, answer, key)
        yield "</div>"
        return
    yield '<div class="fills">'
    for line in item.lines:
        (answer,) = line.answers
        assert answer is not None
        yield _fill(line.head, line.sign, answer, key) + "".join(f"<span>{_hint(hint)}</span>" for hint in line.hints)
    yield "</div>"


def _fill(head: Sequence[Piece], sign: str, answer: Answer, key: bool) -> str:
    after = ":" if sign == ":" else f" {sign}" if sign else ""
    label = pieces_html(head)
    return f'<span class="fill {answer.room}"><span>{label}{after}</span>{_room(answer, key)}</span>'


def _room(answer: Answer, key: bool) -> str:
    if key:
        return f'<strong class="room answer {answer.room}">{pieces_html(answer.pieces)}</strong>'
    return f'<span class="room {answer.room}" role="img" aria-label="to fill in: {_text(answer.ask)}"></span>'


def _hint(hint: Sequence[Piece]) -> str:
    return f' <span class="hint"><em>Hint:</em> {pieces_html(hint)}</span>' if hint else ""


def _code(item: Code, key: bool) -> Iterator[str]:
    yield '<div class="code">'
    for line in item.lines:
        if not line.tag and line.answer is None and line.text in ("forward", "backward"):
            yield f"<p><em>{line.text}:</em></p>"
            continue
        said = f"<code>{_text(line.text)}</code>" if line.answer is None else _room(line.answer, key)
        yield f'<div><code class="tag">{_text(line.tag)}</code>{said}</div>'
    yield "</div>"


def _grid(item: Grid, key: bool) -> Iterator[str]:
    head = "".join(f'<th scope="col">{pieces_html(c)}</th>' for c in item.columns)
    yield f"<table><thead><tr>{head}</tr></thead><tbody>"
    for row in item.rows:
        cells = [_room(c, key) if isinstance(c, Answer) else pieces_html(c) for c in row]
        yield f'<tr><th scope="row">{cells[0]}</th>' + "".join(f"<td>{c}</td>" for c in cells[1:]) + "</tr>"
    yield "</tbody></table>"


def _note(note: Note) -> Iterator[str]:
    yield f'<div class="part"><h3>{_text(note.number)}</h3>'
    if note.blocks and not isinstance(note.blocks[0], Paragraph):
        yield "<p></p>"
    yield as_html(note.blocks)
    yield from (_drawn(drawn, True) for drawn in note.figures)
    yield "</div>"


def _text(text: str) -> str:
    return escape(clean(text))

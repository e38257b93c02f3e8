"""A page in HTML that stands alone: drawing, formulas, tables, sentences. No script, and nothing is fetched."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from chalkgrad.render.mathml import mathml
from chalkgrad.render.maths import Box, Prose
from chalkgrad.render.paper import Paper, Table, short
from chalkgrad.render.typeset import clean

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff; max-width: 62rem; margin: 2rem auto;
  padding: 0 1.5rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
h2::first-letter { text-transform: uppercase; }
figure { margin: 1.5rem 0; overflow-x: auto; } figure svg { max-width: 100%; height: auto; }
table { border-collapse: collapse; } caption { text-align: left; font-weight: 600; padding: .3rem 0; }
th, td { text-align: left; padding: .35rem .9rem .35rem 0; border-bottom: 1px solid #ddd; vertical-align: middle; }
thead th { border-bottom: 2px solid #1a1a1a; font-weight: 600; } tbody th { font-weight: 400; }
.maths { margin: .6rem 0; overflow-x: auto; } .blank td { padding-top: .8rem; padding-bottom: .8rem; min-width: 7rem; }
.row { display: flex; flex-wrap: wrap; column-gap: 2.5rem; }
.row h2 { flex-basis: 100%; } math { font-size: 1.1em; } li { margin: .15rem 0; }
@media print { body { margin: 0; max-width: none; } h2 { break-after: avoid; } tr, .maths { break-inside: avoid; } }
""".strip()
# The page may use its own style sheet and nothing else.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def page(paper: Paper, svg: str) -> str:
    """The page as one HTML file."""
    return "\n".join(_lines(paper, svg)) + "\n"


def _lines(paper: Paper, svg: str) -> Iterator[str]:
    yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{_text(paper.title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>"
    yield f"<h1>{_text(paper.title)}</h1>"
    yield from (f"<div><code>{_text(line)}</code></div>" for line in paper.understood)
    yield f"<figure>\n{svg.strip()}\n</figure>"
    for head, formulas in paper.sections:
        row = ' class="row"' if short(formulas) else ""
        yield f"<section{row}><h2>{_text(head)}</h2>"
        yield from (f'<div class="maths">{mathml(said.box, display=True)}</div>' for said in formulas)
        yield "</section>"
    for table in paper.tables:
        yield from _table(table)
    for head, lines in (("notices", paper.notices), ("in words", paper.words)):
        if lines:
            yield f"<section><h2>{head}</h2>\n<ul>"
            yield from (f"<li>{_text(line)}</li>" for line in lines)
            yield "</ul></section>"
    yield "</main>\n</body>\n</html>"


def _table(table: Table) -> Iterator[str]:
    yield f"<section><h2>{_text(table.caption)}</h2>"
    head = "".join([f'<th scope="col">{_cell(c.box)}</th>' for c in table.columns])
    yield f"<table{' class=blank' if table.blank else ''}><thead><tr>{head}</tr></thead><tbody>"
    for first, *rest in table.rows:
        cells = "".join([f"<td>{_cell(c.box)}</td>" for c in rest])
        yield f'<tr><th scope="row">{_cell(first.box)}</th>{cells}</tr>'
    yield "</tbody></table>"
    if table.left_out:
        yield f"<p>{table.left_out} more rows are left out.</p>"
    yield "</section>"


def _cell(box: Box) -> str:
    return _text(box.text) if isinstance(box, Prose) else mathml(box)


def _text(text: str) -> str:
    return escape(clean(text))

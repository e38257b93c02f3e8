"""A page as PDF on A4, and drawings as the pages of one PDF; the same bytes for the same input.

The typst documents here are fixed. What a person wrote enters as JSON in ``sys.inputs``, and never as source.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from chalkgrad.render.maths import Prose
from chalkgrad.render.paper import Paper, Table, short, typographic
from chalkgrad.render.placed import Placed
from chalkgrad.render.said import Said
from chalkgrad.render.typeset import clean, to_pdf
from chalkgrad.render.typst_math import FUNCTIONS, typst

_WIDE = 760.0  # a drawing wider than this has its page turned

_FACES = """
#let faces = ("New Computer Modern", "New Computer Modern Math", "Libertinus Serif", "DejaVu Sans Mono")
"""

_PAGE = (
    _FACES
    + FUNCTIONS
    + """
#let data = json(bytes(sys.inputs.page))
#set document(title: data.title)
#set page(paper: "a4", margin: 20mm, flipped: data.wide, footer: context align(center, counter(page).display()))
#set text(font: faces, size: 10pt, lang: "en")
#show math.equation: set text(font: ("New Computer Modern Math", "New Computer Modern", "DejaVu Sans Mono"))
#set par(justify: false, leading: 0.6em)
#show heading.where(level: 1): set text(size: 14pt, weight: "bold")
#show heading.where(level: 2): it => block(above: 1.6em, below: 0.9em, sticky: true, text(11pt, it.body))
#let set-said(s, full: false) = {
  if s.prose { text(s.text) } else {
    let body = maths(s.box)
    math.equation(if full { math.display(body) } else { body })
  }
}
#heading(level: 1, data.title)
#for line in data.understood { block(above: 0.5em, below: 0.5em, text(9pt, font: "DejaVu Sans Mono", line)) }
#layout(size => {
  let width = calc.min(data.width * 1pt, size.width)
  align(center, image(bytes(sys.inputs.svg), format: "svg", width: width, alt: data.title))
})
#for section in data.sections {
  heading(level: 2, section.head)
  set text(top-edge: "bounds", bottom-edge: "bounds")
  if section.short {
    set par(leading: 0.9em)
    section.lines.map(line => box(set-said(line, full: true))).join(h(2.5em))
  } else {
    for line in section.lines { block(above: 0.9em, below: 0.9em, set-said(line, full: true)) }
  }
}
#for t in data.tables {
  heading(level: 2, t.caption)
  table(
    columns: t.widths.map(w => if w == 0 { auto } else { w * 1pt }), align: left + horizon,
    stroke: if t.blank { (bottom: 0.4pt) } else { none }, inset: (x: 6pt, y: if t.blank { 9pt } else { 4pt }),
    table.hline(stroke: 0.8pt),
    table.header(..t.columns.map(set-said)),
    table.hline(stroke: 0.5pt),
    ..t.rows.flatten().map(set-said),
    table.hline(stroke: 0.8pt),
  )
  if t.left_out > 0 { text(str(t.left_out) + " more rows are left out.") }
}
#for part in data.words {
  heading(level: 2, part.head)
  list(..part.lines.map(text))
}
"""
)

_SLIDES = """
#set document(title: sys.inputs.title)
#set page(width: auto, height: auto, margin: 0pt)
#for (index, svg) in json(bytes(sys.inputs.pages)).enumerate() {
  if index > 0 { pagebreak() }
  image(bytes(svg.text), format: "svg", width: svg.width * 1pt, alt: svg.alt)
}
"""


def pdf(paper: Paper, placed: Placed, svg: str) -> bytes:
    """The page on A4: drawing, formulas, tables, sentences.

    Raises ChalkgradError in a process that was forked from one that had used typst.
    """
    page: dict[str, Any] = {
        "title": clean(paper.title),
        "understood": [clean(line) for line in paper.understood],
        "width": placed.width,
        "wide": placed.width > _WIDE,
        "sections": [
            {"head": clean(h.capitalize()), "short": short(lines), "lines": [_said(s) for s in lines]}
            for h, lines in paper.sections
        ],
        "tables": [_table(t) for t in paper.tables],
        "words": [
            {"head": head, "lines": [clean(typographic(line)) for line in lines]}
            for head, lines in (("Notices", paper.notices), ("In words", paper.words))
            if lines
        ],
    }
    return to_pdf(_PAGE, {"page": json.dumps(page), "svg": svg})


def slides(svgs: Sequence[str], widths: Sequence[float], captions: Sequence[str], title: str) -> bytes:
    """A PDF with a page for each drawing, a point to each of its units."""
    pages = [
        {"text": svg, "width": width, "alt": clean(alt)} for svg, width, alt in zip(svgs, widths, captions, strict=True)
    ]
    return to_pdf(_SLIDES, {"pages": json.dumps(pages), "title": clean(title)})


def _table(table: Table) -> dict[str, Any]:
    return {
        "caption": clean(table.caption.capitalize()),
        "columns": [_said(c) for c in table.columns],
        "rows": [[_said(cell) for cell in line] for line in table.rows],
        "left_out": table.left_out,
        "blank": table.blank,
        "widths": [0 if any(r[i].text for r in table.rows) else 90 for i in range(len(table.columns))],
    }


def _said(said: Said) -> dict[str, Any]:
    if isinstance(said.box, Prose):
        return {"prose": True, "text": clean(said.box.text)}
    return {"prose": False, "box": typst(said.box)}

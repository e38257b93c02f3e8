"""The drawing as TikZ, from the same coordinates as the SVG, and a whole LaTeX document around it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from chalkgrad.render.latex import ascii_only, latex, text_mode
from chalkgrad.render.maths import Box, Prose, label
from chalkgrad.render.paper import Paper, Table, short, typographic
from chalkgrad.render.placed import Gate, Line, Placed, Slot, Text
from chalkgrad.render.svg import COLOURS, INK, WIRE

_WIDEST = 455.0  # points of text on a page of A4

_OPERATOR = re.compile(r"(?<!\{)([*+-])(?!\})")
_LARGEST = 10_000.0  # points: TeX knows no length beyond 16 383
_LETTERS = 88  # of a row that fits the page
_TALLEST = 32  # rows of a table that stays on one page

_HEAD = r"""\documentclass[a4paper,10pt]{article}
\usepackage[margin=24mm]{geometry}
\usepackage[T1]{fontenc}
\usepackage{textcomp,amsmath,amssymb,booktabs,longtable,graphicx,tikz}
"""
_SETTINGS = r"""\setlength{\parindent}{0pt}
\setlength{\parskip}{4pt}
\raggedright
\setlength{\LTleft}{0pt}
\renewcommand{\arraystretch}{1.25}
\relpenalty=100
\binoppenalty=200
"""


def document(paper: Paper, placed: Placed) -> str:
    """A LaTeX document of the drawing, the tables and the formulas; any TeX engine compiles it.

    The picture stands between two marks, to be cut out and pasted into a worksheet.
    """
    return ascii_only("\n".join(_document(paper, placed)) + "\n")


def tikz(placed: Placed) -> str:
    """The `tikzpicture` alone; it needs the colours that `colours` defines."""
    return "\n".join(_picture(placed)) + "\n"


def colours() -> Iterator[str]:
    """The colours of the drawing: value green, gradient red."""
    named = {"ink": INK, "wire": WIRE, "value": COLOURS["value"], "gradient": COLOURS["gradient"]}
    for name, colour in {**named, "note": COLOURS["note"]}.items():
        yield rf"\definecolor{{chalk{name}}}{{HTML}}{{{colour.removeprefix('#').upper()}}}"


def _document(paper: Paper, placed: Placed) -> Iterator[str]:
    yield _HEAD.rstrip()
    yield from colours()
    yield _SETTINGS.rstrip()
    yield r"\begin{document}"
    yield rf"\section*{{{text_mode(paper.title)}}}"
    yield from (rf"{{\small\ttfamily {text_mode(line)}\par}}" for line in paper.understood)
    yield r"\begin{center}"
    # a drawing wider than the page is set smaller; one that fits stays as large as it is
    yield r"\resizebox{\linewidth}{!}{%" if placed.width > _WIDEST else "{%"
    yield "% the drawing: cut from here"
    yield from _picture(placed)
    yield "% to here; it needs tikz and the chalk... colours above"
    yield "}"
    yield r"\end{center}"
    for head, formulas in paper.sections:
        yield from _head(head)
        written = [rf"$\displaystyle {latex(said.box)}$" for said in formulas]
        yield "\\qquad\n".join(written) + r"\par" if short(formulas) else "\\par\n".join(written) + r"\par"
    for table in paper.tables:
        yield from _table(table)
    if paper.notices:
        yield from _head("notices")
        yield from _items(paper.notices)
    if paper.words:
        yield from _head("in words")
        yield from _items(paper.words)
    yield r"\end{document}"


def _head(words: str) -> Iterator[str]:
    yield rf"\subsection*{{{text_mode(words.capitalize())}}}"


def _items(lines: Iterable[str]) -> Iterator[str]:
    yield r"\begin{itemize}\raggedright\setlength{\itemsep}{0pt}"
    yield from (rf"\item {text_mode(typographic(line))}" for line in lines)
    yield r"\end{itemize}"


def _table(table: Table) -> Iterator[str]:
    yield from _head(table.caption)
    long = len(table.rows) > _TALLEST
    kind = "longtable" if long else "tabular"
    if table.letters > _LETTERS:
        yield r"{\tiny" if long else r"\resizebox{\linewidth}{!}{%"
    if table.blank:
        yield r"{\renewcommand{\arraystretch}{2}"
    # a blank column is as wide as a number written by hand
    columns = "".join(["l" if any(r[i].text for r in table.rows) else "p{3cm}" for i in range(len(table.columns))])
    yield rf"\begin{{{kind}}}{{{columns}}}"
    yield r"\toprule"
    yield " & ".join([_cell(c.box) for c in table.columns]) + r" \\"
    yield r"\midrule" + (r"\endhead" if long else "")
    ruled = r" \\ \hline" if table.blank else r" \\"
    yield from (" & ".join([_cell(c.box) for c in line]) + ruled for line in table.rows)
    yield r"\bottomrule"
    yield rf"\end{{{kind}}}" + "}" * (table.blank + (table.letters > _LETTERS))
    if table.left_out:
        yield rf"{table.left_out} more rows are left out."


def _cell(box: Box) -> str:
    if isinstance(box, Prose):
        return text_mode(box.text)
    return f"${latex(box)}$"


# --- the picture --------------------------------------------------------------------------------------------


def _picture(placed: Placed) -> Iterator[str]:
    if max(placed.width, placed.height) > _LARGEST:
        placed = _shrunk(placed, _LARGEST / max(placed.width, placed.height))
    yield r"\begin{tikzpicture}[x=1pt,y=-1pt,line cap=round,line join=round,"
    yield r"  every node/.style={anchor=base,inner sep=0pt,outer sep=0pt}]"
    yield rf"\useasboundingbox (0,0) rectangle ({_n(placed.width)},{_n(placed.height)});"
    yield from (_wire(line) for line in placed.lines)
    yield from (rf"\fill[chalkwire] ({_n(x)},{_n(y)}) circle[radius=2.2pt];" for x, y in placed.forks)
    yield from map(_gate, placed.gates)
    yield from map(_slot, placed.slots)
    yield from map(_text, placed.texts)
    yield r"\end{tikzpicture}"


def _shrunk(placed: Placed, k: float) -> Placed:
    return replace(
        placed,
        width=placed.width * k,
        height=placed.height * k,
        gates=tuple(
            replace(g, x=g.x * k, y=g.y * k, half_width=g.half_width * k, radius=g.radius * k) for g in placed.gates
        ),
        lines=tuple(replace(w, path=tuple(tuple(n * k for n in step) for step in w.path)) for w in placed.lines),
        forks=tuple((x * k, y * k) for x, y in placed.forks),
        texts=tuple(replace(t, x=t.x * k, y=t.y * k, width=t.width * k, scale=t.scale * k) for t in placed.texts),
        slots=tuple(replace(s, x=s.x * k, y=s.y * k, width=s.width * k, height=s.height * k) for s in placed.slots),
    )


def _wire(line: Line) -> str:
    path = f"({_n(line.path[0][0])},{_n(line.path[0][1])})"
    for step in line.path[1:]:
        points = [f"({_n(step[i])},{_n(step[i + 1])})" for i in range(0, len(step), 2)]
        path += f" -- {points[0]}" if len(points) == 1 else f" .. controls {points[0]} and {points[1]} .. {points[2]}"
    return rf"\draw[chalkwire,line width=1.1pt] {path};"


def _gate(gate: Gate) -> str:
    style = "draw=chalkink,fill=white,line width=1.2pt"
    if gate.half_width == gate.radius:
        return rf"\path[{style}] ({_n(gate.x)},{_n(gate.y)}) circle[radius={_n(gate.radius)}pt];"
    left, top, right, bottom = gate.box
    corners = f"({_n(left)},{_n(top)}) rectangle ({_n(right)},{_n(bottom)})"
    return rf"\path[{style},rounded corners={_n(gate.radius - 0.01)}pt] {corners};"


def _slot(slot: Slot) -> str:
    left, top, right, bottom = slot.box
    corners = f"({_n(left)},{_n(top)}) rectangle ({_n(right)},{_n(bottom)})"
    return rf"\draw[chalk{slot.role},line width=0.7pt,dash pattern=on 2pt off 1.6pt,rounded corners=2pt] {corners};"


def _text(text: Text) -> str:
    colour = {"name": "ink", "sign": "ink", "label": "note"}.get(text.role, text.role)
    scale = "" if text.scale == 1 else f",scale={_n(text.scale)}"
    written = text_mode(text.text) if text.role == "note" else f"${latex(label(text.text))}$"
    if text.role == "sign" and len(text.text) > 1:  # in *-1 the signs stand close
        written = _OPERATOR.sub(r"{\1}", written)
    if text.slot:
        written = rf"{{\boldmath{written}}}"
    return rf"\node[chalk{colour}{scale}] at ({_n(text.x + text.width / 2)},{_n(text.y)}) {{{written}}};"


def _n(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")

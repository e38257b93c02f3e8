"""A page in Markdown: tables, formulas in $…$, sentences. What a person wrote stays text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from chalkgrad.render.latex import latex
from chalkgrad.render.maths import Box, Prose
from chalkgrad.render.paper import Paper, Table
from chalkgrad.render.said import Said
from chalkgrad.render.typeset import clean

# Markdown reads these before the maths is seen, so they are written as the commands of the same meaning.
_COMMANDS = {r"\{": r"\lbrace ", r"\}": r"\rbrace ", r"\,": r"\thinspace ", r"\\": r"\cr ", "*": r"\ast ", "<": r"\lt "}
_COMMAND = re.compile(r"\\[{},\\]|[*<]")
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|$~&!])")


def markdown(paper: Paper) -> str:
    """The page as Markdown with maths, as notebooks, MyST and most sites of code render it."""
    return "\n".join(_lines(paper)).strip() + "\n"


def _lines(paper: Paper) -> Iterator[str]:
    yield f"# {_plain(paper.title)}\n"
    yield from (f"    {clean(line)}" for line in paper.understood)
    for head, formulas in paper.sections:
        yield f"\n## {_plain(head.capitalize())}\n"
        yield from (f"- {_maths(said.box)}" for said in formulas)
    for table in paper.tables:
        yield from _table(table)
    for head, lines in (("Notices", paper.notices), ("In words", paper.words)):
        if lines:
            yield f"\n## {head}\n"
            yield from (f"- {_plain(line)}" for line in lines)


def _table(table: Table) -> Iterator[str]:
    yield f"\n## {_plain(table.caption.capitalize())}\n"
    yield _line(table.columns)
    yield "|" + " --- |" * len(table.columns)
    yield from map(_line, table.rows)
    if table.left_out:
        yield f"\n{table.left_out} more rows are left out."


def _line(cells: tuple[Said, ...]) -> str:
    return "| " + " | ".join([_maths(cell.box) for cell in cells]) + " |"


def _maths(box: Box) -> str:
    if isinstance(box, Prose):
        return _plain(box.text)
    return f"${_COMMAND.sub(lambda m: _COMMANDS[m[0]], latex(box)).replace('|', chr(92) + 'vert ')}$"


def _plain(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", clean(text))

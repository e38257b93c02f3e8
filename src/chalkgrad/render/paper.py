"""What a saved page holds, whatever its format: the function, tables, formulas, sentences, notices."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, final

from chalkgrad.evaluate.worked import Worked
from chalkgrad.ir.program import Step, Var
from chalkgrad.ops.local import Times
from chalkgrad.render.formula import formula
from chalkgrad.render.formulas import formulas
from chalkgrad.render.maths import Prose, Sign, label, name, number, row
from chalkgrad.render.numbers import shown
from chalkgrad.render.rows import Rows
from chalkgrad.render.said import Said
from chalkgrad.render.text import text
from chalkgrad.render.words import edge_sentence, fork_sentences, habits
from chalkgrad.transform.expression import applied

MOST = 60  # rows of a table on paper; the rest are in the .json
_MINUS = re.compile(r"(?<![\w.])-(?=[\d.∞])|(?<= )-(?= )")
SHORT = 30  # letters of a formula that may share its line
EMPTY = Said("", Prose(""))


@final
@dataclass(frozen=True, slots=True)
class Table:
    """A table: its first column names the row. A `blank` one has room to write in."""

    caption: str
    columns: tuple[Said, ...]
    rows: tuple[tuple[Said, ...], ...]
    left_out: int = 0
    blank: bool = False

    @property
    def letters(self) -> int:
        """About how wide it is."""
        return sum(3 + max(len(cell.text) for cell in column) for column in zip(self.columns, *self.rows, strict=True))


def short(formulas: Sequence[Said]) -> bool:
    """Whether the formulas of a section may stand side by side."""
    return len(formulas) > 2 and all(len(said.text) <= SHORT for said in formulas)


@final
@dataclass(frozen=True, slots=True)
class Paper:
    """A page without its drawing. `understood` is how the text was read; `sections` are formulas by heading."""

    title: str
    understood: tuple[str, ...]
    tables: tuple[Table, ...]
    sections: tuple[tuple[str, tuple[Said, ...]], ...]
    words: tuple[str, ...]
    notices: tuple[str, ...]


def paper(worked: Worked, *, blank: bool = False, digits: int = 4) -> Paper:
    """The page of a Work. A blank one has the function and an empty table: nothing that gives an answer away."""
    rows = Rows(worked)
    if blank:
        lines = [line for line in formulas(worked) if line.section == "function"]
        tables: tuple[Table, ...] = (_values(rows, digits, blank=True),)
    else:
        lines = list(formulas(worked))
        tables = (_values(rows, digits), _edges(rows, digits))
    sections = tuple((head, tuple(one.said for one in part)) for head, part in groupby(lines, lambda one: one.section))
    notices = () if blank else tuple(map(str, worked.notices[:MOST]))
    what = "Computation graph" if blank or worked.symbolic else "Backpropagation"
    output = worked.program.output
    called = rows.output_name if isinstance(output, Var) and output.hint else worked.program.name
    return Paper(
        f"{what} of {called}", worked.echo[:MOST], tables, sections, () if blank else tuple(_words(rows)), notices
    )


def _values(rows: Rows, digits: int, blank: bool = False) -> Table:
    columns = (
        _prose("name"),
        _prose("formula"),
        _prose("value"),
        Said(
            f"gradient ∂{rows.worked.loss}/∂·",
            row(Prose("gradient"), Sign(" "), Sign(" "), label(f"∂{rows.worked.loss}/∂·")),
        ),
    )
    producer = rows.program.producer()
    body = [
        (
            Said(rows.names[v], name(rows.names[v])),
            _formula(rows, v, producer),
            EMPTY if blank else _number(rows.worked.number(v), digits),
            EMPTY if blank else _number(rows.worked.gradient(v), digits),
        )
        for v in rows.variables[:MOST]
    ]
    return Table("values and gradients", columns, tuple(body), max(0, len(rows.variables) - MOST), blank)


def _formula(rows: Rows, var: Var, producer: Mapping[Var, Step]) -> Said:
    step = producer.get(var)
    if step is None:
        return _prose("input")
    written = rows.formula(step)
    expr = applied(step)
    if written != text(expr, rows.names):  # a stage that bears the name of its op: the op is written out
        return Said(written, label(written))
    return Said(written, formula(expr, rows.names))


def _edges(rows: Rows, digits: int) -> Table:
    columns = ("edge", "upstream", "local", "its number", "product")
    edges = rows.worked.backprop.contributions
    body: list[tuple[Said, ...]] = []
    for c in edges[:MOST]:
        edge = rows.edge(c)
        arrow = row(name(edge.target), Sign("→", "relation"), name(edge.source))
        local = Said(edge.local, label(edge.local) if isinstance(c.local, Times) else Prose(edge.local))
        numbers = [_number(x, digits) for x in (edge.upstream, edge.local_number, edge.product)]
        body.append((Said(f"{edge.target} → {edge.source}", arrow), numbers[0], local, *numbers[1:]))
    return Table("edges: upstream × local", tuple(map(_prose, columns)), tuple(body), max(0, len(edges) - MOST))


def _prose(words: str) -> Said:
    return Said(words, Prose(words))


def _number(value: Any, digits: int) -> Said:
    written = shown(value, digits, limit=4)
    return Said(written, number(written)[0]) if written else EMPTY


def typographic(words: str) -> str:
    """Words with a minus sign for the hyphen before a number, or between two things."""
    return _MINUS.sub("−", words)


def _words(rows: Rows) -> Iterator[str]:
    for c in rows.worked.backprop.contributions[:MOST]:
        yield edge_sentence(rows, rows.edge(c))
    if rows.small:
        yield from fork_sentences(rows)
    yield from habits(rows)

"""Solved shapes as a table: name, shape, the shape over all examples, and which equation says so."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from chalkgrad.ir.dims import Shape
from chalkgrad.notation.shapes import Solution, Solved
from chalkgrad.transform.batch import Batched


def shapes_table(solution: Solution) -> str:
    """The table, and under it what is to be said; without a line's end behind it."""
    batched = bool(solution.examples)
    head = ["name", "shape", *(["over all examples"] if batched else []), "why"]
    rows = [head]
    for one in solution.shapes:
        every = [] if not batched else ["the same" if one.every is None else f"{one.together}: {size_text(one.every)}"]
        rows.append([one.name, size_text(one.shape), *every, "; ".join(one.why)])
    lines = _columns(rows)
    if batched:
        lines += ["", f"The examples are the {solution.examples} columns; a column of a bias is added to each of them."]
    lines += [f"note: {note}" for note in solution.notes]
    return "\n".join(lines)


def changes_table(made: Batched) -> str:
    """What changed shape when a program was written for all examples, and what did not."""
    rows = [["one example", "", "all examples", ""]]
    rows += [[c.name, _shape(c.before), c.together, _shape(c.after)] for c in made.changes]
    lines = _columns(rows)
    if made.same:
        lines += ["", "unchanged: " + ", ".join([f"{v.hint} {_shape(v.type.shape)}" for v in made.same])]
    return "\n".join(lines)


def _shape(shape: Shape) -> str:
    """`D_x×1`; a number is 1×1, and an array of one axis a column."""
    rows, columns = (*shape, 1, 1)[:2]
    return size_text((rows, columns))


def size_text(shape: Solved) -> str:
    """`D_x×1`; a sum stands in brackets."""
    return "×".join([f"({side})" if " " in str(side) else str(side) for side in shape])


def _columns(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join([cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)]).rstrip()
        for row in rows
    ]
    return [lines[0], "  ".join(["─" * width for width in widths]), *lines[1:]]


def _width(text: str) -> int:
    """How many columns of a terminal it takes: a mark over a letter takes none."""
    return sum(not unicodedata.combining(c) for c in text)

"""Tables to train on: three that are built in, and CSV files. Examples stand in columns, as on the sheets."""

from __future__ import annotations

import csv
import io
from typing import Any

import numpy as np

from chalkgrad.errors import ChalkgradError, ShapeError, TooLarge, nearest

CORNERS = np.array([[0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]])
BUILT_IN = {"xor": [0.0, 1.0, 1.0, 0.0], "or": [0.0, 1.0, 1.0, 1.0], "and": [0.0, 0.0, 0.0, 1.0]}
MOST_ROWS = 100_000


def built_in(name: str) -> tuple[Any, Any]:
    """X, 2×4, and Y, 1×4, of `xor`, `or` or `and`: the four corners of the square.

    Raises ChalkgradError for another name.
    """
    if name not in BUILT_IN:
        some = nearest(name, BUILT_IN) or f"; {', '.join(BUILT_IN)} are built in, and a .csv file is read"
        raise ChalkgradError(f"there is no data called '{name:.40}'{some}")
    return CORNERS, np.array([BUILT_IN[name]])


def read_csv(text: str, inputs: int, outputs: int) -> tuple[Any, Any]:
    """X, inputs×m, and Y, outputs×m, of a table with an example a line: its inputs, then what is wanted of it.

    A first line with no number in it is a heading. Raises ChalkgradError, naming line and column, for what is no
    number, ShapeError for a line of another length, TooLarge above `MOST_ROWS` lines.
    """
    rows: list[list[float]] = []
    for place, cells in enumerate(csv.reader(io.StringIO(text)), 1):
        if not any(cell.strip() for cell in cells):
            continue
        found = [_number(cell) for cell in cells]
        if not rows and place == 1 and all(v is None for v in found):
            continue
        for column, (cell, value) in enumerate(zip(cells, found, strict=True), 1):
            if value is None or not np.isfinite(value):
                raise ChalkgradError(f"line {place}, column {column} of the table is '{cell:.40}', and not a number")
        if len(cells) != inputs + outputs:
            raise ShapeError(
                f"line {place} of the table has {len(cells)} columns; the network takes {inputs} inputs "
                f"and gives {outputs}, which makes {inputs + outputs}"
            )
        rows.append([v for v in found if v is not None])
        if len(rows) > MOST_ROWS:
            raise TooLarge(f"the table has more than {MOST_ROWS} lines")
    if not rows:
        raise ChalkgradError("the table is empty")
    table = np.array(rows).T
    return table[:inputs], table[inputs:]


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None

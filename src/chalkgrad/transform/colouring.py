"""Columns of a sparse matrix that may be found together.

Columns that share no row bear one colour, and one product with the matrix gives all columns of a colour (Curtis,
Powell and Reid, J. Inst. Maths Applics 13, 1974).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def colours(rows: Array, columns: Array, count: int) -> Array:
    """A colour, counted from 0, for each of `count` columns, so that two that share a row never share a colour.

    The columns that share most come first, and each takes the first colour that is free.
    """
    found = np.zeros(count, np.int64)
    if not rows.size:
        return found
    order = np.argsort(columns, kind="stable")
    ends = np.searchsorted(columns[order], np.arange(count + 1))
    weights = np.bincount(rows)[rows[order]]
    shared = np.add.reduceat(np.append(weights, 0), ends[:-1]) * (np.diff(ends) > 0)
    taken = [0] * (int(rows.max()) + 1)  # the colours in each row, as bits
    by_column, starts = rows[order].tolist(), ends.tolist()
    for c in np.argsort(-shared, kind="stable").tolist():
        mine = by_column[starts[c] : starts[c + 1]]
        busy = 0
        for r in mine:
            busy |= taken[r]
        free = ~busy & (busy + 1)
        for r in mine:
            taken[r] |= free
        found[c] = free.bit_length() - 1
    return found

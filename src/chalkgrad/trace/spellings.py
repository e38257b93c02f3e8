"""NumPy functions that are another op under another name, or several: those that no op record can list.

Each takes first `on`, a traced value of the call, whose `write` adds the step. They stand by family in the files
beside this one; each is written in NumPy itself, on traced values.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import numpy as np

from chalkgrad.trace.elementwise_spellings import ELEMENTWISE
from chalkgrad.trace.grid_spellings import GRIDS
from chalkgrad.trace.joining_spellings import JOINING
from chalkgrad.trace.linalg_spellings import LINALG
from chalkgrad.trace.polynomial_spellings import POLYNOMIALS
from chalkgrad.trace.reading import Spellings
from chalkgrad.trace.reduction_spellings import REDUCTIONS
from chalkgrad.trace.shape_spellings import SHAPES

SPELLINGS: Spellings = MappingProxyType(
    {**SHAPES, **JOINING, **REDUCTIONS, **ELEMENTWISE, **GRIDS, **POLYNOMIALS, **LINALG}
)
# What gives NumPy's caller the same numbers again, seen otherwise: a write through one is seen in the other.
VIEWS: frozenset[Any] = frozenset(
    getattr(np, name)
    for name in (
        *("transpose", "permute_dims", "matrix_transpose", "swapaxes", "moveaxis", "rollaxis"),
        *("reshape", "ravel", "squeeze", "expand_dims", "atleast_1d", "atleast_2d", "atleast_3d"),
        *("broadcast_to", "diagonal", "diag", "flip", "fliplr", "flipud", "rot90", "real", "real_if_close"),
        *("split", "array_split", "hsplit", "vsplit", "dsplit", "unstack"),
    )
    if hasattr(np, name)
)
# Of these, several arrays give a view of each; the spelling links them itself.
VIEWS_OF_EACH: frozenset[Any] = frozenset({np.broadcast_arrays, np.atleast_1d, np.atleast_2d, np.atleast_3d})

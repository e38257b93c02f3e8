"""`check_gradients`: every rule that a function meets, against differences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from chalkgrad.api.source import Source, source_of
from chalkgrad.errors import ValueNeeded
from chalkgrad.evaluate.checking import check_program
from chalkgrad.evaluate.report import CheckReport
from chalkgrad.transform.backprop import backprop
from chalkgrad.transform.conventions import with_sizes


def check_gradients(source: Source, *args: Any, values: Mapping[str, Any] | None = None, **named: Any) -> CheckReport:
    """Compare each step's local derivatives, and the whole gradient, with differences in high precision.

    A wrong rule is named by its step. Kinks, ties and infinities are listed as not checked.

    Returns
    -------
    CheckReport
        `ok`, `mismatches`, and a text to print.

    Raises
    ------
    ValueNeeded
        Where an input has no value.

    Examples
    --------
    >>> check_gradients("f(x, y) = x sin y", x=2.0, y=0.5).ok
    True
    """
    found = source_of(source, args, {**(values or {}), **named})
    missing = [v.hint for v in found.program.inputs if v.hint not in found.values]
    if missing:
        raise ValueNeeded(f"no value for {', '.join(missing)}: differences are taken at a point")
    program = with_sizes(found.program, {v: np.shape(found.values[v.hint]) for v in found.program.inputs})
    return check_program(backprop(program), [found.values[v.hint] for v in program.inputs])

"""Whether two Programs are the same formula: the same ops on the same operands, the order of + and × aside."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from chalkgrad.ir.program import Number, Program, Var

COMMUTES = frozenset({"add", "multiply", "maximum", "minimum"})


def alike(
    left: Program,
    right: Program,
    exact: tuple[Mapping[float, Fraction | str], Mapping[float, Fraction | str]],
) -> bool:
    """Whether both write the same; one pass over each, of any length."""
    if len(left.steps) != len(right.steps) or _ops(left) != _ops(right):
        return False
    table: dict[Any, int] = {}
    return _written(left, table, exact[0]) == _written(right, table, exact[1])


def _ops(program: Program) -> list[str]:
    return sorted([step.op.name for step in program.steps])


def _written(program: Program, table: dict[Any, int], exact: Mapping[float, Fraction | str]) -> int:
    """A number for the output; equal formulas have equal numbers in one table."""
    known: dict[Var, int] = {v: table.setdefault(("input", v.hint), len(table)) for v in program.inputs}

    def of(atom: Any) -> int:
        if isinstance(atom, Var):
            return known[atom]
        return table.setdefault(("number", _meaning(atom, exact)), len(table))

    for step in program.steps:
        inputs = [of(a) for a in step.inputs]
        if step.op.name in COMMUTES:
            inputs.sort()
        key = (step.op.name, tuple(inputs), repr(sorted(step.params.items())) if step.params else "")
        known[step.output] = table.setdefault(key, len(table))
    return of(program.output)


def _meaning(atom: Number, exact: Mapping[float, Fraction | str]) -> Any:
    if isinstance(atom.value, np.ndarray) and atom.value.ndim:
        return atom.value.shape, atom.value.tobytes()
    value = float(atom.value)
    return value, exact.get(abs(value))

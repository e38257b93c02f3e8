"""Keys that are equal for steps that compute the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from chalkgrad.ir.program import Atom, Program, Step, Var


def step_key(step: Step, inputs: Sequence[Atom]) -> Any:
    """Equal for steps that compute the same."""
    read = tuple([a if isinstance(a, Var) else (a.type, exact(a.value)) for a in inputs])
    return step.op, read, tuple([(k, exact(step.params[k])) for k in sorted(step.params)])


def exact(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        array: Any = value
        return array.dtype.str, array.shape, array.tobytes()
    if isinstance(value, (tuple, list)):
        items: Any = value
        return type(items).__name__, tuple([exact(v) for v in items])
    if isinstance(value, Program):
        return _written(value)
    if isinstance(value, (bool, int, float, str, np.generic, slice)) or value is None:
        return type(value), repr(value)
    return type(value), id(value)


def _written(program: Program) -> Any:
    """Equal for Programs that are alike but for their Vars."""
    number: dict[Atom, int] = {}

    def named(atoms: Sequence[Atom | None]) -> Any:
        return tuple([number.get(a) if isinstance(a, Var) else a and (a.type, exact(a.value)) for a in atoms])

    for var in program.variables():
        number[var] = len(number)
    steps = [
        (s.op, named(s.inputs), named(s.outputs), tuple([(k, exact(s.params[k])) for k in sorted(s.params)]))
        for s in program.steps
    ]
    return tuple([v.type for v in program.inputs]), tuple(steps), named(program.outputs)

"""The numbers of a person who rounds at every gate, forward and backward."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from chalkgrad.classroom.sheets.rounding import rounded
from chalkgrad.evaluate.worked import Worked
from chalkgrad.ir.program import Number, Var
from chalkgrad.ir.run import evaluator
from chalkgrad.ops.local import number_atom


def stepwise(work: Worked, digits: int) -> Mapping[Var, Any]:
    """For every value of `work.numbers`, what it is for a person who rounds at every gate.

    They round the result of every step, every local derivative, every product and every sum, and nothing between.
    """
    if work.symbolic:
        return {}
    made = work.backprop
    program = made.gradient
    written = {v for s in work.program.steps for v in s.given}
    for c in made.contributions:
        for value in (c.value, number_atom(c.local)):
            if isinstance(value, Var):
                written.add(value)
    written.update(v for v in made.adjoint.values() if isinstance(v, Var))
    found: dict[Var, Any] = {v: work.numbers[v] for v in program.inputs}
    with np.errstate(all="ignore"):
        for step in program.steps:
            op: Any = step.op
            values = [a.value if isinstance(a, Number) else found[a] for a in step.inputs]
            result = evaluator(op)(*values, **step.params)
            for var, value in zip(step.outputs, result if op.several else [result], strict=True):
                if var is not None:
                    found[var] = rounded(value, digits) if var in written else value
    return found

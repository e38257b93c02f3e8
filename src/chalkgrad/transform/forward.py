"""Forward mode: a Program that also pushes tangents along."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from chalkgrad.errors import GradientError
from chalkgrad.ir.build import Builder, Value
from chalkgrad.ir.program import Program, Var
from chalkgrad.transform.backprop import as_wide, result, zeros
from chalkgrad.transform.prune import prune


def forward(program: Program, wrt: Sequence[Var] | None = None) -> Program:
    """Inputs, then a tangent for each Var in `wrt` (by default every floating input); outputs, then their tangents.

    Raises GradientError where a step has no forward rule.
    """
    along = tuple(v for v in program.inputs if v.type.floating) if wrt is None else tuple(wrt)
    builder = Builder()
    builder.inputs.extend(program.inputs)
    tangents: dict[Var, Value] = {}
    for var in along:
        tangents[var] = builder.value(builder.input(f"{var.hint}_dot", var.type))
    for step in program.steps:
        builder.steps.append(step)
        given = [tangents.get(a) if isinstance(a, Var) else None for a in step.inputs]
        if not any(v.type.floating for v in step.given) or all(t is None for t in given):
            continue
        op: Any = step.op
        if op.jvp is None:
            raise GradientError(f"{op.name} has no forward rule")
        pushed = op.jvp(tuple(given), result(builder, step), *map(builder.value, step.inputs), **step.params)
        for var, tangent in zip(step.outputs, pushed if op.several else (pushed,), strict=True):
            if var is not None and tangent is not None:
                tangents[var] = as_wide(tangent, var.type)
    results = []
    for out in program.outputs:
        tangent = tangents.get(out) if isinstance(out, Var) else None
        results.append(zeros(builder, out.type) if tangent is None else tangent.atom)
    whole = builder.program(f"{program.name}_dot", *program.outputs, *results)
    return prune(replace(whole, inputs=tuple(builder.inputs)))

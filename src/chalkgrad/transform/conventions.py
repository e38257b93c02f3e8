"""A user's choices at the hard points, and named sizes, set in a Program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chalkgrad.errors import ChalkgradError, ShapeError, nearest
from chalkgrad.ir.dims import Size, dims_text, substitute
from chalkgrad.ir.program import Atom, Number, Program, Step, Var
from chalkgrad.ir.registry import OPS
from chalkgrad.ir.types import ArrayType


def choose(program: Program, choices: Mapping[str, Any]) -> Program:
    """The Program with every op that declares one of these conventions switched to the value given.

    Raises ChalkgradError for a convention, or a value of one, that no op declares.
    """
    known = {name: values for op in OPS.values() for name, (_, values) in op.conventions.items()}
    for name, value in choices.items():
        if name not in known:
            raise ChalkgradError(f"there is no convention '{name}'{nearest(name, known)}")
        if value not in known[name]:
            raise ChalkgradError(f"{name} is one of {', '.join(map(str, known[name]))}, not {value}")
    steps: list[Step] = []
    for step in program.steps:
        op: Any = step.op
        set_here = {op.conventions[n][0]: v for n, v in choices.items() if n in op.conventions}
        steps.append(replace(step, params={**step.params, **set_here}) if set_here else step)
    return program.with_steps(tuple(steps))


def with_sizes(program: Program, shapes: Mapping[Var, tuple[int, ...]]) -> Program:
    """The Program with its named sizes replaced by those that the inputs' shapes give.

    Raises ShapeError where a shape does not fit, naming the input.
    """
    known: dict[str, int] = {}
    for var in program.inputs:
        shape = shapes[var]
        if len(shape) != len(var.type.shape):
            raise ShapeError(f"{var.hint} has shape {dims_text(shape)}, expected {dims_text(var.type.shape)}")
        for have, want in zip(shape, var.type.shape, strict=True):
            if isinstance(want, Size) and len(want.terms) == 1 and len(want.terms[0][0]) == 1:
                known.setdefault(str(want), have)
            if substitute(want, known) != have:
                raise ShapeError(f"{var.hint} has shape {dims_text(shape)}, expected {dims_text(var.type.shape)}")
    if not known:
        return program
    fresh: dict[Var, Var] = {}

    def set_type(type: ArrayType) -> ArrayType:
        return ArrayType(tuple(substitute(n, known) for n in type.shape), type.dtype)

    def renew(atom: Atom | None) -> Any:
        if atom is None or isinstance(atom, Number):
            return atom
        return fresh.setdefault(atom, Var(set_type(atom.type), atom.hint))

    def set_param(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(set_param(v) for v in value)
        return substitute(value, known) if isinstance(value, Size) else value

    return Program(
        program.name,
        tuple(renew(v) for v in program.inputs),
        tuple(
            replace(
                s,
                outputs=tuple(renew(v) for v in s.outputs),
                inputs=tuple(renew(a) for a in s.inputs),
                params={k: set_param(v) for k, v in s.params.items()},
            )
            for s in program.steps
        ),
        tuple(renew(a) for a in program.outputs),
    )

"""A user's choices at the hard points, and named sizes, set in a Program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chalkgrad.errors import ChalkgradError, ShapeError, nearest
from chalkgrad.ir.dims import Dim, Size, dims_text, substitute
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
    return program.with_steps(tuple(steps)).with_bodies(lambda body: choose(body, choices))


def with_sizes(program: Program, shapes: Mapping[Var, tuple[int, ...]]) -> Program:
    """The Program with its named sizes replaced by those that the inputs' shapes give.

    Raises ShapeError where a shape does not fit, naming the input.
    """
    known = _solve([(want, have) for v in program.inputs for want, have in zip(v.type.shape, shapes[v], strict=False)])
    for var in program.inputs:
        shape = shapes[var]
        if tuple(substitute(n, known) for n in var.type.shape) != tuple(shape):
            said = ", where " + " and ".join(f"{n} = {k}" for n, k in known.items()) if known else ""
            raise ShapeError(f"{var.hint} has shape {dims_text(shape)}, expected {dims_text(var.type.shape)}{said}")
    return _sized(program, known) if known else program


def _sized(program: Program, known: Mapping[str, int]) -> Program:
    fresh: dict[Var, Var] = {}

    def set_type(type: ArrayType) -> ArrayType:
        return ArrayType(tuple(substitute(n, known) for n in type.shape), type.dtype)

    def renew(atom: Atom | None) -> Any:
        if atom is None or isinstance(atom, Number):
            return atom
        return fresh.setdefault(atom, Var(set_type(atom.type), atom.hint))

    return Program(
        program.name,
        tuple(renew(v) for v in program.inputs),
        tuple(
            replace(
                s,
                outputs=tuple(renew(v) for v in s.outputs),
                inputs=tuple(renew(a) for a in s.inputs),
                params={k: sized(v, known) for k, v in s.params.items()},
            )
            for s in program.steps
        ),
        tuple(renew(a) for a in program.outputs),
    )


def sized(value: Any, known: Mapping[str, int]) -> Any:
    """A param with the named sizes in `known` replaced by their numbers."""
    if isinstance(value, tuple):
        return tuple([sized(v, known) for v in value])
    if isinstance(value, Program):
        return _sized(value, known)
    return substitute(value, known) if isinstance(value, Size) else value


def _solve(pairs: list[tuple[Dim, int]]) -> dict[str, int]:
    """The named sizes that these equalities give, the plain names first, then those like 2·m + 1 in one unknown."""
    known: dict[str, int] = {}
    found = True
    pairs = sorted(pairs, key=lambda p: len(p[0].terms) if isinstance(p[0], Size) else 0)
    while found:
        found = False
        for want, have in pairs:
            left = substitute(want, known) - have
            if not isinstance(left, Size):
                continue
            constant = sum(c for monomial, c in left.terms if not monomial)
            unknown = [(monomial, c) for monomial, c in left.terms if monomial]
            if len(unknown) == 1 and len(unknown[0][0]) == 1:
                ((name,), factor) = unknown[0]
                if constant % factor == 0:
                    known[name] = -constant // factor
                    found = True
    return known

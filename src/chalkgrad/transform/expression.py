"""A formula: what stands behind one Var, written out as a tree down to where it should stop."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, final

from chalkgrad.ir.program import NO_PARAMS, Atom, Number, Step, Var

# A formula of more nodes than this keeps the names of its parts: nobody reads it as one line.
LARGEST = 150


@final
@dataclass(frozen=True, slots=True)
class Ref:
    """A named value."""

    var: Var


@final
@dataclass(frozen=True, slots=True, eq=False)
class Const:
    """A constant: a number, or an array."""

    value: Any


@final
@dataclass(frozen=True, slots=True, eq=False)
class Apply:
    """An op applied to formulas; `place` is which of its results is meant, where it gives several."""

    op: Any
    args: tuple[Expr, ...]
    params: Mapping[str, Any] = field(default_factory=lambda: NO_PARAMS)
    place: int | None = None


Expr = Ref | Const | Apply


def leaf(atom: Atom) -> Expr:
    """The atom itself, by its name or number."""
    return Const(atom.value) if isinstance(atom, Number) else Ref(atom)


def applied(step: Step) -> Apply:
    """One step as a formula of the names of its operands."""
    return Apply(step.op, tuple(leaf(a) for a in step.inputs), step.params)


def written_out(atom: Atom, made: Mapping[Var, Step], stop: Collection[Var], largest: int = LARGEST) -> Expr | None:
    """`atom` written out through the steps in `made` down to the Vars in `stop`, or None where that is too long."""
    if isinstance(atom, Number):
        return Const(atom.value)
    if atom in stop or atom not in made:
        return Ref(atom)
    done: dict[Var, tuple[Expr, int]] = {}
    stack = [atom]
    while stack:
        var = stack[-1]
        if var in done:
            stack.pop()
            continue
        step = made.get(var)
        if var in stop or step is None:
            done[var] = (Ref(var), 1)
            continue
        waiting = [a for a in step.inputs if isinstance(a, Var) and a not in done]
        if waiting:
            stack.extend(waiting)
            continue
        parts = [(Const(a.value), 1) if isinstance(a, Number) else done[a] for a in step.inputs]
        size = 1 + sum(n for _, n in parts)
        if size > largest:
            return None
        place = step.outputs.index(var) if len(step.outputs) > 1 else None
        done[var] = (Apply(step.op, tuple(e for e, _ in parts), step.params, place), size)
    return done[atom][0]

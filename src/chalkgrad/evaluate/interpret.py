"""The interpreter: one step after another, in NumPy. Every other route is compared with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from numbers import Real
from typing import Any, final

import numpy as np

from chalkgrad.errors import ChalkgradError, ShapeError, ValueNeeded
from chalkgrad.ir.dims import dims_text
from chalkgrad.ir.program import Number, Program, Var
from chalkgrad.ir.types import SCALAR


def coerce(var: Var, value: Any) -> Any:
    """`value` as an array, or a NumPy scalar, of the input's type.

    Raises ShapeError where the shape is another, and ChalkgradError for what is no number.
    """
    if type(value) is float and var.type == SCALAR:
        return np.float64(value)
    array = np.asarray(float(value) if isinstance(value, Real) else value)
    wanted = np.dtype(var.type.dtype)
    whole = wanted.kind in "iu" and array.dtype.kind == "f" and np.all(np.isfinite(array) & (array == np.rint(array)))
    if array.dtype.kind not in "biuf" or (array.dtype.kind == "f" and wanted.kind != "f" and not whole):
        kind = "a whole number" if wanted.kind in "iu" else "true or false" if wanted.kind == "b" else "a number"
        raise ChalkgradError(f"the value of {var.hint or 'an input'} is not {kind} or array of them: {value!r:.80}")
    array = array.astype(wanted, copy=False)
    if array.shape != var.type.shape:
        raise ShapeError(f"{var.hint} has shape {dims_text(array.shape)}, expected {dims_text(var.type.shape)}")
    return array[()]


def values_of(program: Program, given: Sequence[Any], instead: Mapping[Var, Any] | None = None) -> dict[Var, Any]:
    """Every Var's value. Nothing is freed, so that each can be shown. `instead` overrides what a step gives."""
    known = instead or {}
    env: dict[Var, Any] = {v: coerce(v, x) for v, x in zip(program.inputs, given, strict=True)}
    with np.errstate(all="ignore"):
        for step in program.steps:
            op: Any = step.op
            result = _evaluator(op)(*[a.value if isinstance(a, Number) else env[a] for a in step.inputs], **step.params)
            for out, value in zip(step.outputs, result if op.several else (result,), strict=True):
                if out is not None:
                    env[out] = known.get(out, value)
    return env


@final
class Interpreter:
    """A Program made ready for many calls: numbered slots, and each value freed after its last use."""

    def __init__(self, program: Program) -> None:
        self.program = program
        slot: dict[Var, int] = {v: i for i, v in enumerate(program.inputs)}
        self._constants: list[tuple[int, Any]] = []
        last: dict[int, int] = {}
        plan: list[tuple[Callable[..., Any], tuple[int, ...], Mapping[str, Any], int | slice]] = []
        size = len(slot)

        def place(atom: Any) -> int:
            nonlocal size
            if isinstance(atom, Number):
                self._constants.append((size, atom.value))
                size += 1
                return size - 1
            return slot[atom]

        for index, step in enumerate(program.steps):
            reads = tuple([place(a) for a in step.inputs])
            for r in reads:
                last[r] = index
            op: Any = step.op
            count = len(step.outputs)
            slot.update({out: size + k for k, out in enumerate(step.outputs) if out is not None})
            plan.append((_evaluator(op), reads, step.params, slice(size, size + count) if op.several else size))
            size += count
        self._outputs = tuple(place(a) for a in program.outputs)
        keep = {*self._outputs, *range(len(program.inputs)), *(c for c, _ in self._constants)}
        free: list[list[int]] = [[] for _ in plan]
        for place_of, index in last.items():
            if place_of not in keep:
                free[index].append(place_of)
        self._plan = [(f, r, p, w, tuple(fr)) for (f, r, p, w), fr in zip(plan, free, strict=True)]
        self._size = size

    def __call__(self, *given: Any) -> tuple[Any, ...]:
        """The outputs at these inputs.

        Raises ShapeError where a shape is not the one that the Program was built for.
        """
        if len(given) != len(self.program.inputs):
            raise ValueNeeded(f"{self.program.name} takes {len(self.program.inputs)} values, {len(given)} were given")
        env: list[Any] = [None] * self._size
        for i, (var, value) in enumerate(zip(self.program.inputs, given, strict=True)):
            env[i] = coerce(var, value)
        for place, value in self._constants:
            env[place] = value
        with np.errstate(all="ignore"):
            for function, reads, params, out, free in self._plan:
                env[out] = function(*[env[r] for r in reads], **params)
                for place in free:
                    env[place] = None
        return tuple([env[o] for o in self._outputs])


def _evaluator(op: Any) -> Callable[..., Any]:
    if op.evaluate is None:
        raise ValueNeeded(f"{op.name} is abstract: it has no value until it is filled in")
    return op.evaluate

"""The interpreter: one step after another, in NumPy. Every other route is compared with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any, final

import numpy as np

from chalkgrad.errors import ChalkgradError, ShapeError, ValueNeeded
from chalkgrad.ir.dims import dims_text
from chalkgrad.ir.program import Number, Program, Var
from chalkgrad.ir.run import Run, evaluator, no_such_matrix
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
            xs = [a.value if isinstance(a, Number) else env[a] for a in step.inputs]
            try:
                result = evaluator(op)(*xs, **step.params)
            except np.linalg.LinAlgError as error:
                raise no_such_matrix(step, error) from None
            if op.several:
                env.update({v: known.get(v, y) for v, y in zip(step.outputs, result, strict=True) if v is not None})
            else:
                env[step.output] = known.get(step.output, result) if known else result
    return env


@final
class Inputs:
    """What a Program takes: values are checked as they come in, and made arrays of its types."""

    def __init__(self, program: Program) -> None:
        self._program = program
        types = [v.type for v in program.inputs]
        # what needs no more than a look: a shape, and the dtype as NumPy's own arrays have it
        self._plain = [(t.shape, np.dtype(t.dtype)) if t.shape else (None, None) for t in types]

    def __call__(self, given: Sequence[Any]) -> list[Any]:
        """The values as arrays, or NumPy scalars, of the inputs' types.

        Raises ShapeError where a shape is another, and ValueNeeded where there are too few or too many.
        """
        inputs = self._program.inputs
        if len(given) != len(inputs):
            raise ValueNeeded(f"{self._program.name} takes {len(inputs)} values, {len(given)} were given")
        return [
            x if type(x) is np.ndarray and x.dtype is dtype and x.shape == shape else coerce(var, x)
            for var, x, (shape, dtype) in zip(inputs, given, self._plain, strict=True)
        ]


@final
class Interpreter:
    """A Program made ready for many calls, its values checked as they come in."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._run = Run(program, typed=True)
        self._values = Inputs(program)

    def __call__(self, *given: Any) -> tuple[Any, ...]:
        """The outputs at these inputs.

        Raises ShapeError where a shape is not the one that the Program was built for.
        """
        values = self._values(given)
        with np.errstate(all="ignore"):
            return self._run(values)

    def own(self, given: Sequence[Any]) -> list[Any]:
        """The same, as arrays that are nobody else's, and may be written into."""
        values = self._values(given)
        with np.errstate(all="ignore"):
            return self._run.own(values)

"""What the function does elsewhere: after a descent step, after a nudge."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from chalkgrad.errors import ChalkgradError, GradientError, UnknownName, ValueNeeded, nearest
from chalkgrad.evaluate.interpret import values_of
from chalkgrad.evaluate.worked import Worked
from chalkgrad.ir.program import Number, Var
from chalkgrad.ops.local import Select, Times


@final
@dataclass(frozen=True, slots=True, eq=False)
class Descent:
    """One step of descent: for every input its value, gradient and next value; the function before and after."""

    rate: float
    steps: Mapping[Var, tuple[Any, Any, Any]]
    before: Any
    after: Any


@final
@dataclass(frozen=True, slots=True, eq=False)
class Nudge:
    """One input changed by `delta`: what the function did, what was predicted, which corners were crossed."""

    var: Var
    delta: float
    slope: float
    before: float
    after: float
    crosses: tuple[Var, ...]
    from_corner: bool = False

    @property
    def change(self) -> float:
        """Δf."""
        return self.after - self.before

    @property
    def predicted(self) -> float:
        """∂f/∂x · Δx."""
        return self.slope * self.delta

    @property
    def exact(self) -> bool:
        """Whether the prediction is what happened, up to rounding."""
        scale = max(abs(self.before), abs(self.after), abs(self.predicted), 1e-300)
        if not math.isfinite(self.change) or not math.isfinite(self.predicted):
            return False
        return abs(self.change - self.predicted) <= 1e-12 * scale


def _numbers_at(worked: Worked, given: list[Any]) -> dict[Var, Any]:
    seed = worked.number(worked.backprop.seed)
    return values_of(worked.backprop.gradient, [*given, seed])


def _output(worked: Worked, numbers: Mapping[Var, Any]) -> Any:
    out = worked.program.output
    return out.value if isinstance(out, Number) else numbers[out]


def descend(worked: Worked, rate: float) -> Descent:
    """One step of size `rate` against the gradient, on the inputs that were differentiated.

    Raises ValueNeeded without numbers, GradientError where the function is an array.
    """
    if worked.symbolic:
        raise ValueNeeded("a descent step needs values")
    if not math.isfinite(rate):
        raise ChalkgradError(f"the rate is a number, not {rate}")
    if worked.program.output.type.shape:
        raise GradientError("a descent step lowers one number; this function gives an array")
    steps: dict[Var, tuple[Any, Any, Any]] = {}
    given: list[Any] = []
    for var in worked.program.inputs:
        here = worked.number(var)
        if var in worked.backprop.wrt:
            slope = worked.gradients[worked.called[var]]
            with np.errstate(all="ignore"):
                steps[var] = (here, slope, here - rate * slope)
            here = steps[var][2]
        given.append(here)
    return Descent(rate, steps, worked.value, _output(worked, _numbers_at(worked, given)))


def nudge(worked: Worked, name: str, delta: float) -> Nudge:
    """The function with the input called `name` changed by `delta`, against its derivative.

    Raises UnknownName for no such input, ValueNeeded without numbers, ChalkgradError where it is no scalar.
    """
    if worked.symbolic:
        raise ValueNeeded("a nudge needs values")
    by_name = {worked.called[v]: v for v in worked.program.inputs}
    if name not in by_name:
        raise UnknownName(f"there is no input '{name}' to nudge{nearest(name, by_name)}")
    var = by_name[name]
    if var.type.shape or worked.program.output.type.shape:
        raise ChalkgradError("a nudge takes a scalar input of a scalar function")
    if var not in worked.backprop.wrt:
        raise ChalkgradError(f"'{name}' was left out of wrt, so nothing is predicted for it")
    given = [worked.number(v) + (delta if v is var else 0.0) for v in worked.program.inputs]
    there = _numbers_at(worked, given)
    here = [worked.number(v) for v in worked.program.inputs]
    atom = worked.backprop.adjoint.get(var)
    # what is predicted is f itself, whatever upstream gradient was given
    unit = worked.numbers if worked.upstream is None else values_of(worked.backprop.gradient, [*here, 1.0])
    slope = 0.0 if atom is None else atom.value if isinstance(atom, Number) else unit[atom]
    crosses, corner = _crossed(worked, there)
    return Nudge(var, delta, float(slope), float(worked.value), float(_output(worked, there)), crosses, corner)


def _crossed(worked: Worked, there: Mapping[Var, Any]) -> tuple[tuple[Var, ...], bool]:
    """The corners whose side changed, and whether one of them was stood upon before."""
    found: dict[Var, None] = {}
    corner = False
    for c in worked.backprop.contributions:
        op: Any = c.step.op
        local = c.local
        if not isinstance(local, Select) and not (isinstance(local, Times) and op.kinks):
            continue
        atom = local.mask.atom if isinstance(local, Select) else local.factor.atom
        if isinstance(atom, Number):
            continue
        before, after = worked.numbers[atom], there[atom]
        if before != after and {float(before), float(after)} <= {-1.0, 0.0, 0.5, 1.0}:
            found[c.step.output] = None
            corner = corner or float(before) == 0.5
    return tuple(found), corner

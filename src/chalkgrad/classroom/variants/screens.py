"""What a candidate's numbers must be like: quick looks at many candidates at once, each with its reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

import numpy as np

from chalkgrad.classroom.sheets.sheet import Vary
from chalkgrad.classroom.variants.batch import Batch
from chalkgrad.classroom.variants.space import Columns, decimals
from chalkgrad.evaluate.worked import Worked
from chalkgrad.ir.program import Number, Step, Var
from chalkgrad.transform.gates import recognise

LEAST_Z, MOST_Z = 0.3, 3.0
SIZE = 10.0  # a number is at most so many times as large as the sheet's own, and as small
CLOSE = 1e-9
SATURATING = frozenset({"sigmoid", "tanh", "log_sigmoid", "log_one_minus_sigmoid", "softplus", "arctan", "hardtanh"})
# What these give of whole numbers is whole.
WHOLE = frozenset(
    {
        *("add", "subtract", "multiply", "negative", "square", "accumulate", "abs", "sign", "maximum", "minimum"),
        *("relu", "where", "indicator", "masked", "sum", "prod", "dot", "outer", "matmul", "einsum", "cumsum", "trace"),
        *("max", "min", "sort", "index", "take", "take_along", "stack", "concatenate", "reshape", "transpose"),
        *("broadcast_to", "sum_to", "entries", "put", "put_entries", "put_along", "convolve", "conv1d", "conv2d"),
    }
)


@final
class Many:
    """Candidates for one function: the numbers of both passes, and the sheet's own beside them."""

    def __init__(self, work: Worked, batch: Batch, columns: Columns, count: int, vary: Vary) -> None:
        self.work, self.columns, self.count, self.vary = work, columns, count, vary
        self.numbers: Mapping[Var, Any] = batch(columns, count)
        self.own = {v: np.asarray(work.numbers[v]) for v in self.numbers}

    @property
    def varied(self) -> tuple[Var, ...]:
        return tuple([v for v in self.work.program.inputs if v.hint in self.columns])

    @cached_property
    def shown(self) -> tuple[Var, ...]:
        """The values and gradients that stand on paper: not what a rule computes on the way."""
        seen = [*self.work.program.variables()]
        seen += [a for a in self.work.backprop.adjoint.values() if isinstance(a, Var)]
        seen += [c.value for c in self.work.backprop.contributions if isinstance(c.value, Var)]
        return tuple([v for v in dict.fromkeys(seen) if v in self.numbers and v.type.floating])

    @cached_property
    def free(self) -> frozenset[Var]:
        """What depends on an input that the sheet has at 0 and lets vary: there is no sign or size to keep there."""
        zero = {v for v in self.varied if np.any(self.own[v] == 0)}
        for step in self.work.backprop.gradient.steps:
            if any(a in zero for a in step.inputs):
                zero.update(step.given)
        return frozenset(zero)

    def every(self, good: Any) -> Any:
        """For every candidate whether all entries are good."""
        return np.all(np.reshape(good, (self.count, -1)), axis=1)


def _finite(many: Many) -> Any:
    good = np.ones(many.count, dtype=bool)
    for var, found in many.numbers.items():
        if var.type.floating and np.all(np.isfinite(many.own[var])):
            good &= many.every(np.isfinite(found))
    return good


def _kinks(many: Many) -> Any:
    """Only ops of single entries are looked at here: a tie within an array is no two equal entries."""
    good = np.ones(many.count, dtype=bool)
    if many.vary.kinks:
        return good
    for step in many.work.program.steps:
        op: Any = step.op
        if not op.elementwise:
            continue
        xs = [a.value if isinstance(a, Number) else many.numbers[a] for a in step.inputs]
        mine = [a.value if isinstance(a, Number) else many.own[a] for a in step.inputs]
        for kink in op.kinks:
            if not np.any(kink.at(*mine, **step.params)):
                hit = np.broadcast_to(kink.at(*xs, **step.params), np.shape(many.numbers[step.output]))
                good &= many.every(~hit)
    return good


def _distinct(many: Many) -> Any:
    good = np.ones(many.count, dtype=bool)
    for var in many.varied:
        own = many.own[var].reshape(-1)
        if len(own) > 1 and len(np.unique(own)) == len(own):
            ordered = np.sort(many.numbers[var].reshape(many.count, -1), axis=1)
            good &= np.all(ordered[:, 1:] != ordered[:, :-1], axis=1)
    return good


def _saturation(many: Many) -> Any:
    good = np.ones(many.count, dtype=bool)
    for var in saturating(many.work):
        z = np.abs(many.numbers[var])
        if not _same(many, var):
            good &= many.every((z >= LEAST_Z - CLOSE) & (z <= MOST_Z + CLOSE))
    return good


def _whole(many: Many) -> Any:
    """As many decimals as the sheet's own value there has, or as the inputs have; where ranges are given, products'."""
    good = np.ones(many.count, dtype=bool)
    given = [decimals(float(x)) for v in many.work.program.inputs for x in many.own[v].reshape(-1)]
    asked = [decimals(x) for several in many.vary.ranges.values() for x in several]
    # a range with a step of 0.5 means that a product of two may have 0.25
    most = max([0, *(d for d in given if d is not None), *(2 * d for d in asked if d is not None)])
    for var in whole(many.work):
        own = [decimals(float(x)) for x in many.own[var].reshape(-1)]
        allowed = max([most, *(d for d in own if d is not None)])
        scaled = many.numbers[var] * 10.0**allowed
        good &= many.every(np.abs(scaled - np.round(scaled)) <= CLOSE * np.maximum(1.0, np.abs(scaled)))
    return good


def _quotients(many: Many) -> Any:
    """Behind a division, what is whole on the sheet stays whole: the size of a filter's output."""
    good = np.ones(many.count, dtype=bool)
    for step in many.work.program.steps:
        if step.op.name in ("divide", "reciprocal"):
            var = step.output
            count = max([decimals(float(x)) or 0 for x in many.own[var].reshape(-1)])
            if all(decimals(float(x)) is not None for x in many.own[var].reshape(-1)) and not _behind(many.work, step):
                scaled = many.numbers[var] * 10.0**count
                good &= many.every(np.abs(scaled - np.round(scaled)) <= CLOSE * np.maximum(1.0, np.abs(scaled)))
    return good


def _signs(many: Many) -> Any:
    good = np.ones(many.count, dtype=bool)
    for var in many.shown:
        if var not in many.free:
            good &= many.every(_sign(many.numbers[var]) == _sign(many.own[var]))
    return good


def _routing(many: Many) -> Any:
    """Which branch is taken, which unit is alive, where an entry is sorted to: every truth value and every place."""
    good = np.ones(many.count, dtype=bool)
    for var, found in many.numbers.items():
        if not var.type.floating and var not in many.free:
            good &= many.every(found == many.own[var])
    return good


def _sizes(many: Many) -> Any:
    good = np.ones(many.count, dtype=bool)
    for var in many.shown:
        if var in many.free or (var in many.varied and var.hint in many.vary.ranges):
            continue
        own, found = np.abs(many.own[var]), np.abs(many.numbers[var])
        good &= many.every((found <= SIZE * np.maximum(own, 1.0)) & (found >= own / SIZE))
    return good


@final
@dataclass(frozen=True, slots=True)
class Check:
    """One constraint: `passes` says of every candidate whether it holds."""

    name: str
    reason: str
    passes: Callable[[Many], Any]


CHECKS: tuple[Check, ...] = (
    Check("domain", "every number of both passes is finite", _finite),
    Check("kink", "no tie and no kink, where a convention would decide the gradient", _kinks),
    Check("distinct", "no two entries of an array are equal, where the sheet's own are not", _distinct),
    Check("saturation", f"|z| of a saturating gate is between {LEAST_Z:g} and {MOST_Z:g}", _saturation),
    Check("whole", "values are whole, or of as many decimals as the sheet's, up to the first rounded gate", _whole),
    Check("quotient", "a quotient that is whole on the sheet is whole", _quotients),
    Check("routing", "the same units are dead and alive, and max and sort route the same way", _routing),
    Check("signs", "every value and every gradient has the sign that it has on the sheet", _signs),
    Check("size", f"every number is of similar size: at most {SIZE:g} times as large, or as small", _sizes),
)


def saturating(work: Worked) -> tuple[Var, ...]:
    """What goes into the saturating gates, also into those that are written out, as in 1/(1 + e^-z)."""
    found = recognise(work.program)
    read = [s.inputs[0] for p in (work.program, found) for s in p.steps if s.op.name in SATURATING]
    return tuple(dict.fromkeys(a for a in read if isinstance(a, Var) and a in work.numbers))


def whole(work: Worked) -> tuple[Var, ...]:
    """The values before the first gate that does not keep whole numbers whole."""
    rounded: set[Var] = set()
    for step in work.program.steps:
        if not _keeps(step) or any(a in rounded for a in step.inputs):
            rounded.update(step.given)
    return tuple([v for v in work.program.variables() if v.type.floating and v not in rounded])


def _keeps(step: Step) -> bool:
    if step.op.name == "power":
        exponent = step.inputs[1]
        return isinstance(exponent, Number) and np.ndim(exponent.value) == 0 and exponent.value in (0, 1, 2, 3, 4)
    return step.op.name in WHOLE


def _behind(work: Worked, step: Step) -> bool:
    """Whether the step reads a number that is rounded already."""
    plain = whole(work)
    return any(isinstance(a, Var) and a not in plain for a in step.inputs)


def _same(many: Many, var: Var) -> bool:
    """Whether it is the sheet's own number in every candidate: nothing that it depends on varies."""
    return bool(np.all(many.numbers[var] == many.own[var]))


def _sign(x: Any) -> Any:
    return np.where(np.abs(x) < CLOSE, 0.0, np.sign(x))

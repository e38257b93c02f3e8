"""Derivatives by differences alone, of every value that a sheet asks about, in one run of the function.

The function is evaluated in long double at some steps to either side of each value in turn, all at once; Richardson's
table and Ridders' choice from it (see `evaluate/differences.py`) make slopes of that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from chalkgrad.evaluate.differences import along, derivative, random_direction, starts_at, units, widen
from chalkgrad.ir.program import Number, Program, Step, Var
from chalkgrad.ir.run import evaluator

LEVELS = 12
COLUMNS = 7
UNSETTLED = 1e-9
EPSILON = float(np.finfo(np.longdouble).eps)
# Beside a value as small as this a step may be larger than it: it is what rounding left, or far from the others.
LEAST = 2.0**-8
ENTRIES, DIRECTIONS = 8, 3


@final
@dataclass(frozen=True, slots=True)
class Slope:
    """A derivative by differences, and how far off it may be by its own account.

    Of an array, one derivative along each of the directions in `along`: its entries, or where they are many some
    directions that move all of them at once, which tell a wrong entry as well.
    """

    value: Any
    error: Any
    along: Any = None


@final
class Slopes:
    """The slopes of `seed · output` at some values of a Program, and those of single steps."""

    def __init__(self, program: Program, given: Sequence[Any], seed: Any) -> None:
        self.program = program
        self.given = [widen(x) for x in given]
        self.seed = widen(np.asarray(seed, np.float64))
        self.numbers = self._run({})
        self.scalar = all(v.type.shape == () for v in program.variables()) and all(
            _elementwise(s) for s in program.steps
        )

    def of(self, variables: Sequence[Var]) -> dict[Var, Slope]:
        """∂(seed · output)/∂v for each of these values, everything before it held."""
        wanted = list(dict.fromkeys(variables))
        if not wanted:
            return {}
        if not self.scalar:
            return {v: self._one(v) for v in wanted}
        found = self._at_once(wanted, 0)
        unsettled = [v for v in wanted if not found[v].error <= UNSETTLED * max(1, abs(found[v].value))]
        finer = self._at_once(unsettled, LEVELS - 2) if unsettled else {}
        return {**found, **{v: s for v, s in finer.items() if s.error < found[v].error}}

    def local(self, step: Step, position: int) -> Slope:
        """∂output/∂input of one step of numbers, its other inputs held, also where they are the same value."""
        xs = [self._number(a) for a in step.inputs]
        h = _steps(xs[position])
        with np.errstate(all="ignore"):
            sides = [self._evaluate(step, [*xs[:position], xs[position] + d, *xs[position + 1 :]])[0] for d in (h, -h)]
            value, error = _table(*np.broadcast_arrays(*sides, h))
        return Slope(value[()], error[()])

    def output(self, given: Sequence[Any]) -> Any:
        """The function itself at other inputs."""
        inputs = dict(zip(self.program.inputs, [widen(x) for x in given], strict=True))
        return self._loose(self._run(inputs), self.program.output)

    def _at_once(self, wanted: Sequence[Var], finer: int) -> dict[Var, Slope]:
        h = np.stack([_steps(self.numbers[v]) for v in wanted]) / np.longdouble(2.0) ** finer
        around = np.stack([h, -h], axis=-1)
        shape = around.shape
        moved = {v: (k, self.numbers[v] + around[k]) for k, v in enumerate(wanted)}
        env: dict[Var, Any] = {}

        def put(var: Var, value: Any) -> None:
            if var in moved:
                k, instead = moved[var]
                value = np.array(np.broadcast_to(value, shape))
                value[k] = instead
            env[var] = value

        for var, x in zip(self.program.inputs, self.given, strict=True):
            put(var, x)
        with np.errstate(all="ignore"):
            for step in self.program.steps:
                xs = [a.value if isinstance(a, Number) else env[a] for a in step.inputs]
                put(step.output, self._evaluate(step, xs)[0])
            out = np.broadcast_to(self.seed * self._loose(env, self.program.output), shape)
            value, error = _table(out[..., 0], out[..., 1], h)
        return {v: Slope(value[k], error[k]) for k, v in enumerate(wanted)}

    def _one(self, var: Var) -> Slope:
        """Of an array, or where an array stands on the way."""
        x = np.asarray(self.numbers[var])

        def loss(z: Any) -> Any:
            return np.sum(self.seed * self._loose(self._run({var: z}), self.program.output))

        if not x.shape:
            value, error = derivative(along(loss, x, np.ones((), np.longdouble)), starts_at(x))
            return Slope(value[()], error[()])
        rng = np.random.default_rng(20260117)
        few = x.size <= ENTRIES
        ways = list(units(x.shape)) if few else [random_direction(rng, x.shape) for _ in range(DIRECTIONS)]
        size = np.max(np.abs(x))
        at = [x[place] for place in np.ndindex(x.shape)] if few else [size] * DIRECTIONS
        found = [derivative(along(loss, x, way), starts_at(y)) for way, y in zip(ways, at, strict=True)]
        return Slope(np.array([v for v, _ in found]), np.array([e for _, e in found]), np.array(ways))

    def _run(self, instead: Mapping[Var, Any]) -> dict[Var, Any]:
        env: dict[Var, Any] = {**dict(zip(self.program.inputs, self.given, strict=True)), **instead}
        with np.errstate(all="ignore"):
            for step in self.program.steps:
                results = self._evaluate(step, [a.value if isinstance(a, Number) else env[a] for a in step.inputs])
                for out, value in zip(step.outputs, results, strict=True):
                    if out is not None and out not in instead:
                        env[out] = value
        return env

    def _number(self, atom: Any) -> Any:
        return self._loose(self.numbers, atom)

    def _loose(self, env: Mapping[Var, Any], atom: Any) -> Any:
        return widen(atom.value) if isinstance(atom, Number) else env[atom]

    def _evaluate(self, step: Step, xs: Sequence[Any]) -> tuple[Any, ...]:
        op: Any = step.op
        try:
            found = evaluator(op)(*xs, **step.params)
        except TypeError:  # LAPACK knows no long double
            found = evaluator(op)(*[_float64(x) for x in xs], **step.params)
        return found if op.several else (found,)


def _elementwise(step: Step) -> bool:
    op: Any = step.op
    return bool(op.elementwise) and len(step.outputs) == 1


def _float64(x: Any) -> Any:
    return x.astype(np.float64) if getattr(x, "dtype", None) == np.longdouble else x


def _steps(x: Any) -> Any:
    """Halved steps, the first small beside x, so that a logarithm or a root of x keeps its domain."""
    size = abs(np.longdouble(x))
    first = np.longdouble(2.0**-4) * (max(size, LEAST) if size < 1 and size else max(size, 1))
    return first / np.longdouble(2.0) ** np.arange(LEVELS)


def _table(above: Any, below: Any, h: Any) -> tuple[Any, Any]:
    """Richardson's table of central differences along the last axis; the entry that moved least, and by how much.

    To how much it moved is added what the values' own rounding may do, which no table shows.
    """
    columns = [(above - below) / (2 * h)]
    rounding = EPSILON * np.maximum(np.abs(above), np.abs(below)) / h
    value = np.full(columns[0].shape[:-1], np.nan, np.longdouble)
    error = np.full(columns[0].shape[:-1], np.inf, np.longdouble)
    for order in range(1, COLUMNS):
        old = columns[-1]
        new = old[..., 1:] + (old[..., 1:] - old[..., :-1]) / (4.0**order - 1)
        off = np.maximum(np.abs(new - old[..., 1:]), np.abs(new - old[..., :-1])) + rounding[..., order:]
        off = np.where(np.isnan(off), np.inf, off)
        best = np.argmin(off, axis=-1)[..., None]
        mine = np.take_along_axis(off, best, -1)[..., 0]
        better = mine < error
        value = np.where(better, np.take_along_axis(new, best, -1)[..., 0], value)
        error = np.where(better, mine, error)
        columns.append(new)
    return value, error

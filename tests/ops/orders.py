"""Derivatives of every order against differences of the next lower one, along random directions.

Level 0 of a tower is an op alone. Each level above is the gradient of ⟨w, the level below⟩ for random w, so that one
walk up the tower meets rev, rev∘rev and rev∘rev∘rev. At each level forward mode is compared with Richardson differences
of the level below, and reverse mode with forward mode: ⟨w, J v⟩ = ⟨Jᵀ w, v⟩.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np

from chalkgrad.evaluate.differences import ladder, widen
from chalkgrad.ir.build import Builder
from chalkgrad.ir.check import check
from chalkgrad.ir.program import Number, Program, Var
from chalkgrad.ir.registry import lookup
from chalkgrad.transform.backprop import backprop
from chalkgrad.transform.forward import forward
from chalkgrad.transform.prune import prune

TOLERANCE = 1e-9
DIRECTIONS = 2
# The first steps of the differences, in doubles and in long doubles: the small ones are for a pole that is near.
STARTS = ((2**-4, 2**-5, 2**-3, 2**-6), (2**-5, 2**-8, 2**-12, 2**-20))


def run(program: Program, given: Sequence[Any]) -> list[Any]:
    """The outputs; unlike the interpreter, in whatever precision is given."""
    env: dict[Var, Any] = dict(zip(program.inputs, given, strict=True))
    with np.errstate(all="ignore"):
        for step in program.steps:
            op: Any = step.op
            found = op.evaluate(*[a.value if isinstance(a, Number) else env[a] for a in step.inputs], **step.params)
            for out, value in zip(step.outputs, found if op.several else (found,), strict=True):
                if out is not None:
                    env[out] = value
    return [a.value if isinstance(a, Number) else env[a] for a in program.outputs]


def widest(program: Program, given: Sequence[Any]) -> tuple[Callable[..., list[Any]], bool]:
    """`run` on long doubles; on doubles where NumPy has no wider arithmetic, as in its linear algebra (LAPACK)."""
    try:
        run(program, [widen(x) for x in given])
    except TypeError as error:
        if "float128" not in str(error) and "longdouble" not in str(error):
            raise
        return lambda *xs: run(program, [_narrow(x) for x in xs]), False
    return lambda *xs: run(program, xs), True


def _narrow(x: Any) -> Any:
    array = np.asarray(x)
    return array.astype(np.float64)[()] if array.dtype.kind == "f" else array[()]


@final
@dataclass(frozen=True)
class Level:
    """A Program, values for its inputs, and the inputs that are moved."""

    program: Program
    given: tuple[Any, ...]
    moved: tuple[Var, ...]

    def at(self, var: Var) -> Any:
        return self.given[self.program.inputs.index(var)]

    def above(self, rng: np.random.Generator, wrt: tuple[Var, ...]) -> Level | None:
        """The gradient of ⟨w, this⟩, w random; None where there is nothing that can vary."""
        builder = Builder()
        builder.inputs.extend(self.program.inputs)
        builder.steps.extend(self.program.steps)
        terms: list[Any] = []
        weights: list[Any] = []
        for place, out in enumerate(self.program.outputs):
            if isinstance(out, Number) or not out.type.floating:
                continue
            shape: Any = out.type.shape
            w = builder.value(builder.input(f"w{place}", out.type))
            product = w * builder.value(out)
            terms.append(product.apply("sum") if shape else product)
            weights.append(np.asarray(rng.uniform(0.5, 1.0, shape) * rng.choice([-1.0, 1.0], shape))[()])
        if not terms:
            return None
        total = lookup("accumulate")(*terms)
        made = backprop(check(builder.program(self.program.name, total.atom)), wrt)
        gradient = check(replace(made.gradient, outputs=made.gradient.outputs[1:]))
        return Level(prune(gradient), (*self.given, *weights, 1.0), wrt)


def flat(values: Sequence[Any]) -> Any:
    """Every number of these, in one row."""
    return np.concatenate([np.ravel(v) for v in values]) if values else np.zeros(0)


def slopes(level: Level, direction: dict[Var, Any]) -> tuple[Any, Any]:
    """How every output changes along `direction`, by differences, and the error of each."""
    function, wide = widest(level.program, level.given)
    xs = [widen(x) for x in level.given]
    toward = [widen(direction[v]) if v in direction else None for v in level.program.inputs]

    def line(t: Any) -> Any:
        return flat(function(*[x if d is None else x + t * d for x, d in zip(xs, toward, strict=True)]))

    estimate = ladder if wide else coarse
    best, error = estimate(line, STARTS[wide][0])
    for start in STARTS[wide][1:]:
        if np.all(error <= 1e-2 * TOLERANCE * scale_of(best)):
            break
        found, off = estimate(line, start)
        best, error = np.where(off < error, found, best), np.where(off < error, off, error)
    return best, error


def coarse(line: Callable[[Any], Any], start: float) -> tuple[Any, Any]:
    """Central differences at five steps that are not small, extrapolated. In doubles a small step has no digits left.

    With steps from 2^-4 to 2^-8 a function that is smooth so far comes out to about 1e-12.
    """
    rows = [[(line(start * 2.0**-k) - line(-start * 2.0**-k)) / (start * 2.0 ** (1 - k))] for k in range(5)]
    for k, row in enumerate(rows):
        for column in range(1, k + 1):
            row.append(row[-1] + (row[-1] - rows[k - 1][column - 1]) / (4.0**column - 1))
    return rows[4][4], np.maximum(np.abs(rows[4][4] - rows[3][3]), np.abs(rows[4][4] - rows[4][3]))


def scale_of(wanted: Any) -> float:
    """What "relative" is relative to: the largest entry, or 1e-3 where all are smaller still."""
    return max(1e-3, float(np.max(np.abs(wanted), initial=0.0)))


def close(given: Any, wanted: Any, tolerance: float = TOLERANCE, said: str = "") -> None:
    """Equal to the tolerance, relative to the largest entry."""
    scale = scale_of(wanted)
    np.testing.assert_allclose(given, wanted, rtol=tolerance, atol=tolerance * scale, equal_nan=False, err_msg=said)


def agrees(below: Level, rng: np.random.Generator, said: str, wrt: tuple[Var, ...]) -> Level | None:
    """One level of the tower: forward mode = differences, reverse mode = forward mode. The level above, to go on."""
    above = below.above(rng, wrt)
    if above is None:
        return None
    pushed = check(forward(below.program, wrt))
    count = len(below.program.outputs)
    weights = above.given[len(below.given) : -1]
    floating = [k for k, o in enumerate(below.program.outputs) if isinstance(o, Var) and o.type.floating]
    back = run(above.program, above.given)
    for _ in range(DIRECTIONS):
        direction = {v: rng.uniform(0.5, 1.0, v.type.shape) * rng.choice([-1.0, 1.0], v.type.shape) for v in wrt}
        tangents = run(pushed, [*below.given, *[direction[v] for v in wrt]])[count:]
        wanted, error = slopes(below, direction)
        assert np.all(error <= TOLERANCE * scale_of(wanted)), f"{said}: the differences do not settle"
        close(flat(tangents), wanted, said=f"{said}: forward mode against differences")
        there = [float(np.sum(w * tangents[k])) for w, k in zip(weights, floating, strict=True)]
        here = [float(np.sum(g * direction[v])) for g, v in zip(back, wrt, strict=True)]
        size = sum(float(np.sum(np.abs(g * direction[v]))) for g, v in zip(back, wrt, strict=True))
        off = abs(sum(there) - sum(here))
        assert off <= 1e-11 * max(size, 1e-3), f"{said}: reverse mode is not forward mode's transpose"
    return above


def climbs(program: Program, given: Sequence[Any], highest: int) -> None:
    """Orders 1 to `highest` of a Program, by reverse mode over reverse mode, and order 2 by forward over forward."""
    rng = np.random.default_rng(3)
    floating = tuple(v for v in program.inputs if v.type.floating)
    level: Level | None = Level(program, tuple(given), floating)
    base = level
    for order in range(1, highest + 1):
        assert level is not None
        # in what it is multiplied with, a gradient is linear: order 2 looks at that once
        fresh = level.program.inputs[len(program.inputs) : -1] if order == 2 else ()
        level = agrees(level, rng, f"order {order}", (*floating, *fresh))
        if level is None:
            return
    direction = [rng.uniform(0.5, 1.0, v.type.shape) for v in floating]
    pushed = forward(base.program, floating)
    tangents = prune(replace(pushed, outputs=pushed.outputs[len(program.outputs) :]))
    agrees(Level(tangents, (*given, *direction), floating), rng, "order 2, forward over forward", floating)

"""A linear map as a rule gives it, against differences of the function that it is the derivative of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, final

import numpy as np

from chalkgrad.evaluate.differences import (
    Array,
    along,
    derivative,
    random_direction,
    settle,
    starts_at,
    unit_at,
    units,
)

LARGEST = 2000  # entries of a Jacobian that is checked whole; beyond, along random directions
DIRECTIONS = 3
SEED = 20240229


@final
@dataclass(frozen=True, slots=True)
class LinearMap:
    """A linear map as a rule gives it, beside the function that it is the derivative of."""

    function: Callable[[Any], Any]
    x: Array
    y: Array
    pull: Callable[[Array], Array]
    push: Callable[[Array], Array] | None = None


@final
@dataclass(frozen=True, slots=True)
class Wrong:
    rule: Literal["backward", "forward"]
    what: tuple[tuple[int, ...], float, float]  # place, given, differences


@final
@dataclass(slots=True)
class Comparison:
    error: float = 0.0
    settled: bool = True
    sampled: bool = False
    wrong: list[Wrong] = field(default_factory=list[Wrong])


def compare(m: LinearMap, keep: Array, tolerance: float, sample: bool = False) -> Comparison:
    """Both ways through the map against differences: every entry, or along random directions where there are many."""
    out = Comparison(sampled=sample or m.x.size * m.y.size > LARGEST)
    rng = np.random.default_rng(SEED)
    vs = [random_direction(rng, m.x.shape) for _ in range(DIRECTIONS)] if out.sampled else list(units(m.x.shape))
    us = [random_direction(rng, m.y.shape) * keep for _ in range(DIRECTIONS)] if out.sampled else list(units(m.y.shape))
    if not vs or not us:
        return out
    lines = [along(m.function, m.x, v) for v in vs]
    starts = [starts_at(np.max(np.abs(m.x)))] * len(vs) if out.sampled else [starts_at(x) for x in m.x.flat]
    slopes = [derivative(g, s) for g, s in zip(lines, starts, strict=True)]
    found = np.stack([s.reshape(-1) for s, _ in slopes], axis=1)
    error = np.stack([e.reshape(-1) for _, e in slopes], axis=1)
    flat = keep.reshape(-1)
    top = np.max(np.abs(m.y)) / max(1.0, float(np.max(np.abs(m.x))))  # the size that a slope has by its units
    scale = max(float(np.max(np.abs(found[flat]), initial=0.0, where=np.isfinite(found[flat]))), float(top), 1e-300)

    def judge(rule: Literal["backward", "forward"], i: int, k: int, given: float, slope: float, off: float) -> None:
        limit = tolerance * max(abs(slope), scale)
        if off <= limit and abs(given - slope) <= limit:
            out.error = max(out.error, abs(given - slope) / max(abs(slope), scale))
            return
        weight = us[k] if out.sampled and rule == "backward" else unit_at(m.y.shape, i)
        line, y = lines[k], float(np.sum(weight * m.y))
        answer = settle(lambda t: np.sum(weight * line(t)), starts[k], given, y, scale, tolerance)
        if answer is None:
            out.settled = False
        elif answer != given and rule not in [w.rule for w in out.wrong]:
            place = () if out.sampled else (*np.unravel_index(i, m.y.shape), *np.unravel_index(k, m.x.shape))
            out.wrong.append(Wrong(rule, (tuple(int(p) for p in place), given, answer)))

    if out.sampled:
        for k, (u, v) in enumerate(zip(us, vs, strict=True)):
            weight = np.where(u == 0, 0.0, u).reshape(-1)
            with np.errstate(all="ignore"):
                slope, off = np.sum(weight * np.where(flat, found[:, k], 0)), np.sum(np.abs(weight) * error[:, k])
                judge("backward", 0, k, float(np.sum(m.pull(u) * v)), float(slope), float(off))
    else:
        for i, u in enumerate(us):
            if flat[i]:
                row = np.asarray(m.pull(u)).reshape(-1)
                for k in range(len(vs)):
                    judge("backward", i, k, float(row[k]), float(found[i, k]), float(error[i, k]))
    if m.push is not None:
        for k, v in enumerate(vs):
            column = np.asarray(m.push(v)).reshape(-1)
            for i in np.flatnonzero(flat):
                judge("forward", int(i), k, float(column[i]), float(found[i, k]), float(error[i, k]))
    return out

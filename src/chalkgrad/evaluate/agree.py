"""Whether a formula is what the gradient program computes: both are evaluated at a few seeded random points."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from chalkgrad.errors import ChalkgradError
from chalkgrad.ir.dims import Dim, Size, count, substitute
from chalkgrad.ir.program import Atom, Number, Var
from chalkgrad.ir.types import ArrayType
from chalkgrad.transform.backprop import Backprop
from chalkgrad.transform.conventions import sized
from chalkgrad.transform.expression import Const, Expr, Ref

POINTS = 3
_MANY = 50_000  # of so many numbers, one point tells as much
# Low and high ends to draw inputs from: at unit scale nothing saturates; logs and roots need positive inputs.
_ENDS = ((-1.5, 1.5), (0.3, 1.6), (-0.9, 0.9), (0.1, 0.9), (1.1, 3.0), (-6.0, 6.0))
_TRIES = 4 * len(_ENDS)
_LARGEST = 2_000_000  # numbers of a program that is still evaluated for print
_NEAR = 1e-7

Point = Mapping[Var, Any]


def agrees(expr: Expr, atom: Atom, backprop: Backprop, *, unit: bool = True, points: int = POINTS) -> bool:
    """Whether `expr`, in values of the function, is what `atom` is in the gradient program.

    `unit` holds the upstream gradient at 1, for formulas in which it is left out; more `points` see more of a function
    that is pieced together. False also where nothing can be said: no point lies inside the domain, or the value is 0 at
    every point and the formula is not the number 0.
    """
    told = False
    for point in _points(backprop, unit, points):
        expected = atom.value if isinstance(atom, Number) else point.get(atom)
        if expected is None or not np.all(np.isfinite(expected)):
            continue
        try:
            found = value_of(expr, point, _sizes(backprop))
        except (ArithmeticError, ChalkgradError, LookupError, TypeError, ValueError):
            return False
        if not _near(found, expected):
            return False
        told = told or bool(np.any(expected)) or (isinstance(expr, Const) and not np.any(expr.value))
    return told


def same(one: Expr, other: Expr, backprop: Backprop, *, unit: bool = True) -> bool:
    """Whether two formulas in values of the function have the same numbers at every point."""
    points = _points(backprop, unit, POINTS)
    try:
        values = [(value_of(one, p, _sizes(backprop)), value_of(other, p, _sizes(backprop))) for p in points]
    except (ArithmeticError, ChalkgradError, LookupError, TypeError, ValueError):
        return False
    return bool(values) and all(_near(a, b) or _near(b, a) for a, b in values)


def _near(found: Any, expected: Any) -> bool:
    shape = np.shape(expected)
    # a formula may leave out what is repeated, but not give more than there is
    if np.shape(found) not in (shape, ()) or not np.all(np.isfinite(found)):
        return False
    size = float(max(np.max(np.abs(expected), initial=0.0), np.max(np.abs(found), initial=0.0)))
    return bool(np.all(np.abs(np.subtract(found, expected)) <= _NEAR * size))


def value_of(expr: Expr, point: Point, sizes: Mapping[str, int]) -> Any:
    """The number of a formula where the values in it have these; `sizes` are those that have only names.

    Formulas are bounded in size before they get here, so this may recurse.
    """
    if isinstance(expr, Ref):
        return point[expr.var]
    if isinstance(expr, Const):
        if isinstance(expr.value, Size):
            return sized(expr.value, sizes)
        return np.float64(expr.value) if isinstance(expr.value, (int, float)) else expr.value
    with np.errstate(all="ignore"):
        params = {k: sized(v, sizes) for k, v in expr.params.items()} if sizes else expr.params
        found = _function(expr.op)(*[value_of(a, point, sizes) for a in expr.args], **params)
        return found if expr.place is None else found[expr.place]


@lru_cache(maxsize=8)  # a view asks for one formula after another of the same program
def _points(backprop: Backprop, unit: bool, points: int) -> tuple[Point, ...]:
    """Points where every value of the function is finite."""
    found: list[Point] = []
    sizes = _sizes(backprop)
    entries = [substitute(count(v.type.shape), sizes) for v in backprop.gradient.variables()]
    entries_in_all = sum(n for n in entries if isinstance(n, int))
    if entries_in_all > _LARGEST:
        return ()
    enough = points if entries_in_all < _MANY else 1
    rng = np.random.default_rng(20260115)
    for turn in range(_TRIES * points // POINTS):
        low, high = _ENDS[turn % len(_ENDS)]
        try:
            point = _evaluated(backprop, unit, lambda type, a=low, b=high: _drawn(type, rng, a, b, sizes), sizes)
        except (ArithmeticError, ChalkgradError, LookupError, TypeError, ValueError):
            return ()
        if all(np.all(np.isfinite(point[v])) for v in backprop.program.variables() if v.type.floating):
            found.append(point)
            if len(found) == enough:
                break
    return tuple(found)


@lru_cache(maxsize=8)
def _sizes(backprop: Backprop) -> Mapping[str, int]:
    """Numbers for sizes that have only names, no two alike, so that a wrong one shows."""
    dims = (n for v in backprop.gradient.variables() for n in v.type.shape)
    named = dict.fromkeys(name for n in dims if isinstance(n, Size) for term, _ in n.terms for name in term)
    return {name: 2 + place for place, name in enumerate(named)}


def _number(size: Dim, sizes: Mapping[str, int]) -> int:
    found = substitute(size, sizes)
    if not isinstance(found, int) or found < 0:
        raise ValueError(f"{size} is no number of entries where {dict(sizes)}")
    return found


def _drawn(type: ArrayType, rng: np.random.Generator, low: float, high: float, sizes: Mapping[str, int]) -> Any:
    shape = tuple([_number(n, sizes) for n in type.shape])
    if type.dtype == "bool":
        return (rng.random(shape) < 0.5)[()]
    if type.dtype.startswith("int"):
        return rng.integers(1, 4, shape)[()]
    return rng.uniform(low, high, shape)[()]  # in float64 whatever the width: the formula is meant, not its rounding


def _evaluated(backprop: Backprop, unit: bool, draw: Callable[[ArrayType], Any], sizes: Mapping[str, int]) -> Point:
    env: dict[Var, Any] = {v: draw(v.type) for v in backprop.gradient.inputs}
    if unit:
        env[backprop.seed] = np.ones(np.shape(env[backprop.seed]))[()]
    with np.errstate(all="ignore"):
        for step in backprop.gradient.steps:
            given = [a.value if isinstance(a, Number) else env[a] for a in step.inputs]
            params = {k: sized(v, sizes) for k, v in step.params.items()} if sizes else step.params
            found = _function(step.op)(*given, **params)
            for out, value in zip(step.outputs, found if len(step.outputs) > 1 else (found,), strict=True):
                if out is not None:
                    env[out] = value
    return env


def _function(op: Any) -> Callable[..., Any]:
    """How the op evaluates; an abstract one is any fixed function that its name alone decides."""
    if op.evaluate is not None:
        return op.evaluate
    turn = zlib.crc32(op.name.encode()) / 2**32

    def stand_in(*xs: Any, **params: Any) -> Any:
        return 1.5 + np.sin(turn + sum((0.7 + 0.3 * place) * x for place, x in enumerate(xs)))

    return stand_in

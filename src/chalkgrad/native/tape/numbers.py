"""Numbers of a tape's template: known ones, and those that are computed."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from chalkgrad.ir.types import promote
from chalkgrad.ops.kernel import Axis, Expr

# A step of more lines than this is better written as loops.
LONGEST = 4096


class NoTape(Exception):
    """The step is not made of scalars that the machine knows."""


@final
@dataclass(frozen=True, slots=True)
class Known:
    """A number that is known when the template is made; None where there is none, beyond the end of an array: a branch
    that is not taken may ask for that."""

    value: Any
    dtype: str


@final
@dataclass(frozen=True, slots=True)
class At:
    """A number that is computed: where it stands among what the template works on."""

    place: int
    dtype: str


Scalar = Known | At


def places(axes: tuple[Axis, ...]) -> list[dict[Axis, int]]:
    """Every place of the counters, the last going fastest."""
    sizes = [int(str(a.extent)) for a in axes]
    if math.prod(sizes) > LONGEST:
        raise NoTape("too long")
    return [dict(zip(axes, at, strict=True)) for at in itertools.product(*map(range, sizes))]


def shape(source: Any) -> list[int]:
    return [int(str(n)) for n in source.shape]


def flat(index: list[int], shape: list[int]) -> int:
    flat = 0
    for place, n in zip(index, shape, strict=True):
        flat = flat * n + place
    return flat


def number(value: Any, dtype: str) -> Known:
    return Known(None if value is None else np.dtype(dtype).type(value).item(), dtype)


def computed(name: str, dtype: str, of: str, values: list[Any]) -> Known:
    """A primitive of known numbers, by NumPy."""
    if name == "where":
        return number(values[1] if values[0] else values[2], dtype)
    function: Callable[..., Any] = getattr(np, name)
    with np.errstate(all="ignore"):
        return number(function(*[np.dtype(of).type(v) for v in values]), dtype)


def common(args: tuple[Expr, ...]) -> str:
    """The dtype in which two numbers are compared."""
    strong = [a.dtype for a in args if not a.weak]
    weak = [a.dtype for a in args if a.weak]
    if not strong:
        return promote(*weak)
    out = promote(*strong)
    if "float64" in weak and out in ("bool", "int64"):
        return "float64"
    return "int64" if "int64" in weak and out == "bool" else out


__all__ = ["LONGEST", "At", "Known", "NoTape", "Scalar", "common", "computed", "flat", "number", "places", "shape"]

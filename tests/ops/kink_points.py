"""Every point of kinks.json, as a Program and the values to put in."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import chalkgrad.ops  # noqa: F401  (fills the table)
from chalkgrad.ir.build import Builder
from chalkgrad.ir.program import Program
from chalkgrad.ir.registry import lookup
from chalkgrad.ir.types import type_of


@dataclass(frozen=True)
class Point:
    """A function of the first `wrt` of these values; `evaluated` where it is written in a form that loses digits."""

    function: Callable[..., Any]
    values: tuple[Any, ...]
    evaluated: bool = False

    def program(self) -> Program:
        """The Program as a person wrote it."""
        builder = Builder()
        xs = [builder.value(builder.input("xyz"[k], type_of(v))) for k, v in enumerate(self.values)]
        return builder.program("f", self.function(*xs).atom)


def op(name: str, *extra: Any, **params: Any) -> Callable[..., Any]:
    """The op called `name`, with numbers behind its inputs."""
    return lambda *xs: lookup(name)(*xs, *extra, **params)


def where(condition: Any, a: Any, b: Any) -> Any:
    return lookup("where")(condition, a, b)


ZERO2 = np.zeros(2)
POINTS: dict[str, Point] = {
    "abs(x) @0": Point(abs, (0.0,)),
    "relu(x) @0 (native)": Point(op("relu"), (0.0,)),
    "maximum(x,0) @0": Point(op("maximum", 0.0), (0.0,)),
    "where(x>0,x,0) @0": Point(lambda x: where(x > 0, x, 0), (0.0,)),
    "maximum(x,y) @(1,1)": Point(op("maximum"), (1.0, 1.0)),
    "minimum(x,y) @(1,1)": Point(op("minimum"), (1.0, 1.0)),
    "max([1,1,0])": Point(op("max"), (np.array([1.0, 1.0, 0.0]),)),
    "sort([1,1,0])[1]": Point(lambda x: lookup("sort")(x)[1], (np.array([1.0, 1.0, 0.0]),)),
    "prod([0,2,3])": Point(op("prod"), (np.array([0.0, 2.0, 3.0]),)),
    "prod([0,0,3])": Point(op("prod"), (np.array([0.0, 0.0, 3.0]),)),
    "sqrt(x) @0": Point(op("sqrt"), (0.0,)),
    "sqrt(x**2) @0": Point(lambda x: lookup("sqrt")(x**2), (0.0,), evaluated=True),
    "norm2([0,0])": Point(op("norm"), (ZERO2,)),
    "norm1([0,0])": Point(op("norm", ord=1), (ZERO2,)),
    "norm_inf([1,1])": Point(op("norm", ord=math.inf), (np.ones(2),)),
    "hypot(x,y) @(0,0)": Point(op("hypot"), (0.0, 0.0)),
    "x**0 @0 const exponent": Point(lambda x: x**0, (0.0,)),
    "x**y @(0,0)": Point(lambda x, y: x**y, (0.0, 0.0)),
    "x**y @(0,2)": Point(lambda x, y: x**y, (0.0, 2.0)),
    "x**y @(-2,3)": Point(lambda x, y: x**y, (-2.0, 3.0)),
    "x**0.5 @0": Point(lambda x: x**0.5, (0.0,)),
    "cbrt(x) @0": Point(op("cbrt"), (0.0,)),
    "x*log(x) @0": Point(lambda x: x * lookup("log")(x), (0.0,)),
    "xlogy(x,y) @(0,0)": Point(op("xlogy"), (0.0, 0.0)),
    "log(x) @0": Point(op("log"), (0.0,)),
    "log(x) @-1": Point(op("log"), (-1.0,)),
    "1/x @0": Point(lambda x: 1 / x, (0.0,)),
    "0*(1/x) @0": Point(lambda x: 0 * (1 / x), (0.0,)),
    "where(x>0,sqrt(x),0) @0": Point(lambda x: where(x > 0, lookup("sqrt")(x), 0), (0.0,)),
    "where(x>0,log(x),0) @-1": Point(lambda x: where(x > 0, lookup("log")(x), 0), (-1.0,)),
    "where(x==0,1,sin(x)/x) @0": Point(lambda x: where(lookup("equal")(x, 0), 1, lookup("sin")(x) / x), (0.0,)),
    "logsumexp([1000,1000]) lib": Point(op("logsumexp"), (np.full(2, 1000.0),)),
    "logsumexp([-inf,-inf])": Point(op("logsumexp"), (np.full(2, -math.inf),)),
    "softplus(1000) lib": Point(op("softplus"), (1000.0,)),
    "log(1+exp(x)) naive @1000": Point(lambda x: lookup("log")(1 + lookup("exp")(x)), (1000.0,), evaluated=True),
    "1/(1+exp(-x)) @-1000": Point(lambda x: 1 / (1 + lookup("exp")(-x)), (-1000.0,), evaluated=True),
    "arcsin(x) @1": Point(op("arcsin"), (1.0,)),
    "arccos(x) @1": Point(op("arccos"), (1.0,)),
    "arctan2(y,x) @(0,0)": Point(op("arctan2"), (0.0, 0.0)),
    "sign(x) @0": Point(op("sign"), (0.0,)),
    "floor(x) @1": Point(op("floor"), (1.0,)),
    "x % 1 @2": Point(op("mod", 1.0), (2.0,)),
    "clip(x,0,1) @0": Point(op("clip", 0.0, 1.0), (0.0,)),
    "clip(x,0,1) @1": Point(op("clip", 0.0, 1.0), (1.0,)),
    "leaky_relu(x,.1) @0": Point(op("leaky_relu", slope=0.1), (0.0,)),
    "relu6(x) @0": Point(op("relu6"), (0.0,)),
    "hardtanh(x) @1": Point(op("hardtanh"), (1.0,)),
    "elu(x) @0": Point(op("elu"), (0.0,)),
    "sinc(x) @0": Point(op("sinc"), (0.0,)),
    "std([1,1,1])": Point(op("std"), (np.ones(3),)),
    "x/(x+1e-300) @0": Point(lambda x: x / (x + 1e-300), (0.0,)),
    "det singular [[1,1],[1,1]]": Point(op("det"), (np.ones((2, 2)),)),
}

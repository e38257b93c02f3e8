"""The kinds of local derivative. A rule gives one of these an input; only `send` ever multiplies.

Each is the step's linear map seen from one input: `send(upstream)` is that input's contribution.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, final

import numpy as np

from chalkgrad.ir.build import Value
from chalkgrad.ir.dims import Shape
from chalkgrad.ir.program import Atom, Number
from chalkgrad.ir.registry import lookup
from chalkgrad.ir.types import ArrayType


@final
@dataclass(frozen=True, slots=True)
class Times:
    """Elementwise: upstream times `factor`, summed over the axes along which the input was broadcast to `shape`."""

    factor: Value
    shape: Shape

    @property
    def one(self) -> bool:
        """Whether the factor is the number 1, so that the upstream passes unchanged."""
        atom = self.factor.atom
        return isinstance(atom, Number) and atom.type.shape == () and atom.value == 1

    @property
    def constant(self) -> bool:
        """Whether the factor is a bare number; a gate need not guard a product with it."""
        return isinstance(self.factor.atom, Number)

    def product(self, upstream: Value) -> Value:
        """Before the sum over broadcast axes."""
        return upstream if self.one else upstream * self.factor

    def send(self, upstream: Value) -> Value:
        return fit(self.product(upstream), self.shape)


@final
@dataclass(frozen=True, slots=True)
class Select:
    """The upstream where `mask` holds, and 0 elsewhere whatever the upstream is: a branch of `where`."""

    mask: Value
    shape: Shape

    def send(self, upstream: Value) -> Value:
        return fit(lookup("where")(self.mask, upstream, 0.0), self.shape)


@final
@dataclass(frozen=True, slots=True)
class Matrix:
    """A matrix product with `matrix`, which stands on the left or on the right of the upstream."""

    matrix: Value
    side: Literal["left", "right"]

    def send(self, upstream: Value) -> Value:
        return self.matrix @ upstream if self.side == "left" else upstream @ self.matrix


@final
@dataclass(frozen=True, slots=True)
class Route:
    """Entries are moved, and added where two land on one place: reshape, transpose, index. `words` says how."""

    move: Callable[[Value], Value]
    words: str

    def send(self, upstream: Value) -> Value:
        return self.move(upstream)


@final
@dataclass(frozen=True, slots=True)
class Spread:
    """One number to every place it was collected from, scaled: sum, mean."""

    scale: Value
    move: Callable[[Value], Value]
    words: str

    def send(self, upstream: Value) -> Value:
        atom = self.scale.atom
        whole = isinstance(atom, Number) and atom.value == 1
        return self.move(upstream if whole else upstream * self.scale)


@final
@dataclass(frozen=True, slots=True)
class Through:
    """A linear map with no smaller name: softmax, outer products. `words` is its formula, with u for the upstream.

    Of an op of several results it takes a tuple of upstreams, u0 and u1 in the words, None for what nobody read.
    """

    map: Callable[..., Value]
    words: str

    def send(self, upstream: Any) -> Value:
        return self.map(upstream)


Local = Times | Select | Matrix | Route | Spread | Through


def number_atom(local: Local) -> Atom | None:
    """What holds the number of a local derivative; None of a map, and of a mask, which is true or false."""
    match local:
        case Times(factor=value) | Matrix(matrix=value) | Spread(scale=value):
            return value.atom
        case _:
            return None


def local_atom(local: Local) -> Atom | None:
    """What holds a local derivative, the mask of a choice too; None of a map."""
    return local.mask.atom if isinstance(local, Select) else number_atom(local)


def fit(value: Value, shape: Shape) -> Value:
    """`value` summed over the axes along which something of `shape` was broadcast to it."""
    return value if value.shape == shape else lookup("sum_to")(value, shape=shape)


def constant(value: float, like: Value) -> Value:
    """A number that does not widen an op of numbers alone beyond float32 where `like` is no wider."""
    if like.type.dtype == "float32":
        return Value(like.builder, Number(np.float32(value), ArrayType((), "float32")))
    return like.builder.value(value)


def times(factor: Any, x: Value) -> Times:
    """`Times` for the input `x`; a bare number may be given as the factor."""
    return Times(factor if isinstance(factor, Value) else x.builder.value(factor), x.shape)

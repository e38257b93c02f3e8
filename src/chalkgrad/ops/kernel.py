"""The index language that an op is lowered to: what one entry of its result is, in entries of its inputs.

A kernel says for every entry of a result which entries of the inputs it is made of, and how. Backends (C, machine code)
read kernels alone and know no op. Scalar expressions are written with Python's operators:

    matmul    i, j, k = axes(2, 4, 3);  Nest((i, j), a[i, k] * b[k, j], over=(k,), combine="sum")
    transpose i, j = axes(4, 2);        Nest((i, j), x[j, i])

What one entry may be is in `chalkgrad.ops.scalars`, whose names are to be had from here too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, final

import numpy as np

from chalkgrad.ir.dims import Dim, Shape
from chalkgrad.ir.types import ArrayType
from chalkgrad.ops.scalars import (
    Axis,
    Cast,
    Expr,
    Fn,
    Lit,
    Place,
    Read,
    cast,
    equal,
    fn,
    inside_out,
    lift,
    parts,
    primitive,
    where,
)

Reducer = Literal["sum", "prod", "max", "min", "any", "all", "argmax", "argmin"]


class _Readable:
    """What may be read entry by entry: `x[i, j]`, with counters, ints and expressions as places."""

    shape: Shape
    dtype: str

    def __getitem__(self, index: Any) -> Read:
        places = index if isinstance(index, tuple) else (index,)
        assert len(places) == len(self.shape), f"{len(places)} places for {len(self.shape)} axes"
        source: Any = self
        return Read(source, tuple([lift(p) for p in places]), self.dtype)


@final
@dataclass(frozen=True, eq=False)
class Input(_Readable):
    """An input of the op, by its place among them."""

    place: int
    shape: Shape
    dtype: str


@final
@dataclass(frozen=True, eq=False)
class Table(_Readable):
    """Numbers that are known: the places that a constant index reads."""

    values: np.ndarray[Any, Any]

    @property
    def shape(self) -> Shape:  # type: ignore[override]  # as the array has it
        return tuple(self.values.shape)

    @property
    def dtype(self) -> str:  # type: ignore[override]  # as the array has it
        return self.values.dtype.name


@final
@dataclass(frozen=True, eq=False)
class Nest(_Readable):
    """An entry for every place of `axes`; where `combine` is given, that of the body over all places of `over`.

    `argmax` gives the place of the first greatest, or of the first NaN, counted through `over` in its order.
    """

    axes: tuple[Axis, ...]
    body: Expr
    dtype: str
    over: tuple[Axis, ...] = ()
    combine: Reducer | None = None

    @property
    def shape(self) -> Shape:  # type: ignore[override]  # that of its axes
        return tuple([a.extent for a in self.axes])


@final
@dataclass(frozen=True, eq=False)
class Running(_Readable):
    """Like a Nest, but along one of its axes each entry is the body combined with the entry before."""

    axes: tuple[Axis, ...]
    along: Axis
    combine: Literal["sum", "prod"]
    body: Expr
    dtype: str

    @property
    def shape(self) -> Shape:  # type: ignore[override]  # that of its axes
        return tuple([a.extent for a in self.axes])


@final
@dataclass(frozen=True, eq=False)
class Write:
    """For every place of `axes` the body is set, or added, at `target`; where two meet, the later one counts last."""

    axes: tuple[Axis, ...]
    target: tuple[Expr, ...]
    body: Expr
    add: bool = False


@final
@dataclass(frozen=True, eq=False)
class Scatter(_Readable):
    """An array that starts as a number or as another array, and is written into.

    `start` is None where the writes fill it whole.
    """

    shape: Shape
    dtype: str
    start: Source | Lit | None
    writes: tuple[Write, ...]


@final
@dataclass(frozen=True, eq=False)
class View(_Readable):
    """The same entries in their order, under another shape."""

    source: Source
    shape: Shape

    @property
    def dtype(self) -> str:  # type: ignore[override]  # that of what is seen
        return self.source.dtype


@final
@dataclass(frozen=True, eq=False)
class Routine(_Readable):
    """What is no nest of loops: a backend brings it along under its name.

    sort, argsort  along the last axis; NaN last, equal entries in their order
    solve, inv     of the last two axes; of a singular matrix an error
    slogdet        of the last two axes: an axis of two, the sign of the determinant and log |det|
    cholesky       of the last two axes, of which the lower triangle is read; an error where it is not positive definite
    """

    name: Literal["sort", "argsort", "solve", "inv", "slogdet", "cholesky"]
    args: tuple[Source, ...]
    shape: Shape
    dtype: str


@final
@dataclass(frozen=True, eq=False)
class Loop:
    """A loop whose body is a Program: see the record of `scan`, whose inputs are `args`."""

    args: tuple[Source, ...]
    body: Any
    counts: tuple[int, int]
    length: int
    reverse: bool


@final
@dataclass(frozen=True, eq=False)
class Turns(_Readable):
    """One of the results of a loop; those of one loop share it."""

    loop: Loop
    result: int
    shape: Shape
    dtype: str


Source = Input | Table | Nest | Running | Scatter | View | Routine | Turns
Kernel = Nest | Running | Scatter | View | Routine | Turns
Types = tuple[ArrayType, ...]
Lowering = Callable[[Types, Types, Any], "Kernel | tuple[Kernel, ...] | None"]


def axes(*extents: Dim) -> tuple[Axis, ...]:
    """A counter an extent."""
    return tuple([Axis(n) for n in extents])


def nest(
    over: tuple[Axis, ...], body: Any, dtype: str, combine: Reducer | None = None, reduced: tuple[Axis, ...] = ()
) -> Nest:
    """A Nest of this dtype, whose body is made to fit it; a place or a truth is combined as it is."""
    body = lift(body)
    kept = combine in ("argmax", "argmin", "any", "all")
    return Nest(over, body if kept else cast(body, dtype), dtype, reduced, combine)


def inputs(types: Types) -> tuple[Input, ...]:
    """The inputs of an op of these types."""
    return tuple([Input(k, t.shape, t.dtype) for k, t in enumerate(types)])


def spread(x: Source, over: tuple[Axis, ...]) -> Read:
    """The entry of x that broadcasting puts at a place of these axes."""
    behind = over[len(over) - len(x.shape) :]
    return x[tuple([0 if n == 1 and a.extent != 1 else a for n, a in zip(x.shape, behind, strict=True)])]


def entrywise(scalar: Callable[..., Any]) -> Lowering:
    """The lowering of an op that acts on each element: `scalar(*entries, **params)` is an expression."""

    def lower(types: Types, outs: Types, params: Any) -> Nest:
        over = axes(*outs[0].shape)
        return nest(over, scalar(*[spread(x, over) for x in inputs(types)], **params), outs[0].dtype)

    return lower


def by_evaluation(evaluate: Callable[..., Any]) -> Lowering:
    """The lowering of an op on each element of which there is only a formula in NumPy: it is run on entries.

    It gives None where that is more than such a formula: where it asks for truths, or makes arrays.
    """
    inner = entrywise(evaluate)

    def lower(types: Types, outs: Types, params: Any) -> Any:
        try:
            return inner(types, outs, params)
        except Exception:  # a person's own code, which may fail on an entry in any way
            return None

    return lower


__all__ = [
    "Axis",
    "Cast",
    "Expr",
    "Fn",
    "Input",
    "Kernel",
    "Lit",
    "Loop",
    "Lowering",
    "Nest",
    "Place",
    "Read",
    "Reducer",
    "Routine",
    "Running",
    "Scatter",
    "Source",
    "Table",
    "Turns",
    "Types",
    "View",
    "Write",
    "axes",
    "by_evaluation",
    "cast",
    "entrywise",
    "equal",
    "fn",
    "inputs",
    "inside_out",
    "lift",
    "nest",
    "parts",
    "primitive",
    "spread",
    "where",
]

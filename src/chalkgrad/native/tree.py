"""The loop tree: a Program as loops over entries, which is what becomes machine code.

Statements are done in the order in which they stand. Expressions are those of `chalkgrad.ops.scalars`: a `Read` here
has a `Buffer` for its source, and counters are the `Axis` of a `Loop` around. All extents are numbers; that of an axis
longer than a few is given to the machine code when it is called, so that one code serves many sizes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, final

import numpy as np

from chalkgrad.ops.kernel import Read, inside_out, lift
from chalkgrad.ops.scalars import Axis, Expr

Space = Literal["input", "output", "table", "arena", "local"]
Role = Literal["serial", "lane", "parallel", "thread"]
How = Literal["sum", "prod", "max", "min", "any", "all"]


@final
@dataclass(eq=False)
class Buffer:
    """Where the entries of a value lie, by rows. Compared by identity.

    `input` and `output` are the caller's; a `table` holds numbers that are known; `arena` lives as long as the call;
    `local` holds what is made and read within one turn of the loop around it, and is small: a register, most often.
    One that `lies` in another is the same memory in another shape: an input, which is only read, or an output, of which
    nothing else is touched.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    space: Space
    values: np.ndarray[Any, Any] | None = None
    lies: Buffer | None = None

    @property
    def size(self) -> int:
        """How many entries there are."""
        return math.prod(self.shape)

    def __getitem__(self, index: Any) -> Read:
        places = index if isinstance(index, tuple) else (index,)
        assert len(places) == len(self.shape), f"{len(places)} places for {len(self.shape)} axes of {self.name}"
        return Read(self, tuple([lift(p) for p in places]), self.dtype)


@final
@dataclass(eq=False)
class Set:
    """`into[index] = value`. `step` is the Step of the Program that it came from, or None."""

    into: Buffer
    index: tuple[Expr, ...]
    value: Expr
    step: Any = None


@final
@dataclass(eq=False)
class Combine:
    """`into[index] = how(into[index], value)`. Sums and products of floats may be done in any order.

    `max` and `min` keep NaN, as NumPy's do. In which order the entries are met matters for none of them.
    """

    into: Buffer
    index: tuple[Expr, ...]
    how: How
    value: Expr
    step: Any = None


@final
@dataclass(eq=False)
class Choose:
    """Where `value` beats `best[index]`, or is the first NaN, that becomes it and `place[index]` becomes `at`.

    Of equal ones the one with the least `at` stays. Before the first, `place[index]` is -1.
    """

    best: Buffer
    place: Buffer
    index: tuple[Expr, ...]
    how: Literal["argmax", "argmin"]
    value: Expr
    at: Expr
    step: Any = None


@final
@dataclass(eq=False)
class Loop:
    """The body for every place of an axis, from 0 up.

    `serial` as they stand: a turn may read what the one before it wrote. `parallel` says that no turn does: what turns
    share is only combined into. `lane` is parallel, and `lanes` turns are done at a time, in the lanes of vectors.
    `thread` is parallel, and turns are done in any thread; it stands outermost, and alone has another loop with `part`
    in it: of that loop's turns, as many runs of equal length as the outer one has turns, only the run at that place.
    With `run` the runs are of so many turns, the last one of those that are left, and more loops than one have them.
    With `behind` each run begins so many turns sooner, but none before 0, and the last one goes up to the end.
    """

    axis: Axis
    body: list[Stmt]
    role: Role = "serial"
    lanes: int = 1
    part: Axis | None = None
    run: int | None = None
    behind: int | None = None

    @property
    def extent(self) -> int:
        """How many turns there are."""
        extent = self.axis.extent
        assert isinstance(extent, int)
        return extent


@final
@dataclass(eq=False)
class Product:
    """`into[index]` becomes, or where `add` grows by, the sum of `value` over all places of `over`, for all of `axes`.

    A routine does that as a whole: see `chalkgrad.native.products.products`. It is given the addresses of the entries
    of `into`, `left` and `right` at the first place of every axis, and of `plan`.

    With `whole`, the name of a kernel's Routine, it is that which is done with all that lies at `left` and `right`:
    see `chalkgrad.native.products.matrices`. `value` then says only what is read, and `axes` how much work it is.
    """

    routine: str
    into: Buffer
    index: tuple[Expr, ...]
    axes: tuple[Axis, ...]
    over: tuple[Axis, ...]
    value: Expr
    left: Read
    right: Read
    plan: Buffer
    add: bool = False
    step: Any = None
    whole: str = ""


Stmt = Set | Combine | Choose | Loop | Product


@final
@dataclass(eq=False)
class Tree:
    """A whole Program: inputs and outputs in the order of the Program's."""

    name: str
    inputs: list[Buffer]
    outputs: list[Buffer]
    body: list[Stmt] = field(default_factory=list)

    def buffers(self) -> list[Buffer]:
        """Every buffer that is read or written, each once, in the order in which it is met."""
        found = dict.fromkeys([*self.inputs, *self.outputs])
        for stmt in walk(self.body):
            found.update(dict.fromkeys([*written(stmt), *read_by(stmt)]))
        return list(found)


def walk(body: Sequence[Stmt]) -> Iterator[Stmt]:
    """All statements, loops before what stands in them."""
    waiting = list(reversed(body))
    while waiting:
        stmt = waiting.pop()
        yield stmt
        if isinstance(stmt, Loop):
            waiting.extend(reversed(stmt.body))


def written(stmt: Stmt) -> list[Buffer]:
    """The buffers that a statement itself writes."""
    if isinstance(stmt, (Set, Combine)):
        return [stmt.into]
    if isinstance(stmt, Choose):
        return [stmt.best, stmt.place]
    if isinstance(stmt, Product):
        return [stmt.into]
    return []


def expressions(stmt: Stmt) -> list[Expr]:
    """The expressions that stand right in a statement."""
    if isinstance(stmt, (Set, Combine)):
        return [*stmt.index, stmt.value]
    if isinstance(stmt, Choose):
        return [*stmt.index, stmt.value, stmt.at]
    if isinstance(stmt, Product):
        return [*stmt.index, stmt.value]
    return []


def read_by(stmt: Stmt) -> list[Buffer]:
    """The buffers that a statement itself reads, those that it combines into apart."""
    found: list[Buffer] = [stmt.plan] if isinstance(stmt, Product) else []
    for e in expressions(stmt):
        found.extend([part.source for part in inside_out(e) if isinstance(part, Read)])
    return list(dict.fromkeys(found))


__all__ = [
    "Axis",
    "Buffer",
    "Choose",
    "Combine",
    "Loop",
    "Product",
    "Set",
    "Stmt",
    "Tree",
    "expressions",
    "read_by",
    "walk",
    "written",
]

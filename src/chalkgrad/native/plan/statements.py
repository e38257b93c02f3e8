"""Flat statements, before there are loops: each makes one value, entry by entry, from entries of buffers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, final

from chalkgrad.errors import ProgramError, ValueNeeded
from chalkgrad.native.tree import Buffer, Stmt
from chalkgrad.ops.kernel import (
    Axis,
    Expr,
    Fn,
    Lit,
    Place,
    lift,
)

_NOTHING = Lit(0, "int64")

Kind = Literal["set", "combine", "choose", "running", "block"]


class NotLowered(ProgramError):
    """A step that is no nest of loops: the interpreter runs it."""


@final
class Region:
    """Entries of a buffer that statements of no other region write; compared by identity."""


@final
@dataclass(eq=False)
class Statement:
    """One value, or a part of one.

    set      `into[index] = value` for all places of `axes`; `ordered`: two of them may meet, and the later one counts
    combine  `into[index]` is the `how` of `value` over all places of `over`; it begins with `start`, or where that is
             None with what another statement put there
    choose   the place of the greatest or least value, where `at` is the place; `others` are both so far
    running  along `over`, each entry is that before it and `value`, combined; `others` is what that is so far
    block    statements that stand as they are; they make `into` and what is in `others`, out of `given`

    `region`, if it is known, says that statements of other regions write none of the same entries. `spared`: the value
    is a `where` that leaves out only terms which add nothing. `boxes`: the value is a `where` for each of these boxes
    of places in turn, and the last of its branches is for what is left.
    """

    kind: Kind
    into: Buffer
    index: tuple[Expr, ...] = ()
    axes: tuple[Axis, ...] = ()
    over: tuple[Axis, ...] = ()
    value: Expr = _NOTHING
    how: Any = None
    start: Expr | None = None
    at: Expr | None = None
    ordered: bool = False
    step: Any = None
    stmts: tuple[Stmt, ...] = ()
    given: tuple[Buffer, ...] = ()
    others: tuple[Buffer, ...] = ()
    region: Region | None = None
    spared: bool = False
    boxes: tuple[Mapping[Axis, tuple[int, int]], ...] = ()

    @property
    def volume(self) -> int:
        """How often the value is worked out."""
        return math.prod([extent(a) for a in (*self.axes, *self.over)])

    def expressions(self) -> list[Expr]:
        """Every expression in it, but those of a block."""
        return [*self.index, self.value, *([] if self.at is None else [self.at])]


def extent(axis: Axis) -> int:
    """How many places an axis has."""
    assert isinstance(axis.extent, int)
    return axis.extent


def fixed(shape: Sequence[Any]) -> tuple[int, ...]:
    """A shape whose sizes are all numbers.

    Raises ValueNeeded.
    """
    if any(not isinstance(n, int) for n in shape):
        raise ValueNeeded("a size has no number: loops are planned for sizes that are known")
    return tuple(shape)


def wide(axes: Sequence[Axis]) -> tuple[Axis, ...]:
    """The axes with more, or fewer, places than one."""
    return tuple([a for a in axes if a.extent != 1])


def places(axes: Sequence[Axis]) -> tuple[Expr, ...]:
    """Where the counters stand."""
    return tuple([lift(0) if a.extent == 1 else Place(a) for a in axes])


def extents(axes: Sequence[Axis]) -> tuple[int, ...]:
    """How many places each axis has."""
    return tuple([extent(a) for a in axes])


def apart(target: Sequence[Expr], axes: Sequence[Axis]) -> bool:
    """Whether it is plain that no two places of these axes have the same target."""
    seen: set[Axis] = set()
    for e in target:
        while isinstance(e, Fn) and e.name in ("add", "subtract", "multiply"):
            a, b = e.args
            if isinstance(a, Lit) and (e.name != "multiply" or a.value):
                e = b
            elif isinstance(b, Lit) and (e.name != "multiply" or b.value):
                e = a
            else:
                break
        if isinstance(e, Place):
            seen.add(e.axis)
    return seen.issuperset(axes)


__all__ = ["NotLowered", "Region", "Statement", "apart", "extent", "extents", "fixed", "places", "wide"]

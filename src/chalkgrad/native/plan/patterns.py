"""Which entries of an array may be other than 0, and which are ever needed, where that is known before it is run.

An array that starts as zeros and is written at places that are known, such as a triangle, is 0 at all others; of an
array that is read at such places alone, the others are not needed. Products of matrices go by that: they leave out the
terms that are 0, and the entries that nobody needs.

A pattern is an array of truth values with the axes of what it is of, where an axis along which it stays the same is of
one place.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from chalkgrad.native.plan.rewrite import buffer_of, reads
from chalkgrad.native.plan.statements import Statement, extent
from chalkgrad.native.tree import Buffer
from chalkgrad.ops.scalars import Axis, Cast, Expr, Fn, Lit, Place, Read, inside_out

Pattern = np.ndarray[Any, Any]

# A pattern is worked out where it takes so many entries at most.
LARGEST = 40_000


@final
@dataclass(frozen=True)
class Patterns:
    """What may be other than 0, and what is needed; of what is not in here, everything."""

    filled: Mapping[Buffer, Pattern]
    needed: Mapping[Buffer, Pattern]


NOTHING_KNOWN = Patterns({}, {})


def patterns(statements: Sequence[Statement], wanted: Collection[Buffer]) -> Patterns:
    """The patterns of all that these statements make. Nothing is known where no statement writes a part of an array."""
    if all([s.kind != "set" or _all_of_it(s) for s in statements]):
        return NOTHING_KNOWN
    return Patterns(_filled(statements), _needed(statements, wanted))


def _whole(buffer: Buffer) -> Pattern:
    return np.ones((1,) * len(buffer.shape), bool)


def _filled(statements: Sequence[Statement]) -> dict[Buffer, Pattern]:
    found: dict[Buffer, Pattern] = {}
    for s in statements:
        written = _written(s, found)
        for buffer in (s.into, *s.others):
            new = written if buffer is s.into else _whole(buffer)
            if buffer not in found:  # or else there may be more in it, put there before
                found[buffer] = new if _all_of_it(s) else _whole(buffer)
            else:
                found[buffer] = found[buffer] | new
    return {b: p for b, p in found.items() if not p.all()}


def _all_of_it(s: Statement) -> bool:
    return len(s.index) == len(s.into.shape) and all([_along(s.index, d, n, ()) for d, n in enumerate(s.into.shape)])


def _written(s: Statement, known: Mapping[Buffer, Pattern]) -> Pattern:
    """Where a statement may write anything but 0."""
    value = s.value
    while (isinstance(value, Cast) and value.dtype.startswith("float")) or _is_negative(value):
        value = value.arg if isinstance(value, Cast) else value.args[0]  # type: ignore[attr-defined]  # a negative
    if s.kind != "set" or len(s.index) != len(s.into.shape):
        return _whole(s.into)
    if isinstance(value, Lit) and value.value == 0:
        return np.zeros((1,) * len(s.into.shape), bool)
    select = None
    if isinstance(value, Read) and value.source in known:
        select = _chosen(value.index, value.source.shape, known[value.source])
    return _footprint(s.index, s.into.shape, select)


def _is_negative(e: Expr) -> bool:
    return isinstance(e, Fn) and e.name == "negative"


def _needed(statements: Sequence[Statement], wanted: Collection[Buffer]) -> dict[Buffer, Pattern]:
    found: dict[Buffer, Pattern] = {b: _whole(b) for b in wanted}
    for s in reversed(statements):
        for b in s.given:
            found[b] = _whole(b)
        plain = s.kind == "set" or (s.kind == "combine" and s.start is not None)
        mask = found.get(s.into) if plain and len(s.index) == len(s.into.shape) else None
        select = None if mask is None or mask.all() else _chosen(s.index, s.into.shape, mask)
        for e in s.expressions():
            for read in reads(e):
                buffer = buffer_of(read)
                new = _footprint(read.index, buffer.shape, select) if buffer.shape else _whole(buffer)
                found[buffer] = found[buffer] | new if buffer in found else new
    return {b: p for b, p in found.items() if not p.all()}


@final
@dataclass(frozen=True)
class _Select:
    """Some of the places of these axes."""

    axes: tuple[Axis, ...]
    taken: Pattern


def _chosen(index: tuple[Expr, ...], shape: tuple[int, ...], mask: Pattern) -> _Select | None:
    """For which places of its axes an index leads to where a pattern holds; None where that is not known."""
    dims = [d for d in range(len(shape)) if mask.shape[d] > 1]
    axes = _axes([index[d] for d in dims])
    places = _places([index[d] for d in dims], axes)
    if places is None:
        return None
    kept = mask.reshape([n for n in mask.shape if n > 1])
    taken = np.broadcast_to(kept[tuple(places)], [extent(a) for a in axes])
    return _Select(axes, taken)


def _footprint(index: tuple[Expr, ...], shape: tuple[int, ...], select: _Select | None) -> Pattern:
    """Where an index leads, for all places of its axes, or for those that are selected."""
    whole = np.ones((1,) * len(shape), bool)
    some = () if select is None else select.axes
    dims = [d for d in range(len(shape)) if not _along(index, d, shape[d], some)]
    if not dims or math.prod([shape[d] for d in dims]) > LARGEST:
        return whole
    axes = tuple(dict.fromkeys([*_axes([index[d] for d in dims]), *some]))
    places = _places([index[d] for d in dims], axes)
    if places is None:
        return whole
    grid = [extent(a) for a in axes]
    taken = np.ones(grid, bool)
    if select is not None:
        order = [a for a in axes if a in select.axes]
        turned = select.taken.transpose([select.axes.index(a) for a in order])
        taken = taken & turned.reshape([extent(a) if a in select.axes else 1 for a in axes])
    found = np.zeros([shape[d] for d in dims], bool)
    at = [np.broadcast_to(p, grid)[taken] for p in places]
    # what would lie outside, as in a padding, is in a branch that is not taken there
    inside = np.all([(a >= 0) & (a < shape[d]) for a, d in zip(at, dims, strict=True)], axis=0)
    found[tuple([a[inside] for a in at])] = True
    return found.reshape([shape[d] if d in dims else 1 for d in range(len(shape))])


def _along(index: tuple[Expr, ...], d: int, size: int, selected: Collection[Axis]) -> bool:
    """Whether a counter of its own runs along an axis, from one end to the other, and nowhere else."""
    place = index[d]
    if not isinstance(place, Place) or place.axis in selected or extent(place.axis) != size:
        return False
    return place.axis not in _axes([e for k, e in enumerate(index) if k != d])


def _axes(exprs: Sequence[Expr]) -> tuple[Axis, ...]:
    return tuple(dict.fromkeys([p.axis for e in exprs for p in inside_out(e) if isinstance(p, Place)]))


def _places(exprs: Sequence[Expr], axes: Sequence[Axis]) -> list[Pattern] | None:
    """The numbers that these are, for all places of the axes; None where they are known only later, or are too many."""
    if math.prod([extent(a) for a in axes]) > LARGEST:
        return None
    made: dict[Expr, Pattern | None] = {}
    for e in exprs:
        for part in inside_out(e):
            if part not in made:
                made[part] = _numbers(part, axes, made)
    found = [made[e] for e in exprs]
    known = [f for f in found if f is not None]
    return known if len(known) == len(found) else None


def _numbers(e: Expr, axes: Sequence[Axis], made: Mapping[Expr, Pattern | None]) -> Pattern | None:
    if isinstance(e, Place):
        return np.arange(extent(e.axis)).reshape([-1 if a is e.axis else 1 for a in axes])
    if isinstance(e, Lit):
        return np.full((1,) * len(axes), e.value) if e.dtype == "int64" else None
    if isinstance(e, Fn) and e.name in ("add", "subtract", "multiply") and e.dtype == "int64":
        a, b = [made[x] for x in e.args]
        return None if a is None or b is None else getattr(np, e.name)(a, b)
    if isinstance(e, Read) and isinstance(e.source, Buffer) and e.source.values is not None and e.dtype == "int64":
        places = [made[i] for i in e.index]
        known = [p for p in places if p is not None]
        return e.source.values[tuple(known)] if len(known) == len(places) else None
    return None


__all__ = ["NOTHING_KNOWN", "Pattern", "Patterns", "patterns"]

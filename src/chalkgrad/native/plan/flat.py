"""Results that are made of flat arrays, entry by entry in their order, made in one loop over all their entries.

A reshape goes back as a reshape: what it gives lies in memory as what it reads does, so both may share a loop.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from chalkgrad.native.plan.affine import line
from chalkgrad.native.plan.rewrite import Rewrite, buffer_of, reads
from chalkgrad.native.plan.statements import Statement, extents
from chalkgrad.native.plan.views import lying
from chalkgrad.native.tree import Buffer
from chalkgrad.ops.kernel import Axis, Expr, Place, Read, inside_out


def flattened(statements: Sequence[Statement]) -> list[Statement]:
    """The statements, with others for those that make such a result."""
    touched: dict[Buffer, int] = {}
    for s in statements:
        read = [buffer_of(r) for e in s.expressions() for r in reads(e)]
        for buffer in (s.into, *s.others, *s.given, *read):
            touched[buffer] = touched.get(buffer, 0) + 1
    views: dict[Buffer, Buffer] = {}
    return [s if touched[s.into] > 1 else _flat(s, views) for s in statements]


def _flat(s: Statement, views: dict[Buffer, Buffer]) -> Statement:
    """The statement over all entries in a row, where it may be; else as it is."""
    axes = [i.axis for i in s.index if isinstance(i, Place)]
    whole = len(axes) > 1 and axes == list(s.axes) and extents(axes) == s.into.shape
    if s.kind != "set" or s.ordered or s.into.space != "output" or not whole:
        return s
    steps = {a: math.prod(extents(axes[k + 1 :])) for k, a in enumerate(axes)}
    row = Axis(s.into.size)
    flat = 0

    def reading(read: Read, index: tuple[Expr, ...]) -> Expr:
        nonlocal flat
        source = buffer_of(read)
        known = line(read.index[0]) if len(read.index) == 1 else None
        if known is not None and known.steps == steps:
            flat += 1
            return Read(source, (Place(row) + known.start,), read.dtype)
        if source.space == "input" and source.shape == s.into.shape and _straight(read.index, axes):
            return Read(lying(source, (source.size,), views), (Place(row),), read.dtype)
        return read

    value = Rewrite({}, reading)(s.value)
    if not flat or any([isinstance(p, Place) and p.axis in steps for p in inside_out(value)]):
        return s
    return replace(s, into=lying(s.into, (s.into.size,), views), index=(Place(row),), axes=(row,), value=value)


def _straight(index: Sequence[Expr], axes: Sequence[Axis]) -> bool:
    return [i.axis for i in index if isinstance(i, Place)] == axes


__all__ = ["flattened"]

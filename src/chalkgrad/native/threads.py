"""Long loops in parts, which threads may do.

How many parts there are hangs on the loop and not on the number of threads, and what the parts combine is put together
in their order: a function gives the same numbers, bit for bit, however many threads there are. Only products of large
matrices are the library's own, and are the same for the same number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from chalkgrad.native.emit.homes import homes
from chalkgrad.native.emit.loops import along
from chalkgrad.native.plan.rewrite import operations
from chalkgrad.native.tree import (
    Buffer,
    Choose,
    Combine,
    Loop,
    Product,
    Set,
    Stmt,
    Tree,
    expressions,
    read_by,
    walk,
    written,
)
from chalkgrad.native.windows import windows
from chalkgrad.ops.scalars import ARITHMETIC, TRUTH, Axis, Expr, Lit, Place, Read, lift

# So many parts a loop has, from so much work on: 0.2 ms, at ten operations in a nanosecond.
PARTS = 32
WORTH = 2e6
# A function takes as long as so many operations.
FUNCTION = 20
# What the parts combine on their own may be a tenth of the work.
SHARE = 0.1


def in_parts(tree: Tree) -> Tree:
    """The tree with its long outermost loops in parts, before any of them has lanes."""
    inside = homes(tree.body)
    body: list[Stmt] = []
    for stmt in tree.body:
        found = _parted(stmt, inside) if isinstance(stmt, Loop) else None
        body += [stmt] if found is None else found
    return replace(tree, body=body)


def _parted(loop: Loop, inside: dict[Buffer, tuple[Loop, ...]]) -> list[Stmt] | None:
    if loop.role != "parallel" or loop.extent < 2:
        return None
    whole = work(loop)
    if whole < WORTH:
        return None
    shared = _shared(loop, inside)
    if shared is None or PARTS * sum([b.size for b in shared]) > SHARE * whole:
        return None
    part = Axis(PARTS)
    own = {b: Buffer(f"{b.name}_parts", b.dtype, (PARTS, *b.shape), "arena") for b in shared}
    begun = [_every(b.shape, lambda at, b=b, s=s: _begin(own[b], s, part, at)) for b, s in shared.items()]
    body = [_redirected(s, own, part) for s in loop.body]
    inner = Loop(loop.axis, body, "parallel", part=part)
    ended = [_every(b.shape, lambda at, b=b, s=s: _together(b, own[b], s, at)) for b, s in shared.items()]
    return [Loop(part, [*begun, inner], "thread"), *ended]


def work(stmt: Stmt) -> float:
    """About how many operations a statement takes, all turns together."""
    if isinstance(stmt, Loop):
        turns = 1 if windows(stmt) else stmt.run or stmt.extent
        return turns * sum([work(s) for s in stmt.body])
    if isinstance(stmt, Product):
        return 0.0
    simple = ARITHMETIC | TRUTH | {"divide", "sqrt", "where", "place"}
    found = [1 if e.name in simple else FUNCTION for x in expressions(stmt) for e in operations(x)]
    return 1.0 + sum(found)


def _shared(loop: Loop, inside: dict[Buffer, tuple[Loop, ...]]) -> dict[Buffer, Combine] | None:
    """What turns combine into the same entries; None where that is not all that they share."""
    found: dict[Buffer, Combine] = {}
    read: set[Buffer] = set()
    for stmt in walk(loop.body):
        if isinstance(stmt, Loop):
            continue
        if isinstance(stmt, Product):
            return None
        read.update(read_by(stmt))
        for buffer in written(stmt):
            if loop in inside.get(buffer, ()) or _apart(stmt, loop.axis):
                continue
            if not isinstance(stmt, Combine) or found.setdefault(buffer, stmt).how != stmt.how:
                return None
    return None if read & found.keys() else found


def _apart(stmt: Set | Combine | Choose, axis: Axis) -> bool:
    """Whether each turn writes entries of its own."""
    if isinstance(stmt, Set):
        return any([along(e, axis) for e in stmt.index])
    return any([isinstance(e, Place) and e.axis is axis for e in stmt.index])


def _begin(own: Buffer, stmt: Combine, part: Axis, at: tuple[Expr, ...]) -> Stmt:
    return Set(own, (lift(part), *at), _neutral(stmt), stmt.step)


def _neutral(stmt: Combine) -> Expr:
    """What changes nothing that it is combined with."""
    dtype = stmt.into.dtype
    if stmt.how in ("any", "all") or dtype == "bool":
        return Lit(stmt.how in ("all", "min", "prod"), "bool", False)
    if stmt.how in ("sum", "prod"):
        value = 1 if stmt.how == "prod" else -0.0 if dtype.startswith("float") else 0
        return Lit(float(value) if dtype.startswith("float") else value, dtype, False)
    low = stmt.how == "max"
    if dtype.startswith("float"):
        return Lit(-np.inf if low else np.inf, dtype, False)
    return Lit(-(2**63) if low else 2**63 - 1, dtype, False)


def _together(into: Buffer, own: Buffer, stmt: Combine, at: tuple[Expr, ...]) -> Stmt:
    part = Axis(PARTS)
    entry = Read(own, (lift(part), *at), own.dtype)
    return Loop(part, [Combine(into, at, stmt.how, entry, stmt.step)])


def _every(shape: Sequence[int], inner: Callable[[tuple[Expr, ...]], Stmt]) -> Stmt:
    """A statement for every place of an array."""
    axes = [Axis(n) for n in shape]
    stmt = inner(tuple([lift(a) for a in axes]))
    for axis in reversed(axes):
        stmt = Loop(axis, [stmt], "parallel")
    return stmt


def _redirected(stmt: Stmt, own: dict[Buffer, Buffer], part: Axis) -> Stmt:
    if isinstance(stmt, Loop):
        return replace(stmt, body=[_redirected(s, own, part) for s in stmt.body])
    if isinstance(stmt, Combine) and stmt.into in own:
        return replace(stmt, into=own[stmt.into], index=(lift(part), *stmt.index))
    return stmt


__all__ = ["PARTS", "in_parts", "work"]

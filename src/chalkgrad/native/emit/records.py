"""What one turn of a long loop keeps, side by side: rows of many arrays as one row.

A scan keeps what its way back reads: a few numbers a turn of each of many values. In an array for each, these are as
many places of memory at every turn, more than a processor sees coming, and may get into each other's way in its cache.
So a turn's numbers of a value lie together, whatever other loops would like better; and values of one shape that the
same loops have to do with are one array, in which all that is of a turn lies together.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from chalkgrad.native.emit.layout import Index, rewritten
from chalkgrad.native.emit.text import BYTES
from chalkgrad.native.plan.rewrite import Rewrite
from chalkgrad.native.tree import Buffer, Choose, Loop, Product, Stmt, Tree, expressions, read_by, walk, written
from chalkgrad.ops.scalars import Axis, Expr, Place, Read, inside_out, lift

# So many turns are long, and a row is of so many entries at most.
LONG, ROW = 512, 32
# So many arrays are too many, where they are of so many bytes in all.
MANY, LARGE = 4, 2**18


def by_turns(tree: Tree) -> set[Buffer]:
    """The arrays of which a long loop, whose turns follow one another, has to do with a short row at each turn."""
    found: set[Buffer] = set()
    for b, index, axes in _touched(tree.body, frozenset()):
        short = len(b.shape) > 1 and b.shape[0] >= LONG and math.prod(b.shape[1:]) <= ROW
        if (
            short
            and b.space == "arena"
            and any([isinstance(p, Place) and p.axis in axes for p in inside_out(index[0])])
        ):
            found.add(b)
    return found


def in_records(tree: Tree) -> Tree:
    """The tree, in which such arrays are one where they are alike."""
    touching: dict[Buffer, list[int]] = {}
    apart: set[Buffer] = set()
    for k, nest in enumerate(tree.body):
        for s in walk([nest]):
            met = [*written(s), *read_by(s)]
            if isinstance(s, (Product, Choose)):
                apart.update(met)
            for b in met:
                where = touching.setdefault(b, [k])
                if where[-1] != k:
                    where.append(k)
    rows = by_turns(tree) - apart
    alike: dict[tuple[str, tuple[int, ...], tuple[int, ...]], list[Buffer]] = {}
    for b, where in touching.items():
        if b in rows:
            alike.setdefault((b.dtype, b.shape, tuple(where)), []).append(b)
    into: dict[Buffer, tuple[Buffer, int]] = {}
    for (dtype, shape, _), found in alike.items():
        if len(found) >= MANY and len(found) * found[0].size * BYTES[dtype] >= LARGE:
            whole = Buffer("kept", dtype, (shape[0], len(found), *shape[1:]), "arena")
            into.update({b: (whole, k) for k, b in enumerate(found)})
    if into:
        _together(tree.body, into)
    return tree


def _touched(body: Sequence[Stmt], turns: frozenset[Axis]) -> Iterator[tuple[Buffer, Index, frozenset[Axis]]]:
    """What is read or written, where, and the counters of such loops around."""
    for s in body:
        if isinstance(s, Loop):
            yield from _touched(s.body, turns | {s.axis} if s.role == "serial" and s.extent >= LONG else turns)
        elif turns and not isinstance(s, Product):
            yield from [(b, s.index, turns) for b in written(s)]
            for e in expressions(s):
                yield from [(p.source, p.index, turns) for p in inside_out(e) if isinstance(p, Read)]


def _together(body: Sequence[Stmt], into: dict[Buffer, tuple[Buffer, int]]) -> None:
    def at(b: Buffer, index: Index) -> Index:
        return (index[0], lift(into[b][1]), *index[1:]) if b in into else index

    def read(e: Read, index: Index) -> Expr:
        found = into.get(e.source)
        return Read(e.source if found is None else found[0], at(e.source, index), e.dtype)

    rewritten(body, Rewrite({}, read), at)
    for s in walk(body):
        if not isinstance(s, (Loop, Product, Choose)) and s.into in into:
            s.into, _ = into[s.into]


__all__ = ["by_turns", "in_records"]

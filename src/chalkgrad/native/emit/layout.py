"""Entries in the order in which lanes take them: what is stored has its axes turned, what is read often is packed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from chalkgrad.native.emit.lane_costs import OFTEN, Lanes, lane_axis, lane_step, reuse
from chalkgrad.native.emit.memory import SHORT_ROW
from chalkgrad.native.plan.rewrite import Rewrite
from chalkgrad.native.tree import Buffer, Choose, Combine, Loop, Product, Set, Stmt, Tree, expressions, walk, written
from chalkgrad.ops.scalars import Axis, Expr, Place, Read, inside_out, lift

# An input of so many entries or fewer is packed whole, at the head; a longer one only in pieces, within the loop.
LARGEST_PACKED = 2**21
# Of a piece, so many entries a lane.
LARGEST_ROW = 256

Index = tuple[Expr, ...]


def turned(tree: Tree, last: Mapping[Buffer, int]) -> None:
    """Put the axis that lanes run along last, where values are stored for the time of the call."""
    orders = {b: k for b, k in last.items() if 0 <= k < len(b.shape) - 1}
    choices = [s for s in walk(tree.body) if isinstance(s, Choose)]
    while apart := [s for s in choices if orders.get(s.best) != orders.get(s.place)]:  # one index serves both
        for b in (b for s in apart for b in written(s)):
            orders.pop(b, None)
    if not orders:
        return

    def order(b: Buffer, entries: Sequence[Expr]) -> Index:
        k = orders[b]
        return (*entries[:k], *entries[k + 1 :], entries[k])

    def read(e: Read, index: Index) -> Expr:
        return Read(e.source, order(e.source, index), e.dtype) if e.source in orders else Read(e.source, index, e.dtype)

    rewritten(tree.body, Rewrite({}, read), lambda b, index: order(b, index) if b in orders else index)
    for b, k in orders.items():
        b.shape = (*b.shape[:k], *b.shape[k + 1 :], b.shape[k])


def rewritten(body: Sequence[Stmt], changed: Rewrite, place: Callable[[Buffer, Index], Index]) -> None:
    for s in walk(body):
        if isinstance(s, (Set, Combine)):
            s.index = place(s.into, tuple([changed(e) for e in s.index]))
            s.value = changed(s.value)
        elif isinstance(s, Choose):
            s.index = place(s.best, tuple([changed(e) for e in s.index]))
            s.value, s.at = changed(s.value), changed(s.at)


def packed(tree: Tree, lanes: Mapping[Loop, Lanes]) -> None:
    """Copies of what is read often, and out of order for the lanes that read it."""
    body: list[Stmt] = []
    for stmt in tree.body:
        if isinstance(stmt, Loop):
            body.extend(_packed_whole(stmt, lanes))
        body.append(stmt)
    tree.body[:] = body


def _packed_whole(nest: Loop, lanes: Mapping[Loop, Lanes]) -> list[Stmt]:
    """Copies for a nest, made before it; and within its loops, copies of what one turn reads."""
    begun: list[Stmt] = []
    copies: dict[tuple[Buffer, int], Buffer] = {}
    # what a nest writes may be another number at each turn of a loop in it
    changed = {b for s in walk([nest]) for b in written(s)}

    def visit(stmt: Stmt, around: tuple[Axis, ...]) -> None:
        if not isinstance(stmt, Loop):
            return
        around = tuple([a for a in around if a is not stmt.part])  # of what it runs through, a part is no other turn
        if stmt.role == "lane" and stmt in lanes:
            _pack(stmt, around, lanes[stmt], copies, begun, changed)
            return
        for s in stmt.body:
            visit(s, (*around, stmt.axis))

    visit(nest, ())
    return begun


def _pack(
    loop: Loop,
    around: tuple[Axis, ...],
    lanes: Lanes,
    copies: dict[tuple[Buffer, int], Buffer],
    begun: list[Stmt],
    changed: set[Buffer],
) -> None:
    within: dict[tuple[Buffer, int], list[tuple[Read, tuple[Axis, ...]]]] = {}
    for read, inner in _reads(loop.body, ()):
        if read.source in changed or read.source.space not in ("input", "table", "arena"):
            continue
        axis = lane_axis(read.index, loop.axis)
        if axis is None or len(read.source.shape) < 2 or not isinstance(read.index[axis], Place):
            continue
        step = lane_step(read.source, read.index, lanes)
        if step is None or abs(step) <= SHORT_ROW:
            continue
        within.setdefault((read.source, axis), []).append((read, inner))
    swaps: dict[tuple[Buffer, int], tuple[Buffer, bool]] = {}
    rows: list[Stmt] = []
    for (b, axis), reads in within.items():
        shape = (*b.shape[:axis], *b.shape[axis + 1 :])
        size = max(b.size // b.shape[axis], 1)
        # of one turn every read counts, however often its loops come round
        each = sum([_count(inner) for _, inner in reads])
        if size <= LARGEST_ROW and each >= OFTEN * size and not _outer(reads, around):
            own = Buffer(f"{b.name}_row", b.dtype, shape, "local")
            rows.append(_copied(own, b, axis, lift(loop.axis)))
            swaps[b, axis] = (own, True)
        elif (
            max([reuse(r.index, (*around, loop.axis, *inner)) for r, inner in reads]) >= OFTEN
            and b.size <= LARGEST_PACKED
        ):
            if (b, axis) not in copies:
                copies[b, axis] = own = Buffer(f"{b.name}_packed", b.dtype, (*shape, b.shape[axis]), "arena")
                begun.append(_copied(own, b, axis, None))
            swaps[b, axis] = (copies[b, axis], False)
    if not swaps:
        return

    def instead(e: Read, index: Index) -> Expr:
        axis = lane_axis(index, loop.axis)
        found = None if axis is None or not isinstance(index[axis], Place) else swaps.get((e.source, axis))
        if found is None or axis is None:
            return Read(e.source, index, e.dtype)
        rest = (*index[:axis], *index[axis + 1 :])
        return Read(found[0], rest if found[1] else (*rest, index[axis]), e.dtype)

    rewritten(loop.body, Rewrite({}, instead), lambda b, index: index)
    loop.body[:0] = rows


def _outer(reads: Sequence[tuple[Read, tuple[Axis, ...]]], around: Sequence[Axis]) -> bool:
    """Whether what is read hangs on loops around: then a turn reads but a part of it."""
    met = {p.axis for r, _ in reads for e in r.index for p in inside_out(e) if isinstance(p, Place)}
    return not met.isdisjoint(around)


def _count(inner: Sequence[Axis]) -> int:
    total = 1
    for a in inner:
        total *= int(str(a.extent))
    return total


def _reads(body: Sequence[Stmt], inner: tuple[Axis, ...]) -> list[tuple[Read, tuple[Axis, ...]]]:
    found: list[tuple[Read, tuple[Axis, ...]]] = []
    for s in body:
        if isinstance(s, Loop):
            found.extend(_reads(s.body, (*inner, s.axis)))
        elif not isinstance(s, Product):
            found.extend([(p, inner) for e in expressions(s) for p in inside_out(e) if isinstance(p, Read)])
    return found


def _copied(own: Buffer, b: Buffer, axis: int, row: Expr | None) -> Stmt:
    """All entries of `b`, or those of a row, in the order of `own`."""
    axes = [Axis(n) for n in b.shape]
    at: list[Expr] = [lift(a) for a in axes]
    if row is not None:
        at[axis] = row
    rest = [lift(a) for k, a in enumerate(axes) if k != axis]
    index = rest if row is not None else [*rest, at[axis]]
    stmt: Stmt = Set(own, tuple(index), Read(b, tuple(at), b.dtype))
    for k in reversed(range(len(axes))):
        if k != axis:
            stmt = Loop(axes[k], [stmt], "parallel")
    return stmt if row is not None else Loop(axes[axis], [stmt], "parallel")


__all__ = ["Index", "packed", "rewritten", "turned"]

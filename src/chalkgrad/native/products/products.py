"""Which sums of products are done as a whole by a routine, and which are left to the loops around them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from math import prod
from typing import Any

from chalkgrad.native.plan.affine import Steps, strides
from chalkgrad.native.plan.patterns import NOTHING_KNOWN, Pattern, Patterns
from chalkgrad.native.products import blas
from chalkgrad.native.products.contract import Contraction, Known, Manner, Way, best, contraction, turned
from chalkgrad.native.products.padding import padded, plain
from chalkgrad.native.products.routines import Plan
from chalkgrad.native.tree import Buffer, Loop, Product, Set, Stmt
from chalkgrad.ops.scalars import Axis, Expr, Fn, Lit, Place, Read

# A routine is called where there are so many products at least, and so many for each entry that is read or written:
# below, loops that are fused with what is around them take no longer, and keep their results in registers.
FEWEST = 32**3
FOR_AN_ENTRY = 7.0
# Rows, columns and terms are at least so many each.
SHORTEST = 6
# A factor with zeros around it would have a condition in the innermost loop: there fewer will do.
SHORTEST_PADDED = 4
# By how much a product is slower whose factor was copied as a whole, and not in parts that stay near.
FAR = 1.2


def product(
    into: Buffer,
    index: tuple[Expr, ...],
    axes: Sequence[Axis],
    over: Sequence[Axis],
    body: Expr,
    step: Any,
    known: Patterns = NOTHING_KNOWN,
) -> list[Stmt] | None:
    """The statements for `into[index] = Σ over of body`, or None where it is better done in the loops around it."""
    if not over or into.dtype not in blas.ROUTINES or body.dtype != into.dtype:
        return None
    found = _whole(into, index, axes, over, plain(body), SHORTEST, known)
    if found is not None:
        manner, one = found
        one.step = step
        # what nobody needs is left out, and is 0
        return [_cleared(into, index, axes, step), one] if manner.leaves_out else [one]
    return _with_zeros(into, index, axes, over, body, step)


def _whole(
    into: Buffer,
    index: tuple[Expr, ...],
    axes: Sequence[Axis],
    over: Sequence[Axis],
    body: Expr,
    shortest: int,
    known: Patterns = NOTHING_KNOWN,
) -> tuple[Manner, Product] | None:
    """One product, and what it costs."""
    factors = _factors(body, into.dtype)
    if factors is None:
        return None
    left, right = factors
    own = (*axes, *over)
    entries = [(into, index), (left.source, left.index), (right.source, right.index)]
    found = [strides(buffer.shape, places, own) for buffer, places in entries]
    ways = [f for f in found if f is not None]
    made = contraction(into.dtype, own, *ways) if len(ways) == 3 else None
    if made is None or not _large(made, shortest, [b.size for b, _ in entries]):
        return None
    made = _with_patterns(made, entries, ways, over, known)
    manners = [(best(made), left, right), (best(turned(made)), right, left)]
    chosen = min([(m.cost, k) for k, (m, _, _) in enumerate(manners) if m is not None], default=None)
    if chosen is None:
        return None
    manner, left, right = manners[chosen[1]]
    assert manner is not None
    table = Buffer("plan", "int64", manner.plan.shape, "table", manner.plan)
    routine = blas.ROUTINES[into.dtype]
    return manner, Product(routine, into, index, tuple(axes), tuple(over), body, left, right, table)


def _with_patterns(
    c: Contraction,
    entries: Sequence[tuple[Buffer, tuple[Expr, ...]]],
    ways: Sequence[Steps],
    over: Sequence[Axis],
    known: Patterns,
) -> Contraction:
    """The same with what is known of its entries."""
    into, left, right = ways

    def way(axis: Axis) -> Way:
        return Way(_extent(axis), into.get(axis, 0), left.get(axis, 0), right.get(axis, 0))

    def pattern(k: int, of: Mapping[Buffer, Pattern], is_first: Callable[[Axis], bool]) -> Known | None:
        buffer, index = entries[k]
        mask = of.get(buffer)
        if mask is None:
            return None
        dims = [d for d in range(mask.ndim) if mask.shape[d] > 1]
        axes = [place.axis for d in dims if isinstance(place := index[d], Place)]
        if len(axes) != 2 or len(dims) != 2 or is_first(axes[0]) == is_first(axes[1]):
            return None
        flat = mask.reshape([mask.shape[d] for d in dims])
        if is_first(axes[1]):
            axes, flat = axes[::-1], flat.T
        return Known(way(axes[0]), way(axes[1]), flat)

    return replace(
        c,
        left=pattern(1, known.filled, lambda a: a in over),
        right=pattern(2, known.filled, lambda a: a in over),
        needed=pattern(0, known.needed, lambda a: a in left),
    )


def _factors(body: Expr, dtype: str) -> tuple[Read, Read] | None:
    """What a body multiplies, where that is two entries of arrays of this dtype."""
    if not isinstance(body, Fn) or body.name != "multiply":
        return None
    reads = [part for part in [plain(a) for a in body.args] if isinstance(part, Read) and part.dtype == dtype]
    return (reads[0], reads[1]) if len(reads) == 2 else None


def _large(c: Contraction, shortest: int, sizes: Sequence[int]) -> bool:
    """Whether the work is that of matrices, and enough of it for arrays of these sizes."""

    def count(ways: Sequence[Way]) -> int:
        return prod([w.extent for w in ways])

    rows, columns, terms = count(c.rows), count(c.columns), count(c.terms)
    turns, products = count(c.turns), rows * columns * terms
    met = [min(turns * n, size) for n, size in zip((rows * columns, rows * terms, columns * terms), sizes, strict=True)]
    worth = FOR_AN_ENTRY if shortest == SHORTEST else 0.0
    return min(rows, columns, terms) >= shortest and products >= FEWEST and turns * products >= worth * sum(met)


def _with_zeros(
    into: Buffer, index: tuple[Expr, ...], axes: Sequence[Axis], over: Sequence[Axis], body: Expr, step: Any
) -> list[Stmt] | None:
    """The same for a factor that is 0 beyond the ends of its array, which is copied with its zeros first."""
    found: list[tuple[float, list[Stmt]]] = []
    for outside in _choices(axes, over):
        made = padded(body, outside, step)
        if made is None:
            return None
        if set(made.turns) != set(outside):
            continue
        inner = [a for a in axes if a not in made.turns], [a for a in over if a not in made.turns]
        whole = _whole(into, index, *inner, made.body, SHORTEST_PADDED)
        if whole is None:
            continue
        manner, one = whole
        one.step = step
        stmts: list[Stmt] = [*made.copy, one]
        times = 1
        for axis in reversed(made.turns):
            stmts = [Loop(axis, stmts)]
            times *= _extent(axis)
        if any(a in over for a in made.turns):
            one.add = True
            manner.plan[Plan.ADD] = 1
            stmts = [_cleared(into, index, axes, step), *stmts]
        far = 1.0 if made.turns else FAR
        found.append((manner.cost * times * far, [*made.zeros, *stmts]))
    return min(found, key=lambda f: f[0])[1] if found else None


def _choices(axes: Sequence[Axis], over: Sequence[Axis]) -> Iterator[tuple[Axis, ...]]:
    """Which axes may be turns around the copy: none, or one."""
    for count in range(2):
        yield from combinations((*axes, *over), count)


def _extent(axis: Axis) -> int:
    assert isinstance(axis.extent, int)
    return axis.extent


def _cleared(into: Buffer, index: tuple[Expr, ...], axes: Sequence[Axis], step: Any) -> Stmt:
    """The result set to 0, to which every turn then adds."""
    stmt: Stmt = Set(into, index, Lit(0.0, into.dtype, False), step)
    for axis in reversed(axes):
        stmt = Loop(axis, [stmt], "parallel")
    return stmt


__all__ = ["product"]

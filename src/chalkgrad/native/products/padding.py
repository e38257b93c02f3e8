"""A factor that is 0 beyond the ends of its array, as in a convolution: it is read from a copy that has the zeros.

    Σ where(0 <= i + k - 1 and i + k - 1 < n, x[b, i + k - 1] · w[k], 0)    is    Σ copy[i + k] · w[k]

An axis that is only counted along, as the examples are, has a turn of a loop for each of its places, and the copy is of
one of them: so it stays near.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

from chalkgrad.native.plan.affine import Line, line
from chalkgrad.native.tree import Buffer, Loop, Set, Stmt
from chalkgrad.ops.scalars import Axis, Cast, Expr, Fn, Lit, Place, Read, lift


@final
@dataclass(frozen=True, eq=False)
class Padded:
    """What stands for a body: the factors multiplied, one of them of the copy; and what makes the copy.

    `zeros` are done once; `copy` in every turn of `turns`, before the product.
    """

    body: Expr
    turns: tuple[Axis, ...]
    zeros: list[Stmt]
    copy: list[Stmt]


def plain(e: Expr) -> Expr:
    """Without casts that change nothing."""
    while isinstance(e, Cast) and e.arg.dtype == e.dtype:
        e = e.arg
    return e


def padded(body: Expr, outside: Sequence[Axis], step: Any) -> Padded | None:
    """A body that is 0 where one of its two factors is read outside of its array; None where that is not all.

    `outside` are axes that may have a loop around the copy.
    """
    body = plain(body)
    if not isinstance(body, Fn) or body.name != "where":
        return None
    condition, product, other = body.args
    product = plain(product)
    if not _is_zero(other) or not isinstance(product, Fn) or product.name != "multiply":
        return None
    bounds = _bounds(condition)
    factors = [plain(a) for a in product.args]
    if bounds is None or not all([isinstance(f, Read) and isinstance(f.source, Buffer) for f in factors]):
        return None
    for k, factor in enumerate(factors):
        assert isinstance(factor, Read)
        found = _inside(factor, bounds)
        if found is not None:
            return _made(factors, k, found, outside, body.dtype, step)
    return None


def _is_zero(e: Expr) -> bool:
    e = e.arg if isinstance(e, Cast) else e
    return isinstance(e, Lit) and e.value == 0


def _bounds(condition: Expr) -> list[tuple[Line, int]] | None:
    """The least that each place must be, and the places themselves: `p >= 0` as (p, 0), `p < n` as (-p, 1 - n)."""
    found: list[tuple[Line, int]] = []
    waiting = [condition]
    while waiting:
        e = waiting.pop()
        if not isinstance(e, Fn):
            return None
        if e.name == "logical_and":
            waiting.extend(e.args)
            continue
        a, b = line(e.args[0]), line(e.args[-1])
        if a is None or b is None or b.steps:
            return None
        if e.name == "greater_equal":
            found.append((a, b.start))
        elif e.name == "less":
            found.append((Line(-a.start, {k: -n for k, n in a.steps.items()}), 1 - b.start))
        else:
            return None
    return found


def _inside(read: Read, bounds: list[tuple[Line, int]]) -> list[Line] | None:
    """The places of a read as lines, where these bounds are just what keeps them inside of the array."""
    lines: list[Line] = []
    left = list(bounds)
    for place, n in zip(read.index, read.source.shape, strict=True):
        found = line(place)
        if found is None:
            return None
        lines.append(found)
        least, most = found.range()
        turned = Line(-found.start, {k: -s for k, s in found.steps.items()})
        for kept, wanted in ((least >= 0, (found, 0)), (most < n, (turned, 1 - n))):
            asked = [b for b in left if b == wanted]
            if not kept and not asked:
                return None
            left = [b for b in left if b not in asked]
    return None if left else lines


def _made(
    factors: list[Expr], k: int, lines: list[Line], outside: Sequence[Axis], dtype: str, step: Any
) -> Padded | None:
    read = factors[k]
    assert isinstance(read, Read)
    source: Buffer = read.source
    turns: list[Axis] = []
    index: list[Expr] = []
    shape: list[int] = []
    before: list[int] = []
    kept: list[int] = []
    for place, found, n in zip(read.index, lines, source.shape, strict=True):
        if not kept and isinstance(place, Place) and place.axis in outside:
            turns.append(place.axis)
            continue
        least, most = found.range()
        below = max(0, -least)
        kept.append(n)
        before.append(below)
        shape.append(below + max(n, most + 1))
        index.append(place + below)
    copy = Buffer(f"{source.name}_padded", dtype, tuple(shape), "arena")
    factors = [*factors[:k], copy[tuple(index)], *factors[k + 1 :]]
    over = [Axis(n) for n in shape]
    zeros = _nest(over, Set(copy, tuple([lift(a) for a in over]), Lit(0.0, dtype, False), step))
    over = [Axis(n) for n in kept]
    entry = source[(*turns, *over)]
    target = tuple([lift(a) + b for a, b in zip(over, before, strict=True)])
    inside = _nest(over, Set(copy, target, entry, step))
    return Padded(Fn("multiply", tuple(factors), dtype), tuple(turns), [zeros], [inside])


def _nest(over: Sequence[Axis], inner: Stmt) -> Stmt:
    for axis in reversed(over):
        inner = Loop(axis, [inner], "parallel")
    return inner


__all__ = ["Padded", "padded", "plain"]

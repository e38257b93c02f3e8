"""Temporaries that lie in a result: one whose entries are read for the last time where the result's are set.

An array that is as long as a result need not have room of its own then, and goes to memory once less.
"""

from __future__ import annotations

from collections.abc import Sequence

from chalkgrad.native.plan.rewrite import reads
from chalkgrad.native.plan.scans import rename
from chalkgrad.native.tree import Buffer, Loop, Product, Set, Stmt, expressions, walk, written
from chalkgrad.ops.kernel import Expr, Place

# Below, nothing is gained.
_LEAST = 4096


def in_place(body: Sequence[Stmt], outputs: Sequence[Buffer]) -> None:
    """Let such temporaries of these statements be results; they are changed."""
    where: dict[Buffer, set[int]] = {}
    for k, outer in enumerate(body):
        for stmt in walk([outer]):
            if not isinstance(stmt, Loop):
                for buffer in (*written(stmt), *_read(stmt)):
                    where.setdefault(buffer, set()).add(k)
    whole = {b for s in walk(body) if isinstance(s, Product) for b in (*written(s), *_read(s))}
    taken: set[Buffer] = set()
    for result in outputs:
        touched = where.get(result, set())
        if result.size < _LEAST or len(touched) != 1 or result in whole:
            continue
        (last,) = touched
        setting = _alone(body[last], result)
        if setting is None:
            continue
        for old in [b for b in where if _fits(b, result) and b not in taken | whole]:
            if max(where[old]) == last and min(where[old]) < last and _before(body[last], old, setting):
                rename(body, old, result)
                taken.add(old)
                break


def _read(stmt: Stmt) -> list[Buffer]:
    return [r.source for e in expressions(stmt) for r in reads(e)]


def _fits(buffer: Buffer, result: Buffer) -> bool:
    return buffer.space == "arena" and (buffer.shape, buffer.dtype) == (result.shape, result.dtype)


Setting = tuple[Set, tuple[Loop, ...]]


def _alone(outer: Stmt, result: Buffer) -> Setting | None:
    """The one statement that sets the result, in the loops over its places and no others; nobody reads it."""
    found: list[Setting] = []
    waiting: list[tuple[Stmt, tuple[Loop, ...]]] = [(outer, ())]
    while waiting:
        stmt, loops = waiting.pop()
        if isinstance(stmt, Loop):
            waiting.extend([(s, (*loops, stmt)) for s in stmt.body])
        elif result in _read(stmt):
            return None
        elif result in written(stmt):
            if not isinstance(stmt, Set):
                return None
            found.append((stmt, loops))
    if len(found) != 1:
        return None
    setting, loops = found[0]
    axes = [i.axis for i in setting.index if isinstance(i, Place)]
    straight = len(axes) == len(setting.index) == len(loops) and set(axes) == {loop.axis for loop in loops}
    return found[0] if straight else None


def _before(outer: Stmt, old: Buffer, setting: Setting) -> bool:
    """Whether an entry of `old` is only read here, in the turn that sets the result's, and not behind that."""
    stmt, loops = setting
    innermost = loops[-1].body if loops else [outer]
    for other in walk([outer]):
        if isinstance(other, Loop):
            continue
        if old in written(other):
            return False
        here = [r for e in expressions(other) for r in reads(e) if r.source is old]
        if here and not (other in innermost and innermost.index(other) <= innermost.index(stmt)):
            return False
        if any([not _same(r.index, stmt.index) for r in here]):
            return False
    return True


def _same(a: Sequence[Expr], b: Sequence[Expr]) -> bool:
    return all([isinstance(x, Place) and isinstance(y, Place) and x.axis is y.axis for x, y in zip(a, b, strict=True)])


__all__ = ["in_place"]

"""Loops that only add, and only where something holds: whether it does anywhere is asked first.

`into += where(condition, value, 0)` changes nothing where the condition does not hold. If no lane has it hold for any
statement of a loop, and the loop's own counters have no part in it, no turn of the loop is done.
"""

from __future__ import annotations

from collections.abc import Callable

from chalkgrad.native.emit.guards import Guarded, guarded
from chalkgrad.native.emit.primitives import primitive
from chalkgrad.native.emit.state import State
from chalkgrad.native.emit.statements import safe
from chalkgrad.native.emit.text import typed
from chalkgrad.native.emit.turns import turns
from chalkgrad.native.emit.values import value
from chalkgrad.native.tree import Combine, Loop, walk
from chalkgrad.ops.scalars import Axis, Cast, Expr, Fn, Lit, Place, Read, inside_out, parts


def asked(loop: Loop) -> list[Expr]:
    """The conditions, of which one must hold; none where the loop is to be done anyhow."""
    found: list[Expr] = []
    own: set[Axis] = set()
    for stmt in walk([loop]):
        if isinstance(stmt, Loop):
            own.add(stmt.axis)
            continue
        e = stmt.value
        if not isinstance(stmt, Combine) or stmt.how != "sum" or not isinstance(e, Fn) or e.name != "where":
            return []
        if not isinstance(e.args[2], Lit) or e.args[2].value != 0:
            return []
        if not any([alike(e.args[0], f) for f in found]):
            found.append(e.args[0])
    inner = any([isinstance(p, Place) and p.axis in own for e in found for p in inside_out(e)])
    return [] if inner else found


def where_any(state: State, loop: Loop, conditions: list[Expr], body: Callable[[], None]) -> None:
    """The body of a loop, if one of the conditions holds in any lane."""
    code = state.code
    state.memo = dict(state.kept)
    holds = ""
    for e in conditions:
        found = value(state, guarded(e, state.spans))
        text = state.operand(found, "bool", state.lanes if found.wide else 1)
        if found.wide:
            kind = typed("bool", state.lanes)
            symbol = f"llvm.vector.reduce.or.v{state.lanes}i1"
            code.module.declare(symbol, f"declare i1 @{symbol}({kind})")
            text = code.new(f"call i1 @{symbol}({kind} {text})")
        holds = primitive(code, "logical_or", "bool", (holds, text)) if holds else text
    before = state.kept

    def inside() -> None:
        state.memo = dict(before)
        for e in _steady(state, loop):
            value(state, e)
        state.kept = state.memo
        body()

    # a loop of one turn or none: what is worked out in it is not at hand behind it
    turns(state, Axis(1), "0", code.new(f"zext i1 {holds} to i64"), 1, inside, maybe=True)
    state.kept, state.memo = before, {}


def _steady(state: State, loop: Loop) -> list[Expr]:
    """What the statements of a loop work out that is the same in all its turns."""
    inner = [s for s in walk([loop]) if isinstance(s, Combine)]
    own = {s.axis for s in walk([loop]) if isinstance(s, Loop)}
    moving = {s.into for s in inner}
    found: list[Expr] = []
    for stmt in inner:
        steady: dict[Expr, bool] = {}
        for e in inside_out(safe(state, stmt.value)):
            if isinstance(e, Guarded) or (isinstance(e, Fn) and e.name == "place"):
                steady[e] = False
            elif isinstance(e, Place):
                steady[e] = e.axis not in own
            else:
                steady[e] = all([steady[p] for p in parts(e)]) and not (isinstance(e, Read) and e.source in moving)
            if steady[e] and isinstance(e, (Fn, Cast)) and e.dtype != "int64":
                found.append(e)
    return found


def alike(a: Expr, b: Expr) -> bool:
    """Whether two expressions are written in the same way."""
    if isinstance(a, Fn) and isinstance(b, Fn):
        return (a.name, a.dtype) == (b.name, b.dtype) and _all_alike(a.args, b.args)
    if isinstance(a, Cast) and isinstance(b, Cast):
        return a.dtype == b.dtype and alike(a.arg, b.arg)
    if isinstance(a, Read) and isinstance(b, Read):
        return a.source is b.source and _all_alike(a.index, b.index)
    if isinstance(a, Place) and isinstance(b, Place):
        return a.axis is b.axis
    return isinstance(a, Lit) and isinstance(b, Lit) and (a.dtype, repr(a.value)) == (b.dtype, repr(b.value))


def _all_alike(a: tuple[Expr, ...], b: tuple[Expr, ...]) -> bool:
    return len(a) == len(b) and all([alike(x, y) for x, y in zip(a, b, strict=True)])


__all__ = ["alike", "asked", "where_any"]

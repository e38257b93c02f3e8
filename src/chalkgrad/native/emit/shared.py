"""What the lanes of a loop share is combined by each lane for itself, and by all together when the loop is done."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from chalkgrad.native.emit import memory
from chalkgrad.native.emit.places import form
from chalkgrad.native.emit.state import Partial, State, Store
from chalkgrad.native.emit.statements import choose_by_lane, combined, folded
from chalkgrad.native.emit.text import FLOATS, LITERAL, literal, typed
from chalkgrad.native.emit.turns import turns
from chalkgrad.native.tree import Buffer, Choose, Combine, Loop, Set, read_by, walk, written
from chalkgrad.ops.scalars import Axis, Expr, Place, Read, inside_out, lift

# So many entries are kept once a lane until the loop ends; of more, lanes are folded each time.
LARGEST = 4096
# And so many bytes of such entries in all, copies of them included: they lie on the stack.
ROOM = 2**20

# What lanes share, and a copy of it.
Kept = tuple[Partial, tuple[Store, ...]]

_NEUTRAL = {"sum": 0, "prod": 1, "any": 0, "all": 1}


def _neutral(how: str, dtype: str, lanes: int) -> str:
    if how in _NEUTRAL:
        value = _NEUTRAL[how]
        return literal(float(value) if dtype in FLOATS else value, dtype, lanes)
    least = how in ("min", "argmin")
    if dtype in FLOATS:
        return literal(math.inf if least else -math.inf, dtype, lanes)
    if dtype == "bool":
        return literal(least, dtype, lanes)
    return literal(2**63 - 1 if least else -(2**63), dtype, lanes)


def shared(around: Loop, lane: Axis, s: Combine | Choose) -> tuple[int, ...] | None:
    """Along which axes of what a statement combines into the entry changes within a turn of a loop.

    None where it hangs on the lane, so that lanes meet only by chance, or where there are too many such entries.
    """
    inner = {x.axis for x in walk(around.body) if isinstance(x, Loop)}
    into, kept = written(s)[0], list[int]()
    for k, e in enumerate(s.index):
        for p in inside_out(e):
            if isinstance(p, Read) or (isinstance(p, Place) and p.axis is lane):
                return None
            if isinstance(p, Place) and p.axis in inner and k not in kept:
                kept.append(k)
    return tuple(kept) if math.prod([into.shape[k] for k in kept]) <= LARGEST else None


def begin(state: State, stmt: Loop) -> list[Combine | Choose]:
    """Room for what the lanes of a loop share, with what changes nothing in it."""
    found: list[Combine | Choose] = []
    for s in walk(stmt.body):
        if isinstance(s, (Combine, Choose)) and s not in state.partials and written(s)[0].size:
            if stmt in state.homes.get(written(s)[0], ()):
                continue
            kept = shared(stmt, stmt.axis, s)
            if kept is not None and _room(state, s, kept, stmt.lanes):
                found.append(s)
    return found


def begin_around(state: State, stmt: Loop) -> list[Combine | Choose]:
    """The same before a loop that has lanes within, for entries that each of its turns combines into anew."""
    found: list[Combine | Choose] = []
    if state.lane is not None or stmt.extent < 2:
        return found
    lanes = [x for x in walk(stmt.body) if isinstance(x, Loop) and x.role == "lane"]
    if not lanes:
        return found
    fixed = {b for x in walk(stmt.body) for b in read_by(x)}
    fixed.update([x.into for x in walk(stmt.body) if isinstance(x, Set)])
    for loop in lanes:
        for s in walk(loop.body):
            if not isinstance(s, (Combine, Choose)) or s in state.partials or not fixed.isdisjoint(written(s)):
                continue
            into = written(s)[0]
            inside = stmt in state.homes.get(into, ()) or not into.size
            if inside or any([_hangs(e, stmt.axis) for e in s.index]):
                continue
            kept = shared(stmt, loop.axis, s)
            if kept is not None and _room(state, s, kept, loop.lanes):
                found.append(s)
    return found


def _hangs(e: Expr, axis: Axis) -> bool:
    return any([isinstance(p, Place) and p.axis is axis for p in inside_out(e)])


def _room(state: State, s: Combine | Choose, kept: tuple[int, ...], lanes: int) -> bool:
    """Begin one of them, if there is room for it."""
    needed = sum([2 * 8 * lanes * math.prod([b.shape[k] for k in kept]) for b in written(s)])
    if state.shared + needed > ROOM:
        return False
    state.shared += needed
    buffers, stores = list[Buffer](), list[Store]()
    for b in written(s):
        own = Buffer(b.name, b.dtype, tuple([b.shape[k] for k in kept]), "local")
        buffers.append(own)
        stores.append(Store(state.memory(b.dtype, own.size, lanes), lanes))
    index = tuple([s.index[k] for k in kept])
    partial = state.partials[s] = Partial(tuple(stores), tuple(buffers), index, kept)
    texts = [_neutral(s.how, buffers[0].dtype, lanes), literal(-1, "int64", lanes)][: len(buffers)]
    axes = [Axis(n) for n in buffers[0].shape]
    _each(state, axes, lambda: _start(state, partial, texts, axes))
    return True


def _start(state: State, partial: Partial, texts: Sequence[str], axes: Sequence[Axis]) -> None:
    for store, b, text in zip(partial.stores, partial.buffers, texts, strict=True):
        memory.save(state, _entry(state, store, b, [lift(a) for a in axes]), b.dtype, text, store.lanes)


def _entry(state: State, store: Store, buffer: Buffer, index: Sequence[Expr]) -> str:
    return memory.address(state, store, buffer.dtype, form(buffer, index).bound(state.fixed))


def _each(state: State, axes: Sequence[Axis], body: Callable[[], None]) -> None:
    """For every place of these axes."""
    extents = [int(str(a.extent)) for a in axes]
    if not axes:
        body()
    elif math.prod(extents) <= LITERAL:
        for k in range(extents[0]):
            state.fixed[axes[0]] = k
            _each(state, axes[1:], body)
        state.fixed.pop(axes[0], None)
    elif all(extents):
        turns(state, axes[0], "0", state.code.size(extents[0]), 1, lambda: _each(state, axes[1:], body))


def end(state: State, begun: Sequence[Combine | Choose]) -> None:
    """Fold what lanes shared into what they shared it for."""
    for s in begun:
        partial = state.partials.pop(s)
        state.memo = {}
        axes = [Axis(n) for n in partial.buffers[0].shape]
        _each(state, axes, lambda s=s, p=partial, a=axes: _fold(state, s, p, a, p.stores[0].lanes))


def kept_beside(state: State, stmt: Loop) -> list[Kept]:
    """A copy of what the lanes of a loop have combined so far."""
    found: list[Kept] = []
    for s in walk(stmt.body):
        partial = state.partials.get(s) if isinstance(s, (Combine, Choose)) else None
        if partial is None:
            continue
        lanes = stmt.lanes
        copies = tuple([Store(state.memory(b.dtype, b.size, lanes), lanes) for b in partial.buffers])
        axes = [Axis(n) for n in partial.buffers[0].shape]
        _each(state, axes, lambda p=partial, c=copies, a=axes: _copy(state, p, c, a))
        found.append((partial, copies))
    return found


def _copy(state: State, partial: Partial, copies: Sequence[Store], axes: Sequence[Axis]) -> None:
    places = [lift(a) for a in axes]
    for b, store, copy in zip(partial.buffers, partial.stores, copies, strict=True):
        text = memory.load(state, _entry(state, store, b, places), b.dtype, store.lanes)
        memory.save(state, _entry(state, copy, b, places), b.dtype, text, store.lanes)


def taken_back(state: State, kept: Sequence[Kept], mask: str) -> None:
    """Where the mask does not hold, lanes have what they had when the copy was made."""
    for partial, copies in kept:
        axes = [Axis(n) for n in partial.buffers[0].shape]
        _each(state, axes, lambda p=partial, c=copies, a=axes: _blend(state, p, c, a, mask))


def _blend(state: State, partial: Partial, copies: Sequence[Store], axes: Sequence[Axis], mask: str) -> None:
    places = [lift(a) for a in axes]
    for b, store, copy in zip(partial.buffers, partial.stores, copies, strict=True):
        lanes, pointer = store.lanes, _entry(state, store, b, places)
        new = memory.load(state, pointer, b.dtype, lanes)
        old = memory.load(state, _entry(state, copy, b, places), b.dtype, lanes)
        kind = typed(b.dtype, lanes)
        text = state.code.new(f"select <{lanes} x i1> {mask}, {kind} {new}, {kind} {old}")
        memory.save(state, pointer, b.dtype, text, lanes)


def _fold(state: State, s: Combine | Choose, partial: Partial, axes: Sequence[Axis], lanes: int) -> None:
    places = [lift(a) for a in axes]
    texts, pointers = list[str](), list[str]()
    index = list(s.index)
    for k, place in zip(partial.kept, places, strict=True):
        index[k] = place
    for store, own, b in zip(partial.stores, partial.buffers, written(s), strict=True):
        texts.append(memory.load(state, _entry(state, store, own, places), own.dtype, lanes))
        pointers.append(_entry(state, state.store(b), b, index))
    if isinstance(s, Choose):
        state.lanes = lanes
        choose_by_lane(state, s, [pointers] * lanes, (texts[0], texts[1]))
        state.lanes = 1
        return
    dtype = s.into.dtype
    one = folded(state, s.how, dtype, texts[0], lanes)
    before = memory.load(state, pointers[0], dtype, 1)
    memory.save(state, pointers[0], dtype, combined(state, s.how, dtype, before, one, 1), 1)


__all__ = ["Kept", "begin", "begin_around", "end", "kept_beside", "taken_back"]

"""Statements as machine code: entries set, combined and chosen, and matrix products called."""

from __future__ import annotations

from collections.abc import Sequence

from chalkgrad.native.emit import memory
from chalkgrad.native.emit.branches import merged
from chalkgrad.native.emit.guards import guarded
from chalkgrad.native.emit.places import Form
from chalkgrad.native.emit.primitives import multiply_add, primitive
from chalkgrad.native.emit.state import State, Value
from chalkgrad.native.emit.text import FLOATS, literal, typed
from chalkgrad.native.emit.values import value
from chalkgrad.native.tree import Buffer, Choose, Combine, Product, Set
from chalkgrad.ops.scalars import Expr, Fn, Place

_PRIMITIVE = {
    "sum": "add",
    "prod": "multiply",
    "max": "maximum",
    "min": "minimum",
    "any": "logical_or",
    "all": "logical_and",
}


def statement(state: State, stmt: Set | Combine | Choose | Product) -> None:
    """One statement."""
    state.memo = dict(state.kept)
    if isinstance(stmt, Set):
        _set(state, stmt)
    elif isinstance(stmt, Combine):
        _combine(state, stmt)
    elif isinstance(stmt, Choose):
        _choose(state, stmt)
    else:
        _product(state, stmt)


def safe(state: State, e: Expr) -> Expr:
    """What is worked out for an expression: found once, however often its loop is written out."""
    found = state.safe.get(e)
    if found is None:
        found = state.safe[e] = guarded(merged(e), state.spans)
    return found


def target(state: State, stmt: Set | Combine | Choose, buffer: Buffer) -> Form:
    """Where a statement writes, what stands in the place in registers."""
    form = state.form((stmt, buffer), buffer, stmt.index)
    for e, _ in form.rest:
        value(state, e)
    return form


def _set(state: State, stmt: Set) -> None:
    found = value(state, safe(state, stmt.value))
    into = stmt.into
    if into not in state.single:
        memory.write(state, into, target(state, stmt, into), found)
    elif found.known is not None:
        state.registers[into] = Value("", into.dtype, known=state.rounded(found, into.dtype))
    else:
        text = state.operand(found, into.dtype, state.lanes if found.wide else 1)
        chosen = found.chosen if found.dtype == into.dtype else None
        state.registers[into] = Value(text, into.dtype, found.wide, chosen=chosen)


def combined(state: State, how: str, dtype: str, a: str, b: str, lanes: int) -> str:
    """Two numbers as one."""
    return primitive(state.code, _PRIMITIVE[how], dtype, (a, b), lanes)


def _combine(state: State, stmt: Combine) -> None:
    into, dtype = stmt.into, stmt.into.dtype
    if not into.size:
        return
    given = _operands(state, stmt)
    wide = any([v.wide for v in given])
    partial = state.partials.get(stmt) if state.lane is not None else None
    if partial is not None:
        store, form = partial.stores[0], state.form((stmt, partial), partial.buffers[0], partial.index)
        pointer = memory.address(state, store, dtype, form)
        _onto(state, stmt, pointer, given, store.lanes)
        return
    form, store = target(state, stmt, into), state.store(into)
    if not memory.lane_step(state, form) and not memory.scattered(state, form):
        pointer = memory.address(state, store, dtype, form)
        if wide and store.lanes == 1:
            _folded_onto(state, stmt, pointer, given)
        else:
            _onto(state, stmt, pointer, given, store.lanes)
    elif memory.contiguous(state, store, form):
        _onto(state, stmt, memory.address(state, store, dtype, form), given, state.lanes)
    else:
        # lanes may meet in one entry, so one after another, as the turns would come
        texts = [state.operand(v, dtype, state.lanes) for v in given]
        for k, pointer in enumerate(memory.lane_pointers(state, store, dtype, form)):
            each = [Value(memory.lane(state, t, dtype, k), dtype) for t in texts]
            _onto(state, stmt, pointer, each, 1)


def _operands(state: State, stmt: Combine) -> list[Value]:
    """What is combined into an entry; two factors, where a product is added to a sum of floats."""
    e = safe(state, stmt.value)
    if stmt.how == "sum" and isinstance(e, Fn) and e.name == "multiply" and e.dtype == stmt.into.dtype in FLOATS:
        return [value(state, a) for a in e.args]
    return [value(state, e)]


def _onto(state: State, stmt: Combine, pointer: str, given: Sequence[Value], lanes: int) -> None:
    dtype = stmt.into.dtype
    before = memory.load(state, pointer, dtype, lanes)
    texts = [state.operand(v, dtype, lanes) for v in given]
    if len(texts) == 2:
        after = multiply_add(state.code, dtype, texts[0], texts[1], before, lanes)
    else:
        after = combined(state, stmt.how, dtype, before, texts[0], lanes)
    memory.save(state, pointer, dtype, after, lanes)


def _folded_onto(state: State, stmt: Combine, pointer: str, given: Sequence[Value]) -> None:
    """All lanes into one entry."""
    dtype, lanes = stmt.into.dtype, state.lanes
    texts = [state.operand(v, dtype, lanes) for v in given]
    whole = primitive(state.code, "multiply", dtype, texts, lanes) if len(texts) == 2 else texts[0]
    one = folded(state, stmt.how, dtype, whole, lanes)
    before = memory.load(state, pointer, dtype, 1)
    memory.save(state, pointer, dtype, combined(state, stmt.how, dtype, before, one, 1), 1)


def folded(state: State, how: str, dtype: str, text: str, lanes: int) -> str:
    """All lanes as one number: halves onto halves."""
    code = state.code
    while lanes > 1:
        kind, half = typed(dtype, lanes), lanes // 2
        parts = [
            code.new(f"shufflevector {kind} {text}, {kind} poison, <{half} x i32> <{_places(start, half)}>")
            for start in (0, half)
        ]
        if half == 1:
            parts = [code.new(f"extractelement <1 x {typed(dtype)}> {p}, i64 0") for p in parts]
        text, lanes = combined(state, how, dtype, parts[0], parts[1], half), half
    return text


def _places(start: int, count: int) -> str:
    return ", ".join([f"i32 {start + k}" for k in range(count)])


def _choose(state: State, stmt: Choose) -> None:
    if not stmt.best.size:
        return
    found, at = value(state, safe(state, stmt.value)), value(state, safe(state, stmt.at))
    rising = isinstance(stmt.at, Place)
    partial = state.partials.get(stmt) if state.lane is not None else None
    buffers = (stmt.best, stmt.place)
    if partial is not None:
        form = state.form((stmt, partial), partial.buffers[0], partial.index)
        pointers = [memory.address(state, s, b.dtype, form) for s, b in zip(partial.stores, buffers, strict=True)]
        choose(state, stmt, pointers, (found, at), partial.stores[0].lanes, rising)
        return
    forms, stores = [target(state, stmt, b) for b in buffers], [state.store(b) for b in buffers]
    apart = memory.lane_step(state, forms[0]) or memory.scattered(state, forms[0])
    beside = all([memory.contiguous(state, s, f) for s, f in zip(stores, forms, strict=True)])
    one_entry = not apart and (stores[0].lanes > 1 or not (found.wide or at.wide))
    if one_entry or beside:
        pointers = [memory.address(state, s, b.dtype, f) for s, b, f in zip(stores, buffers, forms, strict=True)]
        choose(state, stmt, pointers, (found, at), stores[0].lanes if one_entry else state.lanes, rising)
        return
    pairs = [memory.lane_pointers(state, s, b.dtype, f) for s, b, f in zip(stores, buffers, forms, strict=True)]
    values = state.operand(found, stmt.best.dtype, state.lanes), state.operand(at, "int64", state.lanes)
    choose_by_lane(state, stmt, list(zip(*pairs, strict=True)), values)


def choose_by_lane(state: State, stmt: Choose, pointers: Sequence[Sequence[str]], values: tuple[str, str]) -> None:
    """Each lane's number, one after another."""
    for k, pair in enumerate(pointers):
        one = Value(memory.lane(state, values[0], stmt.best.dtype, k), stmt.best.dtype)
        choose(state, stmt, pair, (one, Value(memory.lane(state, values[1], "int64", k), "int64")), 1, False)


def choose(
    state: State, stmt: Choose, pointers: Sequence[str], given: tuple[Value, Value], lanes: int, rising: bool
) -> None:
    """The better of two numbers and its place. Where places come rising, of equal ones the first one stays."""
    code, dtype = state.code, stmt.best.dtype
    kind, truth, whole = typed(dtype, lanes), typed("bool", lanes), typed("int64", lanes)
    v, at = state.operand(given[0], dtype, lanes), state.operand(given[1], "int64", lanes)
    best = memory.load(state, pointers[0], dtype, lanes)
    place = memory.load(state, pointers[1], "int64", lanes)
    name = "greater" if stmt.how == "argmax" else "less"
    taken = primitive(code, name, dtype, (v, best), lanes)
    same = "" if rising else primitive(code, "equal", dtype, (v, best), lanes)
    if dtype in FLOATS:
        odd, known = code.new(f"fcmp uno {kind} {v}, {v}"), code.new(f"fcmp ord {kind} {best}, {best}")
        taken = code.new(f"or {truth} {taken}, {code.new(f'and {truth} {odd}, {known}')}")
        if not rising:
            both = code.new(f"fcmp uno {kind} {best}, {best}")
            same = code.new(f"or {truth} {same}, {code.new(f'and {truth} {odd}, {both}')}")
    if not rising:
        earlier = code.new(f"icmp slt {whole} {at}, {place}")
        taken = code.new(f"or {truth} {taken}, {code.new(f'and {truth} {same}, {earlier}')}")
    none = code.new(f"icmp slt {whole} {place}, {literal(0, 'int64', lanes)}")
    taken = code.new(f"or {truth} {taken}, {none}")
    memory.save(state, pointers[0], dtype, code.new(f"select {truth} {taken}, {kind} {v}, {kind} {best}"), lanes)
    memory.save(state, pointers[1], "int64", code.new(f"select {truth} {taken}, {whole} {at}, {whole} {place}"), lanes)


def _product(state: State, stmt: Product) -> None:
    """A call of a routine, with the addresses where every axis of it stands at 0."""
    code = state.code
    state.fixed.update(dict.fromkeys((*stmt.axes, *stmt.over), 0))
    pointers: list[str] = []
    for buffer, index, key in (
        (stmt.into, stmt.index, stmt),
        (stmt.left.source, stmt.left.index, stmt.left),
        (stmt.right.source, stmt.right.index, stmt.right),
    ):
        form = state.form(key, buffer, index)
        for e, _ in form.rest:
            value(state, e)
        pointers.append(memory.address(state, state.store(buffer), buffer.dtype, form))
    for axis in (*stmt.axes, *stmt.over):
        del state.fixed[axis]
    pointers.append(state.store(stmt.plan).pointer)
    if stmt.whole:  # which may not succeed
        pointers.append(state.failing())
    code.module.declare(stmt.routine, f"declare void @{stmt.routine}({', '.join(['ptr'] * len(pointers))})")
    code.do(f"call void @{stmt.routine}({', '.join([f'ptr {p}' for p in pointers])})")


__all__ = ["choose", "choose_by_lane", "combined", "folded", "statement", "target"]

"""Entries read and written, in one lane or in many: side by side, one for all, a step apart, or anywhere."""

from __future__ import annotations

from typing import Any

from chalkgrad.native.emit.places import Form, Poly, known, plus
from chalkgrad.native.emit.state import State, Store, Value, beside
from chalkgrad.native.emit.text import BYTES, STORED, stored, typed
from chalkgrad.native.tree import Buffer

# Entries of rows so short are read as whole rows, of which each lane then picks its own.
SHORT_ROW = 4
# An entry of a table of so many or fewer is its number, where its place is known.
SMALL_TABLE = 64


def address(state: State, store: Store, dtype: str, form: Form) -> str:
    """The address of a place, or with lanes of that of the first lane; what differs between lanes apart."""
    code, kind = state.code, stored(dtype, store.lanes)
    number, start = beside(form.start)
    at = state.poly(start) if start else ""
    level = code.levels[0]
    for axis, step in sorted(form.axes.items(), key=lambda a: state.counters[a[0]][1]):
        counter, depth = state.counters[axis]
        level = code.levels[depth]
        term = counter if known(step) == 1 else code.at(level, f"mul i64 {counter}, {state.poly(step)}")
        at = code.at(level, f"add i64 {at}, {term}") if at else term
    pointer = code.at(level, f"getelementptr {kind}, ptr {store.pointer}, i64 {at}") if at else store.pointer
    for e, step in form.rest:
        value = state.memo[e]
        if not value.wide:
            term = state.operand(value, "int64")
            if known(step) != 1:
                term = code.new(f"mul i64 {term}, {state.poly(step)}")
            pointer = code.new(f"getelementptr {kind}, ptr {pointer}, i64 {term}")
    return code.new(f"getelementptr {kind}, ptr {pointer}, i64 {number}") if number else pointer


def lane_step(state: State, form: Form) -> Poly:
    """How far apart the places of two lanes lie, what varies anyhow apart."""
    return form.axes.get(state.lane, {}) if state.lane is not None else {}


def scattered(state: State, form: Form) -> bool:
    """Whether the places of lanes are anywhere."""
    return state.lane is not None and any([state.memo[e].wide for e, _ in form.rest])


def contiguous(state: State, store: Store, form: Form) -> bool:
    """Whether the places of lanes lie side by side."""
    return store.lanes == 1 and not scattered(state, form) and known(lane_step(state, form)) == 1


def offsets(state: State, store: Store, form: Form) -> str:
    """How far each lane's place lies from the first lane's address: a vector of whole numbers."""
    code, lanes = state.code, state.lanes
    kind = typed("int64", lanes)
    total = ""
    for e, step in form.rest:
        value = state.memo[e]
        if value.wide:
            term = state.operand(value, "int64", lanes)
            if known(step) != 1:
                factor = known(step)
                by = state.number(factor, "int64", lanes) if factor is not None else _spread(state, state.poly(step))
                term = code.new(f"mul {kind} {term}, {by}")
            total = code.new(f"add {kind} {total}, {term}") if total else term
    step = lane_step(state, form)
    if step:
        apart = steps(state, step)
        total = code.new(f"add {kind} {total}, {apart}") if total else apart
    if store.lanes > 1:  # an entry has all lanes in it, and each is for its own
        total = code.new(f"mul {kind} {total}, splat (i64 {lanes})") if total else "zeroinitializer"
        total = code.new(f"add {kind} {total}, {_iota(lanes)}")
    return total


def steps(state: State, step: Poly) -> str:
    """0, 1, 2, … times a step."""
    lanes, number = state.lanes, known(step)
    if number is not None:
        return f"<{', '.join([f'i64 {k * number}' for k in range(lanes)])}>"
    return state.code.at(
        state.code.levels[0], f"mul <{lanes} x i64> {_iota(lanes)}, {_spread(state, state.poly(step))}"
    )


def _iota(lanes: int) -> str:
    return f"<{', '.join([f'i64 {k}' for k in range(lanes)])}>"


def _spread(state: State, text: str) -> str:
    code, lanes = state.code, state.lanes
    head, kind = code.levels[0], typed("int64", lanes)
    first = code.at(head, f"insertelement {kind} poison, i64 {text}, i64 0")
    return code.at(head, f"shufflevector {kind} {first}, {kind} poison, <{lanes} x i32> zeroinitializer")


def read(state: State, buffer: Buffer, form: Form, condition: Value | None = None) -> Value:
    """An entry; where there is a condition, only where that holds may it be looked at."""
    if not buffer.size:
        return Value("", buffer.dtype, known=False if buffer.dtype == "bool" else 0)
    dtype = buffer.dtype
    if buffer.values is not None and buffer.size <= SMALL_TABLE and not form.axes and not form.rest:
        place = known(form.start)
        if place is not None and 0 <= place < buffer.size:
            return Value("", dtype, known=buffer.values.reshape(-1)[place].item())
    store, anywhere, step = state.store(buffer), scattered(state, form), lane_step(state, form)
    if not anywhere and not step:
        pointer = address(state, store, dtype, form)
        if condition is not None:
            holds = any_lane(state, condition)
            pointer = state.code.new(f"select i1 {holds}, ptr {pointer}, ptr {store.pointer}")
        return Value(load(state, pointer, dtype, store.lanes), dtype, store.lanes > 1)
    apart = known(step)
    if anywhere or store.lanes > 1 or apart is None:
        return Value(_gathered(state, store, dtype, form, condition), dtype, True)
    if apart == 1:
        pointer = address(state, store, dtype, form)
        if condition is not None:
            return Value(_masked(state, pointer, dtype, condition), dtype, True)
        return Value(load(state, pointer, dtype, state.lanes), dtype, True)
    if condition is None and 1 < apart <= SHORT_ROW and _whole_rows(buffer, form, apart):
        return Value(_picked(state, store, dtype, form, apart), dtype, True)
    return Value(_gathered(state, store, dtype, form, condition), dtype, True)


def load(state: State, pointer: str, dtype: str, lanes: int) -> str:
    """So many entries side by side."""
    code = state.code
    found = code.new(f"load {stored(dtype, lanes)}, ptr {pointer}, align {BYTES[dtype]}")
    return _truth(code, found, lanes) if dtype == "bool" else found


def _truth(code: Any, byte: str, lanes: int) -> str:
    return code.new(f"icmp ne {stored('bool', lanes)} {byte}, {'0' if lanes == 1 else 'zeroinitializer'}")


def any_lane(state: State, condition: Value) -> str:
    """Whether a condition holds in any lane."""
    text = state.operand(condition, "bool", state.lanes if condition.wide else 1)
    if not condition.wide:
        return text
    code, lanes = state.code, state.lanes
    symbol = f"llvm.vector.reduce.or.v{lanes}i1"
    code.module.declare(symbol, f"declare i1 @{symbol}(<{lanes} x i1>)")
    return code.new(f"call i1 @{symbol}(<{lanes} x i1> {text})")


def _masked(state: State, pointer: str, dtype: str, condition: Value) -> str:
    code, lanes, kind = state.code, state.lanes, stored(dtype, state.lanes)
    short = {"float64": "f64", "float32": "f32", "int64": "i64", "bool": "i8"}[dtype]
    symbol = f"llvm.masked.load.v{lanes}{short}.p0"
    code.module.declare(symbol, f"declare {kind} @{symbol}(ptr, i32, <{lanes} x i1>, {kind})")
    mask = state.operand(condition, "bool", lanes)
    given = f"ptr {pointer}, i32 {BYTES[dtype]}, <{lanes} x i1> {mask}, {kind} zeroinitializer"
    found = code.new(f"call {kind} @{symbol}({given})")
    return _truth(code, found, lanes) if dtype == "bool" else found


def _whole_rows(buffer: Buffer, form: Form, width: int) -> bool:
    """Whether places lie in rows of `width`, each lane's in another row and all in one column."""
    size = 1
    for n in reversed(buffer.shape):
        size *= n
        if size >= width:
            break
    even = all([v % width == 0 for p in form.axes.values() for v in p.values()])
    start = all([v % width == 0 for k, v in form.start.items() if k])
    return size == width and even and start and not form.rest


def _picked(state: State, store: Store, dtype: str, form: Form, width: int) -> str:
    code, lanes = state.code, state.lanes
    number, others = beside(form.start)
    column = number % width
    rows = Form(form.axes, (), plus(others, {(): number - column} if number != column else {}))
    pointer = address(state, store, dtype, rows)
    wide = stored(dtype, lanes * width)
    whole = code.new(f"load {wide}, ptr {pointer}, align {BYTES[dtype]}")
    mask = ", ".join([f"i32 {column + width * k}" for k in range(lanes)])
    found = code.new(f"shufflevector {wide} {whole}, {wide} poison, <{lanes} x i32> <{mask}>")
    return _truth(code, found, lanes) if dtype == "bool" else found


def lane_pointers(state: State, store: Store, dtype: str, form: Form, condition: Value | None = None) -> list[str]:
    """The address of each lane's entry; of no matter what entry where the condition does not hold."""
    code, lanes, one = state.code, state.lanes, STORED[dtype]
    pointer = address(state, store, dtype, form)
    step = known(lane_step(state, form))
    if store.lanes == 1 and not scattered(state, form) and step is not None:
        found = [
            code.new(f"getelementptr {one}, ptr {pointer}, i64 {k * step}") if k else pointer for k in range(lanes)
        ]
    else:
        apart, kind = offsets(state, store, form), typed("int64", lanes)
        each = [code.new(f"extractelement {kind} {apart}, i64 {k}") for k in range(lanes)]
        found = [code.new(f"getelementptr {one}, ptr {pointer}, i64 {k}") for k in each]
    if condition is None:
        return found
    mask = state.operand(condition, "bool", lanes)
    holds = [code.new(f"extractelement <{lanes} x i1> {mask}, i64 {k}") for k in range(lanes)]
    return [code.new(f"select i1 {h}, ptr {p}, ptr {store.pointer}") for h, p in zip(holds, found, strict=True)]


def _gathered(state: State, store: Store, dtype: str, form: Form, condition: Value | None) -> str:
    code, lanes, kind, one = state.code, state.lanes, stored(dtype, state.lanes), STORED[dtype]
    found = "poison"
    for k, pointer in enumerate(lane_pointers(state, store, dtype, form, condition)):
        entry = code.new(f"load {one}, ptr {pointer}, align {BYTES[dtype]}")
        found = code.new(f"insertelement {kind} {found}, {one} {entry}, i64 {k}")
    return _truth(code, found, lanes) if dtype == "bool" else found


def write(state: State, buffer: Buffer, form: Form, value: Value) -> None:
    """An entry is set; in lanes, each lane's."""
    if not buffer.size:
        return
    dtype, store = buffer.dtype, state.store(buffer)
    step = lane_step(state, form)
    if not scattered(state, form) and not step:
        assert store.lanes > 1 or not value.wide, f"all lanes would write one entry of {buffer.name}"
        text = state.operand(value, dtype, store.lanes)
        save(state, address(state, store, dtype, form), dtype, text, store.lanes)
        return
    text = state.operand(value, dtype, state.lanes)
    if contiguous(state, store, form):
        save(state, address(state, store, dtype, form), dtype, text, state.lanes)
        return
    for k, pointer in enumerate(lane_pointers(state, store, dtype, form)):
        save(state, pointer, dtype, lane(state, text, dtype, k), 1)


def lane(state: State, text: str, dtype: str, k: int) -> str:
    """What stands in one lane."""
    return state.code.new(f"extractelement {typed(dtype, state.lanes)} {text}, i64 {k}")


def save(state: State, pointer: str, dtype: str, text: str, lanes: int) -> None:
    """So many entries side by side are set."""
    kind = stored(dtype, lanes)
    if dtype == "bool":
        text = state.code.new(f"zext {typed('bool', lanes)} {text} to {kind}")
    state.code.do(f"store {kind} {text}, ptr {pointer}, align {BYTES[dtype]}")


__all__ = [
    "address",
    "any_lane",
    "contiguous",
    "lane",
    "lane_pointers",
    "lane_step",
    "load",
    "read",
    "save",
    "scattered",
    "write",
]

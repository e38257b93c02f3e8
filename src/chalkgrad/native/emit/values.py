"""Expressions of the index language as registers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from chalkgrad.ir.types import promote
from chalkgrad.native.emit import memory
from chalkgrad.native.emit.chosen import of_both, one_of
from chalkgrad.native.emit.guards import Guarded
from chalkgrad.native.emit.primitives import primitive
from chalkgrad.native.emit.state import State, Value
from chalkgrad.native.emit.text import FLOATS, literal, typed
from chalkgrad.ops.scalars import TRUTH, Cast, Expr, Fn, Lit, Place, Read, parts

_LOGICAL = ("logical_and", "logical_or", "logical_not")
_TESTS = ("isnan", "isinf", "isfinite", "signbit")
# Worked out once and for all where all operands are known. Each is rounded in one way everywhere.
_FOLDED: dict[str, Callable[..., Any]] = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "negative": np.negative,
    "sqrt": np.sqrt,
}


def value(state: State, e: Expr) -> Value:
    """The expression in a register; what was worked out for this statement is there already."""
    memo = state.memo
    found = memo.get(e)
    if found is not None:
        return found
    waiting: list[tuple[Expr, bool]] = [(e, False)]
    while waiting:
        at, ready = waiting.pop()
        if at in memo:
            continue
        needed = () if ready else needs(state, at)
        if needed:
            waiting.append((at, True))
            waiting.extend([(p, False) for p in reversed(needed)])
        else:
            memo[at] = _one(state, at)
    return memo[e]


def needs(state: State, e: Expr) -> tuple[Expr, ...]:
    """What must be in registers before; of a place in an array only what is no plain counter."""
    if isinstance(e, Read):
        if e.source in state.single:
            return ()
        return tuple([part for part, _ in state.form_of(e).rest])
    if isinstance(e, Guarded):
        return (*[part for part, _ in state.form_of(e.read).rest], e.condition)
    return parts(e)


def _one(state: State, e: Expr) -> Value:
    if isinstance(e, Lit):
        return Value("", e.dtype, known=e.value)
    if isinstance(e, Read):
        if e.source in state.single:
            return state.registers[e.source]
        return memory.read(state, e.source, state.form_of(e))
    if isinstance(e, Fn):
        return _function(state, e)
    if isinstance(e, Place):
        return _counter(state, e)
    if isinstance(e, Cast):
        return _cast(state, state.memo[e.arg], e.dtype)
    assert isinstance(e, Guarded)
    return memory.read(state, e.read.source, state.form_of(e.read), state.memo[e.condition])


def _counter(state: State, e: Place) -> Value:
    if e.axis in state.fixed:
        return Value("", "int64", known=state.fixed[e.axis])
    counter, depth = state.counters[e.axis]
    if e.axis is not state.lane:
        return Value(counter, "int64")
    level, kind, lanes = state.code.levels[depth], typed("int64", state.lanes), state.lanes
    first = state.code.at(level, f"insertelement {kind} poison, i64 {counter}, i64 0")
    every = state.code.at(level, f"shufflevector {kind} {first}, {kind} poison, <{lanes} x i32> zeroinitializer")
    apart = ", ".join([f"i64 {k}" for k in range(lanes)])
    return Value(state.code.at(level, f"add {kind} {every}, <{apart}>"), "int64", True)


def _cast(state: State, x: Value, dtype: str) -> Value:
    if x.known is not None:
        return Value("", dtype, known=state.rounded(x, dtype))
    if x.dtype == dtype:
        return x
    text = state.operand(x, dtype, state.lanes if x.wide else 1)
    if x.dtype == "bool" and x.wide:
        return one_of(state, text, dtype, x.text, Value("", dtype, known=1.0), Value("", dtype, known=0.0))
    return Value(text, dtype, x.wide)


def _function(state: State, e: Fn) -> Value:
    name = e.name
    args = [state.memo[a] for a in e.args]
    if all([a.known is not None for a in args]) and (known := _known(e, args)) is not None:
        return known
    wide = any([a.wide for a in args])
    lanes = state.lanes if wide else 1
    if name == "where":
        texts = [state.operand(a, t, lanes) for a, t in zip(args, ("bool", e.dtype, e.dtype), strict=True)]
        text = primitive(state.code, name, e.dtype, texts, lanes)
        return one_of(state, text, e.dtype, texts[0], args[1], args[2]) if wide else Value(text, e.dtype)
    if name == "place":
        return Value(_place(state, args, lanes), "int64", wide)
    dtype = worked_in(e)
    if name == "power":
        short = _power(state, e, args, lanes)
        if short is not None:
            return Value(short, e.dtype, wide)
    if wide and name not in TRUTH and (both := of_both(state, name, dtype, args)) is not None:
        return both
    texts = [state.operand(a, dtype, lanes) for a in args]
    if e.weak and dtype == "int64" and name in ("floor_divide", "remainder") and _counted(args):
        how = "udiv" if name == "floor_divide" else "urem"  # of places, which are not below 0
        return Value(state.code.new(f"{how} {typed('int64', lanes)} {texts[0]}, {texts[1]}"), "int64", wide)
    if name == "power" and dtype == "int64":
        texts[1] = _refused(state, texts[1], lanes)
    text = primitive(state.code, name, dtype, texts, lanes)
    out = "bool" if name in TRUTH else e.dtype
    return Value(text, out, wide)


def _counted(args: list[Value]) -> bool:
    return args[1].known is not None and args[1].known > 0


def worked_in(e: Fn) -> str:
    """The dtype that the operands are brought to."""
    if e.name not in TRUTH:
        return e.dtype
    if e.name in _LOGICAL:
        return "bool"
    return e.args[0].dtype if e.name in _TESTS else common(e.args)


def common(args: tuple[Expr, ...]) -> str:
    """The dtype in which numbers are compared: a bare one widens nothing."""
    strong = [a.dtype for a in args if not a.weak]
    weak = [a.dtype for a in args if a.weak]
    if not strong:
        return promote(*weak)
    out = promote(*strong)
    if "float64" in weak and out in ("bool", "int64"):
        return "float64"
    return "int64" if "int64" in weak and out == "bool" else out


def _known(e: Fn, args: list[Value]) -> Value | None:
    """A number, where it is made of numbers alone."""
    if e.dtype not in FLOATS or e.name not in _FOLDED:
        return None
    with np.errstate(all="ignore"):
        numbers = [np.asarray(a.known, dtype=e.dtype) for a in args]
        return Value("", e.dtype, known=float(_FOLDED[e.name](*numbers)))


def _power(state: State, e: Fn, args: list[Value], lanes: int) -> str | None:
    """A power to one of the exponents for which NumPy has another way, or for which there is a short one."""
    base, exponent = args
    if exponent.known is None or e.dtype not in FLOATS:
        return None
    code, kind = state.code, typed(e.dtype, lanes)
    x = state.operand(base, e.dtype, lanes)
    if exponent.known in (2, 3):
        square = code.new(f"fmul {kind} {x}, {x}")
        return square if exponent.known == 2 else code.new(f"fmul {kind} {square}, {x}")
    if exponent.known == 1:
        return code.new(f"fmul {kind} {x}, {literal(1.0, e.dtype, lanes)}")
    if exponent.known == -1:
        return code.new(f"fdiv {kind} {literal(1.0, e.dtype, lanes)}, {x}")
    return primitive(code, "sqrt", e.dtype, (x,), lanes) if exponent.known == 0.5 else None


def _place(state: State, args: list[Value], lanes: int) -> str:
    """A place among so many, counted from the end where it is below 0; beyond them it fails."""
    code, kind, truth = state.code, typed("int64", lanes), typed("bool", lanes)
    p, n = [state.operand(a, "int64", lanes) for a in args]
    nought = literal(0, "int64", lanes)
    turned = code.new(f"add {kind} {p}, {n}")
    bad = code.new(f"icmp uge {kind} {turned}, {code.new(f'add {kind} {n}, {n}')}")
    state.fail(bad, lanes)
    below = code.new(f"icmp slt {kind} {p}, {nought}")
    found = code.new(f"select {truth} {below}, {kind} {turned}, {kind} {p}")
    return code.new(f"select {truth} {bad}, {kind} {nought}, {kind} {found}")


def _refused(state: State, exponent: str, lanes: int) -> str:
    """The exponent of a whole number, which may not be below 0."""
    code, kind, nought = state.code, typed("int64", lanes), literal(0, "int64", lanes)
    bad = code.new(f"icmp slt {kind} {exponent}, {nought}")
    state.fail(bad, lanes)
    return code.new(f"select {typed('bool', lanes)} {bad}, {kind} {nought}, {kind} {exponent}")


__all__ = ["common", "needs", "value", "worked_in"]

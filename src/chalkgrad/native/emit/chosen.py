"""What each lane makes of one of two numbers that all lanes share: made of both, and then one is taken.

The gradient of a least or greatest entry has `float64(x == top) / count` in it, which is one of two numbers in every
lane: with both at hand, which are the same in all turns, a division a lane is a choice.
"""

from __future__ import annotations

from collections.abc import Sequence

from chalkgrad.native.emit.primitives import primitive
from chalkgrad.native.emit.state import Chosen, State, Value
from chalkgrad.native.emit.text import FLOATS, typed
from chalkgrad.ops.scalars import REAL

# Worth two of them that lanes share; what follows upon one is worth it too, since it is no more work.
_LONG = (REAL - {"copysign", "rint"}) | {"divide"}
_SHORT = ("add", "subtract", "multiply", "negative")


def one_of(state: State, text: str, dtype: str, condition: str, a: Value, b: Value) -> Value:
    """A wide value that is one of two; which ones is kept where lanes share them."""
    if dtype not in FLOATS or a.wide or b.wide:
        return Value(text, dtype, True)
    return Value(text, dtype, True, chosen=Chosen(condition, _as(state, a, dtype), _as(state, b, dtype)))


def _as(state: State, v: Value, dtype: str) -> Value:
    if v.known is not None:
        return Value("", dtype, known=state.rounded(v, dtype))
    return v if v.dtype == dtype else Value(state.operand(v, dtype), dtype)


def of_both(state: State, name: str, dtype: str, args: Sequence[Value]) -> Value | None:
    """The function of a number that is one of two, and of others that lanes share; None where it is no such."""
    wide = [k for k, a in enumerate(args) if a.wide]
    if len(wide) != 1 or dtype not in FLOATS:
        return None
    which = args[wide[0]].chosen
    if which is None or not (name in _LONG or (name in _SHORT and not _bare(which))):
        return None
    made = [_made(state, name, dtype, [*args[: wide[0]], side, *args[wide[0] + 1 :]]) for side in (which.a, which.b)]
    a, b = [state.operand(v, dtype, state.lanes) for v in made]
    kind, truth = typed(dtype, state.lanes), typed("bool", state.lanes)
    text = state.code.new(f"select {truth} {which.condition}, {kind} {a}, {kind} {b}")
    return one_of(state, text, dtype, which.condition, made[0], made[1])


def _bare(which: Chosen) -> bool:
    return which.a.known is not None and which.b.known is not None


def _made(state: State, name: str, dtype: str, args: Sequence[Value]) -> Value:
    return Value(primitive(state.code, name, dtype, [state.operand(a, dtype) for a in args]), dtype)


__all__ = ["of_both", "one_of"]

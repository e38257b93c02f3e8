"""The primitives of the index language on ready operands, in one lane or in many, by the rules of NumPy."""

from __future__ import annotations

import ctypes
import ctypes.util
from collections.abc import Sequence
from functools import cache
from typing import Any, Protocol

import numpy as np

from chalkgrad.errors import ProgramError
from chalkgrad.native import maths
from chalkgrad.native.emit.text import FLOATS, TYPES, literal, typed

_FLOAT = {"add": "fadd", "subtract": "fsub", "multiply": "fmul", "divide": "fdiv", "fmod": "frem"}
_WHOLE = {"add": "add", "subtract": "sub", "multiply": "mul"}
_TRUTH = {
    "add": "or",
    "multiply": "and",
    "subtract": "xor",
    "maximum": "or",
    "minimum": "and",
    "fmax": "or",
    "fmin": "and",
    "logical_and": "and",
    "logical_or": "or",
}
_COMPARED = {
    "less": ("olt", "slt", "ult"),
    "less_equal": ("ole", "sle", "ule"),
    "greater": ("ogt", "sgt", "ugt"),
    "greater_equal": ("oge", "sge", "uge"),
    "equal": ("oeq", "eq", "eq"),
    "not_equal": ("une", "ne", "ne"),
}
_INTRINSIC = {
    "absolute": "fabs",
    "sqrt": "sqrt",
    "floor": "floor",
    "ceil": "ceil",
    "trunc": "trunc",
    "rint": "rint",
    "copysign": "copysign",
}
# The names of C where they are others.
_LIBRARY = {
    "power": "pow",
    "arcsin": "asin",
    "arccos": "acos",
    "arctan": "atan",
    "arctan2": "atan2",
    "arcsinh": "asinh",
    "arccosh": "acosh",
    "arctanh": "atanh",
}
_POWER = """define private i64 @whole_power(i64 %a, i64 %n) {
head:
  br label %turn
turn:
  %base = phi i64 [ %a, %head ], [ %square, %turn ]
  %rest = phi i64 [ %n, %head ], [ %half, %turn ]
  %made = phi i64 [ 1, %head ], [ %next, %turn ]
  %low = and i64 %rest, 1
  %odd = icmp ne i64 %low, 0
  %more = mul i64 %made, %base
  %next = select i1 %odd, i64 %more, i64 %made
  %square = mul i64 %base, %base
  %half = lshr i64 %rest, 1
  %on = icmp ne i64 %half, 0
  br i1 %on, label %turn, label %done
done:
  ret i64 %next
}"""


class Lines(Protocol):
    """Where lines are written: of `Code`, what is needed here."""

    @property
    def module(self) -> Any:
        """What takes declarations and the addresses of functions outside."""
        ...

    def new(self, text: str) -> str:
        """A line whose result gets a name."""
        ...


def primitive(code: Lines, name: str, dtype: str, args: Sequence[str], lanes: int = 1) -> str:
    """The primitive of operands that are all of `dtype`, but for the condition of `where`; the name of the result.

    A truth is an i1. `place`, and `power` of whole numbers to one below 0, are for the caller.
    """
    kind = typed(dtype, lanes)
    if name == "where":
        condition, a, b = args
        return code.new(f"select {typed('bool', lanes)} {condition}, {kind} {a}, {kind} {b}")
    if name in _COMPARED:
        ordered, signed, unsigned = _COMPARED[name]
        how = f"fcmp {ordered}" if dtype in FLOATS else f"icmp {unsigned if dtype == 'bool' else signed}"
        return code.new(f"{how} {kind} {args[0]}, {args[1]}")
    if dtype in FLOATS:
        return _of_floats(code, name, dtype, args, lanes, kind)
    if dtype == "bool":
        return _of_truths(code, name, args, lanes, kind)
    return _of_whole(code, name, args, lanes, kind)


def _of_floats(code: Lines, name: str, dtype: str, args: Sequence[str], lanes: int, kind: str) -> str:
    x = args[0]
    new = code.new
    if name in _FLOAT:
        return new(f"{_FLOAT[name]} {kind} {x}, {args[1]}")
    if name == "negative":
        return new(f"fneg {kind} {x}")
    if name in _INTRINSIC:
        return _intrinsic(code, _INTRINSIC[name], dtype, args, lanes)
    if name in ("maximum", "minimum", "fmax", "fmin"):
        y = args[1]
        # of equal ones the second, as the instruction of x86 has it that NumPy uses
        sign = "ogt" if name in ("maximum", "fmax") else "olt"
        better = new(f"fcmp {sign} {kind} {x}, {y}")
        taken = new(f"select {typed('bool', lanes)} {better}, {kind} {x}, {kind} {y}")
        # a comparison with NaN is false, so it is y by now: wrong where x is NaN and stays, or y is and does not
        asked, instead = (x, x) if name in ("maximum", "minimum") else (y, x)
        if asked.startswith(("0x", "splat", "zeroinitializer")):
            return taken
        unordered = new(f"fcmp uno {kind} {asked}, {asked}")
        return new(f"select {typed('bool', lanes)} {unordered}, {kind} {instead}, {kind} {taken}")
    if name == "remainder":
        return _remainder(code, dtype, args, lanes, kind)
    if name == "floor_divide":
        return _floor_divide(code, dtype, args, lanes, kind)
    if name in ("isnan", "isinf", "isfinite", "signbit"):
        return _asked(code, name, dtype, x, lanes, kind)
    if name == "logical_not":
        return new(f"fcmp oeq {kind} {x}, {literal(0.0, dtype, lanes)}")
    if name in ("logical_and", "logical_or"):
        truths = [new(f"fcmp une {kind} {a}, {literal(0.0, dtype, lanes)}") for a in args]
        return new(f"{_TRUTH[name]} {typed('bool', lanes)} {truths[0]}, {truths[1]}")
    return function(code, name, dtype, args, lanes)


def _intrinsic(code: Lines, name: str, dtype: str, args: Sequence[str], lanes: int) -> str:
    one = {"float64": "f64", "float32": "f32", "int64": "i64"}[dtype]
    kind = typed(dtype, lanes)
    symbol = f"llvm.{name}.{one if lanes == 1 else f'v{lanes}{one}'}"
    code.module.declare(symbol, f"declare {kind} @{symbol}({', '.join([kind] * len(args))})")
    return code.new(f"call {kind} @{symbol}({', '.join([f'{kind} {a}' for a in args])})")


def multiply_add(code: Lines, dtype: str, a: str, b: str, c: str, lanes: int = 1) -> str:
    """a·b + c, rounded once where the machine can do that as quickly."""
    return _intrinsic(code, "fmuladd", dtype, (a, b, c), lanes)


def _asked(code: Lines, name: str, dtype: str, x: str, lanes: int, kind: str) -> str:
    if name == "isnan":
        return code.new(f"fcmp uno {kind} {x}, {literal(0.0, dtype, lanes)}")
    if name == "signbit":
        whole = f"i{64 if dtype == 'float64' else 32}"
        whole = whole if lanes == 1 else f"<{lanes} x {whole}>"
        return code.new(f"icmp slt {whole} {code.new(f'bitcast {kind} {x} to {whole}')}, {_nought(lanes)}")
    size = _intrinsic(code, "fabs", dtype, (x,), lanes)
    infinite = literal(float("inf"), dtype, lanes)
    return code.new(f"fcmp {'oeq' if name == 'isinf' else 'olt'} {kind} {size}, {infinite}")


def _nought(lanes: int) -> str:
    return "0" if lanes == 1 else "zeroinitializer"


def _remainder(code: Lines, dtype: str, args: Sequence[str], lanes: int, kind: str) -> str:
    """With the sign of the divisor, a 0 included."""
    a, b = args
    new, truth, nought = code.new, typed("bool", lanes), literal(0.0, dtype, lanes)
    rest = new(f"frem {kind} {a}, {b}")
    wrong = new(f"xor {truth} {new(f'fcmp olt {kind} {b}, {nought}')}, {new(f'fcmp olt {kind} {rest}, {nought}')}")
    turned = new(f"select {truth} {wrong}, {kind} {new(f'fadd {kind} {rest}, {b}')}, {kind} {rest}")
    none = new(f"fcmp oeq {kind} {rest}, {nought}")
    empty = _intrinsic(code, "copysign", dtype, (nought, b), lanes)
    return new(f"select {truth} {none}, {kind} {empty}, {kind} {turned}")


def _floor_divide(code: Lines, dtype: str, args: Sequence[str], lanes: int, kind: str) -> str:
    a, b = args
    new, truth, nought = code.new, typed("bool", lanes), literal(0.0, dtype, lanes)
    ratio = new(f"fdiv {kind} {a}, {b}")
    rest = new(f"frem {kind} {a}, {b}")
    q = new(f"fdiv {kind} {new(f'fsub {kind} {a}, {rest}')}, {b}")
    wrong = new(f"xor {truth} {new(f'fcmp olt {kind} {b}, {nought}')}, {new(f'fcmp olt {kind} {rest}, {nought}')}")
    some = new(f"fcmp une {kind} {rest}, {nought}")
    less = new(f"fsub {kind} {q}, {literal(1.0, dtype, lanes)}")
    q = new(f"select {truth} {new(f'and {truth} {wrong}, {some}')}, {kind} {less}, {kind} {q}")
    below = _intrinsic(code, "floor", dtype, (q,), lanes)
    over = new(f"fcmp ogt {kind} {new(f'fsub {kind} {q}, {below}')}, {literal(0.5, dtype, lanes)}")
    above = new(f"fadd {kind} {below}, {literal(1.0, dtype, lanes)}")
    whole = new(f"select {truth} {over}, {kind} {above}, {kind} {below}")
    empty = _intrinsic(code, "copysign", dtype, (nought, ratio), lanes)
    whole = new(f"select {truth} {new(f'fcmp une {kind} {q}, {nought}')}, {kind} {whole}, {kind} {empty}")
    return new(f"select {truth} {new(f'fcmp oeq {kind} {b}, {nought}')}, {kind} {ratio}, {kind} {whole}")


def _of_truths(code: Lines, name: str, args: Sequence[str], lanes: int, kind: str) -> str:
    x = args[0]
    if name in _TRUTH:
        return code.new(f"{_TRUTH[name]} {kind} {x}, {args[1]}")
    if name in ("logical_not", "negative"):
        return code.new(f"xor {kind} {x}, {literal(True, 'bool', lanes)}")
    if name in ("isnan", "isinf", "signbit"):
        return literal(False, "bool", lanes)
    if name == "isfinite":
        return literal(True, "bool", lanes)
    if name in ("absolute", "floor", "ceil", "trunc"):
        return x
    if name == "power":
        return code.new(f"or {kind} {x}, {primitive(code, 'logical_not', 'bool', (args[1],), lanes)}")
    assert name in ("remainder", "fmod", "floor_divide"), f"no '{name}' of truths"
    # a number from 0 to 1 by another: nothing is left, and by 0 it is 0
    return code.new(f"and {kind} {x}, {args[1]}") if name == "floor_divide" else literal(False, "bool", lanes)


def _of_whole(code: Lines, name: str, args: Sequence[str], lanes: int, kind: str) -> str:
    x = args[0]
    new, truth, nought = code.new, typed("bool", lanes), _nought(lanes)
    if name in _WHOLE:
        return new(f"{_WHOLE[name]} {kind} {x}, {args[1]}")
    if name == "negative":
        return new(f"sub {kind} {nought}, {x}")
    if name == "absolute":
        below = new(f"icmp slt {kind} {x}, {nought}")
        return new(f"select {truth} {below}, {kind} {new(f'sub {kind} {nought}, {x}')}, {kind} {x}")
    if name in ("floor", "ceil", "trunc"):
        return x
    if name in ("maximum", "fmax", "minimum", "fmin"):
        sign = "sgt" if name in ("maximum", "fmax") else "slt"
        return new(f"select {truth} {new(f'icmp {sign} {kind} {x}, {args[1]}')}, {kind} {x}, {kind} {args[1]}")
    if name in ("isnan", "isinf"):
        return literal(False, "bool", lanes)
    if name == "isfinite":
        return literal(True, "bool", lanes)
    if name == "signbit":
        return new(f"icmp slt {kind} {x}, {nought}")
    if name == "logical_not":
        return new(f"icmp eq {kind} {x}, {nought}")
    if name in ("logical_and", "logical_or"):
        truths = [new(f"icmp ne {kind} {a}, {nought}") for a in args]
        return new(f"{_TRUTH[name]} {truth} {truths[0]}, {truths[1]}")
    if name == "power":
        code.module.declare("whole_power", _POWER)
        return lane_by_lane(code, "i64 @whole_power", "int64", args, lanes)
    assert name in ("remainder", "fmod", "floor_divide"), f"no '{name}' of whole numbers"
    return _divided(code, name, args, lanes, kind)


def _divided(code: Lines, name: str, args: Sequence[str], lanes: int, kind: str) -> str:
    """Quotient and rest; of a division by 0 both are 0, and what overflows is -2^63."""
    a, b = args
    new, truth, nought = code.new, typed("bool", lanes), _nought(lanes)
    none = new(f"icmp eq {kind} {b}, {nought}")
    turned = new(f"icmp eq {kind} {b}, {literal(-1, 'int64', lanes)}")
    odd = new(f"or {truth} {none}, {turned}")
    by = new(f"select {truth} {odd}, {kind} {literal(1, 'int64', lanes)}, {kind} {b}")
    rest = new(f"srem {kind} {a}, {by}")  # 0 where it is divided by 1 in place of 0 or -1
    if name == "fmod":
        return rest
    wrong = new(f"icmp slt {kind} {new(f'xor {kind} {rest}, {by}')}, {nought}")
    some = new(f"icmp ne {kind} {rest}, {nought}")
    wrong = new(f"and {truth} {wrong}, {some}")
    if name == "remainder":
        return new(f"select {truth} {wrong}, {kind} {new(f'add {kind} {rest}, {by}')}, {kind} {rest}")
    q, one = new(f"sdiv {kind} {a}, {by}"), literal(1, "int64", lanes)
    q = new(f"select {truth} {wrong}, {kind} {new(f'sub {kind} {q}, {one}')}, {kind} {q}")
    q = new(f"select {truth} {turned}, {kind} {new(f'sub {kind} {nought}, {a}')}, {kind} {q}")
    return new(f"select {truth} {none}, {kind} {nought}, {kind} {q}")


def function(code: Lines, name: str, dtype: str, args: Sequence[str], lanes: int) -> str:
    """A function of real numbers: ours on vectors, or else that of C, lane by lane."""
    if name in maths.NAMES:
        kind = typed(dtype, lanes)
        symbol, texts = maths.define(name, dtype, lanes, lanes > 1)
        for needed, text in texts.items():
            code.module.declare(needed, text)
        return code.new(f"call {kind} @{symbol}({', '.join([f'{kind} {a}' for a in args])})")
    symbol = _LIBRARY.get(name, name) + ("f" if dtype == "float32" else "")
    one = TYPES[dtype]
    code.module.declare(symbol, f"declare {one} @{symbol}({', '.join([one] * len(args))}) nounwind memory(none)")
    code.module.externs[symbol] = _address(symbol)
    return lane_by_lane(code, f"{one} @{symbol}", dtype, args, lanes)


def lane_by_lane(code: Lines, call: str, dtype: str, args: Sequence[str], lanes: int) -> str:
    """A function of single numbers, called once a lane."""
    one, kind = TYPES[dtype], typed(dtype, lanes)
    if lanes == 1:
        return code.new(f"call {call}({', '.join([f'{one} {a}' for a in args])})")
    symbol = f"{call.split('@')[1]}.{lanes}"
    lines = [f"define private {kind} @{symbol}({', '.join([f'{kind} %x{k}' for k in range(len(args))])}) {{"]
    for i in range(lanes):
        lines.extend([f"%a{k}.{i} = extractelement {kind} %x{k}, i64 {i}" for k in range(len(args))])
        lines.append(f"%y{i} = call {call}({', '.join([f'{one} %a{k}.{i}' for k in range(len(args))])})")
        lines.append(f"%r{i} = insertelement {kind} {f'%r{i - 1}' if i else 'poison'}, {one} %y{i}, i64 {i}")
    code.module.declare(symbol, "\n".join([*lines, f"ret {kind} %r{lanes - 1}", "}"]))
    return code.new(f"call {kind} @{symbol}({', '.join([f'{kind} {a}' for a in args])})")


@cache
def _address(symbol: str) -> int:
    """Where a function of C's mathematics lies in this process."""
    for library in (None, ctypes.util.find_library("m"), "msvcrt", "ucrtbase"):
        try:
            found = getattr(ctypes.CDLL(library), symbol)
        except (AttributeError, OSError, TypeError):
            continue
        return ctypes.cast(found, ctypes.c_void_p).value or 0
    raise ProgramError(f"this machine's C library has no function '{symbol}'")


@cache
def _wild() -> tuple[int, int, int]:
    """What this machine's NumPy makes of -inf, inf and NaN as whole numbers."""
    with np.errstate(invalid="ignore"):
        below, above, none = np.array([-np.inf, np.inf, np.nan]).astype(np.int64).tolist()
    return below, above, none


def converted(code: Lines, x: str, dtype: str, to: str, lanes: int = 1) -> str:
    """The same number in another width."""
    if dtype == to:
        return x
    given, wanted = typed(dtype, lanes), typed(to, lanes)
    new = code.new
    if to == "bool":
        if dtype == "int64":
            return new(f"icmp ne {given} {x}, {_nought(lanes)}")
        return new(f"fcmp une {given} {x}, {literal(0.0, dtype, lanes)}")
    if dtype == "bool":
        one, none = [literal(n if to == "int64" else float(n), to, lanes) for n in (1, 0)]
        return new(f"select {given} {x}, {wanted} {one}, {wanted} {none}")  # a mask over the bits of 1, in lanes
    if dtype == "int64":
        return new(f"sitofp {given} {x} to {wanted}")
    if to == "int64":
        return _whole_of(code, x, dtype, lanes, given, wanted)
    return new(f"{'fpext' if to == 'float64' else 'fptrunc'} {given} {x} to {wanted}")


def _whole_of(code: Lines, x: str, dtype: str, lanes: int, given: str, wanted: str) -> str:
    new, truth = code.new, typed("bool", lanes)
    below, above, none = _wild()
    far = 2.0**63
    low = new(f"fcmp oge {given} {x}, {literal(-far, dtype, lanes)}")
    high = new(f"fcmp olt {given} {x}, {literal(far, dtype, lanes)}")
    fits = new(f"and {truth} {low}, {high}")
    kept = new(f"select {truth} {fits}, {given} {x}, {given} {literal(0.0, dtype, lanes)}")
    whole = new(f"fptosi {given} {kept} to {wanted}")
    other = literal(none, "int64", lanes)
    for value, test in ((below, "olt"), (above, "ogt")):
        if value != none:
            which = new(f"fcmp {test} {given} {x}, {literal(0.0, dtype, lanes)}")
            other = new(f"select {truth} {which}, {wanted} {literal(value, 'int64', lanes)}, {wanted} {other}")
    return new(f"select {truth} {fits}, {wanted} {whole}, {wanted} {other}")


__all__ = ["Lines", "converted", "lane_by_lane", "multiply_add", "primitive"]

"""Every float32: by how many units of the last place functions of `chalkgrad.native.maths` miss it.

    python tests/native/maths/exhaustive.py [NAME …]

Some ten seconds for each. The reference is the function of float64, which other tests hold against exact values.
"""

from __future__ import annotations

import ctypes
import math
import sys
import time
from functools import cache
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[3]))

from chalkgrad.native.maths import NAMES, OPERANDS, define
from chalkgrad.native.maths.vectors import DOUBLE, SINGLE, Body, Value, absolute, where
from tests.native.maths.machine import compiled

_LANES = 8
_LARGEST = 2.0**128 - 2.0**104


def _called(body: Body, name: str, x: Value) -> Value:
    symbol, texts = define(name, "float64" if x.kind == DOUBLE else "float32", _LANES)
    body.needs.update(texts)
    one = body.type(x.kind)
    return body.does(x.kind, f"call {one} @{symbol}({one} {x.text})")


def _text(name: str) -> str:
    """A module with `@worst(first, count)`: the greatest error among as many float32, by their bits."""
    body = Body(_LANES)
    x = Value(body, SINGLE, "%x")
    y, wanted = _called(body, name, x), _called(body, name, x.widened())
    size = absolute(wanted)
    # a power of 2 is what is left of a float without its digits
    power = (size.turned() & (0x7FF << 52)).turned()
    unit = where(power < 2.0**-126, 2.0**-126, power) * 2.0**-23
    error = absolute(y.widened() - wanted) / unit
    rounded = wanted.narrowed()
    right = y.same(rounded) | (y.isnan() & wanted.isnan())
    known = (absolute(y) <= _LARGEST) & (size <= _LARGEST)
    error = where(known, error, where(right, 0.0, body.number(DOUBLE, math.inf)))
    one = body.function("error", (x,), error, "alwaysinline")
    counts = ", ".join([f"i32 {k}" for k in range(_LANES)])
    return f"""{chr(10).join([*body.needs.values(), one])}
declare double @llvm.vector.reduce.fmax.v{_LANES}f64(<{_LANES} x double>)
define double @worst(i32 %first, i64 %count) {{
begin:
  %a = insertelement <{_LANES} x i32> poison, i32 %first, i32 0
  %b = shufflevector <{_LANES} x i32> %a, <{_LANES} x i32> poison, <{_LANES} x i32> zeroinitializer
  %start = add <{_LANES} x i32> %b, <{counts}>
  br label %loop
loop:
  %k = phi i64 [0, %begin], [%next, %loop]
  %bits = phi <{_LANES} x i32> [%start, %begin], [%after, %loop]
  %most = phi <{_LANES} x double> [zeroinitializer, %begin], [%more, %loop]
  %x = bitcast <{_LANES} x i32> %bits to <{_LANES} x float>
  %e = call <{_LANES} x double> @error(<{_LANES} x float> %x)
  %c = fcmp ogt <{_LANES} x double> %e, %most
  %more = select <{_LANES} x i1> %c, <{_LANES} x double> %e, <{_LANES} x double> %most
  %after = add <{_LANES} x i32> %bits, splat (i32 {_LANES})
  %next = add i64 %k, {_LANES}
  %left = icmp slt i64 %next, %count
  br i1 %left, label %loop, label %end
end:
  %r = call double @llvm.vector.reduce.fmax.v{_LANES}f64(<{_LANES} x double> %more)
  ret double %r
}}
"""


@cache
def worst(name: str, first: int = 0, count: int = 2**32) -> float:
    """The greatest error among so many float32 from this one on, by their bits; inf where one is wholly wrong."""
    address = compiled(_text(name), "worst")
    return ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_uint32, ctypes.c_int64)(address)(first, count)


def main(names: list[str]) -> None:
    """Print the greatest error of each function."""
    for name in names or sorted(NAMES - OPERANDS.keys()):
        begun = time.perf_counter()
        print(f"{name:10s} {worst(name):.3f}   {time.perf_counter() - begun:.0f} s", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])

"""Sine, cosine and tangent, of arguments of every size."""

from __future__ import annotations

import math
from functools import cache
from itertools import pairwise

from chalkgrad.native.maths.pairs import Pair, ordered_sum, quotient
from chalkgrad.native.maths.tables import COS, COS_SHORT, HALF_PI, SIN, SIN_SHORT
from chalkgrad.native.maths.vectors import DOUBLE, LONG, SINGLE, Body, Value, absolute, fma, polynomial, when, where

# Above, n times the third part of pi/2 is no longer exact enough; float32 needs two parts only.
_FAR = 2.0**28
_MAGIC = 1.5 * 2.0**52


def _near(x: Value, short: bool) -> tuple[Value, Value | None, Value]:
    """r, what it is rounded by, and n in the last bits of a whole number, with x = n pi/2 + r; |x| is not far.

    The first step is exact: what is left is a multiple of the last place of x or of pi/2, and small.
    """
    shifted = fma(x, 2 / math.pi, _MAGIC)
    n = shifted - _MAGIC
    first = fma(n, -HALF_PI[0], x)
    if short:
        return fma(n, -HALF_PI[1], first), None, shifted.turned()
    product = n * HALF_PI[1]
    left_out = fma(n, HALF_PI[1], -product)
    r = first - product
    # which of the two is the greater is not known
    back = r - first
    lost = (first - (r - back)) - (product + back)
    return r, lost - fma(n, HALF_PI[2], left_out), shifted.turned()


def _curves(r: Value, rest: Value | None) -> tuple[Pair, Pair]:
    """sin and cos of r + rest, |r| ≤ pi/4, each as a sum of two floats."""
    z = r * r
    half = z * 0.5
    most = 1.0 - half
    if rest is None:
        return (r, r * z * polynomial(z, SIN_SHORT)), (most, z * z * polynomial(z, COS_SHORT))
    lost = (1.0 - most) - half
    return (r, fma(r * z, polynomial(z, SIN), rest)), (most, fma(z * z, polynomial(z, COS), fma(-r, rest, lost)))


def _chosen(name: str, r: Value, rest: Value | None, n: Value, sign: Value | None) -> Value:
    """A function of n quarter turns and r, given only n's last bits; `sign` is a whole number's first bit."""
    sine, cosine = _curves(r, rest)
    even = (n & 1).same(0)
    if name == "tan":
        (s, s_rest), (c, c_rest) = ordered_sum(*sine), ordered_sum(*cosine)
        above = (where(even, s, c), where(even, s_rest, c_rest))
        below = (where(even, c, s), where(even, c_rest, s_rest))
        most, less = quotient(above, below)
        y, turn = most + less, n << 63
    else:
        s, c = sine[0] + sine[1], cosine[0] + cosine[1]
        y = where(even, s, c) if name == "sin" else where(even, c, s)
        turn = (n if name == "sin" else n + 1) << 62
    turn = (turn if sign is None else turn ^ sign) & -(2**63)
    return (y.turned() ^ turn).turned()


def _wave(name: str, x: Value) -> Value:
    if x.kind == SINGLE:
        return _worked(name, x.widened(), True).narrowed()
    return _worked(name, x, False)


def _worked(name: str, x: Value, short: bool) -> Value:
    size = absolute(x)
    sign = x.turned() if name != "cos" else None
    r, rest, n = _near(size, short)
    y = _chosen(name, r, rest, n, sign)
    return _mended(name, size > _FAR, x, y)


def _mended(name: str, far: Value, x: Value, y: Value) -> Value:
    """y, and in the lanes that are far what is worked out for them one by one, by a function of its own."""
    body = x.body
    symbol = f"maths.{name}.far.{body.suffix(DOUBLE)}"
    one = body.type(DOUBLE)
    body.needs.update(_far_lanes(name, body.lanes))
    return when(far.some(), lambda: body.does(DOUBLE, f"call {one} @{symbol}({one} {x.text}, {one} {y.text})"), y)


@cache
def _far_lanes(name: str, lanes: int) -> dict[str, str]:
    """A function that mends every lane in turn, and what it needs."""
    one = Body(1)
    x, y = Value(one, DOUBLE, "%x"), Value(one, DOUBLE, "%y")
    each = f"maths.{name}.far.f64"
    marks = "noinline cold"  # seldom called; `optnone` makes LLVM print what it leaves out
    found = {"maths.turns": _turns(), each: one.function(each, (x, y), _far(name, x, y), marks), **one.needs}
    if lanes == 1:
        return found
    wide = f"<{lanes} x double>"
    symbol = f"maths.{name}.far.v{lanes}f64"
    head = f"define private {wide} @{symbol}({wide} %x, {wide} %y) {marks} nounwind willreturn memory(none)"
    found[symbol] = f"""{head} {{
begin:
  br label %loop
loop:
  %k = phi i32 [0, %begin], [%next, %loop]
  %mended = phi {wide} [%y, %begin], [%more, %loop]
  %a = extractelement {wide} %x, i32 %k
  %b = extractelement {wide} %y, i32 %k
  %c = call double @{each}(double %a, double %b)
  %more = insertelement {wide} %mended, double %c, i32 %k
  %next = add i32 %k, 1
  %left = icmp ult i32 %next, {lanes}
  br i1 %left, label %loop, label %end
end:
  ret {wide} %more
}}"""
    return found


def _far(name: str, x: Value, y: Value) -> Value:
    """y, or where x is far what it should be: by as many bits of 2/pi as matter, in whole numbers (Payne and Hanek).

    With x = m 2^e, those bits of 2/pi count that are not so high that m 2^e times them is a multiple of 4. From there
    on 192 are taken; the product of them and m, without what is beyond 192 bits, is x by pi/2 without multiples of 4.
    """
    size = absolute(x)
    far = size > _FAR
    bits = size.turned()
    m = (bits & (2**52 - 1)) | 2**52
    place = where(far, (bits >> 52) - (1075 + 2 - _ZEROS), 0)
    words = [_turn(place, k) for k in range(4)]
    shift = place & 63
    high, middle, low = [_shifted(a, b, shift).whole("i128") for a, b in pairwise(words)]
    long = m.whole("i128")
    product = middle * long + ((low * long) >> 64)
    both = (((product >> 64) + high * long) << 64) | (product & (2**64 - 1))
    n = ((both >> 125) + 1).whole(LONG) >> 1
    turn = both << 2  # the rest of a quarter turn, from -1/2 to 1/2 of it, in 2^-128
    below = turn < 0
    turn = where(below, turn * -1, turn)
    zeros = turn.body.does("i128", f"call i128 @llvm.ctlz.i128(i128 {turn.text}, i1 false)")
    turn.body.needs["llvm.ctlz.i128"] = "declare i128 @llvm.ctlz.i128(i128, i1)"
    turn = turn << zeros
    scale = ((1023 - 53 - zeros.whole(LONG)) << 52).turned()
    most = (turn >> 75).whole(LONG).real() * scale
    less = ((turn >> 22) & (2**53 - 1)).whole(LONG).real() * 2.0**-53 * scale
    r = most * HALF_PI[0]
    rest = fma(most, HALF_PI[0], -r) + fma(most, HALF_PI[1], less * HALF_PI[0])
    whole = r + rest
    rest = (r - whole) + rest
    whole, rest = [where(below, -part, part) for part in (whole, rest)]
    found = _chosen(name, whole, rest, n, x.turned() if name != "cos" else None)
    return where(far, where(size.same(math.inf), math.nan, found), y)


# Words of 2/pi: before the point so many zeros that the first place that is asked for exists.
_ZEROS = 64
_WORDS = 24


@cache
def _turns() -> str:
    """2/pi in binary, most significant word first, by Machin's formula in whole numbers."""
    digits = 64 * _WORDS
    one = 1 << digits

    def arctan(n: int) -> int:
        """arctan(1/n)."""
        total, term, k = 0, one // n, 1
        while term:
            total += term // k if k % 4 == 1 else -(term // k)
            term, k = term // (n * n), k + 2
        return total

    quarter = 4 * arctan(5) - arctan(239)  # pi/4
    number = (one << (digits - _ZEROS - 1)) // quarter
    words = [(number >> (64 * (_WORDS - 1 - k))) & (2**64 - 1) for k in range(_WORDS)]
    listed = ", ".join([f"i64 {w - 2**64 if w >> 63 else w}" for w in words])
    return f"@maths.turns = private unnamed_addr constant [{_WORDS} x i64] [{listed}]"


def _turn(place: Value, k: int) -> Value:
    """The word k after the one in which a bit stands."""
    word = (place >> 6) + k
    address = place.body.does("ptr", f"getelementptr i64, ptr @maths.turns, i64 {word.text}")
    return place.body.does(LONG, f"load i64, ptr {address.text}")


def _shifted(a: Value, b: Value, shift: Value) -> Value:
    """The 64 bits that begin so many places into two words."""
    return a.body.calls("fshl", a, b, shift)


def sin(x: Value) -> Value:
    """The sine."""
    return _wave("sin", x)


def cos(x: Value) -> Value:
    """The cosine."""
    return _wave("cos", x)


def tan(x: Value) -> Value:
    """The tangent."""
    return _wave("tan", x)

"""Arithmetic on vectors of numbers, written with Python's operators and read by LLVM.

Every operation is rounded on its own, as IEEE 754 has it: no flag that would allow anything else is ever set.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, final

DOUBLE, SINGLE, LONG, INT, BIT = "double", "float", "i64", "i32", "i1"
_SHORT = {DOUBLE: "f64", SINGLE: "f32", LONG: "i64", INT: "i32", BIT: "i1"}
_AS_BITS = {DOUBLE: LONG, SINGLE: INT, LONG: DOUBLE, INT: SINGLE}
_REAL = (DOUBLE, SINGLE)


def literal(kind: str, x: float) -> str:
    """A number of one lane, to the last bit: reals are written as the bits of a float64."""
    if kind == BIT:
        return "true" if x else "false"
    if kind in _REAL:
        exact = struct.unpack("f", struct.pack("f", x))[0] if kind == SINGLE and math.isfinite(x) else float(x)
        return f"0x{struct.unpack('>Q', struct.pack('>d', exact))[0]:016X}"
    return str(int(x))


@final
class Body:
    """The lines of one function of vectors of `lanes` numbers, or of bare numbers where that is 1.

    `needs` are the functions that it calls, by symbol.
    """

    def __init__(self, lanes: int) -> None:
        self.lanes = lanes
        self.lines: list[str] = []
        self.needs: dict[str, str] = {}
        self.block = "begin"
        self._names = 0

    def type(self, kind: str) -> str:
        """What LLVM calls a vector of these."""
        return kind if self.lanes == 1 else f"<{self.lanes} x {kind}>"

    def suffix(self, kind: str) -> str:
        """How an intrinsic function of these is marked."""
        return _SHORT[kind] if self.lanes == 1 else f"v{self.lanes}{_SHORT[kind]}"

    def does(self, kind: str, text: str) -> Value:
        """One more line, and what comes of it."""
        self._names += 1
        self.lines.append(f"  %v{self._names} = {text}")
        return Value(self, kind, f"%v{self._names}")

    def label(self) -> str:
        """The name of another block of lines."""
        self._names += 1
        return f"b{self._names}"

    def starts(self, block: str) -> None:
        """What follows stands in this block."""
        self.lines.append(f"{block}:")
        self.block = block

    def number(self, kind: str, x: float) -> Value:
        """The same number in every lane."""
        text = literal(kind, x)
        return Value(self, kind, text if self.lanes == 1 else f"splat ({kind} {text})")

    def calls(self, name: str, *xs: Value) -> Value:
        """One of LLVM's own functions, of operands of one kind."""
        kind = xs[0].kind
        symbol = f"llvm.{name}.{self.suffix(kind)}"
        one = self.type(kind)
        self.needs[symbol] = f"declare {one} @{symbol}({', '.join([one] * len(xs))})"
        return self.does(kind, f"call {one} @{symbol}({', '.join([f'{one} {x.text}' for x in xs])})")

    def function(self, symbol: str, given: Sequence[Value], result: Value, marks: str) -> str:
        """The text of the function whose lines these are."""
        one = self.type(result.kind)
        head = f"define private {one} @{symbol}({', '.join([f'{self.type(x.kind)} {x.text}' for x in given])})"
        return "\n".join(
            [
                f"{head} {marks} nounwind willreturn memory(none) {{",
                "begin:",
                *self.lines,
                f"  ret {one} {result.text}",
                "}",
            ]
        )


@final
@dataclass(frozen=True, eq=False)
class Value:
    """A vector, by the name that it has in the text. A bare number beside it stands for all lanes."""

    body: Body
    kind: str
    text: str

    def _other(self, x: Any) -> Value:
        return x if isinstance(x, Value) else self.body.number(self.kind, x)

    def _with(self, real: str, whole: str, other: Any, turned: bool = False) -> Value:
        a, b = (self._other(other), self) if turned else (self, self._other(other))
        assert a.kind == b.kind, f"{a.kind} beside {b.kind}"
        op = real if self.kind in _REAL else whole
        assert op, "not of this kind"
        return self.body.does(self.kind, f"{op} {self.body.type(self.kind)} {a.text}, {b.text}")

    def __add__(self, other: Any) -> Value:
        return self._with("fadd", "add", other)

    def __radd__(self, other: Any) -> Value:
        return self._with("fadd", "add", other, True)

    def __sub__(self, other: Any) -> Value:
        return self._with("fsub", "sub", other)

    def __rsub__(self, other: Any) -> Value:
        return self._with("fsub", "sub", other, True)

    def __mul__(self, other: Any) -> Value:
        return self._with("fmul", "mul", other)

    def __rmul__(self, other: Any) -> Value:
        return self._with("fmul", "mul", other, True)

    def __truediv__(self, other: Any) -> Value:
        return self._with("fdiv", "", other)

    def __rtruediv__(self, other: Any) -> Value:
        return self._with("fdiv", "", other, True)

    def __neg__(self) -> Value:
        return self.body.does(self.kind, f"fneg {self.body.type(self.kind)} {self.text}")

    def __and__(self, other: Any) -> Value:
        return self._with("", "and", other)

    def __or__(self, other: Any) -> Value:
        return self._with("", "or", other)

    def __xor__(self, other: Any) -> Value:
        return self._with("", "xor", other)

    def __invert__(self) -> Value:
        return self._with("", "xor", 1 if self.kind == BIT else -1)

    def __lshift__(self, other: Any) -> Value:
        return self._with("", "shl", other)

    def __rshift__(self, other: Any) -> Value:
        """Zeros come in from above."""
        return self._with("", "lshr", other)

    def _compared(self, real: str, whole: str, other: Any) -> Value:
        op = f"fcmp {real}" if self.kind in _REAL else f"icmp {whole}"
        return self.body.does(BIT, f"{op} {self.body.type(self.kind)} {self.text}, {self._other(other).text}")

    def __lt__(self, other: Any) -> Value:
        return self._compared("olt", "slt", other)

    def __le__(self, other: Any) -> Value:
        return self._compared("ole", "sle", other)

    def __gt__(self, other: Any) -> Value:
        return self._compared("ogt", "sgt", other)

    def __ge__(self, other: Any) -> Value:
        return self._compared("oge", "sge", other)

    def same(self, other: Any) -> Value:
        """Whether they are equal; NaN is equal to nothing."""
        return self._compared("oeq", "eq", other)

    def isnan(self) -> Value:
        """Whether it is NaN."""
        return self._compared("uno", "", 0.0)

    def some(self) -> Value:
        """Whether it holds in any lane, as one bit."""
        body = self.body
        if body.lanes == 1:
            return self
        all = body.does(f"i{body.lanes}", f"bitcast {body.type(BIT)} {self.text} to i{body.lanes}")
        return body.does(BIT, f"icmp ne i{body.lanes} {all.text}, 0")

    def turned(self) -> Value:
        """The bits of a real number as a whole one, or a whole number as the bits of a real one."""
        kind = _AS_BITS[self.kind]
        return self.body.does(kind, f"bitcast {self.body.type(self.kind)} {self.text} to {self.body.type(kind)}")

    def widened(self) -> Value:
        """As float64."""
        return self._converted("fpext", DOUBLE)

    def narrowed(self) -> Value:
        """As the nearest float32."""
        return self._converted("fptrunc", SINGLE)

    def _converted(self, op: str, kind: str) -> Value:
        return self.body.does(kind, f"{op} {self.body.type(self.kind)} {self.text} to {self.body.type(kind)}")

    def whole(self, kind: str) -> Value:
        """A whole number with more bits, zeros above, or with those that are left of it."""
        op = "zext" if int(kind[1:]) > int(self.kind[1:]) else "trunc"
        return self._converted(op, kind)

    def real(self) -> Value:
        """A whole number as the nearest float64."""
        return self._converted("sitofp", DOUBLE)


def where(condition: Value, a: Any, b: Any) -> Value:
    """`a` where the condition holds, else `b`; one of them may be a bare number."""
    of = a if isinstance(a, Value) else b
    a, b = of._other(a), of._other(b)
    body, one = of.body, of.body.type(of.kind)
    return body.does(of.kind, f"select {body.type(BIT)} {condition.text}, {one} {a.text}, {one} {b.text}")


def fma(a: Value, b: Any, c: Any) -> Value:
    """`a b + c`, rounded once."""
    return a.body.calls("fma", a, a._other(b), a._other(c))


def absolute(x: Value) -> Value:
    """|x|."""
    return x.body.calls("fabs", x)


def copysign(x: Value, sign: Value) -> Value:
    """|x| with the sign of the other."""
    return x.body.calls("copysign", x, sign)


# From so many coefficients on, even and odd powers are summed apart: one more operation, and half the time to wait. The
# last step, whose rounding counts most, is then still the only one of its size.
_MANY = 8


def polynomial(x: Value, coefficients: Sequence[float]) -> Value:
    """The sum of the coefficients times the powers of x, the least power first; each step is rounded once."""
    if len(coefficients) >= _MANY:
        z = x * x
        odd, even = [_from_the_top(z, coefficients[k::2]) for k in (1, 2)]
        return fma(fma(even, x, odd), x, coefficients[0])
    return _from_the_top(x, coefficients)


def _from_the_top(x: Value, coefficients: Sequence[float]) -> Value:
    top = x.body.number(x.kind, coefficients[-1])
    return reduce(lambda sum, c: fma(sum, x, c), reversed(coefficients[:-1]), top)


def in_pairs(x: Value, coefficients: Sequence[float]) -> Value:
    """The same, neighbours summed first, then neighbours of those: nothing waits for long, which tells where functions
    wait for one another; but it takes a few more operations and registers."""
    terms: list[Value | float] = list(coefficients)
    while len(terms) > 1:
        pairs: list[Value | float] = [fma(x, b, a) for a, b in zip(terms[::2], terms[1::2], strict=False)]
        terms = [*pairs, *terms[2 * len(pairs) :]]
        if len(terms) > 1:
            x = x * x
    return x._other(terms[0])


def mended(name: str, rare: Value, xs: Sequence[Value], y: Value, careful: Callable[..., Value]) -> Value:
    """y, or where a lane is one of the rare ones what a careful way gives for all of them.

    That stands in a function of its own, which is seldom called, and gives the same in lanes that are not rare.
    """
    body, one = y.body, y.body.type(y.kind)
    symbol = f"maths.{name}.rare.{body.suffix(y.kind)}"
    own = Body(body.lanes)
    given = [Value(own, x.kind, f"%x{k}") for k, x in enumerate(xs)]
    text = own.function(symbol, given, careful(*given), "noinline cold")
    body.needs.update({**own.needs, symbol: text})
    arguments = ", ".join([f"{body.type(x.kind)} {x.text}" for x in xs])
    return when(rare.some(), lambda: body.does(y.kind, f"call {one} @{symbol}({arguments})"), y)


def when(some: Value, gives: Callable[[], Value], other: Value) -> Value:
    """`other`, or where the one bit holds what is then worked out."""
    body, kind = other.body, other.body.type(other.kind)
    before, work, after = body.block, body.label(), body.label()
    body.lines.append(f"  br i1 {some.text}, label %{work}, label %{after}")
    body.starts(work)
    found = gives()
    worked = body.block
    body.lines.append(f"  br label %{after}")
    body.starts(after)
    return body.does(other.kind, f"phi {kind} [{other.text}, %{before}], [{found.text}, %{worked}]")

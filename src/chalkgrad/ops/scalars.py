"""Scalar expressions of the index language: an entry of a result, written with Python's operators.

Rules of arithmetic are NumPy's: `maximum` keeps NaN, bare numbers widen nothing, ints divide to floats.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from chalkgrad.ir.dims import Dim, Size
from chalkgrad.ir.types import promote


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# What a scalar may be made of, by NumPy's names. The first keep the dtype of their operands, so a `power` of ints is an
# int; the second are of real numbers; the third give a truth value.
ARITHMETIC = _words(
    "add subtract multiply negative absolute power remainder fmod floor_divide floor ceil trunc "
    "maximum minimum fmax fmin"
)
REAL = _words(
    "divide sqrt cbrt exp exp2 expm1 log log1p log2 log10 sin cos tan sinh cosh tanh arcsin arccos arctan arctan2 "
    "arcsinh arccosh arctanh hypot copysign rint"
)
TRUTH = _words(
    "less less_equal greater greater_equal equal not_equal logical_and logical_or logical_not "
    "isnan isinf isfinite signbit"
)
# `where(c, a, b)` reads only the branch that is taken, and `logical_and` its second operand only where the first holds.
# `place(p, n)` is the place p among n, counted from the end where it is negative; beyond them it is an error.
PRIMITIVES = ARITHMETIC | REAL | TRUTH | {"where", "place"}


@final
class Axis:
    """A counter from 0 up to its extent. Compared by identity."""

    __slots__ = ("extent",)

    def __init__(self, extent: Dim) -> None:
        self.extent = extent


class Expr:
    """A number that depends on counters. `weak` is a bare number, which widens nothing."""

    __slots__ = ()
    dtype: str
    weak: bool

    def __add__(self, other: Any) -> Expr:
        return fn("add", self, other)

    def __radd__(self, other: Any) -> Expr:
        return fn("add", other, self)

    def __sub__(self, other: Any) -> Expr:
        return fn("subtract", self, other)

    def __rsub__(self, other: Any) -> Expr:
        return fn("subtract", other, self)

    def __mul__(self, other: Any) -> Expr:
        return fn("multiply", self, other)

    def __rmul__(self, other: Any) -> Expr:
        return fn("multiply", other, self)

    def __truediv__(self, other: Any) -> Expr:
        return fn("divide", self, other)

    def __rtruediv__(self, other: Any) -> Expr:
        return fn("divide", other, self)

    def __pow__(self, other: Any) -> Expr:
        return fn("power", self, other)

    def __rpow__(self, other: Any) -> Expr:
        return fn("power", other, self)

    def __mod__(self, other: Any) -> Expr:
        return fn("remainder", self, other)

    def __abs__(self) -> Expr:
        return fn("absolute", self)

    def __neg__(self) -> Expr:
        return fn("negative", self)

    def __eq__(self, other: object) -> Any:
        return fn("equal", self, other)

    def __ne__(self, other: object) -> Any:
        return fn("not_equal", self, other)

    __hash__ = object.__hash__  # what is met twice is the same object

    def __bool__(self) -> bool:
        raise TypeError("an entry has no truth yet: where(…) chooses between two")

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *xs: Any, **options: Any) -> Any:
        """NumPy's functions of an entry, so that a formula in NumPy is one of the index language."""
        name = ufunc.__name__
        if method != "__call__" or options or name not in PRIMITIVES | _WRITTEN.keys():
            return NotImplemented
        return _WRITTEN[name](*xs) if name in _WRITTEN else fn(name, *xs)

    def __lt__(self, other: Any) -> Expr:
        return fn("less", self, other)

    def __le__(self, other: Any) -> Expr:
        return fn("less_equal", self, other)

    def __gt__(self, other: Any) -> Expr:
        return fn("greater", self, other)

    def __ge__(self, other: Any) -> Expr:
        return fn("greater_equal", self, other)

    def __and__(self, other: Any) -> Expr:
        return fn("logical_and", self, other)

    def __or__(self, other: Any) -> Expr:
        return fn("logical_or", self, other)

    def __invert__(self) -> Expr:
        return fn("logical_not", self)


@final
@dataclass(frozen=True, eq=False)
class Lit(Expr):
    """A number as it is written; a size may have only a name yet."""

    value: Any
    dtype: str
    weak: bool = True


@final
@dataclass(frozen=True, eq=False)
class Place(Expr):
    """Where a counter stands."""

    axis: Axis
    dtype: str = "int64"
    weak: bool = True


@final
@dataclass(frozen=True, eq=False)
class Read(Expr):
    """An entry of an input, of a table or of another kernel's result."""

    source: Any  # an Input, a Table or a kernel: see `chalkgrad.ops.kernel`
    index: tuple[Expr, ...]
    dtype: str
    weak: bool = False


@final
@dataclass(frozen=True, eq=False)
class Fn(Expr):
    """One of the primitives, of its operands."""

    name: str
    args: tuple[Expr, ...]
    dtype: str
    weak: bool = False


@final
@dataclass(frozen=True, eq=False)
class Cast(Expr):
    """The same number in another width."""

    arg: Expr
    dtype: str
    weak: bool = False


_WRITTEN: dict[str, Callable[..., Any]] = {"square": lambda x: x * x, "positive": lambda x: x}


def lift(x: Any) -> Expr:
    """An expression from a counter, a bare number or a size.

    Raises TypeError for anything else.
    """
    if isinstance(x, Expr):
        return x
    if isinstance(x, Axis):
        return Place(x)
    if isinstance(x, (bool, np.bool_)):
        return Lit(bool(x), "bool")
    if isinstance(x, (float, np.floating)):
        return Lit(float(x), "float64")
    if isinstance(x, (int, np.integer)):
        return Lit(int(x), "int64")
    if isinstance(x, Size):
        return Lit(x, "int64")
    raise TypeError(f"an entry is made of numbers and of other entries, not of {type(x).__name__}")


def fn(name: str, *args: Any) -> Expr:
    """A primitive of expressions and bare numbers; sums and products of known ints are worked out."""
    given = tuple([lift(a) for a in args])
    assert name in PRIMITIVES, f"no primitive '{name}'"
    if name in ("add", "subtract", "multiply") and all([a.dtype == "int64" and a.weak for a in given]):
        short = _shortened(name, *given)
        if short is not None:
            return short
    deciding = given[1:] if name == "where" else given
    weak = all([a.weak for a in deciding])
    if name in TRUTH:
        return Fn(name, given, "bool")
    if name == "place":
        return Fn(name, given, "int64", True)
    dtype = _together(deciding)
    if name in REAL and dtype in ("bool", "int64"):
        dtype = "float64"
    return Fn(name, given, dtype, weak)


def _shortened(name: str, a: Expr, b: Expr) -> Expr | None:
    """A sum or product of places where one operand is a known number."""
    x = a.value if isinstance(a, Lit) and isinstance(a.value, int) else None
    y = b.value if isinstance(b, Lit) and isinstance(b.value, int) else None
    if x is not None and y is not None:
        return lift(x + y if name == "add" else x - y if name == "subtract" else x * y)
    if name == "add" and (x == 0 or y == 0):
        return b if x == 0 else a
    if name == "subtract" and y == 0:
        return a
    if name == "multiply" and (x == 1 or y == 1):
        return b if x == 1 else a
    if name == "multiply" and 0 in (x, y):
        return lift(0)
    return None


def _together(args: tuple[Expr, ...]) -> str:
    """The dtype of an arithmetic result: bare numbers change its kind, and never its width."""
    strong = [a.dtype for a in args if not a.weak]
    bare = promote(*[a.dtype for a in args if a.weak]) if len(strong) < len(args) else "bool"
    if not strong:
        return bare
    out = promote(*strong)
    if bare == "float64":
        return out if out in ("float32", "float64") else "float64"
    return "int64" if bare == "int64" and out == "bool" else out


def parts(e: Expr) -> tuple[Expr, ...]:
    """The expressions that stand right inside one."""
    x: Any = e
    kind = type(x)  # quicker than isinstance: it is asked a hundred thousand times
    if kind is Fn:
        return x.args
    if kind is Read:
        return x.index
    return (x.arg,) if kind is Cast else ()


def inside_out(e: Expr) -> list[Expr]:
    """What an expression is made of, each once, parts before wholes. With no recursion: a sum may have many terms."""
    order: list[Expr] = []
    met: set[Expr] = set()
    waiting: list[Any] = [e]  # behind None stands one whose parts are done
    while waiting:
        at = waiting.pop()
        if at is None:
            order.append(waiting.pop())
        elif at not in met:
            met.add(at)
            inner = parts(at)
            if inner:
                waiting.append(at)
                waiting.append(None)
                waiting.extend(inner[::-1])
            else:
                order.append(at)
    return order


def where(condition: Expr, a: Any, b: Any) -> Expr:
    """`a` where the condition holds, else `b`; the other one is not read."""
    return fn("where", condition, a, b)


def cast(x: Any, dtype: str) -> Expr:
    """The same number as `dtype`."""
    x = lift(x)
    return x if x.dtype == dtype and not x.weak else Cast(x, dtype)


def equal(a: Any, b: Any) -> Expr:
    """Whether two numbers are equal."""
    return fn("equal", a, b)


def primitive(name: str) -> Callable[..., Expr]:
    """One of the primitives, as the kernel of an op; params that decide only gradients are left aside."""
    assert name in PRIMITIVES, f"no primitive '{name}'"
    return lambda *xs, **params: fn(name, *xs)

"""The index language that an op is lowered to: what one entry of its result is, in entries of its inputs.

A kernel says for every entry of a result which entries of the inputs it is made of, and how. Backends (C, machine code)
read kernels alone and know no op. Scalar expressions are written with Python's operators:

    matmul    i, j, k = axes(2, 4, 3);  Nest((i, j), a[i, k] * b[k, j], over=(k,), combine="sum")
    transpose i, j = axes(4, 2);        Nest((i, j), x[j, i])

Rules of arithmetic are NumPy's: `maximum` keeps NaN, bare numbers widen nothing, ints divide to floats.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, final

import numpy as np

from chalkgrad.ir.dims import Dim, Shape
from chalkgrad.ir.types import ArrayType, promote


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

Reducer = Literal["sum", "prod", "max", "min", "any", "all", "argmax", "argmin"]


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

    def __neg__(self) -> Expr:
        return fn("negative", self)

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

    source: Source
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


class _Readable:
    """What may be read entry by entry: `x[i, j]`, with counters, ints and expressions as places."""

    shape: Shape
    dtype: str

    def __getitem__(self, index: Any) -> Read:
        places = index if isinstance(index, tuple) else (index,)
        assert len(places) == len(self.shape), f"{len(places)} places for {len(self.shape)} axes"
        source: Any = self
        return Read(source, tuple([lift(p) for p in places]), self.dtype)


@final
@dataclass(frozen=True, eq=False)
class Input(_Readable):
    """An input of the op, by its place among them."""

    place: int
    shape: Shape
    dtype: str


@final
@dataclass(frozen=True, eq=False)
class Table(_Readable):
    """Numbers that are known: the places that a constant index reads."""

    values: np.ndarray[Any, Any]

    @property
    def shape(self) -> Shape:  # type: ignore[override]  # as the array has it
        return tuple(self.values.shape)

    @property
    def dtype(self) -> str:  # type: ignore[override]  # as the array has it
        return self.values.dtype.name


@final
@dataclass(frozen=True, eq=False)
class Nest(_Readable):
    """An entry for every place of `axes`; where `combine` is given, that of the body over all places of `over`.

    `argmax` gives the place of the first greatest, or of the first NaN, counted through `over` in its order.
    """

    axes: tuple[Axis, ...]
    body: Expr
    dtype: str
    over: tuple[Axis, ...] = ()
    combine: Reducer | None = None

    @property
    def shape(self) -> Shape:  # type: ignore[override]  # that of its axes
        return tuple([a.extent for a in self.axes])


@final
@dataclass(frozen=True, eq=False)
class Running(_Readable):
    """Like a Nest, but along one of its axes each entry is the body combined with the entry before."""

    axes: tuple[Axis, ...]
    along: Axis
    combine: Literal["sum", "prod"]
    body: Expr
    dtype: str

    @property
    def shape(self) -> Shape:  # type: ignore[override]  # that of its axes
        return tuple([a.extent for a in self.axes])


@final
@dataclass(frozen=True, eq=False)
class Write:
    """For every place of `axes` the body is set, or added, at `target`; where two meet, the later one counts last."""

    axes: tuple[Axis, ...]
    target: tuple[Expr, ...]
    body: Expr
    add: bool = False


@final
@dataclass(frozen=True, eq=False)
class Scatter(_Readable):
    """An array that starts as a number or as another array, and is written into.

    `start` is None where the writes fill it whole.
    """

    shape: Shape
    dtype: str
    start: Source | Lit | None
    writes: tuple[Write, ...]


@final
@dataclass(frozen=True, eq=False)
class View(_Readable):
    """The same entries in their order, under another shape."""

    source: Source
    shape: Shape

    @property
    def dtype(self) -> str:  # type: ignore[override]  # that of what is seen
        return self.source.dtype


@final
@dataclass(frozen=True, eq=False)
class Routine(_Readable):
    """What is no nest of loops: a backend brings it along under its name.

    sort, argsort  along the last axis; NaN last, equal entries in their order
    solve, inv     of the last two axes; of a singular matrix an error
    slogdet        of the last two axes: an axis of two, the sign of the determinant and log |det|
    cholesky       of the last two axes, of which the lower triangle is read; an error where it is not positive definite
    """

    name: Literal["sort", "argsort", "solve", "inv", "slogdet", "cholesky"]
    args: tuple[Source, ...]
    shape: Shape
    dtype: str


@final
@dataclass(frozen=True, eq=False)
class Loop:
    """A loop whose body is a Program: see the record of `scan`, whose inputs are `args`."""

    args: tuple[Source, ...]
    body: Any
    counts: tuple[int, int]
    length: int
    reverse: bool


@final
@dataclass(frozen=True, eq=False)
class Turns(_Readable):
    """One of the results of a loop; those of one loop share it."""

    loop: Loop
    result: int
    shape: Shape
    dtype: str


Source = Input | Table | Nest | Running | Scatter | View | Routine | Turns
Kernel = Nest | Running | Scatter | View | Routine | Turns
Types = tuple[ArrayType, ...]
Lowering = Callable[[Types, Types, Any], "Kernel | tuple[Kernel, ...] | None"]


def lift(x: Any) -> Expr:
    """An expression from a counter, a bare number or a size."""
    if isinstance(x, Expr):
        return x
    if isinstance(x, Axis):
        return Place(x)
    if isinstance(x, (bool, np.bool_)):
        return Lit(bool(x), "bool")
    if isinstance(x, (float, np.floating)):
        return Lit(float(x), "float64")
    return Lit(int(x) if isinstance(x, np.integer) else x, "int64")


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
    if isinstance(e, Fn):
        return e.args
    if isinstance(e, Cast):
        return (e.arg,)
    return e.index if isinstance(e, Read) else ()


def inside_out(e: Expr) -> list[Expr]:
    """What an expression is made of, each once, parts before wholes. With no recursion: a sum may have many terms."""
    order: list[Expr] = []
    met: set[Expr] = set()
    waiting = [(e, False)]
    while waiting:
        at, done = waiting.pop()
        if done:
            order.append(at)
        elif at not in met:
            met.add(at)
            waiting.append((at, True))
            waiting.extend([(p, False) for p in reversed(parts(at))])
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


def axes(*extents: Dim) -> tuple[Axis, ...]:
    """A counter an extent."""
    return tuple([Axis(n) for n in extents])


def nest(
    over: tuple[Axis, ...], body: Any, dtype: str, combine: Reducer | None = None, reduced: tuple[Axis, ...] = ()
) -> Nest:
    """A Nest of this dtype, whose body is made to fit it; a place or a truth is combined as it is."""
    body = lift(body)
    kept = combine in ("argmax", "argmin", "any", "all")
    return Nest(over, body if kept else cast(body, dtype), dtype, reduced, combine)


def inputs(types: Types) -> tuple[Input, ...]:
    """The inputs of an op of these types."""
    return tuple([Input(k, t.shape, t.dtype) for k, t in enumerate(types)])


def spread(x: Source, over: tuple[Axis, ...]) -> Read:
    """The entry of x that broadcasting puts at a place of these axes."""
    behind = over[len(over) - len(x.shape) :]
    return x[tuple([0 if n == 1 and a.extent != 1 else a for n, a in zip(x.shape, behind, strict=True)])]


def primitive(name: str) -> Callable[..., Expr]:
    """One of the primitives, as the kernel of an op; params that decide only gradients are left aside."""
    assert name in PRIMITIVES, f"no primitive '{name}'"
    return lambda *xs, **params: fn(name, *xs)


def entrywise(scalar: Callable[..., Any]) -> Lowering:
    """The lowering of an op that acts on each element: `scalar(*entries, **params)` is an expression."""

    def lower(types: Types, outs: Types, params: Any) -> Nest:
        over = axes(*outs[0].shape)
        return nest(over, scalar(*[spread(x, over) for x in inputs(types)], **params), outs[0].dtype)

    return lower

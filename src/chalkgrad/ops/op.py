"""The record of an op. All that Chalkgrad knows of an op stands in one of these, in one place."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, final

import numpy as np

from chalkgrad.errors import ProgramError, ShapeError
from chalkgrad.ir.build import Builder, Value
from chalkgrad.ir.dims import broadcast
from chalkgrad.ir.program import NO_PARAMS, Number, number
from chalkgrad.ir.registry import register
from chalkgrad.ir.types import SCALARS, ArrayType, promote, type_of
from chalkgrad.ops.kernel import Kernel, Lowering, by_evaluation, entrywise
from chalkgrad.ops.local import Local, times
from chalkgrad.ops.notation import Function, Notation

DECLARED = "declared convention"
INFINITE = "infinite or undefined: shown, and said"


@final
@dataclass(frozen=True, slots=True)
class Interval:
    """Where an input may lie. `low` and `high` are bounds for samples too, well inside a singular end."""

    low: float = -math.inf
    high: float = math.inf

    def holds(self, x: Any) -> Any:
        """Elementwise: whether x lies in the closed interval."""
        return (x >= self.low) & (x <= self.high)


REALS = Interval()
POSITIVE = Interval(low=0.0)
TRUTH = Interval(low=False, high=True)  # true or false, no number


@final
@dataclass(frozen=True, slots=True)
class Kink:
    """A place where the derivative is a choice.

    `at(*inputs, **params)` marks it elementwise; `positions` are the inputs whose derivative is meant (None: all).
    `point`, `gradient` and `params` are an instance of it, which the contract test evaluates.
    """

    at: Callable[..., Any]
    rule: str
    point: tuple[Any, ...]
    gradient: tuple[Any, ...]
    positions: tuple[int, ...] | None = None
    params: Mapping[str, Any] = field(default_factory=lambda: NO_PARAMS)


@final
@dataclass(frozen=True, slots=True, eq=False)
class Op:
    """One op, whole.

    name          its NumPy name where it has one
    arity         number of inputs; -1 is any number
    evaluate      NumPy in, NumPy out; printed Python calls it, by NumPy's name where it is NumPy's
    readable      the same, bit for bit, written for people where `evaluate` is written for speed; printed Python has it
    types         (input types, params) → output types
    vjp           (want, y, *xs, **params) → a Local or None an input; written in our own operators
    jvp           (tangents, y, *xs, **params) → the output's tangent; a tangent is None where there is none
    notation      how it prints
    params        names and defaults of what is not differentiated
    units         per input: the number that leaves the other operand unchanged, or None
    conventions   switches that a user may set: name → (param, values)
    expand        what it is made of, for a finer drawing
    forms         ways of writing it that are recognised, and evaluated as this op since that is more exact
    evaluated_as  what is run in its place, in simpler ops and bit for bit the same: what several have in common is then
                  computed once
    offers        ways of writing it that lose a value; the op is then offered in a notice
    domain        an Interval an input
    kinks         where its derivative is a choice
    samples       (rng) → [(inputs, params)], for an op whose inputs are not just any numbers
    numpy         NumPy functions that it stands for, beside `evaluate`
    order         how often it can be differentiated
    symmetric     whether its inputs may change places
    plumbing      whether it only moves entries to make shapes fit, and so never stands in a formula
    linear_in     the inputs in each of which apart it is linear; a jvp follows
    several       whether it gives a tuple: then `y` is a tuple in its rules, a jvp gives a tuple, and its Locals are
                  `Through` maps that take a tuple of upstreams, None where nothing arrived
    scalar        the same read entry by entry, for `zoom`: (*xs, **params) → an array, each x an array of scalars;
                  an elementwise op needs none, and None elsewhere says that it has no such reading
    batch         (op, batched, *xs, **params) → its result for many examples at once, which stand along a new axis in
                  front of every x that is `batched` and of the result; without one a loop takes its place
    kernel        (input types, output types, params) → its kernel, or one a result: see `chalkgrad.ops.kernel`; None,
                  in place of it or given by it, where it has none
    note          a sentence for `explain`
    """

    name: str
    arity: int
    evaluate: Callable[..., Any] | None
    types: Callable[[tuple[ArrayType, ...], Mapping[str, Any]], tuple[ArrayType, ...]]
    vjp: Callable[..., Sequence[Local | None]] | None
    jvp: Callable[..., Any] | None
    notation: Notation
    params: Mapping[str, Any] = field(default_factory=lambda: NO_PARAMS)
    units: tuple[float | None, ...] = ()
    conventions: Mapping[str, tuple[str, tuple[Any, ...]]] = field(default_factory=lambda: NO_PARAMS)
    expand: Callable[..., Any] | None = None
    forms: tuple[Callable[..., Any], ...] = ()
    evaluated_as: Callable[..., Any] | None = None
    readable: Callable[..., Any] | None = None
    offers: tuple[Callable[..., Any], ...] = ()
    domain: tuple[Interval, ...] = ()
    kinks: tuple[Kink, ...] = ()
    samples: Callable[[np.random.Generator], list[tuple[tuple[Any, ...], dict[str, Any]]]] | None = None
    numpy: tuple[Callable[..., Any], ...] = ()
    elementwise: bool = False
    symmetric: bool = False
    plumbing: bool = False
    linear_in: tuple[int, ...] = ()
    several: bool = False
    batch: Callable[..., Any] | None = None
    scalar: Callable[..., Any] | None = None
    kernel: Lowering | None = None
    note: str = ""

    def infer(self, types: tuple[ArrayType, ...], params: Mapping[str, Any]) -> tuple[ArrayType, ...]:
        """The output types.

        Raises ShapeError where sizes do not fit, and ProgramError for the wrong number of inputs or an unknown param.
        """
        if self.arity >= 0 and len(types) != self.arity:
            raise ProgramError(f"{self.name} takes {self.arity} inputs, {len(types)} were given")
        for key in params:
            if key not in self.params:
                raise ProgramError(f"{self.name} has no option '{key}'; it has {', '.join(self.params) or 'none'}")
        try:
            return self.types(types, params)
        except ShapeError as error:
            raise ShapeError(f"{self.name}: {error}") from None

    def __call__(self, *xs: Any, **params: Any) -> Any:
        """Write this op where its operands stand: into a Builder, or into the trace of a function.

        In a Builder what is exact is folded: an op of numbers alone, and a unit such as 1·x. Rules are written through
        this; what a person typed is bound as typed, and never folded. Of plain numbers and arrays alone it is their
        value. Raises ShapeError where they do not fit, and ProgramError where there is no value, the op being abstract.
        """
        builder: Builder | None = None
        for x in xs:
            if isinstance(x, Value):
                builder = x.builder
                break
        if builder is None:
            return self._of_others(xs, params)
        values = [x if isinstance(x, Value) else builder.value(x) for x in xs]
        atoms = tuple([v.atom for v in values])
        if any([isinstance(a, Number) for a in atoms]):
            folded = self._folded(builder, values, atoms, params)
            if folded is not None:
                return folded
        frozen = MappingProxyType(params) if params else NO_PARAMS
        if self.several:
            return tuple([Value(builder, out) for out in builder.bind_many(self, *atoms, params=frozen)])
        return Value(builder, builder.bind(self, *atoms, params=frozen))

    def _of_others(self, xs: tuple[Any, ...], params: dict[str, Any]) -> Any:
        for x in xs:
            if hasattr(type(x), "apply_op"):
                return x.apply_op(self, xs, params)
        if self.evaluate is None:
            raise ProgramError(f"{self.name} is abstract, and has no value")
        self.infer(tuple([type_of(x) for x in xs]), params)
        return self.evaluate(*xs, **params)

    def _folded(self, builder: Builder, values: list[Value], atoms: tuple[Any, ...], params: Any) -> Value | None:
        bare = [a.value if isinstance(a, Number) and a.type.shape == () else None for a in atoms]
        for position, unit in enumerate(self.units):
            if unit is not None and bare[position] == unit and bare[position] is not True:
                return values[1 - position]
        if self.elementwise and self.evaluate is not None and None not in bare:
            with np.errstate(all="ignore"):
                return builder.value(number(np.asarray(self.evaluate(*bare, **params))[()]))
        return None

    def lower(self, types: tuple[ArrayType, ...], params: Mapping[str, Any]) -> tuple[Kernel, ...] | None:
        """Its kernels for these input types, one a result; None where it has none."""
        if self.kernel is None:
            return None
        found = self.kernel(types, self.types(types, params), {**self.params, **params})
        return found if found is None or isinstance(found, tuple) else (found,)

    @property
    def differentiable(self) -> bool:
        """Whether a gradient passes through it."""
        return self.vjp is not None

    def __repr__(self) -> str:
        return f"<op {self.name}>"


def elementwise(
    name: str,
    evaluate: Callable[..., Any],
    partials: Callable[..., tuple[Any, ...]] | None,
    notation: Notation | None = None,
    *,
    vjp: Callable[..., Sequence[Local | None]] | None = None,
    jvp: Callable[..., Any] | None = None,
    dtype: str | Callable[..., str] | None = None,
    narrowest: str = "float64",
    arity: int | None = None,
    domain: tuple[Interval, ...] = (),
    latex: str = "",
    kernel: Callable[..., Any] | None = None,
    **rest: Any,
) -> Op:
    """Declare an op that acts on each element, broadcasting, and put it into the table.

    `partials(y, *xs, **params)` gives ∂y/∂x_k for each input, in our own operators or as a bare number; its
    second form, an explicit `vjp` and `jvp`, is for the few that are not products. `kernel(*entries, **params)` gives
    an entry of the result in the index language; without one `evaluate` itself is run on entries. `dtype`, or what it
    gives for the input types and params, is the result's, where it is not that of arithmetic; `narrowest` is the
    narrowest dtype on which the op is closed: ints give floats unless that is int64 or bool. Raises ProgramError where
    the name is taken.

    Examples
    --------
    >>> cube = elementwise("cube", lambda x: x * x * x, lambda y, x: (3 * x * x,))
    >>> cube(np.array([1.0, 2.0]))
    array([1., 8.])
    """
    inputs = arity if arity is not None else _arity(evaluate)

    def types(given: tuple[ArrayType, ...], params: Mapping[str, Any]) -> tuple[ArrayType, ...]:
        if not given:
            raise ProgramError(f"{name} takes one input or more, none was given")
        first = given[0]
        if dtype is None and first.dtype == "float64" and all([t is first or t == first for t in given]):
            return (first,)
        out = dtype(given, params) if callable(dtype) else dtype or _result(name, given, narrowest)
        shape = first.shape
        if any([t.shape != shape for t in given]):
            shape = broadcast(*[t.shape for t in given])
        return (ArrayType(shape, out) if shape else SCALARS[out],)

    if partials is not None:
        vjp = vjp or _vjp_of(partials)
        jvp = jvp or _jvp_of(partials)
    op = Op(
        name=name,
        arity=inputs,
        evaluate=evaluate,
        types=types,
        vjp=vjp,
        jvp=jvp,
        notation=notation or Function(name, latex or rf"\operatorname{{{name}}}"),
        domain=domain or (REALS,) * inputs,
        elementwise=True,
        kernel=by_evaluation(evaluate) if kernel is None else entrywise(kernel),
        **rest,
    )
    register(op)
    return op


def structured(name: str, evaluate: Callable[..., Any], **record: Any) -> Op:
    """Declare an op that is not elementwise, field by field as in `Op`, and put it into the table.

    `linear_in=(0, 1)` in place of a jvp says that the op is linear in each of those inputs apart.
    Raises ProgramError where the name is taken.

    Examples
    --------
    >>> from chalkgrad.ops.local import Through
    >>> def back(want, y, x):
    ...     return [Through(lambda upstream: twice(upstream), "twice the upstream")]
    >>> twice = structured("twice", lambda x: x + x, types=lambda given, params: given, vjp=back, linear_in=(0,))
    >>> twice(np.array([1.0, 2.0]))
    array([2., 4.])
    """
    linear_in = record.setdefault("linear_in", ())
    record.setdefault("arity", 1)
    record.setdefault("notation", Function(name, rf"\operatorname{{{name}}}"))
    record.setdefault("jvp", None)
    op = Op(name=name, evaluate=evaluate, **record)
    if linear_in:
        object.__setattr__(op, "jvp", _jvp_linear(op, linear_in))
    register(op)
    return op


def _result(name: str, given: tuple[ArrayType, ...], narrowest: str) -> str:
    out = promote(*[t.dtype for t in given])
    if out == "bool" and narrowest != "bool":  # NumPy itself refuses, or answers in eight or sixteen bits
        raise ProgramError(f"{name} needs numbers, not truth values: indicator(…) turns them into 0 and 1")
    return "float64" if out == "int64" and narrowest == "float64" else out


def _arity(evaluate: Callable[..., Any]) -> int:
    if isinstance(evaluate, np.ufunc):
        return evaluate.nin
    code = evaluate.__code__
    return code.co_argcount - len(evaluate.__defaults__ or ())


def _vjp_of(partials: Callable[..., tuple[Any, ...]]) -> Callable[..., Sequence[Local | None]]:
    def vjp(want: tuple[bool, ...], y: Value, *xs: Value, **params: Any) -> Sequence[Local | None]:
        found = partials(y, *xs, **params)
        return [times(f, x) if w else None for w, f, x in zip(want, found, xs, strict=True)]

    return vjp


def _jvp_of(partials: Callable[..., tuple[Any, ...]]) -> Callable[..., Any]:
    def jvp(tangents: tuple[Value | None, ...], y: Value, *xs: Value, **params: Any) -> Any:
        terms = [t * f for t, f in zip(tangents, partials(y, *xs, **params), strict=True) if t is not None]
        return _total(terms, y)

    return jvp


def _jvp_linear(op: Op, linear_in: tuple[int, ...]) -> Callable[..., Any]:
    def jvp(tangents: tuple[Value | None, ...], y: Value, *xs: Value, **params: Any) -> Any:
        terms: list[Any] = []
        for position, tangent in enumerate(tangents):
            if tangent is not None and position in linear_in:
                terms.append(op(*xs[:position], tangent, *xs[position + 1 :], **params))
        return _total(terms, y)

    return jvp


def _total(terms: list[Any], y: Value) -> Any:
    """The sum of the terms, in y's shape."""
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return spread(total, y)


def spread(value: Value, y: Value) -> Value:
    """A tangent in the shape of y."""
    return value if value.shape == y.shape else value.apply("broadcast_to", shape=y.shape)


__all__ = [
    "DECLARED",
    "INFINITE",
    "POSITIVE",
    "REALS",
    "TRUTH",
    "Interval",
    "Kink",
    "Op",
    "elementwise",
    "spread",
    "structured",
]

"""The arguments of a call: which are data, and so inputs, and what may be no argument at all."""

from __future__ import annotations

import inspect
import numbers
import types
from collections.abc import Callable, Mapping
from typing import Any, final

import numpy as np

from chalkgrad.errors import TraceError
from chalkgrad.ir.program import Number
from chalkgrad.ir.types import SCALAR, SCALARS, ArrayType, dtype_of
from chalkgrad.trace.creators import stand_in
from chalkgrad.trace.holder import Holder, Memory
from chalkgrad.trace.places import definition, located
from chalkgrad.trace.session import ARRAYS, Session, article
from chalkgrad.trace.tracer import Traced
from chalkgrad.trace.trees import Tree, flatten
from chalkgrad.trace.watched import plain


@final
class Target:
    """A function, its name, where it is written, and what it takes: looked up once for many calls."""

    __slots__ = ("defaults", "function", "kinds", "name", "plain", "signature", "written")

    def __init__(self, function: Callable[..., Any]) -> None:
        if not callable(function):
            raise TraceError(f"{article(function)} is no function; pass the function itself, and then its arguments")
        self.function = function
        self.name = called(function)
        self.written = definition(inspect.unwrap(inner(function)))
        try:
            self.signature: inspect.Signature | None = inspect.signature(function)
        except ValueError:  # a compiled function that does not say
            self.signature = None
        several = self.signature.parameters.values() if self.signature else ()
        self.kinds = {p.name: p.kind for p in several}
        functions = [p for p in several if callable(p.default) and p.default is not p.empty]
        self.defaults = {p.name: p.default for p in functions if p.kind is not p.POSITIONAL_ONLY}
        self.plain = bool(several) and all(p.kind is p.POSITIONAL_OR_KEYWORD for p in several)

    def bind(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Mapping[str, Any]:
        """The arguments by parameter.

        Raises TraceError where they do not fit.
        """
        if self.plain and not kwargs and len(args) == len(self.kinds):
            return dict(zip(self.kinds, args, strict=True))
        signature = self.signature
        if signature is None:
            several = [inspect.Parameter(f"x{i}", inspect.Parameter.POSITIONAL_ONLY) for i in range(len(args))]
            signature = inspect.Signature(several)
        try:
            return signature.bind(*args, **kwargs).arguments
        except TypeError as error:
            raise TraceError(located(self.written, f"the call does not fit {self.name}{signature}: {error}")) from None


@final
class Call:
    """A call of a function: the name and the nest of every argument, and the values of the leaves in order."""

    __slots__ = ("_bound", "leaves", "target", "trees")

    def __init__(self, target: Target, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        self.target = target
        self._bound = target.bind(args, kwargs)
        self.trees: list[tuple[str, Tree]] = []
        self.leaves: list[Any] = []
        for parameter, value in self._bound.items():
            kind = target.kinds.get(parameter)
            if kind is inspect.Parameter.VAR_POSITIONAL:
                for i, v in enumerate(value):
                    self._add(f"{parameter}_{i}", v)
            elif kind is inspect.Parameter.VAR_KEYWORD:
                for key, v in value.items():
                    self._add(key, v)
            else:
                self._add(parameter, value)

    def with_leaves(self, leaves: list[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments with these leaves in place of their own."""
        values: list[Any] = []
        at = 0
        for _, tree in self.trees:
            # a function of NumPy's that is passed on is the one that the function itself would name
            value = tree.unflatten(leaves[at : at + tree.count])
            values.append(value if tree.static is None else stand_in(value))
            at += tree.count
        rest = iter(values)
        args: list[Any] = []
        kwargs: dict[str, Any] = {}
        skipped = False
        for parameter, kind in self.target.kinds.items() or [(p, None) for p in self._bound]:
            if parameter not in self._bound:
                default = self.target.defaults.get(parameter)
                if stand_in(default) is not default:
                    kwargs[parameter] = stand_in(default)
                # what stands behind a parameter that is left at its default is given by name
                skipped = skipped or kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
            elif kind is inspect.Parameter.VAR_POSITIONAL:
                args += [next(rest) for _ in self._bound[parameter]]
            elif kind is inspect.Parameter.VAR_KEYWORD:
                kwargs |= {key: next(rest) for key in self._bound[parameter]}
            elif kind is inspect.Parameter.KEYWORD_ONLY or skipped:
                kwargs[parameter] = next(rest)
            else:
                args.append(next(rest))
        return tuple(args), kwargs

    def inputs(self, session: Session) -> list[Traced]:
        """The leaves as inputs of a trace.

        Raises TraceError for an argument that can be none.
        """
        hints = [(parameter, n) for parameter, tree in self.trees for n in tree.names(parameter)]
        for parameter, tree in self.trees:
            for value in tree.statics():
                _check_static(value, self._refuser(parameter))
        return [
            _input(session, hint, value, self._refuser(hint))
            for (_, hint), value in zip(hints, self.leaves, strict=True)
        ]

    def _refuser(self, argument: str) -> Callable[[str], TraceError]:
        return lambda problem: TraceError(located(self.target.written, f"{argument} of {self.target.name} {problem}"))

    def _add(self, name: str, value: Any) -> None:
        leaves, tree = flatten(value)
        self.trees.append((name, tree))
        self.leaves += map(plain, leaves)


def inner(function: Any) -> Any:
    """What a functools.partial or a bound method is made of."""
    while not isinstance(function, types.FunctionType):
        found = getattr(function, "func", None) or getattr(function, "__func__", None)
        if found is None:
            break
        function = found
    return function


def called(function: Any) -> str:
    """The function's name; `f` for a lambda."""
    found = str(getattr(inner(function), "__name__", type(function).__name__))
    return found if found.isidentifier() else "f"


def _check_static(value: Any, refuse: Callable[[str], TraceError]) -> None:
    """Refuse what holds data, or is data, of a kind that has no place in a Program."""
    if value is None or isinstance(value, (bool, np.bool_, str, bytes)) or callable(value):
        return
    if isinstance(value, (set, frozenset)) or _holds_data(value):
        raise refuse(f"is a {type(value).__name__}; pass a tuple, list or dict of numbers and arrays")
    if isinstance(value, numbers.Number) or hasattr(type(value), "__array__"):
        raise refuse(f"is {article(value)}; pass a float or np.asarray(...) of it")


def _holds_data(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_holds_data(v) for v in value.values())
    if isinstance(value, (tuple, list)):
        return any(_holds_data(v) for v in value)
    return isinstance(value, (float, complex, np.ndarray, np.floating, Holder))


def _input(session: Session, hint: str, value: Any, refuse: Callable[[str], TraceError]) -> Traced:
    if isinstance(value, Traced):
        return _outer(session, hint, value, refuse)
    if not isinstance(value, (np.ndarray, np.generic)):
        try:
            number = float(value)
        except OverflowError:
            raise refuse(f"is {value!r:.40}, which does not fit into a float") from None
        if type(value) is int and int(number) != value:
            raise refuse(f"is {value!r:.40}, which does not fit into a float")
        return Traced(session, session.input(hint, SCALAR, np.float64(number)), whole=type(value) is int, weak=True)
    kind, width = value.dtype.kind, value.dtype.itemsize
    if isinstance(value, np.ndarray) and type(value) not in ARRAYS:
        raise refuse(f"is a {type(value).__name__}, which has rules of its own; pass np.asarray(...) of it")
    if kind not in "bif" or (kind != "b" and width < 4) or width > 8:
        # narrow and unsigned whole numbers wrap around in NumPy, and would not here
        raise refuse(f"is an array of {value.dtype}; pass x.astype(float), or x.astype(int) for whole numbers")
    whole = isinstance(value, np.integer)
    dtype = "float64" if whole else dtype_of(value.dtype)
    var = session.input(
        hint, ArrayType(value.shape, dtype) if value.shape else SCALARS[dtype], value.astype(dtype, copy=False)
    )
    traced = Traced(session, var, whole=whole)
    if traced.mutable:
        traced.memory = Memory(session, Traced, var, given=True)
    return traced


def _outer(session: Session, hint: str, value: Traced, refuse: Callable[[str], TraceError]) -> Traced:
    """A value of a trace around this one."""
    atom = value.atom
    if not value.session.open:
        raise refuse(f"is a value of the trace of {value.session.name}, which is over")
    if isinstance(atom, Number):
        var = session.input(hint, atom.type, np.asarray(atom.value, dtype=atom.type.dtype))
    else:
        var = session.outer_input(hint, value.session, atom)
    traced = Traced(session, var, value.mutable, value.whole, value.weak)
    if traced.mutable:
        traced.memory = Memory(session, Traced, var, given=True)
    return traced

"""Functions that are made anew again and again, as in `jvp(lambda q: loss(q, x, y), (p,), (v,))` within a loop.

Each time it is another function, of the same code. The arrays in its closure and its defaults count as one more
argument; by all else there the functions are told apart. So one transform of more arguments serves them all. The first
function of some code has a transform of its own, as has one that is called very often, and one that cannot be seen so:
where plain Python wants a number of what is now an argument.
"""

from __future__ import annotations

import dis
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from types import CellType, CodeType, FunctionType, MethodType
from typing import Any, final

import numpy as np

from chalkgrad.api.derived import KEPT, Same, transform
from chalkgrad.trace.captured import PLAIN, TRANSFORMS, is_steady
from chalkgrad.trace.running import running

# Functions in the closures of functions are looked into so deep.
DEPTH = 4
# A function that is called more often gets a transform of its own, which is quicker to call.
OFTEN = 1000
# Up to here whole numbers are floats.
EXACT = 2**53
# Codes that are remembered as met.
MET = 1024

_Made = FunctionType | partial[Any]
# What is kept of a value that a function holds: whether it is an argument, or the same of a function's values.
Part = bool | tuple[Any, ...]
_LOCK = threading.Lock()


class _NoForm(Exception):
    """The function writes into its closure, or has an empty cell or attributes of its own."""


@final
class _Form:
    """A function as one of many: `given` are its values that are arguments; `key` is equal where all others are the
    same. What the key tells by its id is held by a clone."""

    __slots__ = ("function", "given", "key", "parts")

    def __init__(self, function: _Made, depth: int = 0) -> None:
        if function.__dict__ or depth == DEPTH:
            raise _NoForm
        self.function = function
        self.given: list[Any] = []
        parts: list[Part] = []
        own: list[Any] = _place(function)
        for value in _held(function):
            kind = type(value)
            if _is_array(value) or (kind is tuple and value and all([_is_array(v) for v in value])):
                self.given.append(value)
                parts.append(True)
                continue
            if kind is partial or (kind is FunctionType and "<locals>" in value.__qualname__ and not is_steady(value)):
                inner = _Form(value, depth + 1)
                self.given += inner.given
                parts.append(inner.parts)
                own.append(inner.key)
                continue
            parts.append(False)
            own.append(_name(value, kind))
        self.parts = tuple(parts)
        self.key = (self.parts, *own)


def _place(function: _Made) -> list[Any]:
    """Where it is written, and the names of what it holds."""
    if isinstance(function, partial):
        return [partial, len(function.args), tuple(function.keywords)]
    code = function.__code__
    if _writes(code):
        raise _NoForm
    return [id(code), id(function.__globals__), tuple(function.__kwdefaults__ or ())]


def _name(value: Any, kind: type) -> Any:
    """What tells it apart: by itself where it is plain, else by its id."""
    if kind in PLAIN:
        return kind, repr(value) if kind in (float, complex) else value
    return (kind, value.tobytes()) if isinstance(value, np.generic) else id(value)


def _is_array(value: Any) -> bool:
    """Whether it may be an argument: whole numbers that are no floats are compared in another way within a trace."""
    if type(value) is not np.ndarray:
        return False
    return value.dtype.kind not in "iu" or not value.size or bool(value.max() <= EXACT and value.min() >= -EXACT)


def _held(function: _Made) -> list[Any]:
    """What it holds in its closure and its defaults, or as arguments that are given already."""
    if isinstance(function, partial):
        return [function.func, *function.args, *function.keywords.values()]
    try:
        found = [cell.cell_contents for cell in function.__closure__ or ()]
    except ValueError:  # a cell that is still empty
        raise _NoForm from None
    return [*found, *(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]


_WRITES: OrderedDict[int, tuple[CodeType, bool]] = OrderedDict()


def _writes(code: CodeType) -> bool:
    """Whether it, or a function within it, sets a name of the function around it."""
    found = _WRITES.get(id(code))
    if found is None:
        names = frozenset(code.co_freevars)
        sets = any(
            [i.opname in ("STORE_DEREF", "DELETE_DEREF") and i.argval in names for i in dis.get_instructions(code)]
        )
        sets = sets or any([_writes(c) for c in code.co_consts if isinstance(c, CodeType)])
        with _LOCK:
            found = _WRITES[id(code)] = code, sets
            while len(_WRITES) > MET:
                _WRITES.popitem(last=False)
    return found[1]


def _clone(function: _Made, parts: tuple[Part, ...]) -> _Made:
    """The same function with None for what is given, which it thus does not keep."""
    values: list[Any] = []
    for value, part in zip(_held(function), parts, strict=True):
        values.append(_clone(value, part) if isinstance(part, tuple) else None if part else value)
    if isinstance(function, partial):
        return _given(function, values)
    return _made(function, values, [CellType(v) for v in values[: len(function.__closure__ or ())]])


def _again(clone: _Made, parts: tuple[Part, ...], given: Iterator[Any]) -> _Made:
    """The function of a clone with these in place of what is given. All else stands in the clone's own cells, where a
    trace finds it, and puts its stand-in for NumPy."""
    values: list[Any] = []
    for value, part in zip(_held(clone), parts, strict=True):
        values.append(_again(value, part, given) if isinstance(part, tuple) else next(given) if part else value)
    if isinstance(clone, partial):
        return _given(clone, values)
    pairs = zip(clone.__closure__ or (), values, parts, strict=False)
    return _made(clone, values, [CellType(value) if part else cell for cell, value, part in pairs])


def _given(like: partial[Any], values: list[Any]) -> partial[Any]:
    behind = 1 + len(like.args)
    return partial(values[0], *values[1:behind], **dict(zip(like.keywords, values[behind:], strict=True)))


def _made(like: FunctionType, values: list[Any], cells: list[CellType]) -> FunctionType:
    made = FunctionType(like.__code__, like.__globals__, like.__name__, None, tuple(cells))
    behind = len(cells) + len(like.__defaults__ or ())
    made.__defaults__ = tuple(values[len(cells) : behind]) if like.__defaults__ else None
    made.__kwdefaults__ = dict(zip(like.__kwdefaults__, values[behind:], strict=True)) if like.__kwdefaults__ else None
    made.__qualname__, made.__module__ = like.__qualname__, like.__module__
    return made


@final
class Kept:
    """Decorates a transform, which is given a function as `Same` and options: what it makes of them is kept.

    Of a function whose code was met in another function it is an `Anew`.
    """

    def __init__(self, make: Callable[..., Callable[..., Any]]) -> None:
        self.make = make
        self.known = lru_cache(maxsize=KEPT)(make)
        self._met: OrderedDict[Any, weakref.ref[Any]] = OrderedDict()

    def cache_clear(self) -> None:
        """Forget all that was kept."""
        self.known.cache_clear()
        with _LOCK:
            self._met.clear()
            _SHARED.clear()

    def __call__(self, same: Same, *options: Any) -> Callable[..., Any]:
        function = same.function
        kind = type(function)
        if (kind is not FunctionType and kind is not partial and kind is not Anew) or running() is not None:
            return self.known(same, *options)
        if kind is not Anew:
            inner: Any = function
            while type(inner) is partial:
                inner = inner.func
            key = id(getattr(inner, "__code__", inner)), kind, options
            first = self._met.get(key)
            if first is None:
                with _LOCK:
                    self._met[key] = weakref.ref(function)
                    while len(self._met) > MET:
                        self._met.popitem(last=False)
                return self.known(same, *options)
            if first() is function or (kind is FunctionType and is_steady(function)):
                return self.known(same, *options)
        return Anew(self, same, options)


@final
class _Shared:
    """One transform for many functions; `answered` says that it ever did."""

    __slots__ = ("answered", "call")

    def __init__(self, call: Callable[..., Any]) -> None:
        self.call = call
        self.answered = False


# By what functions are told apart, what serves them; None where there can be none.
_SHARED: OrderedDict[Any, _Shared | None] = OrderedDict()


@final
class Anew:
    """What a transform gives for a function of a code that it has met before. It is called as any other."""

    __slots__ = ("__weakref__", "_calls", "_keeper", "_options", "_own", "_same")

    def __init__(self, keeper: Kept, same: Same, options: tuple[Any, ...]) -> None:
        self._keeper, self._same, self._options = keeper, same, options
        self._own: Any = None
        self._calls = 0

    @property
    def __wrapped__(self) -> Callable[..., Any]:
        return self._same.function

    def own(self) -> Callable[..., Any]:
        """The transform of this very function."""
        if self._own is None:
            self._own = self._keeper.known(self._same, *self._options)
        return self._own

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._own is None and running() is None and self._calls < OFTEN:
            self._calls += 1
            return self._answer(args, kwargs)
        return self.own()(*args, **kwargs)

    def _answer(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        steps: list[tuple[Kept, tuple[Any, ...]]] = []
        function: Any = self
        while type(function) is Anew:
            steps.append((function._keeper, function._options))
            function = function._same.function
        of = tuple(reversed(steps))
        try:
            form = _Form(function)
            key = of, form.key
            shared = _SHARED[key] if key in _SHARED else _share(of, form, key)
        except (_NoForm, TypeError, KeyError):  # what has no hash; what went out meanwhile
            return self.own()(*args, **kwargs)
        if shared is None:
            return self.own()(*args, **kwargs)
        try:
            result = shared.call(tuple(form.given), *args, **kwargs)
        except Exception:  # the function's own transform answers, or says what is wrong
            if not shared.answered:
                with _LOCK:
                    _SHARED[key] = None
            return self.own()(*args, **kwargs)
        shared.answered = True
        return result

    def __getattr__(self, name: str) -> Any:
        return getattr(self.own(), name)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else MethodType(self, instance)

    def __copy__(self) -> Anew:
        return self

    def __deepcopy__(self, memo: Any) -> Anew:
        return self

    def __reduce_ex__(self, protocol: Any) -> Any:
        return self.own().__reduce_ex__(protocol)

    def __repr__(self) -> str:
        return repr(self.own())


TRANSFORMS.add(Anew)


def _share(of: tuple[tuple[Kept, tuple[Any, ...]], ...], form: _Form, key: Any) -> _Shared:
    """A transform of such functions, whose first argument is what is given."""
    parts = form.parts
    clone = _clone(form.function, parts)

    def write(given: Any, *args: Any, **kwargs: Any) -> Any:
        here = running()
        if here is not None:
            here.plain = True
        made: Callable[..., Any] = _again(clone, parts, iter(given))
        for keeper, options in of:
            made = keeper.make(Same(made), *options)
        return made(*args, **kwargs)

    write.__name__ = write.__qualname__ = str(getattr(form.function, "__name__", "f"))
    found = _Shared(transform(clone, write, like=False))
    with _LOCK:
        _SHARED[key] = found
        while len(_SHARED) > KEPT:
            _SHARED.popitem(last=False)
    return found


__all__ = ["Anew", "Kept"]

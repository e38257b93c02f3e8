"""Expressions over buffers, rewritten: other places for their counters, other expressions for what they read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import ge, gt, le, lt
from typing import Any, final

import numpy as np

from chalkgrad.native.tree import Buffer
from chalkgrad.ops.kernel import Axis, Cast, Expr, Fn, Lit, Place, Read, fn, inside_out, lift, parts

Reading = Callable[[Read, tuple[Expr, ...]], Expr]

_SUMS = ("add", "subtract", "multiply")


@final
class Rewrite:
    """The same expressions with `places` for counters and `reading` for what is read; what is shared stays so."""

    def __init__(self, places: Mapping[Axis, Expr], reading: Reading | None = None) -> None:
        self.places, self.reading = places, reading
        self._made: dict[Expr, Expr] = {}

    def __call__(self, e: Expr) -> Expr:
        try:
            return self._changed(e)
        except RecursionError:  # a sum of very many terms
            for part in inside_out(e):
                self._changed(part)
            return self._changed(e)

    def _changed(self, e: Expr) -> Expr:
        if isinstance(e, Lit):
            return e
        if isinstance(e, Place):
            return self.places.get(e.axis, e)
        found = self._made.get(e)
        if found is None:
            found = self._made[e] = self._one(e)
        return found

    def _one(self, e: Expr) -> Expr:
        changed = self._changed
        if isinstance(e, Fn):
            given = e.args
            args = tuple([changed(a) for a in given])
            for a, b in zip(args, given, strict=True):
                if a is not b:
                    break
            else:
                return e
            if e.weak and e.dtype == "int64" and e.name in _SUMS:
                return summed(e.name, *args)
            return folded(Fn(e.name, args, e.dtype, e.weak))
        if isinstance(e, Read):
            index = tuple([changed(i) for i in e.index])
            if self.reading is not None:
                return self.reading(e, index)
            return e if all([a is b for a, b in zip(index, e.index, strict=True)]) else Read(e.source, index, e.dtype)
        if isinstance(e, Cast):
            arg = changed(e.arg)
            return e if arg is e.arg else folded(Cast(arg, e.dtype, e.weak))
        return e


# Of these NumPy gives one and the same number everywhere.
_EXACT = frozenset(["add", "subtract", "multiply", "divide", "negative"])
_COMPARED = {"less": lt, "less_equal": le, "greater": gt, "greater_equal": ge}


def folded(e: Fn | Cast) -> Expr:
    """The number that an expression of numbers is; x² as a product, as NumPy works it out."""
    given = parts(e)
    if not any([isinstance(a, Lit) for a in given]):
        return e
    if isinstance(e, Fn) and e.name == "power" and isinstance(given[1], Lit) and given[1].value == 2:
        whole = not e.dtype.startswith("float") or e.dtype != given[0].dtype
        return e if whole else Fn("multiply", (given[0], given[0]), e.dtype)
    if isinstance(e, Fn) and e.name == "multiply" and e.dtype.startswith("float"):
        for one, other in (given, given[::-1]):
            if isinstance(one, Lit) and one.value == 1 and (other.dtype, other.weak) == (e.dtype, e.weak):
                return other
    if isinstance(e, Fn) and e.name == "where" and isinstance(given[0], Lit):
        taken = given[1] if given[0].value else given[2]
        return taken if taken.dtype == e.dtype and taken.weak == e.weak else e
    if not all([isinstance(a, Lit) for a in given]):
        return e
    if isinstance(e, Fn) and e.name in _COMPARED and all([a.dtype == "int64" for a in given]):
        return Lit(bool(_COMPARED[e.name](*[a.value for a in given if isinstance(a, Lit)])), "bool", weak=e.weak)
    if not e.dtype.startswith("float"):
        return e
    values = [a.value if a.weak else np.dtype(a.dtype).type(a.value) for a in given if isinstance(a, Lit)]
    with np.errstate(all="ignore"):
        if isinstance(e, Cast):
            found: Any = np.asarray(values[0]).astype(e.dtype)
        elif e.name in _EXACT and not e.weak:
            found = np.asarray(getattr(np, e.name)(*values))
        else:
            return e
    return Lit(found.item(), e.dtype, weak=e.weak) if found.dtype == e.dtype else e


def summed(name: str, a: Expr, b: Expr) -> Expr:
    """A sum or product of places; known numbers in a row become one, so that a slice of a slice is one slice."""
    if isinstance(b, Lit) and isinstance(a, Fn) and a.weak and name != "multiply" and a.name in ("add", "subtract"):
        inner = a.args[1]
        if isinstance(inner, Lit):
            total = (inner.value if a.name == "add" else -inner.value) + (b.value if name == "add" else -b.value)
            return fn("add", a.args[0], total) if total >= 0 else fn("subtract", a.args[0], -total)
    if isinstance(b, Lit) and isinstance(a, Fn) and a.weak and name == a.name == "multiply":
        inner = a.args[1]
        if isinstance(inner, Lit):
            return fn("multiply", a.args[0], inner.value * b.value)
    return fn(name, a, b)


def ravelled(index: tuple[Expr, ...], shape: tuple[int, ...]) -> Expr:
    """The place in the flat array."""
    flat: Expr = lift(0)
    for place, n in zip(index, shape, strict=True):
        if n != 1:
            flat = summed("add", summed("multiply", flat, lift(n)), place)
    return flat


def operations(e: Expr) -> list[Fn]:
    """What is computed in an expression, apart from the places that it reads."""
    found: list[Fn] = []
    met: set[Expr] = set()
    waiting = [e]
    while waiting:
        at = waiting.pop()
        if isinstance(at, Fn):
            if at not in met:
                met.add(at)
                found.append(at)
                waiting.extend(at.args)
        elif isinstance(at, Cast):
            waiting.append(at.arg)
    return found


def reads(e: Expr) -> list[Read]:
    """Every entry that is read, each once."""
    found: list[Read] = []
    if isinstance(e, (Lit, Place)):
        return found
    met: set[Expr] = set()
    waiting = [e]
    while waiting:
        at = waiting.pop()
        if isinstance(at, (Lit, Place)) or at in met:
            continue
        met.add(at)
        if isinstance(at, Fn):
            waiting.extend(at.args)
        elif isinstance(at, Cast):
            waiting.append(at.arg)
        elif isinstance(at, Read):
            found.append(at)
            waiting.extend(at.index)
    return found


def buffer_of(read: Read) -> Buffer:
    """The buffer that is read."""
    source = read.source
    assert isinstance(source, Buffer)
    return source


__all__ = ["Reading", "Rewrite", "buffer_of", "operations", "ravelled", "reads", "summed"]

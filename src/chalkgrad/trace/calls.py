"""Traces kept for later calls of the same function, and checked before they serve."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from chalkgrad.ir.collection import no_collection
from chalkgrad.ir.types import type_of
from chalkgrad.trace.arguments import Call, Target
from chalkgrad.trace.captured import captured, key_of
from chalkgrad.trace.holder import Holder
from chalkgrad.trace.record import Trace, layout_of, record
from chalkgrad.trace.session import same_bits

# Combinations of argument types kept for one function, branches taken of each, and arrays outside that it reads.
KEYS, VARIANTS, ARRAYS = 64, 16, 64

Runner = Callable[[Sequence[Any]], tuple[Any, Sequence[Any]]]


@final
@dataclass(frozen=True, slots=True, eq=False)
class Variant:
    """One trace, what runs it, and the arrays outside that plain NumPy may have read, with their versions then.

    `held` is what the key knows by its id alone, which must therefore stay.
    """

    trace: Trace
    run: Runner
    rests: Mapping[int, int]
    held: Mapping[int, Any]

    def serves(self, call: Call, versions: Callable[[Any], int]) -> bool:
        """Whether it may be run for the call. Whether its guards hold is known only when it has been run."""
        if self.trace.layouts and self.trace.layouts != tuple([layout_of(v) for v in call.leaves]):
            return False
        for var, value in zip(self.trace.program.inputs[len(call.leaves) :], self.trace.hidden, strict=True):
            if type_of(value) != var.type:
                return False
        return all(versions(self.held[place]) == version for place, version in self.rests.items())


@final
@dataclass(frozen=True, slots=True, eq=False)
class Served:
    """A call that was answered: by which trace, and whether that is kept for calls like it."""

    result: Any
    call: Call
    variant: Variant
    kept: bool


@final
class Calls:
    """Runs a function by its traces.

    `prepare` makes, of a trace, what runs it: given the values of all inputs of the trace's Program, hidden ones too,
    it gives a result, and the values of the guards' atoms in their order. A call with arguments of the same types,
    whose guards hold, is not traced again; a function that reads what can change without being seen is traced at every
    call.
    May be called from several threads.
    """

    def __init__(self, function: Callable[..., Any], prepare: Callable[[Trace], Runner]) -> None:
        self.target = Target(function)
        self._prepare = prepare
        self._kept: OrderedDict[Any, OrderedDict[int, Variant]] = OrderedDict()
        self._versions: dict[int, tuple[int, Any, Any]] = {}
        self._changes = 0
        self._lock = threading.Lock()

    def __call__(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Served:
        """The result, and the trace that served.

        Raises as `record` does.
        """
        call = Call(self.target, args, kwargs)
        held: dict[int, Any] = {}
        key = self._key(call, held)
        for variant in self._variants(key):
            if not variant.serves(call, self._version):
                continue
            result, found = variant.run([*call.leaves, *variant.trace.hidden])
            if all(g.holds(v) for g, v in zip(variant.trace.guards, found, strict=True)):
                self._used(key, variant)
                return Served(result, call, variant, True)
        with no_collection():
            trace = record(self.target.function, args, kwargs, hidden=True)
            found = [v for v in held.values() if type(v) is np.ndarray and id(v) not in trace.free]
            variant = Variant(trace, self._prepare(trace), {id(v): self._version(v) for v in found}, held)
        kept = key is not None and not any(isinstance(v, Holder) for v in trace.hidden)
        if kept:
            self._keep(key, variant)
        # these are the values that it was traced with: its guards hold
        return Served(variant.run([*call.leaves, *trace.hidden])[0], call, variant, kept)

    def _key(self, call: Call, held: dict[int, Any]) -> Any:
        """What a trace depends on beside its guards; None where that cannot be told."""
        outside = captured(self.target.function, held)
        statics = [key_of(s, held) for _, tree in call.trees for s in tree.statics()]
        if outside is None or None in statics:
            return None
        return outside, tuple(call.trees), tuple(statics), tuple([_leaf_key(v) for v in call.leaves])

    def _variants(self, key: Any) -> list[Variant]:
        """Those kept for the key, the last used first."""
        if key is None:
            return []
        with self._lock:
            found = self._kept.get(key)
            return [] if found is None else [*reversed(found.values())]

    def _version(self, array: Any) -> int:
        """A number for the numbers of an array outside as they are now. One copy of them is kept."""
        with self._lock:
            version, kept, _ = self._versions.get(id(array), (0, None, None))
            if kept is None or kept.dtype != array.dtype or not same_bits(kept, array):
                self._changes += 1
                version = self._changes
                self._versions[id(array)] = (version, array.copy(), array)
                while len(self._versions) > ARRAYS:
                    self._versions.pop(next(iter(self._versions)))
            return version

    def _used(self, key: Any, variant: Variant) -> None:
        with self._lock:
            found = self._kept.get(key)
            if found is not None and id(variant) in found:
                found.move_to_end(id(variant))
                self._kept.move_to_end(key)

    def _keep(self, key: Any, variant: Variant) -> None:
        with self._lock:
            found = self._kept.setdefault(key, OrderedDict())
            found[id(variant)] = variant
            self._kept.move_to_end(key)
            while len(found) > VARIANTS:
                found.popitem(last=False)
            while len(self._kept) > KEYS:
                self._kept.popitem(last=False)


def _leaf_key(value: Any) -> Any:
    """The type of a leaf. An int is apart from a float, as only that may be an index; what is NumPy's from both."""
    kind = type(value)
    if kind is float or kind is np.float64 or kind is int:
        return kind
    if kind is np.ndarray:
        return value.shape, value.dtype
    if isinstance(value, Holder):
        return value.atom.type, value.mutable, value.whole, value.weak
    return getattr(value, "dtype", None), np.shape(value), kind  # `record` refuses what has no place, and names it

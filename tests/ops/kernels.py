"""What a kernel means, in plain Python: entry by entry, by NumPy's own functions."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from chalkgrad.ops.kernel import (
    Cast,
    Expr,
    Fn,
    Input,
    Lit,
    Nest,
    Place,
    Read,
    Routine,
    Running,
    Scatter,
    Table,
    Turns,
    View,
    Write,
)

_COMBINED = {"max": np.maximum, "min": np.minimum, "sum": np.add, "prod": np.multiply}


class Reference:
    """The entries of kernels over these inputs; each kernel is evaluated once."""

    def __init__(self, given: tuple[Any, ...]) -> None:
        self.given = [np.asarray(x) for x in given]
        self.made: dict[Any, np.ndarray] = {}

    def array(self, source: Any) -> np.ndarray:
        """The array of an input, a table or a kernel."""
        if source not in self.made:
            with np.errstate(all="ignore"):
                self.made[source] = self._array(source)
            assert self.made[source].shape == source.shape
            assert self.made[source].dtype == source.dtype
        return self.made[source]

    def _array(self, source: Any) -> np.ndarray:
        if isinstance(source, Input):
            return self.given[source.place]
        if isinstance(source, Table):
            return source.values
        if isinstance(source, View):
            return self.array(source.source).reshape(source.shape)
        if isinstance(source, Nest):
            out = np.zeros(source.shape, source.dtype)
            for at in np.ndindex(*source.shape):
                out[at] = self._entry(source, dict(zip(source.axes, at, strict=True)))
            return out
        if isinstance(source, Running):
            return self._running(source)
        if isinstance(source, Scatter):
            return self._scattered(source)
        if isinstance(source, Turns):
            raise NotImplementedError("a loop is evaluated by the record of scan")
        assert isinstance(source, Routine)
        args = [self.array(a) for a in source.args]
        return np.asarray(_ROUTINES[source.name](*args)).astype(source.dtype)

    def _entry(self, nest: Nest, at: dict[Any, int]) -> Any:
        if nest.combine is None:
            return self.number(nest.body, at)
        places = list(itertools.product(*[range(a.extent) for a in nest.over]))
        found = [self.number(nest.body, at | dict(zip(nest.over, p, strict=True))) for p in places]
        values = np.array(found, dtype=found[0].dtype if found else nest.dtype)
        if nest.combine in ("argmax", "argmin", "any", "all"):
            return getattr(np, nest.combine)(values)
        if nest.combine in ("sum", "prod"):
            return getattr(np, nest.combine)(values, dtype=nest.dtype)
        return getattr(np, nest.combine)(values)

    def _running(self, source: Running) -> np.ndarray:
        out = np.zeros(source.shape, source.dtype)
        k = source.axes.index(source.along)
        for at in np.ndindex(*source.shape):
            value = self.number(source.body, dict(zip(source.axes, at, strict=True)))
            before = (*at[:k], at[k] - 1, *at[k + 1 :])
            out[at] = _COMBINED[source.combine](out[before], value) if at[k] else value
        return out

    def _scattered(self, source: Scatter) -> np.ndarray:
        out = np.zeros(source.shape, source.dtype)
        filled = np.zeros(source.shape, bool)
        if source.start is not None:
            out[...] = source.start.value if isinstance(source.start, Lit) else self.array(source.start)
            filled[...] = True
        for write in source.writes:
            self._write(write, out, filled)
        assert filled.all(), "an entry is left without a number"
        return out

    def _write(self, write: Write, out: np.ndarray, filled: np.ndarray) -> None:
        for places in np.ndindex(*[a.extent for a in write.axes]):
            at: dict[Any, int] = dict(zip(write.axes, places, strict=True))
            target = tuple(int(self.number(t, at)) for t in write.target)
            assert all(0 <= t < n for t, n in zip(target, out.shape, strict=True))
            value = self.number(write.body, at)
            out[target] = out[target] + value if write.add else value
            filled[target] = True

    def number(self, expr: Expr, at: dict[Any, int]) -> Any:
        """The NumPy scalar of an expression where the counters stand."""
        known: dict[Expr, Any] = {}

        def value(e: Expr) -> Any:
            if e not in known:
                found = found_of(e)
                assert e.weak or np.asarray(found).dtype == e.dtype, f"{e} gives {np.asarray(found).dtype}"
                known[e] = found
            return known[e]

        def found_of(e: Expr) -> Any:
            if isinstance(e, Lit):
                return e.value if e.weak else np.dtype(e.dtype).type(e.value)
            if isinstance(e, Place):
                return at[e.axis]
            if isinstance(e, Cast):
                return np.asarray(value(e.arg)).astype(e.dtype)[()]
            if isinstance(e, Read):
                index = tuple(int(value(i)) for i in e.index)
                array = self.array(e.source)
                assert all(0 <= i < n for i, n in zip(index, array.shape, strict=True)), f"{index} in {array.shape}"
                return array[index]
            assert isinstance(e, Fn)
            if e.name == "where":
                taken = value(e.args[1] if value(e.args[0]) else e.args[2])
                return taken if e.weak else np.dtype(e.dtype).type(taken)
            if e.name == "logical_and":
                return np.bool_(bool(value(e.args[0])) and bool(value(e.args[1])))
            if e.name == "logical_or":
                return np.bool_(bool(value(e.args[0])) or bool(value(e.args[1])))
            if e.name == "place":
                place, n = (int(value(a)) for a in e.args)
                assert -n <= place < n
                return place + n if place < 0 else place
            function: Any = getattr(np, e.name)
            # as arrays: of NumPy's scalars some powers are other than of its arrays
            found = function(*[np.array([v]) if isinstance(v := value(a), np.generic) else v for a in e.args])
            return found.item() if e.weak else np.ravel(found)[0]

        return value(expr)


def _cholesky(a: np.ndarray) -> Any:
    return np.linalg.cholesky(a)


def _signs(a: np.ndarray) -> Any:
    return np.stack(np.linalg.slogdet(a), axis=-1)


_ROUTINES: dict[str, Any] = {
    "sort": lambda x: np.sort(x, axis=-1, kind="stable"),
    "argsort": lambda x: np.argsort(x, axis=-1, kind="stable"),
    "solve": np.linalg.solve,
    "inv": np.linalg.inv,
    "slogdet": _signs,
    "cholesky": _cholesky,
}

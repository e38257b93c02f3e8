"""Jacobians of which only what can be other than 0 is found: few products with them give all entries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial, wraps
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from chalkgrad.api.derived import Wrt, any_traced, chosen, ready
from chalkgrad.errors import GradientError
from chalkgrad.evaluate.interpret import Interpreter
from chalkgrad.ir.program import Program, Var
from chalkgrad.native.executable import Executable
from chalkgrad.trace.calls import Calls
from chalkgrad.trace.record import Trace
from chalkgrad.trace.session import running, same_bits
from chalkgrad.transform.backprop import pullback
from chalkgrad.transform.colouring import colours
from chalkgrad.transform.forward import forward
from chalkgrad.transform.prepare import prepare
from chalkgrad.transform.prune import prune
from chalkgrad.transform.roll import rolled
from chalkgrad.transform.sparsity import pattern
from chalkgrad.transform.vectorise import vectorise

Array = NDArray[Any]

# Numbers in the tangents that are pushed at once, beyond which the colours are taken in turns.
AT_ONCE = 2**24


@final
@dataclass(frozen=True, eq=False)
class SparseJacobian:
    """The entries of a Jacobian that can be other than 0: `values[k]` stands in row `rows[k]`, column `columns[k]`.

    `rows` and `columns` are int64, sorted by row and then by column, and count the entries of the result and of the
    argument in C order; `shape` is (entries of the result, entries of the argument). `passes` is how many products with
    the Jacobian it took.
    """

    rows: Array
    columns: Array
    values: Array
    shape: tuple[int, int]
    passes: int

    def toarray(self) -> Array:
        """The whole matrix, as an array of shape `shape`."""
        whole = np.zeros(self.shape, self.values.dtype)
        whole[self.rows, self.columns] = self.values
        return whole

    def to_scipy(self) -> Any:
        """As `scipy.sparse.csr_array`; needs SciPy."""
        from scipy.sparse import csr_array  # type: ignore[import-not-found]  # no dependency of ours

        return csr_array((self.values, (self.rows, self.columns)), shape=self.shape)


def sparsely(function: Callable[..., Any], wrt: Wrt) -> Callable[..., Any]:
    """The sparse Jacobian of a function of one array by one array.

    The entries that can be other than 0, and their colours, are found at the first call with arguments of their types;
    they serve as long as the branches taken are the same, and the numbers on which they hang, as an index may.
    """
    calls = Calls(function, partial(_Sparse, wrt))

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> SparseJacobian:
        session = running()
        if session is not None and any_traced(args, kwargs):
            raise session.refuse("jacobian(…, sparse=True) gives no traced value: within a trace, take jacobian(…)")
        return calls(args, kwargs).result

    return call


@final
class _Sparse:
    """Runs what was derived of a trace: the Jacobian, and the values of the guards."""

    def __init__(self, wrt: Wrt, made: Trace) -> None:
        program = ready(made)
        by = chosen(made, program, wrt)
        if len(by.flat) != 1 or made.result.count != 1:
            raise GradientError("a sparse Jacobian is of one array by one array")
        (var,), out = by.flat, program.outputs[0]
        if not out.type.floating:
            raise GradientError(f"{program.name} is {out.type}: only a real value has derivatives")
        self._program, self._var, self._guards = program, var, made.guards
        self._branches = Interpreter(prepare(prune(replace(program, outputs=program.outputs[1:]))))
        self._found: _Products | None = None

    def __call__(self, given: Sequence[Any]) -> tuple[SparseJacobian | None, Sequence[Any]]:
        held = self._branches(*given) if self._guards else ()
        if not all([g.holds(v) for g, v in zip(self._guards, held, strict=True)]):
            return None, held
        found = self._found
        if found is None or not found.serve(given):
            found = self._found = _Products(self._program, self._var, given)
        return found(given), held


@final
class _Products:
    """The products with a Jacobian, or with its transpose, that give all entries that can be other than 0."""

    def __init__(self, program: Program, var: Var, given: Sequence[Any]) -> None:
        entries = pattern(program, var, given)
        self._deciding = {k: np.array(given[k]) for k in entries.deciding}
        self._rows, self._columns = entries.rows, entries.columns
        shape: Any = var.type.shape
        self._shape = (entries.height, int(np.prod(shape)))
        self._colour, self._pushed = colours(self._rows, self._columns, self._shape[1]), True
        # across, it takes at least as many as stand in one column
        if int(self._colour.max(initial=0)) >= int(np.bincount(self._columns).max(initial=1)):
            across = colours(self._columns, self._rows, self._shape[0])
            if int(across.max()) < int(self._colour.max()):
                self._colour, self._pushed = across, False
        self._passes = int(self._colour.max()) + 1 if self._rows.size else 0
        self._at_once = max(1, min(self._passes, AT_ONCE // max(1, self._colour.size)))
        program = rolled(program)
        program = prune(replace(program, outputs=program.outputs[:1]))
        self._inner = forward(program, [var]) if self._pushed else pullback(program, [var])
        self._dtype = program.outputs[0].type.dtype
        self._runs: dict[int, Executable] = {}
        self._seeds = self._seeded(0, self._at_once)
        # where each entry stands in the products of its turn, as one row
        other = self._rows if self._pushed else self._columns
        group = self._colour[self._columns if self._pushed else self._rows]
        self._turn, within = np.divmod(group, self._at_once)
        self._places = within * self._shape[0 if self._pushed else 1] + other

    def serve(self, given: Sequence[Any]) -> bool:
        """Whether what decided which entries can be other than 0 is as it was."""
        return all([same_bits(kept, np.asarray(given[k])) for k, kept in self._deciding.items()])

    def __call__(self, given: Sequence[Any]) -> SparseJacobian:
        values = np.zeros(self._rows.size, self._dtype)
        for turn, start in enumerate(range(0, self._passes, self._at_once)):
            size = min(self._at_once, self._passes - start)
            found = self._run(given, self._seeds if start == 0 else self._seeded(start, size))
            if size == self._passes:
                np.take(found, self._places, out=values)
            else:
                here = self._turn == turn
                values[here] = found[self._places[here]]
        return SparseJacobian(self._rows.copy(), self._columns.copy(), values, self._shape, self._passes)

    def _seeded(self, start: int, size: int) -> Array:
        """Of each colour, 1 at the entries that bear it."""
        shape: Any = self._inner.inputs[-1].type.shape
        seeds = (self._colour == np.arange(start, start + size)[:, None]).astype(self._dtype)
        return seeds.reshape(size, *shape)

    def _run(self, given: Sequence[Any], seeds: Array) -> Array:
        size = len(seeds)
        if size not in self._runs:
            one = prune(replace(self._inner, outputs=self._inner.outputs[1:]))
            many = vectorise(one, [False] * len(given) + [True], size)
            self._runs[size] = Executable(prepare(many))
        (found,) = self._runs[size](*given, seeds)
        return np.reshape(found, -1)

"""The one data structure: an ordered list of typed steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Protocol, final

import numpy as np

from chalkgrad.ir.origin import Origin
from chalkgrad.ir.types import SCALAR, ArrayType, type_of

NO_PARAMS: Mapping[str, Any] = MappingProxyType({})


class OpLike(Protocol):
    """What the ground needs of an op; the whole record is `chalkgrad.ops.op.Op`."""

    @property
    def name(self) -> str: ...

    def infer(self, types: tuple[ArrayType, ...], params: Mapping[str, Any]) -> tuple[ArrayType, ...]: ...


@final
class Var:
    """A value that a step, or the caller, gives. Compared by identity: two that were written apart stay apart."""

    __slots__ = ("hint", "type")

    def __init__(self, type: ArrayType, hint: str = "") -> None:
        self.type = type
        self.hint = hint

    def __repr__(self) -> str:
        return f"<{self.hint or 'var'}: {self.type}>"


@final
@dataclass(frozen=True, slots=True, eq=False)
class Number:
    """A constant: a float, int or bool, or a read-only array."""

    value: Any
    type: ArrayType

    def __repr__(self) -> str:
        return f"<number {self.value}>"


Atom = Var | Number


def number(value: Any, dtype: str | None = None) -> Number:
    """A constant from a number or array. Bare numbers are float64 unless `dtype` says otherwise."""
    if isinstance(value, (bool, np.bool_)):
        return Number(bool(value), ArrayType((), "bool"))
    if isinstance(value, (int, float)):
        return Number(float(value), SCALAR if dtype is None else ArrayType((), dtype))
    array = np.array(value, dtype=dtype or type_of(value).dtype)
    if array.ndim == 0:
        return number(array.item(), dtype)
    array.setflags(write=False)
    return Number(array, type_of(array))


def input_types(inputs: tuple[Atom, ...]) -> tuple[ArrayType, ...]:
    """The types an op sees. A bare number takes the width of the arrays beside it, as in NumPy."""
    types = [a.type for a in inputs]
    for type in types:
        if type.dtype == "float32":
            wide = [t.dtype for a, t in zip(inputs, types, strict=True) if isinstance(a, Var)]
            if "float64" not in wide:
                narrow = ArrayType((), "float32")
                types = [narrow if isinstance(a, Number) and a.type == SCALAR else a.type for a in inputs]
            break
    return tuple(types)


class _Filled:
    """A Step while it is filled in. Frozen ones are slow to make, and there may be 100 000 of them."""

    __slots__ = ("inputs", "op", "origin", "outputs", "params")


@final
@dataclass(frozen=True, slots=True, eq=False, init=False)
class Step:
    """One op applied. `outputs` holds None where nobody reads the result."""

    outputs: tuple[Var | None, ...]
    op: OpLike
    inputs: tuple[Atom, ...]
    params: Mapping[str, Any] = field(default_factory=lambda: NO_PARAMS)
    origin: Origin | None = None

    def __new__(
        cls,
        outputs: tuple[Var | None, ...],
        op: OpLike,
        inputs: tuple[Atom, ...],
        params: Mapping[str, Any] = NO_PARAMS,
        origin: Origin | None = None,
    ) -> Step:
        return written(outputs, op, inputs, params, origin)

    def __reduce__(self) -> Any:
        return Step, (self.outputs, self.op, self.inputs, self.params, self.origin)

    @property
    def output(self) -> Var:
        """The output of a step that has just one."""
        (out,) = self.outputs
        assert out is not None
        return out

    def with_bodies(self, change: Callable[[Program], Program]) -> Step:
        """With every Program among its params changed."""
        if not any(isinstance(p, Program) for p in self.params.values()):
            return self
        params = {k: change(p) if isinstance(p, Program) else p for k, p in self.params.items()}
        return self if all(params[k] is p for k, p in self.params.items()) else replace(self, params=params)

    @property
    def given(self) -> tuple[Var, ...]:
        """The outputs that exist: one for almost every op."""
        outs: Any = self.outputs
        return outs if None not in outs else tuple([v for v in outs if v is not None])


def written(
    outputs: tuple[Var | None, ...],
    op: OpLike,
    inputs: tuple[Atom, ...],
    params: Mapping[str, Any] = NO_PARAMS,
    origin: Origin | None = None,
) -> Step:
    """The Step of these, in little more than half the time that calling the class takes."""
    made: Any = _Filled()
    made.outputs = outputs
    made.op = op
    made.inputs = inputs
    made.params = params
    made.origin = origin
    made.__class__ = Step
    return made


@final
@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """Typed steps in order: inputs in, outputs out. Nothing in it ever changes."""

    name: str
    inputs: tuple[Var, ...]
    steps: tuple[Step, ...]
    outputs: tuple[Atom, ...]

    @property
    def output(self) -> Atom:
        """The output of a Program that has just one."""
        (out,) = self.outputs
        return out

    def variables(self) -> Iterator[Var]:
        """Every Var, inputs first, then in the order of the steps."""
        yield from self.inputs
        for step in self.steps:
            for out in step.outputs:
                if out is not None:
                    yield out

    def producer(self) -> dict[Var, Step]:
        """For every Var that a step gives, that step."""
        return {out: step for step in self.steps for out in step.outputs if out is not None}

    def uses(self) -> dict[Var, list[tuple[Step, int]]]:
        """For every Var, the places that read it, in order."""
        found: dict[Var, list[tuple[Step, int]]] = {v: [] for v in self.variables()}
        for step in self.steps:
            for position, atom in enumerate(step.inputs):
                if isinstance(atom, Var):
                    found[atom].append((step, position))
        return found

    def with_steps(self, steps: tuple[Step, ...]) -> Program:
        """The same Program with other steps."""
        return replace(self, steps=steps)

    def __call__(self, *values: Any) -> tuple[Any, ...]:
        """The outputs at these values, which are of the inputs' types: how the body of a loop is run."""
        from chalkgrad.ir.run import ready  # which is made of Programs

        return ready(self)(values)

    def with_bodies(self, change: Callable[[Program], Program]) -> Program:
        """With every Program among its steps' params, as the body of a loop is one, changed."""
        if not any(isinstance(p, Program) for s in self.steps for p in s.params.values()):
            return self
        return self.with_steps(tuple([s.with_bodies(change) for s in self.steps]))

    def __str__(self) -> str:
        return f"{self.name}: {len(self.inputs)} inputs, {len(self.steps)} steps, {len(self.outputs)} outputs"

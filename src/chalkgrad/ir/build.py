"""Writing a Program: the Builder, and values whose operators write steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from chalkgrad.errors import ProgramError
from chalkgrad.ir.origin import Origin
from chalkgrad.ir.program import NO_PARAMS, Atom, Number, OpLike, Program, Step, Var, input_types, number
from chalkgrad.ir.registry import lookup, lookup_ufunc
from chalkgrad.ir.types import SCALAR, ArrayType


@lru_cache(maxsize=1024)
def of_scalars(op: OpLike, count: int) -> tuple[ArrayType, ...]:
    """The output types for so many float64 numbers, which is what an op is asked for most often."""
    return op.infer((SCALAR,) * count, NO_PARAMS)


def _types(op: OpLike, inputs: tuple[Atom, ...], params: Mapping[str, Any]) -> tuple[ArrayType, ...]:
    for atom in inputs:
        if params or atom.type is not SCALAR:
            return op.infer(input_types(inputs), params)
    return of_scalars(op, len(inputs)) if inputs else op.infer((), params)


class Builder:
    """Collects steps. `origin`, when set, is given to every step that names none of its own."""

    __slots__ = ("inputs", "origin", "steps")

    def __init__(self) -> None:
        self.inputs: list[Var] = []
        self.steps: list[Step] = []
        self.origin: Origin | None = None

    def input(self, hint: str, type: ArrayType = SCALAR) -> Var:
        """A new input."""
        var = Var(type, hint)
        self.inputs.append(var)
        return var

    def bind(
        self,
        op: OpLike,
        *inputs: Atom,
        params: Mapping[str, Any] = NO_PARAMS,
        hint: str = "",
        origin: Origin | None = None,
    ) -> Var:
        """Add a step with one output, and give that output.

        Raises ShapeError where the op refuses the types.
        """
        types = _types(op, inputs, params)
        if len(types) != 1:
            raise ProgramError(f"{op.name} gives {len(types)} results, and here is a place for one")
        out = Var(types[0], hint)
        self.steps.append(Step((out,), op, inputs, params, origin or self.origin))
        return out

    def bind_many(
        self,
        op: OpLike,
        *inputs: Atom,
        params: Mapping[str, Any] = NO_PARAMS,
        hints: tuple[str, ...] = (),
        origin: Origin | None = None,
    ) -> tuple[Var, ...]:
        """Add a step, and give its outputs."""
        types = _types(op, inputs, params)
        outs = tuple([Var(t, hints[i] if i < len(hints) else "") for i, t in enumerate(types)])
        self.steps.append(Step(outs, op, inputs, params, origin or self.origin))
        return outs

    def value(self, atom: Any) -> Value:
        """A handle with operators on an atom of this Builder, or on a plain number."""
        return Value(self, atom if isinstance(atom, (Var, Number)) else number(atom))

    def inline(self, program: Program, atoms: Sequence[Atom]) -> tuple[Atom, ...]:
        """Write the steps of `program` anew, on `atoms` for its inputs; what its outputs are here."""
        known: dict[Var, Atom] = dict(zip(program.inputs, atoms, strict=True))
        for step in program.steps:
            inputs = tuple([known[a] if isinstance(a, Var) else a for a in step.inputs])
            outs = tuple([None if v is None else Var(v.type, v.hint) for v in step.outputs])
            known.update({old: new for old, new in zip(step.outputs, outs, strict=True) if old and new})
            self.steps.append(replace(step, inputs=inputs, outputs=outs))
        return tuple([known[a] if isinstance(a, Var) else a for a in program.outputs])

    def program(self, name: str, *outputs: Atom) -> Program:
        """What was written, as a Program."""
        return Program(name, tuple(self.inputs), tuple(self.steps), outputs)


class Value:
    """An atom with operators, each of which writes a step. Derivative rules are written in these."""

    __slots__ = ("atom", "builder")

    def __init__(self, builder: Builder, atom: Atom) -> None:
        self.builder = builder
        self.atom = atom

    @property
    def type(self) -> ArrayType:
        return self.atom.type

    @property
    def shape(self) -> tuple[Any, ...]:
        return self.atom.type.shape

    def apply(self, name: str, *others: Any, **params: Any) -> Any:
        """The op called `name` with this value first."""
        return lookup(name)(self, *others, **params)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        """NumPy's functions of each element are the ops of that name, so that a rule may be written with them."""
        return NotImplemented if method != "__call__" or options else lookup_ufunc(ufunc)(*inputs)

    def __bool__(self) -> bool:
        raise ProgramError("a value has no truth while a rule is written: use where(condition, a, b)")

    def __add__(self, other: Any) -> Any:
        return self.apply("add", other)

    def __radd__(self, other: Any) -> Any:
        return self.builder.value(other).apply("add", self)

    def __sub__(self, other: Any) -> Any:
        return self.apply("subtract", other)

    def __rsub__(self, other: Any) -> Any:
        return self.builder.value(other).apply("subtract", self)

    def __mul__(self, other: Any) -> Any:
        return self.apply("multiply", other)

    def __rmul__(self, other: Any) -> Any:
        return self.builder.value(other).apply("multiply", self)

    def __truediv__(self, other: Any) -> Any:
        return self.apply("divide", other)

    def __rtruediv__(self, other: Any) -> Any:
        return self.builder.value(other).apply("divide", self)

    def __pow__(self, other: Any) -> Any:
        return self.apply("power", other)

    def __rpow__(self, other: Any) -> Any:
        return self.builder.value(other).apply("power", self)

    def __matmul__(self, other: Any) -> Any:
        return self.apply("matmul", other)

    def __rmatmul__(self, other: Any) -> Any:
        return self.builder.value(other).apply("matmul", self)

    def __neg__(self) -> Any:
        return self.apply("negative")

    def __pos__(self) -> Any:
        return self

    def __abs__(self) -> Any:
        return self.apply("abs")

    def __lt__(self, other: Any) -> Any:
        return self.apply("less", other)

    def __le__(self, other: Any) -> Any:
        return self.apply("less_equal", other)

    def __gt__(self, other: Any) -> Any:
        return self.apply("greater", other)

    def __ge__(self, other: Any) -> Any:
        return self.apply("greater_equal", other)

    def __getitem__(self, index: Any) -> Any:
        return self.apply("index", index=index)

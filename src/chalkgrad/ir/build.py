"""Writing a Program: the Builder, and values whose operators write steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalkgrad.errors import ProgramError
from chalkgrad.ir.origin import Origin
from chalkgrad.ir.program import NO_PARAMS, Atom, Number, OpLike, Program, Step, Var, input_types, number
from chalkgrad.ir.registry import lookup
from chalkgrad.ir.types import SCALAR, ArrayType


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
        (type,) = op.infer(input_types(inputs), params)
        out = Var(type, hint)
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
        types = op.infer(input_types(inputs), params)
        outs = tuple([Var(t, hints[i] if i < len(hints) else "") for i, t in enumerate(types)])
        self.steps.append(Step(outs, op, inputs, params, origin or self.origin))
        return outs

    def value(self, atom: Any) -> Value:
        """A handle with operators on an atom of this Builder, or on a plain number."""
        return Value(self, atom if isinstance(atom, (Var, Number)) else number(atom))

    def program(self, name: str, *outputs: Atom) -> Program:
        """What was written, as a Program."""
        return Program(name, tuple(self.inputs), tuple(self.steps), outputs)


class Value:
    """An atom with operators, each of which writes a step. Derivative rules are written in these."""

    __slots__ = ("atom", "builder")
    __array_ufunc__ = None  # so that `array * value` asks the value

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

"""A Backprop with the number of every Var: what drawings, tables, sheets and keys are views of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from chalkgrad.errors import GradientError, ShapeError, UnknownName, ValueNeeded, nearest
from chalkgrad.evaluate.interpret import coerce, values_of
from chalkgrad.evaluate.notices import Notice, Rewritten, notices_of
from chalkgrad.ir.collection import no_collection
from chalkgrad.ir.dims import dims_text
from chalkgrad.ir.names import names
from chalkgrad.ir.program import Atom, Number, Program, Var
from chalkgrad.transform.backprop import Backprop, backprop
from chalkgrad.transform.conventions import with_sizes
from chalkgrad.transform.gates import recognise


@dataclass(frozen=True, eq=False)
class Worked:
    """`backprop` and the number of every Var; `numbers` is empty where no values were given.

    `loss` is the name at the top of every gradient: the function's own name, or `L` where an upstream gradient was
    given. `upstream` is None where it was not: then it is 1. `echo` is how a person's text was understood.
    """

    backprop: Backprop
    numbers: Mapping[Var, Any]
    loss: str
    upstream: Any = None
    notices: tuple[Notice, ...] = ()
    echo: tuple[str, ...] = ()
    called: Mapping[Var, str] = field(default_factory=dict)

    @property
    def program(self) -> Program:
        """The function, as typed."""
        return self.backprop.program

    @property
    def unit(self) -> bool:
        """Whether the upstream gradient is the 1 that nobody gave: the output is one number."""
        return self.upstream is None and _single(self.program.output)

    @property
    def symbolic(self) -> bool:
        """Whether there are no numbers."""
        return not self.numbers

    def number(self, atom: Atom) -> Any:
        """The number of an atom, None where there is none."""
        return atom.value if isinstance(atom, Number) else self.numbers.get(atom)

    def gradient(self, var: Var) -> Any:
        """The total gradient of a Var: None where nothing reached it or there are no numbers."""
        atom = self.backprop.adjoint.get(var)
        found = None if atom is None else self.number(atom)
        return None if found is None else _unsigned(found)

    @cached_property
    def value(self) -> Any:
        """The output's number.

        Raises ValueNeeded where no values were given.
        """
        self._needs_numbers()
        return _unsigned(self.number(self.program.output))

    @cached_property
    def gradients(self) -> dict[str, Any]:
        """The gradient of every input asked for, by name, in the input's own shape.

        Raises ValueNeeded where no values were given.
        """
        self._needs_numbers()
        outputs = self.backprop.gradient.outputs[1:]
        return {self.called[v]: _unsigned(self.number(o)) for v, o in zip(self.backprop.wrt, outputs, strict=True)}

    def _needs_numbers(self) -> None:
        if self.symbolic:
            wanted = " ".join(f"{self.called[v]}=…" for v in self.program.inputs)
            raise ValueNeeded(f"{self.program.name} has no numbers yet: give {wanted}")


def _unsigned(value: Any) -> Any:
    """The same number with -0 as 0: a ReLU that passes on nothing passes on 0."""
    return value + 0.0


def _single(atom: Atom) -> bool:
    return all(n == 1 for n in atom.type.shape)


def output_name(program: Program, known: Mapping[Var, str]) -> str:
    """What the result is called: its own name, or the function's where it is an input or a constant."""
    out = program.output
    return program.name if isinstance(out, Number) or out in program.inputs else known[out]


def work(
    program: Program,
    values: Mapping[str, Any] | None = None,
    *,
    upstream: Any = None,
    wrt: Sequence[str] | None = None,
    echo: tuple[str, ...] = (),
) -> Worked:
    """Differentiate `program`, and evaluate it and its gradient at `values` (by input name) where there are any.

    Raises ValueNeeded where some inputs have a value and others none, UnknownName for a value or a `wrt` that is no
    input, ShapeError where shapes do not fit, GradientError where the output is an array and no upstream is given.
    """
    if len(program.outputs) != 1:
        raise GradientError(f"{program.name} gives {len(program.outputs)} results: work one at a time")
    at: dict[str, Any] = dict(values or {})
    by_name = {v.hint: v for v in program.inputs}
    for name in (*at, *(wrt or ())):
        if name not in by_name:
            raise UnknownName(f"{program.name} has no input '{name}'{nearest(name, by_name)}")
    missing = [v.hint for v in program.inputs if v.hint not in at]
    if at and missing:
        raise ValueNeeded(f"no value for {', '.join(missing)}: give all inputs a value, or none")
    if at:
        program = with_sizes(program, {v: np.shape(at[v.hint]) for v in program.inputs})
    targets = None if wrt is None else [v for v in program.inputs if v.hint in wrt]
    with no_collection():
        return _work(program, at, upstream, targets, echo)


def _work(
    program: Program, at: dict[str, Any], upstream: Any, targets: Sequence[Var] | None, echo: tuple[str, ...]
) -> Worked:
    known = names(program)
    output = program.output
    own = output_name(program, known)
    # an array has no gradient of its own: what is shown is that of a loss made of it
    loss = own if upstream is None and _single(output) else ("L" if "L" not in known.values() else "Loss")
    made = backprop(program, targets)
    # an input given no value has a value all the same where there is no input at all: constants
    if not at and program.inputs:
        return Worked(made, {}, loss, upstream, echo=echo, called=known)
    if upstream is None and output.type.shape:
        size = dims_text(output.type.shape)
        raise GradientError(f"{own} is an array of shape {size}: give the upstream gradient, an array of that shape")
    try:
        seed = coerce(made.seed, 1.0 if upstream is None else upstream)
    except ShapeError:
        given, wanted = dims_text(np.shape(np.asarray(upstream))), dims_text(output.type.shape)
        raise ShapeError(f"the upstream gradient has shape {given}, {own} has shape {wanted}") from None
    given = [at[v.hint] for v in program.inputs]
    numbers, exact = _evaluated(made, given, seed)
    found = notices_of(made, numbers, known, exact)
    return Worked(made, numbers, loss, upstream, found, echo, known)


def _evaluated(made: Backprop, given: Sequence[Any], seed: Any) -> tuple[dict[Var, Any], Rewritten]:
    """Every number, and where a form that is more exact than the one typed decided one."""
    stable = recognise(made.program, evaluation=True)
    if stable is made.program:
        return values_of(made.gradient, [*given, seed]), Rewritten({}, frozenset())
    other = backprop(stable, made.wrt)
    exact = values_of(other.gradient, [*given, seed])
    better: dict[Var, Any] = {v: exact[v] for v in stable.variables()}
    for var, atom in other.adjoint.items():
        mine = made.adjoint.get(var)
        if isinstance(mine, Var) and isinstance(atom, Var) and mine is not made.seed:
            better[mine] = exact[atom]
    typed = values_of(made.gradient, [*given, seed])
    numbers = values_of(made.gradient, [*given, seed], better)
    if all(_agree(typed[v], better[v]) for v in better):
        return numbers, Rewritten({}, frozenset())
    before = {v: s.op for s in made.program.steps for v in s.given}
    rules: dict[Var, str] = {}
    for step in stable.steps:
        if before.get(step.given[0]) is not step.op:
            read = ", ".join(a.hint or "x" if isinstance(a, Var) else str(a.value) for a in step.inputs)
            rules[step.given[0]] = f"evaluated as {step.op.name}({read}); the edges inside it are shown as typed"
    kept = {v for s in stable.steps for v in s.given}
    return numbers, Rewritten(rules, frozenset(s for s in made.program.steps if kept.isdisjoint(s.given)))


def _agree(a: Any, b: Any) -> bool:
    return bool(np.allclose(a, b, rtol=1e-9, atol=0.0, equal_nan=True))

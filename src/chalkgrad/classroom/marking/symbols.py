"""Formulas of one question: read in its names, and compared as functions of its inputs."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, final

import numpy as np

from chalkgrad.classroom.marking.bounds import check_bounds
from chalkgrad.classroom.marking.names import Names
from chalkgrad.classroom.sheets.blank import Question
from chalkgrad.classroom.sheets.formulas import RATES
from chalkgrad.errors import ChalkgradError, NotationError, UnknownName, nearest
from chalkgrad.evaluate.deciding import decided
from chalkgrad.evaluate.equality import Decision
from chalkgrad.evaluate.functions import read_function
from chalkgrad.evaluate.pair import Side, numbers_of
from chalkgrad.evaluate.worked import Worked
from chalkgrad.ir.build import Builder
from chalkgrad.ir.dims import Size
from chalkgrad.ir.program import Atom, Program, Step, Var
from chalkgrad.transform.conventions import with_sizes
from chalkgrad.transform.fill import abstract_steps, fill
from chalkgrad.transform.prune import prune

SECONDS = 0.9
# Two sizes that have only a name are given these numbers.
SIZES = (2, 3, 4, 5)
DERIVATIVE = re.compile(r"[∂∇]|\\partial|\\nabla|(?<![^\W\d_])d\s*[^\W\d_]+[^/\s]*\s*/\s*d\s*[^\W\d_]")
SIGMA = re.compile(r"(?<![^\W\d_])(?<!\\)sigma(?=\s*[({])")
# On paper, and on the key, an indicator has one = for "is equal to".
EQUALS = re.compile(r"(1_?\\?\{[^{}=<>!≠≤≥]*[^{}=<>!≠≤≥\s]\s*)=(?=\s*[^\s=<>{}])")


@final
@dataclass(frozen=True, slots=True, eq=False)
class Formula:
    """A formula that was read: its Side over the names that it uses, and what should be said of the reading."""

    side: Side
    notes: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple([v.hint for v in self.side.program.inputs])


@final
class Symbols:
    """Reads and compares the formulas of a question. `stages` are its values by name."""

    def __init__(self, question: Question, work: Worked) -> None:
        self.question = question
        self.work = work
        program = _sized(work.program)
        own = dict(zip(work.program.variables(), program.variables(), strict=True))
        self.program = program
        self.stages: dict[str, Var] = {name: own[v] for v, name in work.called.items() if "(" not in name}
        self.inputs = frozenset(v.hint for v in program.inputs)
        self.called = tuple(abstract_steps(program))
        self.names = Names((*self.stages, *self.called))
        part = question.part
        self.exact = {} if part.python else numbers_of(part.function)[0]
        self.rate = next(r for r in RATES if r not in self.stages)

    # reading

    def read(self, text: str, more: Mapping[str, Any] | None = None) -> Formula:
        """A formula over the question's names, and those in `more`.

        Raises NotationError for what cannot be read, for a derivative that is not worked out, and for a strange name.
        """
        check_bounds(text)
        text = text.strip().rstrip("; ")
        if any(sign in text for sign in ";\n"):
            raise NotationError("one formula is asked for, and here are several lines")
        if found := DERIVATIVE.search(text):
            raise NotationError(f"{found.group()}: a derivative stands here that is not worked out", text, found.span())
        tidied, notes = self.names.tidy(EQUALS.sub(r"\1==", text))
        if "sigma" not in self.stages:
            tidied = SIGMA.sub("σ", tidied)
        values: dict[str, Any] = {n: np.ones(sizes(v))[()] for n, v in self.stages.items() if n in tidied}
        values.update({n: v for n, v in (more or {}).items() if n in tidied})
        called = tuple([f for f in self.called if f in tidied])
        while True:
            try:
                program = read_function(tidied, values, called).program
            except UnknownName as error:
                if error.name in values:
                    del values[error.name]
                elif error.name in called or any(repr(f) in str(error) for f in called):
                    called = tuple([f for f in called if repr(f) not in str(error)])
                else:
                    raise
            else:
                break
        for var in program.inputs:
            if var.hint not in self.stages and var.hint not in (more or {}):
                raise NotationError(f"there is no '{var.hint}' here{nearest(var.hint, [*self.stages])}")
        exact, unclear = numbers_of(tidied)
        return Formula(Side(program, exact, text=tidied, unclear=unclear), notes)

    # comparing

    def composed(self, formula: Formula) -> Side:
        """The formula as a function of the question's inputs, its stages written out."""
        given = formula.side.program
        known: dict[Atom, Atom] = {v: self.stages.get(v.hint, v) for v in given.inputs}
        extra = tuple([v for v in given.inputs if v.hint not in self.stages])
        steps: list[Step] = [
            replace(s, inputs=tuple([known.get(a, a) for a in s.inputs])) if any(a in known for a in s.inputs) else s
            for s in given.steps
        ]
        output = known.get(given.output, given.output)
        whole = Program(given.name, (*self.program.inputs, *extra), (*self.program.steps, *steps), (output,))
        return replace(formula.side, program=_used(prune(whole)), exact={**self.exact, **formula.side.exact})

    def decide(self, one: Side, other: Side, seconds: float = SECONDS) -> Decision:
        """Whether two sides are the same function of the inputs."""
        unclear = one.unclear or other.unclear
        if unclear:
            return Decision("undecided", unclear)
        if one.program.output.type.shape != other.program.output.type.shape:
            return Decision("no", "shape")
        found = _decided(one, other, seconds)
        if found.verdict == "undecided" and self.called:
            return self._filled(one, other, seconds) or found
        return found

    def _filled(self, one: Side, other: Side, seconds: float) -> Decision | None:
        """Decided with functions of some kind for the abstract ones: the same for two kinds is the same for all."""
        found: Decision | None = None
        for kind in KINDS:
            sides = [replace(s, program=_with_bodies(s.program, kind)) for s in (one, other)]
            if any(abstract_steps(s.program) for s in sides):
                return None
            found = _decided(sides[0], sides[1], seconds)
            if found.verdict != "yes":
                return found
        return found


def _decided(one: Side, other: Side, seconds: float) -> Decision:
    try:
        return decided(one, other, (), time.perf_counter() + seconds)
    except (ChalkgradError, ArithmeticError, RecursionError, MemoryError) as error:
        return Decision("undecided", str(error).split("\n")[0] or type(error).__name__)


# What stands for an abstract function while two formulas are compared: no identity holds of such a sum by chance.
KINDS = ((0.7, 0.4, 0.3), (1.3, -0.2, 0.55))


def _with_bodies(program: Program, kind: tuple[float, float, float]) -> Program:
    bodies: dict[str, Program] = {}
    for place, (name, step) in enumerate(sorted(abstract_steps(program).items())):
        builder = Builder()
        xs = [builder.value(builder.input(f"x{i}")) for i in range(len(step.inputs))]
        inside, outside = builder.value(kind[1] + 0.17 * place), builder.value(0.0)
        for i, x in enumerate(xs):
            inside = inside + (kind[0] + 0.31 * i) * x
            outside = outside + (kind[2] + 0.23 * i) * x * x
        bodies[name] = builder.program(name, (inside.apply("sin") + outside).atom)
    return fill(program, bodies)


def _used(program: Program) -> Program:
    """The Program without the inputs that nothing reads."""
    read = {a for s in program.steps for a in s.inputs} | {*program.outputs}
    return replace(program, inputs=tuple([v for v in program.inputs if v in read]))


def sizes(var: Var) -> tuple[int, ...]:
    """The shape of a value, with a number for each size that has only a name."""
    return tuple([n if isinstance(n, int) else SIZES[0] for n in var.type.shape])


def _sized(program: Program) -> Program:
    """With numbers for sizes that have only a name."""
    if not any(isinstance(n, Size) for v in program.inputs for n in v.type.shape):
        return program
    return with_sizes(program, {v: sizes(v) for v in program.inputs})


@lru_cache(maxsize=128)
def symbols(question: Question) -> Symbols:
    """Of a question that computes something; made once."""
    assert question.work is not None
    return Symbols(question, question.work)

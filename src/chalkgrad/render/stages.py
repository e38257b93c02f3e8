"""The function as a person staged it, and the derivative of each stage by what it reads: the links of a chain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

from chalkgrad.ir.program import Program, Step, Var
from chalkgrad.ops.notation import Fraction
from chalkgrad.render.totals import array_form, best
from chalkgrad.transform.backprop import Backprop, backprop
from chalkgrad.transform.expression import Expr, written_out
from chalkgrad.transform.gates import recognise
from chalkgrad.transform.matrices.maps import LinearMap, linear_map
from chalkgrad.transform.written import written

MOST_PATHS = 8
LONGEST_PATH = 16


@final
@dataclass(frozen=True, slots=True, eq=False)
class Link:
    """One stage differentiated by one of the values that it reads; `slope` is None where that is too long.

    Where an array stands, the derivative is a linear map: `sent` is what goes back to the source of what came to the
    stage, `upstream`; `map` says what that meets, None where there is no short name for it.
    """

    target: Var
    source: Var
    slope: Expr | None
    sent: Expr | None = None
    map: LinearMap | None = None
    upstream: Var | None = None


@final
class Stages:
    """Stages are what a person named; where nothing was, each gate is one.

    Of functions of scalars alone a chain is a product of numbers; where arrays stand, one of linear maps.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self._producer = program.producer()
        output = program.output
        named = frozenset(v for v in self._producer if v.hint and v is not output)
        everything = frozenset(program.variables())
        self.stops = (named | {*program.inputs} | {v for v in (output,) if isinstance(v, Var)}) if named else everything

    @property
    def scalar(self) -> bool:
        """Whether every value is one real number or truth value."""
        return all(v.type.shape == () for v in self.program.variables())

    @cached_property
    def stages(self) -> dict[Var, tuple[Step, ...]]:
        """Every stage with the gates it is made of, in order."""
        return {v: self._inside(v) for v in self._producer if v in self.stops}

    def _inside(self, stage: Var) -> tuple[Step, ...]:
        wanted = {stage}
        found: list[Step] = []
        for step in reversed(self.program.steps[: self._place[self._producer[stage]] + 1]):
            if not wanted.isdisjoint(step.given):
                found.append(step)
                wanted.update(a for a in step.inputs if isinstance(a, Var) and a not in self.stops)
        return tuple(reversed(found))

    @cached_property
    def _place(self) -> dict[Step, int]:
        return {step: place for place, step in enumerate(self.program.steps)}

    def reads(self, stage: Var) -> tuple[Var, ...]:
        """The values that a stage reads, in the order of reading."""
        atoms = (a for s in self.stages[stage] for a in s.inputs)
        return tuple(dict.fromkeys(a for a in atoms if isinstance(a, Var) and a in self.stops))

    def formula(self, stage: Var) -> Expr | None:
        """The stage in what it reads."""
        return written_out(stage, {v: s for s in self.stages[stage] for v in s.given}, frozenset(self.reads(stage)))

    @cached_property
    def links(self) -> dict[Var, tuple[Link, ...]]:
        """For every stage its derivatives, the last stage first."""
        return {stage: tuple(self._links(stage)) for stage in reversed(self.stages)}

    def _links(self, stage: Var) -> list[Link]:
        reads = self.reads(stage)
        sub = recognise(Program(stage.hint or "f", reads, self.stages[stage], (stage,)))
        if not stage.type.floating or not any(v.type.floating for v in reads):
            return []
        made = backprop(sub)
        steps = {v: s for s in made.gradient.steps for v in s.given}
        if not self.scalar:
            return [_mapped(stage, v, made, steps) for v in reads if v in made.adjoint]
        last: Any = sub.steps[-1].op
        own = () if isinstance(last.notation, Fraction) else (stage,)  # -1/d² is clearer than -f/d
        stops = (frozenset({*reads, *own}),)
        return [Link(stage, v, best(made, made.adjoint[v], steps, stops)) for v in reads if v in made.adjoint]

    @cached_property
    def ways(self) -> dict[tuple[Var, Var], int]:
        """How many paths lead from one value up to another."""
        found: dict[tuple[Var, Var], int] = {}
        for top in self.stages:
            count: dict[Var, int] = {top: 1}
            for stage, links in self.links.items():
                for link in links:
                    if stage in count:
                        count[link.source] = count.get(link.source, 0) + count[stage]
            found.update({(top, v): n for v, n in count.items()})
        return found

    def paths(self, var: Var) -> list[tuple[Link, ...]] | None:
        """Every path from the output down to `var`; None where they are too many or too long to write."""
        output = self.program.output
        if not isinstance(output, Var) or not 0 < self.ways.get((output, var), 0) <= MOST_PATHS:
            return None
        found: list[tuple[Link, ...]] = []
        open_paths: list[tuple[Link, ...]] = [(link,) for link in reversed(self.links[output])]
        while open_paths:
            path = open_paths.pop()
            if path[-1].source is var:
                found.append(path)
            elif len(path) > LONGEST_PATH:
                return None
            else:
                below = reversed(self.links.get(path[-1].source, ()))
                open_paths += [(*path, link) for link in below if self.ways.get((link.target, var))]
        return found


def _mapped(stage: Var, source: Var, made: Backprop, steps: Mapping[Var, Step]) -> Link:
    """A link that is a linear map."""
    stops = [frozenset({*made.program.inputs, *own}) for own in ((stage,), ())]
    form = array_form(made, made.adjoint[source], steps, stops, unit=False)
    if form is None:
        return Link(stage, source, None)
    return Link(stage, source, None, written(form), linear_map(form, made.seed), made.seed)

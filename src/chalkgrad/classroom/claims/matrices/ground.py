"""Random points at which a claim about matrices is judged: every value of every example, and any derivative.

Named sizes become small numbers, all different, so that a wrong shape cannot fit by accident. All examples are written
out one beside the other in one program, so that what they share has a gradient that sums over them.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np

from chalkgrad.errors import ChalkgradError, ShapeError, TooLarge, UnknownName
from chalkgrad.evaluate.interpret import values_of
from chalkgrad.ir.build import Builder
from chalkgrad.ir.dims import Dim, Shape, Size, substitute
from chalkgrad.ir.program import Atom, Number, Program, Var
from chalkgrad.ir.registry import lookup
from chalkgrad.notation.read import read
from chalkgrad.notation.shapes import Solution, known
from chalkgrad.ops.examples import is_sum_over
from chalkgrad.transform.backprop import Backprop, backprop

Values = np.ndarray[Any, Any]
SIZES = (3, 4, 2, 6, 7, 8, 9, 10, 11, 12, 13, 14)
EXAMPLES = 5
POINTS = 4
TRIES = 40
SEED = 20240229
MOST_ENTRIES = 4096
MOST_EXAMPLES = 64


@final
@dataclass(frozen=True, slots=True, eq=False)
class Written:
    """The equations with sizes that are numbers, for each example: `at` gives a name's Var of each, or of all."""

    program: Program
    inputs: Mapping[str, tuple[Var, ...]]
    at: Mapping[str, tuple[Atom, ...]]


@final
@dataclass(eq=False)
class Point:
    """One random point: the value of every Var."""

    given: tuple[Any, ...]
    env: Mapping[Any, Any]
    instead: dict[Var, Any] = field(default_factory=dict[Var, Any])


@final
class Ground:
    """Points, the values of names at them, and derivatives. Every value is a matrix, a number 1×1."""

    def __init__(self, source: str, solution: Solution, at: Mapping[str, Any]) -> None:
        self.solution = solution
        self.shapes = {one.name: known(one.shape) for one in solution.shapes}
        self.numbers = _numbers(solution, at, self.shapes)
        self.count = _count(solution, self.numbers)
        declared = declared_shapes(solution)
        self.symbolic = read(source, shapes=declared).program
        self.written = _write(read(source, shapes=declared, sizes=self.numbers).program, self.count, solution)
        self._backward: dict[tuple[int, int], Backprop] = {}
        self.points = self._points(at)

    def more(self, count: int) -> list[Point]:
        """So many random points inside the domain, or as many as are found."""
        return self._points({}, count)

    def _points(self, at: Mapping[str, Any], count: int = POINTS) -> list[Point]:
        """The person's own, where one is given, then random ones inside the domain."""
        rng = np.random.default_rng(SEED)
        found: list[Point] = []
        for turn in range(0 if at else 1, TRIES * count // POINTS):
            point = self._point(rng, at if turn == 0 else {}, turn)
            if point is not None:
                found.append(point)
            if len(found) == count:
                break
        return found

    def _point(self, rng: np.random.Generator, at: Mapping[str, Any], turn: int) -> Point | None:
        """One point, None where it lies outside the domain."""
        values: dict[Var, Any] = {}
        for name, many in self.written.inputs.items():
            for var in many:
                values[var] = _random(rng, var.type.shape, turn)
                if name in self.numbers and not var.type.shape:  # the m of 1/m is the size m
                    values[var] = np.float64(self.numbers[name])
                if name in at:
                    values[var] = shaped(at[name], var)
        given = tuple([values[var] for var in self.written.program.inputs])
        try:
            env = values_of(self.written.program, given)
        except ChalkgradError:
            return None
        return Point(given, env) if all(np.all(np.isfinite(np.asarray(v, float))) for v in env.values()) else None

    def value(self, name: str, point: Point) -> list[Values]:
        """The value of a name for each example."""
        many = self.written.at[name]
        each = [
            _whole(a.value if isinstance(a, Number) else point.env[a], self.shapes[name], self.numbers) for a in many
        ]
        return each if len(each) == self.count else each * self.count

    def every(self, name: str, point: Point) -> Values:
        """The values of all examples as columns."""
        return np.hstack(self.value(name, point))

    def jacobian(self, of: str, by: str, point: Point) -> list[Values]:
        """For each example, ∂of/∂by of shape rows × columns × rows × columns."""
        many_of, many_by = self.written.at[of], self.written.at[by]
        found: list[Values] = []
        for i in range(self.count):
            found.append(self._jacobian(of, by, many_of[i % len(many_of)], many_by[i % len(many_by)], point))
        return found

    def _jacobian(self, of: str, by: str, u: Atom, v: Atom, point: Point) -> Values:
        shape_u = concrete(self.shapes[of], self.numbers)
        shape_v = concrete(self.shapes[by], self.numbers)
        total = int(np.prod(shape_u)) * int(np.prod(shape_v))
        if total > MOST_ENTRIES:
            raise TooLarge(f"∂{of}/∂{by} has {total} entries at the sizes tried; {MOST_ENTRIES} are the most")
        out = np.zeros((*shape_u, *shape_v))
        if not isinstance(u, Var) or not isinstance(v, Var):
            return out
        made = self._backprop(u, v)
        for place in np.ndindex(shape_u):
            seed = np.zeros(shape_u)
            seed[place] = 1.0
            given = dict(zip(self.written.program.inputs, point.given, strict=True))
            given[made.seed] = shaped(seed, u)
            env = values_of(made.gradient, [given[var] for var in made.gradient.inputs], point.instead)
            (slope,) = made.gradient.outputs[1:]
            raw = slope.value if isinstance(slope, Number) else env[slope]
            out[place] = np.reshape(raw, shape_v)
        return out

    def _backprop(self, u: Var, v: Var) -> Backprop:
        known = self._backward.get((id(u), id(v)))
        if known is None:
            whole = self.written.program
            program = Program(whole.name, whole.inputs, whole.steps, (u,))
            known = self._backward[id(u), id(v)] = backprop(program, [v])
        return known

    def moved(self, name: str, point: Point, value: Sequence[Values]) -> Point:
        """The point where `name` has other values, as if nothing had computed it."""
        at = self.written.at[name]
        instead = {v: shaped(x, v) for v, x in zip(at, value, strict=False) if isinstance(v, Var)}
        given = tuple([instead.get(v, x) for v, x in zip(self.written.program.inputs, point.given, strict=True)])
        return Point(given, values_of(self.written.program, given, instead), instead)


def declared_shapes(solution: Solution) -> dict[str, Shape]:
    """What the reader is told of names that are not declared: a 1×1 is a number."""
    out: dict[str, Shape] = {}
    for one in solution.shapes:
        shape = known(one.shape)
        out[one.name] = () if shape == (1, 1) else shape
    return out


def _numbers(solution: Solution, at: Mapping[str, Any], shapes: Mapping[str, tuple[Dim, Dim]]) -> dict[str, int]:
    """A number for each named size: what the person's own values have, else small ones, all different."""
    found: dict[str, int] = {}
    for name, value in at.items():
        if name not in shapes:
            raise UnknownName(f"a value is given for '{name}', which is no name of the equations")
        if name == solution.examples:
            found[name] = int(float(np.reshape(value, -1)[0]))
            continue
        shape = (*np.shape(value), 1, 1)[:2]
        for dim, number in zip(shapes[name], shape, strict=True):
            single = isinstance(dim, Size) and len(dim.terms) == 1 and len(dim.terms[0][0]) == 1 == dim.terms[0][1]
            if isinstance(dim, Size) and single:
                known = found.setdefault(dim.terms[0][0][0], int(number))
                fits = known == number
            else:
                fits = dim == number
            if not fits:
                raise ShapeError(f"the value of {name} is {shape[0]}×{shape[1]}, and {name} is {dim} there")
    for name in sorted(_named(shapes) - found.keys() - {solution.examples}):
        found[name] = next(n for n in itertools.chain(SIZES, itertools.count(15)) if n not in found.values())
    if solution.examples and not solution.examples.isdecimal():
        found.setdefault(solution.examples, EXAMPLES)
    count = int(solution.examples) if solution.examples.isdecimal() else found.get(solution.examples, 1)
    if not 0 < count <= MOST_EXAMPLES:
        raise TooLarge(f"a claim is judged for 1 to {MOST_EXAMPLES} examples, not {count}")
    for name, shape in shapes.items():
        if math.prod(concrete(shape, found)) > MOST_ENTRIES:
            raise TooLarge(f"'{name}' has more than {MOST_ENTRIES} entries: a claim is judged for smaller sizes")
    return found


def _named(shapes: Mapping[str, tuple[Dim, Dim]]) -> set[str]:
    sizes = [dim for shape in shapes.values() for dim in shape if isinstance(dim, Size)]
    return {name for size in sizes for term, _ in size.terms for name in term}


def _count(solution: Solution, numbers: Mapping[str, int]) -> int:
    if not solution.examples:
        return 1
    return int(solution.examples) if solution.examples.isdecimal() else numbers[solution.examples]


def concrete(shape: Shape, numbers: Mapping[str, int]) -> tuple[int, ...]:
    """A shape in numbers."""
    found = [substitute(dim, numbers) for dim in shape]
    return tuple([n for n in found if isinstance(n, int)])


def _whole(value: Any, shape: tuple[Dim, Dim], numbers: Mapping[str, int]) -> Values:
    return np.reshape(np.asarray(value, float), concrete(shape, numbers))


def shaped(value: Any, var: Var) -> Values:
    """A value in the shape of its Var, which is of numbers here."""
    return np.reshape(np.asarray(value, float), [n for n in var.type.shape if isinstance(n, int)])


def _random(rng: np.random.Generator, shape: Shape, turn: int) -> Any:
    """Both signs, then positive, then fractions, so that most domains are met."""
    sizes = [n for n in shape if isinstance(n, int)]
    value = rng.normal(size=sizes)
    if turn % 3 == 2:
        value = 0.1 + np.abs(value)
    elif turn % 3 == 0:
        value = rng.uniform(0.05, 0.95, size=sizes)
    return np.round(value, 3) + 0.0


def _write(program: Program, count: int, solution: Solution) -> Written:
    """The program of every example in one: a sum over the examples adds what each of them gives."""
    builder = Builder()
    at: dict[Var, tuple[Atom, ...]] = {}
    inputs: dict[str, tuple[Var, ...]] = {}
    for var in program.inputs:
        copies = count if solution.depends.get(var.hint) else 1
        inputs[var.hint] = tuple([builder.input(var.hint, var.type) for _ in range(copies)])
        at[var] = inputs[var.hint]
    for step in program.steps:
        many = [at[a] if isinstance(a, Var) else (a,) for a in step.inputs]
        copies = max(len(m) for m in many)
        builder.origin = step.origin
        if is_sum_over(step.op):
            made = builder.bind(lookup("accumulate"), *many[0], hint=step.output.hint)
            at[step.output] = (made,)
            continue
        outs = [
            builder.bind_many(
                step.op,
                *[m[i % len(m)] for m in many],
                params=step.params,
                hints=tuple([v.hint if v is not None else "" for v in step.outputs]),
            )
            for i in range(copies)
        ]
        for place, out in enumerate(step.outputs):
            if out is not None:
                at[out] = tuple([o[place] for o in outs])
    (last,) = program.outputs
    result = at[last][0] if isinstance(last, Var) else last
    named = {var.hint: at[var] for var in program.variables() if var.hint}
    return Written(builder.program(program.name, result), inputs, named)

"""The value of a claimed formula for each example, at a point, and its shape in named sizes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from chalkgrad.classroom.claims.matrices.ground import Ground, Point, Values, concrete
from chalkgrad.classroom.claims.matrices.reading import MatrixClaim
from chalkgrad.errors import ChalkgradError, NotationError
from chalkgrad.ir.build import Builder
from chalkgrad.ir.dims import Dim, Shape, size
from chalkgrad.ir.names import base_of, index_of
from chalkgrad.ir.program import Number, Program, Var
from chalkgrad.ir.types import ArrayType
from chalkgrad.notation.echo import Echo
from chalkgrad.notation.examples import walk
from chalkgrad.notation.lower import Lowering, Operand
from chalkgrad.notation.tree import Component, Name, Node
from chalkgrad.ops.examples import is_sum_over

Each = list[Values]
Valued = Callable[[Point], Each]
TOO_FAR = 1e-6
NEAR = 1e-9


@final
@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What a name stands for in a claim: its shape, as the reader sees it, and its value for each example."""

    shape: Shape
    value: Valued


@final
@dataclass(frozen=True, slots=True, eq=False)
class Formula:
    """A claimed formula, lowered: a Program over the names that it reads. `text` is how it was understood."""

    program: Program
    row: bool
    text: str

    @property
    def shape(self) -> tuple[Dim, Dim]:
        """Rows and columns."""
        shape = self.program.output.type.shape
        if len(shape) == 1 and self.row:
            return 1, shape[0]
        rows, columns = (*shape, 1, 1)[:2]
        return rows, columns


@final
class Names:
    """Every name that a claim may read, and formulas of them."""

    def __init__(self, claim: MatrixClaim, ground: Ground) -> None:
        self.claim, self.ground = claim, ground
        self.known: dict[str, Known] = {}
        types = {var.hint: var.type.shape for var in ground.symbolic.variables() if var.hint}
        for atom in ground.symbolic.outputs:
            if isinstance(atom, Number):
                types.setdefault(ground.symbolic.name, ())
        for name, shape in types.items():
            self._learn(name, shape)
            if index_of(name) and base_of(name) not in types:
                self.known[base_of(name)] = self.known[name]
        over: Dim = _dim(claim.solution.examples or "1")
        for one in claim.solution.shapes:
            if one.every is not None and one.together not in self.known:
                self.known[one.together] = Known((ground.shapes[one.name][0], over), self._every(one.name))

    def _learn(self, name: str, shape: Shape) -> None:
        def value(point: Point) -> Each:
            return self.ground.value(name, point)

        self.known[name] = Known(shape, value)

    def _every(self, name: str) -> Valued:
        return lambda point: [self.ground.every(name, point)] * self.ground.count

    def formula(self, tree: Node, source: str) -> Formula:
        """A tree, lowered.

        Raises ShapeError where its shapes do not fit, with a caret; NotationError.
        """
        builder = Builder()
        lowering = Lowering(source, builder, self.claim.solution.bases)
        for node in walk(tree):
            name = node.name if isinstance(node, Name) else node.array if isinstance(node, Component) else ""
            if name and name not in lowering.names:
                if name not in self.known:
                    raise NotationError(f"'{name}' has no value here", source, node.span)
                lowering.names[name] = Operand(builder.input(name, ArrayType(self.known[name].shape)))
        operand = lowering.stage(tree, "")
        text = Echo(lowering.decided, lowering.arrays.__contains__, lowering.names.__contains__).text(tree)
        return Formula(builder.program("side", operand.atom), operand.row, text)

    def value(self, made: Formula, point: Point) -> Each:
        """Its value for each example."""
        count = self.ground.count
        env: dict[Var, list[Any]] = {}
        for var in made.program.inputs:
            sizes = concrete(var.type.shape, self.ground.numbers)
            env[var] = [np.reshape(value, sizes) for value in self.known[var.hint].value(point)]
        with np.errstate(all="ignore"):
            for step in made.program.steps:
                op: Any = step.op
                many = [[a.value] * count if isinstance(a, Number) else env[a] for a in step.inputs]
                if is_sum_over(op):
                    env[step.output] = [np.sum(many[0], axis=0)] * count
                    continue
                for i in range(count):
                    result = op.evaluate(*[m[i] for m in many], **step.params)
                    for out, one in zip(step.outputs, result if op.several else (result,), strict=True):
                        if out is not None:
                            env.setdefault(out, []).append(one)
        atom = made.program.output
        each = [atom.value] * count if isinstance(atom, Number) else env[atom]
        return [_matrix(value, made.row) for value in each]

    def own(self, name: str, made: Formula) -> None:
        """A name of the person's own: what the formula gave."""
        shape = made.program.output.type.shape
        self.known[name] = Known(made.shape if len(shape) == 1 else shape, lambda point: self.value(made, point))

    def stands_for(self, name: str, shape: tuple[Dim, Dim], value: Valued) -> None:
        """What a derivative, or a name whose formula has no value, stands for."""
        self.known[name] = Known(() if shape == (1, 1) else shape, value)


def agree(a: Sequence[Each], b: Sequence[Each]) -> str:
    """Whether two values are the same at every point and example: same, different, shape, or undecided."""
    verdict = "same"
    for one, other in zip(a, b, strict=True):
        for x, y in zip(one, other, strict=True):
            if x.shape != y.shape:
                return "shape"
            gap = np.max(np.abs(x - y), initial=0.0)
            scale = max(float(np.max(np.abs(x), initial=0.0)), float(np.max(np.abs(y), initial=0.0)), 1e-3)
            if not np.isfinite(scale) or not gap <= TOO_FAR * scale:  # infinity and NaN are the same as nothing
                return "different"
            if gap > NEAR * scale:
                verdict = "undecided"
    return verdict


def _dim(text: str) -> Dim:
    return int(text) if text.isdecimal() else size(text)


def _matrix(value: Any, row: bool) -> Values:
    array = np.asarray(value, float)
    if array.ndim > 2:
        raise ChalkgradError("a claim is about numbers, columns and matrices")
    if array.ndim == 1:
        return array[None, :] if row else array[:, None]
    return np.reshape(array, (1, 1)) if array.ndim == 0 else array

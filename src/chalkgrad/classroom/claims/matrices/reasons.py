"""Why a claim about matrices is wrong, and what would be right: found by trial, and said only where it is so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, final

import numpy as np

from chalkgrad.classroom.claims.claim import key
from chalkgrad.classroom.claims.lines import ROUND
from chalkgrad.classroom.claims.matrices.ground import Ground, Point
from chalkgrad.classroom.claims.matrices.reading import MatrixClaim
from chalkgrad.classroom.claims.matrices.repair import variants, without_sum
from chalkgrad.classroom.claims.matrices.truth import Layout, Truth
from chalkgrad.classroom.claims.matrices.values import TOO_FAR, Each, Formula, Names, agree
from chalkgrad.errors import ChalkgradError, ShapeError
from chalkgrad.notation.examples import walk
from chalkgrad.notation.tree import Call, Compare, Node, SumOver
from chalkgrad.render.numbers import shown
from chalkgrad.render.shapes import size_text

MOST_ENTRIES = 24
MANY = 40


@final
class Reasons:
    """Looks for the mistake that gives exactly what a line gives."""

    def __init__(self, claim: MatrixClaim, ground: Ground, names: Names, truth: Callable[[str, str], Truth]) -> None:
        self.claim, self.ground, self.names, self.truth = claim, ground, names, truth

    def unfit(self, error: ShapeError) -> str:
        """What does not fit, in one line."""
        return f"the shapes do not multiply out: {str(error).splitlines()[0].replace(ROUND, '∂')}"

    def repaired(self, tree: Node, source: str, wanted: Truth | None) -> str:
        """The formula with transposes placed so that it fits, and is right where that can be told; else nothing."""
        for other in variants(tree, source):
            try:
                made = self.names.formula(other, source)
            except ChalkgradError:
                continue
            if wanted is None or (wanted.layouts and self._is(made, wanted.layouts[0])):
                return made.text
        return ""

    def _is(self, made: Formula, layout: Layout) -> bool:
        points = self.ground.points
        return agree([self.names.value(made, p) for p in points], [layout.value(p) for p in points]) == "same"

    def tensor(self, wanted: Truth, made: Formula) -> str:
        """A derivative of more than two axes, which a matrix can only stand for."""
        called, shape = key(wanted.of, wanted.by), "×".join(map(str, wanted.tensor))
        why = f"{called} has {shape} entries, and {made.text} is {size_text(made.shape)}"
        side = self._contracts(wanted, made)
        if side:
            product = f"∂J/∂{wanted.of} {made.text}" if side == "right" else f"{made.text} ∂J/∂{wanted.of}"
            return f"{why}: it stands for that tensor only as a factor on the {side}, as in ∂J/∂{wanted.by} = {product}"
        return why

    def _contracts(self, wanted: Truth, made: Formula) -> str:
        """On which side an upstream gradient times the claim is the upstream through the derivative; or nothing."""
        rng = np.random.default_rng(1)
        sides = {"right", "left"}
        for point in self.ground.points:
            tensors = self.ground.jacobian(wanted.of, wanted.by, point)
            for tensor, claimed in zip(tensors, self.names.value(made, point), strict=True):
                upstream = rng.normal(size=tensor.shape[:2])
                through = np.tensordot(upstream, tensor, axes=([0, 1], [0, 1]))
                for side in list(sides):
                    a, b = (upstream, claimed) if side == "right" else (claimed, upstream)
                    fit = a.shape[1] == b.shape[0] and (a @ b).shape == through.shape
                    if not fit or not np.allclose(a @ b, through):
                        sides.discard(side)
        return min(sides, default="")

    # a value that is another

    def wrong(
        self, tree: Node, source: str, made: Formula, claimed: Sequence[Each], wanted: Truth
    ) -> tuple[str, str, str]:
        """The kind of the mistake, what would be right, and why; the first that gives exactly what stands here."""
        layout, points = wanted.layouts[0], self.ground.points
        truths = [layout.value(point) for point in points]
        called = key(wanted.of, wanted.by) if wanted.by else wanted.of
        if wanted.examples:
            return self._row(tree, source, made, wanted)
        if agree([[x.T for x in each] for each in claimed], truths) == "same":
            return "transpose", "", f"it is the transpose: {called} has the shape {size_text(layout.shape)}"
        index = next((n.index for n in walk(tree) if isinstance(n, SumOver)), "")
        hangs = self.claim.depends.get(wanted.by, frozenset()) if wanted.by else frozenset[str]()
        if not hangs and not index and self.ground.count > 1:
            totals = [[sum(each, np.zeros_like(each[0]))] * len(each) for each in claimed]
            if agree(totals, truths) == "same":
                why = f"{wanted.by} is one for all examples: its gradient is a sum over them"
                return "missing", f"Σ_i {made.text}", why
        if made.shape != layout.shape:
            should = self.repaired(tree, source, wanted)
            why = f"this is {size_text(made.shape)}, and {called} is {size_text(layout.shape)}"
            return "shapes", should, why
        other = self._another(claimed, wanted)
        factor = self._factor(claimed, truths)
        if other or factor:
            first = f"what stands here is {other}" if other else ""
            second = f"{called} is {factor} times that" if factor else ""
            should = f"{factor} · ({made.text})" if factor else ""
            return ("misnamed" if other else "constant"), should, "; ".join(filter(None, [first, second]))
        should = self.repaired(tree, source, wanted)
        if should:
            return "transpose", should, "a factor stands transposed"
        condition = self._where(made, wanted)
        if condition:
            return "condition", "", condition
        return "", "", f"at random points it is not {called}"

    def _row(self, tree: Node, source: str, made: Formula, wanted: Truth) -> tuple[str, str, str]:
        """By all examples at once there is an entry for each; a sum over them adds what belongs to different ones."""
        layout = wanted.layouts[0]
        why = f"{key(wanted.of, wanted.by)} has an entry for each example, {size_text(layout.shape)}"
        if made.shape != layout.shape:
            why += f"; this is {size_text(made.shape)}"
        try:
            single = self.names.formula(without_sum(tree), source)
        except ChalkgradError:
            return "shapes", "", why
        for point in self.ground.points:
            each = self.names.value(single, point)
            if any(x.shape[1] != 1 for x in each) or agree([[np.hstack(each)]], [layout.value(point)[:1]]) != "same":
                return "shapes", "", why
        summed = any(isinstance(node, SumOver) for node in walk(tree))
        reason = "; the sum adds up what belongs to different examples" if summed else ""
        return "examples", f"the row of the {layout.shape[1]} entries {single.text}", f"{why}{reason}"

    def _another(self, claimed: Sequence[Each], wanted: Truth) -> str:
        """Another derivative by the same name, or of the same, that this is."""
        shapes = self.ground.shapes
        pairs = [(of, wanted.by) for of in reversed(shapes) if of != wanted.of]
        pairs += [(wanted.of, by) for by in shapes if by != wanted.by]
        for of, by in pairs if wanted.by else []:
            if of == by or of not in self.ground.written.at or by not in self.ground.written.at:
                continue
            rows, columns = (int(np.prod(self.ground.value(n, self.ground.points[0])[0].shape)) for n in (of, by))
            if rows * columns > MOST_ENTRIES:
                continue
            for layout in self.truth(of, by).layouts:
                values = [layout.value(point) for point in self.ground.points]
                if agree(claimed, values) == "same" and any(np.ptp(x) > 0 for x in map(np.hstack, values)):
                    return key(of, by)
        return ""

    def _factor(self, claimed: Sequence[Each], truths: Sequence[Each]) -> str:
        """The constant that the claim lacks."""
        known = {"-1": -1.0, "2": 2.0, "½": 0.5, "-2": -2.0}
        for name, size in self.ground.numbers.items():
            if name == self.claim.solution.examples or name in self.ground.written.inputs:
                known = {f"-1/{name}": -1 / size, f"1/{name}": 1 / size, name: size, f"-{name}": -size} | known
        for text, factor in known.items():
            if agree([[factor * x for x in each] for each in claimed], truths) == "same":
                return text
        return ""

    def _where(self, made: Formula, wanted: Truth) -> str:
        """Whether it is right where one number is positive, and wrong where that is negative, or the other way."""
        layout = wanted.layouts[0]
        points = self.ground.more(MANY)
        same = [agree([self.names.value(made, p)], [layout.value(p)]) == "same" for p in points]
        if all(same) or not any(same):
            return ""
        for name in self.ground.written.inputs:
            values = [self.ground.value(name, p)[0] for p in points]
            for place in np.ndindex(values[0].shape):
                for sign, words in ((1, (">", "<")), (-1, ("<", ">"))):
                    if all((sign * v[place] > 0) == good for v, good in zip(values, same, strict=True)):
                        entry = self._entry(name, place, values[0].size)
                        return f"it is right where {entry} {words[0]} 0, and wrong where {entry} {words[1]} 0"
        return ""

    def _entry(self, name: str, place: tuple[int, ...], size: int) -> str:
        if size == 1:
            return name
        if name in self.claim.solution.bases:
            return f"{name}_{place[0] + self.claim.solution.bases[name]}"
        return f"{name}[{', '.join(map(str, place))}]"

    def example(self, called: str, claimed: Sequence[Each], wanted: Truth) -> str:
        """Numbers that show it, at the person's own point where there is one."""
        if not claimed:
            return ""
        one, other = claimed[0][0], wanted.layouts[0].value(self.ground.points[0])[0]
        if one.size > MOST_ENTRIES or other.size > MOST_ENTRIES:
            return ""
        where = "a point"
        if self.claim.at:
            where = ", ".join([f"{name} = {shown(np.asarray(value))}" for name, value in self.claim.at.items()])
        return f"at {where}: this gives {_flat(one)}, and {called} is {_flat(other)}"

    # conventions

    def convention(self, tree: Node, made: Formula, wanted: Truth, layout: Layout) -> str:
        """Where the claim takes another side of a kink than Chalkgrad does: a choice, which is to be stated."""
        if (
            not wanted.by
            or not any(isinstance(n, Compare) or _chooses(n) for n in walk(tree))
            or not self.ground.points
        ):
            return ""
        point = self.ground.points[0]
        values = [x.copy() for x in self.ground.value(wanted.by, point)]
        for value in values:
            value.flat[0] = 0.0
        moved: Point = self.ground.moved(wanted.by, point, values)
        said, here = self.names.value(made, moved)[0], layout.value(moved)[0]
        apart = np.flatnonzero((np.abs(said - here) > TOO_FAR) & np.isfinite(here))
        if not apart.size:
            return ""
        k = int(apart[0])
        op = self._between(wanted)
        slope = f"{op}'(0)" if op else "the derivative there"
        return (
            f"at an entry {wanted.by} = 0 this gives {shown(float(said.flat[k]))}, and Chalkgrad "
            f"{shown(float(here.flat[k]))}: there is no derivative there, so {slope} is a convention, to be stated"
        )

    def _between(self, wanted: Truth) -> str:
        """The op whose kink lies between the two."""
        targets = self.ground.written.at.get(wanted.of, ())
        for step in self.ground.written.program.steps:
            op: Any = step.op
            if step.output in targets and op.kinks:
                return op.name
        return ""


def _chooses(node: Node) -> bool:
    return isinstance(node, Call) and node.function.op in ("where", "indicator", "sign")


def _flat(value: Any) -> str:
    return shown(float(value.flat[0])) if value.size == 1 else shown(np.squeeze(value), limit=MOST_ENTRIES)

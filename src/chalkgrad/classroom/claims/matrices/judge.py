"""Judging a claim about matrices: shapes, then numbers at random points, line after line."""

from __future__ import annotations

from dataclasses import replace
from typing import final

from chalkgrad.classroom.claims.claim import key
from chalkgrad.classroom.claims.matrices.ground import Ground
from chalkgrad.classroom.claims.matrices.reading import Equation, MatrixClaim, Said, ShapeClaim
from chalkgrad.classroom.claims.matrices.reasons import Reasons
from chalkgrad.classroom.claims.matrices.truth import Layout, Pair, Truth, truth
from chalkgrad.classroom.claims.matrices.values import Each, Formula, Names, agree
from chalkgrad.classroom.claims.reading import at_line
from chalkgrad.classroom.claims.verdict import Finding, Status, Verdict
from chalkgrad.errors import NotationError, ShapeError
from chalkgrad.ir.names import base_of, index_of
from chalkgrad.notation.examples import walk
from chalkgrad.notation.shapes import known as determined
from chalkgrad.notation.tree import SumOver
from chalkgrad.render.shapes import size_text

ENOUGH = 3
OWN = "a name of your own"


def judge_matrices(claim: MatrixClaim) -> Verdict:
    """The verdict on a claim that was read.

    Raises NotationError, with the line, where a formula cannot be read.
    """
    return _Judge(claim).run()


@final
class _Judge:
    def __init__(self, claim: MatrixClaim) -> None:
        self.claim = claim
        self.ground = Ground(claim.source, claim.solution, claim.at)
        self.names = Names(claim, self.ground)
        self.every = {s.together: s.name for s in claim.solution.shapes if s.every is not None}
        self.truths: dict[str, Truth] = {}
        self.reasons = Reasons(claim, self.ground, self.names, self.truth)
        for name, (of, by) in claim.derivatives.items():
            self._stand(name, self.truth(of, by))

    def truth(self, of: str, by: str) -> Truth:
        """∂of/∂by, found once."""
        name = key(of, by)
        if name not in self.truths:
            self.truths[name] = truth(self.ground, of, by, self.every)
        return self.truths[name]

    def _stand(self, name: str, found: Truth) -> None:
        if found.layouts:
            self.names.stands_for(name, found.layouts[0].shape, found.layouts[0].value)

    def run(self) -> Verdict:
        """A finding a line; a line that claims several shapes has one for each that is wrong."""
        findings: list[Finding] = []
        for item in self.claim.items:
            try:
                found = self._shape(item) if isinstance(item, ShapeClaim) else self._equation(item)
            except NotationError as error:
                raise at_line(error, item.line) from None
            before = findings[-1] if findings else None
            if before is None or before.line is not item.line:
                findings.append(found)
            elif before.status != "wrong":
                findings[-1] = found
        notes: list[str] = []
        if len(self.ground.points) < ENOUGH:
            notes.append(f"undecided: {len(self.ground.points)} of the points tried lie inside the domain")
            findings = [f if f.kind == "shape" else replace(f, status="undecided", why="", should="") for f in findings]
        return Verdict(tuple(findings), tuple(notes))

    # shapes

    def _shape(self, item: ShapeClaim) -> Finding:
        name, shape = item.declared.name, item.declared.shape
        if len(shape) > 2:
            raise NotationError("a name here is a number, a column or a matrix", item.line.clean, item.declared.span)
        rows, columns = (*shape, 1, 1)[:2]
        known = next((s for s in self.claim.solution.shapes if s.name == name), None)
        span = item.declared.span
        if known is not None:
            right = self.ground.shapes[name]
            why = f"it follows from {' and '.join(known.why)}"
        elif name in self.every:
            one = self.every[name]
            known = next(s for s in self.claim.solution.shapes if s.name == one)
            assert known.every is not None
            right = determined(known.every)
            each = size_text(known.shape)
            why = f"{name} holds the {right[1]} examples as columns, as W x + b wants them; each {one} is {each}"
        else:
            raise NotationError(f"there is no '{name}' in the equations", item.line.clean, span)
        if (rows, columns) == right:
            return Finding(item.line, span, "right")
        if (columns, rows) == right:
            why = f"this is its transpose: {why}"
        return Finding(item.line, span, "wrong", "shape", f"{name} in R^({_text(right)})", why)

    # equations

    def _equation(self, item: Equation) -> Finding:
        head = next((said for said in item.sides if said.of), None)
        wanted = self._wanted(item, head)
        finding = Finding(item.line, (0, len(item.line.text)), "right", note="" if wanted else OWN)
        last: Formula | None = None
        for said in item.sides:
            if said is head:
                continue
            made, found = self._side(item, said, wanted)
            last = made or last
            if found.status == "wrong" or (finding.status == "right" and found.status != "right"):
                finding = found if finding.status != "wrong" else finding
            elif found.note and finding.status == "right":
                finding = found
        if item.name and item.name not in self.ground.shapes:
            if last is not None:
                self.names.own(item.name, last)
            elif head is not None and wanted is not None and wanted.layouts:
                self._stand(item.name, wanted)
        return self._index(item, finding)

    def _wanted(self, item: Equation, head: Said | None) -> Truth | None:
        if head is not None:
            if head.by in self.every and self.claim.depends.get(head.of):
                problem = f"∂{head.of}/∂{head.by}: an example's {head.of} by all examples is not judged"
                raise NotationError(problem, item.line.clean, head.span)
            return self.truth(head.of, head.by)
        if item.name in self.ground.shapes:
            name = item.name
            return Truth(name, "", (Layout(self.ground.shapes[name], lambda point: self.ground.value(name, point)),))
        return None

    def _side(self, item: Equation, said: Said, wanted: Truth | None) -> tuple[Formula | None, Finding]:
        source = item.line.clean
        try:
            made = self.names.formula(said.tree, source)
        except ShapeError as error:
            kind, why = "shapes", self.reasons.unfit(error)
            should = self.reasons.repaired(said.tree, source, wanted)
            return None, Finding(item.line, said.span, "wrong", kind, should and f"{_head(item)} = {should}", why)
        if wanted is None:
            return made, Finding(item.line, said.span, "right", note=OWN)
        if not wanted.layouts:
            why = self.reasons.tensor(wanted, made)
            return made, Finding(item.line, said.span, "wrong", "tensor", "", why)
        return made, self._compare(item, said, made, wanted)

    def _compare(self, item: Equation, said: Said, made: Formula, wanted: Truth) -> Finding:
        points = self.ground.points
        claimed: list[Each] = [self.names.value(made, point) for point in points]
        verdicts: list[str] = []
        for layout in wanted.layouts:
            fits = made.shape == layout.shape
            verdicts.append(agree(claimed, [layout.value(point) for point in points]) if fits else "shape")
            if verdicts[-1] == "same":
                note = layout.note or self.reasons.convention(said.tree, made, wanted, layout)
                return Finding(item.line, said.span, "right", note=note)
        if "undecided" in verdicts:
            return Finding(item.line, said.span, "undecided")
        kind, should, why = self.reasons.wrong(said.tree, item.line.clean, made, claimed, wanted)
        example = self.reasons.example(_head(item), claimed, wanted)
        return Finding(item.line, said.span, "wrong", kind, should and f"{_head(item)} = {should}", why, example)

    def _index(self, item: Equation, finding: Finding) -> Finding:
        """`δ6^(i) = Σ_i …`: what sums over the examples belongs to none of them."""
        index = index_of(item.name)
        sums = [n for said in item.sides for n in walk(said.tree) if isinstance(n, SumOver) and n.index == index]
        if not index or not sums or item.name in self.ground.shapes or self.claim.own.get(item.name):
            return finding
        why = (
            f"{item.name} bears ({index}) though it sums over {index}: it is one for all examples, {base_of(item.name)}"
        )
        if finding.status == "wrong":
            return replace(finding, why=f"{finding.why}; and {why}")
        status: Status = "wrong"
        stop = item.line.text.find("=")
        return replace(
            finding, span=(0, stop), status=status, kind="index", should=base_of(item.name), why=why, note=""
        )


def _head(item: Equation) -> str:
    head = next((said for said in item.sides if said.of), None)
    return item.name if head is None else key(head.of, head.by)


def _text(shape: Pair) -> str:
    return " x ".join(map(str, shape))

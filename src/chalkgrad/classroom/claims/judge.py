"""Judging a claim, line after line, each from the person's own earlier lines alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, final

import numpy as np

from chalkgrad.classroom.claims.backward import Backward
from chalkgrad.classroom.claims.claim import Assign, Claim, Definition, Equation, Identity, Side, Stage, Update
from chalkgrad.classroom.claims.equations import Equations
from chalkgrad.classroom.claims.forward import judge_forward
from chalkgrad.classroom.claims.graph import Graph
from chalkgrad.classroom.claims.numeric import ENOUGH, Formula, Ground, Values, formula, ground, ties
from chalkgrad.classroom.claims.own import Own
from chalkgrad.classroom.claims.reading import at_line
from chalkgrad.classroom.claims.verdict import Finding, Verdict
from chalkgrad.errors import ChalkgradError, NotationError
from chalkgrad.notation.refusal import clip
from chalkgrad.render.numbers import shown


def judge(claim: Claim) -> Verdict:
    """The verdict on a claim that was read.

    Raises NotationError, with the line, where a formula is none of numbers.
    """
    with np.errstate(all="ignore"):
        return _Judge(claim).run()


@final
class _Judge:
    def __init__(self, claim: Claim) -> None:
        self.claim = claim
        self.ground = ground(claim.inputs, claim.at)
        self.function: Values | None = None
        if claim.function is not None:
            made = Formula(claim.inputs, claim.function)
            self.function = self.ground.value(made, self.ground.env, watch=True)
        self.graph = _graph(claim, self.ground)
        self.own = Own(claim, self.graph)

    def run(self) -> Verdict:
        findings = judge_forward(self.claim, self.graph, self.function)
        backward = Backward(self.own)
        equations = Equations(self.own)
        waiting: list[Equation] = []
        for item in self.claim.items:
            try:
                match item:
                    case Assign():
                        backward.run(item)
                    case Definition():
                        self.own.define(item)
                        findings.append(Finding(item.line, item.head, "right", note="a name of your own"))
                    case Equation():
                        finding = equations.judge(item)
                        findings.append(finding)
                        waiting.append(item)
                    case Identity():
                        findings.append(equations.identity(item))
                    case Update():
                        findings.append(equations.update(item))
                    case Stage():
                        pass
            except NotationError as error:
                raise at_line(error, item.line) from None
        findings += backward.judge()
        findings.sort(key=lambda f: f.line.number)
        findings = self._ties(findings)
        if np.count_nonzero(self.ground.good) < ENOUGH:
            findings = [replace(f, status="undecided", should="", why="", example="") for f in findings]
        return Verdict(tuple(findings), tuple(self._notes(findings, backward)))

    def _notes(self, findings: list[Finding], backward: Backward) -> list[str]:
        notes: list[str] = []
        good = int(np.count_nonzero(self.ground.good))
        if good < ENOUGH:
            notes.append(
                f"undecided: of {self.ground.good.size} points tried, {good} lie inside the domain of the forward pass"
            )
        tied = int(np.count_nonzero(self.ground.kinked))
        if tied > self.ground.good.size // 8:
            notes.append(
                f"at {tied} of {self.ground.good.size} points a kink is met, such as a tie of max; these were left out"
            )
        if backward.entries:
            open = [n for n in self.claim.inputs if n not in self.own.grads and self.graph.readers[n]]
            if open:
                named = ", ".join([self.own.wording.gradient(n) for n in open])
                notes.append(f"not claimed: {named}. What stands here is judged, and no more")
        if self.claim.function is None:
            notes.append("no function stands on the first line: the forward pass was taken as the function")
        if not any(f.line.section != "forward" for f in findings):
            notes.append("no backward: or claim: lines: only the forward pass was judged")
        return notes

    # ties

    def _ties(self, findings: list[Finding]) -> list[Finding]:
        """Lines with cases or indicators, looked at where both cases meet."""
        sided = [
            item
            for item in self.claim.items
            if isinstance(item, (Equation, Assign)) and any(_cases(side) for side in item.sides)
        ]
        if not sided:
            return findings

        def at(points: Ground) -> None:
            Graph(self.claim, points)

        program = [node.formula.program for node in self.graph.nodes.values()]
        kinked = next((p for p in program if any(getattr(s.op, "kinks", ()) for s in p.steps)), None)
        points = None if kinked is None else ties(self.claim.inputs, kinked, at)
        if points is None:
            return findings
        tied = Own(self.claim, Graph(self.claim, points))
        points.good = np.ones_like(points.good)
        for item in sided:
            found = next((f for f in findings if f.line is item.line or f.line is item.sides[0].line), None)
            if found is None or found.status == "wrong":
                continue
            better = self._tied(item, found, tied, points)
            findings = [better if f is found else f for f in findings]
        return findings

    def _tied(self, item: Equation | Assign, found: Finding, tied: Own, points: Ground) -> Finding:
        values = [tied.value(side) for side in item.sides]
        by = item.target if isinstance(item, Assign) else item.by
        rule = "Chalkgrad's convention shares a tie, ½ each (and takes relu'(0) as 0)"
        for side, value in zip(item.sides[1:], values[1:], strict=True):
            apart = np.flatnonzero(np.isfinite(value) & np.isfinite(values[0]) & (value != values[0]))
            if apart.size:
                i = int(apart[0])
                where = _point(self.claim, points, i)
                why = (
                    f"the two forms agree everywhere but at a tie: at {where}, {clip(item.sides[0].written)} gives "
                    f"{shown(float(values[0][i]))} and {clip(side.written)} gives {shown(float(value[i]))}"
                )
                should = "one convention for the tie in both forms"
                return replace(
                    found, line=side.line, span=side.span, status="wrong", kind="tie", should=should,
                    why=f"{why}; no derivative is there; {rule}",
                )  # fmt: skip
        if not isinstance(item, Equation) or item.of != self.claim.output or not by:
            return found
        truth = tied.graph.true[by]
        apart = np.flatnonzero(np.isfinite(truth) & (values[-1] != truth))
        if not apart.size:
            return found
        i = int(apart[0])
        where = _point(self.claim, points, i)
        said, here = shown(float(values[-1][i])), shown(float(truth[i]))
        note = f"at a tie ({where}) this gives {said}, and Chalkgrad {here}: there is no derivative there; {rule}"
        return replace(found, note=note)


def _graph(claim: Claim, points: Ground) -> Graph:
    try:
        return Graph(claim, points)
    except NotationError as error:
        stage = next((i for i in claim.items if isinstance(i, Stage) and i.line.text == error.text), None)
        if stage is None:
            raise
        raise at_line(error, stage.line) from None
    except ChalkgradError as error:
        raise NotationError(str(error)) from None


def _cases(side: Side) -> bool:
    """Whether a side holds cases, an indicator or a comparison."""
    choosing = {"where", "indicator", "greater", "greater_equal", "less", "less_equal", "equal", "not_equal"}
    return any(step.op.name in choosing for step in formula(side.tree, side.line.text).program.steps)


def _point(claim: Claim, points: Ground, i: int) -> str:
    named: Mapping[str, Any] = points.env
    return ", ".join([f"{n} = {shown(float(named[n][i]))}" for n in claim.inputs])

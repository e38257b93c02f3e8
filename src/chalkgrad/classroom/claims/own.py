"""What the person has said so far, in numbers: every formula is read in its light."""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

import numpy as np

from chalkgrad.classroom.claims.claim import Claim, Definition, Side
from chalkgrad.classroom.claims.graph import Graph
from chalkgrad.classroom.claims.mistakes import MOST_EDGES, Edge, Mistakes
from chalkgrad.classroom.claims.numeric import SEED, Formula, Values, formula, names_in
from chalkgrad.classroom.claims.wording import Wording
from chalkgrad.render.numbers import shown


@final
class Own:
    """The person's gradients, local derivatives and names, and what would follow from them.

    `grads` are the gradients of the output as their lines left them, `locals` the derivatives they stated.
    """

    def __init__(self, claim: Claim, graph: Graph) -> None:
        self.claim = claim
        self.graph = graph
        self.ground = graph.ground
        self.grads: dict[str, Values] = {}
        self.locals: dict[tuple[str, str], Values] = {}
        self.names: dict[str, Values] = {}
        self.read: set[str] = set()
        self.wording = Wording(claim, graph)
        self.mistakes = Mistakes(graph, self.wording.gradient)
        self._made: dict[Side, Formula] = {}
        rng = np.random.default_rng(SEED)
        self.rate = np.round(rng.uniform(0.05, 0.5, self.ground.good.size), 2).astype(np.longdouble)

    def define(self, item: Definition) -> None:
        """Take a name of the person's own."""
        self.names[item.name] = self.value(item.sides[-1])

    def made(self, side: Side) -> Formula:
        """The side as steps."""
        if side not in self._made:
            self._made[side] = formula(side.tree, side.line.text)
        return self._made[side]

    def value(self, side: Side, whole: bool = False, zero: str = "") -> Values:
        """A side's values. `whole` reads ∂u/∂v through all that stands between; `zero` is a gradient not begun yet."""
        env = {name: self._name(name, whole, zero) for name in names_in(side.tree)}
        return self.ground.value(self.made(side), env)

    def _name(self, name: str, whole: bool, zero: str) -> Values:
        found = self.claim.derivatives.get(name)
        if found is None:
            known = self.names.get(name)
            if known is None:
                known = self.graph.env.get(name)
            return self.rate if known is None else known
        return self.derivative(*found, whole, zero)

    def derivative(self, of: str, by: str, whole: bool = False, zero: str = "") -> Values:
        """∂of/∂by: as the person said it, else as it follows from what they said."""
        if of == self.claim.output:
            self.read.add(by)
            if by in self.grads:
                return self.grads[by]
            return self.ground.one(0) if by == zero else self.expected(self.grads)[by]
        if (of, by) in self.locals:
            return self.locals[of, by]
        slope = self.graph.local.get(of, {}).get(by)
        if slope is not None and not whole:
            return slope
        return self.graph.totals(of, self.slopes()).get(by, self.ground.one(0))

    def slopes(self) -> Mapping[str, Mapping[str, Values]]:
        """The local derivatives, the person's own where they stated one."""
        if not self.locals:
            return self.graph.local
        found = {u: dict(slopes) for u, slopes in self.graph.local.items()}
        for (u, v), value in self.locals.items():
            if v in found.get(u, {}):
                found[u][v] = value
        return found

    def expected(self, grads: Mapping[str, Values], known: bool = False) -> dict[str, Values]:
        """What each gradient must be, given those that the person has; with `known`, theirs in place of these."""
        local = self.slopes()
        zero = self.ground.one(0)
        arrived: dict[str, Values] = {self.claim.output: self.ground.one(1)}
        out: dict[str, Values] = {}
        with np.errstate(all="ignore"):
            for name in self.graph.reach(self.graph.stages[-1]):
                should = arrived.get(name, zero)
                held = grads.get(name, should)
                out[name] = held if known else should
                for by, slope in local.get(name, {}).items():
                    sent = held * slope
                    arrived[by] = arrived[by] + sent if by in arrived else sent
        return out

    def edges(self, by: str, held: Mapping[str, Values]) -> list[Edge]:
        """The edges that bring the output's gradient to `by`, the nearest first."""
        one = self.ground.one(1)
        near = [Edge(u, by, held[u], one) for u in self.graph.readers[by] if by in self.graph.local[u]]
        return near

    def all_edges(self, of: str, by: str, held: Mapping[str, Values]) -> list[Edge]:
        """Every edge on a way from `of` back to `by`."""
        one = self.ground.one(1)
        found: list[Edge] = []
        for u in self.graph.reach(of):
            if u not in held or len(found) > MOST_EDGES:
                continue
            for w in self.graph.local.get(u, {}):
                onward = one if w == by else self.graph.totals(w).get(by) if w in self.graph.nodes else None
                if onward is not None:
                    found.append(Edge(u, w, held[u], onward))
        return sorted(found, key=lambda e: e.w != by)

    def rounded(self, side: Side, truth: Values) -> bool | None:
        """Whether a side that is a bare number is right at the person's own point, to the digits they wrote.

        None where the side is no number, or no point is given.
        """
        if names_in(side.tree) or not self.ground.given:
            return None
        said = float(self.value(side)[0])
        _, _, decimals = side.written.strip().rstrip("$ ").partition(".")
        digits = len(decimals) if decimals.isdecimal() else 0
        slack = 0.5 * 10.0**-digits if digits else 1e-9 * max(1.0, abs(said))
        return bool(abs(said - float(truth[0])) <= slack * (1 + 1e-6))

    def example(self, called: str, said: Values, wanted: Values) -> str:
        """Numbers at a point where the two differ."""
        i = self.ground.witness(said, wanted)
        if not self.claim.inputs:
            where = "here"
        else:
            at = [f"{n} = {shown(float(self.ground.env[n][i]))}" for n in self.claim.inputs]
            if len(at) > 6:
                return ""
            where = "at " + ", ".join(at)
        yours, right = shown(float(said[i]), 6), shown(float(wanted[i]), 6)
        return f"{where}: {called} is {right}, and this line gives {yours}"

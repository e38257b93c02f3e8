"""Equations that state a derivative, and steps of descent, each judged where it stands."""

from __future__ import annotations

from typing import final

import numpy as np

from chalkgrad.classroom.claims.claim import Equation, Identity, Side, Update
from chalkgrad.classroom.claims.numeric import Values, names_in
from chalkgrad.classroom.claims.own import Own
from chalkgrad.classroom.claims.reading import RATES
from chalkgrad.classroom.claims.verdict import Finding, Status
from chalkgrad.render.numbers import shown


@final
class Equations:
    """Judges one equation at a time, and remembers what it said."""

    def __init__(self, own: Own) -> None:
        self.own = own

    def judge(self, item: Equation) -> Finding:
        """The finding on `∂of/∂by = …`, every side of it."""
        own = self.own
        own.wording.style(item.line.text, leibniz=True)
        truths, follows = self._truths(item)
        status: Status = "right"
        last: Values | None = None
        for side in item.sides:
            value, agreement, own_agreement = self._agree(item, side, truths, follows)
            if agreement == "same":
                last = value
            elif own_agreement == "same":
                status = "consistent" if status == "right" else status
                last = value
            elif "undecided" in (agreement, own_agreement):
                self._remember(item, value)
                return Finding(side.line, side.span, "undecided")
            else:
                self._remember(item, value)
                if item.of == own.claim.output and own.grads and follows:
                    return self._wrong(item, side, value, follows[0])
                return self._wrong(item, side, value, truths[0])
        if last is not None:
            self._remember(item, last)
        return Finding(item.line, item.head, status)

    def identity(self, item: Identity) -> Finding:
        """The finding on formulas that are said to be the same: each beside the one before it."""
        own = self.own
        before, *rest = item.sides
        value = own.value(before)
        for side in rest:
            said = own.value(side)
            agreement = own.ground.compare(value, said)
            if agreement == "undecided":
                return Finding(side.line, side.span, "undecided")
            if agreement == "different":
                why = "it is not the same as what stands before it"
                example = own.example(before.written.strip(), said, value)
                return Finding(side.line, side.span, "wrong", "sides", before.written.strip(), why, example)
            before, value = side, said
        return Finding(item.line, item.head, "right")

    def _truths(self, item: Equation) -> tuple[list[Values], list[Values]]:
        """What it may say: the truth (∂u/∂v at its gate, or through all between), and what follows from their lines."""
        own, graph = self.own, self.own.graph
        of, by = item.of, item.by
        if not by:
            return [graph.env[of]], []
        if of == own.claim.output:
            truth = own.ground.one(1) if by == of else graph.true[by]
            return [truth], [own.expected(own.grads)[by]]
        zero = own.ground.one(0)
        direct = graph.local.get(of, {}).get(by)
        total = own.ground.one(1) if of == by else graph.totals(of).get(by, zero)
        whole = own.ground.one(1) if of == by else graph.totals(of, own.slopes()).get(by, zero)
        return ([total] if direct is None else [direct, total]), [whole]

    def _agree(
        self, item: Equation, side: Side, truths: list[Values], follows: list[Values]
    ) -> tuple[Values, str, str]:
        own = self.own
        value = own.value(side)
        agreement = "different"
        for truth in truths:
            rounded = own.rounded(side, truth)
            if rounded:
                return truth, "same", "same"
            agreement = own.ground.compare(value, truth) if rounded is None else "different"
            if agreement != "different":
                return value, agreement, agreement
        for truth in truths:
            whole = own.value(side, whole=True)
            if own.ground.same(whole, truth):
                return whole, "same", "same"
        for follow in follows:
            if own.rounded(side, follow):
                return follow, agreement, "same"
            if (found := own.ground.compare(value, follow)) != "different":
                return value, agreement, found
        return value, agreement, "different"

    def _remember(self, item: Equation, value: Values) -> None:
        own = self.own
        if not item.by:
            return
        if item.of == own.claim.output:
            own.grads[item.by] = value
        else:
            own.locals[item.of, item.by] = value

    def _wrong(self, item: Equation, side: Side, value: Values, wanted: Values) -> Finding:
        own = self.own
        of, by = item.of, item.by
        written = item.line.text[item.head[0] : item.head[1]].strip()
        if "\\" in written:
            written = f"∂{own.claim.loss if of == own.claim.output else of}/∂{by}"
        if not by:
            why = f"the forward pass gives {of} another value"
            first = own.graph.nodes[of].stage.sides[0].written.strip() if of in own.graph.nodes else of
            example = own.example(of, value, wanted)
            return Finding(side.line, side.span, "wrong", "stage", f"{of} = {first}", why, example)
        example = own.example(written, value, wanted)
        other = self._misnamed(of, by, value)
        if other is not None and of not in self._above(by):
            u, v = other
            why = f"{of} does not depend on {by}, so ∂{of}/∂{by} is 0; what stands here is ∂{u}/∂{v}"
            return Finding(
                side.line, item.head, "wrong", "misnamed", f"∂{u}/∂{v} = {side.written.strip()}", why, example
            )
        should = f"{written} = {self._formula(of, by)}"
        if own.rounded(side, wanted) is False:
            right = shown(float(wanted[0]), 6)
            why = f"at the point given it is {right}"
            return Finding(side.line, side.span, "wrong", "number", f"{should} = {right}", why)
        kind, why = self._why(of, by, value, wanted)
        if other is not None and not kind:
            kind, why = "misnamed", f"what stands here is ∂{other[0]}/∂{other[1]}"
        return Finding(side.line, side.span, "wrong", kind, should, why, example)

    def _formula(self, of: str, by: str) -> str:
        own = self.own
        if of == own.claim.output:
            return own.wording.total(by)
        if by in own.graph.local.get(of, {}):
            return own.wording.local(of, by)
        return "0" if of not in self._above(by) else "the product of the derivatives between"

    def _above(self, by: str) -> set[str]:
        """Everything that depends on `by`."""
        found = {by}
        for name in self.own.graph.stages:
            if found & self.own.graph.local[name].keys():
                found.add(name)
        return found

    def _misnamed(self, of: str, by: str, value: Values) -> tuple[str, str] | None:
        """Another derivative of the graph that this is: first of the same value, then the nearest."""
        graph = self.own.graph
        order = [of, *[u for u in reversed(graph.stages) if u != of]]
        for u in order:
            for v, slope in graph.local.get(u, {}).items():
                if (u, v) != (of, by) and self.own.ground.same(slope, value) and not self._constant(slope):
                    return u, v
        return None

    def _constant(self, values: Values) -> bool:
        return bool(np.ptp(values[self.own.ground.good].astype(float)) == 0)

    def _why(self, of: str, by: str, value: Values, wanted: Values) -> tuple[str, str]:
        own, graph = self.own, self.own.graph
        near = by in graph.local.get(of, {}) and of != own.claim.output
        if near:
            held = {of: own.ground.one(1)}
        elif of == own.claim.output:
            held = own.expected(own.grads, known=True) if own.grads else own.expected({}, known=True)
        else:
            held = {n: v for n, v in self._held(of).items() if n in graph.nodes}
        edges = own.all_edges(of, by, held)
        if near:
            edges = [e for e in edges if (e.u, e.w) == (of, by)]
        mistake = own.mistakes.find(value, wanted, edges, {} if near else held)
        if mistake is not None:
            return mistake.kind, mistake.why
        for u, slopes in graph.local.items():
            for v, slope in slopes.items():
                if not self._constant(slope) and own.ground.same(value * slope, wanted):
                    return "link", f"a link of the chain is left out: ∂{u}/∂{v}"
        return "", "it is not the product of the derivatives along the chain"

    def _held(self, of: str) -> dict[str, Values]:
        """∂of/∂u for every u before it."""
        graph = self.own.graph
        found: dict[str, Values] = {}
        for name in graph.reach(of):
            slope = self.own.ground.one(1) if name == of else graph.totals(of).get(name)
            if slope is not None:
                found[name] = slope
        return found

    # descent

    def update(self, item: Update) -> Finding:
        """The finding on `w ← w - α …`."""
        own, name = self.own, item.name
        own.wording.style(item.line.text, leibniz=True)
        side = item.sides[-1]
        value = own.value(side)
        change = value - own.graph.env[name] if item.sign == "=" else value if item.sign == "+=" else -value
        rates = [n for n in names_in(side.tree) if n in RATES and n not in own.graph.env and n not in own.names]
        rate = own.rate if rates else own.ground.one(1)
        called = rates[0] if rates else "α"
        truth, follows = own.graph.true[name], own.expected(own.grads, known=True)[name]
        should = f"{name} ← {name} - {called}·∂{own.claim.loss}/∂{name}"
        statuses: list[tuple[Status, Values]] = [("right", truth), ("consistent", follows)]
        for status, slope in statuses:
            for sign in (-1, 1):
                step = self._step(change, sign * rate * slope, bool(rates))
                if step and sign < 0:
                    note = "the step size is 1" if not rates and own.ground.same(change, -slope) else ""
                    return Finding(item.line, item.head, status, note=note)
                if step:
                    why = "+α for -α: this step goes uphill; to make the loss smaller, go against the gradient"
                    wanted = own.graph.env[name] - rate * slope
                    example = own.example(f"the new {name}", own.graph.env[name] + change, wanted) if rates else ""
                    return Finding(side.line, side.span, "wrong", "uphill", should, why, example)
        if own.ground.compare(change, -rate * truth) == "undecided":
            return Finding(item.line, item.head, "undecided")
        with np.errstate(all="ignore"):
            kind, why = self._why(own.claim.output, name, -change / rate, follows)
        return Finding(
            side.line,
            side.span,
            "wrong",
            kind,
            f"{should}, where ∂{own.claim.loss}/∂{name} = {own.wording.total(name)}",
            why,
        )

    def _step(self, change: Values, slope: Values, exact: bool) -> bool:
        """Whether the change is along `slope`: equal to it, or, with no step size named, a constant times it."""
        ground = self.own.ground
        if exact:
            return ground.same(change, slope)
        with np.errstate(all="ignore"):
            ratio = change / slope
        found = ratio[ground.good & np.isfinite(ratio)]
        return bool(found.size) and found[0] > 0 and ground.same(change, found[0] * slope)

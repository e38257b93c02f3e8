"""The known mistakes: what a line would say if just that one were made, and how it is put in words."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from chalkgrad.classroom.claims.graph import Factor, Graph, constants, paths
from chalkgrad.classroom.claims.numeric import Values

# A search over more edges than this would cost more than it tells.
MOST_EDGES = 24
MOST_OTHERS = 40
# So often a mistake is looked for; what is wrong beyond that is wrong without a name.
MOST_LOOKS = 16


@final
@dataclass(frozen=True, slots=True)
class Mistake:
    """Which it is, and why the line is wrong."""

    kind: str
    why: str


@final
@dataclass(frozen=True, slots=True, eq=False)
class Edge:
    """∂u/∂w on a way that leads to the gradient in question: `upstream` stands before it, `downstream` after it."""

    u: str
    w: str
    upstream: Values
    downstream: Values


SAID = {"maximum": "max", "minimum": "min", "sigmoid": "σ", "multiply": "product", "divide": "quotient"}
Case = tuple[str, Values, Callable[[], str]]


@final
class Mistakes:
    """Compares a wrong value with what each known mistake would have given."""

    def __init__(self, graph: Graph, label: Callable[[str], str]) -> None:
        self.graph = graph
        self.ground = graph.ground
        self.label = label
        self.looked = 0

    def find(
        self,
        said: Values,
        wanted: Values,
        edges: Sequence[Edge],
        others: Mapping[str, Values],
        named: Collection[str] = (),
    ) -> Mistake | None:
        """The mistake that turns `wanted` into `said`.

        `others` are gradients that may stand as the wrong upstream; those of `named` are in the line, so not left out.
        """
        self.looked += 1
        if self.looked > MOST_LOOKS:
            return None
        same = self.ground.same
        if same(said, -wanted):
            return Mistake("sign", self._sign(edges))
        cases = list(self._cases(wanted, list(edges)[:MOST_EDGES], others, named))
        for kind, value, why in cases:
            if same(said, value) and not same(value, wanted):
                return Mistake(kind, why())
        for kind, value, why in cases:
            if kind in ("upstream", "constant", "swap", "argument", "inner") and same(said, 2 * wanted - value):
                continue
            if kind != "sign" and same(said, -value) and not same(value, wanted):
                return Mistake(kind, why() + "; and the sign is lost besides")
        return None

    def _cases(
        self, wanted: Values, edges: list[Edge], others: Mapping[str, Values], named: Collection[str]
    ) -> Iterator[Case]:
        late: list[Case] = []
        for edge in edges:
            slope = self.graph.local[edge.u][edge.w]
            rest = wanted - edge.upstream * slope * edge.downstream
            u, w, up = edge.u, edge.w, self.label(edge.u)
            yield "sign", rest - edge.upstream * slope * edge.downstream, lambda e=edge: self._sign([e])
            if not self._one(edge.upstream) and u not in named:
                why = f"the upstream gradient {up} is left out: downstream = upstream × local"
                yield "upstream", rest + slope * edge.downstream, lambda y=why: y
            if not self._one(slope):
                why = f"the local derivative ∂{u}/∂{w} is left out: downstream = upstream × local"
                yield "local", rest + edge.upstream * edge.downstream, lambda y=why: y
            yield from self._within(edge, wanted, late)
            for name, other in list(others.items())[:MOST_OTHERS]:
                if name != u:
                    why = f"the upstream gradient of {u} is {up}, not {self.label(name)}"
                    late.append(("wrong upstream", rest + other * slope * edge.downstream, lambda y=why: y))
            why = f"what arrives along {u} is left out: where paths meet, their contributions add"
            late.append(("missing", rest, lambda y=why: y))
        yield from late

    def _within(self, edge: Edge, wanted: Values, late: list[Case]) -> Iterator[Case]:
        """Mistakes at one step of a stage's formula."""
        node = self.graph.nodes[edge.u]
        way = edge.upstream * edge.downstream
        for path in paths(node, edge.w, self.ground):
            product = self._product(path)
            rest = wanted - way * product
            for place, factor in enumerate(path):
                others = self._product([*path[:place], *path[place + 1 :]])
                for kind, value, why in self._at(factor, edge):
                    yield kind, rest + way * others * value, why
                if not self._plain(factor.value):
                    op: Any = factor.step.op
                    what = f"the inner derivative, that of the {_said(op)} inside {edge.u}, is left out: the chain rule"
                    late.append(("inner", rest + way * others, lambda w=what: w))
                if self._minus(factor):
                    yield "sign", rest - way * product, lambda f=factor, e=edge: self._sign_of(f, e)
            late.append(("missing", rest, lambda e=edge: f"one of the places where {e.u} reads {e.w} is left out"))

    def _at(self, factor: Factor, edge: Edge) -> Iterator[Case]:
        step, op = factor.step, factor.step.op
        node = self.graph.nodes[edge.u]
        ops: Any = op
        for number in constants(step):
            if abs(number) not in (0.0, 1.0):
                with np.errstate(all="ignore"):
                    why = f"the constant factor {number:g} inside {edge.u} is lost"
                    yield "constant", factor.value / number, lambda y=why: y
        read = [self._value(node, a) for a in step.inputs]
        if ops.name == "multiply":
            why = f"× swaps: the derivative with respect to {edge.w} is the other factor, not {edge.w} itself"
            yield "swap", read[factor.position], lambda y=why: y
        if ops.name in ("maximum", "minimum", "relu"):
            word = "the winner" if ops.name != "relu" else "a positive input"
            why = f"{_said(ops)} routes: the gradient goes to {word}, and here it goes to the loser"
            yield "loser", 1 - factor.value, lambda y=why: y
        if ops.name in ("sigmoid", "tanh"):
            yield from self._argument(ops.name, factor, node, edge)
        if ops.name in ("power", "square") and factor.position == 0:
            for number in constants(step):
                base = read[0]
                with np.errstate(all="ignore"):
                    why = f"the derivative of a power: {number:g}·x^{number - 1:g}; here the exponent is not lowered"
                    yield "power", number * base**number, lambda y=why: y
        if ops.name == "divide" and factor.position == 1:
            with np.errstate(all="ignore"):
                why = "the derivative of a quotient by its denominator is -a/b^2; here b is not squared"
                yield "power", factor.value * read[1], lambda y=why: y
                yield "power", -factor.value * read[1], lambda y=why + ", and the sign is lost": y

    def _argument(self, name: str, factor: Factor, node: Any, edge: Edge) -> Iterator[Case]:
        sign = "σ" if name == "sigmoid" else "tanh"
        result = self._value(node, factor.step.output)
        values = [(n, v) for n, v in list(self.graph.env.items())[:MOST_OTHERS]] + [("its own result", result)]
        inner = factor.step.inputs[0]
        values.append(("its argument", self._value(node, inner)))
        with np.errstate(all="ignore"):
            for called, v in values:
                y = 1 / (1 + np.exp(-v)) if name == "sigmoid" else np.tanh(v)
                slope = y * (1 - y) if name == "sigmoid" else 1 - y * y
                if not self.ground.same(y, result):
                    why = (
                        f"{sign}' is taken at the wrong argument: at {called}, "
                        f"and not at what goes into {sign} in {edge.u}"
                    )
                    yield "argument", slope, lambda y=why: y
                if not self.ground.same(v, result):
                    direct = v * (1 - v) if name == "sigmoid" else 1 - v * v
                    form = "y(1 - y)" if name == "sigmoid" else "1 - y^2"
                    why = (
                        f"{sign}' is taken at the wrong argument: {form} holds for y = {sign}(…), the result, "
                        f"and here y is {called}"
                    )
                    yield "argument", direct, lambda y=why: y
            if name == "tanh":
                yield "power", 1 - result, lambda: "tanh' is 1 - tanh^2: the square is lost"

    def _sign(self, edges: Sequence[Edge]) -> str:
        for edge in edges:
            for path in paths(self.graph.nodes[edge.u], edge.w, self.ground):
                for factor in path:
                    if self._minus(factor):
                        return self._sign_of(factor, edge)
        return "the sign is lost: what it gives is the right number with the wrong sign"

    def _sign_of(self, factor: Factor, edge: Edge) -> str:
        op: Any = factor.step.op
        match op.name:
            case "divide" | "reciprocal":
                rule = "a quotient differentiates by its denominator to -a/b^2, so 1/x to -1/x^2"
            case "negative":
                rule = "minus something passes its gradient on with a minus, so e^(-x) has -e^(-x)"
            case "subtract":
                rule = "what is subtracted passes its gradient on with a minus"
            case _:
                rule = "a negative factor belongs to this derivative"
        return f"the sign is lost in ∂{edge.u}/∂{edge.w}: {rule}"

    def _minus(self, factor: Factor) -> bool:
        op: Any = factor.step.op
        behind = factor.position == 1
        negative = any(n < 0 for n in constants(factor.step))
        return (op.name in ("divide", "subtract") and behind) or op.name in ("reciprocal", "negative") or negative

    def _product(self, path: Sequence[Factor]) -> Values:
        out = self.ground.one(1)
        with np.errstate(all="ignore"):
            for factor in path:
                out = out * factor.value
        return out

    def _value(self, node: Any, atom: Any) -> Values:
        return self.ground.read(atom, node.env)

    def _one(self, values: Values) -> bool:
        return bool(np.all(values[self.ground.good] == 1))

    def _plain(self, values: Values) -> bool:
        return bool(np.all(np.abs(values[self.ground.good]) == 1))


def _said(op: Any) -> str:
    return SAID.get(op.name, str(op.name))

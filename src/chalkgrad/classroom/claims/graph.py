"""The graph that a person's forward pass makes: its values, and the derivative of every stage by what it reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

from chalkgrad.classroom.claims.claim import Claim, Stage
from chalkgrad.classroom.claims.numeric import Formula, Ground, Values, formula
from chalkgrad.ir.program import Number, Step, Var
from chalkgrad.ops.local import Select, Times
from chalkgrad.transform.backprop import Backprop, Contribution, backprop


@final
@dataclass(eq=False)
class Node:
    """One stage. `pieces` are, for each name it reads, what comes back along each place that reads it."""

    stage: Stage
    formula: Formula
    made: Backprop | None
    env: Mapping[Any, Values]
    pieces: Mapping[str, list[Values]]

    @property
    def name(self) -> str:
        return self.stage.name

    @cached_property
    def producer(self) -> dict[Var, Step]:
        """The step behind each value of the stage."""
        return self.formula.program.producer()


@final
class Graph:
    """The person's forward pass at many points.

    `env` holds every input and stage; `local[u][v]` is ∂u/∂v with all else that u reads held still.
    """

    def __init__(self, claim: Claim, ground: Ground) -> None:
        self.ground = ground
        self.claim = claim
        self.output = claim.output
        self.env: dict[str, Values] = dict(ground.env)
        self.nodes: dict[str, Node] = {}
        self.local: dict[str, dict[str, Values]] = {}
        self.readers: dict[str, list[str]] = {name: [] for name in claim.inputs}
        for item in claim.items:
            if isinstance(item, Stage):
                self._add(item)
        self.stages = list(self.nodes)

    def _add(self, stage: Stage) -> None:
        ground = self.ground
        made = formula(stage.sides[0].tree, stage.line.text, stage.name)
        program = made.program
        out = program.output
        values = ground.run(program, self.env, watch=True)
        self.env[stage.name] = ground.read(out, values)
        pieces: dict[str, list[Values]] = {}
        back: Backprop | None = None
        env: Mapping[Any, Values] = values
        if isinstance(out, Var) and out in program.inputs:
            pieces[out.hint] = [ground.one(1)]
        elif isinstance(out, Var):
            back = backprop(program, seed_name=" seed")
            env = ground.run(back.gradient, {**self.env, " seed": ground.one(1)})
            for c in back.contributions:
                if c.target in program.inputs:
                    pieces.setdefault(c.target.hint, []).append(ground.read(c.value, env))
        self.nodes[stage.name] = Node(stage, made, back, env, pieces)
        self.local[stage.name] = {by: sum(each[1:], each[0]) for by, each in pieces.items()}
        self.readers[stage.name] = []
        for by in made.names:
            self.readers[by].append(stage.name)

    def reach(self, of: str) -> list[str]:
        """`of` and everything before it, the last stage first."""
        place = self.stages.index(of) if of in self.nodes else -1
        return [*reversed(self.stages[: place + 1]), *self.claim.inputs]

    def totals(self, of: str, local: Mapping[str, Mapping[str, Values]] | None = None) -> dict[str, Values]:
        """The total derivative of `of` by each name that it depends on."""
        known = self.local if local is None else local
        total: dict[str, Values] = {of: self.ground.one(1)}
        for name in self.reach(of):
            upstream = total.get(name)
            if upstream is None:
                continue
            for by, slope in known.get(name, {}).items():
                sent = upstream * slope
                total[by] = total[by] + sent if by in total else sent
        return total

    @cached_property
    def true(self) -> dict[str, Values]:
        """The gradient of the output by every name."""
        found = self.totals(self.output)
        zero = self.ground.one(0)
        return {name: found.get(name, zero) for name in (*self.claim.inputs, *self.stages)}


@final
@dataclass(frozen=True, slots=True)
class Factor:
    """One step on a path through a stage: its op, the place it reads, and its local derivative."""

    step: Step
    position: int
    value: Values


def paths(node: Node, by: str, ground: Ground, most: int = 16) -> list[list[Factor]]:
    """Every path from the stage's result back to `by`, as local derivatives; few, and none where it is only a copy."""
    back = node.made
    if back is None:
        return [[]] if by in node.pieces else []
    out = back.program.output
    edges: dict[Var, list[Contribution]] = {}
    for c in back.contributions:
        edges.setdefault(c.step.output, []).append(c)
    found: list[list[Factor]] = []
    assert isinstance(out, Var)
    todo: list[tuple[Var, list[Factor]]] = [(out, [])]
    while todo and len(found) < most:
        var, before = todo.pop()
        if var in back.program.inputs:
            if var.hint == by:
                found.append(before)
            continue
        if len(before) < 24:
            todo.extend([(c.target, [*before, _factor(c, node, ground)]) for c in reversed(edges.get(var, []))])
    return found


def _factor(c: Contribution, node: Node, ground: Ground) -> Factor:
    local = c.local
    if isinstance(local, Times):
        value = ground.read(local.factor.atom, node.env)
    elif isinstance(local, Select):
        value = ground.read(local.mask.atom, node.env)
    else:
        value = ground.one(1)
    return Factor(c.step, c.position, value)


def constants(step: Step) -> list[float]:
    """The numbers that a step reads, and the exponent that its op bears."""
    op: Any = step.op
    found = [float(a.value) for a in step.inputs if isinstance(a, Number) and not a.type.shape]
    exponent = getattr(op.notation, "exponent", None)
    return found if exponent is None else [*found, float(exponent)]

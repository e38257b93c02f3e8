"""Formulas at many points at once, and whether two of them are the same.

The numbers are long doubles where the machine has them. A difference counts only where it stands clear of what
rounding can do, measured against the largest number met on the way; between the two it is undecided.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal, final

import numpy as np

from chalkgrad.errors import ChalkgradError, NotationError
from chalkgrad.ir.build import Builder
from chalkgrad.ir.program import Number, Program, Var
from chalkgrad.notation.lower import Lowering, Operand
from chalkgrad.notation.tree import Name, Node, children

Values = np.ndarray[Any, Any]
Agreement = Literal["same", "different", "undecided"]

SEED = 20240229
# Fewer points than this inside the domain decide nothing.
ENOUGH = 4
SAME, NOISE = 1e-10, 1e-15
DIFFERENT, CLEAR = 1e-7, 1e-12


@final
@dataclass(frozen=True, slots=True)
class Formula:
    """A Program of named numbers."""

    names: tuple[str, ...]
    program: Program


def formula(tree: Node, source: str, name: str = "") -> Formula:
    """The steps of one tree, over the names that it reads.

    Raises NotationError for what is no formula of numbers.
    """
    builder = Builder()
    lowering = Lowering(source, builder, {})
    for found in names_in(tree):
        lowering.names[found] = Operand(builder.input(found))
    atom = lowering.stage(tree, name).atom
    if atom.type.shape:
        raise NotationError("this is an array: a claim is checked for functions of numbers", source, tree.span)
    return Formula(tuple([v.hint for v in builder.inputs]), builder.program(name or "side", atom))


def names_in(tree: Node) -> tuple[str, ...]:
    """Every name that a tree reads, in the order of the text."""
    found: dict[str, None] = {}
    todo: list[Node] = [tree]
    while todo:
        node = todo.pop()
        if isinstance(node, Name):
            found[node.name] = None
        todo.extend(reversed(children(node)))
    return tuple(found)


@final
@dataclass(eq=False)
class Ground:
    """The points: `env` holds every input's values, `good` the points inside every domain and away from kinks.

    `big` is the largest number met at each point; `given` whether point 0 is the person's own.
    """

    env: dict[str, Values]
    good: Values
    big: Values
    given: bool = False
    kinked: Values = field(default_factory=lambda: np.zeros(0, bool))

    def run(self, program: Program, given: Mapping[str, Values], watch: bool = False) -> dict[Var, Values]:
        """Every Var of a Program; `watch` leaves out the points at its kinks and outside its domain from now on."""
        env: dict[Any, Values] = {v: given[v.hint] for v in program.inputs}
        with np.errstate(all="ignore"):
            for step in program.steps:
                op: Any = step.op
                xs = [a.value if isinstance(a, Number) else env[a] for a in step.inputs]
                out = _apply(op, xs, step.params, self.good.size)
                env[step.output] = out
                if out.dtype != bool:
                    size = np.abs(out)
                    self.big = np.where(np.isfinite(size), np.maximum(self.big, size), self.big)
                    if watch:
                        self.good &= np.isfinite(size)
                if watch:
                    for kink in op.kinks:
                        hit = np.broadcast_to(np.asarray(kink.at(*xs, **step.params)), self.good.shape)
                        self.good &= ~hit
                        self.kinked = self.kinked | hit if self.kinked.size else hit
        return env

    def value(self, made: Formula, given: Mapping[str, Values], watch: bool = False) -> Values:
        """The values of a formula: NaN wherever something on the way to them has none, as in 1/(1/0)."""
        env = self.run(made.program, given, watch)
        found = self.read(made.program.output, env)
        lost = self._lost(made.program, env)
        return np.where(lost, np.nan, found) if np.any(lost) else found

    def _lost(self, program: Program, env: Mapping[Any, Values]) -> Values:
        """The points at which the output was made of what has no value; of a choice, the branch taken counts."""
        none = np.zeros(self.good.shape, bool)
        lost: dict[Any, Values] = {}
        for step in program.steps:
            reads = [lost.get(a, none) for a in step.inputs]
            out = np.asarray(env[step.output])
            here = none if out.dtype == bool else ~np.isfinite(self.read(step.output, env))
            if getattr(step.op, "name", "") == "where":
                taken = self.read(step.inputs[0], env) != 0
                reads = [reads[0], np.where(taken, reads[1], reads[2])]
            lost[step.output] = np.logical_or.reduce([here, *reads])
        return lost.get(program.output, none)

    def read(self, atom: Any, env: Mapping[Any, Values]) -> Values:
        """The values of an atom; true and false are 1 and 0."""
        raw = atom.value if isinstance(atom, Number) else env[atom]
        return np.broadcast_to(np.asarray(raw, dtype=np.longdouble), self.good.shape)

    def compare(self, a: Values, b: Values) -> Agreement:
        """Whether two formulas are the same, wherever both have a value.

        Where `a` has none though `b` has, they are not decided to be the same.
        """
        with np.errstate(all="ignore"):
            use = self.good & np.isfinite(a) & np.isfinite(b)
            if np.count_nonzero(use) < ENOUGH:
                return "undecided"
            gap, size = np.abs(a - b)[use], np.maximum(np.abs(a), np.abs(b))[use]
            big = np.maximum(self.big[use], 1e-300)
        if np.all(gap <= SAME * size + NOISE * big):
            return "undecided" if np.any(self.good & np.isnan(a) & np.isfinite(b)) else "same"
        return "different" if np.any(gap > DIFFERENT * size + CLEAR * big) else "undecided"

    def same(self, a: Values, b: Values) -> bool:
        """Whether they are decided to be the same."""
        return self.compare(a, b) == "same"

    def witness(self, a: Values, b: Values) -> int:
        """The point that shows best that two formulas differ: the person's own, else one of few digits."""
        with np.errstate(all="ignore"):
            use = self.good & np.isfinite(a) & np.isfinite(b)
            clear = use & (np.abs(a - b) > 1e-3 * np.maximum(np.abs(a), np.abs(b)) + CLEAR * self.big)
        found = np.flatnonzero(clear if clear.any() else use)
        return int(found[0]) if found.size else 0

    def one(self, number: float) -> Values:
        """A constant, at every point."""
        return np.full(self.good.shape, number, dtype=np.longdouble)


def _apply(op: Any, xs: list[Any], params: Mapping[str, Any], count: int) -> Values:
    if op.evaluate is None:
        raise ChalkgradError(f"{op.name} is abstract: say what it is, to have a claim about it checked")
    if op.elementwise or op.name == "accumulate":
        return np.broadcast_to(np.asarray(op.evaluate(*xs, **params)), (count,))
    columns = [np.broadcast_to(np.asarray(x), (count,)) if np.ndim(x) < 2 else x for x in xs]
    rows = [op.evaluate(*[c[i] for c in columns], **params) for i in range(count)]
    out = np.asarray(rows)
    if out.ndim != 1:
        raise ChalkgradError(f"{op.name} makes an array: a claim is checked for functions of numbers")
    return out


def ground(inputs: Sequence[str], at: Mapping[str, Any]) -> Ground:
    """Seeded points for these inputs; the person's own, where all inputs are given, is the first.

    Small decimals of both signs, then positive ones, fractions, and larger ones, so that most domains are met.
    """
    table = _table(len(inputs))
    given = bool(inputs) and all(name in at for name in inputs)
    if given:
        table = np.concatenate([[[float(at[name]) for name in inputs]], table])
    columns = np.asarray(table, dtype=np.longdouble)
    env = {name: columns[:, i] for i, name in enumerate(inputs)}
    size = len(columns)
    return Ground(env, np.ones(size, bool), np.ones(size, np.longdouble), given)


@lru_cache(maxsize=16)
def _table(count: int) -> Values:
    rng = np.random.default_rng(SEED)

    def rows(low: float, high: float, many: int, digits: int) -> list[Values]:
        steps = 10**digits
        pool = np.arange(round(low * steps), round(high * steps) + 1)
        pool = pool[(pool % steps != 0)]
        alone = len(pool) >= 4 * max(count, 1)
        return [rng.choice(pool, count, replace=not alone) / steps for _ in range(many)]

    few = 1 if count <= 6 else 2
    made = [*rows(-2.5, 2.5, 10, few), *rows(0.2, 2.6, 8, 2), *rows(0.05, 0.95, 6, 2)]
    made += [*rows(-2.5, 2.5, 6, 3), *rows(-12, 12, 6, 2), *rows(3, 60, 4, 2)]
    return np.array(made).reshape(len(made), count)


def ties(inputs: Sequence[str], program: Program, run: Callable[[Ground], None]) -> Ground | None:
    """Points of small whole numbers at which a kink of `program` is met, or None where there is none."""
    if not any(getattr(step.op, "kinks", ()) for step in program.steps):
        return None
    rng = np.random.default_rng(SEED)
    columns = rng.integers(-2, 3, (240, len(inputs))).astype(np.longdouble)
    env = {name: columns[:, i] for i, name in enumerate(inputs)}
    found = Ground(env, np.ones(240, bool), np.ones(240, np.longdouble))
    run(found)
    hits = np.flatnonzero(found.kinked)[:12] if found.kinked.size else []
    if not len(hits):
        return None
    env = {name: values[hits] for name, values in env.items()}
    return Ground(env, np.ones(len(hits), bool), np.ones(len(hits), np.longdouble))

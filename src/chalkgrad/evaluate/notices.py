"""Where a convention, an infinity or a NaN decided a number: said, always."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite, isnan
from typing import Any, final

import numpy as np

from chalkgrad.ir.program import Atom, Number, Step, Var
from chalkgrad.ir.registry import OPS
from chalkgrad.ops.local import Select, Spread, Times
from chalkgrad.ops.op import INFINITE
from chalkgrad.transform.backprop import Backprop, Contribution
from chalkgrad.transform.gates import Pattern

OUTSIDE = "outside the domain: value NaN, and no gradient is passed off as one"
COMBINED = "each is a convention, and together they may give no derivative of the function at all"
Numbers = Mapping[Var, Any]


@final
@dataclass(frozen=True, slots=True)
class Rewritten:
    """Vars whose number was decided by a form more exact than the one typed, and the steps that it did without."""

    rules: Mapping[Var, str]
    inside: frozenset[Step]


@final
@dataclass(frozen=True, slots=True)
class Notice:
    """At `node`, the op and inputs of `point` met a hard place, and `rule` decided."""

    node: str
    point: str
    rule: str

    def __str__(self) -> str:
        return f"{self.node} = {self.point}: {self.rule}"


def notices_of(made: Backprop, numbers: Numbers, called: Mapping[Var, str], rewritten: Rewritten) -> tuple[Notice, ...]:
    """Every notice that goes with these numbers, in the order of the steps, one a step and rule."""
    edges: dict[Step, list[Contribution]] = {}
    for c in made.contributions:
        edges.setdefault(c.step, []).append(c)
    producer = made.program.producer()
    guarded = any(not _taken(c, numbers) and not _finite(_factor(c, numbers)) for c in made.contributions)
    found: list[Notice] = []
    corners: list[Notice] = []
    for step in made.program.steps:
        if step.given[0] in rewritten.rules:
            found.append(_notice(step, numbers, called, rewritten.rules[step.given[0]]))
        elif step not in rewritten.inside and _any_hard(step, edges.get(step, []), numbers):
            rules = _rules(step, edges.get(step, []), numbers, guarded, producer)
            here = [_notice(step, numbers, called, rule) for rule in rules]
            found.extend(here)
            corners.extend(n for n in here if not n.rule.startswith((INFINITE, OUTSIDE)))
    if len({n.node for n in corners}) > 1:
        places = " and ".join(n.node for n in corners[:4])
        found.append(Notice(called_output(made, called), f"the choices at {places} combined", COMBINED))
    return tuple(dict.fromkeys(found))


def called_output(made: Backprop, called: Mapping[Var, str]) -> str:
    """The name of the output."""
    out = made.program.output
    return called[out] if isinstance(out, Var) else made.program.name


def _any_hard(step: Step, edges: list[Contribution], numbers: Numbers) -> bool:
    """A cheap look that lets almost every step pass."""
    op: Any = step.op
    if op.kinks or not all(_finite(numbers[v]) for v in step.given):
        return True
    return any(not _finite(_number(c.value, numbers)) for c in edges)


def _rules(
    step: Step, edges: list[Contribution], numbers: Numbers, guarded: bool, producer: dict[Var, Step]
) -> list[str]:
    if edges and not any(_taken(c, numbers) for c in edges):
        return []  # a branch that was not taken decides nothing
    op: Any = step.op
    xs = [_number(a, numbers) for a in step.inputs]
    positions = {c.position for c in edges}
    rules: list[str] = []
    with np.errstate(all="ignore"):
        for kink in op.kinks:
            matters = positions if kink.positions is None else positions & set(kink.positions)
            choosing = step.given[0].type.dtype == "bool" and not guarded
            if (matters or choosing) and np.any(kink.at(*xs, **step.params)):
                rules.append(kink.rule)
        y = next((numbers[v] for v in step.given if not _finite(numbers[v])), 0.0)
        inputs_fine = all(_finite(x) for x in xs)
        born = not _finite(y) and (inputs_fine or (_nan(y) and not any(_nan(x) for x in xs)))
        if born:
            outside = any(
                not np.all(d.holds(np.asarray(x))) for d, x in zip(op.domain, xs, strict=False) if not _nan(x)
            )
            rules.append(OUTSIDE if outside and _nan(y) else INFINITE + _offer(step, y, producer))
        elif not rules:
            rules.extend(INFINITE for c in edges if _born_on_edge(c, numbers))
    return list(dict.fromkeys(rules))


def _offer(step: Step, y: Any, made: dict[Var, Step]) -> str:
    """An op that has a value here, where one declares this form."""
    if not _nan(y):
        return ""
    for op in OPS.values():
        for form in op.offers:
            pattern = Pattern(op, form)
            if pattern.match(step, made, swallow_named=True) is not None:
                return f"; {op.name} has a value there"
    return ""


def _born_on_edge(c: Contribution, numbers: Numbers) -> bool:
    if isinstance(c.local, Select) or not _taken(c, numbers):
        return False
    value = _number(c.value, numbers)
    if _finite(value):
        return False
    upstreams = [_number(u, numbers) for u in c.upstreams if u is not None]
    return all(map(_finite, upstreams)) or (_nan(value) and not any(map(_nan, upstreams)))


def _taken(c: Contribution, numbers: Numbers) -> bool:
    return c.gate is None or bool(np.any(_number(c.gate, numbers)))


def _factor(c: Contribution, numbers: Numbers) -> Any:
    if isinstance(c.local, Times):
        return _number(c.local.factor.atom, numbers)
    if isinstance(c.local, Spread):
        return _number(c.local.scale.atom, numbers)
    return 0.0


def _number(atom: Atom, numbers: Numbers) -> Any:
    return atom.value if isinstance(atom, Number) else numbers.get(atom, 0.0)


def _finite(x: Any) -> bool:
    return isfinite(x) if isinstance(x, float) else bool(np.all(np.isfinite(x)))


def _nan(x: Any) -> bool:
    return isnan(x) if isinstance(x, float) else bool(np.any(np.isnan(x)))


def _notice(step: Step, numbers: Numbers, called: Mapping[Var, str], rule: str) -> Notice:
    op: Any = step.op
    places: list[str] = []
    for atom in step.inputs:
        if isinstance(atom, Var) and atom in called:
            value = np.asarray(numbers[atom])
            shown = f"{float(value):.6g}" if value.ndim == 0 else f"an array of shape {value.shape}"
            places.append(f"{called[atom]} = {shown}")
    return Notice(called[step.given[0]], f"{op.name} at {', '.join(places)}" if places else op.name, rule)

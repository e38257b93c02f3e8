"""A Program made ready to be evaluated in decimal arithmetic, at many points and precisions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, localcontext
from math import comb
from typing import Any, final

import numpy as np

from chalkgrad.errors import ValueNeeded
from chalkgrad.evaluate.precise.ops import ARRAY_RULES, JUMPS, MOVES, REGIONS, RULES
from chalkgrad.evaluate.precise.trial import NAN, Exact, Trial, decimal_of, precision
from chalkgrad.ir.program import Number, Program, Var

# An array of more entries than this is not evaluated digit by digit.
LARGEST = 4096


class NotPrecise(Exception):
    """An op that is not evaluated in decimal arithmetic; its name."""


@final
class Precise:
    """`program`, or its derivative of order `order` by the input `along`, in decimal arithmetic."""

    def __init__(self, program: Program, exact: Exact, along: str = "", order: int = 0) -> None:
        self.program, self.exact, self.order = program, exact, order
        self.names = [v.hint for v in program.inputs]
        self.along = self.names.index(along) if order else -1
        slots: dict[Var, int] = {v: i for i, v in enumerate(program.inputs)}
        self.constants: list[tuple[int, Any]] = []
        self.plan: list[tuple[Callable[..., Any], tuple[int, ...], Mapping[str, Any], bool, int, int]] = []
        size = len(slots)
        for index, step in enumerate(program.steps):
            reads: list[int] = []
            for atom in step.inputs:
                if isinstance(atom, Number):
                    self.constants.append((size, atom.value))
                    reads.append(size)
                    size += 1
                else:
                    reads.append(slots[atom])
            slots.update(dict.fromkeys(step.given, size))  # those that give several have no rule here
            rule = _rule(step.op)
            lifted = step.op.name in RULES and bool(step.given[0].type.shape)
            self.plan.append((rule, tuple(reads), step.params, lifted, size, index))
            size += 1
        out = program.output
        if isinstance(out, Number):
            self.constants.append((size, out.value))
            size += 1
        self.out = slots[out] if isinstance(out, Var) else size - 1
        self.size = size
        self.pieces = {i: REGIONS[s.op.name] for i, s in enumerate(program.steps) if s.op.name in REGIONS}
        self.jumps = any(s.op.name in JUMPS for s in program.steps)
        self._values: dict[int, list[tuple[int, Any]]] = {}

    def at(self, point: Sequence[Any], trial: Trial) -> Any:
        """The value at a point, NaN where there is none.

        Raises OutOfTime.
        """
        if not self.order:
            return self._run(point, trial)
        # Differences: independent of every derivative rule. Their error is h², below the last digit.
        places = trial.digits // 2 + 10
        with localcontext(precision(trial.digits + 20 + self.order * (places + 10))) as context:
            h = Decimal(1).scaleb(-places)
            wide = Trial(context.prec, trial.exact, trial.deadline)
            total = Decimal(0)
            for k in range(self.order + 1):
                moved = list(point)
                moved[self.along] = moved[self.along] + (Decimal(self.order) / 2 - k) * h
                wide.memo.clear()
                total += (-1) ** k * comb(self.order, k) * self._run(moved, wide)
            total = total / h**self.order
            trial.gap, trial.unsure = max(trial.gap, wide.gap), trial.unsure or wide.unsure
            trial.seen |= wide.seen
            if total and total.adjusted() < -15 - trial.digits:
                total = Decimal(0)  # below the error of the difference
        with localcontext(precision(trial.digits)):
            return +total

    def _run(self, point: Sequence[Any], trial: Trial) -> Any:
        env: list[Any] = [None] * self.size
        env[: len(point)] = point
        for place, value in self._constants(trial.digits):
            env[place] = value
        for count, (rule, reads, params, lifted, out, index) in enumerate(self.plan):
            if not count & 63:
                trial.check()
            args = [env[r] for r in reads]
            try:
                env[out] = _lift(rule, trial, index, args, params) if lifted else rule(trial, index, *args, **params)
            except ArithmeticError:
                env[out] = NAN
        return env[self.out]

    def _constants(self, digits: int) -> list[tuple[int, Any]]:
        found = self._values.get(digits)
        if found is None:
            found = [(place, _constant(value, self.exact, digits)) for place, value in self.constants]
            self._values[digits] = found
        return found

    def covered(self, seen: set[tuple[int, Any]], excused: set[int]) -> int | None:
        """The first branching step of which not every side was seen, or None."""
        for index, regions in self.pieces.items():
            if index not in excused and len({w for i, w in seen if i == index}) < regions:
                return index
        return None


def _rule(op: Any) -> Callable[..., Any]:
    rule = RULES.get(op.name) or ARRAY_RULES.get(op.name)
    if rule is not None:
        return rule
    if op.evaluate is None:
        raise ValueNeeded(f"{op.name} is abstract: it has no value until it is filled in")

    def moved(t: Trial, i: int, *xs: Any, **params: Any) -> Any:
        if op.name not in MOVES:
            raise NotPrecise(op.name)
        try:
            return op.evaluate(*xs, **params)
        except (TypeError, ValueError, LookupError):
            raise NotPrecise(op.name) from None

    return moved


def _constant(value: Any, exact: Exact, digits: int) -> Any:
    if isinstance(value, np.ndarray) and value.ndim:
        return np.frompyfunc(lambda v: decimal_of(v, exact, digits), 1, 1)(value)
    return value if isinstance(value, bool) else decimal_of(value, exact, digits)


def _lift(rule: Callable[..., Any], trial: Trial, index: int, args: list[Any], params: Mapping[str, Any]) -> Any:
    """The rule on every entry, broadcasting."""
    trial.check()

    def one(*entries: Any) -> Any:
        try:
            return rule(trial, index, *entries, **params)
        except ArithmeticError:
            return NAN

    return np.frompyfunc(one, len(args), 1)(*args)

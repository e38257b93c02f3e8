"""A function and its gradient at many candidates at once: every number of both passes, by Var."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, final

import numpy as np

from chalkgrad.classroom.variants.space import CHUNK, Columns
from chalkgrad.evaluate.worked import Worked
from chalkgrad.ir.program import Number, Program, Var
from chalkgrad.ir.run import Run
from chalkgrad.transform.vectorise import vectorise


@final
class Batch:
    """A Worked, made ready for up to `most` candidates at once."""

    def __init__(self, work: Worked, most: int = CHUNK) -> None:
        self.work, self.most = work, most
        self.program = work.backprop.gradient
        self.shown = tuple(dict.fromkeys(self.program.variables()))
        self._plain = all(_of_numbers(step) for step in self.program.steps)
        self._runs: dict[tuple[bool, ...], Run] = {}

    def __call__(self, columns: Columns, count: int) -> dict[Var, Any]:
        """Every Var's numbers, with the candidates along axis 0. What is not in `columns` keeps the sheet's value."""
        given = [columns.get(v.hint, self.work.numbers[v]) for v in self.program.inputs]
        varied = tuple([v.hint in columns for v in self.program.inputs])
        with np.errstate(all="ignore"):
            return self._numbers(given, count) if self._plain else self._arrays(given, varied, count)

    def _numbers(self, given: list[Any], count: int) -> dict[Var, Any]:
        env: dict[Var, Any] = dict(zip(self.program.inputs, given, strict=True))
        for step in self.program.steps:
            op: Any = step.op
            args = [a.value if isinstance(a, Number) else env[a] for a in step.inputs]
            env[step.output] = op.evaluate(*args, **step.params)
        return {v: np.broadcast_to(np.asarray(env[v]), (count,)) for v in self.shown}

    def _arrays(self, given: list[Any], varied: tuple[bool, ...], count: int) -> dict[Var, Any]:
        """By the program of many examples, which is made for one size: a shorter last chunk is filled up."""
        filled = [_filled(g, self.most) if several else g for g, several in zip(given, varied, strict=True)]
        found = self._run(varied)(filled)
        return {v: np.asarray(a)[:count] for v, a in zip(self.shown, found, strict=True)}

    def _run(self, varied: tuple[bool, ...]) -> Run:
        if varied not in self._runs:
            whole: Program = replace(self.program, outputs=self.shown)
            self._runs[varied] = Run(vectorise(whole, varied, self.most))
        return self._runs[varied]


def _filled(column: Any, most: int) -> Any:
    lacking = most - len(column)
    return np.concatenate([column, np.repeat(column[:1], lacking, axis=0)]) if lacking else column


def _of_numbers(step: Any) -> bool:
    return step.op.elementwise and not step.output.type.shape

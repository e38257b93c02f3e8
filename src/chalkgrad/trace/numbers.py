"""The numbers of a trace at its example: worked out where they are asked for, and of the steps only what that takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, final

import numpy as np

from chalkgrad.ir.program import Atom, Number, Step, Var
from chalkgrad.ir.run import evaluator


@final
class Numbers:
    """The numbers of the values of one trace, whose steps are added to `steps` meanwhile. `like` are values that lie
    in memory otherwise than their step leaves them."""

    __slots__ = ("_given", "_like", "_makers", "_seen", "_steps", "_values")

    def __init__(self, steps: list[Step], like: Mapping[Var, Callable[[], Any]]) -> None:
        self._steps = steps
        self._like = like
        self._values: dict[Any, Any] = {}
        self._given: dict[Any, Callable[[], Any]] = {}
        self._makers: dict[Any, int] = {}
        self._seen = 0

    def enter(self, var: Var, number: Any) -> None:
        """The number of an input."""
        self._values[var] = number

    def later(self, var: Var, number: Callable[[], Any]) -> None:
        """What gives the number of an input, where one asks for it: the steps of a trace around may take long."""
        self._given[var] = number

    def __call__(self, atom: Atom) -> Any:
        """The number of an atom."""
        if isinstance(atom, Number):
            return atom.value
        if atom not in self._values:
            with np.errstate(all="ignore"):
                for place in self._behind(atom):
                    self._run(self._steps[place])
        return self._values[atom]

    def _behind(self, atom: Var) -> list[int]:
        """The places of the steps that are to be run for it, in their order."""
        for place in range(self._seen, len(self._steps)):
            self._makers.update(dict.fromkeys(self._steps[place].given, place))
        self._seen = len(self._steps)
        found: set[int] = set()
        waiting: list[Any] = [atom]
        while waiting:
            at = waiting.pop()
            if isinstance(at, Number) or at in self._values:
                continue
            if at in self._given:
                self._values[at] = self._given.pop(at)()
            elif (place := self._makers[at]) not in found:
                found.add(place)
                waiting.extend(self._steps[place].inputs)
        return sorted(found)

    def _run(self, step: Step) -> None:
        op: Any = step.op
        values = self._values
        result = evaluator(op)(*[a.value if isinstance(a, Number) else values[a] for a in step.inputs], **step.params)
        for out, value in zip(step.outputs, result if op.several else (result,), strict=True):
            if out is not None:
                values[out] = value if out not in self._like else _laid(value, self._like[out]())


def _laid(value: Any, like: Any) -> Any:
    out = np.empty_like(like, dtype=value.dtype)
    out[...] = value
    return out


__all__ = ["Numbers"]

"""A first look in floats: many points at once, to find where two functions might differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, final

import numpy as np

from chalkgrad.evaluate.precise.program import Precise
from chalkgrad.ir.program import Number, Program

# Analytic on the whole line, so that agreement on a part of it is agreement everywhere.
ENTIRE = frozenset(
    {
        *("add", "subtract", "multiply", "negative", "square", "accumulate"),
        *("exp", "expm1", "sin", "cos", "sinh", "cosh", "arcsinh", "arctan"),
        *("sigmoid", "softplus", "tanh", "log_sigmoid", "log_one_minus_sigmoid", "logaddexp", "softmax", "logsumexp"),
        *("sum", "mean", "mean_of", "matmul", "dot", "outer", "index", "stack", "transpose", "reshape"),
        *("broadcast_to", "sum_to"),
    }
)
QUOTIENTS = frozenset({"divide", "reciprocal", "power"})
RATIONAL = frozenset({"add", "subtract", "multiply", "negative", "square", "accumulate", *QUOTIENTS})
TOLERANCE = 1e-12
SUSPECTS = 3


def entire(program: Program) -> bool:
    """Whether the function is analytic everywhere, or a quotient of two such: then its domain is of one piece."""
    singular: set[Any] = set()
    for step in program.steps:
        name = step.op.name
        if any(a in singular for a in step.inputs) and name not in RATIONAL:
            return False
        if name in QUOTIENTS and (name != "power" or not _square(step)):
            if name == "power" and not _whole(step):
                return False
            singular.add(step.output)
        elif name not in ENTIRE and name != "power":
            return False
        elif any(a in singular for a in step.inputs):
            singular.add(step.output)
    return True


def defined_everywhere(program: Program) -> bool:
    """Whether nothing is divided by, and no function has a domain."""
    return all(s.op.name in ENTIRE or (s.op.name == "power" and _square(s)) for s in program.steps)


def _whole(step: Any) -> bool:
    n = step.inputs[1]
    return isinstance(n, Number) and np.ndim(n.value) == 0 and float(n.value).is_integer()


def _square(step: Any) -> bool:
    return _whole(step) and step.inputs[1].value >= 0


def _of_numbers(step: Any) -> bool:
    return step.op.elementwise and not step.output.type.shape


@final
class Screen:
    """Both sides in floats, at many points of numbers at once."""

    def __init__(self, names: Sequence[str], sides: Sequence[Precise]) -> None:
        self.names, self.sides = names, sides
        self.usable = bool(names) and all(
            not s.order and len(s.program.steps) < 400 and all(_of_numbers(step) for step in s.program.steps)
            for s in sides
        )

    def suspects(self, points: list[tuple[Any, ...]], floats: list[Any]) -> list[tuple[Any, ...]]:
        """The points where the floats differ most, at most three."""
        columns = dict(zip(self.names, floats, strict=True))
        with np.errstate(all="ignore"):
            left, right = [self._run(side, columns) for side in self.sides]
            size = np.maximum(np.abs(left), np.abs(right))
            apart = np.abs(left - right) / np.where(size > 0, size, 1.0)
        apart = np.broadcast_to(np.where(np.isfinite(apart), apart, 0.0), (len(points),))
        order = np.argsort(-apart)[:SUSPECTS]
        return [points[int(k)] for k in order if apart[k] > TOLERANCE]

    def _run(self, side: Precise, columns: dict[str, Any]) -> Any:
        env: dict[Any, Any] = {v: columns[v.hint] for v in side.program.inputs}
        for step in side.program.steps:
            args = [a.value if isinstance(a, Number) else env[a] for a in step.inputs]
            op: Any = step.op
            env[step.output] = op.evaluate(*args, **step.params)
        out = side.program.output
        return np.asarray(out.value if isinstance(out, Number) else env[out], dtype=np.float64)

"""The sum over numbered examples, `Σ_i`, in a program for one of them.

Such a program says what one example gives. Its sum has no value and no gradient there, since the other examples are
not: `batch` makes the program over all of them, whose sum has both. So the op is held by the steps that use it, as
abstract functions are, and by no table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import numpy as np

from chalkgrad.errors import GradientError, ShapeError, ValueNeeded
from chalkgrad.ir.program import OpLike
from chalkgrad.ir.types import ArrayType
from chalkgrad.ops.kernel import nest
from chalkgrad.ops.local import Local
from chalkgrad.ops.notation import Function
from chalkgrad.ops.op import Op, structured


def sum_over(index: str, last: str = "") -> Op:
    """`Σ_{index=1}^{last}` of a value that one example gives; its result has the value's shape."""
    advice = f'cg.batch(program, "{index}") makes the program over all examples (on the command line, --batch {index})'

    def evaluate(x: Any) -> NoReturn:
        raise ValueNeeded(f"Σ_{index} adds over every example, and this is the program for one: {advice}")

    def vjp(want: Sequence[bool], y: Any, *xs: Any) -> Sequence[Local | None]:
        raise GradientError(f"a gradient through Σ_{index} adds over every example: {advice}")

    return Op(
        name=f"sum_over_{index}",
        arity=1,
        evaluate=evaluate,
        types=_types,
        vjp=vjp,
        jvp=vjp,
        notation=Function(
            f"Σ_{{{index}=1}}^{{{last}}}" if last else f"Σ_{index}",
            rf"\sum_{{{index}=1}}^{{{last}}}" if last else rf"\sum_{{{index}}}",
        ),
        params={"index": index, "last": last},
        note=f"the sum over the examples ({index})",
    )


def is_sum_over(op: OpLike) -> bool:
    """Whether an op is such a sum."""
    return isinstance(op, Op) and op.name.startswith("sum_over_") and "index" in op.params


def _types(given: tuple[ArrayType, ...], params: Mapping[str, Any]) -> tuple[ArrayType, ...]:
    return given


def _columns_types(given: tuple[ArrayType, ...], params: Mapping[str, Any]) -> tuple[ArrayType, ...]:
    if len(given[0].shape) != 2:
        raise ShapeError("columns are counted of a matrix")
    return (ArrayType((), "int64"),)


columns = structured(
    "columns",
    lambda x: np.int64(np.shape(x)[1]),
    types=_columns_types,
    vjp=None,
    samples=lambda rng: [((rng.normal(size=(2, 3)),), {}), ((np.zeros((4, 0)),), {})],
    note="the number of columns, such as that of the examples; it has no derivative",
    kernel=lambda types, outs, params: nest((), types[0].shape[1], "int64"),
)

"""Whether gates pass between the turns of an unrolled loop: then it is not rolled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from chalkgrad.ir.program import Number, Step
from chalkgrad.ops.op import REALS, TRUTH
from chalkgrad.transform.loops.periods import Stretch


def gated(steps: Sequence[Step], stretch: Stretch) -> bool:
    """Whether a branch that is not taken may lie between turns: unrolled, its gradient is 0 whatever stands before it.

    A loop passes that on as a number, which times an infinite local would be NaN.
    """
    chosen = any([s.op.name in ("where", "masked", "defined") for s in steps[stretch.start :]])
    return chosen and any([_partial(s) for s in steps[stretch.start : stretch.start + stretch.period]])


def _partial(step: Step) -> bool:
    """Whether a local may be infinite where values are finite."""
    op: Any = step.op
    if not op.elementwise:
        return not (op.linear_in or op.name in _JOINING)
    by = step.inputs[-1]
    if isinstance(by, Number) and op.name in ("divide", "power"):
        return not bool(np.all(np.asarray(by.value) != 0 if op.name == "divide" else np.asarray(by.value) >= 1))
    return any([d not in (REALS, TRUTH) for d in op.domain])


# Not linear in any one input by their records, but in all of them together.
_JOINING = frozenset(("stack", "concatenate", "updated", "einsum"))

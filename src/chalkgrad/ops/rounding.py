"""Rounding, and quotients without a rest: flat between their jumps, so that nothing is passed back."""

from __future__ import annotations

from typing import Any

import numpy as np

from chalkgrad.ops.kernel import primitive
from chalkgrad.ops.notation import Function
from chalkgrad.ops.op import DECLARED, Interval, Kink, elementwise

_FLAT = "flat between its jumps, so nothing is passed back"


def _half(x: Any) -> Any:
    return np.abs(x - np.trunc(x)) == 0.5


ceil = elementwise(
    "ceil",
    np.ceil,
    lambda y, x: (0,),
    narrowest="int64",
    kinks=(Kink(lambda x: x == np.ceil(x), DECLARED, (1.0,), (0.0,)),),
    note=_FLAT,
    kernel=primitive("ceil"),
)
trunc = elementwise(
    "trunc",
    np.trunc,
    lambda y, x: (0,),
    narrowest="int64",
    kinks=(Kink(lambda x: (x == np.trunc(x)) & (x != 0), DECLARED, (1.0,), (0.0,)),),  # it is flat around 0
    note=_FLAT,
    kernel=primitive("trunc"),
)
rint = elementwise(
    "rint",
    np.rint,
    lambda y, x: (0,),
    Function("round", r"\operatorname{round}"),
    kinks=(Kink(_half, DECLARED, (0.5,), (0.0,)),),
    note=f"{_FLAT}; a half goes to the even neighbour",
    kernel=primitive("rint"),
)
floor_divide = elementwise(
    "floor_divide",
    np.floor_divide,
    lambda y, x, n: (0, 0),
    narrowest="int64",
    domain=(Interval(low=0.1, high=0.9), Interval(low=1.0)),
    kinks=(Kink(lambda x, n: np.mod(x, n) == 0, DECLARED, (2.0, 1.0), (0.0, 0.0)),),
    note=_FLAT,
    kernel=primitive("floor_divide"),
)
fmod = elementwise(
    "fmod",
    np.fmod,
    lambda y, x, n: (1, -rint((x - y) / n)),  # trunc(x / n) may have been rounded up to the next turn
    narrowest="int64",
    domain=(Interval(low=0.1, high=0.9), Interval(low=1.0)),
    kinks=(Kink(lambda x, n: (np.fmod(x, n) == 0) & (x != 0), DECLARED, (2.0, 1.0), (1.0, -2.0)),),
    note="the rest has the sign of the dividend; mod gives it that of the divisor",
    kernel=primitive("fmod"),
)

"""A square, and its derivative."""

from typing import Any

from evaluation import Function

import chalkgrad as cg


def square(x: float) -> Any:
    return x * x


FUNCTIONS = {
    "square": Function(square, prepare=lambda x: (float(x),), answer=float),
    "double": Function(cg.grad(square), prepare=lambda x: (float(x),), answer=float),
}

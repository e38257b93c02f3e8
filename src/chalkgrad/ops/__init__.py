"""Every op, declared once. Importing this fills the table in `chalkgrad.ir.registry`."""

from chalkgrad.ops import (
    activation,
    arithmetic,
    choice,
    exponential,
    linear_algebra,
    order,
    reduction,
    shape,
    trigonometric,
)

__all__ = [
    "activation",
    "arithmetic",
    "choice",
    "exponential",
    "linear_algebra",
    "order",
    "reduction",
    "shape",
    "trigonometric",
]

"""Products of many numbers: of all but one, and what moves with running ones. No division, so that zeros do no harm.

What stands before an entry is multiplied up from the front, and what stands behind it from the end: n entries take n
steps. Few entries are taken a row each in `order`, as it is written on paper.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from chalkgrad.errors import ShapeError
from chalkgrad.ir.build import Builder, Value
from chalkgrad.ir.dims import Dim
from chalkgrad.ir.registry import lookup
from chalkgrad.ir.types import ArrayType
from chalkgrad.ops.choice import equal, maximum, minimum, where
from chalkgrad.ops.joining import concatenate
from chalkgrad.ops.local import constant
from chalkgrad.ops.shape import broadcast_to

# So many entries are taken a row each: the product of the others is n rows of n.
FEW = 16


def known(n: Dim | int) -> int:
    """The number of entries.

    Raises ShapeError where it is a name.
    """
    if not isinstance(n, int):
        raise ShapeError(f"the gradient of a product of {n} entries needs their number")
    return n


def before(running: Value) -> Value:
    """The products of all entries in front of each, from the running products along axis 0."""
    one = broadcast_to(constant(1, running), shape=(1, *running.shape[1:]))
    return concatenate(one, running[:-1], axis=0)


def _held(x: Value, other: Value) -> Value:
    """x, kept from infinity where it is to meet a 0, which makes it 0."""
    largest = np.finfo(x.type.dtype).max
    return where(equal(other, 0), minimum(maximum(x, -largest), largest), x)


def met(first: Value, second: Value) -> Value:
    """Their product, where a 0 that is met by what has grown too large for a number is still 0."""
    return _held(first, second) * _held(second, first)


def backward(x: Value, running: Value, upstream: Value) -> Value:
    """What running products along axis 0 send back to their entries: Σ_j u_j · the product of the others up to j."""
    behind = _turns(x, upstream, lambda carry, a, b: (a * _held(b + carry, a), b + carry), reverse=True)
    return met(before(running), behind)


def forward(x: Value, running: Value, tangent: Value) -> Value:
    """How running products along axis 0 move with their entries."""

    def turn(carry: Value, a: Value, b: Value) -> tuple[Value, Value]:
        found = a * carry + b
        return found, found

    return _turns(x, before(running) * tangent, turn, reverse=False)


def _turns(x: Value, b: Value, turn: Callable[..., tuple[Value, Value]], reverse: bool) -> Value:
    """A loop along axis 0 of both, whose carry starts at 0; what every turn gives."""
    inner, (n, *lead) = Builder(), x.shape
    one = ArrayType(tuple(lead), x.type.dtype)
    given = [inner.value(inner.input(name, one)) for name in ("carry", "x", "b")]
    body = inner.program("product", *[v.atom for v in turn(*given)])
    start = broadcast_to(constant(0, x), shape=tuple(lead))
    found = lookup("scan")(start, x, b, body=body, counts=(0, 1), length=n, reverse=reverse)
    return found[1]


__all__ = ["FEW", "backward", "before", "forward", "known", "met"]

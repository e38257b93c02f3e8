"""Points as whole weights, where a system takes no others."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from chalkgrad.render.numbers import trimmed

_FINEST = 10_000


def whole(points: Sequence[float]) -> list[int]:
    """Whole numbers in the ratio of the points, the smallest there are; all 1 where no points are given."""
    shares = [Fraction(p).limit_denominator(_FINEST) for p in points]
    if not any(shares):
        return [1] * len(shares)
    scale = math.lcm(*[s.denominator for s in shares])
    scaled = [int(s * scale) for s in shares]
    common = math.gcd(*scaled)
    return [s // common for s in scaled]


def plain(points: float) -> str:
    """Points as text, with no more digits than needed."""
    return trimmed(points, 7)

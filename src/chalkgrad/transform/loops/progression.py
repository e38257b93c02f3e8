"""Keys of an array that go on by one step each turn: together they are a slice."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, final

from chalkgrad.ir.registry import lookup
from chalkgrad.ir.types import ArrayType


def type_at(type: ArrayType, key: Any) -> ArrayType:
    """The type of what is read at a key."""
    op: Any = lookup("index")
    return op.infer((type,), {"index": key})[0]


@final
class Progression:
    """Keys that differ in one whole number, which goes up or down by the same each time."""

    def __init__(self, keys: Sequence[tuple[Any, ...]], axis: int) -> None:
        self.keys, self.axis = keys, axis

    def whole(self) -> tuple[Any, ...]:
        """The key of all of them together."""
        first, second = self.keys[0][self.axis], self.keys[1][self.axis]
        by, stop = second - first, self.keys[-1][self.axis] + second - first
        found = list(self.keys[0])
        found[self.axis] = slice(first, None if stop < 0 else stop, by)
        return tuple(found)

    def depth(self) -> int:
        """Which axis of the whole goes through the keys."""
        return sum([isinstance(k, slice) for k in self.keys[0][: self.axis]])


def progression(keys: Sequence[Any], type: ArrayType) -> Progression | None:
    """The keys as a progression, where they are one of whole numbers and slices."""
    shape = type.shape
    wide = [k if isinstance(k, tuple) else (k,) for k in keys]
    if len({len(k) for k in wide}) != 1 or len(wide[0]) > len(shape) or len(wide) < 2:
        return None
    if any(not (_basic(p) and isinstance(n, int)) for k in wide for p, n in zip(k, shape, strict=False)):
        return None
    plain = [tuple([p + n if _whole(p) and p < 0 else p for p, n in zip(k, shape, strict=False)]) for k in wide]
    differ = [a for a in range(len(plain[0])) if any(k[a] != plain[0][a] for k in plain)]
    if len(differ) != 1 or not all([_whole(k[differ[0]]) for k in plain]):
        return None
    numbers = [k[differ[0]] for k in plain]
    by = numbers[1] - numbers[0]
    if any(b - a != by for a, b in pairwise(numbers)):
        return None
    return Progression(plain, differ[0])


def _whole(part: Any) -> bool:
    """Whether it is a whole number and no truth."""
    return type(part) is int


def _basic(part: Any) -> bool:
    """Whether it is a whole number or a slice."""
    return type(part) is int or isinstance(part, slice)

"""For every entry of a value a set of numbers, all sets in two arrays."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import chain, pairwise
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Shape = tuple[int, ...]


@final
class Adds(Exception):
    """Entries were put together, not only moved."""


@final
class Entry:
    """The number of an entry, to see where it goes; a product with a number keeps it, unless that is 0.

    Several together are SEVERAL. Nothing is raised here: NumPy's products of objects go on after an error.
    """

    __slots__ = ("number",)

    def __init__(self, number: int) -> None:
        self.number = number

    def __add__(self, other: Any) -> Entry:
        if isinstance(other, Entry) and other is not NOWHERE:
            return other if self is NOWHERE else SEVERAL
        return self

    __radd__ = __sub__ = __rsub__ = __add__

    def __mul__(self, other: Any) -> Entry:
        if isinstance(other, Entry):
            return SEVERAL
        return NOWHERE if other == 0 else self

    __rmul__ = __mul__

    def __neg__(self) -> Entry:
        return self


NOWHERE, SEVERAL = Entry(-1), Entry(-2)


@final
class Depends:
    """A set of numbers; + and - join two, and a product with a number keeps it, unless that is 0."""

    __slots__ = ("on",)

    def __init__(self, on: frozenset[int]) -> None:
        self.on = on

    def __add__(self, other: Any) -> Depends:
        if not isinstance(other, Depends) or other.on is self.on or not other.on:
            return self
        return Depends(self.on | other.on) if self.on else other

    __radd__ = __sub__ = __rsub__ = __add__

    def __mul__(self, other: Any) -> Depends:
        if isinstance(other, Depends):
            return self + other
        return NOTHING if other == 0 else self

    __rmul__ = __mul__

    def __neg__(self) -> Depends:
        return self


NOTHING = Depends(frozenset())


@final
class Sets:
    """The set of entry k of an array of this shape, flat, is `numbers[starts[k] : starts[k + 1]]`, which rise.

    All numbers are below `width`.
    """

    __slots__ = ("numbers", "shape", "starts", "width")

    def __init__(self, shape: Shape, starts: Array, numbers: Array, width: int) -> None:
        self.shape, self.starts, self.numbers, self.width = shape, starts, numbers, width

    @property
    def size(self) -> int:
        """How many sets there are."""
        return len(self.starts) - 1

    def reshaped(self, shape: Shape) -> Sets:
        """The same sets in another shape."""
        return Sets(shape, self.starts, self.numbers, self.width)

    def rows(self) -> Array:
        """For every number the entry in whose set it is."""
        return np.repeat(np.arange(self.size), np.diff(self.starts))

    def taken(self, places: Array) -> Sets:
        """The sets at some places of the flat array; the empty one at -1."""
        places = np.asarray(places, np.int64)
        flat = places.reshape(-1)
        counts = np.where(flat < 0, 0, np.diff(self.starts)[flat]) if self.size else np.zeros(len(flat), np.int64)
        starts = np.concatenate([[0], np.cumsum(counts)])
        within = np.arange(starts[-1]) - np.repeat(starts[:-1], counts)
        numbers = self.numbers[np.repeat(self.starts[flat], counts) + within] if starts[-1] else self.numbers[:0]
        return Sets(places.shape, starts, numbers, self.width)

    def broadcast(self, shape: Shape) -> Sets:
        """As NumPy repeats entries along axes."""
        if self.shape == shape:
            return self
        return self.taken(np.broadcast_to(np.arange(self.size).reshape(self.shape), shape))

    def row(self, k: int) -> Sets:
        """Those at one place of the first axis."""
        each = math.prod(self.shape[1:])
        starts = self.starts[k * each : (k + 1) * each + 1]
        return Sets(self.shape[1:], starts - starts[0], self.numbers[starts[0] : starts[-1]], self.width)

    def objects(self) -> Array:
        """As an array of `Depends`."""
        numbers, ends = self.numbers.tolist(), self.starts.tolist()
        found = np.empty(self.size, object)
        found[:] = [Depends(frozenset(numbers[a:b])) for a, b in pairwise(ends)]
        return found.reshape(self.shape)


def single(shape: Shape) -> Sets:
    """Of every entry its own number."""
    size = math.prod(shape)
    return Sets(shape, np.arange(size + 1), np.arange(size), size)


def empty(shape: Shape, width: int) -> Sets:
    """Of nothing."""
    return Sets(shape, np.zeros(math.prod(shape) + 1, np.int64), np.zeros(0, np.int64), width)


def joined(parts: Sequence[tuple[Sets, Array]], shape: Shape) -> Sets:
    """Sets put together: those of each part, entry by entry, into the sets at some places of a flat array."""
    width = parts[0][0].width
    keys = np.concatenate([places[part.rows()] * width + part.numbers for part, places in parts])
    keys.sort(kind="stable")  # which takes little where the parts are in order
    rows, numbers = np.divmod(keys[np.diff(keys, prepend=-1) > 0], max(width, 1))
    counts = np.bincount(rows, minlength=math.prod(shape))
    return Sets(shape, np.concatenate([[0], np.cumsum(counts)]), numbers, width)


def together(parts: Sequence[Sets], shape: Shape) -> Sets:
    """The sets of several values, entry by entry, each brought to one shape."""
    whole = [p.broadcast(shape) for p in parts]
    if len(whole) == 1:
        return whole[0]
    return joined([(p, np.arange(p.size)) for p in whole], shape)


def end_to_end(parts: Sequence[Sets], width: int) -> Sets:
    """The sets of several values as one flat array of sets."""
    ends = np.cumsum([0, *[len(p.numbers) for p in parts]])
    starts = [p.starts[:-1] + end for p, end in zip(parts, ends, strict=False)]
    numbers = np.concatenate([np.zeros(0, np.int64), *[p.numbers for p in parts]])
    return Sets((sum([p.size for p in parts]),), np.concatenate([*starts, ends[-1:]]), numbers, width)


def of_objects(found: Array, width: int) -> Sets:
    """What an array of `Depends` and plain numbers says. Raises TypeError for what is neither."""
    each = [sorted(_set(d)) for d in found.reshape(-1)]
    starts = np.cumsum([0, *map(len, each)])
    return Sets(found.shape, starts, np.fromiter(chain.from_iterable(each), np.int64, int(starts[-1])), width)


def places_of(found: Array) -> Array:
    """Where an array of `Entry` and plain numbers has its entries from; -1 for a number, which is from nowhere.

    Raises Adds where several were put together, and TypeError for what is neither.
    """
    return np.fromiter([_number(e) for e in found.reshape(-1)], np.int64, found.size).reshape(found.shape)


def entries(size: int) -> Array:
    """An `Entry` for each of so many."""
    found = np.empty(size, object)
    found[:] = [Entry(k) for k in range(size)]
    return found


def _number(entry: Any) -> int:
    if entry is SEVERAL:
        raise Adds
    if isinstance(entry, Entry):
        return entry.number
    _plain(entry)
    return -1


def _set(entry: Any) -> frozenset[int]:
    if isinstance(entry, Depends):
        return entry.on
    _plain(entry)
    return NOTHING.on


def _plain(entry: Any) -> None:
    if not isinstance(entry, (bool, int, float, np.generic)):
        raise TypeError(f"a {type(entry).__name__} among sets of entries")


__all__ = ["Adds", "Sets", "empty", "end_to_end", "entries", "joined", "of_objects", "places_of", "single", "together"]

"""Where two functions are compared: points of several scales and signs, seeded, so that every run sees the same."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from itertools import product
from math import isfinite
from typing import Any, final

import numpy as np

from chalkgrad.ir.program import Number, Program

# (lowest, highest, how signs are drawn): + all positive, - all negative, ± each its own, 0 between the breakpoints
BETWEEN = (0.2, 4.0, "0")
PATTERNS = (
    (0.1, 0.95, "+"),
    (0.3, 2.5, "±"),
    (0.5, 3.0, "-"),
    (0.05, 0.9, "±"),
    (1.0, 9.0, "+"),
    (0.01, 0.3, "±"),
    (0.2, 4.0, "0"),
    (3.0, 30.0, "±"),
    (0.1, 0.95, "-"),
    (0.2, 4.0, "0"),
    (20.0, 400.0, "±"),
    (1e-4, 1e-2, "±"),
    (0.2, 4.0, "0"),
    (1e3, 1e5, "±"),
)
PLAIN = ("1", "2", "-1", "0.5", "3", "-2", "0", "-0.5", "10", "-10", "100", "-100", "0.1")
FAIR = ("1", "-1", "0.5", "-0.5", "2", "-2", "3", "-3")
FEW, MANY = 40, 56


@final
class Points:
    """Points for inputs of these names and shapes. The constants of the Programs are breakpoints to look between."""

    def __init__(
        self,
        names: Sequence[str],
        shapes: Mapping[str, Any],
        programs: Sequence[Program],
        pieces: bool,
        bounded: bool = False,
    ) -> None:
        self.names = names
        self.shapes = [shapes[n] for n in names]
        self.programs = programs
        self.pieces = pieces
        self.patterns = [p for q in PATTERNS for p in (q, BETWEEN)] if bounded else PATTERNS
        self._breaks: list[float] | None = None

    @property
    def breaks(self) -> list[float]:
        """The constants that the functions compare or subtract, in order, at most 64 of them."""
        if self._breaks is None:
            found: set[float] = set()
            for program in self.programs:
                for step in program.steps:
                    for atom in step.inputs:
                        if isinstance(atom, Number) and np.ndim(atom.value) == 0 and isfinite(atom.value):
                            found.update((float(atom.value), -float(atom.value)))
                    if len(found) > 64:
                        break
            self._breaks = sorted(found)[:64]
        return self._breaks

    def _draw(self, rng: random.Random, pattern: tuple[float, float, str]) -> tuple[Any, ...]:
        return tuple([self._input(rng, pattern, shape) for shape in self.shapes])

    def _input(self, rng: random.Random, pattern: tuple[float, float, str], shape: tuple[Any, ...]) -> Any:
        if not shape:
            return _number(rng, pattern, self.breaks if pattern[2] == "0" else ())
        entries = np.empty(tuple(int(n) for n in shape), dtype=object)
        for place in np.ndindex(entries.shape):
            entries[place] = _number(rng, pattern, ())
        return entries

    def generic(self, limit: int) -> Iterator[tuple[Any, ...]]:
        """Random points; without inputs there is only one."""
        if not self.names:
            yield ()
            return
        plain = not any(self.shapes)
        for k in range(limit):
            pattern = self.patterns[k % len(self.patterns)]
            if plain and not (pattern[2] == "0" and self.breaks):
                yield _drawn(k, pattern, len(self.names))
            else:
                yield self._draw(random.Random(k), pattern)

    def many(self) -> tuple[list[tuple[Any, ...]], list[Any]]:
        """Random points of numbers, and the same as one array of floats for each input."""
        points, columns = _table(len(self.names))
        if not (self.pieces and self.breaks):
            return points, columns
        more = [self._draw(random.Random(k), BETWEEN) for k in range(MANY // 2)]
        wide = [np.array([float(p[i]) for p in more]) for i in range(len(self.names))]
        return points + more, [np.concatenate(pair) for pair in zip(columns, wide, strict=True)]

    def plain(self) -> Iterator[tuple[Any, ...]]:
        """Points that a person would try, distinct values first."""
        count = len(self.names)
        if any(self.shapes):
            for start in PLAIN[:6]:
                yield tuple([self._plain_array(shape, start) for shape in self.shapes])
            return
        for k, start in enumerate(PLAIN):
            step = PLAIN[k : k + 5] if k < 8 else (start,)
            yield tuple([Decimal(step[i % len(step)]) for i in range(count)])
            if count > 1:
                yield (Decimal(start),) * count
        if self.pieces:
            for b in self.breaks[:FEW]:
                yield tuple([Decimal(repr(b))] * count)

    def _plain_array(self, shape: tuple[Any, ...], start: str) -> Any:
        first = Decimal(start)
        if not shape:
            return first
        size = int(np.prod([int(n) for n in shape]))
        entries = np.array([first + Decimal(k) for k in range(size)], dtype=object)
        return entries.reshape(tuple(int(n) for n in shape))

    def special(self) -> list[tuple[Any, ...]]:
        """Points where pieces meet, for functions that have some: 0, 1, -1, the breakpoints, all inputs alike."""
        if not self.pieces or any(self.shapes) or not self.names:
            return []
        values = dict.fromkeys([0.0, 1.0, -1.0, 2.0, *self.breaks[:FEW]])
        same = [tuple([Decimal(repr(v))] * len(self.names)) for v in values]
        return same if len(self.names) == 1 else [*same[:12], *self._axes()]

    def _axes(self) -> Iterator[tuple[Any, ...]]:
        for i in range(min(len(self.names), 8)):
            yield tuple([Decimal(0) if k == i else Decimal(k + 1) for k in range(len(self.names))])

    def signs(self) -> list[tuple[Any, ...]]:
        """A few points of every sign, to tell where two functions agree."""
        if any(self.shapes) or not self.names or len(self.names) > 3:
            return []
        return [
            tuple(map(Decimal, p)) for p in product(FAIR[: 8 if len(self.names) < 3 else 4], repeat=len(self.names))
        ]


@lru_cache(maxsize=2048)
def _drawn(k: int, pattern: tuple[float, float, str], count: int) -> tuple[Decimal, ...]:
    """The k-th point of so many numbers: the same for all functions."""
    rng = random.Random(k)
    return tuple([_number(rng, pattern, ()) for _ in range(count)])


@lru_cache(maxsize=32)
def _table(count: int) -> tuple[list[tuple[Any, ...]], list[Any]]:
    points = [_drawn(k, PATTERNS[k % len(PATTERNS)], count) for k in range(MANY)]
    return points, [np.array([float(p[i]) for p in points]) for i in range(count)]


def _number(rng: random.Random, pattern: tuple[float, float, str], breaks: Sequence[float]) -> Decimal:
    low, high, signs = pattern
    if breaks:
        k = rng.randrange(len(breaks) + 1)
        width = rng.uniform(0.02, 0.98)
        if 0 < k < len(breaks):
            value = breaks[k - 1] + width * (breaks[k] - breaks[k - 1])
        else:
            value = breaks[0] - 4 * width if k == 0 else breaks[-1] + 4 * width
            value *= 1 if rng.random() < 0.5 else 1 + width
    else:
        value = low * (high / low) ** rng.random()
        if signs == "-" or (signs != "+" and rng.random() < 0.5):
            value = -value
    return Decimal(f"{value:.6g}")


def sign_note(names: Sequence[str], sampled: list[tuple[tuple[Any, ...], str]]) -> str | None:
    """`they agree where x > 0`, if at every such point they did, and elsewhere did not.

    The first of the points is the counterexample.
    """
    told = [(p, found) for p, found in sampled if found in ("same", "differ")]
    if sum(found == "differ" for _, found in told) < 2:
        return None
    for i, name in enumerate(names):
        for sign, positive in ((">", True), ("<", False)):
            part = [found for p, found in told if (p[i] > 0) == positive]
            if len(part) > 1 and all(found == "same" for found in part):
                condition = f"{name} {sign} 0"
                return f"they agree at every point that was tried with {condition}"
    return None

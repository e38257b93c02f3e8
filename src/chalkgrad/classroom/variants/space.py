"""Which numbers the inputs of a problem may take, before anything is asked of what they lead to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from math import prod
from typing import Any, final

import numpy as np

from chalkgrad.classroom.sheets.sheet import Problem
from chalkgrad.errors import VariantError

Columns = Mapping[str, Any]
"""Many candidates at once: of every input an array with the candidates along axis 0."""

DECIMALS = 6  # a number with more than these is not one that a person computes with by hand
WIDER = 8  # an input is at least this part of the sheet's own
UP_TO = 9  # in units of the last decimal; or twice the sheet's own, where that is more
ROUND = 100  # from here on, a whole number that ends in zeros does so in every variant
MOST_CHOICES = 10_000
CHUNK = 2048
EXHAUSTIVE = 1 << 16  # spaces of up to so many candidates are looked through to the end
MOST = 1 << 18  # of the others, so many are drawn
NEAR = 2  # steps of the last decimal, in every second chunk of those


@final
@dataclass(frozen=True, slots=True)
class Slot:
    """One number of an input: `place` is its place in the flattened array."""

    name: str
    place: int
    choices: tuple[float, ...]


@final
@dataclass(frozen=True, slots=True)
class Space:
    """Every candidate for a problem's values: `own` are the sheet's own values, of the names that vary."""

    own: Mapping[str, Any]
    slots: tuple[Slot, ...]
    seed: int = 0

    @property
    def size(self) -> int:
        return prod(len(s.choices) for s in self.slots)

    @property
    def exhaustive(self) -> bool:
        """Whether `chunks` gives every candidate."""
        return self.size <= EXHAUSTIVE

    def chunks(self, rows: int = CHUNK, most: int = MOST) -> Iterator[Any]:
        """Candidates in the order of the seed, as rows of places among the choices of each slot, so many at a time.

        Of a space that is too large, every second chunk stays within a few steps of the sheet's own numbers: where
        there are so many numbers, hardly anything far from them has all their signs.
        """
        draw = np.random.PCG64(self.seed)
        counts = np.array([len(s.choices) for s in self.slots], dtype=np.uint64)
        if self.exhaustive:
            order = np.argsort(draw.random_raw(self.size), kind="stable")
            for start in range(0, self.size, rows):
                found = np.unravel_index(order[start : start + rows], counts.astype(np.int64))
                yield np.stack(found, axis=1)
            return
        own = self._own_row()
        for number in range(most // rows):
            raw = draw.random_raw(rows * len(self.slots)).reshape(rows, len(self.slots))
            steps = (raw % np.uint64(2 * NEAR + 1)).astype(np.int64) - NEAR
            near = np.clip(own + steps, 0, counts.astype(np.int64) - 1)
            yield near if number % 2 and np.all(own >= 0) else (raw % counts).astype(np.int64)

    def changed(self, columns: Columns) -> Any:
        """The share of the numbers that are not the sheet's own, for every candidate."""
        own = {n: np.asarray(v, dtype=np.float64).reshape(-1) for n, v in self.own.items()}
        flat = {n: columns[n].reshape(len(columns[n]), -1) for n in own}
        return np.mean([flat[s.name][:, s.place] != own[s.name][s.place] for s in self.slots], axis=0)

    def _own_row(self) -> Any:
        """The sheet's own numbers as such a row, -1 where one is not among the choices."""
        found = [float(np.asarray(self.own[s.name], dtype=np.float64).reshape(-1)[s.place]) for s in self.slots]
        return np.array([s.choices.index(x) if x in s.choices else -1 for s, x in zip(self.slots, found, strict=True)])

    def columns(self, rows: Any) -> dict[str, Any]:
        """The values of every input that varies, for these rows."""
        found = {n: np.repeat(np.asarray(v, dtype=np.float64)[None], len(rows), axis=0) for n, v in self.own.items()}
        for k, slot in enumerate(self.slots):
            found[slot.name].reshape(len(rows), -1)[:, slot.place] = np.array(slot.choices)[rows[:, k]]
        return found


def space_of(problem: Problem, key: str) -> Space:
    """The space of a problem whose `vary` is set; `key` makes its seed. It is of size 1 where nothing may vary."""
    vary = problem.vary
    own: dict[str, Any] = {}
    slots: list[Slot] = []
    for name, value in _shared(problem).items():
        if vary is None or name in vary.fixed:
            continue
        array = np.asarray(value, dtype=np.float64)
        choices = [_choices(name, float(v), vary.ranges.get(name)) for v in array.reshape(-1)]
        if any(len(c) > 1 for c in choices):
            own[name] = value
            slots.extend(Slot(name, place, c) for place, c in enumerate(choices))
    return Space(own, tuple(slots), int.from_bytes(sha256(key.encode()).digest()[:16], "big"))


def _shared(problem: Problem) -> dict[str, Any]:
    """The values by name; without those that parts give differently, which a variant cannot tell apart."""
    found: dict[str, Any] = {}
    apart: set[str] = set()
    for part in problem.parts:
        for name, value in part.values.items():
            if name in found and not np.array_equal(found[name], value):
                apart.add(name)
            found.setdefault(name, value)
    return {n: v for n, v in found.items() if n not in apart}


def decimals(value: float) -> int | None:
    """How many decimals the number is written with; None where it is more than a person writes."""
    if not np.isfinite(value):
        return None
    for count in range(DECIMALS + 1):
        scaled = value * 10**count
        if abs(scaled - round(scaled)) < 1e-9 * max(1.0, abs(scaled)):
            return count
    return None


def _choices(name: str, own: float, wanted: tuple[float, ...] | None) -> tuple[float, ...]:
    """What one number may be: of its sign and its decimals, and of a similar size.

    0 stays 0: it is a label or a missing input more often than a number like others.
    """
    count = decimals(own)
    if wanted is not None:
        return _within(name, wanted, count or 0)
    if count is None or own == 0:
        return (own,)
    unit, sign = 10**count, (1 if own > 0 else -1)
    units = round(abs(own) * unit)
    step = 1  # 120 becomes 20, 30, … and 240: of as many figures
    while units // step >= ROUND and (units // step % 10 == 0 or units // step > MOST_CHOICES):
        step *= 10
    units //= step
    fewest, most = max(1, -(-units // WIDER)), max(UP_TO, 2 * units)
    return tuple([sign * n * step / unit for n in range(fewest, most + 1) if not count or n * step % 10])


def _within(name: str, wanted: tuple[float, ...], count: int) -> tuple[float, ...]:
    """The numbers of a range that the sheet gives: low, high and step, or as many decimals as it is written with."""
    low, high = wanted[0], wanted[1]
    unit = 10 ** max([count, *(decimals(w) or 0 for w in wanted)])
    step = max(1, round(wanted[2] * unit)) if len(wanted) > 2 else 1
    places = range(round(low * unit), round(high * unit) + 1, step)
    if len(places) > MOST_CHOICES:
        raise VariantError(
            f"the range of {name} has {len(places)} numbers, and {MOST_CHOICES} are allowed: give a step"
        )
    return tuple([n / unit for n in places])

"""How the steps of a turn are wired: what each reads of its own turn, of earlier ones, and from outside."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

from chalkgrad.ir.program import Atom, Number, Step, Var
from chalkgrad.transform.loops.alike import exact
from chalkgrad.transform.loops.periods import Stretch

# A turn may read what was made so many turns before it.
_FAR = 4

# A value made in a turn: by which of its steps, and which of that step's outputs it is.
Place = tuple[int, int]


@final
@dataclass(frozen=True, eq=False)
class Still:
    """The same from outside in every turn."""

    atom: Atom


@final
@dataclass(frozen=True, eq=False)
class Inside:
    """Made in the same turn."""

    place: Place


@final
@dataclass(frozen=True, eq=False)
class Back:
    """Made `len(inits)` turns before; `inits` are what the first turns read, from outside."""

    place: Place
    inits: tuple[Atom, ...]


@final
@dataclass(frozen=True, eq=False)
class Row:
    """From outside, another in every turn."""

    atoms: tuple[Atom, ...]


Source = Still | Inside | Back | Row


@final
@dataclass(frozen=True, eq=False)
class Wiring:
    """The sources of each step's inputs, and the `index` of those steps where it is another in every turn."""

    stretch: Stretch
    sources: tuple[tuple[Source, ...], ...]
    indices: Mapping[int, tuple[Any, ...]]


def wired(steps: Sequence[Step], made: Mapping[Var, Place], stretch: Stretch) -> Wiring | None:
    """How a turn is wired, where all turns are alike; `made` says for every Var where in `steps` it is made."""
    count, period = stretch.turns, stretch.period
    sources: list[tuple[Source, ...]] = []
    indices: dict[int, tuple[Any, ...]] = {}
    for j in range(period):
        same = steps[stretch.start + j : stretch.stop : period]
        found: list[Source] = []
        for atoms in zip(*[s.inputs for s in same], strict=True):
            source = _source(atoms, made, stretch)
            if source is None:
                return None
            found.append(source)
        sources.append(tuple(found))
        first = same[0].params
        if "index" in first and any([s.params is not first for s in same]):
            several = tuple([s.params["index"] for s in same])
            if len({_text(i) for i in several}) > 1:
                indices[j] = several
    assert count == len(range(stretch.start, stretch.stop, period))
    return Wiring(stretch, tuple(sources), indices)


def _text(index: Any) -> Any:
    return index if isinstance(index, int) else exact(index)


def _source(atoms: tuple[Atom, ...], made: Mapping[Var, Place], stretch: Stretch) -> Source | None:
    start, period = stretch.start, stretch.period
    last = atoms[-1]
    at = made.get(last) if isinstance(last, Var) else None
    if at is None or at[0] < start:
        return _outer(atoms, made, start)
    far = stretch.turns - 1 - (at[0] - start) // period
    j = (at[0] - start) % period
    if far > _FAR or far >= len(atoms):
        return None
    place = at[0] - (len(atoms) - 1) * period
    for k, atom in enumerate(atoms):
        if k < far:
            if isinstance(atom, Var) and made.get(atom, (-1, 0))[0] >= start:
                return None
        elif not isinstance(atom, Var) or made.get(atom) != (place + k * period, at[1]):
            return None
    return Back((j, at[1]), atoms[:far]) if far else Inside((j, at[1]))


def _outer(atoms: tuple[Atom, ...], made: Mapping[Var, Place], start: int) -> Source | None:
    first = atoms[0]
    if all([a is first for a in atoms]):
        return Still(first)
    numbers = [a for a in atoms if isinstance(a, Number)]
    if len(numbers) == len(atoms):
        if len({(a.type, exact(a.value)) for a in numbers}) == 1:
            return Still(first)
        return Row(atoms)
    if any([isinstance(a, Var) and made.get(a, (-1, 0))[0] >= start for a in atoms]):
        return None
    return Row(atoms)


def best_cut(steps: Sequence[Step], made: Mapping[Var, Place], stretch: Stretch) -> int:
    """After how many steps turns are cut best: where the least is carried from one to the next."""
    period, middle = stretch.period, stretch.start + stretch.turns // 2 * stretch.period
    read: dict[Var, int] = {}
    for place in range(middle, min(stretch.stop, middle + (_FAR + 1) * period)):
        for atom in steps[place].inputs:
            if isinstance(atom, Var) and middle <= made.get(atom, (-1, 0))[0] < middle + period:
                read[atom] = place
    change = [0] * (period + 1)
    for var, last in read.items():
        size = math.prod([n for n in var.type.shape if isinstance(n, int)])
        # it crosses a cut before any step behind the one that makes it, up to its last reader
        turns, rest = divmod(last - made[var][0], period)
        first = (made[var][0] + 1 - middle) % period
        change[0] += turns * size
        change[first] += size
        if first + rest > period:
            change[0] += size
        change[first + rest - (period if first + rest > period else 0)] -= size
    costs: list[int] = []
    cost = 0
    for c in change[:period]:
        cost += c
        costs.append(cost)
    return min(range(period), key=lambda o: (costs[o], o))

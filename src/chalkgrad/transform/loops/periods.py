"""Where steps repeat: stretches of a Program in which the same steps come again and again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from chalkgrad.ir.program import Program, Step, input_types
from chalkgrad.transform.loops.alike import exact

Ids = np.ndarray[Any, np.dtype[np.int64]]

# A loop is made of at least so many turns, and of so many steps in all.
TURNS, STEPS = 8, 64
# The steps of a turn may be of one kind so often, and so many kinds are looked at, the commonest first.
_OFTEN, _KINDS = 24, 256
# So many periods are tried.
_TRIED = 12


@final
@dataclass(frozen=True)
class Stretch:
    """`length` steps from `start` on, each of the same kind as the one `period` steps before it."""

    start: int
    period: int
    length: int

    @property
    def turns(self) -> int:
        """How many times the whole period is there."""
        return self.length // self.period

    @property
    def stop(self) -> int:
        """The first step behind the last whole turn."""
        return self.start + self.period * self.turns

    def long(self, weights: Ids) -> bool:
        """Whether it is worth a loop; `weights` are how many steps come before each step, those of loops counted."""
        return self.turns >= TURNS and weights[self.stop] - weights[self.start] >= STEPS


def kinds(steps: Sequence[Step]) -> Ids:
    """A number a step, equal for steps that may be the same one in another turn: wiring and indices left aside."""
    known: dict[Any, int] = {}
    places: dict[int, Any] = {}  # by identity: a line that is met again is the same object, most often
    found: list[int] = []
    alike: dict[Any, int] = {}  # what `known` gives, by what is quicker to look at
    for step in steps:
        origin = step.origin
        short: Any = None
        out = step.outputs[0] if len(step.outputs) == 1 else None
        if out is not None and 0 < len(step.inputs) < 3 and not step.params:
            # types by identity too: those of numbers are one object; a bare one takes its width from what is beside it
            x, y = step.inputs[0], step.inputs[-1]
            short = (step.op, id(origin), id(x.type), type(x), id(y.type), type(y), len(step.inputs), id(out.type))
            before = alike.get(short)
            if before is not None:
                found.append(before)
                continue
        place = places.get(id(origin))
        if place is None:
            place = places[id(origin)] = () if origin is None else (origin.file, origin.line, origin.span)
        # shapes and dtypes apart, since tuples are hashed quickly
        read = tuple([(t.shape, t.dtype) for t in input_types(step.inputs)])
        made = tuple([v and (v.type.shape, v.type.dtype) for v in step.outputs])
        params = step.params and tuple([(k, exact(v)) for k, v in sorted(step.params.items()) if k != "index"])
        number = known.setdefault((step.op, place, read, made, params or ()), len(known))
        found.append(number)
        if short is not None:
            alike[short] = number
    return np.array(found, dtype=np.int64)


def weights_of(steps: Sequence[Step]) -> Ids:
    """How many steps come before each, and before the end; a loop counts for all of its turns."""
    sizes = [_size(s) if s.params else 1 for s in steps]
    return np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)


def _size(step: Step) -> int:
    bodies = [p for p in step.params.values() if isinstance(p, Program)]
    return 1 if not bodies else step.params.get("length", 1) * sum([_size(s) for b in bodies for s in b.steps])


def stretches(ids: Ids, weights: Ids) -> list[list[Stretch]]:
    """For each period that is worth a try, the stretches that have it; those first that cover most."""
    found: list[tuple[int, list[Stretch]]] = []
    for period in _periods(ids):
        here = _of_period(ids, period, weights)
        if here:
            found.append((sum([int(weights[s.stop] - weights[s.start]) for s in here]), here))
    # of two that cover about the same, the shorter period
    found.sort(key=lambda f: (-f[0] // max(1, int(weights[-1]) // 32), f[1][0].period))
    return [here for _, here in found]


def _periods(ids: Ids) -> list[int]:
    """Distances at which steps of one kind come again, the commonest first."""
    order = np.argsort(ids, kind="stable")
    starts, counts = _runs(ids[order])
    weights: dict[int, int] = {}
    for which in np.argsort(-counts, kind="stable")[:_KINDS]:
        places = order[starts[which] : starts[which] + counts[which]]
        for often in range(1, _OFTEN + 1):
            if len(places) < TURNS * often:
                break
            apart = places[often:] - places[:-often]
            # one that is met in three of four places is the one in the middle
            distance = int(np.partition(apart, len(apart) // 2)[len(apart) // 2])
            met = int(np.count_nonzero(apart == distance))
            if met * 4 >= len(apart) * 3:
                weights[distance] = weights.get(distance, 0) + met
                break
    return sorted(weights, key=lambda p: (-weights[p], p))[:_TRIED]


def _runs(ordered: Ids) -> tuple[Ids, Ids]:
    """Where each run of equal ones starts, and how long it is. np.unique would load masked arrays first."""
    starts = np.concatenate(([0], np.flatnonzero(np.diff(ordered)) + 1)).astype(np.int64)
    return starts, np.diff(np.append(starts, len(ordered)))


def _of_period(ids: Ids, period: int, weights: Ids) -> list[Stretch]:
    if period * TURNS > len(ids):
        return []
    same = np.concatenate(([False], ids[:-period] == ids[period:], [False]))
    edges = np.flatnonzero(same[1:] != same[:-1])
    found: list[Stretch] = []
    for start, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        stretch = Stretch(start, period, stop - start + period)
        if stretch.long(weights):
            found.append(stretch)
    return found

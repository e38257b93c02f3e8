"""Where a NaN or an infinity was born: the steps and edges that gave one though what they read was sound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from chalkgrad.evaluate.worked import Worked
from chalkgrad.ir.program import Atom, Number, Step, Var
from chalkgrad.transform.backprop import Contribution


@final
@dataclass(frozen=True, slots=True)
class Birth:
    """An entry that is not finite, where it first was.

    `step` gave it, going forward; going back it is what `edge` sends, and `var` what that belongs to. `place` is the
    entry's index, `value` NaN or an infinity, `read` the inputs (going back, the upstream gradients) and their numbers
    there; a number is None where the whole array decides.
    """

    step: Step
    var: Var
    place: tuple[int, ...]
    value: float
    read: tuple[tuple[Atom, Any], ...]
    edge: Contribution | None = None


def births(worked: Worked) -> list[Birth]:
    """Every birth, in the order of the forward pass and then of the backward pass; one a step and one an edge."""
    numbers = worked.numbers
    found: list[Birth] = []
    for step in worked.program.steps:
        for var in step.given:
            born = _fresh(numbers[var], [_number(a, numbers) for a in step.inputs], _entrywise(step))
            if born is not None:
                found.append(Birth(step, var, born, _at(numbers[var], born), _read(step.inputs, numbers, born, step)))
                break
    for c in worked.backprop.contributions:
        value = _number(c.value, numbers)
        upstreams = [u for u in c.upstreams if u is not None]
        born = _fresh(value, [_number(u, numbers) for u in upstreams], _entrywise(c.step))
        if born is not None:
            found.append(Birth(c.step, c.target, born, _at(value, born), _read(upstreams, numbers, born, c.step), c))
    return found


def reached(worked: Worked) -> list[str]:
    """The results that are not finite: the function's own name, and the inputs whose gradient is not."""
    named: list[str] = []
    output = worked.number(worked.program.output)
    if not np.all(np.isfinite(output)):
        named.append(worked.loss if worked.upstream is None else worked.program.name)
    return named + [f"∂{worked.loss}/∂{n}" for n, g in worked.gradients.items() if not np.all(np.isfinite(g))]


def _fresh(value: Any, read: list[Any], entrywise: bool) -> tuple[int, ...] | None:
    """The first entry that is not finite though nothing that it was made of was worse."""
    value = np.asarray(value)
    if value.dtype.kind != "f" or np.all(np.isfinite(value)):
        return None
    excused_nan, excused = np.zeros(value.shape, bool), np.zeros(value.shape, bool)
    for x in map(np.asarray, read):
        if x.dtype.kind != "f":
            continue
        nan, wild = np.isnan(x), ~np.isfinite(x)
        try:
            fits = entrywise and np.broadcast_shapes(x.shape, value.shape) == value.shape
        except ValueError:
            fits = False
        excused_nan |= nan if fits else bool(np.any(nan))
        excused |= wild if fits else bool(np.any(wild))
    born = (np.isnan(value) & ~excused_nan) | (np.isinf(value) & ~excused)
    if not np.any(born):
        return None
    return tuple(int(i) for i in np.argwhere(born)[0])


def _entrywise(step: Step) -> bool:
    op: Any = step.op
    return op.elementwise


def _read(atoms: Any, numbers: Mapping[Var, Any], place: tuple[int, ...], step: Step) -> tuple[tuple[Atom, Any], ...]:
    found: list[tuple[Atom, Any]] = []
    for atom in dict.fromkeys(atoms):
        x = np.asarray(_number(atom, numbers))
        found.append((atom, _at(x, place) if x.ndim == 0 or _entrywise(step) else None))
    return tuple(found)


def _at(x: Any, place: tuple[int, ...]) -> Any:
    """The entry that meets `place` by broadcasting."""
    x = np.asarray(x)
    if x.ndim > len(place):
        return None
    tail = place[len(place) - x.ndim :]
    return x[tuple(0 if n == 1 else i for i, n in zip(tail, x.shape, strict=True))].item()


def _number(atom: Atom, numbers: Mapping[Var, Any]) -> Any:
    return atom.value if isinstance(atom, Number) else numbers.get(atom, 0.0)

"""What is written into an array and read from it again is read where it was made: `y[k + 1] = f(y[k])`."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field, replace
from typing import Any, final

from chalkgrad.ir.program import Atom, Program, Step, Var

# Places along the first axes: a whole number, or None for all of an axis.
Key = tuple[int | None, ...]
Form = tuple[bool, ...]


@final
@dataclass(eq=False)
class _Chain:
    """An array and the entries written into it one after another, by their places: when, and what."""

    start: Atom
    form: Form
    latest: int = 0
    written: dict[Key, tuple[list[int], list[Atom]]] = field(default_factory=dict[Key, Any])


def forwarded(program: Program) -> Program:
    """The Program in which a read of an entry that was just written is what was written."""
    if all([s.op.name != "updated" for s in program.steps]):
        return program
    same: dict[Var, Atom] = {}
    chains: dict[Var, tuple[_Chain, int]] = {}
    steps: list[Step] = []
    for step in program.steps:
        if not same.keys().isdisjoint(step.inputs):
            step = replace(step, inputs=tuple([same.get(a, a) if isinstance(a, Var) else a for a in step.inputs]))
        key = _key(step)
        if key is not None and step.op.name == "updated":
            _write(step, key, chains)
        elif key is not None and step.op.name == "index":
            step = _read(step, key, chains, same)
        if step is not None:
            steps.append(step)
    outputs = tuple([same.get(a, a) if isinstance(a, Var) else a for a in program.outputs])
    return replace(program, steps=tuple(steps), outputs=outputs)


def _key(step: Step) -> Key | None:
    """The places, where they are whole numbers."""
    if step.op.name not in ("updated", "index"):
        return None
    index: Any = step.params["index"]
    parts = index if isinstance(index, tuple) else (index,)
    shape: Any = step.inputs[0].type.shape
    if len(parts) > len(shape) or any(not (type(p) is int or p == slice(None)) for p in parts):
        return None
    key = tuple([None if type(p) is not int else p + n if p < 0 else p for p, n in zip(parts, shape, strict=False)])
    return key if any(k is not None for k in key) else None


def _form(key: Key) -> Form:
    return tuple([k is None for k in key])


def _write(step: Step, key: Key, chains: dict[Var, tuple[_Chain, int]]) -> None:
    array, value = step.inputs
    known = chains.get(array) if isinstance(array, Var) else None
    chain = known[0] if known is not None and known[1] == known[0].latest and known[0].form == _form(key) else None
    if chain is None:
        chain = _Chain(array, _form(key))
    chain.latest += 1
    times, values = chain.written.setdefault(key, ([], []))
    times.append(chain.latest)
    values.append(value)
    chains[step.output] = chain, chain.latest


def _read(step: Step, key: Key, chains: dict[Var, tuple[_Chain, int]], same: dict[Var, Atom]) -> Step | None:
    array = step.inputs[0]
    known = chains.get(array) if isinstance(array, Var) else None
    if known is None or known[0].form != _form(key):
        return step
    chain, time = known
    times, values = chain.written.get(key, ([], []))
    at = bisect_right(times, time) - 1
    if at < 0:
        return replace(step, inputs=(chain.start,)) if isinstance(chain.start, Var) else step
    if values[at].type != step.output.type:
        return step
    same[step.output] = values[at]
    return None

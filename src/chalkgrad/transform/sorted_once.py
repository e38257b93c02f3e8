"""A sort beside the places that its entries came from, as in every gradient of one, is read at these places.

So what is sorted is sorted once. The numbers are the same: both leave equal entries in their order.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Any

from chalkgrad.ir.program import Atom, Program, Step
from chalkgrad.ir.registry import lookup

_SORTED, _PLACES, _READ = "sort", "argsort", "take_along"


def sorted_once(program: Program) -> Program:
    """The same Program, where nothing is sorted of which the order is found out."""
    orders = {_what(s): s for s in program.steps if _name(s) == _PLACES}
    if not orders or not any([_name(s) == _SORTED for s in program.steps]):
        return program
    found: list[Step] = []
    met: set[Step] = set()
    for step in program.steps:
        order = orders.get(_what(step)) if _name(step) == _SORTED else None
        first = order or step
        if first not in met:
            found.append(first)
            met.add(first)
        if order is not None:
            axis = MappingProxyType({"axis": step.params.get("axis", -1)})
            found.append(Step(step.outputs, lookup(_READ), (step.inputs[0], order.output), axis, step.origin))
    return replace(program, steps=tuple(found))


def _name(step: Step) -> str:
    op: Any = step.op
    return op.name


def _what(step: Step) -> tuple[Atom, int]:
    """What is sorted, and along which axis."""
    x = step.inputs[0]
    return x, step.params.get("axis", -1) % max(len(x.type.shape), 1)


__all__ = ["sorted_once"]

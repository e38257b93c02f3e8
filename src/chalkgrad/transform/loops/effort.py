"""What a step costs, read off its kernel: whether it is worth keeping, and worth moving out of a loop."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from chalkgrad.errors import ProgramError, ShapeError
from chalkgrad.ir.program import Atom, Number, Step, Var, input_types
from chalkgrad.ops.kernel import (
    Cast,
    Expr,
    Fn,
    Input,
    Lit,
    Nest,
    Read,
    Running,
    Scatter,
    Table,
    View,
    inside_out,
)
from chalkgrad.ops.scalars import REAL

# Primitives that take ten cycles or so, and those that take more; all others take about one.
_DIVISIONS = frozenset(("divide", "sqrt"))
_FUNCTIONS = (REAL - {"copysign", "rint"} - _DIVISIONS) | {"power", "remainder", "fmod", "floor_divide"}
# Entries of a value that a turn makes: one of no more than these keeps a loop waiting, and fills no lanes.
_FEW = 256
# Bytes that are near, however often they are read, and bytes that are not far.
_NEAR, _FAR = 1 << 18, 1 << 23


def worth_keeping(step: Step, turns: int, kept: int) -> bool:
    """Whether to keep what a step gives for every turn is better than to work it out twice.

    `kept` is how many bytes are kept already. A long array that is put together out of others has a pass over memory of
    its own, which costs more than to keep it, as long as that is not far.
    """
    found = _effort(step)
    if found is None:
        return True
    given = sum([_entries(v) for v in step.given])
    room = turns * 8 * given
    if found.functions or found.reduced > 1 or (found.divisions and room <= _NEAR):
        return True
    return found.joined and given > _FEW and kept + room <= _FAR


def worth_moving(step: Step, still: Collection[Atom]) -> bool:
    """Whether to do a step for all turns at once is better than to do it in each; `still` are constants.

    That is so for functions of a few entries, and for products with an array that is the same in every turn.
    """
    found = _effort(step)
    if found is None:
        return True
    given = sum([_entries(v) for v in step.given])
    if (found.functions or found.divisions) and given <= _FEW:
        return True
    moving = sum([_entries(a) for a in step.inputs if isinstance(a, Var) and a not in still])
    return found.reduced > 1 and (found.reduced * given > 4 * (moving + given) or moving <= _FEW)


def _entries(atom: Atom) -> int:
    return math.prod([n for n in atom.type.shape if isinstance(n, int)])


@final
@dataclass(frozen=True)
class _Effort:
    """What an entry of a result takes: whether functions and divisions, and over how many entries it is combined.

    `joined` says that the entries are put together out of several arrays.
    """

    functions: bool
    divisions: bool
    reduced: int
    joined: bool


def _effort(step: Step) -> _Effort | None:
    """None for what has no kernel, or is a loop or a routine: much."""
    op: Any = step.op
    try:
        kernels = op.lower(input_types(step.inputs), step.params)
    except (ProgramError, ShapeError):
        return None
    if kernels is None:
        return None
    numbers = {k: a.value for k, a in enumerate(step.inputs) if isinstance(a, Number) and a.type.shape == ()}
    functions, divisions, reduced = False, False, 1
    for kernel in kernels:
        for part in _nested(kernel):
            bodies: list[Expr] = []
            if isinstance(part, Nest):
                reduced = max(reduced, math.prod([a.extent if isinstance(a.extent, int) else 2 for a in part.over]))
                bodies = [part.body]
            elif isinstance(part, Scatter):
                bodies = [w.body for w in part.writes]
            elif not isinstance(part, View):
                return None
            named = [e for b in bodies for e in inside_out(b) if isinstance(e, Fn)]
            functions = functions or any([e.name in _FUNCTIONS and not _squared(e, numbers) for e in named])
            divisions = divisions or any([e.name in _DIVISIONS and not _halved(e, numbers) for e in named])
    return _Effort(functions, divisions, reduced, any([isinstance(k, Scatter) for k in kernels]))


def _second(e: Fn, numbers: dict[int, Any]) -> Any:
    """The number that the last operand is, where it is one."""
    by = e.args[-1]
    while isinstance(by, Cast):
        by = by.arg
    if isinstance(by, Lit):
        return by.value
    return numbers.get(by.source.place) if isinstance(by, Read) and isinstance(by.source, Input) else None


def _squared(e: Fn, numbers: dict[int, Any]) -> bool:
    return e.name == "power" and _second(e, numbers) == 2


def _halved(e: Fn, numbers: dict[int, Any]) -> bool:
    """Whether it is a division by a power of 2, which is a product."""
    by = _second(e, numbers) if e.name == "divide" else None
    return isinstance(by, (int, float, np.floating)) and abs(math.frexp(float(by))[0]) == 0.5


def _nested(kernel: Any) -> Iterator[Any]:
    """A kernel and those that it reads, inputs and tables left aside."""
    waiting, met = [kernel], set[Any]()
    while waiting:
        at = waiting.pop()
        if at in met or isinstance(at, (Input, Table)):
            continue
        met.add(at)
        inner: list[Expr] = []
        if isinstance(at, (Nest, Running)):
            inner = [at.body]
        elif isinstance(at, Scatter):
            inner = [e for w in at.writes for e in (*w.target, w.body)]
            waiting.extend([] if at.start is None or isinstance(at.start, Lit) else [at.start])
        elif isinstance(at, View):
            waiting.append(at.source)
        yield at
        waiting.extend([p.source for e in inner for p in inside_out(e) if isinstance(p, Read)])

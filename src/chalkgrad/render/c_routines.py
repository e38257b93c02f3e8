"""Routines in C: sorting and linear systems, called with the room that they need."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import numpy as np

from chalkgrad.ops.kernel import Axis, Routine, Source, Table
from chalkgrad.render.c_helpers import called

if TYPE_CHECKING:
    from chalkgrad.render.c_loops import Loops

_FAILING = frozenset(("solve", "inv", "cholesky"))


def routine(loops: Loops, kernel: Routine, into: str) -> None:
    """Write the call of a routine, whose result goes to the array `into`."""
    by_rows = kernel.name in ("sort", "argsort")
    own = kernel.args[0].dtype if by_rows else kernel.dtype
    given = [_argument(loops, a, own) for a in kernel.args]
    sizes = [n for n in kernel.args[0].shape if isinstance(n, int)]
    n, count = sizes[-1], prod(sizes[: -1 if by_rows else -2])
    helper = "solve" if kernel.name == "inv" else kernel.name
    loops.printer.helpers.add((helper, own))
    numbers = [str(count), str(n)]
    room: list[str] = []
    if by_rows:
        room = [loops.array(loops.fresh("half"), kernel.dtype, (n,))]
    elif helper != "cholesky":
        room = [loops.array(loops.fresh("lu"), own, (n * n,)), loops.array(loops.fresh("rows"), "int64", (n,))]
    if kernel.name == "inv":
        given.append(loops.table(np.broadcast_to(np.eye(n, dtype=own), (count, n, n)).copy()))
    if helper == "solve":
        numbers.append(str(kernel.shape[-1]))
    loops.read.update(room)
    failed = ["&failed"] if kernel.name in _FAILING else []
    loops.printer.failing = loops.printer.failing or bool(failed)
    loops.put(f"{called(helper, own)}({', '.join([*numbers, *given, *room, into, *failed])});")


def _argument(loops: Loops, source: Source, dtype: str) -> str:
    """The address of an argument, whose entries are made numbers of the routine's own width."""
    held = None if isinstance(source, Table) else loops.source(source)
    if source.dtype == dtype:
        return loops.first(source)
    size = prod([n for n in source.shape if isinstance(n, int)])
    name = loops.array(loops.fresh("given"), dtype, source.shape)
    loops.read.add(name)
    first = loops.first(source)
    with loops.over([axis := Axis(size)]):
        at = loops.printer.places[axis]
        loops.put(f"{name}[{at}] = {first[1:] if held is not None and held.scalar else f'{first}[{at}]'};")
    return name

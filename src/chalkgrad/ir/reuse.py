"""Writing a result into an array that nobody needs any more.

A large array that is made anew for every step costs more than the arithmetic: the system has to clear its pages. So a
result goes into the array of an earlier one of the same type, once that has been read for the last time. Which one
that could be is planned once. Whether it may be is seen when it comes to it, from how many references there are to the
array: a view of it, or a caller who has it, is one more.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from chalkgrad.ir.program import Number, Program, Step, Var
from chalkgrad.ir.types import ArrayType

# Below so many entries a new array is as quick as an old one.
LEAST = 4096
# For how many steps an array may lie idle until it is used again.
IDLE = 8


def takes(program: Program) -> list[Var | None]:
    """For every step, the earlier result whose array it may try to write into; None where there is none."""
    last: dict[Var, int] = {}
    for index, step in enumerate(program.steps):
        for atom in step.inputs:
            if isinstance(atom, Var) and atom.type.shape and _count(atom.type) >= LEAST:
                last[atom] = index
    if not last:
        return [None] * len(program.steps)
    for atom in (*program.inputs, *program.outputs):
        if isinstance(atom, Var):
            last.pop(atom, None)
    ends: dict[int, list[Var]] = {}
    for var, index in last.items():
        ends.setdefault(index, []).append(var)
    waiting: dict[ArrayType, list[tuple[int, Var]]] = {}
    found: list[Var | None] = []
    for index, step in enumerate(program.steps):
        for var in ends.get(index, ()):  # its own inputs among them: a ufunc reads each entry before it writes it
            waiting.setdefault(var.type, []).append((index, var))
        found.append(_taken(step, index, waiting) if waiting and _writes(step) else None)
    return found


def spare(env: list[Any], place: int, values: list[Any]) -> Any:
    """The array at `place` where only `env`, and `values`, the inputs of a step, have it, and a new one would lie alike
    in memory, so that a later sum over it adds in the same order. Else None."""
    held = _references(env, place)
    array = env[place]
    if type(array) is not np.ndarray or array.base is not None:
        return None
    for value in (array, *values):
        if value is array:
            held -= 1
        if isinstance(value, np.ndarray) and not value.flags.c_contiguous:
            return None
    return array if held < _ONE else None  # it was counted once too often, as itself


def lone(env: list[Any], place: int) -> bool:
    """Whether what is at `place` is an array that `env` alone has, or no array."""
    if _references(env, place) != _ONE:
        return not isinstance(env[place], np.ndarray)
    return not isinstance(env[place], np.ndarray) or env[place].base is None


def _references(env: list[Any], place: int) -> int:
    return _count_of(env[place])


def _unknown(value: Any) -> int:
    """Where Python does not count: more than one, so that nothing is used again."""
    return 1 << 30


_count_of: Callable[[Any], int] = getattr(sys, "getrefcount", _unknown)
# What is counted where a list alone has the object. It hangs on the version of Python.
_ONE = _references([np.empty(1)], 0) if _count_of is not _unknown else 0


def _taken(step: Step, index: int, waiting: dict[ArrayType, list[tuple[int, Var]]]) -> Var | None:
    ready = waiting.get(step.output.type)
    if not ready:
        return None
    since, var = ready.pop()  # the last one is in the cache yet
    if index - since > IDLE:
        ready.clear()
        return None
    return var


def _count(type: ArrayType) -> int:
    """The number of entries; 0 where a size has only a name."""
    total = 1
    for size in type.shape:
        if not isinstance(size, int):
            return 0
        total *= size
    return total if type.shape else 0


def _writes(step: Step) -> bool:
    """Whether the result may be written into a given array, since it is of that array's dtype anyway."""
    op: Any = step.op
    out = step.outputs[0] if len(step.outputs) == 1 else None
    if out is None or op.several or all(a.type.shape != out.type.shape for a in step.inputs):
        return False
    ufunc = op.evaluate
    if not isinstance(ufunc, np.ufunc):
        own = "out" in (getattr(ufunc, "__kwdefaults__", None) or ()) and "out" not in op.params
        return own and all(a.type.dtype in (out.type.dtype, "bool") for a in step.inputs if isinstance(a, Var))
    if ufunc.signature is not None or ufunc.nout != 1 or step.params:
        return False
    try:
        dtypes: Any = ufunc.resolve_dtypes((*[_dtype(a) for a in step.inputs], None))
    except TypeError:
        return False
    return dtypes[-1] == np.dtype(out.type.dtype)


def _dtype(atom: Any) -> Any:
    """As NumPy's promotion sees it: a number of Python's own is weak."""
    if isinstance(atom, Number) and type(atom.value) in (float, int):
        return type(atom.value)
    return np.dtype(atom.type.dtype)

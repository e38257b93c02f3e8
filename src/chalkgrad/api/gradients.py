"""`backprop`, `grad`, `value_and_grad`: derivatives of a function, as functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, wraps
from typing import Any

import numpy as np

from chalkgrad.api.source import Source, source_of
from chalkgrad.errors import GradientError, UnknownName, nearest
from chalkgrad.evaluate.interpret import Interpreter
from chalkgrad.ir.program import Program
from chalkgrad.ir.types import type_of
from chalkgrad.trace.record import given, is_input
from chalkgrad.transform.backprop import Backprop
from chalkgrad.transform.backprop import backprop as differentiate
from chalkgrad.transform.conventions import with_sizes
from chalkgrad.transform.gates import recognise
from chalkgrad.transform.prune import tidy

Wrt = int | str | Sequence[int | str]

# Programs kept for one function, one a combination of shapes.
KEPT = 64


def backprop(source: Source, *args: Any, wrt: Wrt | None = None, **named: Any) -> Backprop:
    """Differentiate a function, text or Program. A function is traced at `args`.

    `wrt` is a name or position, or several; by default every floating input. Raises as `work` does.
    """
    program = source_of(source, args, named).program
    return differentiate(program, None if wrt is None else [program.inputs[i] for i in positions(program, wrt)])


def positions(program: Program, wrt: Wrt) -> list[int]:
    """The inputs meant, by their place.

    Raises UnknownName for a name or place that is no input.
    """
    names = [v.hint for v in program.inputs]
    found: list[int] = []
    for item in [wrt] if isinstance(wrt, (int, str)) else wrt:
        if isinstance(item, str):
            if item not in names:
                raise UnknownName(f"{program.name} has no input '{item}'{nearest(item, names)}")
            found.append(names.index(item))
        elif -len(names) <= item < len(names):
            found.append(item % len(names))
        else:
            raise UnknownName(f"{program.name} has {len(names)} inputs; there is none at {item}")
    return found


def value_and_grad(source: Source, wrt: Wrt = 0) -> Callable[..., tuple[Any, Any]]:
    """A function that gives the value of `source` and its gradient.

    Parameters
    ----------
    source : function, str or Program
        Of one scalar result. A Python function is traced once for every combination of its arguments' types.
    wrt : int, str, or a sequence of them
        Arguments by place or name; the first by default. One gives an array, a sequence gives a tuple.

    Raises
    ------
    GradientError
        When called, where the result is no scalar.

    Examples
    --------
    >>> value, (dx, dy) = value_and_grad(lambda x, y: x * y + x, wrt=(0, 1))(3.0, 2.0)
    >>> float(value), float(dx), float(dy)
    (9.0, 3.0, 3.0)
    """
    ready: dict[Any, Interpreter] = {}
    one = isinstance(wrt, (int, str))

    def prepare(args: Sequence[Any], named: dict[str, Any]) -> Interpreter:
        # a text's shapes come from the values, by name; a function's from its arguments
        found = source_of(source, args, named)
        program = with_sizes(found.program, {v: np.shape(found.values[v.hint]) for v in found.program.inputs})
        if program.output.type.shape:
            raise GradientError(f"{program.name} gives {program.output.type}, not a scalar: sum it, or use backprop")
        program = recognise(program, evaluation=True)
        made = differentiate(program, [program.inputs[i] for i in positions(program, wrt)])
        return Interpreter(tidy(made.gradient))

    def call(*args: Any, **named: Any) -> tuple[Any, Any]:
        if isinstance(source, str) and args:
            args, named = (), {**dict(zip(_names(source), args, strict=False)), **named}
        key = (tuple(map(_signature, args)), tuple((k, _signature(v)) for k, v in sorted(named.items())))
        if key not in ready:
            while len(ready) >= KEPT:
                ready.pop(next(iter(ready)))
            ready[key] = prepare(args, named)
        interpreter = ready[key]
        if callable(source):
            values = given(source, *args, **named)
        else:
            names = [v.hint for v in interpreter.program.inputs[:-1]]
            by_name = {**dict(zip(names, args, strict=False)), **named}
            values = [by_name[n] for n in names]
        value, *gradients = map(_owned, interpreter(*values, 1.0))
        return value, gradients[0] if one else tuple(gradients)

    return wraps(source)(call) if callable(source) else call


def _owned(result: Any) -> Any:
    """An array that is nobody else's, and may be written into: some gradients are one number seen many times."""
    return np.array(result) if isinstance(result, np.ndarray) else result


@lru_cache(maxsize=KEPT)
def _names(text: str) -> tuple[str, ...]:
    return tuple(v.hint for v in source_of(text).program.inputs)


def grad(source: Source, wrt: Wrt = 0) -> Callable[..., Any]:
    """A function that gives the gradient of `source`; see `value_and_grad`."""
    both = value_and_grad(source, wrt)

    def call(*args: Any, **named: Any) -> Any:
        return both(*args, **named)[1]

    return wraps(source)(call) if callable(source) else call


def _signature(value: Any) -> Any:
    """What a traced Program depends on: types of arrays and numbers, and everything else by value."""
    if is_input(value):
        return type_of(value)
    try:
        hash(value)
    except TypeError:
        return id(value)
    return value

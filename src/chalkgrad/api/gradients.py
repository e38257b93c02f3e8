"""`backprop`, `grad`, `value_and_grad`: derivatives of a function, as functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, wraps
from typing import Any

import numpy as np

from chalkgrad.api.captured import captured
from chalkgrad.api.source import Source, source_of
from chalkgrad.errors import GradientError, UnknownName, ValueNeeded, nearest
from chalkgrad.evaluate.interpret import Interpreter
from chalkgrad.ir.collection import no_collection
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
    if not isinstance(wrt, (int, str, Sequence)):
        raise UnknownName(f"wrt is a name or a place, or several, not {wrt!r}")
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
        Of one scalar result. A Python function is traced for every combination of its arguments' types, and anew
        at every call where it reads something from outside that may change unseen: an array, a list, an object.
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
        if len(program.outputs) != 1:
            raise GradientError(f"{program.name} gives {len(program.outputs)} results: differentiate one at a time")
        if program.output.type.shape:
            raise GradientError(f"{program.name} gives {program.output.type}, not a scalar: sum it, or use backprop")
        program = recognise(program, evaluation=True)
        made = differentiate(program, [program.inputs[i] for i in positions(program, wrt)])
        return Interpreter(tidy(made.gradient))

    def call(*args: Any, **named: Any) -> tuple[Any, Any]:
        if not callable(source):
            args, named = (), _by_name(source, args, named)
        outside = captured(source) if callable(source) else ()
        key = (outside, tuple(map(_signature, args)), tuple((k, _signature(v)) for k, v in sorted(named.items())))
        interpreter = None if outside is None else ready.get(key)
        if interpreter is None:
            while len(ready) >= KEPT:
                ready.pop(next(iter(ready)))
            with no_collection():
                interpreter = ready[key] = prepare(args, named)
        if callable(source):
            values = given(source, *args, **named)
        else:
            values = [named[v.hint] for v in interpreter.program.inputs[:-1]]
        value, *gradients = map(_owned, interpreter(*values, 1.0))
        return value, gradients[0] if one else tuple(gradients)

    return wraps(source)(call) if callable(source) else call


def _owned(result: Any) -> Any:
    """An array that is nobody else's, and may be written into: some gradients are one number seen many times."""
    return np.array(result) if isinstance(result, np.ndarray) else result


def _by_name(source: str | Program, args: Sequence[Any], named: dict[str, Any]) -> dict[str, Any]:
    """The values of a text's or Program's inputs.

    Raises ValueNeeded where one has none, and UnknownName for one too many.
    """
    names = _names(source) if isinstance(source, str) else tuple(v.hint for v in source.inputs)
    found = {**dict(zip(names, args, strict=False)), **named}
    missing = [n for n in names if n not in found]
    if missing:
        raise ValueNeeded(f"no value for {', '.join(missing)}")
    extra = [n for n in found if n not in names]
    if extra or len(args) > len(names):
        raise UnknownName(f"it takes {', '.join(names) or 'no inputs'}, and was given {len(args) + len(named)} values")
    return found


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

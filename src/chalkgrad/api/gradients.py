"""`backprop`, `grad`, `value_and_grad`: derivatives of a function, as functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import wraps
from typing import Any

import numpy as np

from chalkgrad.api.anew import Kept
from chalkgrad.api.derived import (
    Chosen,
    Same,
    Wrt,
    argument_places,
    chosen,
    either,
    function_of,
    placed,
    ready,
    scalar,
    traced,
)
from chalkgrad.api.source import Source, source_of
from chalkgrad.ir.program import Atom, Number, Program
from chalkgrad.ir.types import ArrayType
from chalkgrad.native.serving import Runner
from chalkgrad.trace.calls import Calls
from chalkgrad.trace.record import Trace
from chalkgrad.transform.backprop import Backprop, pullback
from chalkgrad.transform.backprop import backprop as differentiate
from chalkgrad.transform.line import line_gradient
from chalkgrad.transform.prepare import prepare as run_as
from chalkgrad.transform.prune import prune
from chalkgrad.transform.roll import rolled


def backprop(source: Source, *args: Any, wrt: Wrt | None = None, **named: Any) -> Backprop:
    """Differentiate a function, text or Program. A function is traced at `args`.

    `wrt` is a name or position, or several; by default every floating input. Raises as `work` does.

    Returns
    -------
    Backprop
        `program`, the `gradient` Program, and one contribution an edge; `code` prints it.

    Examples
    --------
    >>> made = backprop("f(x, y) = x y + x")
    >>> [(c.step.op.name, c.target.hint) for c in made.contributions]
    [('add', ''), ('add', 'x'), ('multiply', 'x'), ('multiply', 'y')]
    """
    program = source_of(source, args, named).program
    names = [v.hint for v in program.inputs]
    places = None if wrt is None else argument_places(program.name, names, wrt, "input")
    return differentiate(program, None if places is None else [program.inputs[i] for i in places])


def value_and_grad(source: Source, wrt: Wrt = 0) -> Callable[..., Any]:
    """A function that gives the value of `source`, a scalar, and its gradient.

    Parameters
    ----------
    source : function, str or Program
        A function is traced for every combination of its arguments' types and of the branches that it takes, and anew
        at every call where it reads something from outside that may change unseen: a list, an object.
    wrt : int, str, or a sequence of them
        Arguments by place or name; the first by default. One gives an array, a sequence a tuple, and an argument that
        is a nest of arrays (tuples, lists, dicts) a nest like it.

    Raises
    ------
    GradientError
        When called, where the result is no scalar, or what is asked for is no real value.

    Examples
    --------
    >>> value, (dx, dy) = value_and_grad(lambda x, y: x * y + x, wrt=(0, 1))(3.0, 2.0)
    >>> float(value), float(dx), float(dy)
    (9.0, 3.0, 3.0)
    """
    function = function_of(source)
    return _derived(Same(function), placed(function, wrt), True)


@Kept
def _derived(same: Same, wrt: Wrt, valued: bool) -> Callable[..., Any]:
    """Kept, since people write `grad(f)(x)` within a loop. `valued` says that the value is wanted, too."""
    function = same.function

    def inside(*args: Any, **kwargs: Any) -> Any:
        made = traced(function, args, kwargs)
        scalar(made.trace, made.program)
        by = chosen(made.trace, made.program, wrt)
        value, *gradients = made.write(_gradient(made.program, by))
        return (value, by.nest(gradients)) if valued else by.nest(gradients)

    def prepare(made: Trace) -> Runner:
        program = rolled(ready(made))
        scalar(made, program)
        by = chosen(made, program, wrt)
        line = line_gradient(program, by.flat)
        derived = _gradient(program, by) if line is None else line
        if not valued:
            derived = prune(replace(derived, outputs=derived.outputs[1:]))

        def nest(found: Sequence[Any]) -> Any:
            return (found[0], by.nest(found[1:])) if valued else by.nest(found)

        return Runner(run_as(derived) if line is None else derived, valued + len(by.flat), nest)

    return either(wraps(function)(inside), Calls(function, prepare))


def _gradient(program: Program, by: Chosen) -> Program:
    """Value, gradients, and what the guards rest on."""
    pull = pullback(program, by.flat, of=1)
    dtype = program.outputs[0].type.dtype
    one = Number(np.dtype(dtype).type(1), ArrayType((), dtype))
    seed = pull.inputs[-1]

    def seeded(atoms: tuple[Atom, ...]) -> tuple[Atom, ...]:
        return tuple([one if a is seed else a for a in atoms]) if seed in atoms else atoms

    steps = tuple([s if seed not in s.inputs else replace(s, inputs=seeded(s.inputs)) for s in pull.steps])
    value, *rest = seeded(pull.outputs)
    guards = len(program.outputs) - 1
    return Program(f"d{program.name}", program.inputs, steps, (value, *rest[guards:], *rest[:guards]))


def grad(source: Source, wrt: Wrt = 0) -> Callable[..., Any]:
    """A function that gives the gradient of `source`, a scalar; arguments and errors are those of `value_and_grad`.

    Examples
    --------
    >>> grad(lambda w, x: np.sum((w * x) ** 2))(np.array([1.0, 2.0]), np.array([3.0, 1.0]))
    array([18.,  4.])
    >>> float(grad("f(x, y) = x sin y", wrt="y")(2.0, 0.0))
    2.0
    """
    function = function_of(source)
    return _derived(Same(function), placed(function, wrt), False)

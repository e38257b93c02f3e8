"""`vjp` and `jvp`: one product with a Jacobian, without the Jacobian."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from chalkgrad.api.anew import Kept
from chalkgrad.api.derived import Same, Traced, function_of, traced, transform
from chalkgrad.errors import GradientError, ShapeError
from chalkgrad.ir.dims import dims_text
from chalkgrad.ir.program import Program, Var
from chalkgrad.trace.trees import Tree, flatten
from chalkgrad.transform.backprop import pullback
from chalkgrad.transform.forward import forward


def jvp(function: Any, primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """The value of `function` at `primals`, and its derivative along `tangents`: Jacobian times tangent.

    Parameters
    ----------
    function : function, str or Program
    primals, tangents : sequences
        The arguments, and as many tangents of the same nest and shapes; None for an argument that is held still.

    Returns
    -------
    value, tangent
        Both in the nest of the result.

    Raises
    ------
    GradientError
        Where tangents are missing or of another nest, or stand beside what is no real value.
    ShapeError
        Where a tangent has another shape than its argument.

    Examples
    --------
    >>> value, tangent = jvp(lambda x, y: x * y, (3.0, 2.0), (1.0, 0.5))
    >>> float(value), float(tangent)
    (6.0, 3.5)
    """
    called = function_of(function)
    for name, given in (("primals", primals), ("tangents", tangents)):
        if not isinstance(given, (tuple, list)):
            raise GradientError(f"{name} is a tuple with one for each argument, as in jvp(f, (x,), (dx,))")
    if len(primals) != len(tangents):
        raise GradientError(f"{len(primals)} arguments and {len(tangents)} tangents: give one for each, or None")
    return _pushed(Same(called))(*primals, *tangents)


@Kept
def _pushed(same: Same) -> Callable[..., Any]:
    function = same.function

    def push(*both: Any) -> Any:
        primals, tangents = both[: len(both) // 2], both[len(both) // 2 :]
        made = traced(function, primals, {})
        inputs, given = _along(made, primals, tangents)
        count = made.results
        derived = forward(made.program, inputs)
        values = derived.outputs[: len(made.program.outputs)]
        found = made.write_on(
            replace(derived, outputs=(*values[:count], *derived.outputs[len(values) :][:count], *values[count:])),
            (*made.values, *given),
        )
        tree = made.trace.result
        return tree.unflatten(found[:count]), tree.unflatten(found[count:])

    return transform(function, push, like=False)


def _along(made: Traced, primals: Any, tangents: Any) -> tuple[list[Var], list[Any]]:
    """The inputs that move, and their tangents."""
    inputs: list[Var] = []
    given: list[Any] = []
    at = 0
    for primal, tangent in zip(primals, tangents, strict=True):
        count = flatten(primal)[1].count
        if tangent is not None:
            group = made.program.inputs[at : at + count]
            given += fitted(group, tangent, flatten(primal)[1], "tangent")
            inputs += group
        at += count
    return inputs, given


def fitted(group: Sequence[Var], value: Any, tree: Tree, what: str) -> list[Any]:
    """The leaves of a tangent or an upstream gradient, each of the shape that belongs to it.

    Raises GradientError for another nest or a value that is no real one, ShapeError for another shape.
    """
    found, nest = flatten(value)
    if nest != tree:
        raise GradientError(f"the {what} is no nest like what it belongs to: {_said(nest)}, not {_said(tree)}")
    for var, leaf in zip(group, found, strict=True):
        name = var.hint or "the result"
        if not var.type.floating:
            raise GradientError(f"{name} is {var.type}: only a real value has a {what}")
        if tuple(np.shape(leaf)) != var.type.shape:
            raise ShapeError(
                f"the {what} of {name} has shape {dims_text(np.shape(leaf))}, {name} has {dims_text(var.type.shape)}"
            )
    return found


def _said(tree: Tree) -> str:
    """The outermost of a nest."""
    if tree.kind is None:
        return "a number or array" if tree.static is None else repr(tree.static)
    keys = " with " + ", ".join(map(str, tree.keys)) if tree.keys else f" of {len(tree.children)}"
    return f"a {tree.kind.__name__}{keys}"


def vjp(function: Any, *primals: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """The value of `function` at `primals`, and a function from an upstream gradient to the gradient of each argument.

    Parameters
    ----------
    function : function, str or Program
    *primals
        The arguments: numbers, arrays, or nests of them.

    Returns
    -------
    value
    pull : function
        Takes the upstream gradient, in the nest and shapes of the value; gives a tuple, one gradient an argument, each
        in the nest of that argument. May be called many times.

    Raises
    ------
    GradientError
        Where an argument is no real value; by `pull`, where the upstream gradient is of another nest.
    ShapeError
        By `pull`, where the upstream gradient has another shape than the value.

    Examples
    --------
    >>> value, pull = vjp(lambda x, y: x * y, 3.0, 2.0)
    >>> float(value), [float(g) for g in pull(10.0)]
    (6.0, [20.0, 30.0])
    """
    called = function_of(function)
    pulled = _pulled(Same(called))
    primals = tuple([_kept(p) for p in primals])
    value = _valued(Same(called))(*primals)

    def pull(upstream: Any) -> tuple[Any, ...]:
        return pulled(upstream, *primals)

    return value, pull


def _kept(primal: Any) -> Any:
    """The argument as it is now: a step such as `w -= rate * pull(1.0)[0]` writes into it between two pulls."""
    found, tree = flatten(primal)
    return tree.unflatten([x.copy() if type(x) is np.ndarray else x for x in found])


@Kept
def _valued(same: Same) -> Callable[..., Any]:
    function = same.function
    return transform(function, lambda *args: function(*args))


@Kept
def _pulled(same: Same) -> Callable[..., Any]:
    function = same.function

    def pull(upstream: Any, *primals: Any) -> Any:
        made = traced(function, primals, {})
        count = made.results
        program = made.program
        results = [Var(a.type, "the result") for a in program.outputs[:count]]
        seeds = fitted(results, upstream, made.trace.result, "upstream gradient")
        arguments = program.inputs[: len(program.inputs) - len(made.trace.hidden)]
        derived = _pull(program, arguments, count)
        found = iter(made.write_on(derived, (*made.values, *seeds)))
        trees = [flatten(p)[1] for p in primals]
        return tuple([t.unflatten([next(found) for _ in range(t.count)]) for t in trees])

    return transform(function, pull, like=False)


def _pull(program: Program, arguments: Sequence[Var], count: int) -> Program:
    for var in arguments:
        if not var.type.floating:
            raise GradientError(f"{var.hint} is {var.type}: only a real value has a gradient")
    derived = pullback(program, arguments, of=count)
    outputs = derived.outputs
    whole = len(program.outputs)
    return replace(derived, outputs=(*outputs[whole:], *outputs[count:whole]))

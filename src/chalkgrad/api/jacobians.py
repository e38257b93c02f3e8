"""`jacobian` and `hessian`, whole or sparse; and `vmap`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from chalkgrad.api.anew import Kept
from chalkgrad.api.derived import (
    Chosen,
    Same,
    Traced,
    Wrt,
    chosen,
    first_of,
    function_of,
    placed,
    traced,
    transform,
)
from chalkgrad.api.gradients import grad
from chalkgrad.api.sparse import sparsely
from chalkgrad.errors import ChalkgradError, GradientError, TraceError
from chalkgrad.ir.build import Builder
from chalkgrad.ir.dims import dims_text
from chalkgrad.ir.program import Atom, Program, number
from chalkgrad.ir.registry import lookup
from chalkgrad.trace.holder import Holder
from chalkgrad.trace.places import located
from chalkgrad.trace.record import Guard
from chalkgrad.trace.trees import flatten
from chalkgrad.transform.backprop import pullback
from chalkgrad.transform.forward import forward
from chalkgrad.transform.prune import prune
from chalkgrad.transform.vectorise import vectorise

Mode = Literal["auto", "forward", "reverse"]
Array = NDArray[Any]


def jacobian(source: Any, wrt: Wrt = 0, *, mode: Mode = "auto", sparse: bool = False) -> Callable[..., Any]:
    """A function that gives every derivative of every entry of the result.

    Parameters
    ----------
    source : function, str or Program
    wrt : int, str, or a sequence of them
        Arguments by place or name; the first by default. One gives an array, a sequence a tuple, a nest a nest.
    mode : {"auto", "forward", "reverse"}
        One pass an entry of the arguments, or of the result; by default whichever are fewer. All passes are made at
        once, along a new axis.
    sparse : bool
        Find out which entries can be other than 0, and give those alone, as a `SparseJacobian`. For one array argument
        and one array result.

    Returns
    -------
    function
        Of the same arguments. Its result has the nest of the function's own and inside it that of the arguments; an
        array of the shape of the result and then of the argument.

    Raises
    ------
    GradientError
        When called, where an argument or the result is no real value.

    Examples
    --------
    >>> jacobian(lambda x: x * x)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    """
    function = function_of(source)
    wrt = placed(function, wrt)
    if mode not in ("auto", "forward", "reverse"):
        raise ChalkgradError(f"mode is one of auto, forward, reverse, not {mode!r}")
    if sparse:
        return sparsely(function, wrt)
    return _whole(Same(function), wrt, mode)


@Kept
def _whole(same: Same, wrt: Wrt, mode: Mode) -> Callable[..., Any]:
    function = same.function

    def inside(*args: Any, **kwargs: Any) -> Any:
        made = traced(function, args, kwargs)
        by = chosen(made.trace, made.program, wrt)
        results = [_real(a, made) for a in made.program.outputs[: made.results]]
        rows, columns = sum(map(_count, results)), sum(map(_count, by.flat))
        pushed = mode == "forward" or (mode == "auto" and columns < rows)
        program = _columns(made, by, columns) if pushed else _rows(made, by, rows)
        found = iter(made.write(program))
        parts = [by.nest([next(found) for _ in by.flat]) for _ in results]
        return made.trace.result.unflatten(parts)

    return transform(function, inside)


def _real(atom: Atom, made: Traced) -> Atom:
    if not atom.type.floating:
        kind = "true or false" if atom.type.dtype == "bool" else "a whole number"
        raise GradientError(f"{made.program.name} is {kind}: only a real value has derivatives")
    return atom


def _count(atom: Atom) -> int:
    shape: Any = atom.type.shape
    return int(np.prod(shape))


def _units(atoms: Sequence[Atom], total: int) -> list[Any]:
    """For each atom the part of the identity that belongs to its entries: (total, *shape)."""
    found: list[Any] = []
    at = 0
    for atom in atoms:
        count = _count(atom)
        shape: Any = atom.type.shape
        found.append(np.eye(total, count, -at, dtype=atom.type.dtype).reshape(total, *shape))
        at += count
    return found


def _columns(made: Traced, by: Chosen, total: int) -> Program:
    """A tangent for each entry of the arguments; its part of each result is a column."""
    program, count = made.program, made.results
    push = forward(program, by.flat)
    whole = len(program.outputs)
    tangents, guards = push.outputs[whole : whole + count], push.outputs[count:whole]
    push = replace(push, outputs=(*tangents, *guards))
    many = vectorise(push, [False] * len(program.inputs) + [True] * len(by.flat), total, alike=len(guards))
    builder = Builder()
    builder.inputs.extend(many.inputs[: len(program.inputs)])
    found = builder.inline(many, [*builder.inputs, *map(number, _units(by.flat, total))])
    outputs: list[Atom] = []
    for tangent in found[:count]:
        at = 0
        for var in by.flat:
            part = builder.value(tangent)[at : at + _count(var)]
            at += _count(var)
            rank = len(part.shape)
            turned = lookup("transpose")(part, axes=(*range(1, rank), 0)) if rank > 1 else part
            outputs.append(turned.apply("reshape", shape=(*part.shape[1:], *var.type.shape)).atom)
    return prune(builder.program(program.name, *outputs, *found[count:]))


def _rows(made: Traced, by: Chosen, total: int) -> Program:
    """An upstream gradient for each entry of the results; what it gives an argument is a row."""
    program, count = made.program, made.results
    pull = pullback(program, by.flat, of=count)
    whole = len(program.outputs)
    pull = replace(pull, outputs=(*pull.outputs[whole:], *pull.outputs[count:whole]))
    alike = whole - count
    many = vectorise(pull, [False] * len(program.inputs) + [True] * count, total, alike=alike)
    builder = Builder()
    builder.inputs.extend(many.inputs[: len(program.inputs)])
    results = program.outputs[:count]
    found = builder.inline(many, [*builder.inputs, *map(number, _units(results, total))])
    outputs: list[Atom] = []
    at = 0
    for result in results:
        size = _count(result)
        for var, rows in zip(by.flat, found, strict=False):
            part = builder.value(rows)[at : at + size]
            outputs.append(part.apply("reshape", shape=(*result.type.shape, *var.type.shape)).atom)
        at += size
    return prune(builder.program(program.name, *outputs, *found[len(by.flat) :]))


def hessian(source: Any, wrt: Wrt = 0) -> Callable[..., Any]:
    """A function that gives the second derivatives of a scalar function, by forward mode over reverse.

    `wrt` as for `jacobian`: one array gives an array of its shape twice over, several give a tuple of tuples. Raises
    GradientError, when called, where the result is no scalar, or an argument no real value.

    Examples
    --------
    >>> hessian(lambda x: x[0] * x[1] ** 2)(np.array([1.0, 3.0]))
    array([[0., 6.],
           [6., 2.]])
    """
    return jacobian(grad(source, wrt), wrt, mode="forward")


def vmap(source: Any, in_axes: Any = 0, out_axes: int = 0) -> Callable[..., Any]:
    """A function of one example, made a function of many at once.

    Parameters
    ----------
    source : function, str or Program
        Of one example.
    in_axes : int, None or a tuple of them
        Along which axis of each argument the examples stand; None for an argument that all share. One for all
        arguments, or one each; it holds for every array in the nest of the argument.
    out_axes : int
        Where they stand in every array of the result.

    Raises
    ------
    ChalkgradError
        When called, where the arguments disagree on how many examples there are; or a branch hangs on the example.

    Examples
    --------
    >>> vmap(lambda x, w: x @ w, in_axes=(0, None))(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([10.0, 1.0]))
    array([12., 34.])
    """
    function = function_of(source)
    if type(out_axes) is not int:
        raise ChalkgradError(f"out_axes is one whole number, not {out_axes!r}")
    each = tuple(in_axes) if isinstance(in_axes, (tuple, list)) else in_axes
    for axis in each if isinstance(each, tuple) else (each,):
        if axis is not None and type(axis) is not int:
            raise ChalkgradError(f"in_axes has an axis or None for each argument, for all in it; not {axis!r}")
    return _mapped(Same(function), each, out_axes)


@Kept
def _mapped(same: Same, in_axes: tuple[int | None, ...] | int | None, out_axes: int) -> Callable[..., Any]:
    function = same.function

    def inside(*args: Any, **kwargs: Any) -> Any:
        if kwargs:
            named = ", ".join(kwargs)
            raise ChalkgradError(f"vmap takes arguments by place, as in_axes gives their axes; {named} came by name")
        axes = in_axes if isinstance(in_axes, tuple) else (in_axes,) * len(args)
        if len(axes) != len(args):
            raise ChalkgradError(f"in_axes has {len(axes)} entries for {len(args)} arguments")
        split = [_split(a, axis, place) for place, (a, axis) in enumerate(zip(args, axes, strict=True))]
        sizes = {n for _, _, n in split if n is not None}
        if len(sizes) != 1:
            many = f"{' and '.join(map(str, sorted(sizes)))} examples" if sizes else "no examples: every axis is None"
            raise ChalkgradError(f"the arguments of vmap have {many}")
        made = traced(function, [one for one, _, _ in split], {})
        flags = [several for _, whole, n in split for several in [n is not None] * len(whole)]
        hidden = len(made.trace.hidden)
        program = vectorise(made.program, [*flags, *[False] * hidden], sizes.pop())
        given = [x for _, whole, _ in split for x in whole]
        found = made.write_all(program, (*given, *made.values[len(given) :]))
        for guard, decided in zip(made.trace.guards, found[made.results :], strict=True):
            _same_branch(guard, decided)
        results = found[: made.results]
        return made.trace.result.unflatten([x if out_axes == 0 else np.moveaxis(x, 0, out_axes) for x in results])

    return transform(function, inside)


def _same_branch(guard: Guard, decided: Holder) -> None:
    """Rest the trace on it that all examples take the branch that the first one took.

    Raises TraceError where they do not.
    """
    if not np.all(decided.session.decided(decided.atom) == guard.value):
        problem = "a branch is taken for some examples of vmap and not for others; write np.where there"
        if np.asarray(guard.value).dtype != bool:
            problem = (
                "a whole number of one example of vmap cannot be a plain int, since others have others; an array "
                "that it picks from is passed as an argument, with None in in_axes"
            )
        raise TraceError(located(guard.origin, problem))


def _split(argument: Any, axis: int | None, place: int) -> tuple[Any, list[Any], int | None]:
    """One example of the argument; its leaves, the examples in front; and how many there are."""
    found, tree = flatten(argument)
    if axis is None:
        return argument, found, None
    sizes: set[int] = set()
    fronted: list[Any] = []
    for leaf in found:
        shape = np.shape(leaf)
        if not -len(shape) <= axis < len(shape):
            raise ChalkgradError(f"argument {place} of vmap has shape {dims_text(shape)}: there is no axis {axis}")
        sizes.add(shape[axis])
        fronted.append(leaf if axis % len(shape) == 0 else np.moveaxis(leaf, axis, 0))
    if len(sizes) > 1:
        raise ChalkgradError(f"argument {place} of vmap has {' and '.join(map(str, sorted(sizes)))} examples")
    if 0 in sizes:
        raise ChalkgradError(f"argument {place} of vmap has no examples")
    return tree.unflatten([first_of(x) for x in fronted]), fronted, sizes.pop() if sizes else None

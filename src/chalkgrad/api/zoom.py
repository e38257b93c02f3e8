"""`zoom`: a function of arrays, worked through as the scalar circuit that it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np

from chalkgrad.api.source import Source, set_conventions, source_of
from chalkgrad.api.work import Work
from chalkgrad.errors import ChalkgradError, GradientError, UnknownName, ValueNeeded, nearest
from chalkgrad.evaluate.worked import work as evaluate
from chalkgrad.ir.program import Program, Var
from chalkgrad.transform.conventions import with_sizes
from chalkgrad.transform.gates import Gates, set_gates
from chalkgrad.transform.prune import prune
from chalkgrad.transform.zoom import Zoomed
from chalkgrad.transform.zoom import zoom as unroll


def zoom(
    source: Source,
    *args: Any,
    entry: int | Sequence[int] | None = None,
    values: Mapping[str, Any] | None = None,
    upstream: Any = None,
    wrt: str | Sequence[str] | None = None,
    gates: Gates = "typed",
    relu_at_zero: int | None = None,
    tie: str | None = None,
    abstract: str | Sequence[str] = (),
    let: Mapping[str, str] | None = None,
    **named: Any,
) -> Work:
    """Work a small function of arrays through as scalars: a gate an entry, x as x_1, x_2 and W as w_11, w_12.

    Parameters
    ----------
    source, *args, values, wrt, gates, relu_at_zero, tie, abstract, let, **named
        As in `work`; values and `wrt` name the arrays. Without values the text must declare every size.
    entry : int or sequence of int, optional
        Which entry of the result to work through, counted from 0, where it has more than one.
    upstream : float, optional
        The gradient of what comes after, with respect to that entry.

    Returns
    -------
    Work
        Of the scalar Program: its numbers are those of `work`, entry by entry, up to the order of the sums.

    Raises
    ------
    ChalkgradError
        TooLarge above 2000 gates; ProgramError for an op that no scalar gates stand for, such as a sort.

    Examples
    --------
    >>> w = zoom("y = W x", W=[[1.0, 2.0]], x=[3.0, 4.0])
    >>> float(w.value), {name: float(g) for name, g in w.gradients.items()}
    (11.0, {'w_11': 3.0, 'w_12': 4.0, 'x_1': 1.0, 'x_2': 2.0})
    """
    for name in named:
        if name in (values or {}):
            raise ChalkgradError(f"'{name}' is given twice")
    found = source_of(source, args, {**(values or {}), **named}, abstract, let)
    arrays = set_conventions(found.program, relu_at_zero, tie)
    _known(arrays, found.values, wrt)
    if found.values:
        arrays = with_sizes(arrays, {v: np.shape(found.values[v.hint]) for v in arrays.inputs})
    zoomed = unroll(arrays)
    program = set_gates(_one_output(arrays, zoomed, entry), gates)
    at = {
        atom.hint: np.asarray(found.values[var.hint])[place]
        for var in arrays.inputs
        if found.values
        for place, atom in np.ndenumerate(zoomed.entries[var])
    }
    if np.size(upstream) == 1 and upstream is not None:
        upstream = np.reshape(np.asarray(upstream, float), ())[()]  # [2] for a result of one entry
    echo = (*found.echo, f"zoomed in: {len(program.inputs)} numbers, {len(program.steps)} gates")
    made = evaluate(program, at, upstream=upstream, wrt=_entries(arrays, zoomed, wrt), echo=echo)
    return Work(**{f.name: getattr(made, f.name) for f in fields(made)})


def _known(program: Program, values: Mapping[str, Any], wrt: str | Sequence[str] | None) -> None:
    names = [v.hint for v in program.inputs]
    for name in (*values, *([wrt] if isinstance(wrt, str) else wrt or ())):
        if name not in names:
            raise UnknownName(f"{program.name} has no input '{name}'{nearest(name, names)}")
    missing = [n for n in names if n not in values]
    if values and missing:
        raise ValueNeeded(f"no value for {', '.join(missing)}: give all inputs a value, or none")


def _one_output(arrays: Program, zoomed: Zoomed, entry: int | Sequence[int] | None) -> Program:
    """The scalar Program of one entry of the result; what only other entries need stays out of it."""
    shape: Any = arrays.output.type.shape
    outputs: Any = np.empty(shape, object)
    for place, atom in zip(np.ndindex(*shape), zoomed.program.outputs, strict=True):
        outputs[place] = atom
    if outputs.size == 1 and entry is None:
        return zoomed.program
    if entry is None:
        raise GradientError(
            f"{arrays.name} gives {outputs.size} numbers, of shape {shape}: "
            "zoom into one, entry=…, or end the function in one number, such as a loss"
        )
    place = (entry,) if isinstance(entry, int) else tuple(entry)
    inside = len(place) == len(shape) and all(-n <= k < n for k, n in zip(place, shape, strict=False))
    if not inside:
        raise UnknownName(f"{arrays.name} has shape {shape}, and no entry {place}")
    return prune(replace(zoomed.program, outputs=(outputs[place],)))


def _entries(arrays: Program, zoomed: Zoomed, wrt: str | Sequence[str] | None) -> list[str] | None:
    """The scalars that the arrays named in `wrt` are made of."""
    if wrt is None:
        return None
    chosen: list[Var] = [v for v in arrays.inputs if v.hint in ([wrt] if isinstance(wrt, str) else wrt)]
    return [atom.hint for var in chosen for atom in zoomed.entries[var].flat]

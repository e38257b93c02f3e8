"""Which entries of a Jacobian can be other than 0.

Dependencies are pushed through the Program: each entry of a value holds the set of the input's entries that it depends
on. An op that is linear in what depends, or can be read entry by entry (`scalar`), is evaluated as it stands on entries
that say where they come from, and so tells how it moves them; where it adds, on the sets themselves, which + joins. An
elementwise op joins the sets of its operands; an op along an axis those of a whole slice; any other makes every entry
depend on all that it reads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from chalkgrad.ir.collection import no_collection
from chalkgrad.ir.program import Number, Program, Step, Var
from chalkgrad.ir.run import evaluator
from chalkgrad.transform.entry_sets import (
    Adds,
    Sets,
    empty,
    end_to_end,
    entries,
    joined,
    of_objects,
    places_of,
    single,
    together,
)
from chalkgrad.transform.scan import scan

Array = NDArray[Any]


@final
@dataclass(frozen=True, eq=False)
class Pattern:
    """The rows and columns, flat and as int64, where a Jacobian of so many rows may be other than 0, in order.

    It holds for all values of the inputs as long as those at the places `deciding` are the same.
    """

    rows: Array
    columns: Array
    height: int
    deciding: tuple[int, ...]


def pattern(program: Program, var: Var, values: Sequence[Any]) -> Pattern:
    """Where the derivatives of the first output by `var` may be other than 0.

    `values` are those of the inputs: where an op's places, as in sorting, do not depend on `var`, they are known.
    """
    deciding = _deciding(program, var)
    given = [single(np.shape(x)) if v is var else x for v, x in zip(program.inputs, values, strict=True)]
    with no_collection():
        (found,) = _push(program, given, [v is var for v in program.inputs], 1)
    if found is None:
        extents: Any = program.outputs[0].type.shape
        return Pattern(np.zeros(0, np.int64), np.zeros(0, np.int64), int(np.prod(extents)), deciding)
    return Pattern(found.rows(), found.numbers, found.size, deciding)


def _deciding(program: Program, var: Var) -> tuple[int, ...]:
    """The places of the inputs whose numbers are asked for where dependencies are pushed through a step."""
    from_: dict[Var, frozenset[int]] = {v: frozenset((k,)) for k, v in enumerate(program.inputs)}
    moving = {var}
    found: frozenset[int] = frozenset()
    for step in program.steps:
        op: Any = step.op
        met = frozenset().union(*[from_[a] for a in step.inputs if isinstance(a, Var) and a not in moving])
        dependent = any([a in moving for a in step.inputs])
        if dependent and not op.elementwise:
            found |= met
        for out in step.given:
            from_[out] = frozenset() if dependent else met
            if dependent and out.type.floating:
                moving.add(out)
    return tuple(sorted(found))


def _push(program: Program, given: Sequence[Any], moving: Sequence[bool], outputs: int) -> list[Any]:
    """What each of the first `outputs` outputs depends on, as Sets; None for one that depends on nothing."""
    env: dict[Var, Any] = dict(zip(program.inputs, given, strict=True))
    depends = {v for v, m in zip(program.inputs, moving, strict=True) if m}
    with np.errstate(all="ignore"):
        for step in program.steps:
            xs = [a.value if isinstance(a, Number) else env[a] for a in step.inputs]
            flags = [a in depends for a in step.inputs]
            op: Any = step.op
            if not any(flags):
                known = all(x is not None for x in xs)
                found = evaluator(op)(*xs, **step.params) if known else None
                results = found if op.several and found is not None else (found,) * len(step.outputs)
            else:
                results = _through(step, xs, flags)
            for out, value, dependent in zip(step.outputs, results, _dependent(step, flags), strict=True):
                if out is not None:
                    env[out] = value
                    if dependent:
                        depends.add(out)
    found = program.outputs[:outputs]
    return [env[a] if isinstance(a, Var) and a in depends else None for a in found]


def _dependent(step: Step, flags: Sequence[bool]) -> list[bool]:
    """An int or a truth has no derivative: what is read from it is unknown, and depends on nothing."""
    return [any(flags) and out is not None and out.type.floating for out in step.outputs]


def _through(step: Step, xs: Sequence[Any], flags: Sequence[bool]) -> Sequence[Any]:
    op: Any = step.op
    shapes: list[Any] = [() if v is None else v.type.shape for v in step.outputs]
    moved: list[Sets] = [x for x, f in zip(xs, flags, strict=True) if f]
    if not any(v.type.floating for v in step.given):
        return (None,) * len(shapes)
    if op.elementwise:
        return (together(moved, shapes[0]),)
    if op is scan:
        return _scan(step, xs, flags)
    if not op.several and all(x is not None for x in xs):
        found = _evaluated(step, xs, flags)
        if found is not None:
            return (found.broadcast(shapes[0]),)
    axis = step.params.get("axis", op.params.get("axis"))
    if len(xs) == 1 and axis is not None and not op.several:
        return (_along(moved[0], axis, shapes[0]),)
    everything = joined([(m, np.zeros(m.size, np.int64)) for m in moved], ())
    return [everything.broadcast(s) for s in shapes]


def _evaluated(step: Step, xs: Sequence[Any], flags: Sequence[bool]) -> Sets | None:
    """The op as it is evaluated, on entries or on sets; None where NumPy runs it on numbers only, or it does more than
    move, add and multiply."""
    op: Any = step.op
    linear = all(p in op.linear_in for p, f in enumerate(flags) if f)
    run = op.evaluate if linear else op.scalar
    if run is None:
        return None

    def on(objects: Sequence[Any]) -> Array:
        rest = iter(objects)
        given = [next(rest) if f else x if linear else np.asarray(x, object) for x, f in zip(xs, flags, strict=True)]
        return np.asarray(run(*given, **step.params), object)

    moved: list[Sets] = [x for x, f in zip(xs, flags, strict=True) if f]
    ends = np.cumsum([0, *[m.size for m in moved]])
    numbered = entries(int(ends[-1]))
    try:
        apart = [numbered[a:b].reshape(m.shape) for a, b, m in zip(ends[:-1], ends[1:], moved, strict=True)]
        return end_to_end(moved, moved[0].width).taken(places_of(on(apart)))
    except Adds:
        pass
    except (TypeError, AttributeError):
        return None
    try:
        return of_objects(on([m.objects() for m in moved]), moved[0].width)
    except (TypeError, AttributeError):
        return None


def _along(x: Sets, axis: Any, shape: Any) -> Sets:
    """The sets of whole slices put together, for every entry of a slice or, where the axis is gone, for all as one."""
    rank = len(x.shape)
    places = {a % rank for a in (axis if isinstance(axis, (tuple, list)) else (axis,))}
    kept = tuple([1 if i in places else n for i, n in enumerate(x.shape)])
    where = np.broadcast_to(np.arange(int(np.prod(kept))).reshape(kept), x.shape).reshape(-1)
    found = joined([(x, where)], kept)
    if len(shape) < rank:
        found = found.reshaped(tuple([n for i, n in enumerate(x.shape) if i not in places]))
    return found.broadcast(shape)


def _scan(step: Step, xs: Sequence[Any], flags: Sequence[bool]) -> Sequence[Any]:
    """Turn by turn. A carry counts as dependent from the start; what it is before the first turn may be nothing."""
    params: Mapping[str, Any] = step.params
    body: Program = params["body"]
    consts, carries = params["counts"]
    length, moving = params["length"], consts + carries
    types = [v.type for v in body.inputs]
    whole = [f or (consts <= k < moving and types[k].floating) for k, f in enumerate(flags)]
    width = next(x.width for x, f in zip(xs, flags, strict=True) if f)

    def nothing(place: int) -> Any:
        shape: Any = types[place].shape
        return empty(shape, width) if types[place].floating else None

    state = [xs[k] if flags[k] else nothing(k) for k in range(consts, moving)]
    kept: list[list[Any]] = []
    before: list[list[Any]] = []
    for k in reversed(range(length)) if params.get("reverse") else range(length):
        before.append(state)
        rows = [None if x is None else x.row(k) if isinstance(x, Sets) else x[k] for x in xs[moving:]]
        found = _push(body, [*xs[:consts], *state, *rows], whole, len(body.outputs))
        state = [nothing(consts + i) if f is None else f for i, f in enumerate(found[:carries])]
        kept.append(found[carries:])
    if params.get("reverse"):
        kept.reverse()
        before.reverse()
    outs = [a.type for a in body.outputs]

    def along(rows: list[list[Any]], place: int, out: Any) -> Sets | None:
        if not out.floating:
            return None
        each = [empty(out.shape, width) if r[place] is None else r[place] for r in rows]
        return end_to_end(each, width).reshaped((length, *out.shape))

    ys = [along(kept, i, t) for i, t in enumerate(outs[carries:])]
    hist = [along(before, i, t) for i, t in enumerate(outs[:carries])]
    return (*state, *ys, *hist)

"""Which entries of a Jacobian can be other than 0, and which of its columns may be found together.

Dependencies are pushed through the Program: each entry of a value holds the set of the input's entries that it depends
on. A linear op is evaluated on such sets as it stands, where + joins them, and so is one that can be read entry by
entry (`scalar`), as those are that put arrays together; an elementwise op joins those of its operands; an op along an
axis those of a whole slice; any other makes every entry depend on all that it reads.

Columns that share no row bear one colour, and one product with the Jacobian gives all columns of a colour (Curtis,
Powell and Reid, J. Inst. Maths Applics 13, 1974).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from chalkgrad.ir.program import Number, Program, Step, Var
from chalkgrad.ir.run import evaluator
from chalkgrad.transform.scan import scan

Array = NDArray[Any]


@final
class Depends:
    """A set of entries; + and - join two, and a product with a number keeps it, unless that is 0."""

    __slots__ = ("on",)

    def __init__(self, on: frozenset[int]) -> None:
        self.on = on

    def __add__(self, other: Any) -> Depends:
        if not isinstance(other, Depends) or other.on is self.on or not other.on:
            return self
        return Depends(self.on | other.on) if self.on else other

    __radd__ = __sub__ = __rsub__ = __add__

    def __mul__(self, other: Any) -> Depends:
        if isinstance(other, Depends):
            return self + other
        return NOTHING if other == 0 else self

    __rmul__ = __mul__

    def __neg__(self) -> Depends:
        return self


NOTHING = Depends(frozenset())


def pattern(program: Program, var: Var, values: Sequence[Any]) -> tuple[Array, Array, int]:
    """Rows and columns, as int64, where ∂output/∂var may be other than 0, both flat; and the number of rows.

    `values` are those of the inputs: where an op's places, as in sorting, do not depend on `var`, they are known.
    """
    size = int(np.prod(np.shape(values[program.inputs.index(var)])))
    sets = np.empty(size, object)
    sets[:] = [Depends(frozenset((k,))) for k in range(size)]
    shape = np.shape(values[program.inputs.index(var)])
    given = [sets.reshape(shape) if v is var else x for v, x in zip(program.inputs, values, strict=True)]
    (found,) = _push(program, given, [v is var for v in program.inputs], 1)
    if found is None:
        count = int(np.prod(_shape_of(program, values)))
        return np.zeros(0, np.int64), np.zeros(0, np.int64), count
    entries = [sorted(d.on) for d in np.reshape(found, -1)]
    rows = np.repeat(np.arange(len(entries)), [len(e) for e in entries])
    return rows, np.array([c for e in entries for c in e], np.int64), len(entries)


def _shape_of(program: Program, values: Sequence[Any]) -> tuple[int, ...]:
    shape: Any = program.outputs[0].type.shape
    return shape


def _push(program: Program, given: Sequence[Any], moving: Sequence[bool], outputs: int) -> list[Any]:
    """What each of the first `outputs` outputs depends on, as an object array; None for one that depends on nothing."""
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
    moved = [x for x, f in zip(xs, flags, strict=True) if f]
    if not any(v.type.floating for v in step.given):
        return (None,) * len(shapes)
    if op.elementwise:
        total: Any = np.broadcast_to(_asked(moved[0]), shapes[0])
        for x in moved[1:]:
            total = total + np.broadcast_to(_asked(x), shapes[0])
        return (total,)
    if op is scan:
        return _scan(step, xs, flags)
    linear = all(p in op.linear_in for p, f in enumerate(flags) if f)
    run, given = (op.evaluate, xs) if linear else (op.scalar, [_asked(x) for x in xs])
    if run is not None and all(x is not None for x in xs) and not op.several:
        try:
            found: Any = np.frompyfunc(_filled, 1, 1)(np.asarray(run(*given, **step.params), object))
            return (np.broadcast_to(found, shapes[0]),)
        except (TypeError, AttributeError):
            pass  # NumPy runs it on numbers only, or it does more than add and multiply
    axis = step.params.get("axis", op.params.get("axis"))
    if len(xs) == 1 and axis is not None and not op.several:
        joined = _joined(xs[0], axis)
        if len(shapes[0]) < joined.ndim:
            joined = joined.reshape([n for i, n in enumerate(joined.shape) if i not in _places(axis, joined.ndim)])
        return (np.broadcast_to(joined, shapes[0]),)
    everything = _all([np.reshape(_asked(x), -1) for x in moved])
    return [_constant(everything, s) for s in shapes]


def _filled(entry: Any) -> Depends:
    """A number depends on nothing. Raises TypeError for what is neither that nor a set."""
    if isinstance(entry, Depends):
        return entry
    if isinstance(entry, (bool, int, float, np.generic)):
        return NOTHING
    raise TypeError(f"a {type(entry).__name__} among sets of entries")


def _asked(x: Any) -> Array:
    return np.asarray(x, object)


def _all(parts: Sequence[Array]) -> Depends:
    return Depends(frozenset().union(*[d.on for part in parts for d in part]))


def _constant(value: Depends, shape: Any) -> Array:
    every: Any = value  # one object for all
    out = np.empty(shape, object)
    out[...] = every
    return out


def _places(axis: Any, rank: int) -> tuple[int, ...]:
    return tuple(a % rank for a in (axis if isinstance(axis, (tuple, list)) else (axis,)))


def _joined(x: Any, axis: Any) -> Array:
    """The union over whole slices, with axes of length 1 left."""
    x = _asked(x)
    places = _places(axis, x.ndim)
    rest = tuple(i for i in range(x.ndim) if i not in places)
    rows = np.transpose(x, (*rest, *places)).reshape(*[x.shape[i] for i in rest], -1)
    out = np.empty(rows.shape[:-1], object)
    for place in np.ndindex(out.shape):
        out[place] = _all([rows[place]])
    return out.reshape([1 if i in places else n for i, n in enumerate(x.shape)])


def _scan(step: Step, xs: Sequence[Any], flags: Sequence[bool]) -> Sequence[Any]:
    """Turn by turn. A carry counts as dependent from the start; what it is before the first turn may be nothing."""
    params: Mapping[str, Any] = step.params
    body: Program = params["body"]
    consts, carries = params["counts"]
    length, moving = params["length"], consts + carries
    types = [v.type for v in body.inputs]
    whole = [f or (consts <= k < moving and types[k].floating) for k, f in enumerate(flags)]

    def nothing(place: int) -> Any:
        shape: Any = types[place].shape
        return _constant(NOTHING, shape) if types[place].floating else None

    state = [xs[k] if flags[k] else nothing(k) for k in range(consts, moving)]
    kept: list[list[Any]] = []
    before: list[list[Any]] = []
    for k in reversed(range(length)) if params.get("reverse") else range(length):
        before.append(state)
        rows = [None if x is None else x[k] for x in xs[moving:]]
        found = _push(body, [*xs[:consts], *state, *rows], whole, len(body.outputs))
        state = [nothing(consts + i) if f is None else f for i, f in enumerate(found[:carries])]
        kept.append(found[carries:])
    if params.get("reverse"):
        kept.reverse()
        before.reverse()
    outs = [a.type for a in body.outputs]

    def stacked(rows: list[list[Any]], place: int, shape: Any) -> Any:
        out = np.empty((length, *shape), object)
        for k, row in enumerate(rows):
            out[k, ...] = _constant(NOTHING, shape) if row[place] is None else row[place]
        return out

    ys = [stacked(kept, i, t.shape) for i, t in enumerate(outs[carries:])]
    hist = [stacked(before, i, t.shape) for i, t in enumerate(outs[:carries])]
    return (*state, *ys, *hist)


def colours(rows: Array, columns: Array, count: int) -> Array:
    """A colour, counted from 0, for each of `count` columns, so that two that share a row never share a colour."""
    order = np.argsort(rows, kind="stable")
    by_row: dict[int, Array] = {}
    if rows.size:
        starts = np.flatnonzero(np.diff(rows[order], prepend=-1))
        for piece in np.split(order, starts[1:]):
            by_row[int(rows[piece[0]])] = columns[piece]
    by_column: list[list[int]] = [[] for _ in range(count)]
    for r, c in zip(rows.tolist(), columns.tolist(), strict=True):
        by_column[c].append(r)
    colour = np.full(count, -1, np.int64)
    for c in sorted(range(count), key=lambda c: -sum(len(by_row[r]) for r in by_column[c])):
        near = {int(k) for r in by_column[c] for k in colour[by_row[r]]}
        colour[c] = next(k for k in range(count + 1) if k not in near)
    return colour

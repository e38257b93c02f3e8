"""`scan`: a loop of a given number of turns, as one step whose body is a Program.

Each turn takes constants, the carries, and one slice of each array in `xs`; it gives the next carries, and one slice of
each array of results. Besides, the step gives what every carry was before each turn: the reverse pass is a scan the
other way, over the body's own pullback, that reads them. So derivatives of any order are scans too.

The record stands here and not among the ops since its rules transform a Program.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chalkgrad.errors import ProgramError, ShapeError
from chalkgrad.ir.build import Builder, Value
from chalkgrad.ir.program import Atom, Program
from chalkgrad.ir.types import SCALAR, ArrayType
from chalkgrad.ops.kernel import Loop, Turns, inputs
from chalkgrad.ops.local import Local, Through
from chalkgrad.ops.op import structured
from chalkgrad.transform.backprop import pullback, zeros
from chalkgrad.transform.forward import forward

Types = tuple[ArrayType, ...]


def _parts(body: Program, counts: tuple[int, int]) -> tuple[int, int, int]:
    """How many constants, carries and arrays of results there are."""
    consts, carries = counts
    return consts, carries, len(body.outputs) - carries


def _types(types: Types, params: Mapping[str, Any]) -> Types:
    body, length = params["body"], params["length"]
    consts, carries, _ = _parts(body, params["counts"])
    if len(types) != len(body.inputs):
        raise ProgramError(f"scan: the body takes {len(body.inputs)} values, {len(types)} were given")
    for place, (var, given) in enumerate(zip(body.inputs, types, strict=True)):
        want = var.type if place < consts + carries else _stacked(var.type, length)
        bare = want == SCALAR and given == ArrayType((), "float32")  # as a number is taken beside narrow arrays
        if given != want and not bare:
            raise ShapeError(f"{var.hint or f'value {place}'} is {given}, the loop's body takes {want}")
    outs = [a.type for a in body.outputs]
    for var, out in zip(body.inputs[consts : consts + carries], outs, strict=False):
        if out != var.type:
            raise ShapeError(f"{var.hint or 'a carry'} is {var.type} before a turn and {out} after it")
    hist = [_stacked(t, length) for t in outs[:carries]]
    return (*outs[:carries], *[_stacked(t, length) for t in outs[carries:]], *hist)


def _stacked(type: ArrayType, length: int) -> ArrayType:
    return ArrayType((length, *type.shape), type.dtype)


def _scan(
    *given: Any, body: Any = None, counts: tuple[int, int] = (0, 0), length: int = 0, reverse: bool = False
) -> tuple[Any, ...]:
    consts, carries = counts
    fixed, state, xs = given[:consts], given[consts : consts + carries], given[consts + carries :]
    kept = []
    before = []
    for k in range(length - 1, -1, -1) if reverse else range(length):
        before.append(state)
        found = body(*fixed, *state, *[x[k] for x in xs])
        state = tuple(found[:carries])
        kept.append(found[carries:])
    if reverse:
        kept.reverse()
        before.reverse()
    if not length:  # one turn of nothing tells the shapes
        kept = [body(*fixed, *state, *[np.zeros(x.shape[1:], x.dtype) for x in xs])[carries:]]
        before = [state]
    ys = [np.stack([turn[i] for turn in kept])[:length] for i in range(len(kept[0]))]
    return (*state, *ys, *[np.stack([turn[i] for turn in before])[:length] for i in range(carries)])


def _vjp(
    want: Sequence[bool],
    ys: Any,
    *xs: Value,
    body: Program,
    counts: tuple[int, int],
    length: int,
    reverse: bool = False,
) -> Sequence[Local | None]:
    made: dict[Any, dict[int, Value]] = {}

    def gradient(us: tuple[Value | None, ...], place: int) -> Value:
        key = tuple([None if u is None else u.atom for u in us])
        if key not in made:  # one scan for all inputs
            made[key] = _backward(want, ys, xs, us, body, counts, length, reverse)
        return made[key][place]

    return [
        Through(lambda us, place=place: gradient(us, place), "the loop run back") if w else None
        for place, w in enumerate(want)
    ]


def _backward(
    want: Sequence[bool], ys: Any, xs: Sequence[Value], us: Any, body: Program, counts: Any, length: int, reverse: bool
) -> dict[int, Value]:
    """The gradient of every wanted input, by place: a scan the other way over the body's pullback."""
    consts, carries, results = _parts(body, counts)
    outer = xs[0].builder
    carried = [p for p in range(consts, consts + carries) if body.inputs[p].type.floating]
    fixed = [p for p in range(consts) if want[p]]
    moving = [p for p in range(consts + carries, len(xs)) if want[p]]
    pull = pullback(body, [body.inputs[p] for p in (*carried, *fixed, *moving)])

    inner = Builder()
    like = [inner.input(v.hint, v.type) for v in body.inputs[:consts]]
    adjoints = [inner.input(f"d{body.inputs[p].hint}", body.inputs[p].type) for p in carried]
    sums = [inner.input(f"d{body.inputs[p].hint}", body.inputs[p].type) for p in fixed]
    like += [inner.input(v.hint, v.type) for v in body.inputs[consts:]]
    finals, of_ys, of_hist = us[:carries], us[carries : carries + results], us[carries + results :]
    arriving: list[Value] = []
    seeds: list[Atom] = list(adjoints)
    for k, u in enumerate(of_ys):
        type = body.outputs[carries + k].type
        if not type.floating:
            continue
        if u is None:
            seeds.append(zeros(inner, type))
        else:
            arriving.append(u)
            seeds.append(inner.input("u", type))
    found = inner.inline(pull, [*like, *seeds])[len(body.outputs) :]
    nexts = list(found[: len(carried)])
    for k, p in enumerate(carried):
        u = of_hist[p - consts]
        if u is not None:
            arriving.append(u)
            nexts[k] = (inner.value(nexts[k]) + inner.value(inner.input("u", body.inputs[p].type))).atom
    totals = [(inner.value(s) + inner.value(g)).atom for s, g in zip(sums, found[len(carried) :], strict=False)]
    slices = found[len(carried) + len(fixed) :]
    back = inner.program(f"{body.name}_back", *nexts, *totals, *slices)

    def start(p: int, u: Value | None) -> Value:
        return outer.value(zeros(outer, body.inputs[p].type)) if u is None else u

    given = [
        *xs[:consts],
        *[start(p, finals[p - consts]) for p in carried],
        *[start(p, None) for p in fixed],
        *ys[carries + results :],
        *xs[consts + carries :],
        *arriving,
    ]
    whole = consts + len(carried) + len(fixed)
    outs = scan(
        *[_filled(x, type) for x, type in zip(given, _outer_types(back, whole, length), strict=True)],
        body=back,
        counts=(consts, len(carried) + len(fixed)),
        length=length,
        reverse=not reverse,
    )
    return dict(zip((*carried, *fixed, *moving), outs, strict=False))


def _outer_types(body: Program, whole: int, length: int) -> list[ArrayType]:
    """What the scan over `body` takes: its inputs, those behind the first `whole` once a turn."""
    return [v.type if k < whole else _stacked(v.type, length) for k, v in enumerate(body.inputs)]


def _filled(x: Value, type: ArrayType) -> Value:
    """A bare zero in the shape that the loop takes."""
    return x if x.shape == type.shape else x.apply("broadcast_to", shape=type.shape)


def _jvp(
    tangents: Sequence[Value | None],
    ys: Any,
    *xs: Value,
    body: Program,
    counts: tuple[int, int],
    length: int,
    reverse: bool = False,
) -> tuple[Value | None, ...]:
    consts, carries, results = _parts(body, counts)
    outer = xs[0].builder
    carried = [p for p in range(consts, consts + carries) if body.inputs[p].type.floating]
    fixed = [p for p in range(consts) if tangents[p] is not None]
    moving = [p for p in range(consts + carries, len(xs)) if tangents[p] is not None]
    along = [body.inputs[p] for p in (*fixed, *carried, *moving)]
    push = forward(body, along)

    inner = Builder()
    like = [inner.input(v.hint, v.type) for v in body.inputs[:consts]]
    dots = [inner.input(f"{body.inputs[p].hint}_dot", body.inputs[p].type) for p in (*fixed, *carried)]
    like += [inner.input(v.hint, v.type) for v in body.inputs[consts:]]
    dots += [inner.input(f"{body.inputs[p].hint}_dot", body.inputs[p].type) for p in moving]
    found = inner.inline(push, [*like, *dots])[len(body.outputs) :]
    nexts = [found[p - consts] for p in carried]
    floating = [k for k in range(results) if body.outputs[carries + k].type.floating]
    pushed = inner.program(f"{body.name}_dot", *nexts, *[found[carries + k] for k in floating])

    def dot(p: int) -> Value:
        tangent = tangents[p]
        return outer.value(zeros(outer, body.inputs[p].type)) if tangent is None else tangent

    given = [
        *xs[:consts],
        *map(dot, (*fixed, *carried)),
        *ys[carries + results :],
        *xs[consts + carries :],
        *map(dot, moving),
    ]
    whole = consts + len(fixed) + len(carried)
    outs = scan(
        *[_filled(x, type) for x, type in zip(given, _outer_types(pushed, whole, length), strict=True)],
        body=pushed,
        counts=(consts + len(fixed), len(carried)),
        length=length,
        reverse=reverse,
    )
    result: list[Value | None] = [None] * len(ys)
    for k, p in enumerate(carried):
        result[p - consts] = outs[k]
        result[carries + results + p - consts] = outs[len(carried) + len(floating) + k]
    for k, place in enumerate(floating):
        result[carries + place] = outs[len(carried) + k]
    return tuple(result)


def _body(write: Any, *hints: str) -> Program:
    builder = Builder()
    values = [builder.value(builder.input(h)) for h in hints]
    return builder.program("turn", *[v.atom for v in write(*values)])


def _samples(rng: np.random.Generator) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
    running = _body(lambda c, s, x: (s * x + c, s * s), "c", "s", "x")
    two = _body(lambda c, s, t, x: (s * c + t, t * x, s * t), "c", "s", "t", "x")
    xs = rng.uniform(0.5, 1.5, 3)
    return [
        ((0.7, 1.2, xs), {"body": running, "counts": (1, 1), "length": 3}),
        ((0.7, 1.2, xs), {"body": running, "counts": (1, 1), "length": 3, "reverse": True}),
        ((0.7, 1.2, np.zeros(0)), {"body": running, "counts": (1, 1), "length": 0}),
        ((0.7, 1.2, 0.4, xs), {"body": two, "counts": (1, 2), "length": 3}),
    ]


def _kernel(types: Types, outs: Types, params: Mapping[str, Any]) -> tuple[Turns, ...]:
    loop = Loop(inputs(types), params["body"], params["counts"], params["length"], params["reverse"])
    return tuple([Turns(loop, k, t.shape, t.dtype) for k, t in enumerate(outs)])


scan = structured(
    "scan",
    _scan,
    arity=-1,
    several=True,
    types=_types,
    vjp=_vjp,
    jvp=_jvp,
    params={"body": None, "counts": (0, 0), "length": 0, "reverse": False},
    samples=_samples,
    kernel=_kernel,
    note="a loop: each turn takes the carries of the one before; its gradient is a loop that runs back",
)

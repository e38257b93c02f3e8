"""Many examples at once: a Program of one example becomes one whose values have an axis in front, one entry an example.

Elementwise ops broadcast; an op whose record has a `batch` rule follows it; any other is put into a loop over the
examples, so that every op has a meaning here. What does not depend on an example is computed once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chalkgrad.errors import GradientError
from chalkgrad.ir.build import Builder, Value
from chalkgrad.ir.dims import Dim
from chalkgrad.ir.program import Atom, Program, Step, Var
from chalkgrad.ir.registry import lookup
from chalkgrad.ir.types import ArrayType
from chalkgrad.transform.prune import prune
from chalkgrad.transform.scan import scan


def vectorise(program: Program, batched: Sequence[bool], size: int, alike: int = 0) -> Program:
    """`program` for `size` examples: they stand along axis 0 of each input that is `batched`, and of every output.

    The last `alike` outputs are the same for all, and stay as they are. Raises GradientError where they are not.
    """
    builder = Builder()
    known: dict[Var, Atom] = {}
    many: set[Var] = set()  # the Vars, of either Program, that differ from example to example
    for var, several in zip(program.inputs, batched, strict=True):
        known[var] = new = builder.input(var.hint, _many(var.type, size) if several else var.type)
        if several:
            many.update((var, new))
    for step in program.steps:
        atoms = tuple([known[a] if isinstance(a, Var) else a for a in step.inputs])
        flags = tuple([a in many for a in atoms])
        builder.origin = step.origin
        if not any(flags):
            outs: Sequence[Atom] = builder.bind_many(step.op, *atoms, params=step.params)
        else:
            outs = _batched(builder, step, atoms, flags, size)
            many.update(o for o in outs if isinstance(o, Var))
        for old, new in zip(step.outputs, outs, strict=True):
            if old is not None:
                known[old] = new
                if isinstance(new, Var) and not new.hint:
                    new.hint = old.hint
    outputs: list[Atom] = []
    for place, atom in enumerate(program.outputs):
        new = known[atom] if isinstance(atom, Var) else atom
        if place >= len(program.outputs) - alike:
            if new in many:
                raise GradientError(
                    f"a branch of {program.name} is taken for some examples and not for others: write np.where there"
                )
            outputs.append(new)
            continue
        whole = _many(atom.type, size).shape
        outputs.append(new if new in many else builder.value(new).apply("broadcast_to", shape=whole).atom)
    return prune(builder.program(program.name, *outputs))


def _many(type: ArrayType, size: Dim) -> ArrayType:
    return ArrayType((size, *type.shape), type.dtype)


def _batched(builder: Builder, step: Step, atoms: Sequence[Atom], flags: tuple[bool, ...], size: int) -> Sequence[Atom]:
    op: Any = step.op
    xs = [builder.value(a) for a in atoms]
    if op is scan:
        found: Any = _scan(xs, flags, step.params, size)
    elif op.elementwise:
        found = _bind(builder, op, _aligned(xs, flags), step.params)
    else:
        found = None if op.batch is None else op.batch(op, flags, *xs, **step.params)
        found = _loop(step, xs, flags, size) if found is None else found
    return [v.atom for v in found] if op.several else [found.atom]


def _bind(builder: Builder, op: Any, xs: Sequence[Value], params: Mapping[str, Any]) -> Value:
    """As typed: nothing is folded, so that a value that differs from example to example stays one that does."""
    return builder.value(builder.bind(op, *[x.atom for x in xs], params=params))


def _aligned(xs: Sequence[Value], flags: Sequence[bool]) -> list[Value]:
    """With new axes behind the first of each batched value, so that the others meet as they did for one example."""
    rank = max(len(x.shape) - several for x, several in zip(xs, flags, strict=True))
    out: list[Value] = []
    for x, several in zip(xs, flags, strict=True):
        lacking = rank + 1 - len(x.shape)
        out.append(x.apply("reshape", shape=(x.shape[0], *(1,) * lacking, *x.shape[1:])) if several and lacking else x)
    return out


def _loop(step: Step, xs: Sequence[Value], flags: Sequence[bool], size: int) -> Any:
    """The step once an example."""
    inner = Builder()
    consts = [
        inner.input("", x.type) if isinstance(x.atom, Var) else x.atom for x, f in zip(xs, flags, strict=True) if not f
    ]
    single = [inner.input("", ArrayType(x.shape[1:], x.type.dtype)) for x, f in zip(xs, flags, strict=True) if f]
    rows, still = iter(single), iter(consts)
    outs = inner.bind_many(step.op, *[next(rows) if f else next(still) for f in flags], params=step.params)
    op: Any = step.op
    body = inner.program(op.name, *outs)
    given = [x for x, f in zip(xs, flags, strict=True) if not f and isinstance(x.atom, Var)]
    found = scan(
        *given,
        *[x for x, f in zip(xs, flags, strict=True) if f],
        body=body,
        counts=(len(given), 0),
        length=size,
    )
    return found if op.several else found[0]


def _scan(xs: Sequence[Value], flags: Sequence[bool], params: Mapping[str, Any], size: int) -> tuple[Value, ...]:
    """A loop for every example at once: each turn is taken by all of them."""
    body: Program = params["body"]
    consts, carries = params["counts"]
    moving = consts + carries
    whole = [several or consts <= place < moving for place, several in enumerate(flags)]
    given: list[Value] = []
    for place, (x, several) in enumerate(zip(xs, flags, strict=True)):
        if place >= moving:
            given.append(_swapped(x) if several else x)
        elif whole[place] and not several:
            given.append(x.apply("broadcast_to", shape=(size, *x.shape)))
        else:
            given.append(x)
    found = scan(*given, **{**params, "body": vectorise(body, whole, size)})
    return tuple([y if place < carries else _swapped(y) for place, y in enumerate(found)])


def _swapped(x: Value) -> Value:
    """The examples and the turns of a loop, which are the first two axes, change places."""
    return lookup("transpose")(x, axes=(1, 0, *range(2, len(x.shape))))

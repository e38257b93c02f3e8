"""Reverse mode. A Program in; out, a Program that also gives the gradients, and a record of every edge.

The local derivative of an edge is the step's linear map; its contribution is the upstream gradient sent back
through that map; for scalars that is a product. Contributions that meet at a node are added.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np

from chalkgrad.errors import GradientError
from chalkgrad.ir.build import Builder, Value
from chalkgrad.ir.collection import no_collection
from chalkgrad.ir.dims import Shape
from chalkgrad.ir.names import names
from chalkgrad.ir.program import Atom, Number, Program, Step, Var, number
from chalkgrad.ir.registry import lookup
from chalkgrad.ir.types import ArrayType
from chalkgrad.ops.local import Local, Matrix, Select, Through, Times, fit
from chalkgrad.transform.prune import prune


@final
@dataclass(frozen=True, slots=True, eq=False)
class Contribution:
    """One edge, seen from behind: what the output of `step` sends back to its input at `position`.

    `upstreams` are the adjoints of the step's outputs, None for one that nothing reached; `value` is what arrives,
    `made` the steps that computed it. `gate`, where there is one, says where a branch was taken; elsewhere the edge
    sends 0, whatever its local is.
    """

    step: Step
    position: int
    upstreams: tuple[Atom | None, ...]
    local: Local
    value: Atom
    made: tuple[Step, ...]
    gate: Atom | None = None

    @property
    def upstream(self) -> Atom:
        """The adjoint of the output, or of the first output that was reached."""
        return next(u for u in self.upstreams if u is not None)

    @property
    def target(self) -> Var:
        """The Var that the contribution belongs to."""
        atom = self.step.inputs[self.position]
        assert isinstance(atom, Var)
        return atom


@final
@dataclass(frozen=True, slots=True, eq=False)
class Backprop:
    """`program` and its gradient.

    `gradient` takes the inputs of `program` and the upstream gradients `seeds`, one for each floating output; its
    outputs are those of `program` and then one gradient for each Var in `wrt`. `adjoint` holds the total of every Var
    that was reached, `contributions` every edge, in the order of the backward pass.
    """

    program: Program
    gradient: Program
    seeds: tuple[Var, ...]
    wrt: tuple[Var, ...]
    adjoint: Mapping[Var, Atom]
    contributions: tuple[Contribution, ...]

    @property
    def seed(self) -> Var:
        """The upstream gradient of a function of one result."""
        (seed,) = self.seeds
        return seed

    def into(self) -> dict[Var, list[Contribution]]:
        """For every Var, the contributions that add up to its gradient."""
        found: dict[Var, list[Contribution]] = {}
        for c in self.contributions:
            found.setdefault(c.target, []).append(c)
        return found


def backprop(program: Program, wrt: Sequence[Var] | None = None, seed_name: str = "") -> Backprop:
    """Differentiate the one output of `program` with respect to `wrt`, by default every floating input.

    Raises GradientError where the output, or what is asked for, is no floating value of `program`, or a step on the
    way has no derivative.
    """
    if len(program.outputs) != 1:
        raise GradientError(f"{program.name} gives {len(program.outputs)} results: differentiate one at a time")
    if not program.output.type.floating:
        kind = "true or false" if program.output.type.dtype == "bool" else "a whole number"
        raise GradientError(f"{program.name} is {kind}: only a real value has a gradient")
    with no_collection():
        return _backprop(program, wrt, seed_name)


def pullback(program: Program, wrt: Sequence[Var] | None = None, of: int | None = None) -> Program:
    """The inputs and an upstream gradient for each floating output; the outputs, and the gradients of their sum.

    `wrt` is every floating input by default; only the first `of` outputs are differentiated, by default all. Raises
    GradientError as `backprop` does.
    """
    with no_collection():
        return prune(_backprop(program, wrt, "", of).gradient)


def _backprop(program: Program, wrt: Sequence[Var] | None, seed_name: str, of: int | None = None) -> Backprop:
    called = names(program)
    for var in wrt or ():
        if var not in called:
            raise GradientError(f"{var.hint or 'a value'} does not belong to {program.name}")
        if not var.type.floating:
            raise GradientError(f"{called[var]} is {var.type}: only a real value has a gradient")
    targets = tuple(v for v in program.inputs if v.type.floating) if wrt is None else tuple(wrt)
    builder = Builder()
    builder.inputs.extend(program.inputs)
    builder.steps.extend(program.steps)

    needed = _reached(program, targets)
    waiting: dict[Var, list[tuple[Value, Value | None]]] = {}
    seeds: list[Var] = []
    for output in program.outputs[:of]:
        if output.type.floating:
            named = called[output] if isinstance(output, Var) else program.name
            seeds.append(builder.input(seed_name or f"d{named}", output.type))
            if isinstance(output, Var) and output in needed:
                waiting.setdefault(output, []).append((builder.value(seeds[-1]), None))
    seeded = frozenset(waiting)
    adjoint: dict[Var, Atom] = {}
    gates: dict[Var, Value | None] = {}
    contributions: list[Contribution] = []

    def close(var: Var) -> Value | None:
        """Add up what arrived at `var`: one step, even for a single arrival, since the worksheet has that row."""
        arrived = waiting.pop(var, None)
        if arrived is None:
            return None
        if len(arrived) == 1 and var in seeded:  # its own
            adjoint[var] = arrived[0][0].atom
            return arrived[0][0]
        values = [a.atom for a, _ in arrived]
        total = builder.bind(lookup("accumulate"), *values, hint=f"d{called[var]}")
        if total.type.dtype != var.type.dtype:  # what is float32 has a float32 gradient, whatever it met
            total.hint, width = "", {"dtype": var.type.dtype}
            total = builder.bind(lookup("cast"), total, params=width, hint=f"d{called[var]}")
        adjoint[var] = total
        if all(g is not None for _, g in arrived):
            gate = arrived[0][1]
            for _, other in arrived[1:]:
                gate = lookup("logical_or")(gate, other)
            gates[var] = gate
        return builder.value(total)

    for step in reversed(program.steps):
        upstreams = tuple([close(v) if v is not None and v in waiting else None for v in step.outputs])
        if all(u is None for u in upstreams):
            continue
        gate = _gate_of(step, upstreams, gates)
        builder.origin = step.origin
        before = len(builder.steps)
        for position, local in enumerate(_locals(step, builder, needed)):
            if local is None:
                continue
            value, onward = _send(local, upstreams if _several(step) else upstreams[0], gate)
            value = as_wide(value, step.inputs[position].type)
            made = _behind(value.atom, builder.steps[before:])
            shut = None if gate is None else gate.atom
            arrived = tuple([None if u is None else u.atom for u in upstreams])
            contributions.append(Contribution(step, position, arrived, local, value.atom, made, shut))
            waiting.setdefault(contributions[-1].target, []).append((value, onward))
    builder.origin = None
    for var in program.inputs:
        close(var)
    gradients = tuple(adjoint.get(v) or zeros(builder, v.type) for v in targets)
    whole = replace(builder.program(f"d{program.name}", *program.outputs, *gradients), inputs=(*program.inputs, *seeds))
    # a rule may leave its upstream unread, as that of a determinant's sign does; the row of that upstream stays
    shown = replace(whole, outputs=(*whole.outputs, *adjoint.values()))
    gradient = replace(prune(shown, keep=frozenset(program.steps)), outputs=whole.outputs)
    kept = frozenset(gradient.steps)
    edges = tuple([c if kept.issuperset(c.made) else _with_made(c, kept) for c in contributions])
    return Backprop(program, gradient, tuple(seeds), targets, adjoint, edges)


def _with_made(edge: Contribution, kept: frozenset[Step]) -> Contribution:
    return replace(edge, made=tuple([s for s in edge.made if s in kept]))


def _reached(program: Program, wrt: Sequence[Var]) -> set[Var]:
    """The Vars that depend on `wrt` through floating values."""
    reached = set(wrt)
    for step in program.steps:
        if any(isinstance(a, Var) and a in reached for a in step.inputs):
            reached.update(v for v in step.outputs if v is not None and v.type.floating)
    return reached


def _locals(step: Step, builder: Builder, needed: set[Var]) -> Sequence[Local | None]:
    op: Any = step.op
    want = tuple([isinstance(a, Var) and a in needed for a in step.inputs])
    if not any(want):  # the step gives a value that was asked for, out of what was not
        return ()
    if op.vjp is None:
        where = f" ({step.origin})" if step.origin else ""
        raise GradientError(f"{op.name}{where} has no derivative rule")
    found = op.vjp(want, result(builder, step), *map(builder.value, step.inputs), **step.params)
    return [local if w else None for w, local in zip(want, found, strict=True)]


def result(builder: Builder, step: Step) -> Any:
    """What the step gives, as its rules see it: a value, or a tuple of them."""
    if not _several(step):
        return builder.value(step.output)
    outs: Sequence[Var | None] = step.outputs
    if None in outs:  # a rule may read what nobody else does
        outs = builder.bind_many(step.op, *step.inputs, params=step.params)
    return tuple([builder.value(v) for v in outs if v is not None])


def _several(step: Step) -> bool:
    op: Any = step.op
    return op.several


def _gate_of(step: Step, upstreams: Sequence[Value | None], gates: Mapping[Var, Value | None]) -> Value | None:
    """Where a branch was taken behind the step; of several results, whether one was behind any of them."""
    if not _several(step):
        return gates.get(step.output)
    behind = [gates.get(v) for v, u in zip(step.outputs, upstreams, strict=True) if v is not None and u is not None]
    gate: Value | None = None
    for other in behind:
        if other is None:
            return None
        taken = _somewhere(other)
        gate = taken if gate is None else lookup("logical_or")(gate, taken)
    return gate


def as_wide(value: Value, type: ArrayType) -> Value:
    """`value` in the width of `type`: a gradient is as wide as its variable, also where float32 met float64."""
    return value if value.type.dtype == type.dtype else value.apply("cast", dtype=type.dtype)


def _somewhere(gate: Value) -> Value:
    return gate if gate.shape == () else lookup("any")(gate)


def _send(local: Local, upstream: Any, gate: Value | None) -> tuple[Value, Value | None]:
    """The contribution, and where its own branch was taken.

    Where a branch was not taken the upstream is 0, and so must the contribution be, even times an infinite local.
    """
    where, indicator = lookup("where"), lookup("indicator")
    if isinstance(local, Select):
        taken = local.mask if gate is None else lookup("logical_and")(local.mask, gate)
        value = where(local.mask, upstream, 0.0)
        return fit(value, local.shape), _fit_gate(taken, value.shape, local.shape)
    if gate is None:
        return local.send(upstream), None
    if isinstance(local, Times):
        product = local.product(upstream)
        value = product if local.constant else where(gate, product, 0.0)
        return fit(value, local.shape), _fit_gate(gate, value.shape, local.shape)
    if isinstance(local, (Matrix, Through)):
        somewhere = _somewhere(gate)
        value = where(somewhere, local.send(upstream), 0.0)
        return value, lookup("broadcast_to")(somewhere, shape=value.shape) if value.shape else somewhere
    return local.send(upstream), local.send(indicator(gate)) > 0


def _fit_gate(gate: Value, wide: Shape, shape: Shape) -> Value:
    if gate.shape == shape:
        return gate
    spread = gate if gate.shape == wide else lookup("broadcast_to")(gate, shape=wide)
    return fit(lookup("indicator")(spread), shape) > 0


def _behind(atom: Atom, steps: list[Step]) -> tuple[Step, ...]:
    """Those of the steps that `atom` depends on: the local and the product, but not another input's."""
    read: set[object] = {atom}
    found: list[Step] = []
    for step in reversed(steps):
        if not read.isdisjoint(step.outputs):
            found.append(step)
            read.update(step.inputs)
    return tuple(reversed(found))


def zeros(builder: Builder, type: ArrayType) -> Atom:
    """The gradient of what the output does not depend on."""
    zero = Number(np.dtype(type.dtype).type(0), ArrayType((), type.dtype))
    if not type.shape:
        return zero if type.dtype == "float32" else number(0.0)
    sizes = [n for n in type.shape if isinstance(n, int)]
    if len(sizes) == len(type.shape):
        return number(np.zeros(sizes, type.dtype))
    return builder.bind(lookup("broadcast_to"), zero, params={"shape": type.shape})

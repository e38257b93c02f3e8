"""Loops whose body is a Program, in C: the carries stand in arrays, and each turn writes its slices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalkgrad.ir.program import Atom, Program, Var
from chalkgrad.ir.types import ArrayType
from chalkgrad.ops.kernel import Loop, Table
from chalkgrad.render.c_held import Held, size_of
from chalkgrad.render.c_names import CTYPES, literal
from chalkgrad.transform.lowered import Lowered

if TYPE_CHECKING:
    from chalkgrad.render.c_loops import Loops


def turns(loops: Loops, loop: Loop) -> list[Held]:
    """Write a loop, and say where its results lie: the carries, what each turn gives, the carries before each turn."""
    loops.ready(loop.args)
    body: Program = loop.body
    consts, carries = loop.counts
    outs = [a.type for a in body.outputs]
    state: list[Held] = []
    for var, source in zip(body.inputs[consts:], loop.args[consts : consts + carries], strict=False):
        name = loops.array(loops.fresh(var.hint or "carry"), var.type.dtype, var.type.shape)
        loops.read.add(name)
        _move(loops, _held(loops, source), name, "0", var.type)
        state.append(_first(name, var.type))
    stacked = [*outs[carries:], *outs[:carries]]
    names = ["each"] * (len(outs) - carries) + ["before"] * carries
    kept = [loops.array(loops.fresh(n), t.dtype, (loop.length, *t.shape)) for n, t in zip(names, stacked, strict=True)]
    turn = loops.fresh("turn")
    upward = f"int64_t {turn} = 0; {turn} < {loop.length}; {turn}++"
    downward = f"int64_t {turn} = {loop.length - 1}; {turn} >= 0; {turn}--"
    with loops.block(f"for ({downward if loop.reverse else upward})"):
        loops.declared.append([])
        for here, name, type in zip(state, kept[len(outs) - carries :], outs, strict=False):
            _move(loops, here, name, turn, type)
        for k, var in enumerate(body.inputs):
            if k < consts:
                loops.held[var] = _held(loops, loop.args[k])
            elif k < consts + carries:
                loops.held[var] = state[k - consts]
            else:
                loops.held[var] = _slice_of(loops, loop.args[k], var, turn)
        loops.program(Lowered(body, ()), {})
        carried = frozenset(body.inputs[consts : consts + carries])
        found = [_next(loops, a, carried if k < carries else frozenset()) for k, a in enumerate(body.outputs)]
        for value, name, type in zip(found[carries:], kept, outs[carries:], strict=False):
            _move(loops, value, name, turn, type)
        for value, here, type in zip(found, state, outs, strict=False):
            _move(loops, value, here.text.removesuffix("[0]"), "0", type)
        loops.unread()
    types = [ArrayType((loop.length, *t.shape), t.dtype) for t in stacked]
    return [*state, *[_first(name, type) for name, type in zip(kept, types, strict=True)]]


def _first(name: str, type: ArrayType) -> Held:
    return Held(name, scalar=False) if type.shape else Held(f"{name}[0]", scalar=True)


def _held(loops: Loops, source: Any) -> Held:
    """Where an argument lies."""
    if isinstance(source, Table) and not source.shape:
        return Held(literal(source.values[()].item(), source.dtype), scalar=True)
    held = loops.source(source)
    loops.read.add(held.text)
    return held


def _slice_of(loops: Loops, source: Any, var: Var, turn: str) -> Held:
    """What a turn takes of an array."""
    whole = _held(loops, source).text
    if not var.type.shape:
        return Held(f"{whole}[{turn}]", scalar=True)
    name = loops.fresh(var.hint or "slice")
    loops.put(f"const {CTYPES[var.type.dtype]} *{name} = {whole} + {turn} * {size_of(var.type.shape)};")
    loops.declared[-1].append(name)
    return Held(name, scalar=False)


def _next(loops: Loops, atom: Atom, carried: frozenset[Var]) -> Held:
    """A result of the body; a carry that becomes another one is kept before either is written."""
    text, scalar = loops.atom(atom)
    if not isinstance(atom, Var) or atom not in carried:
        return Held(text, scalar)
    if scalar:
        name = loops.fresh("kept")
        loops.put(f"const {CTYPES[atom.type.dtype]} {name} = {text};")
        return Held(name, scalar=True)
    name = loops.array(loops.fresh("kept"), atom.type.dtype, atom.type.shape)
    loops.read.add(name)
    loops.copy(text, name, size_of(atom.type.shape))
    return Held(name, scalar=False)


def _move(loops: Loops, value: Held, into: str, at: str, type: ArrayType) -> None:
    """Write a value to the place `at` of an array of such values."""
    if value.scalar:
        loops.put(f"{into}[{at}] = {value.text};")
    else:
        size = size_of(type.shape)
        loops.copy(value.text, into if at == "0" else f"({into} + {at} * {size})", size)

"""What is compiled in place of a prepared Program that has loops: the same, with as little as can be within them."""

from __future__ import annotations

from dataclasses import replace

from chalkgrad.ir.collection import no_collection
from chalkgrad.ir.program import Atom, Program, Step, Var
from chalkgrad.transform.loops.checkpoint import in_pieces
from chalkgrad.transform.loops.keep import keep
from chalkgrad.transform.loops.split import split
from chalkgrad.transform.loops.tidy import Outside, drop, tidy
from chalkgrad.transform.loops.turning import Turning
from chalkgrad.transform.prepare import prepare
from chalkgrad.transform.prune import prune
from chalkgrad.transform.scan import scan


def opened(program: Program) -> Program:
    """The Program with its loops made as small as they can be; only the order of sums may be another."""
    if all([s.op is not scan for s in program.steps]):
        return program
    with no_collection():
        return prepare(_opened(prepare(in_pieces(program))))


def _opened(program: Program) -> Program:
    taken = [(step, Turning.of(step)) for step in program.steps]
    keep([loop for _, loop in taken if loop is not None])
    outside = Outside()
    for step, loop in _live(taken, program):
        if loop is None:
            outside.write(step)
            continue
        _around(loop, outside)
        tidy(loop, outside)
        behind = split(loop, outside)
        if loop.carries or loop.ys:
            made = loop.step()
            outside.write(made.with_bodies(opened))
        behind()
    outputs = tuple([outside.now(a) for a in program.outputs])
    return prune(replace(program, steps=tuple(outside.builder.steps), outputs=outputs))


def _around(loop: Turning, outside: Outside) -> None:
    """With what is given as it is now."""
    loop.consts = [(v, outside.now(a)) for v, a in loop.consts]
    loop.xs = [(v, outside.now(a)) for v, a in loop.xs]
    for carry in loop.carries:
        carry.init = outside.now(carry.init)


def _live(taken: list[tuple[Step, Turning | None]], program: Program) -> list[tuple[Step, Turning | None]]:
    """Without what nobody reads, loops without the results that nobody reads."""
    read: set[Atom] = set(program.outputs)
    found: list[tuple[Step, Turning | None]] = []
    for step, loop in reversed(taken):
        if loop is None:
            if not read.isdisjoint(step.outputs):
                found.append((step, None))
                read.update(step.inputs)
            continue
        loop.ys = [(y, _kept(out, read)) for y, out in loop.ys]
        for carry in loop.carries:
            carry.final, carry.history = _kept(carry.final, read), _kept(carry.history, read)
        drop(loop)
        if loop.ys or loop.carries:
            found.append((step, loop))
            read.update([a for _, a in (*loop.consts, *loop.xs)])
            read.update([c.init for c in loop.carries])
    return found[::-1]


def _kept(out: Var | None, read: set[Atom]) -> Var | None:
    return out if out in read else None

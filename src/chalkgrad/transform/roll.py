"""A loop that was unrolled when it was traced, as a `scan` again.

Python loops of fixed length leave their body in a trace once a turn. Here steps that repeat are found (`periods`), how
they hang together is made out exactly (`wiring`), and they become one step whose body is one turn (`rolling`): what a
turn reads of the turn before is a carry, what it reads at a place that moves on is a slice, what is read later of every
turn is a result. Where any turn is wired otherwise, nothing is rolled.

It is done to what is run, never to what is shown. Values stay as they are, bit for bit; in gradients only the order in
which the contributions of the turns are added up may be another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from chalkgrad.ir.collection import no_collection
from chalkgrad.ir.program import Atom, Program, Step, Var
from chalkgrad.transform.loops.gated import gated
from chalkgrad.transform.loops.periods import TURNS, Ids, Stretch, kinds, stretches, weights_of
from chalkgrad.transform.loops.rolling import Roll
from chalkgrad.transform.loops.wiring import Place, Wiring, best_cut, wired
from chalkgrad.transform.loops.writes import forwarded
from chalkgrad.transform.prune import prune

# Loops that are rolled one after another, the inner ones of a nest before the outer ones.
_ROUNDS = 16
# Turns at either end that may be wired otherwise, and stay as they are.
_ENDS = ((0, 0), (1, 0), (0, 1), (1, 1), (2, 0), (2, 1))


def rolled(program: Program) -> Program:
    """The Program with loops in place of steps that repeat; the same one where there are none."""
    if len(program.steps) < TURNS:
        return program
    with no_collection():
        found = forwarded(program)
        done = False
        for _ in range(_ROUNDS):
            after = _rolled_once(found)
            if after is None:
                break
            found, done = after, True
    return prune(found, keep=_unread(program)) if done else program


def _unread(program: Program) -> frozenset[Step]:
    """The steps of a person's that give what nobody reads; they stay."""
    read: set[Any] = {a for s in program.steps for a in s.inputs} | set(program.outputs)
    return frozenset(s for s in program.steps if read.isdisjoint(s.outputs))


def _rolled_once(program: Program) -> Program | None:
    steps = program.steps
    weights = weights_of(steps)
    repeated = stretches(kinds(steps), weights)
    if not repeated:
        return None
    made: dict[Var, Place] = {
        v: (place, k) for place, s in enumerate(steps) for k, v in enumerate(s.outputs) if v is not None
    }
    for found in repeated:
        loops: list[Roll] = []
        for stretch in found:
            wiring = _wiring(steps, made, stretch, weights)
            # two stretches may share steps: then the next round looks again
            shared = wiring is not None and loops and wiring.stretch.start < loops[-1].stretch.stop
            if wiring is not None and not shared and not gated(steps, wiring.stretch):
                roll = Roll(program, made, wiring)
                if roll.possible:
                    loops.append(roll)
        if loops:
            return _replaced(program, loops)
    return None


def _wiring(steps: Sequence[Step], made: Mapping[Var, Place], stretch: Stretch, weights: Ids) -> Wiring | None:
    """How the turns hang together, cut where that is best."""
    period = stretch.period
    for cut in dict.fromkeys((best_cut(steps, made, stretch), 0)):
        turns = (stretch.length - cut) // period
        for first, last in _ENDS:
            inner = Stretch(stretch.start + cut + first * period, period, (turns - first - last) * period)
            if inner.turns >= TURNS and inner.long(weights) and (found := wired(steps, made, inner)) is not None:
                return found
    return None


def _replaced(program: Program, loops: Sequence[Roll]) -> Program:
    """The Program with these loops, which do not overlap."""
    same: dict[Var, Atom] = {}
    steps: list[Step] = []
    at = 0

    def now(step: Step) -> Step:
        if same.keys().isdisjoint(step.inputs):
            return step
        return replace(step, inputs=tuple([same.get(a, a) if isinstance(a, Var) else a for a in step.inputs]))

    for loop in loops:
        steps.extend([now(s) for s in program.steps[at : loop.stretch.start]])
        before, change = loop.write()
        steps.extend([now(s) for s in before])
        same.update(change)
        at = loop.stretch.stop
    steps.extend([now(s) for s in program.steps[at:]])
    outputs = tuple([same.get(a, a) if isinstance(a, Var) else a for a in program.outputs])
    return replace(program, steps=tuple(steps), outputs=outputs)

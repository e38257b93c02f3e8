"""Drop what nobody reads, and copies."""

from __future__ import annotations

from dataclasses import replace

from chalkgrad.ir.program import Atom, Program, Step, Var


def prune(program: Program, keep: frozenset[Step] = frozenset()) -> Program:
    """The Program without the steps that no output depends on; those in `keep` stay."""
    read: set[object] = set(program.outputs)
    kept: list[Step] = []
    for step in reversed(program.steps):
        outs = step.outputs
        if (outs[0] in read if len(outs) == 1 else not read.isdisjoint(outs)) or step in keep:
            kept.append(step)
            read.update(step.inputs)
    if len(kept) == len(program.steps):
        return program
    return program.with_steps(tuple(reversed(kept)))


def tidy(program: Program) -> Program:
    """The Program without dead steps and without copies: an `accumulate` of a single arrival is one."""
    same: dict[Var, Atom] = {}

    def follow(atom: Atom) -> Atom:
        return same.get(atom, atom) if isinstance(atom, Var) else atom

    steps: list[Step] = []
    for step in program.steps:
        inputs = tuple([follow(a) for a in step.inputs])
        if step.op.name == "accumulate" and len(inputs) == 1:
            same[step.output] = inputs[0]
        else:
            steps.append(step if inputs == step.inputs else replace(step, inputs=inputs))
    outputs = tuple(follow(a) for a in program.outputs)
    return prune(replace(program, steps=tuple(steps), outputs=outputs))

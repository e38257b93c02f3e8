"""A Program written into a trace that is still running."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from chalkgrad.errors import TraceError
from chalkgrad.ir.program import Atom, Program, Var
from chalkgrad.trace.apply import atom_for
from chalkgrad.trace.holder import Holder
from chalkgrad.trace.session import Guard, Session
from chalkgrad.trace.tracer import Traced


def inline(program: Program, values: Sequence[Any], guards: Sequence[Guard] = ()) -> list[Any]:
    """Write the steps of `program`, its inputs being `values`, into the innermost running trace of these.

    Gives the outputs, traced values all. Each guard, of an atom of `program`, is one of that trace from now on.
    Raises TraceError where none of the values is traced.
    """
    found: Session | None = None
    for value in values:
        if isinstance(value, Holder) and (found is None or value.session.depth > found.depth):
            found = value.session
    if found is None:
        raise TraceError("none of the values is traced: the Program can be run, and need not be written anywhere")
    session = found
    here = Traced(session, program.inputs[0])
    atoms = [atom_for(here, value) for value in values]
    watched: list[Atom] = [g.atom for g in guards]
    whole = Program(program.name, program.inputs, program.steps, (*program.outputs, *watched))
    outs = session.builder.inline(whole, atoms)
    count = len(program.outputs)
    for guard, atom in zip(guards, outs[count:], strict=True):
        if isinstance(atom, Var) and atom not in session.guards:
            session.guards[atom] = replace(guard, atom=atom)
    return [Traced(session, atom) for atom in outs[:count]]

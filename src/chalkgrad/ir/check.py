"""A legal Program, said in code."""

from __future__ import annotations

from chalkgrad.errors import ProgramError
from chalkgrad.ir.program import Number, Program, Var, input_types


def check(program: Program) -> Program:
    """Give `program` back if it is legal: everything bound once and before it is read, every type as inferred.

    Raises ProgramError, naming the step.
    """
    bound: set[Var] = set()
    for var in program.inputs:
        if var in bound:
            raise ProgramError(f"input {var} of {program.name} stands twice")
        bound.add(var)
    for place, step in enumerate(program.steps):
        where = f"step {place} ({step.op.name}) of {program.name}"
        for atom in step.inputs:
            if isinstance(atom, Var) and atom not in bound:
                raise ProgramError(f"{where} reads {atom} before it is bound")
        try:
            inferred = step.op.infer(input_types(step.inputs), step.params)
        except ProgramError as error:
            raise error.__class__(f"{where}: {error}") from None
        if len(inferred) != len(step.outputs):
            raise ProgramError(f"{where} has {len(step.outputs)} outputs, the op gives {len(inferred)}")
        for out, wanted in zip(step.outputs, inferred, strict=True):
            if out is None:
                continue
            if out in bound:
                raise ProgramError(f"{where} binds {out} a second time")
            if out.type != wanted:
                raise ProgramError(f"{where} gives {wanted}, its output says {out.type}")
            bound.add(out)
    for atom in program.outputs:
        if not isinstance(atom, Number) and atom not in bound:
            raise ProgramError(f"output {atom} of {program.name} is not bound")
    return program

"""From a Program to its machine code: planned as loops, given lanes, and written out."""

from __future__ import annotations

from chalkgrad.ir.program import Program
from chalkgrad.native.artifact import Artifact
from chalkgrad.native.emit.emit import emit
from chalkgrad.native.emit.lanes import choose
from chalkgrad.native.plan.plan import plan
from chalkgrad.native.tape.tape import suits, tape
from chalkgrad.native.threads import in_parts


def build(program: Program) -> Artifact:
    """The machine code of a Program that was prepared, and whose steps are all loops over entries.

    Raises ProgramError where a step is not: see `chalkgrad.native.segments`, which runs such Programs in pieces.
    """
    if suits(program) and (found := tape(program)) is not None:
        return found
    return emit(choose(in_parts(plan(program))))

"""A person's text as a Program, with abstract functions filled in: bounded before anything is done with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalkgrad.errors import NotationError, TooLarge, UnknownName
from chalkgrad.ir.dims import count
from chalkgrad.ir.program import Program, Var
from chalkgrad.notation.filling import read_filling
from chalkgrad.notation.read import Reading, read
from chalkgrad.transform.fill import abstract_steps, fill

ENTRIES = 2_000_000


def read_function(
    text: str, values: Mapping[str, Any], functions: tuple[str, ...] = (), lets: Mapping[str, str] | None = None
) -> Reading:
    """Read maths text at the shapes of these values.

    `functions` are the abstract functions that it calls, those that `lets` fills in among them. Raises what `read`
    does, UnknownName for a function that nothing calls, and TooLarge.
    """
    found = filled_in(read(text, values, functions), functions, lets or {})
    _bounded(found.program)
    return found


def filled_in(reading: Reading, functions: tuple[str, ...], lets: Mapping[str, str]) -> Reading:
    """The abstract functions in `lets` filled in; the echo says first with what.

    Raises UnknownName for a function that nothing calls, NotationError for one that is filled in by way of itself.
    """
    program = reading.program
    called = dict.fromkeys(abstract_steps(program))
    found: dict[str, Reading] = {}
    for _ in range(len(lets) + 1):
        wanted = {name: step for name, step in abstract_steps(program).items() if name in lets}
        if not wanted:
            break
        for name, step in wanted.items():
            if name not in found:
                stand = [a.hint if isinstance(a, Var) else "" for a in step.inputs]
                found[name] = read_filling(name, lets[name], stand, functions)
        program = fill(program, {name: found[name].program for name in wanted})
        called |= dict.fromkeys(abstract_steps(program))
    else:
        raise NotationError("these are filled in by way of each other: " + ", ".join(lets))
    for name in functions:
        if name not in called:
            calls = f"; it calls {', '.join([*called][:8])}" if called else ""
            raise UnknownName(f"the text does not call the abstract function '{name}'{calls}")
    return Reading(program, (*[line for one in found.values() for line in one.echo], *reading.echo))


def _bounded(program: Program) -> None:
    """Refuse a text whose arrays would hold more than `ENTRIES` numbers in all: a few letters can ask for any size."""
    sizes = [count(v.type.shape) for v in program.variables()]
    total = sum(n for n in sizes if isinstance(n, int))
    if total > ENTRIES:
        raise TooLarge(f"the text asks for arrays of {total} numbers in all; {ENTRIES} are the most that a text may")

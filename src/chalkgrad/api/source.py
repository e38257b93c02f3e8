"""Whatever a user hands in, as a Program: maths text, a Python function, or a Program."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

from chalkgrad import ops
from chalkgrad.errors import ChalkgradError, ValueNeeded
from chalkgrad.evaluate.functions import filled_in, read_function
from chalkgrad.ir.program import Program
from chalkgrad.notation.filling import by_name, read_names
from chalkgrad.notation.read import Reading
from chalkgrad.trace.record import leaves, record, taken, without_guards
from chalkgrad.transform.conventions import choose

Source = str | Program | Callable[..., Any]

assert ops, "importing the ops fills the table"


@final
@dataclass(frozen=True, slots=True)
class Sourced:
    """A Program, how its text was understood, and the values given by input name."""

    program: Program
    echo: tuple[str, ...]
    values: Mapping[str, Any]


def source_of(
    source: Source,
    args: Sequence[Any] = (),
    values: Mapping[str, Any] | None = None,
    abstract: str | Iterable[str] = (),
    let: Mapping[str, str] | None = None,
) -> Sourced:
    """Read, trace or take `source`.

    `args` are values in the order of the inputs, `values` by name. A Python function needs values, since they give
    the shapes it is traced with. `abstract` names functions that a text calls and does not give, `let` says what
    they are. Raises ChalkgradError, of the kind that says what was wrong.
    """
    named = dict(values or {})
    lets = by_name(let or {})
    functions = tuple(dict.fromkeys([*read_names(abstract), *lets]))
    if isinstance(source, str):
        if args:
            raise ChalkgradError("values of a text's inputs are given by name: work(text, x=1) or values={'x': 1}")
        found = read_function(source, named, functions, lets)
        return Sourced(found.program, found.echo, named)
    if isinstance(source, Program):
        names = [v.hint for v in source.inputs]
        filled = filled_in(Reading(source, ()), functions, lets)
        return Sourced(filled.program, filled.echo, {**dict(zip(names, args, strict=False)), **named})
    if functions:
        raise ChalkgradError("abstract and let are for maths text; a Python function calls what it means")
    if not callable(source):
        raise ChalkgradError(f"expected maths text, a function or a Program, got {type(source).__name__}")
    if not args and not named:
        called = getattr(source, "__name__", "the function")
        raise ValueNeeded(f"{called} needs values to be traced with: they give its shapes")
    made = record(source, tuple(args), named)
    program = without_guards(made.program, made.guards)
    values_of = zip([v.hint for v in program.inputs], leaves(source, tuple(args), named), strict=True)
    return Sourced(program, taken(made.guards), dict(values_of))


def set_conventions(program: Program, relu_at_zero: int | None, tie: str | None) -> Program:
    """The user's choices at the hard points."""
    chosen = {"relu_at_zero": relu_at_zero, "tie": tie}
    return choose(program, {k: v for k, v in chosen.items() if v is not None})

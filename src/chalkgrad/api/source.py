"""Whatever a user hands in, as a Program: maths text, a Python function, or a Program."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, final

from chalkgrad import ops
from chalkgrad.errors import ChalkgradError, NotationError, TooLarge, UnknownName, ValueNeeded
from chalkgrad.ir.dims import count
from chalkgrad.ir.program import Program, Var
from chalkgrad.notation.filling import by_name, read_filling, read_names
from chalkgrad.notation.read import Reading, read
from chalkgrad.trace.record import leaves, record, taken, without_guards
from chalkgrad.transform.conventions import choose
from chalkgrad.transform.fill import abstract_steps, fill
from chalkgrad.transform.gates import expand, recognise

Source = str | Program | Callable[..., Any]
Gates = Literal["typed", "fine", "whole"]

ENTRIES = 2_000_000

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
        found = _filled(read(source, named, functions), functions, lets)
        _bounded(found.program)
        return Sourced(found.program, found.echo, named)
    if isinstance(source, Program):
        names = [v.hint for v in source.inputs]
        filled = _filled(Reading(source, ()), functions, lets)
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


def _filled(reading: Reading, functions: tuple[str, ...], lets: Mapping[str, str]) -> Reading:
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


def set_gates(program: Program, gates: Gates) -> Program:
    """`typed` leaves it as it is, `fine` opens every gate, `whole` closes 1/(1+e^-z) to σ."""
    if gates == "fine":
        return expand(program)
    if gates == "whole":
        return recognise(program)
    if gates != "typed":
        raise ChalkgradError(f"gates is one of typed, fine, whole, not {gates!r}")
    return program


def set_conventions(program: Program, relu_at_zero: int | None, tie: str | None) -> Program:
    """The user's choices at the hard points."""
    chosen = {"relu_at_zero": relu_at_zero, "tie": tie}
    return choose(program, {k: v for k, v in chosen.items() if v is not None})

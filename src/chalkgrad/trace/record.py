"""Tracing: a person's function is run once on values that write down what is done to them."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np

from chalkgrad.errors import TraceError
from chalkgrad.ir.origin import Origin
from chalkgrad.ir.program import Atom, Program, Step, Var
from chalkgrad.trace.arguments import Call, Target
from chalkgrad.trace.binding import bound
from chalkgrad.trace.captured import arrays, functions, outside, unseen
from chalkgrad.trace.holder import Holder
from chalkgrad.trace.places import located
from chalkgrad.trace.session import Guard, Session, article
from chalkgrad.trace.trees import LEAF, Tree, flatten


@final
@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """What tracing a call gave.

    program    its inputs: the data leaves of the arguments, in order, then the hidden ones; its outputs: the data
               leaves of the result
    arguments  (name, tree) of each argument
    result     the tree of the result
    guards     the trace holds only where each of these does
    hidden     the values that go behind the argument leaves: arrays from outside, or values of an outer trace
    layouts    how each input array lay in memory, (shape, strides) or None, where the trace rests on it
    free       the ids of the arrays outside whose numbers may be others than they were
    """

    program: Program
    arguments: tuple[tuple[str, Tree], ...]
    result: Tree
    guards: tuple[Guard, ...]
    hidden: tuple[Any, ...]
    layouts: tuple[Any, ...] = ()
    free: frozenset[int] = frozenset()


def trace(function: Callable[..., Any], /, *args: Any, name: str | None = None, **kwargs: Any) -> Program:
    """The Program of `function`, for arguments of the shapes and dtypes of these examples.

    Numbers and arrays, in tuples, lists and dicts too, are inputs, in the order of the parameters and by their names; a
    bare number, even an int, is a float64, which widens no float32 array beside it. Everything else (strings, None,
    True, functions, tuples of ints), and a parameter left at its default, is passed on as it is. Each step has its
    origin: the line of the person's code. A tuple, list or dict gives several outputs. Of an `if`, the Program has the
    branch that these examples take.

    Raises TraceError, with file and line, for what has no reading as a Program; ShapeError, likewise, where sizes do
    not fit; and whatever the function itself raises.

    Examples
    --------
    >>> program = trace(lambda x: np.sum(np.tanh(x)), np.zeros(3))
    >>> [(v.hint, v.type.shape) for v in program.inputs], [step.op.name for step in program.steps]
    ([('x', (3,))], ['tanh', 'sum'])
    """
    made = record(function, args, kwargs, name=name)
    return without_guards(made.program, made.guards)


def without_guards(program: Program, guards: Sequence[Guard]) -> Program:
    """The Program without the steps that only decided which branch was taken."""
    if not guards:
        return program
    shown, decided = _behind(program, program.outputs), _behind(program, [g.atom for g in guards])
    return program.with_steps(tuple([s for s in program.steps if s in shown or s not in decided]))


def taken(guards: Sequence[Guard]) -> tuple[str, ...]:
    """In words, what was decided at the example: a line each, alike ones once."""
    lines: dict[str, None] = {}
    for guard in guards:
        where = guard.origin
        text = where.text[slice(*where.span)] if where is not None and where.span else where.text if where else ""
        place = f"line {where.line}, {text or 'a number'}" if where is not None else "a number"
        tie = "; both sides are equal there, and the derivative is that of this branch alone" if guard.tie else ""
        lines[f"taken: {place} is {_said(guard.value)}; another makes another program{tie}"] = None
    return tuple(lines)


def _said(value: Any) -> str:
    if np.ndim(value):
        found = np.asarray(value)
        return f"true at {int(found.sum())} of {found.size}" if found.dtype == bool else f"{found.tolist()!r:.40}"
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    return f"{value:g}"


def _behind(program: Program, atoms: Iterable[Atom]) -> set[Step]:
    read: set[object] = set(atoms)
    found: set[Step] = set()
    for step in reversed(program.steps):
        if not read.isdisjoint(step.outputs):
            found.add(step)
            read.update(step.inputs)
    return found


def leaves(function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> list[Any]:
    """The values of the inputs of a trace of this call, without the hidden ones.

    Raises TraceError where the arguments do not fit the function.
    """
    return Call(Target(function), args, kwargs).leaves


def record(
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    *,
    name: str | None = None,
    hidden: bool = False,
) -> Trace:
    """Trace one call of `function`.

    With `hidden`, an array that the function reads from its closure or its globals is an input too, so that a later
    change of its numbers is seen; else it is a constant. Arguments may be values of a trace that is still running: then
    this one is inside of it, and what else of the outer trace is met is a hidden input.

    Raises as `trace` does.
    """
    made = None
    while made is None:  # twice at most
        made = _recorded(function, args, kwargs, name, hidden)
    return made


def _recorded(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any], name: str | None, hidden: bool
) -> Trace | None:
    """The same; None where the call loaded NumPy's random generators, so that it cannot be told whether it drew."""
    target = Target(function)
    call = Call(target, args, kwargs)
    called = name or target.name
    around = arrays(function) if hidden else {}
    session = Session(called, target.written.file if target.written else "", around)
    inputs = call.inputs(session)
    generators = [] if hidden else _generators(function)  # a kept trace of such a function is never used again
    before = _dice(generators)
    with session.runs():
        new_args, new_kwargs = call.with_leaves([*inputs])
        try:
            with bound(function) as watched:
                result = function(*new_args, **new_kwargs)
        except Exception as error:
            if session.refused in (None, error):
                raise
            raise session.refused from error  # NumPy says something else where a refusal passes through it
        if session.refused is not None:  # caught by the function, whose other way out NumPy would not have gone
            raise session.refused
        after = _dice(generators)
        if len(after) != len(before):
            return None
        if after != before:
            raise TraceError(
                located(
                    target.written,
                    f"{called} draws random numbers, and the Program would keep this one draw for ever; "
                    "draw outside and pass them as an argument",
                )
            )
        session.check_unchanged()
        found, tree = _result(result)
        outputs = [_output(session, r, called, target.written) for r in found]
        _check_result(tree, result, called, target.written)
        program, guards = _finished(session, outputs)
        return Trace(
            program,
            tuple(call.trees),
            tree,
            guards,
            tuple([v for _, v in session.hidden]),
            tuple([layout_of(v) for v in call.leaves]) if session.laid else (),
            frozenset(watched - session.read.keys() - unseen(function)) if hidden else frozenset(),
        )


def layout_of(value: Any) -> Any:
    """How an array of two axes or more lies in memory."""
    return (value.shape, value.strides) if type(value) is np.ndarray and value.ndim > 1 else None


def _finished(session: Session, outputs: list[Atom]) -> tuple[Program, tuple[Guard, ...]]:
    """What was written, without copies, and without those steps of no person's that nobody reads."""
    program = session.builder.program(session.name, *outputs)
    guards = tuple(session.guards.values())
    if not session.quiet:
        return program, guards
    same: dict[Var, Atom] = {}

    def follow(atom: Any) -> Any:
        return same.get(atom, atom) if isinstance(atom, Var) else atom

    steps: list[Step] = []
    for step in program.steps:
        inputs = tuple([follow(a) for a in step.inputs])
        if step in session.copies:
            same[step.output] = inputs[0]
        else:
            renewed = step if inputs == step.inputs else replace(step, inputs=inputs)
            steps.append(renewed)
            if step in session.quiet:
                session.quiet.add(renewed)
    guards = tuple([replace(g, atom=follow(g.atom)) for g in guards])
    ends = tuple([follow(a) for a in program.outputs])
    read: set[object] = {*ends, *[g.atom for g in guards]}
    kept: list[Step] = []
    for step in reversed(steps):
        if step not in session.quiet or not read.isdisjoint(step.outputs):
            kept.append(step)
            read.update(step.inputs)
    return replace(program, steps=tuple(reversed(kept)), outputs=ends), guards


def _result(result: Any) -> tuple[list[Any], Tree]:
    """The leaves of a result, truths among them, and its shape."""
    if isinstance(result, (bool, np.bool_)):
        return [result], LEAF
    return flatten(result)


def _check_result(tree: Tree, result: Any, called: str, written: Origin | None) -> None:
    """Refuse a result that holds no number, or holds an object that may have numbers within."""
    wrong = [v for v in tree.statics() if not isinstance(v, (str, bytes, bool, tuple, list, type(None)))]
    if tree.count and not wrong:
        return
    if result is None:
        raise TraceError(located(written, f"{called} returns None: is a return missing?"))
    problem = f"{called} returns {article(wrong[0] if wrong else result)}, and should return numbers and arrays"
    raise TraceError(located(written, problem + ", or a tuple, list or dict of them"))


def _output(session: Session, result: Any, called: str, written: Origin | None) -> Atom:
    if isinstance(result, Holder):
        if result.session is session:
            return result.atom
        if not result.session.open or result.session.depth > session.depth:
            raise TraceError(located(written, f"{called} returns a value of the trace of {result.session.name}"))
        return session.lifted(result)
    try:
        return session.constant(result)
    except TraceError as error:
        raise TraceError(located(written, f"{called} returns what it cannot: {error}")) from None


def _dice(generators: Sequence[Any]) -> tuple[Any, ...]:
    """Where Python's and NumPy's common random generators stand, and these. NumPy loads its own when it is asked for
    them, which takes longer than most traces: nobody has drawn from them before."""
    own = [g.getstate() if isinstance(g, random.Random) else repr(g.bit_generator.state) for g in generators]
    if not _loaded():
        return random.getstate(), *own
    state: Any = np.random.get_state(legacy=False)
    inner = state["state"]
    return random.getstate(), *own, inner["key"].tobytes(), inner["pos"], state["has_gauss"]


def _loaded() -> bool:
    """Whether NumPy's random generators are."""
    return "numpy.random" in sys.modules


def _generators(function: Callable[..., Any]) -> list[Any]:
    """The random generators that the function can be seen to hold."""
    values = [v for owner in functions(function) for _, v in outside(owner)]
    kinds = (random.Random, np.random.Generator) if _loaded() else (random.Random,)
    return [v for v in values if isinstance(v, kinds)]

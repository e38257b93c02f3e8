"""What every transform of a function has in common: tracing it, deriving a Program, and calling that.

`grad` and `value_and_grad` derive from the trace itself. The others are functions of traced values: they trace the
function for the values that they are given, derive a Program, and write its steps into the trace that is running. So
they nest in any order, and a call with plain numbers is a trace of the transform itself, made once and kept.
"""

from __future__ import annotations

import inspect
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial, wraps
from types import MethodType
from typing import Any, final

import numpy as np

from chalkgrad.api.source import source_of
from chalkgrad.errors import ChalkgradError, GradientError, UnknownName, ValueNeeded, nearest
from chalkgrad.ir.program import Program, Var
from chalkgrad.native.call.entry import callable_of
from chalkgrad.native.serving import Runner, Serving
from chalkgrad.notation.read import heading
from chalkgrad.trace.calls import Calls, Served
from chalkgrad.trace.holder import Holder
from chalkgrad.trace.inline import inline
from chalkgrad.trace.record import Guard, Trace, leaves, record
from chalkgrad.trace.session import article, running
from chalkgrad.trace.trees import LEAF, Tree, flatten
from chalkgrad.transform.conventions import with_sizes
from chalkgrad.transform.gates import recognise
from chalkgrad.transform.prepare import prepare
from chalkgrad.transform.roll import rolled

Wrt = int | str | Sequence[int | str]

# Functions whose transforms are kept, with what was traced of them.
KEPT = 64


class NothingTraced(Exception):
    """Inside a trace, a transform of plain numbers alone: it is computed, and leaves no step."""


Values = Sequence[Any]
Answers = Callable[[Values, Mapping[str, Any]], Served]
_ANSWERS: weakref.WeakKeyDictionary[Any, Answers] = weakref.WeakKeyDictionary()


@final
@dataclass(frozen=True)
class Traced:
    """A function at some arguments, inside a trace: its Program, and the values of that Program's inputs.

    The Program's outputs are the leaves of the result and then what the guards rest on.
    """

    trace: Trace
    program: Program
    values: tuple[Any, ...]

    @property
    def results(self) -> int:
        """How many outputs are leaves of the result."""
        return self.trace.result.count

    def write(self, program: Program) -> list[Any]:
        """Write a Program derived from this one, with its inputs and with its guards as the last outputs."""
        return self.write_on(program, self.values)

    def write_all(self, program: Program, values: Values) -> list[Any]:
        """Write a Program whose last outputs are no guards yet."""
        if not any(isinstance(v, Holder) for v in values):
            raise NothingTraced
        return list(inline(program, list(values)))

    def write_on(self, program: Program, values: Values) -> list[Any]:
        """The same, with these values for the inputs."""
        if not any(isinstance(v, Holder) for v in values):
            raise NothingTraced
        guards = self.trace.guards
        count = len(program.outputs) - len(guards)
        kept = [
            Guard(atom, g.value, g.origin)
            for atom, g in zip(program.outputs[count:], guards, strict=True)
            if isinstance(atom, Var)
        ]
        return list(inline(replace(program, outputs=program.outputs[:count]), list(values), tuple(kept)))


def traced(function: Callable[..., Any], args: Values, kwargs: Mapping[str, Any]) -> Traced:
    """Trace `function` inside the trace that is running."""
    made = record(function, tuple(args), dict(kwargs), hidden=True)
    given = [*leaves(function, tuple(args), dict(kwargs)), *made.hidden]
    return Traced(made, ready(made), tuple(given))


def ready(made: Trace) -> Program:
    """The Program of a trace as it is evaluated, its guards behind its results."""
    whole = replace(made.program, outputs=(*made.program.outputs, *[g.atom for g in made.guards]))
    return recognise(whole, evaluation=True)


def transform(
    function: Callable[..., Any], write: Callable[..., Any], *, like: bool = True, soon: bool = False
) -> Callable[..., Any]:
    """`write(*args, **kwargs)` for traced arguments, made a function of plain ones too.

    It is kept for as long as `function`, which it is derived from, reads the same from outside. `like` says that it
    takes the arguments of `function`; else those of `write`. `soon` says that it is compiled at its first call.
    """
    if like:
        inside = wraps(function)(write)
    else:
        inside = write
        inside.__signature__ = inspect.signature(write)  # type: ignore[attr-defined]  # asked before what is wrapped
        inside.__wrapped__ = function  # type: ignore[attr-defined]  # where `captured` looks
    return either(inside, Calls(inside, partial(_runner, soon)))


def either(inside: Callable[..., Any], calls: Calls) -> Callable[..., Any]:
    """Within a trace `inside`, and else `calls`; or machine code, once that can answer."""
    names: Sequence[str] | None = getattr(inside, "names", None)

    serving = Serving(calls.target, names)

    def in_order(args: Values, kwargs: Mapping[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        if names is None:
            return tuple(args), dict(kwargs)
        found = by_name(names, args, kwargs)
        return tuple([found[n] for n in names]), {}

    def call(*args: Any, **kwargs: Any) -> Any:
        given, by = len(args), tuple(kwargs)
        args, kwargs = in_order(args, kwargs)
        if any_traced(args, kwargs):
            return inside(*args, **kwargs)
        if running() is not None:  # the function itself may read what is traced
            try:
                return inside(*args, **kwargs)
            except NothingTraced:
                pass
        served = calls(args, kwargs)
        serving.learn(itself(), given, by, served)
        return served.result

    made = callable_of(call, inside)
    itself = weakref.ref(made)
    _ANSWERS[made] = lambda args, kwargs: calls(*in_order(args, kwargs))
    return made


def answers_of(function: Any) -> Answers | None:
    """How Python answers a call of one of our transforms; None for any other function."""
    try:
        return _ANSWERS.get(function)
    except TypeError:  # some of NumPy's functions can have no weak reference
        return None


@final
class Same:
    """A function as a key. It equals itself alone: two that call themselves equal need not compute the same."""

    __slots__ = ("_parts", "function")

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        method = isinstance(function, MethodType)  # a new one at every look-up
        self._parts = (id(function.__func__), id(function.__self__)) if method else (id(function), 0)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self._parts == other._parts

    def __hash__(self) -> int:
        return hash(self._parts)


def first_of(x: Any) -> Any:
    """The first of many. A whole number or a truth stays an array, so that it is data and no number of the code's."""
    known = getattr(x, "constant", True)  # all but a traced value
    return np.asarray(x[0]) if known and x.dtype.kind in "biu" else x[0]


def function_of(source: Any) -> Callable[..., Any]:
    """A function as it is; maths text or a Program as a function of its inputs, in order or by name.

    Raises ChalkgradError for anything else.
    """
    if callable(source) and not isinstance(source, Program):
        return source
    if not isinstance(source, (str, Program)):
        raise ChalkgradError(f"expected a function, maths text or a Program, got {article(source)}")
    return _of_text(source)


@lru_cache(maxsize=KEPT)
def _of_text(source: str | Program) -> Callable[..., Any]:
    # a text alone tells no shapes, which some ops will not do without
    name, names = heading(source) if isinstance(source, str) else (source.name, [v.hint for v in source.inputs])

    def called(*args: Any, **named: Any) -> Any:
        values = by_name(names, args, named)
        shapes = {name: np.zeros(np.shape(x)) for name, x in values.items()}  # all that is read off values
        found = source_of(source, (), shapes).program
        given = [values[v.hint] for v in found.inputs]
        sized = with_sizes(found, {v: np.shape(x) for v, x in zip(found.inputs, given, strict=True)})
        outputs = inline(sized, given)
        return outputs[0] if len(outputs) == 1 else tuple(outputs)

    called.__name__ = called.__qualname__ = name
    kind = inspect.Parameter.POSITIONAL_ONLY  # a name of mathematics need be no name of Python's
    several = [inspect.Parameter(f"x{k}", kind) for k in range(len(names))]
    called.__signature__ = inspect.Signature(several)  # type: ignore[attr-defined]  # what it takes
    called.names = tuple(names)  # type: ignore[attr-defined]  # `either` puts values given by name in order
    return called


def placed(function: Callable[..., Any], wrt: Wrt) -> Wrt:
    """`wrt`, looked at before there is a call; of a text or Program by place, all that is known of its inputs later.

    Raises UnknownName for what neither names nor counts an argument.
    """
    wrt = _item(wrt) if isinstance(wrt, str) or not isinstance(wrt, Sequence) else tuple([_item(w) for w in wrt])
    names: Sequence[str] | None = getattr(function, "names", None)
    if names is None:
        return wrt
    found = argument_places(function.__name__, names, wrt, "input")
    return found[0] if isinstance(wrt, (int, str)) else tuple(found)


def _item(item: Any) -> int | str:
    if isinstance(item, str):
        return item
    if isinstance(item, (int, np.integer)) and not isinstance(item, bool):
        return int(item)
    kind = f"an {type(item).__name__}" if isinstance(item, np.ndarray) else article(item)
    raise UnknownName(
        f"wrt is a name or a place of an argument, or several, not {kind}; "
        "the values come in a call of what this gives: grad(f)(x)"
    )


def by_name(names: Sequence[str], args: Values, named: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a text's or Program's inputs.

    Raises ValueNeeded where one has none, and UnknownName for one too many.
    """
    found = {**dict(zip(names, args, strict=False)), **named}
    missing = [n for n in names if n not in found]
    if missing:
        raise ValueNeeded(f"no value for {', '.join(missing)}")
    extra = [n for n in found if n not in names]
    if extra or len(args) > len(names):
        raise UnknownName(f"it takes {', '.join(names) or 'no inputs'}, and was given {len(args) + len(named)} values")
    return found


def _runner(soon: bool, made: Trace) -> Runner:
    return Runner(prepare(rolled(ready(made))), made.result.count, made.result.unflatten, soon)


def any_traced(args: Values, kwargs: Mapping[str, Any]) -> bool:
    """Whether a traced value is among the arguments, so that a trace is running."""
    if all(type(a) in (float, int, np.ndarray) for a in (*args, *kwargs.values())):
        return False
    return any(isinstance(x, Holder) for a in (*args, *kwargs.values()) for x in flatten(a)[0])


@final
@dataclass(frozen=True, slots=True)
class Chosen:
    """The arguments that `wrt` names: their trees, and the inputs of the Program that are their leaves."""

    trees: tuple[Tree, ...]
    inputs: tuple[tuple[Var, ...], ...]
    one: bool

    @property
    def flat(self) -> list[Var]:
        """All inputs, in order."""
        return [v for group in self.inputs for v in group]

    def nest(self, found: Sequence[Any]) -> Any:
        """What belongs to each input, in the nest of the arguments: one as it is, several as a tuple."""
        if all([t is LEAF for t in self.trees]):
            return found[0] if self.one else tuple(found)
        rest = iter(found)
        parts = tuple(
            [t.unflatten([next(rest) for _ in group]) for t, group in zip(self.trees, self.inputs, strict=True)]
        )
        return parts[0] if self.one else parts


def chosen(made: Trace, program: Program, wrt: Wrt) -> Chosen:
    """The arguments meant by `wrt`, a place or a name or several.

    Raises UnknownName where there is no such argument, GradientError where one is no real value.
    """
    places = list(_places(made))
    names = [name for name, _, _ in places]
    trees: list[Tree] = []
    inputs: list[tuple[Var, ...]] = []
    for at in argument_places(made.program.name, names, wrt):
        name, tree, start = places[at]
        group = program.inputs[start : start + tree.count]
        if not group:
            raise GradientError(f"{name} of {made.program.name} {_no_number(tree)}")
        for var in group:
            if not var.type.floating:
                raise GradientError(f"{var.hint} is {var.type}: only a real value has a gradient")
        trees.append(tree)
        inputs.append(tuple(group))
    return Chosen(tuple(trees), tuple(inputs), isinstance(wrt, (int, str)))


def _no_number(tree: Tree) -> str:
    """Why there is no leaf."""
    found = list(tree.statics())
    if len(found) != 1 or tree.static is None or isinstance(found[0], (bool, str, type(None))):
        return "holds no number: there is nothing to differentiate by"
    if isinstance(found[0], (tuple, list)):
        return f"is {article(found[0])}, and whole numbers alone count as a shape or an index; write floats"
    kind = type(found[0]).__name__
    return f"is a {kind}, which is passed on as it is; pass its numbers in a tuple, list, dict or NamedTuple"


def argument_places(function: str, names: Sequence[str], wrt: Wrt, kind: str = "argument") -> list[int]:
    """The places of the arguments that `wrt` means.

    Raises UnknownName for a name or place that is no argument.
    """
    found: list[int] = []
    for item in [wrt] if isinstance(wrt, (int, str)) else wrt:
        if isinstance(item, str):
            if item not in names:
                given = f" in this call, which gives {', '.join(names)}" if kind == "argument" else ""
                raise UnknownName(f"{function} has no {kind} '{item}'{nearest(item, names) or given}")
            found.append(list(names).index(item))
        elif -len(names) <= item < len(names):
            found.append(item % len(names))
        else:
            raise UnknownName(f"{function} has {len(names)} {kind}s; there is none at {item}")
    return found


def _places(made: Trace) -> Iterator[tuple[str, Tree, int]]:
    """Each argument: its name, its tree, and the place of its first leaf among the inputs."""
    at = 0
    for name, tree in made.arguments:
        yield name, tree, at
        at += tree.count


def scalar(made: Trace, program: Program) -> None:
    """Raise GradientError unless the one result is a real number."""
    count = made.result.count
    if count != 1:
        raise GradientError(f"{program.name} gives {count} results: differentiate one at a time")
    type = program.outputs[0].type
    if type.shape:
        raise GradientError(f"{program.name} gives {type}, not a scalar: sum it, or use jacobian or vjp")
    if not type.floating:
        kind = "true or false" if type.dtype == "bool" else "a whole number"
        raise GradientError(f"{program.name} is {kind}: only a real value has a gradient")


__all__ = [
    "KEPT",
    "Chosen",
    "Same",
    "Traced",
    "Wrt",
    "answers_of",
    "any_traced",
    "argument_places",
    "by_name",
    "chosen",
    "either",
    "first_of",
    "function_of",
    "placed",
    "ready",
    "scalar",
    "traced",
    "transform",
]

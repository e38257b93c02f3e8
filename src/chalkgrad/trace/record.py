"""Tracing: a person's function is run once on values that write down what is done to them."""

from __future__ import annotations

import inspect
import numbers
import random
import types
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from chalkgrad.errors import TraceError
from chalkgrad.ir.program import Atom, Program
from chalkgrad.ir.types import SCALAR, ArrayType, dtype_of
from chalkgrad.trace.places import definition, located
from chalkgrad.trace.session import ARRAYS, Holder, Memory, Session, article
from chalkgrad.trace.tracer import Traced


def trace(function: Callable[..., Any], /, *args: Any, name: str | None = None, **kwargs: Any) -> Program:
    """The Program of `function`, for arguments of the shapes and dtypes of these examples.

    Numbers and arrays are inputs, in the order of the parameters and by their names; a bare number, even an int, is a
    float64. Everything else (strings, None, True, functions, tuples of ints), and a parameter left at its default, is
    passed on as it is. Each step has its origin: the line of the person's code. A tuple gives several outputs.

    Raises TraceError, with file and line, for what has no reading as a Program; ShapeError, likewise, where sizes do
    not fit; and whatever the function itself raises.
    """
    written = definition(inspect.unwrap(_inner(function)))
    called = name or _name(function)
    session = Session(called, written.file if written else "")
    bound = _bind(function, called, written, args, kwargs)
    _each(bound, lambda hint, value: _argument(session, hint, value, written))
    before = _dice()
    try:
        try:
            result = function(*bound.args, **bound.kwargs)
        except Exception as error:
            if session.refused in (None, error):
                raise
            raise session.refused from error  # NumPy says something else where a refusal passes through it
        if session.refused is not None:  # caught by the function, whose other way out NumPy would not have gone
            raise session.refused
        if _dice() != before:
            raise TraceError(
                located(
                    written,
                    f"{called} draws random numbers, and the Program would keep this one draw for ever; "
                    "draw outside and pass them as an argument",
                )
            )
        outputs = tuple([_output(session, r, called, written) for r in _results(result)])
        return session.builder.program(called, *outputs)
    finally:
        session.open = False


def given(function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> list[Any]:
    """The values of the inputs of `trace(function, *args, **kwargs)` in such a call, in the Program's order.

    Raises TraceError where the arguments do not fit the function.
    """
    found: list[Any] = []
    bound = _bind(function, _name(function), definition(inspect.unwrap(_inner(function))), args, kwargs)
    _each(bound, lambda hint, value: found.append(value) if is_input(value) else None)
    return found


def is_input(value: Any) -> bool:
    """Whether an argument is data, and so an input: a number or an array, but no flag and no text."""
    if isinstance(value, (bool, np.bool_, np.character)):
        return False
    return isinstance(value, (int, float, np.ndarray, np.generic))


def _each(bound: inspect.BoundArguments, change: Callable[[str, Any], Any]) -> None:
    """Put `change(name, value)` for every argument, those of *args and **kwargs one by one."""
    for parameter, value in bound.arguments.items():
        kind = bound.signature.parameters[parameter].kind
        if kind is inspect.Parameter.VAR_POSITIONAL:
            changed: Any = tuple([change(f"{parameter}_{i}", v) for i, v in enumerate(value)])
        elif kind is inspect.Parameter.VAR_KEYWORD:
            changed = {key: change(key, v) for key, v in value.items()}
        else:
            changed = change(parameter, value)
        bound.arguments[parameter] = changed


def _inner(function: Any) -> Any:
    """What a functools.partial or a bound method is made of."""
    while not isinstance(function, types.FunctionType):
        inner = getattr(function, "func", None) or getattr(function, "__func__", None)
        if inner is None:
            break
        function = inner
    return function


def _name(function: Any) -> str:
    found = str(getattr(_inner(function), "__name__", type(function).__name__))
    return found if found.isidentifier() else "f"


def _bind(
    function: Any, called: str, written: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> inspect.BoundArguments:
    if not callable(function):
        raise TraceError(f"{article(function)} is no function; pass the function itself, and then its arguments")
    try:
        signature = inspect.signature(function)
    except ValueError:  # a compiled function that does not say
        several = [inspect.Parameter(f"x{i}", inspect.Parameter.POSITIONAL_ONLY) for i in range(len(args))]
        signature = inspect.Signature(several)
    try:
        return signature.bind(*args, **kwargs)
    except TypeError as error:
        raise TraceError(located(written, f"the call does not fit {called}{signature}: {error}")) from None


def _argument(session: Session, name: str, value: Any, written: Any) -> Any:
    """A traced value for a number or array, and anything else as it is."""

    def refuse(problem: str) -> TraceError:
        return TraceError(located(written, f"{name} of {session.name} {problem}"))

    if isinstance(value, Holder):
        raise refuse("is a value of a trace that is still running; trace the outer function, which may call this one")
    if isinstance(value, (np.ndarray, np.generic)) and is_input(value):
        return _array(session, name, value, refuse)
    if is_input(value):
        return Traced(session, session.builder.input(name, SCALAR))
    if value is None or isinstance(value, (bool, np.bool_, str, bytes)) or callable(value):
        return value
    if isinstance(value, (list, set, dict)) or (isinstance(value, tuple) and _holds_data(value)):
        raise refuse(f"is a {type(value).__name__}; pass np.array([...]), or each array as an argument of its own")
    if isinstance(value, numbers.Number) or hasattr(type(value), "__array__"):
        raise refuse(f"is {article(value)}; pass a float or np.asarray(...) of it")
    return value


def _array(session: Session, name: str, value: Any, refuse: Callable[[str], TraceError]) -> Traced:
    kind, width = value.dtype.kind, value.dtype.itemsize
    if isinstance(value, np.ndarray) and type(value) not in ARRAYS:
        raise refuse(f"is a {type(value).__name__}, which has rules of its own; pass np.asarray(...) of it")
    if kind not in "bif" or (kind != "b" and width < 4) or width > 8:
        # narrow and unsigned whole numbers wrap around in NumPy, and would not here
        raise refuse(f"is an array of {value.dtype}; pass x.astype(float), or x.astype(int) for whole numbers")
    dtype = "float64" if isinstance(value, np.integer) else dtype_of(value.dtype)
    traced = Traced(session, session.builder.input(name, ArrayType(value.shape, dtype)))
    if traced.mutable:
        traced.memory = Memory(given=True)
        traced.memory.holders[id(traced)] = traced
    return traced


def _holds_data(value: Any) -> bool:
    if isinstance(value, (tuple, list)):
        return any(_holds_data(v) for v in value)
    return isinstance(value, (float, complex, np.ndarray, np.floating, Holder, dict, set))


def _results(result: Any) -> tuple[Any, ...]:
    return result if isinstance(result, tuple) and result else (result,)


def _output(session: Session, result: Any, called: str, written: Any) -> Atom:
    if isinstance(result, Holder):
        if result.session is not session:
            raise TraceError(located(written, f"{called} returns a value of the trace of {result.session.name}"))
        return result.atom
    if isinstance(result, (bool, int, float, np.generic, np.ndarray)):
        try:
            return session.constant(result)
        except TraceError as error:
            raise TraceError(located(written, f"{called} returns what it cannot: {error}")) from None
    problem = f"{called} returns {article(result)}, and should return a number, an array or a tuple of them"
    if result is None:
        problem = f"{called} returns None: is a return missing?"
    elif isinstance(result, list):
        problem = f"{called} returns a list; return np.stack([...]), or a tuple for several outputs"
    raise TraceError(located(written, problem))


def _dice() -> tuple[Any, ...]:
    """Where Python's and NumPy's common random generators stand."""
    state: Any = np.random.get_state(legacy=False)
    inner = state["state"]
    return random.getstate(), inner["key"].tobytes(), inner["pos"], state["has_gauss"]

"""Doing to traced values what NumPy is asked to do: a step, or, where nothing is traced, NumPy itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from chalkgrad.errors import TraceError
from chalkgrad.ir.program import Atom, Number
from chalkgrad.ir.registry import lookup
from chalkgrad.ir.types import DTYPES
from chalkgrad.trace.holder import Holder, constant
from chalkgrad.trace.places import located
from chalkgrad.trace.session import Session, leak
from chalkgrad.trace.watched import plain

# Of ints, these give ints.
_OF_INTS = frozenset(
    {np.add, np.subtract, np.multiply, np.floor_divide, np.remainder, np.negative, np.absolute, np.maximum, np.minimum}
)


def constant_of(array: Any) -> Number | None:
    """An array as a constant, copied; None where it is of a type that no Program has."""
    return constant(array) if array.dtype.name in DTYPES else None


def wrapped(session: Session, kind: type[Holder], result: Any) -> Any:
    """What NumPy gave for constants: its arrays may yet be written into, so they are held; numbers stay plain."""
    if type(result) is np.ndarray:
        made = constant_of(result)
        return result if made is None else kind(session, made, True)
    if isinstance(result, (tuple, list)):
        parts = [wrapped(session, kind, r) for r in result]
        return type(result)(*parts) if hasattr(result, "_fields") else type(result)(parts)
    return result


def plainly(value: Any) -> Any:
    """The value with every held constant as NumPy's own, in lists and tuples too."""
    if isinstance(value, Holder):
        atom = value.atom
        assert isinstance(atom, Number)
        if not value.session.open:
            raise TraceError(leak(value.session.name))
        array = np.array(atom.value, dtype=atom.type.dtype)
        return array if value.mutable else array[()]
    if isinstance(value, (tuple, list)) and any(True for _ in holders(value)):
        return type(value)([plainly(v) for v in value])
    return plain(value)


def holders(value: Any) -> Iterator[Holder]:
    """The traced values and held constants in a value, in lists, tuples and dicts too."""
    if isinstance(value, Holder):
        yield value
    elif isinstance(value, (tuple, list)):
        for v in value:
            if isinstance(v, (Holder, tuple, list, dict)):
                yield from holders(v)
    elif isinstance(value, dict):
        yield from holders(list(value.values()))


def innermost(values: Iterable[Holder]) -> Holder | None:
    """The traced value of the innermost trace; None where all are constants."""
    found: Holder | None = None
    for value in values:
        if (found is None or value.session.depth > found.session.depth) and not value.constant:
            found = value
    return found


def elementwise(ufunc: np.ufunc, op: Any, inputs: tuple[Any, ...], where: Session | None = None) -> Any:
    """One step of each element, in the trace `where`, by default the innermost of the inputs' own.

    What NumPy has no arithmetic for, as the negative of a truth, is refused now and not when it is run.
    """
    held: Any = None
    on: Any = None
    whole = ufunc in _OF_INTS
    for x in inputs:
        if isinstance(x, Holder):
            held = x
            whole = whole and x.whole
            if (on is None or x.session.depth > on.session.depth) and not x.constant:
                on = x
        elif whole:
            whole = type(x) is int
    if on is None:
        return computed(held, ufunc, inputs)
    session = where or on.session
    var = session.bind(op, inputs)
    if not var.type.floating:
        kinds = tuple([np.dtype(a.type.dtype) for a in session.builder.steps[-1].inputs])
        try:
            ufunc.resolve_dtypes((*kinds, *[None] * ufunc.nout))
        except TypeError as error:
            raise session.refuse(str(error)) from None
    return type(on)(session, var, None, whole)


def computed(held: Holder, function: Callable[..., Any], args: Sequence[Any], options: Any = None) -> Any:
    """What NumPy gives for constants."""
    if not held.session.open:
        raise TraceError(located(held.session.places.here()[0], leak(held.session.name)))
    given = {k: plainly(v) for k, v in (options or {}).items()}
    return wrapped(held.session, type(held), function(*[plainly(a) for a in args], **given))


def atom_for(holder: Holder, value: Any) -> Atom:
    """A value to be written into a held array, as an atom of its trace.

    Raises TraceError for what is no number or array, or belongs to a trace inside of that one.
    """
    if isinstance(value, Holder):
        return value.atom if value.session is holder.session else holder.session.lifted(value)
    return holder.session.constant(value)


def as_array(session: Session, kind: type[Holder], value: Any, dtype: Any = None) -> Any:
    """A list of numbers, arrays and traced values, nested or not, as one array; as `np.array` makes it."""
    if not isinstance(value, (tuple, list)):
        return value
    if all(h.constant for h in holders(value)):
        return wrapped(session, kind, np.array(plainly(value), dtype=dtype))
    entries = [as_array(session, kind, v) for v in value]
    var = session.bind(lookup("stack"), entries)
    session.by_rows(var)  # where np.stack keeps how its entries lie
    return kind(session, var)

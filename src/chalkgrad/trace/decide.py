"""Where plain Python needs a number of a traced value: the trace takes that of the example, and rests on it."""

from __future__ import annotations

from typing import Any

import numpy as np

from chalkgrad.ir.program import Number, Var
from chalkgrad.ir.registry import lookup
from chalkgrad.trace.holder import Holder

PLAIN = "a traced value has no number before it is run"


def truth(x: Holder) -> bool:
    """For `if`, `while`, `and`, `or`, `not`, max() and min(): the truth at the example.

    Raises TraceError for an array of several entries, as NumPy does.
    """
    atom, session = x.atom, x.session
    if int(np.prod(_sizes(x))) != 1:
        shape = "an empty array" if 0 in _sizes(x) else f"an array of shape {_sizes(x)}"
        raise session.refuse(
            f"the truth of {shape} is not one truth; write np.any(x) or np.all(x), and &, | and ~ for and, or and not, "
            "np.maximum and np.minimum for max() and min()"
        )
    if isinstance(atom, Var) and atom.type.dtype != "bool":
        atom = session.noted(lookup("not_equal"), (type(x)(session, atom), 0.0 if atom.type.floating else 0))
    return bool(np.all(session.decided(atom)))


def as_index(x: Holder) -> int:
    """For an index, a range and a size: a whole number.

    Raises TraceError for what is no whole number in the person's own code.
    """
    atom = x.atom
    if not x.countable:
        raise x.session.refuse(
            f"{PLAIN}, so it can be no index, size or range; write int(x), or give what must be a plain int as one"
        )
    return int(x.session.decided(atom))


def as_int(x: Holder) -> int:
    """For `int(x)`: the number without its fraction."""
    atom = x.atom
    if atom.type.shape != ():
        raise x.session.refuse("int() of an array; take one entry, as x[0]")
    if isinstance(atom, Number):
        return int(atom.value)
    if x.whole or not atom.type.floating:
        return int(x.session.decided(atom))
    kind, session = type(x), x.session
    if not np.isfinite(session.value_of(atom)):
        raise session.refuse("int() of what is no finite number here")
    return int(session.decided(session.noted(lookup("trunc"), (kind(session, atom),))))


def numbers_of(x: Holder, what: str) -> Any:
    """All numbers of a mask, or of an array of places.

    Raises TraceError where they are no truths and no whole numbers.
    """
    if x.atom.type.floating:
        raise x.session.refuse(f"{PLAIN}, so it can be no index; {what} is a whole number or a truth: write int(x)")
    return np.asarray(x.session.decided(x.atom))


def _sizes(x: Holder) -> tuple[Any, ...]:
    return x.atom.type.shape

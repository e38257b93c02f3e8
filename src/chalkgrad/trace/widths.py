"""Widths of numbers as NumPy 2 has them: a bare number of Python's widens nothing, one of NumPy's does.

A function of each element takes a bare number in the width of what stands beside it. Any other function makes an array
of it first, which is a float64.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from chalkgrad.ir.program import Atom, Number, Var, number
from chalkgrad.ir.registry import lookup
from chalkgrad.ir.types import SCALAR, SCALARS
from chalkgrad.trace.holder import Holder

if TYPE_CHECKING:
    from chalkgrad.trace.session import Session

_BARE = (float, int, bool)


def is_bare(value: Any) -> bool:
    """Whether it is a number of plain Python in the person's own code, traced or not."""
    return value.weak if isinstance(value, Holder) else type(value) in _BARE


def fitted(session: Session, op: Any, values: Sequence[Any], atoms: list[Atom]) -> list[Atom]:
    """The inputs of a step, one of which is float32, each in the width in which NumPy takes it.

    A bare number that is traced is cast to float32 where nothing beside it is wider; and float32 is cast to float64
    beside a number that is no bare one, since the constants of a Program are all bare.
    """
    if len(atoms) < 2 or op is lookup("updated"):  # a write keeps the width of what is written into
        return atoms
    loose = [op.elementwise and is_bare(v) for v in values]
    strong = [_dtype(v, a) for v, a, bare in zip(values, atoms, loose, strict=True) if not bare]
    if np.result_type(*strong) == np.float32:
        return [_cast(session, a, "float32") if bare else a for a, bare in zip(atoms, loose, strict=True)]
    firm = [_is_number(op, a) and not bare for a, bare in zip(atoms, loose, strict=True)]
    if not any(firm) or any([_is_wide(a) for a in atoms]):
        return atoms  # the op itself widens
    return [_cast(session, a, "float64") if a.type.dtype == "float32" else a for a in atoms]


def counted(value: Any) -> Any:
    """A truth of plain Python as the 0 or 1 that it is to Python's arithmetic; anything else as it is."""
    if isinstance(value, Holder):
        session, atom = value.session, value.atom
        if not value.weak or not isinstance(atom, Var) or atom.type.dtype != "bool":
            return value
        return type(value)(session, session.step("cast", atom, dtype="int64"), weak=True)
    return int(value) if type(value) is bool else value


def _is_number(op: Any, atom: Atom) -> bool:
    """Whether it is one constant number, and no place in an array."""
    return isinstance(atom, Number) and (atom.type == SCALAR or (op.elementwise and atom.type == SCALARS["int64"]))


def _dtype(value: Any, atom: Atom) -> np.dtype[Any]:
    if type(value) is int:
        return np.dtype(np.int64)
    return value.dtype if isinstance(value, (np.generic, np.ndarray)) else np.dtype(atom.type.dtype)


def _is_wide(atom: Atom) -> bool:
    return atom.type.dtype == "float64" and (isinstance(atom, Var) or atom.type != SCALAR)


def _cast(session: Session, atom: Atom, dtype: str) -> Atom:
    """One step for all uses: a loop may read one number 100 000 times."""
    if isinstance(atom, Number):  # a bare one is taken as narrow as the arrays beside it
        return atom if dtype == "float32" else number(atom.value, dtype)
    if atom.type.dtype in (dtype, "bool"):
        return atom
    known = session.widths.get((atom, dtype))
    if known is None:
        origin, _ = session.places.here()
        known = session.builder.bind(lookup("cast"), atom, params={"dtype": dtype}, origin=origin)
        session.widths[atom, dtype] = known
    return known

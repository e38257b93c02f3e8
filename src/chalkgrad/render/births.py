"""The birth of a NaN or an infinity, in a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from chalkgrad.evaluate.births import Birth, births, reached
from chalkgrad.ir.program import Atom, Number
from chalkgrad.render.numbers import shown
from chalkgrad.render.rows import Rows

# More sentences than this help nobody.
MOST = 8


def birth_sentences(rows: Rows, digits: int) -> Iterator[str]:
    """Where every number that is not finite comes from, first those of the forward pass; nothing where all are."""
    worked = rows.worked
    if worked.symbolic:
        return
    named = reached(worked)
    if not named:
        return
    found = births(worked)
    for birth in found[:MOST]:
        yield _sentence(rows, birth, digits)
    if len(found) > MOST:
        yield f"and {len(found) - MOST} more are born elsewhere"
    if found:
        yield f"from there on: {', '.join(named)}"


def _sentence(rows: Rows, birth: Birth, digits: int) -> str:
    what = "NaN" if np.isnan(birth.value) else "an infinity"
    entry = f"[{', '.join(map(str, birth.place))}]" if birth.place else ""
    read = ", ".join(_read(rows, atom, entry, x, digits) for atom, x in birth.read)
    line = f" ({birth.step.origin})" if birth.step.origin is not None and birth.step.origin.line else ""
    if birth.edge is None:
        formula = rows.formula(birth.step)
        return f"{what} is born in {rows.names[birth.var]}{entry} = {formula}, at {read or 'no input'}{line}"
    target, by = rows.names[birth.edge.target], rows.names[birth.step.given[0]]
    loss = rows.worked.loss
    return f"{what} is born in ∂{loss}/∂{target}{entry} along {by}: its local derivative there times {read}{line}"


def _read(rows: Rows, atom: Atom, entry: str, x: Any, digits: int) -> str:
    if isinstance(atom, Number):
        return shown(atom.value, digits) if x is None else shown(x, digits)
    name = _name(rows, atom)
    return f"the whole of {name}" if x is None else f"{name}{entry if atom.type.shape else ''} = {shown(x, digits)}"


def _name(rows: Rows, atom: Any) -> str:
    for var, adjoint in rows.worked.backprop.adjoint.items():
        if adjoint is atom:
            return f"∂{rows.worked.loss}/∂{rows.names[var]}"
    return rows.names.get(atom, "the upstream gradient")

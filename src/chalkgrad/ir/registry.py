"""The op table. Empty here; each file of `chalkgrad.ops` adds its own records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalkgrad.errors import ProgramError, UnknownName, nearest

if TYPE_CHECKING:
    from chalkgrad.ir.program import OpLike

OPS: dict[str, Any] = {}


def register(op: OpLike) -> None:
    """Put one record into the table; a name is taken once."""
    if op.name in OPS:
        raise ProgramError(f"an op named '{op.name}' is already in the table")
    OPS[op.name] = op


def lookup(name: str) -> Any:
    """The op called `name`.

    Raises UnknownName, with the nearest name that exists.
    """
    try:
        return OPS[name]
    except KeyError:
        raise UnknownName(f"there is no op '{name}'{nearest(name, OPS)}") from None


def lookup_ufunc(ufunc: Any) -> Any:
    """The op that a NumPy function of each element stands for.

    Raises UnknownName.
    """
    for op in OPS.values():
        if op.evaluate is ufunc or ufunc in op.numpy:
            return op
    raise UnknownName(f"np.{ufunc.__name__} is no op here")

"""Python's operators of a traced value: each is NumPy's function of that name.

The shortest way comes first, since a loop of Python's may come here a hundred thousand times.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from chalkgrad.trace.apply import elementwise
from chalkgrad.trace.holder import Holder
from chalkgrad.trace.numpy_table import OP_OF
from chalkgrad.trace.widths import counted, is_bare

_LOGICAL = frozenset({np.bitwise_and, np.bitwise_or})  # but ~ of a bool of Python's is a number


def operated(out: Any, *inputs: Any) -> Any:
    """What an operator of Python's gave; of bare numbers that is one."""
    if isinstance(out, Holder) and all(map(is_bare, inputs)):
        out.weak = True
    return out


def arithmetic(ufunc: np.ufunc, *inputs: Any) -> Any:
    """An operator of Python's, one of whose operands is a bare number."""
    if all(map(is_bare, inputs)):
        inputs = tuple(map(counted, inputs))
    return operated(elementwise(ufunc, OP_OF[ufunc], inputs), *inputs)


def by_name(ufunc: np.ufunc, on: Any, *inputs: Any) -> Any:
    """An operator of Python's by NumPy's function; of truths the logical ones stay so."""
    if on.weak and ufunc not in _LOGICAL and all(map(is_bare, inputs)):
        inputs = tuple(map(counted, inputs))
    return operated(on.__array_ufunc__(ufunc, "__call__", *inputs), *inputs)


def binary(ufunc: np.ufunc) -> Callable[[Any, Any], Any]:
    op = OP_OF[ufunc]

    def apply(self: Holder, other: Any) -> Any:
        session, weak = self.session, self.weak
        var = session.scalar(op, (self, other), sys._getframe(1))
        if var is not None:
            return type(self)(session, var, False, False, weak and is_bare(other))
        return arithmetic(ufunc, self, other) if weak else elementwise(ufunc, op, (self, other))

    return apply


def reflected(ufunc: np.ufunc) -> Callable[[Any, Any], Any]:
    op = OP_OF[ufunc]

    def apply(self: Holder, other: Any) -> Any:
        session, weak = self.session, self.weak
        var = session.scalar(op, (other, self), sys._getframe(1))
        if var is not None:
            return type(self)(session, var, False, False, weak and is_bare(other))
        return arithmetic(ufunc, other, self) if weak else elementwise(ufunc, op, (other, self))

    return apply


def by_ufunc(ufunc: np.ufunc) -> Callable[..., Any]:
    return lambda self, *others: by_name(ufunc, self, self, *others)


def by_ufunc_reflected(ufunc: np.ufunc) -> Callable[..., Any]:
    return lambda self, other: by_name(ufunc, self, other, self)


def in_place(ufunc: np.ufunc, sign: str) -> Callable[[Any, Any], Any]:
    op = OP_OF.get(ufunc)

    def write(self: Any, other: Any) -> Any:
        if not self.mutable:
            session = self.session
            var = None if op is None else session.scalar(op, (self, other), sys._getframe(1))
            if var is not None:
                return type(self)(session, var, False, False, self.weak and is_bare(other))
            return by_name(ufunc, self, self, other)
        self.update(ufunc, sign, other)
        return self

    return write


def refused(sign: str, instead: str) -> Callable[..., Any]:
    def refuse(self: Holder, *others: Any) -> NoReturn:
        raise self.session.refuse(f"{sign} is no op here; write {instead}")

    return refuse

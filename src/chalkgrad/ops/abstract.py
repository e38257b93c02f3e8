"""Functions that are named and not given: `g1`, `Loss`.

Each is an op without `evaluate`, held by the steps that use it and by no table. Its partials are abstract ops too, so
that every order has a name: `g1'`, `g1''`, and by argument `∂₁Loss`, `∂₁₂Loss`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from chalkgrad.errors import ProgramError, TooLarge
from chalkgrad.ir.build import Value
from chalkgrad.ir.dims import broadcast
from chalkgrad.ir.program import OpLike
from chalkgrad.ir.registry import OPS
from chalkgrad.ir.types import ArrayType, promote
from chalkgrad.ops.local import Local, times
from chalkgrad.ops.notation import Function
from chalkgrad.ops.op import REALS, Op, spread

Orders = tuple[int, ...]
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
MOST_PRIMES = 3
MOST_ARGUMENTS = 64


def abstract(name: str, arity: int) -> Op:
    """The function called `name`, of so many numbers, of which nothing else is known.

    Raises ProgramError where an op of the table has that name, since formulas are simplified by it, and TooLarge.
    """
    if arity > MOST_ARGUMENTS:
        raise TooLarge(
            f"'{name}' is called with {arity} arguments; an abstract function takes at most {MOST_ARGUMENTS}"
        )
    if name in OPS:
        raise ProgramError(f"'{name}' is a function that is known: give the abstract one another name")
    return _Family(name, arity).op((0,) * arity)


def is_abstract(op: OpLike) -> bool:
    """Whether an op has no value until it is filled in."""
    return isinstance(op, Op) and op.evaluate is None and op.elementwise


class _Family:
    """A function and its derivatives; each order is one record, however it was reached."""

    def __init__(self, name: str, arity: int) -> None:
        self.name, self.arity = name, arity
        self.made: dict[Orders, Op] = {}

    def op(self, orders: Orders) -> Op:
        """The record of one derivative; `orders` counts how often each argument was differentiated."""
        if orders not in self.made:
            self.made[orders] = self._record(orders)
        return self.made[orders]

    def _record(self, orders: Orders) -> Op:
        def partial(position: int, xs: tuple[Value, ...]) -> Value:
            raised = tuple([n + (i == position) for i, n in enumerate(orders)])
            return self.op(raised)(*xs)

        def vjp(want: tuple[bool, ...], y: Value, *xs: Value) -> Sequence[Local | None]:
            return [times(partial(i, xs), x) if w else None for i, (w, x) in enumerate(zip(want, xs, strict=True))]

        def jvp(tangents: tuple[Value | None, ...], y: Value, *xs: Value) -> Value:
            terms = [partial(i, xs) * t for i, t in enumerate(tangents) if t is not None]
            total = terms[0]
            for term in terms[1:]:
                total = total + term
            return spread(total, y)

        plain, latex = _printed(self.name, orders)
        derivative = _printed(self.name, tuple([int(i == 0) for i in range(self.arity)]))[0]
        note = f"{self.name}: a function that is not given; {derivative} stands for its derivative"
        return Op(
            name=plain,
            arity=self.arity,
            evaluate=None,
            types=_types,
            vjp=vjp,
            jvp=jvp,
            notation=Function(plain, latex),
            domain=(REALS,) * self.arity,
            elementwise=True,
            note="" if any(orders) else note,
        )


def _types(given: tuple[ArrayType, ...], params: Mapping[str, Any]) -> tuple[ArrayType, ...]:
    dtype = promote("float32", *[t.dtype for t in given])
    return (ArrayType(broadcast(*[t.shape for t in given]), dtype),)


def _printed(name: str, orders: Orders) -> tuple[str, str]:
    """`g1'`, `∂₁₂Loss`, in text and in LaTeX."""
    latex, total = _latex(name), sum(orders)
    if not total:
        return name, latex
    if len(orders) == 1:
        if total <= MOST_PRIMES:
            return name + "'" * total, latex + "'" * total
        return f"{name}⁽{str(total).translate(SUPERSCRIPTS)}⁾", f"{latex}^{{({total})}}"
    by = [str(i + 1) for i, n in enumerate(orders) for _ in range(n)]
    between = "," if len(orders) > 9 else ""
    return f"∂{between.join(by).translate(SUBSCRIPTS)}{name}", rf"\partial_{{{between.join(by)}}}{latex}"


def _latex(name: str) -> str:
    """`g1` as the sheets set it, with its number below; a longer name upright."""
    base, _, below = name.partition("_")
    if not below and (numbered := re.fullmatch(r"(\D+)(\d+)('*)", base)):
        base, below = numbered[1] + numbered[3], numbered[2]
    base = base if len(base.rstrip("'")) == 1 else rf"\mathrm{{{base}}}"
    return base + (f"_{{{below.strip('{}')}}}" if below else "")

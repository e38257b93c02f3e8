"""Raised signs with two readings: a power of a matrix or of its entries, a transpose or a power T."""

from __future__ import annotations

from chalkgrad.errors import NotationError
from chalkgrad.ir.program import Atom, Number
from chalkgrad.notation.refusal import quote, refuse
from chalkgrad.notation.tree import Binary, Call, Name, Node, Num, Transpose


def check_power(source: str, node: Binary, base: Atom, exponent: Atom) -> None:
    """Refuse `A^2` of a square matrix of two rows or more, with what to write for `A A` and for `A ∘ A`.

    NumPy takes it entry by entry and paper takes it as the product, so that each reading is quietly wrong for some.
    `A^1` is both, and `A^-1` the inverse, as everywhere on paper.

    Raises NotationError.
    """
    shape = base.type.shape
    if len(shape) != 2 or shape[0] != shape[1] or shape[0] in (0, 1) or exponent.type.shape != ():
        return
    if (isinstance(exponent, Number) and exponent.value in (1, -1)) or _of_function(node):
        return
    called = _quoted(source, node.left)
    power = f"{exponent.value:g}" if isinstance(exponent, Number) else quote(source, node.right.span).strip("{} ")
    raise refuse(source, node.span, *_readings(called, power))


def transposed_number(source: str, node: Transpose) -> NotationError:
    """The error for `x^T`, or `x^-T`, of a number x, where T may be a power."""
    inner, kind, power = node.operand, "transpose", "T"
    if isinstance(inner, Binary) and inner.span[1] == node.span[1]:  # the inverse that `^-T` is the transpose of
        inner, kind, power = inner.left, "transposed inverse", "-T"
    base = _quoted(source, inner)
    return refuse(source, node.span, f"the {kind} of the number {base}", f"{base}^({power})")


def _quoted(source: str, node: Node) -> str:
    """What stands there, with the brackets that a raised sign behind it needs."""
    text = quote(source, node.span)
    return text if isinstance(node, Name | Num) or text[:1] in "([{" else f"({text})"


def _of_function(node: Binary) -> bool:
    """Whether the power stands at the function, `tanh^2(A)`, which like the function is of each entry."""
    return isinstance(node.left, Call) and node.right.span[0] < node.left.span[1]


def _readings(base: str, power: str) -> tuple[str, str]:
    """How to write a power of the matrix, and how one of its entries."""
    back = power.startswith("-")
    if (times := power.lstrip("-")) not in ("2", "3", "4"):
        return f"a product of matrices {base} {base} …", f"power({base}, {power})"
    entries = " ∘ ".join([base] * int(times))
    if back:
        return " ".join([f"{base}^-1"] * int(times)), f"1/({entries})"
    return " ".join([base] * int(times)), entries

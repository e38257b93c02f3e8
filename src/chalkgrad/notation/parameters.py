"""What a parameter or an index may be: whole numbers, True, False, None, slices, and lists of them."""

from __future__ import annotations

from typing import Any, cast

from chalkgrad.errors import NotationError
from chalkgrad.ir.dims import Shape
from chalkgrad.notation.tree import Literal, Node, Num, Sequence, Slice, Unary

LARGEST = 2**53


def parameter(source: str, node: Node) -> Any:
    """A parameter's value: a number, True, False, None, or a tuple of these."""
    if isinstance(node, Sequence):
        return tuple([_plain(source, item, "a parameter") for item in node.items])
    return _plain(source, node, "a parameter")


def index(source: str, items: tuple[Node, ...]) -> tuple[Any, ...]:
    """An index as NumPy takes it: ints, slices, None, and lists of ints."""
    out: list[Any] = []
    for item in items:
        if isinstance(item, Slice):
            parts = [None if part is None else _whole(source, part) for part in item.parts]
            if len(parts) == 3 and parts[2] == 0:
                raise NotationError("a slice with a step of 0", source, item.span)
            out.append(slice(*parts))
        elif isinstance(item, Sequence):
            out.append([_whole(source, entry) for entry in item.items])
        elif isinstance(item, Literal) and item.value is None:
            out.append(None)
        else:
            out.append(_whole(source, item))
    return tuple(out)


def constant(node: Node) -> float | bool | None:
    """The value of a literal, with its sign.

    Raises ValueError where the node is no literal.
    """
    sign = 1.0
    if isinstance(node, Unary) and node.sign == "-" and not _word(node.operand):
        sign, node = -1.0, node.operand
    if isinstance(node, Literal):
        return sign * node.value if isinstance(node.value, float) else node.value
    if not isinstance(node, Num):
        raise ValueError
    return sign * node.value


def _word(node: Node) -> bool:
    """None, True or False, which take no sign."""
    return isinstance(node, Literal) and not isinstance(node.value, float)


def _plain(source: str, node: Node, what: str) -> Any:
    try:
        value = constant(node)
    except ValueError:
        raise NotationError(f"{what} is a number, True, False, None or a tuple of them", source, node.span) from None
    if isinstance(value, float) and value.is_integer() and abs(value) < LARGEST:
        return int(value)
    return value


def _whole(source: str, node: Node) -> int:
    value = _plain(source, node, "an index") if not isinstance(node, (Sequence, Slice)) else None
    if isinstance(value, bool) or not isinstance(value, int):
        raise NotationError("an index is a whole number, a slice, None or a list of numbers", source, node.span)
    return value


def entries(shape: Shape, where: tuple[Any, ...]) -> int:
    """At most how many entries an index gives, as far as its lists copy them; named sizes count as 1."""
    if not any(isinstance(entry, list) for entry in where):
        return 0
    total, axis = 1, 0
    for entry in where:
        if entry is not None:
            dim = shape[axis] if axis < len(shape) else 1
            known = dim if isinstance(dim, int) else 1
            total *= (
                len(cast(list[int], entry)) if isinstance(entry, list) else known if isinstance(entry, slice) else 1
            )
            axis += 1
    for dim in shape[axis:]:
        total *= dim if isinstance(dim, int) else 1
    return total

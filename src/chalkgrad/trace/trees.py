"""Trees of values: the numbers and arrays in nested tuples, lists and dicts, and the shape of the nest apart."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from chalkgrad.trace.holder import Holder

# Types whose equal values may stand for each other; the type counts too, since 1 == True.
_PLAIN = (bool, int, float, complex, str, bytes, np.generic, slice, range, type(None), type(Ellipsis))
_DICTS = (dict, OrderedDict)


def is_input(value: Any) -> bool:
    """Whether a value is data, and so an input: a number or an array, but no flag and no text."""
    if isinstance(value, (bool, np.bool_, np.character)):
        return False
    return isinstance(value, (int, float, np.ndarray, np.generic))


@final
class Static:
    """A value that is no data. Equal by value where it is plain, else by identity."""

    __slots__ = ("_key", "value")

    def __init__(self, value: Any) -> None:
        self.value = value
        self._key = _key(value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Static) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def __repr__(self) -> str:
        return repr(self.value)


@final
@dataclass(frozen=True, slots=True)
class Tree:
    """The shape of a nest. A leaf has the kind None; a static value stands in `static`."""

    kind: type | None = None
    keys: tuple[Any, ...] = ()
    children: tuple[Tree, ...] = ()
    static: Static | None = None

    @property
    def count(self) -> int:
        """How many leaves it has."""
        if self.kind is not None:
            return sum([c.count for c in self.children])
        return int(self.static is None)

    def unflatten(self, leaves: Sequence[Any]) -> Any:
        """The nest with these leaves.

        Raises ValueError where there are not as many as it has.
        """
        if len(leaves) != self.count:
            raise ValueError(f"{len(leaves)} leaves for a tree of {self.count}")
        return self._fill(iter(leaves))

    def names(self, root: str) -> tuple[str, ...]:
        """A name for each leaf, an identifier if `root` is: `params_W1`, `layers_0_b`; a bare leaf is `root` itself."""
        if self.kind is None:
            return (root,) if self.static is None else ()
        keys = self.keys or getattr(self.kind, "_fields", ()) or range(len(self.children))
        pairs = zip(keys, self.children, strict=True)
        return tuple([n for key, child in pairs for n in child.names(f"{root}_{_word(key)}")])

    def statics(self) -> Iterator[Any]:
        """The values in it that are no data."""
        if self.static is not None:
            yield self.static.value
        for child in self.children:
            yield from child.statics()

    def _fill(self, leaves: Iterator[Any]) -> Any:
        if self.kind is None:
            return next(leaves) if self.static is None else self.static.value
        parts = [c._fill(leaves) for c in self.children]
        if issubclass(self.kind, _DICTS):
            return self.kind(zip(self.keys, parts, strict=True))
        return self.kind(*parts) if hasattr(self.kind, "_fields") else self.kind(parts)


LEAF = Tree()


def flatten(value: Any) -> tuple[list[Any], Tree]:
    """The leaves of a nest, in order, and its shape.

    Tuples, lists, dicts (in the order of insertion) and named tuples are nests; numbers, arrays and traced values are
    leaves; all else is static, as is a tuple or list of plain ints alone, which is a shape or some axes.

    Examples
    --------
    >>> leaves, tree = flatten({"W": 1.0, "layers": [2.0, None]})
    >>> leaves, tree.names("p")
    ([1.0, 2.0], ('p_W', 'p_layers_0'))
    >>> tree.unflatten([3.0, 4.0])
    {'W': 3.0, 'layers': [4.0, None]}
    """
    leaves: list[Any] = []
    return leaves, _flatten(value, leaves)


def _flatten(value: Any, leaves: list[Any]) -> Tree:
    if isinstance(value, Holder) or is_input(value):
        leaves.append(value)
        return LEAF
    kind = type(value)
    if kind in _DICTS:
        return Tree(kind, tuple(value), tuple([_flatten(v, leaves) for v in value.values()]))
    sequence = kind in (tuple, list) or (isinstance(value, tuple) and hasattr(kind, "_fields"))
    if sequence and not _of_ints(value):
        return Tree(kind, (), tuple([_flatten(v, leaves) for v in value]))
    return Tree(static=Static(value))


def _of_ints(value: Any) -> bool:
    """Whether it is a nest of plain ints alone: axes, a shape, an index."""
    return type(value) in (tuple, list) and all([type(v) is int or _of_ints(v) for v in value])


def _word(key: Any) -> str:
    return re.sub(r"\W+", "_", str(key)).strip("_") or "item"


def _key(value: Any) -> Any:
    if isinstance(value, slice):
        return slice, _key(value.start), _key(value.stop), _key(value.step)
    if isinstance(value, _PLAIN):
        return type(value), str(value) if isinstance(value, (float, complex, np.generic)) else value
    if isinstance(value, (tuple, list)):
        return type(value), tuple([_key(v) for v in value])
    return type(value), id(value)

"""Which axes of lines are one: a row of a matrix is a row in every line that reads or writes it by rows."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import final

from chalkgrad.native.plan.lines import Line
from chalkgrad.ops.kernel import Axis


@final
class Classes:
    """Which axes are the same: those of one length at the same place of a buffer, or beside it; never two of one line.

    Of one family are those that would be the same if they were of one length: most rows, and all of them.
    """

    def __init__(self, lines: Iterable[Line]) -> None:
        self._same, self._alike = _Sets(), _Sets()
        for k, line in enumerate([x for both in lines for x in (both.first, both) if x is not None]):
            for axis in line.axes:
                self._same.put(axis, k)
                self._alike.put(axis, k)
            for table in (line.written, line.read):
                for buffer, spots in table.items():
                    for axis, where in spots.items():
                        if axis in line.axes:
                            for place in where:
                                self._same.join(axis, (buffer, place, axis.extent))
            for (axis, buffer, place), alone in line.along.items():
                if alone:
                    self._same.join(axis, (buffer, place, axis.extent))
                self._alike.join(axis, (buffer, place))

    def put(self, axis: Axis, kind: Hashable) -> None:
        """Let a new axis be of a class; of one of its own where that is None."""
        self._same.put(axis, None, kind)

    def of(self, axis: Axis) -> Hashable:
        """The class of an axis."""
        return self._same.root(axis)

    def family(self, kind: Hashable) -> Hashable:
        """The family of a class."""
        return self._alike.root(kind) if kind in self._alike else kind


@final
class _Sets:
    """Sets of nodes that are joined where they have no line in common."""

    def __init__(self) -> None:
        self._parent: dict[Hashable, Hashable] = {}
        self._lines: dict[Hashable, set[int]] = {}

    def __contains__(self, node: Hashable) -> bool:
        return node in self._parent

    def put(self, node: Hashable, line: int | None, of: Hashable = None) -> None:
        """Take a node in, which stands in a line if that is said; into the set of another one if that is."""
        self._parent[node] = node if of is None else of
        self._lines[node] = set() if line is None else {line}

    def join(self, a: Hashable, b: Hashable) -> None:
        """Let two nodes be of one set, if they may."""
        for node in (a, b):
            if node not in self._parent:
                self.put(node, None)
        a, b = self.root(a), self.root(b)
        if a is b or not self._lines[a].isdisjoint(self._lines[b]):
            return
        if len(self._lines[a]) < len(self._lines[b]):
            a, b = b, a
        self._parent[b] = a
        self._lines[a] |= self._lines.pop(b)

    def root(self, node: Hashable) -> Hashable:
        """What stands for the set of a node."""
        while self._parent[node] is not node:
            self._parent[node] = self._parent[self._parent[node]]
            node = self._parent[node]
        return node


__all__ = ["Classes"]

"""Which axes of lines are one: a row of a matrix is a row in every line that reads or writes it by rows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import final

from chalkgrad.native.plan.lines import Line
from chalkgrad.native.plan.statements import extent
from chalkgrad.ops.kernel import Axis


@final
class Classes:
    """Which axes are the same: those that stand at the same place of a buffer; never two of one line.

    Of one family are those that would be the same if they were of one length: most rows, and all of them.
    """

    def __init__(self, lines: Iterable[Line]) -> None:
        self._parent: dict[object, object] = {}
        self._lines: dict[object, set[int]] = {}
        self._extent: dict[object, int] = {}
        self._families: dict[object, object] = {}
        self._members: dict[object, set[int]] = {}
        for k, line in enumerate([x for both in lines for x in (both.first, both) if x is not None]):
            for axis in line.axes:
                self._parent[axis], self._lines[axis], self._extent[axis] = axis, {k}, extent(axis)
                self._families[axis], self._members[axis] = axis, {k}
            for table in (line.written, line.read):
                for buffer, spots in table.items():
                    for axis, where in spots.items():
                        if axis in self._parent:
                            for place in where:
                                self._join(axis, (buffer, place))
            for axis, buffer, place in line.along:
                self._relate(axis, (buffer, place))

    def put(self, axis: Axis, kind: object) -> None:
        """Let a new axis be of a class; of one of its own where that is None."""
        self._parent[axis] = axis if kind is None else kind
        self._lines.setdefault(axis, set())
        self._extent[axis] = extent(axis)

    def of(self, axis: Axis) -> object:
        """The class of an axis."""
        return _root(self._parent, axis)

    def family(self, kind: object) -> object:
        """The family of a class."""
        return _root(self._families, kind) if kind in self._families else kind

    def _relate(self, axis: Axis, node: object) -> None:
        if node not in self._families:
            self._families[node], self._members[node] = node, set()
        a, b = _root(self._families, axis), _root(self._families, node)
        if a is not b and self._members[a].isdisjoint(self._members[b]):
            self._families[b] = a
            self._members[a] |= self._members.pop(b)

    def _join(self, axis: Axis, node: object) -> None:
        if node not in self._parent:
            self._parent[node], self._lines[node], self._extent[node] = node, set(), extent(axis)
        a, b = _root(self._parent, axis), _root(self._parent, node)
        if a is b or self._extent[a] != self._extent[b] or not self._lines[a].isdisjoint(self._lines[b]):
            return
        if len(self._lines[a]) < len(self._lines[b]):
            a, b = b, a
        self._parent[b] = a
        self._lines[a] |= self._lines.pop(b)


def _root(parent: dict[object, object], node: object) -> object:
    while parent[node] is not node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


__all__ = ["Classes"]

"""Unknown sizes, made equal one by one. Each merger keeps its reason, so that a contradiction can name both sides."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import final

from chalkgrad.ir.dims import Dim
from chalkgrad.notation.tree import Span


@final
@dataclass(frozen=True, slots=True)
class Reason:
    """Why two sizes are equal: a rule in words, and the place that it was applied to."""

    words: str
    span: Span


@final
class Contradiction(Exception):
    """Two different sizes were made equal; `path` holds the reasons from the one to the other, in order."""

    def __init__(self, one: Dim, other: Dim, path: tuple[Reason, ...]) -> None:
        super().__init__(f"{one} is not {other}")
        self.one, self.other, self.path = one, other, path


@final
class Sizes:
    """A union-find over unknown sizes and known ones, which remembers why any two were merged."""

    def __init__(self) -> None:
        self._parent: list[int] = []
        self._dim: dict[int, Dim] = {}
        self._fixed: dict[Dim, int] = {}
        self._edges: list[list[tuple[int, Reason]]] = []
        self.merged = 0  # how many mergers were news

    def fresh(self) -> int:
        """A new unknown."""
        self._parent.append(len(self._parent))
        self._edges.append([])
        return len(self._parent) - 1

    def known(self, dim: Dim) -> int:
        """The size `dim`."""
        if dim not in self._fixed:
            self._fixed[dim] = self.fresh()
            self._dim[self._fixed[dim]] = dim
        return self._fixed[dim]

    def root(self, node: int) -> int:
        """The unknown that stands for all that are equal to `node`."""
        while self._parent[node] != node:
            self._parent[node] = self._parent[self._parent[node]]
            node = self._parent[node]
        return node

    def dim(self, node: int) -> Dim | None:
        """What size it is, where that is known."""
        return self._dim.get(self.root(node))

    def one(self, node: int) -> bool | None:
        """Whether it is 1; None where that is open. A named size is not 1."""
        dim = self.dim(node)
        return None if dim is None else dim == 1

    def merge(self, a: int, b: int, reason: Reason) -> bool:
        """Make two sizes equal; whether that is news.

        Raises Contradiction.
        """
        first, second = self.root(a), self.root(b)
        if first == second:
            return False
        one, other = self._dim.get(first), self._dim.get(second)
        self._edges[a].append((b, reason))
        self._edges[b].append((a, reason))
        if one is not None and other is not None:
            raise Contradiction(one, other, self._path(self._fixed[one], self._fixed[other]))
        self.merged += 1
        self._parent[first] = second
        if one is not None:
            self._dim[second] = one
        return True

    def why(self, node: int) -> tuple[Reason, ...]:
        """The reasons that lead from `node` to its size; none where it has none, or is it."""
        dim = self.dim(node)
        return () if dim is None else self._path(node, self._fixed[dim])

    def _path(self, start: int, stop: int) -> tuple[Reason, ...]:
        came: dict[int, tuple[int, Reason] | None] = {start: None}
        queue = deque([start])
        while queue and stop not in came:
            node = queue.popleft()
            for other, reason in self._edges[node]:
                if other not in came:
                    came[other] = (node, reason)
                    queue.append(other)
        found: list[Reason] = []
        step = came.get(stop)
        while step is not None:
            found.append(step[1])
            step = came[step[0]]
        return tuple(reversed(found))

"""What a network of linear layers can represent: one matrix, of a rank that its narrowest layer bounds."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, final

import numpy as np

from chalkgrad.errors import TooLarge, ValueNeeded
from chalkgrad.learn.network import Network

LARGEST = 2000


@final
@dataclass(frozen=True, eq=False)
class Bottleneck:
    """Linear layers as the one map that they are, with numbers that show it.

    Attributes
    ----------
    rank : int
        The most that the product of the layers' matrices can have: the narrowest layer.
    full : int
        The most that a matrix of this shape can have.
    free : int
        The dimension of the set of maps that it can represent: r(rows + columns - r) for rank r.
    singular : array
        The singular values of a product of random matrices of these shapes, the largest first.
    made : float
        How far a random matrix of the allowed rank is from the product that represents it, relative to its size.
    copy_error, copy_size : float
        ‖I - M‖ for the best M of this rank, and ‖I‖, in the Frobenius norm: of the copying map, what cannot be kept.
    """

    sizes: tuple[int, ...]
    rank: int
    full: int
    free: int
    singular: Any
    made: float
    copy_error: float
    copy_size: float

    @property
    def found(self) -> int:
        """The rank of the random product: how many of its singular values are no rounding error."""
        threshold = self.singular[0] * max(self.sizes[0], self.sizes[-1]) * np.finfo(float).eps * len(self.sizes)
        return int(np.sum(self.singular > threshold))


def bottleneck(network: Network, seed: int = 0) -> Bottleneck:
    """Demonstrate what linear layers of these sizes can represent.

    Raises ValueNeeded where a size has only a name, TooLarge above `LARGEST` units in a layer.
    """
    sizes = network.sizes
    if not all(isinstance(n, int) for n in sizes):
        raise ValueNeeded("the rank is shown with numbers: every size of the network must be one")
    if max(sizes) > LARGEST:
        raise TooLarge(f"the rank is shown for layers of up to {LARGEST} units, and not of {max(sizes)}")
    rng = np.random.default_rng(seed)
    rows, columns = sizes[-1], sizes[0]
    rank, full = min(sizes), min(rows, columns)
    copy = np.eye(rows, columns)
    left, values, right = np.linalg.svd(copy, full_matrices=False)
    best = (left[:, :rank] * values[:rank]) @ right[:rank]
    target = rng.normal(size=(rows, rank)) @ rng.normal(size=(rank, columns))
    made = _product(_layers_for(target, sizes))
    return Bottleneck(
        sizes=sizes,
        rank=rank,
        full=full,
        free=rank * (rows + columns - rank),
        singular=np.linalg.svd(_product([rng.normal(size=(b, a)) for a, b in _pairs(sizes)]), compute_uv=False),
        made=float(np.linalg.norm(made - target) / np.linalg.norm(target)),
        copy_error=float(np.linalg.norm(copy - best)),
        copy_size=float(np.linalg.norm(copy)),
    )


def _pairs(sizes: tuple[int, ...]) -> list[tuple[int, int]]:
    return list(pairwise(sizes))


def _product(matrices: list[Any]) -> Any:
    """W_l … W_2 W_1."""
    whole = matrices[0]
    for matrix in matrices[1:]:
        whole = matrix @ whole
    return whole


def _layers_for(target: Any, sizes: tuple[int, ...]) -> list[Any]:
    """Matrices of the layers' shapes whose product is `target`, of a rank that the layers allow.

    The first takes in what matters, the ones between hand it on, and the last makes the result of it.
    """
    if len(sizes) == 2:
        return [target]
    rank = min(sizes)
    left, values, right = np.linalg.svd(target, full_matrices=False)
    first = np.zeros((sizes[1], sizes[0]))
    first[:rank] = right[:rank]
    between = [np.eye(b, a) for a, b in _pairs(sizes[1:-1])]
    last = np.zeros((sizes[-1], sizes[-2]))
    last[:, :rank] = left[:, :rank] * values[:rank]
    return [first, *between, last]

"""What a derivative is, in each of the layouts that people write it in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import numpy as np

from chalkgrad.classroom.claims.matrices.ground import Ground, Point, Values
from chalkgrad.classroom.claims.matrices.values import Each
from chalkgrad.ir.dims import Dim
from chalkgrad.notation.shapes import known

Pair = tuple[Dim, Dim]


@final
@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """One way to write a derivative: its shape, its value at a point, and what is said of it beside the usual one."""

    shape: Pair
    value: Callable[[Point], Each]
    note: str = ""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """∂of/∂by: `layouts`, the usual one first; none where it has four axes, a `tensor` of that shape."""

    of: str
    by: str
    layouts: tuple[Layout, ...]
    tensor: tuple[Dim, ...] = ()
    examples: bool = False


def truth(ground: Ground, of: str, by: str, names_of_all: dict[str, str]) -> Truth:
    """The derivative, by a name for one example, for all, or one that they share."""
    if by in names_of_all:
        return _of_all(ground, of, by, names_of_all[by])
    u, v = ground.shapes[of], ground.shapes[by]

    def jacobian(point: Point) -> Each:
        return ground.jacobian(of, by, point)

    if u == (1, 1):
        plain = Layout(v, lambda point: [j[0, 0] for j in jacobian(point)])
        if 1 in v and v != (1, 1):
            words = f"laid out as a row; in the shape of {by} it is the transpose"
            return Truth(
                of, by, (plain, Layout((v[1], v[0]), lambda point: [j[0, 0].T for j in jacobian(point)], words))
            )
        return Truth(of, by, (plain,))
    if v == (1, 1):
        return Truth(of, by, (Layout(u, lambda point: [j[:, :, 0, 0] for j in jacobian(point)]),))
    if u[1] == v[1] == 1:
        full = Layout((u[0], v[0]), lambda point: [j[:, 0, :, 0] for j in jacobian(point)])
        turned = Layout((v[0], u[0]), lambda point: [j[:, 0, :, 0].T for j in jacobian(point)], "laid out by columns")
        if u == v and all(_diagonal(j[:, 0, :, 0]) for point in ground.points for j in jacobian(point)):
            slopes = Layout(u, lambda point: [np.diagonal(j[:, 0, :, 0])[:, None] for j in jacobian(point)])
            return Truth(of, by, (slopes, full))
        return Truth(of, by, (full, turned))
    if u == v and all(_diagonal(_square(j)) for point in ground.points for j in jacobian(point)):
        slopes = Layout(u, lambda point: [np.reshape(np.diagonal(_square(j)), j.shape[:2]) for j in jacobian(point)])
        return Truth(of, by, (slopes,))
    return Truth(of, by, (), tuple([dim for dim in (*u, *v) if dim != 1]))


def _of_all(ground: Ground, of: str, by: str, one: str) -> Truth:
    """By all examples at once: a column for each of them."""
    rows, _ = ground.shapes[one]
    _, count = known(next(s.every for s in ground.solution.shapes if s.name == one and s.every is not None))

    def value(point: Point) -> Each:
        columns = [j[0, 0] for j in ground.jacobian(of, one, point)]
        return [np.hstack(columns)] * ground.count

    return Truth(of, by, (Layout((rows, count), value),), examples=True)


def _square(jacobian: Values) -> np.ndarray:
    rows, columns = jacobian.shape[0] * jacobian.shape[1], jacobian.shape[2] * jacobian.shape[3]
    return np.reshape(jacobian, (rows, columns))


def _diagonal(square: Values) -> bool:
    return square.shape[0] == square.shape[1] and not np.any(square - np.diag(np.diagonal(square)))

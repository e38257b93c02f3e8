"""Hand tracking: how far the points of a posed hand lie from where they were seen, and the Jacobian."""

from typing import Any

import numpy as np
from evaluation import Function

import chalkgrad as cg

# Of the parameters: a rotation, a place, and then four angles a finger, of which two are those of its second bone.
FINGERS, ANGLES, FIRST = 5, 4, 6
MODEL = ("base_relatives", "inverse_base_absolutes", "base_positions", "weights")


def angles(theta: Any, bones: int) -> Any:
    """Of every bone, about x, z and y."""
    found = np.zeros((bones, 3))
    bone = 2 + ANGLES * np.arange(FINGERS)[:, None] + np.array([0, 0, 1, 2])
    found[bone, np.array([0, 1, 0, 0])] = theta[FIRST:].reshape(FINGERS, ANGLES)
    return found


def euler(turn: Any) -> Any:
    """The rotation about x, then y, then z."""
    x, z, y = turn
    about_x = np.array([[1, 0, 0], [0, np.cos(x), -np.sin(x)], [0, np.sin(x), np.cos(x)]])
    about_y = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    about_z = np.array([[np.cos(z), -np.sin(z), 0], [np.sin(z), np.cos(z), 0], [0, 0, 1]])
    return about_z @ about_y @ about_x


def rodrigues(turn: Any) -> Any:
    """The rotation about the axis `turn` by its length."""
    angle = np.sqrt(np.sum(turn**2))
    if angle < 1e-4:
        return np.eye(3)
    axis = turn / angle
    x, y, z = axis
    along = np.outer(axis, axis)
    across = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return along + (np.eye(3) - along) * np.cos(angle) + across * np.sin(angle)


def posed(theta: Any, parents: Any, relatives: Any, inverses: Any, base: Any, weights: Any) -> Any:
    """Where all vertices of the hand are: moved with every bone, and of that the mean by their weights."""
    turns = cg.vmap(euler)(angles(theta, len(parents)))
    moved = np.concatenate((relatives[:, :, :3] @ turns, relatives[:, :, 3:]), axis=2)
    absolutes: list[Any] = []
    for parent, relative in zip(parents, moved, strict=True):
        absolutes.append(relative if parent < 0 else absolutes[parent] @ relative)
    transforms = np.stack(absolutes) @ inverses
    vertices = np.einsum("biv,vb->vi", transforms[:, :3] @ base.T, weights)
    return vertices @ rodrigues(theta[:3]).T + theta[3:6]


def within(u: Any, corners: Any) -> Any:
    """A point of a triangle."""
    return u[0] * corners[0] + u[1] * corners[1] + (1 - u[0] - u[1]) * corners[2]


def simple(theta: Any, points: Any, vertices: Any, *model: Any) -> Any:
    """Each point was seen at a vertex."""
    return points - posed(theta, *model)[vertices]


def complicated(theta: Any, us: Any, points: Any, corners: Any, *model: Any) -> Any:
    """Each was seen in a triangle, at its own `u`."""
    return points - cg.vmap(within)(us, posed(theta, *model)[corners])


def simple_jacobian(*given: Any) -> Any:
    return cg.jacobian(simple)(*given)


def complicated_jacobian(theta: Any, us: Any, points: Any, corners: Any, *model: Any) -> Any:
    """The columns of `u` first: no error hangs on the `u` of another point."""
    by_theta = cg.jacobian(complicated)(theta, us, points, corners, *model)
    by_us = -cg.vmap(cg.jacobian(within))(us, posed(theta, *model)[corners])
    return np.concatenate((by_us, by_theta), axis=2)


def in_triangles(given: tuple[Any, ...]) -> bool:
    """Whether pairs `us` are given, or the points, which are triples, come next."""
    return given[1].shape[1] == 2


def objective(*given: Any) -> Any:
    return (complicated if in_triangles(given) else simple)(*given)


def jacobian(*given: Any) -> Any:
    return (complicated_jacobian if in_triangles(given) else simple_jacobian)(*given)


def prepare(given: dict[str, Any]) -> tuple[Any, ...]:
    data, model = given["data"], given["data"]["model"]
    hand = (tuple(model["parents"]), *[np.array(model[name], float) for name in MODEL])
    theta, points, seen = np.array(given["theta"]), np.array(data["points"]), np.array(data["correspondences"])
    if given["us"]:
        return theta, np.array(given["us"]), points, np.array(model["triangles"])[seen], *hand
    return theta, points, seen, *hand


FUNCTIONS = {
    "objective": Function(objective, prepare, answer=lambda found: found.ravel().tolist()),
    "jacobian": Function(jacobian, prepare, answer=lambda found: found.reshape(-1, found.shape[-1]).tolist()),
}

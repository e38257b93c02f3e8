"""Bundle adjustment: the errors of every observation, and their Jacobian, sparse, by rows."""

from typing import Any

import numpy as np
from evaluation import Function

import chalkgrad as cg

CAMERA, POINT = 11, 3
EACH = CAMERA + POINT + 1


def rotated(turn: Any, x: Any) -> Any:
    """`x`, turned about the axis `turn` by its length: Rodrigues' formula."""
    square = np.sum(turn * turn)
    angle = np.sqrt(square)
    axis = turn / angle
    cosine, sine = np.cos(angle), np.sin(angle)
    turned = x * cosine + np.cross(axis, x) * sine + axis * (np.dot(axis, x) * (1 - cosine))
    return np.where(square != 0, turned, x + np.cross(turn, x))


def reprojection(camera: Any, point: Any, weight: Any, feature: Any) -> Any:
    """How far the point, as the camera sees it, lies from where it was seen: 2 numbers, weighed."""
    turn, centre, length, middle, radial = camera[:3], camera[3:6], camera[6], camera[7:9], camera[9:]
    seen = rotated(turn, point - centre)
    flat = seen[:2] / seen[2]
    square = np.sum(flat * flat)
    flat = flat * (1 + radial[0] * square + radial[1] * square * square)
    return weight * (flat * length + middle - feature)


def weight_error(weight: Any) -> Any:
    return 1 - weight * weight


def objective(cameras: Any, points: Any, weights: Any, features: Any, seen: Any) -> Any:
    """Both kinds of errors; observation i is of point `seen[i, 1]` by camera `seen[i, 0]`."""
    errors = cg.vmap(reprojection)(cameras[seen[:, 0]], points[seen[:, 1]], weights, features)
    return errors, weight_error(weights)


def jacobian(cameras: Any, points: Any, weights: Any, features: Any, seen: Any) -> Any:
    """The Jacobian of all errors by all cameras, points and weights: where each row begins, columns, values."""
    many = len(weights)
    by_camera, by_point, by_weight = seen[:, 0], seen[:, 1], np.arange(many)

    blocks = cg.vmap(cg.jacobian(reprojection, wrt=(0, 1, 2)))(cameras[by_camera], points[by_point], weights, features)
    blocks = np.concatenate((blocks[0], blocks[1], blocks[2][:, :, None]), axis=2)
    values = np.concatenate((blocks.ravel(), cg.vmap(cg.grad(weight_error))(weights)))

    after_cameras = cameras.size
    after_points = after_cameras + points.size
    columns = np.concatenate(
        (
            by_camera[:, None] * CAMERA + np.arange(CAMERA),
            by_point[:, None] * POINT + np.arange(POINT) + after_cameras,
            by_weight[:, None] + after_points,
        ),
        axis=1,
    )
    twice = np.broadcast_to(columns[:, None, :], (many, 2, EACH))
    columns = np.concatenate((twice.ravel(), by_weight + after_points))
    rows = np.concatenate((np.arange(2 * many) * EACH, np.arange(many + 1) + 2 * many * EACH))
    return rows, columns, values


def prepare(given: dict[str, Any]) -> tuple[Any, ...]:
    n, m, p = given["n"], given["m"], given["p"]
    cameras, points = np.tile(given["cam"], (n, 1)), np.tile(given["x"], (m, 1))
    weights, features = np.full(p, float(given["w"])), np.tile(given["feat"], (p, 1))
    return cameras, points, weights, features, np.stack((np.arange(p) % n, np.arange(p) % m), axis=1)


def answer_errors(found: Any) -> dict[str, Any]:
    """The first of each kind, and how many there are."""
    errors, weights = found
    return {
        "reproj_error": {"elements": errors[0].tolist(), "repeated": len(errors)},
        "w_err": {"element": float(weights[0]), "repeated": len(weights)},
    }


def answer_jacobian(found: Any) -> dict[str, Any]:
    """The first 30 of each, and the last."""
    return {
        name: [*part[:30].tolist(), part[-1].item()] for name, part in zip(("rows", "cols", "vals"), found, strict=True)
    }


FUNCTIONS = {
    "objective": Function(objective, prepare, answer_errors),
    "jacobian": Function(jacobian, prepare, answer_jacobian),
}

"""What NumPy gives as a view is one here, and what it gives as a copy is none: seen through writes on either side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chalkgrad as cg

A = np.arange(12.0).reshape(3, 4) + 0.3

PARTS: dict[str, Callable[[Any], Any]] = {
    "split": lambda b: np.split(b, 2, axis=1)[1],
    "array_split": lambda b: np.array_split(b, 2)[1],
    "hsplit": lambda b: np.hsplit(b, 2)[0],
    "vsplit": lambda b: np.vsplit(b, 3)[1],
    "dsplit": lambda b: np.dsplit(b[None], 2)[1],
    "unstack": lambda b: np.unstack(b)[1] if hasattr(np, "unstack") else b[1],
    "flip": lambda b: np.flip(b, 0),
    "fliplr": lambda b: np.fliplr(b),
    "flipud": lambda b: np.flipud(b),
    "rot90": lambda b: np.rot90(b),
    "rot90 thrice": lambda b: np.rot90(b, 3),
    "rot90 none": lambda b: np.rot90(b, 0),
    "rollaxis": lambda b: np.rollaxis(b, 1),
    "matrix_transpose": lambda b: np.matrix_transpose(b),
    "atleast_3d": lambda b: np.atleast_3d(b),
    "atleast_1d": lambda b: np.atleast_1d(b),
    "atleast_2d of two": lambda b: np.atleast_2d(b[0] * 2, b[1])[1],
    "real": lambda b: np.real(b),
    "real_if_close": lambda b: np.real_if_close(b),
    "squeeze": lambda b: np.squeeze(b[None]),
    "expand_dims": lambda b: np.expand_dims(b, 0),
    "broadcast_arrays": lambda b: np.broadcast_arrays(b, b)[0],
    "ravel, by columns": lambda b: np.ravel(b, order="F"),
    "reshape, by columns": lambda b: np.reshape(b, (2, 6), order="F"),
    "roll by none": lambda b: np.roll(b, 0),
    "pad by none": lambda b: np.pad(b, 0),
    "tile once": lambda b: np.tile(b, 1),
    "concatenate one": lambda b: np.concatenate([b]),
    "block of one": lambda b: np.block([b]),
    "meshgrid": lambda b: np.meshgrid(b[0], b[1])[0],
    "nan_to_num": lambda b: np.nan_to_num(b),
    "conj": lambda b: np.conj(b),
    "take": lambda b: np.take(b, [0, 1], axis=0),
    "take one": lambda b: np.take(b, 1, axis=0),
    "delete none": lambda b: np.delete(b, [], axis=0),
    "compress all": lambda b: np.compress([True] * 3, b, axis=0),
    "round": lambda b: np.round(b),
    "sort": lambda b: np.sort(b, axis=1),
}


def written_into_the_part(part: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def f(a: Any) -> Any:
        b = a * 1.0
        view = part(b)
        view *= 3.0
        return np.sum(b**2) + np.sum(view)

    return f


def written_into_the_whole(part: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def f(a: Any) -> Any:
        b = a * 1.0
        view = part(b)
        b += 2.0
        return np.sum(b**2) + np.sum(view**3)

    return f


@pytest.mark.parametrize("write", [written_into_the_part, written_into_the_whole], ids=["part", "whole"])
@pytest.mark.parametrize("name", PARTS)
def test_a_write_is_seen_where_numpy_shows_it(name: str, write: Any) -> None:
    f = write(PARTS[name])
    value, gradient = cg.value_and_grad(f)(A.copy())
    np.testing.assert_allclose(value, f(A.copy()), rtol=1e-13)
    step = 1e-5
    wanted = np.zeros_like(A)
    for place in np.ndindex(*A.shape):
        up, down = A.copy(), A.copy()
        up[place] += step
        down[place] -= step
        wanted[place] = (f(up) - f(down)) / (2 * step)
    np.testing.assert_allclose(gradient, wanted, rtol=1e-6, atol=1e-5)

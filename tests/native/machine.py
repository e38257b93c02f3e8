"""Machine code called in the plainest way, for tests: an Artifact and arrays in, arrays out."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np

from chalkgrad.native.artifact import Artifact
from chalkgrad.native.call.engine import compiled

# Beside every output, to see that nobody writes there.
MARGIN = 64


class GaveUp(Exception):
    """The code says that the interpreter must answer."""


def call(artifact: Artifact, given: Sequence[Any]) -> list[np.ndarray]:
    """The outputs of the code at these inputs; it may write nowhere else."""
    inputs = [np.ascontiguousarray(x, dtype=t.dtype) for x, t in zip(given, artifact.inputs, strict=True)]
    before = [x.copy() for x in inputs]
    rooms = [
        np.full(int(np.prod(t.shape)) * np.dtype(t.dtype).itemsize + 2 * MARGIN, 0xA5, np.uint8)
        for t in artifact.outputs
    ]
    tables = [np.ascontiguousarray(t) for t in artifact.tables]
    starts = [x.ctypes.data for x in inputs] + [r.ctypes.data + MARGIN for r in rooms] + [t.ctypes.data for t in tables]
    sizes, constants = np.array([*artifact.sizes, 0], np.int64), np.array([*artifact.constants, 0.0])
    arena = np.full(artifact.arena + 128, 0xFF, np.uint8)
    aligned = arena.ctypes.data + -arena.ctypes.data % 64
    code = compiled(artifact.text, ("run",), artifact.externs)
    run = ctypes.CFUNCTYPE(ctypes.c_int32, *[ctypes.c_void_p] * 4)(code.addresses["run"])
    buffers = (ctypes.c_void_p * (len(starts) + 1))(*starts)
    status = run(ctypes.addressof(buffers), sizes.ctypes.data, constants.ctypes.data, aligned)
    if status:
        raise GaveUp
    assert all([x.tobytes() == y.tobytes() for x, y in zip(inputs, before, strict=True)]), "an input was written to"
    assert all([(r[:MARGIN] == 0xA5).all() and (r[-MARGIN:] == 0xA5).all() for r in rooms]), "written beside an output"
    return [r[MARGIN:-MARGIN].view(t.dtype).reshape(t.shape) for r, t in zip(rooms, artifact.outputs, strict=True)]

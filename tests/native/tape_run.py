"""A tape called as machine code is, by ctypes."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from chalkgrad.native.artifact import Artifact
from chalkgrad.native.call.engine import compiled

_ADDRESSES = [ctypes.c_void_p] * 4
_KEPT: dict[str, Any] = {}


def run(artifact: Artifact, *given: Any) -> list[Any]:
    """The outputs at these inputs, as arrays."""
    code = _KEPT.get(artifact.text)
    if code is None:
        code = _KEPT[artifact.text] = compiled(artifact.text, ("run",), artifact.externs)
    function = ctypes.CFUNCTYPE(ctypes.c_int32, *_ADDRESSES)(code.addresses["run"])
    inputs = [np.array(x, dtype=t.dtype, order="C") for x, t in zip(given, artifact.inputs, strict=True)]
    assert [x.shape for x in inputs] == [t.shape for t in artifact.inputs]
    outputs = [np.empty(t.shape, t.dtype) for t in artifact.outputs]
    arrays = [*inputs, *outputs, *artifact.tables]
    buffers = np.array([a.ctypes.data for a in arrays], dtype=np.uintp)
    sizes, constants = np.array(artifact.sizes, np.int64), np.array(artifact.constants, float)
    arena = np.full(artifact.arena + 64, 0x7F, np.uint8)  # what lies there is no number that anybody wrote
    start = arena.ctypes.data + -arena.ctypes.data % 64
    status = function(buffers.ctypes.data, sizes.ctypes.data, constants.ctypes.data, start)
    assert status == 0
    return outputs


def agrees(found: Any, wanted: Any, scale: float = 0.0, zeros: bool = True) -> None:
    """The same numbers but for the last places of a function; the same NaN and infinities; signs of 0 with `zeros`."""
    wanted = np.asarray(wanted)
    assert (found.shape, found.dtype) == (wanted.shape, wanted.dtype)
    wide = 1e-5 if wanted.dtype == np.float32 else 1e-13
    np.testing.assert_allclose(found, wanted, rtol=wide, atol=wide * scale)
    if zeros and wanted.dtype.kind == "f":
        number = ~np.isnan(wanted)
        np.testing.assert_array_equal(np.signbit(found[number]), np.signbit(wanted[number]))

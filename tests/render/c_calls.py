"""Compiles printed C with gcc, warnings as errors, and calls it."""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from chalkgrad.evaluate.worked import Worked
from chalkgrad.ir.program import Var
from chalkgrad.render.c import unit

FLAGS = ("-std=c99", "-pedantic", "-O2", "-Wall", "-Wextra", "-Werror")
CTYPES: dict[str, Any] = {
    "float64": ctypes.c_double,
    "float32": ctypes.c_float,
    "int64": ctypes.c_int64,
    "bool": ctypes.c_bool,
}


def compiled(source: str, folder: Path, flags: Sequence[str] = FLAGS) -> ctypes.CDLL:
    """The shared library of one printed file."""
    file, library = folder / "printed.c", folder / "printed.so"
    file.write_text(source, encoding="utf-8")
    command = ["gcc", *flags, "-shared", "-fPIC", str(file), "-o", str(library), "-lm"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stderr[:3000]}\n{source[:6000]}"
    return ctypes.CDLL(str(library))


def call(library: ctypes.CDLL, name: str, worked: Worked, given: Sequence[Any], seed: Any = 1.0) -> Any:
    """What the function says, its value and its gradients; a workspace is given where it takes one."""
    program = worked.program
    passed: list[Any] = [_argument(v, x) for v, x in zip(program.inputs, given, strict=True)]
    passed += [_argument(v, seed) for v in worked.backprop.seeds]
    results = [np.full(a.type.shape, 7, a.type.dtype) for a in (program.output, *worked.backprop.wrt)]
    passed += [ctypes.c_void_p(r.ctypes.data) for r in results]
    passed.append(ctypes.create_string_buffer(1 << 22))
    return getattr(library, name)(*passed), results[0], results[1:]


def _argument(var: Var, value: Any) -> Any:
    if not var.type.shape:
        return CTYPES[var.type.dtype](value)
    array = np.ascontiguousarray(value, var.type.dtype)
    passed = ctypes.c_void_p(array.ctypes.data)
    passed.array = array  # type: ignore[attr-defined]  # kept alive as long as the pointer
    return passed


__all__ = ["FLAGS", "call", "compiled", "unit"]

"""What the machine code of a Program consists of, between those who write it and those who call it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np

from chalkgrad.ir.types import ArrayType


@final
@dataclass(frozen=True, eq=False)
class Artifact:
    """A module of LLVM's language with one function, and the numbers that it is called with.

        i32 @run(ptr buffers, ptr sizes, ptr constants, ptr arena)

    `buffers` are addresses: of the inputs, then the outputs, then the tables; a scalar's too. Inputs and tables are
    only read; all are contiguous by rows, of the dtypes float64, float32, int64, or bool as bytes 0 and 1. No output
    lies in another or in an input. `sizes` are int64, `constants` float64. The arena is of `arena` bytes, its start a
    multiple of 64. What is returned is 0, or else the code has given up and outputs mean nothing: the interpreter then
    answers, and says what is wrong.

    The same text serves for other sizes and constants, so nothing in it hangs on them but which are equal.

    `externs` are functions that the module declares and calls. `work` is an estimate of its nanoseconds.
    """

    text: str
    inputs: tuple[ArrayType, ...]
    outputs: tuple[ArrayType, ...]
    tables: tuple[np.ndarray[Any, Any], ...] = ()
    sizes: tuple[int, ...] = ()
    constants: tuple[float, ...] = ()
    arena: int = 0
    externs: Mapping[str, int] = field(default_factory=dict[str, int])
    work: float = 0.0

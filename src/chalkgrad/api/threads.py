"""`threads`: how many threads a long call may use."""

from __future__ import annotations

import os

from chalkgrad.native.call import pool
from chalkgrad.native.products import blas

MOST = 256


def threads(count: int | None = None) -> int:
    """How many threads a long call may use; with a number, that many from now on.

    One is where it starts. Loops give the same numbers whatever their number is; products of large matrices do so for
    the same number. Short calls, below some 0.2 ms, never take more than one. Where the system's threads cannot wait in
    machine code there is one.

    >>> import chalkgrad as cg
    >>> cg.threads()
    1

    Raises ValueError where it is less than one, or more than 256.
    """
    if count is not None:
        if isinstance(count, bool) or not 1 <= count <= MOST:
            raise ValueError(f"a call uses 1 to {MOST} threads, not {count}")
        pool.resize(count - 1)
        blas.use_threads(min(1 + pool.size(), os.cpu_count() or 1))
    return 1 + pool.size()

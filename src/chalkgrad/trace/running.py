"""Which trace this thread is in."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from chalkgrad.trace.session import Session

_HERE = threading.local()
_LOCK = threading.Lock()
# How many threads are in a trace. Machine code reads it where it lies.
ACTIVE = np.zeros(1, np.int64)


def running() -> Session | None:
    """The innermost trace that this thread is in."""
    return getattr(_HERE, "session", None)


def enter(session: Session | None) -> Session | None:
    """Make this the innermost trace of the thread, and give the one that it was."""
    before = running()
    with _LOCK:
        ACTIVE[0] += (session is not None) - (before is not None)
    _HERE.session = session
    return before

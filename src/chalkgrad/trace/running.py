"""Which trace this thread is in."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chalkgrad.trace.session import Session

_HERE = threading.local()


def running() -> Session | None:
    """The innermost trace that this thread is in."""
    return getattr(_HERE, "session", None)


def enter(session: Session | None) -> Session | None:
    """Make this the innermost trace of the thread, and give the one that it was."""
    before = running()
    _HERE.session = session
    return before

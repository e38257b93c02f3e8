"""Long programs are many objects and none of them garbage: Python's collector looks them through again and again."""

from __future__ import annotations

import gc
from collections.abc import Generator
from contextlib import contextmanager

# Of so many new objects the collector would look through all, as soon as it may.
MANY = 10_000


@contextmanager
def no_collection() -> Generator[None]:
    """Without the cyclic collector inside, as it was outside. Where very many objects were made inside, they count as
    old ones afterwards: the next collection would find all of them alive, which takes as long as making a tenth."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            if gc.get_count()[0] > MANY and not gc.get_freeze_count():
                gc.freeze()  # all that there is set apart, without a look at it,
                gc.unfreeze()  # and given back as the oldest generation
            gc.enable()

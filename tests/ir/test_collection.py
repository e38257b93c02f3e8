"""The collector, and very many objects that are no garbage."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from chalkgrad.ir.collection import MANY, no_collection


@pytest.fixture(autouse=True)
def nothing_frozen() -> Iterator[None]:
    frozen = gc.get_freeze_count()
    gc.unfreeze()
    yield
    if frozen:
        gc.freeze()


def test_very_many_new_objects_are_not_looked_through() -> None:
    looked: list[str] = []

    def note(phase: str, info: object) -> None:
        looked.append(phase)

    gc.callbacks.append(note)
    try:
        with no_collection():
            kept = [[k] for k in range(2 * MANY)]
        again = [[k] for k in range(100)]  # fewer than let the collector come by themselves
    finally:
        gc.callbacks.remove(note)
    assert gc.isenabled()
    assert not looked
    assert gc.get_count()[0] < MANY
    assert gc.get_freeze_count() == 0
    assert len(kept) + len(again) == 2 * MANY + 100


def test_what_a_program_has_frozen_stays_frozen() -> None:
    gc.freeze()
    frozen = gc.get_freeze_count()
    with no_collection():
        kept = [[k] for k in range(2 * MANY)]
    assert gc.get_freeze_count() > 0.9 * frozen
    assert len(kept) == 2 * MANY
    gc.unfreeze()


def test_garbage_of_such_a_time_is_found_later() -> None:
    with no_collection():
        for k in range(2 * MANY):
            cycle: list[object] = [k]
            cycle.append(cycle)
    del cycle
    assert gc.collect() >= 2 * MANY

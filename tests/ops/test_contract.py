"""The contract, over the whole op table: a new op is covered without a word here."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import chalkgrad.ops  # noqa: F401  (fills the table)
from chalkgrad.ir.registry import OPS
from chalkgrad.ops.op import Op
from tests.ops.contract import BY_CASE, BY_OP, SKIPS, Case, cases

ops = pytest.mark.parametrize("op", OPS.values(), ids=OPS)


@ops
@pytest.mark.parametrize("clause", BY_CASE, ids=lambda f: f.__name__)
def test_every_op_keeps_the_contract(op: Op, clause: Callable[[Op, Case], None]) -> None:
    if (op.name, clause.__name__) in SKIPS:
        pytest.skip(SKIPS[op.name, clause.__name__])
    for case in cases(op):
        clause(op, case)


def test_what_is_skipped_is_there_and_has_a_reason() -> None:
    clauses = {clause.__name__ for clause in BY_CASE}
    for (name, clause), reason in SKIPS.items():
        assert name in OPS
        assert clause in clauses
        assert len(reason) > 20


@ops
@pytest.mark.parametrize("clause", BY_OP, ids=lambda f: f.__name__)
def test_every_op_is_what_it_says(op: Op, clause: Callable[[Op], None]) -> None:
    clause(op)


def test_places_that_stand_twice_are_among_the_samples() -> None:
    """Where two entries land on one place, or are read from one, rules go wrong that are right elsewhere."""
    readers = {op.name for op in OPS.values() if op.differentiable and any(map(places, cases(op)))}
    assert readers >= {"index", "scatter", "take_along", "put_along"}
    for name in readers:
        twice = [len(set(found)) < len(found) for case in cases(OPS[name]) for found in places(case)]
        assert any(twice), f"{name} has no sample that reads or fills a place twice"


def places(case: Case) -> list[list[int]]:
    """Every list of places in a case: arrays of whole numbers, and lists in an index."""
    index = case.params.get("index", ())
    lists = [np.ravel(i).tolist() for i in (index if isinstance(index, tuple) else (index,)) if isinstance(i, list)]
    return lists + [np.ravel(x).tolist() for x in case.inputs if np.ndim(x) and np.asarray(x).dtype.kind == "i"]

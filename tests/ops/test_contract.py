"""The contract, over the whole op table: a new op is covered without a word here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import chalkgrad.ops  # noqa: F401  (fills the table)
from chalkgrad.ir.registry import OPS
from chalkgrad.ops.local import Local, Matrix, Route, Spread, Times, times
from chalkgrad.ops.op import Op
from tests.ops.contract import BY_CASE, BY_OP, Case, agrees_to_second_order, agrees_with_differences, cases

ops = pytest.mark.parametrize("op", OPS.values(), ids=OPS)


@ops
@pytest.mark.parametrize("clause", BY_CASE, ids=lambda f: f.__name__)
def test_every_op_keeps_the_contract(op: Op, clause: Callable[[Op, Case], None]) -> None:
    for case in cases(op):
        clause(op, case)


@ops
@pytest.mark.parametrize("clause", BY_OP, ids=lambda f: f.__name__)
def test_every_op_is_what_it_says(op: Op, clause: Callable[[Op], None]) -> None:
    clause(op)

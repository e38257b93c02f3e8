"""The contract sees every wrong rule; `make mutants` puts the same rules into the op table itself."""

from __future__ import annotations

import pytest

from chalkgrad.errors import ProgramError
from chalkgrad.ir.registry import OPS
from chalkgrad.ops.op import Op
from tests.mutants.mutants import MUTANTS
from tests.mutants.run import first_failure, killed
from tests.ops.contract import agrees_at_every_order, agrees_with_differences, cases


def caught(op: Op) -> bool:
    """Whether a derivative comes out that differences do not confirm, or that does not fit at all."""
    for case in cases(op):
        for clause in (agrees_with_differences, agrees_at_every_order):
            try:
                clause(op, case)
            except (AssertionError, ProgramError):
                return True
    return False


@pytest.mark.parametrize("name", MUTANTS)
def test_a_wrong_rule_is_caught(name: str) -> None:
    assert caught(MUTANTS[name].record())


@pytest.mark.parametrize("op", sorted({m.op for m in MUTANTS.values()}))
def test_the_right_rule_beside_it_is_not(op: str) -> None:
    assert not caught(OPS[op])


def test_there_are_twenty_of_them_and_all_kinds() -> None:
    assert len(MUTANTS) >= 20
    for kind in ("forward only", "second order only", "third order only"):
        assert any(name.startswith(kind) for name in MUTANTS)


def test_in_the_table_itself_it_fails_the_tests_of_its_op() -> None:
    name, op, by = killed("forward only: exp without its factor")
    assert (name, op) == ("forward only: exp without its factor", "exp")
    assert "agrees" in by
    assert by.endswith("-exp]")


def test_a_run_of_no_tests_at_all_is_no_kill() -> None:
    with pytest.raises(RuntimeError, match="pytest says 5"):
        first_failure("", "tests/ops/test_mutants.py", "-k", "there_is_no_test_of_this_name")

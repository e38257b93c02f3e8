"""Two thousand random programs, seeded, by every route; `make fuzz` looks at a hundred thousand."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from chalkgrad.ir.registry import OPS
from chalkgrad.ops.local import times
from tests.fuzz.checks import Mismatch, Subject, differences, finite, forward_is_reverse
from tests.fuzz.generate import plan
from tests.fuzz.plan import Line, Plan
from tests.fuzz.verdict import examine, shrunk

SEED, COUNT, CHUNK = 20260, 2000, 100
# What compiles looks at few here; `make fuzz` shows it more.
RARE = {"jax": 100, "machine_code": 10}


@pytest.mark.parametrize("start", range(0, COUNT, CHUNK))
def test_all_routes_agree(start: int) -> None:
    found = examine(SEED, start, start + CHUNK, RARE)
    assert not found.mismatches, "\n\n".join(found.mismatches[:3])
    assert found.programs == CHUNK
    # every route was in fact gone, and most of the time there was something to compare
    for name in ("forward_is_reverse", "second_order", "differences", "printed_python", "maths_text"):
        assert found.compared[name] > 0.7 * CHUNK, name
    assert found.compared["traced_numpy"] > 0.2 * CHUNK
    assert found.compared["machine_code"] > 0.7 * CHUNK / RARE["machine_code"]


def test_the_command_line() -> None:
    command = [sys.executable, str(Path(__file__).with_name("run.py")), "--seed", str(SEED)]
    done = subprocess.run([*command, "--count", "60", "--jax-every", "0"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 unexplained mismatches" in done.stdout
    assert "60 programs in" in done.stdout


def test_the_same_seed_gives_the_same_programs() -> None:
    assert [str(plan(3, k)) for k in range(20)] == [str(plan(3, k)) for k in range(20)]
    assert len({str(plan(3, k)) for k in range(20)}) == 20


def test_a_wrong_rule_is_found_and_shrunk(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sign of tanh's slope turned, behind much else that does no harm."""
    wrong = replace(OPS["tanh"], vjp=lambda want, y, x: [times(y**2 - 1, x)])
    monkeypatch.setitem(OPS, "tanh", wrong)
    x, y = np.array([0.5, -1.0, 2.0]), np.array([1.0, 2.0, 3.0])
    lines = (
        Line("multiply", (0, 1)),
        Line("sin", (2,)),
        Line("tanh", (3,)),
        Line("add", (4, 1)),
        Line("sum", (5,)),
    )
    made = Plan((x, y), lines, 6)

    def fails(smaller: Plan) -> bool:
        try:
            differences(Subject(smaller, 0))
        except Mismatch:
            return True
        return False

    assert fails(made)
    small = shrunk(made, fails)
    assert [line.op for line in small.lines] == ["tanh"]
    assert len(small.inputs) == 1


def test_forward_mode_that_differs_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(OPS, "sin", replace(OPS["sin"], jvp=lambda tangents, y, x: tangents[0]))
    with pytest.raises(Mismatch, match="forward mode and reverse mode"):
        forward_is_reverse(Subject(Plan((2.0,), (Line("sin", (0,)),), 1), 0))


def test_an_infinity_without_a_notice_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    subject = Subject(Plan((0.0,), (Line("sqrt", (0,)),), 1), 0)
    finite(subject)  # infinite, and said
    monkeypatch.setattr("tests.fuzz.checks.work", lambda *a, **k: replace(subject.worked, notices=()))
    with pytest.raises(Mismatch, match="no notice"):
        finite(Subject(subject.plan, 0))

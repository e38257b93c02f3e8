"""What `import chalkgrad` and a command load, and what they leave for later."""

from __future__ import annotations

import subprocess
import sys

import pytest

import chalkgrad as cg
from chalkgrad.cli.main import COMMANDS, run


def loaded(code: str) -> set[str]:
    """The modules that are there after a process has run this."""
    command = f"{code}\nimport sys\nprint('|', *sys.modules)"
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True)
    return set(done.stdout.rpartition("|")[2].split())


def test_derivatives_load_nothing_that_draws_marks_or_teaches() -> None:
    found = loaded("import chalkgrad as cg; cg.grad, cg.compile, cg.scan, cg.trace(lambda x: x * x, 1.0)")
    assert "chalkgrad.api.gradients" in found
    assert not [m for m in found if m.startswith(("chalkgrad.classroom", "chalkgrad.learn", "chalkgrad.cli", "rich"))]
    assert not [m for m in found if m.startswith(("chalkgrad.native.plan.plan", "chalkgrad.native.emit.emit"))]
    assert "numpy.random" not in found


def test_a_draw_is_seen_where_it_is_the_first_of_the_process() -> None:
    code = """
import chalkgrad as cg, numpy as np, sys
assert "numpy.random" not in sys.modules
def plain(x):
    return x * len(np.random.__name__)
def drawing(x):
    return x * np.random.normal()
try:
    print(%s)
except cg.TraceError as error:
    print(error)
"""
    for call, said in (
        ("cg.trace(drawing, 1.0)", "drawing draws random numbers"),
        ("cg.grad(drawing)(1.0)", "drawing draws random numbers"),
        ("cg.grad(lambda x: cg.grad(drawing)(x))(1.0)", "drawing draws random numbers"),
        ("cg.grad(plain)(1.0)", "12.0"),
        ("cg.grad(lambda x: x * cg.grad(plain)(x))(1.0)", "12.0"),
    ):
        done = subprocess.run([sys.executable, "-c", code % call], capture_output=True, text=True, check=True)
        assert said in done.stdout, call


def test_one_command_loads_no_other() -> None:
    start = "from click.testing import CliRunner; from chalkgrad.cli.main import run; "
    found = loaded(start + "assert CliRunner().invoke(run, ['show', 'x y', 'x=1', 'y=2']).exit_code == 0")
    assert {m for m in found if m.startswith("chalkgrad.cli.") and m.rpartition(".")[2] in COMMANDS} == {
        "chalkgrad.cli.show"
    }


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_there(name: str) -> None:
    found = run.get_command(None, name)  # type: ignore[arg-type]  # the context is not looked at
    assert found is not None
    assert found.name == name


def test_a_name_that_is_loaded_late_is_the_one_of_its_room() -> None:
    from chalkgrad.api.check_claim import check
    from chalkgrad.trace.record import trace

    assert cg.check is check
    assert cg.trace is trace
    assert {"check", "worksheet", "grad"} <= set(dir(cg))
    with pytest.raises(AttributeError, match=r"module 'chalkgrad' has no attribute 'nothing'"):
        _ = cg.nothing  # type: ignore[attr-defined]  # there is none

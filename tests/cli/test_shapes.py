"""`chalkgrad shapes`."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from chalkgrad.cli.main import run
from tests.api.test_shapes import NETWORK


def invoke(*words: str, stdin: str | None = None) -> tuple[int, str]:
    result = CliRunner().invoke(run, ["shapes", *words], input=stdin)
    return result.exit_code, result.output


def test_the_network_from_standard_input() -> None:
    code, told = invoke("-", "--units", "a1=D_a1", "--given", "x^(i) in R^(D_x x 1)", stdin=NETWORK)
    assert code == 0
    row = next(line for line in told.splitlines() if line.startswith("W1"))
    assert row.split() == ["W1", "D_a1×D_x", "the", "same", "z1", "=", "W1", "x^(i)", "+", "b1"]
    assert "X: D_x×m" in told
    assert "Y: 1×m" in told


def test_the_program_over_all_examples() -> None:
    text = "ŷ^(i) = σ(W x^(i) + b); J = 1/m Σ_{i=1}^{m} (ŷ^(i) - y^(i))^2"
    code, told = invoke(text, "--given", "x^(i) in R^(D x 1)", "--batch", "i")
    assert code == 0
    assert "db = " in told
    assert "X" in told
    assert "unchanged: W 1×D" in told


def test_exit_codes() -> None:
    assert invoke("z = w x + b")[0] == 1, "a shape is open"
    code, told = invoke("d = u + v; u in R^(2 x 1); v in R^(3 x 1)")
    assert code == 2
    assert "contradict" in told


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("z = W x", "x=3"), "--units x="),
        (("z = W x", "--units", "z"), "NAME=SIZE"),
        (("z = W x", "--unit", "z=3"), "there is no option --unit; did you mean"),
        (("z = W x", "--given", "x = 3 ="), "a second = in one line"),
    ],
)
def test_bad_input(words: tuple[str, ...], told: str) -> None:
    code, output = invoke(*words)
    assert code == 2
    assert told in output

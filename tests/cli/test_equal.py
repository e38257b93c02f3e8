"""`chalkgrad equal`, as a person uses it."""

from __future__ import annotations

import json

from click.testing import CliRunner, Result

from chalkgrad.cli.main import run


def call(*args: str, stdin: str | None = None) -> Result:
    result = CliRunner().invoke(run, ["equal", *args], input=stdin)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def test_yes_with_the_derivation() -> None:
    result = call("tanh x", "2σ(2x) - 1")
    assert result.exit_code == 0
    assert result.output.splitlines()[0] == "yes: tanh(x) = 2·σ(2·x) - 1"
    assert "  = (1 - e^(-2·x))/(1 + e^(-2·x))    multiply numerator and denominator by e^(-x)" in result.output
    assert result.output.splitlines()[-1] == "every step checked at 3 points to 40 digits"


def test_no_with_the_counterexample() -> None:
    result = call("sqrt(x^2)", "x")
    assert result.exit_code == 1
    assert result.output.splitlines()[:5] == ["no: sqrt(x^2) ≠ x", "", "at x = -1:", "  sqrt(x^2) = 1", "  x = -1"]
    assert call("sqrt(x^2)", "x", "--where", "x > 0").exit_code == 0


def test_undecided() -> None:
    result = call("log x", "log(-x)")
    assert result.exit_code == 3
    assert result.output.splitlines()[-1] == "no point was found where both have a value"


def test_what_cannot_be_read() -> None:
    for args in (
        ("tanh (", "x"),
        ("x",),
        ("x", "y", "z"),
        ("x", "y", "--whre", "x > 0"),
        ("x", "x", "--where", "x"),
        ("x", "x", "--d", "y"),
        ("-", "-"),
    ):
        result = call(*args, stdin="")
        assert result.exit_code == 2, args
        assert "Traceback" not in result.output
        assert result.output


def test_without_a_derivation() -> None:
    result = call("tanh x", "2σ(2x) - 1", "--plain")
    assert (result.exit_code, len(result.output.splitlines())) == (0, 3)


def test_derivative() -> None:
    assert call("-y log σ(z) - (1 - y) log(1 - σ(z))", "σ(z) - y", "--d", "z").exit_code == 0
    assert call("σ'(x)", "σ(x)(1 - σ(x))").exit_code == 0


def test_text_that_begins_with_a_minus_and_standard_input() -> None:
    assert call("-x", "-(x)").exit_code == 0
    assert call("-", "2x", stdin="x + x\n").exit_code == 0


def test_json() -> None:
    found = json.loads(call("sqrt(x^2)", "x", "--json").output)
    assert found["verdict"] == "no"
    assert found["counterexample"] == {"x": "-1"}
    assert found["values"] == ["1", "-1"]
    found = json.loads(call("tanh x", "2σ(2x) - 1", "--json").output)
    assert found["derivation"][1] == {"formula": "(e^x - e^(-x))/(e^x + e^(-x))", "identity": "definition of tanh"}

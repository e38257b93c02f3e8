"""`chalkgrad check`: exit codes, files and standard input."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner, Result

from chalkgrad.cli.main import run

RIGHT = "f(x, y) = x y\nclaim: df/dx = y\n"


def call(*args: str, stdin: str | bytes | None = None) -> Result:
    return CliRunner().invoke(run, ["check", *args], input=stdin)


def test_exit_codes(tmp_path: Path) -> None:
    claim = tmp_path / "claim.txt"
    claim.write_text(RIGHT, encoding="utf-8")
    assert call(str(claim)).exit_code == 0
    wrong = call("-", "x=2", "y=3", stdin=RIGHT.replace("= y", "= x"))
    assert wrong.exit_code == 1
    assert "wrong: line 2" in wrong.output
    assert "at x = 2, y = 3: df/dx is 3, and this line gives 2" in wrong.output
    assert call("-", stdin="f(x) = log(x - 100)\nclaim: f'(x) = 1/(x - 100)").exit_code == 3
    for bad in (["-"], [str(tmp_path)], [str(tmp_path / "none.txt")]):
        refused = call(*bad, stdin="what?")
        assert refused.exit_code == 2
        assert "Traceback" not in refused.output
    assert call("-", stdin=b"\xff\xfe").exit_code == 2
    assert call("-", stdin="x" * 70000).exit_code == 2


def test_a_python_file(tmp_path: Path) -> None:
    file = tmp_path / "backward.py"
    file.write_text("q = x * y\nf = q * q\ndq = 2 * q\ndx = dq * x\n", encoding="utf-8")
    told = call(str(file))
    assert told.exit_code == 1
    assert "wrong: line 4" in told.output
    assert "× swaps" in told.output

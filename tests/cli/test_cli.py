"""The command line, as a person uses it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from chalkgrad.cli.main import run

PRODUCT = "f(x, y, z) = (x + y) z"
AT = ["x=-2", "y=5", "z=-4"]


def call(*args: str, stdin: str | bytes | None = None) -> Result:
    return CliRunner().invoke(run, args, input=stdin)


def lines(*args: str, stdin: str | None = None) -> list[str]:
    result = call(*args, stdin=stdin)
    assert result.exit_code == 0, result.output
    return result.output.splitlines()


def refusal(*args: str, stdin: str | bytes | None = None) -> str:
    result = call(*args, stdin=stdin)
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output
    return result.output


def test_show_tells_the_whole_story() -> None:
    told = lines("show", PRODUCT, *AT)
    assert told[1] == "  f(x, y, z) = (x + y)·z"
    assert "  ∂f/∂x = ∂f/∂q · ∂q/∂x = -4 · 1 = -4" in told
    assert "  ∂f/∂z = q = 3" in told
    assert any(row.split() == ["q", "x", "+", "y", "3", "-4", "z"] for row in told)
    assert any(row.split() == ["q", "→", "x", "∂f/∂q", "-4", "∂q/∂x", "1", "1", "-4"] for row in told)


def test_without_values_it_is_symbolic() -> None:
    told = lines("show", PRODUCT)
    assert "  ∂f/∂x = ∂f/∂q · ∂q/∂x = ∂f/∂q · 1" in told
    assert "value" not in " ".join(told).replace("values", "")


def test_upstream_is_named_l() -> None:
    told = lines("show", "σ(x)", "x=0", "--upstream", "-3")
    assert "  ∂L/∂x = ∂L/∂f · ∂f/∂x = -3 · 0.25 = -0.75" in told


def test_wrt_leaves_the_rest_out() -> None:
    told = lines("show", PRODUCT, *AT, "--wrt", "x")
    assert "  ∂f/∂x = z = -4" in told
    assert not any(row.startswith("  ∂f/∂z") for row in told)
    assert "no input 'X'" in refusal("show", PRODUCT, *AT, "--wrt", "X")


def test_rate_and_nudge() -> None:
    told = lines("show", "f(x, y) = x y", "x=1", "y=-2", "--rate", "0.1", "--nudge", "x=0.1")
    assert "  x ← x - α·∂f/∂x = 1 - 0.1·(-2) = 1.2" in told
    assert "  f(x+Δx, y) = -2.2 with Δx = 0.1, so Δf = -0.2" in told


@pytest.mark.parametrize("text", ["-x^2", "-y log h", "-(x + y)", "--x"])
def test_text_that_begins_with_a_minus(text: str) -> None:
    assert lines("show", text)[1].startswith("  f(")


def test_text_from_standard_input() -> None:
    assert lines("show", "-", *AT, stdin="q = x + y\nf = q z\n")[1] == "  q = x + y"
    assert lines("show", stdin="f(x) = x^2")[1] == "  f(x) = x^2"
    assert "not UTF-8" in refusal("show", "-", stdin=b"\xff\xfe")
    assert "64 KB" in refusal("show", "-", stdin="x + " * 20000 + "x")


def test_array_values() -> None:
    told = lines("show", "f(x) = sum(x * x)", "x=[1,2]")
    assert "  ∂f/∂x (2) = 2·x = [2, 4]" in told


def test_latex() -> None:
    told = lines("show", r"$$f(x, y, z) = \left(x + y\right) \cdot z$$", *AT)
    assert "  ∂f/∂z = q = 3" in told


@pytest.mark.parametrize("suffix", ["svg", "png", "json"])
def test_save(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / "deep" / f"f.{suffix}"
    assert lines("show", PRODUCT, *AT, "--save", str(path))[-1] == f"saved {path}"
    raw = path.read_bytes()
    if suffix == "svg":
        assert ElementTree.fromstring(raw).tag.endswith("svg")
    elif suffix == "png":
        assert raw.startswith(b"\x89PNG")
    else:
        told = json.loads(raw)
        assert told["gradients"] == {"x": -4.0, "y": -4.0, "z": 3.0}
        assert told["edges"][0]["sentence"] == "∂f/∂q = z = -4"


def test_blank_has_no_number_but_the_given_one(tmp_path: Path) -> None:
    path = tmp_path / "f.svg"
    lines("show", PRODUCT, *AT, "--blank", "--save", str(path))
    assert "-12" not in path.read_text()
    assert "left blank" in path.read_text()


def test_code() -> None:
    assert lines("code", "g = x + y; h = g z; f = h + x")[1] == "g = x + y     #(1)"
    assert lines("code", "f(x) = x^2", "--as", "python")[0] == "import numpy as np"
    assert lines("code", "f(x) = x^2", "--as", "loops")[0] == "df: x -> f, dx"


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["show", "x +"], ["    x +"]),
        (["show", "foo", "x=1"], ["unknown name 'foo'"]),
        (["show", "x", "x=1", "y"], ["a value is given as name=number"]),
        (["show", "x", "--uptream", "3"], ["no option --uptream", "did you mean '--upstream'"]),
        (["show", "x", "x=1", "--save", "f.bmp"], ["cannot save 'f.bmp'", ".svg"]),
        (["show", "x", "--rate", "0.1"], ["values"]),
        (["show", "x", "x=1", "--nudge", "z=1"], ["no input 'z'"]),
        (["show", "x > 1", "x=2"], ["true or false"]),
        (["show", "f(x) = x y"], ["unknown name 'y'"]),
        (["show", "f(x) = 2 x", "x=[1,2]"], ["upstream gradient"]),
        (["show", "f(x) = x", "x=1", "--upstream", "[1,2]"], ["(2,)"]),
        (["show", "1/2x", "x=1"], ["two readings", "^^^^"]),
        (["show", "x", "x=__import__('os')"], ["U+005F"]),
        (["show", "x\0y"], ["U+0000"]),
        (["show", "x\u202ey"], ["U+202E"]),
    ],
)
def test_refusals_name_the_place(args: list[str], words: list[str]) -> None:
    told = refusal(*args)
    for word in words:
        assert word in told


def test_as_a_process_it_is_plain_and_quiet(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "from chalkgrad.cli.main import main; main()"]
    done = subprocess.run([*command, "show", PRODUCT, *AT], capture_output=True, cwd=tmp_path, check=True)
    assert b"\x1b" not in done.stdout
    assert done.stderr == b""
    bad = subprocess.run([*command, "show", "x +"], capture_output=True, cwd=tmp_path)
    assert bad.returncode == 2
    assert bad.stdout == b""
    assert b"Traceback" not in bad.stderr
    gone = subprocess.run(f"{sys.executable} -c 'from chalkgrad.cli.main import main; main()' show x=1 x | head -1",
                          shell=True, capture_output=True, cwd=tmp_path)  # fmt: skip
    assert b"Traceback" not in gone.stderr


def test_what_it_prints_does_not_depend_on_the_process() -> None:
    command = [sys.executable, "-c", "from chalkgrad.cli.main import main; main()", "show", PRODUCT, *AT]
    one, two = (
        subprocess.run(command, capture_output=True, check=True, env={"PYTHONHASHSEED": seed}).stdout for seed in "12"
    )
    assert one == two

"""`chalkgrad conv`, `network`, `train` and `show --zoom`, as a person uses them."""

from __future__ import annotations

import doctest
import importlib
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import chalkgrad as cg
from chalkgrad.cli.main import run
from chalkgrad.render.convolution_picture import picture


def call(*args: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(run, args, input=stdin)


def told(*args: str, stdin: str | None = None) -> list[str]:
    result = call(*args, stdin=stdin)
    assert result.exit_code == 0, result.output
    return result.output.splitlines()


def refusal(*args: str) -> str:
    result = call(*args)
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output
    return result.output


def test_the_worksheets_filter(tmp_path: Path) -> None:
    target = tmp_path / "conv.svg"
    lines = told("conv", "10", "--filter", "7", "--padding", "3", "--stride", "3", "--save", str(target))
    assert "  (W - F + 2P)/S + 1 = (10 - 7 + 2·3)/3 + 1 = 9/3 + 1 = 4" in lines
    assert "  units 1, 4, 7, 10 of 10, counted from 1" in lines
    assert "input      0  0  0  1  2  3  4  5  6  7  8  9 10  0  0  0" in lines
    assert "place 2             ▫  ▫  ▫  ■  ▫  ▫  ▫" in lines
    assert lines[-2] == "The filter is laid on as it is and not turned round: a cross-correlation."
    root = ET.fromstring(target.read_text(encoding="utf-8"))
    cells = [e.text for e in root.iter() if e.get("role") == "cell"]
    assert cells[0:3] == ["1", "0, 0, 0, 1, 2, 3, 4", "1"]
    assert cells[9:12] == ["4", "7, 8, 9, 10, 0, 0, 0", "10"]
    fills = [e.get("fill") for e in root.iter() if e.tag.endswith("rect")]
    assert fills.count("#cfe8da") == 4  # the centres among the input's cells
    assert sum(e.get("stroke-dasharray") is not None for e in root.iter()) == 6  # the padding


def test_the_padding_that_keeps_the_size() -> None:
    lines = told("conv", "32", "--filter", "5", "--padding", "same")
    assert "  P = (F - 1)/2 = (5 - 1)/2 = 2 keeps the size" in lines
    assert lines[1].endswith("= 32")
    assert "take an odd filter, 3 or 5" in refusal("conv", "32", "--filter", "4", "--padding", "same")


def test_what_does_not_come_out_even_is_said() -> None:
    whole = "\n".join(told("conv", "10", "--filter", "4", "--padding", "2", "--stride", "3"))
    assert "10/3 + 1 = 4.333, rounded down to 4" in whole
    assert "a stride of 3 does not fit: the last cell, which is padding, is read by no place of the filter" in whole
    assert "none, since an even filter (4) has no middle" in whole
    far = "\n".join(told("conv", "10", "--filter", "2", "--stride", "4"))
    assert "a stride of 4 is longer than the filter's reach of 2: cells between are not read" in far
    assert "2 of the 6 middles stand on padding" in "\n".join(told("conv", "4", "--filter", "3", "--padding", "2"))


def test_an_image(tmp_path: Path) -> None:
    target = tmp_path / "conv.png"
    lines = told("conv", "7x9", "--filter", "3", "--padding", "1x0", "--stride", "2", "--save", str(target))
    assert "  so the output is 4 by 4" in lines
    assert "  rows 1, 3, 5, 7 of 7, counted from 1" in lines
    assert target.read_bytes().startswith(b"\x89PNG")


def test_large_inputs_are_drawn_in_part() -> None:
    found = cg.convolution(1000, 3)
    assert "(1000 cells are too many to draw here)" in str(found)
    assert len(found.svg) < 200_000
    drawn = picture(found.windows)
    assert "drawn: 24 of 998 places" in drawn.words[-1].text
    large = cg.convolution((500, 500), (3, 3))
    assert "drawn: the first 64 cells along an axis of 500" in [word.text for word in picture(large.windows).words]
    assert len(large.svg) < 2_000_000


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("conv", "10", "--filter", "x"), "--filter is a number such as 7, or two such as 3x5, and not 'x'"),
        (("conv", "3x3x3", "--filter", "2"), "SIZE has 3 sizes"),
        (("conv", "3", "--filter", "7"), "a filter of 7 reaches over 7 cells, and there are 3"),
        (("conv", "10", "--filter", "3", "--stride", "0"), "stride is a whole number, 1 or more"),
        (("conv", "10", "--filter", "3", "--padding", "-1"), "padding is a whole number, 0 or more"),
        (("conv", "10", "--filter", "3", "--save", "x.pdf"), "ends in .svg or .png"),
        (("network", "8-x"), "a chart is layer sizes such as 8-10-10-3"),
        (("network", "8-3", "3-2", "2-1"), "one network is counted, or two are compared; 3 were given"),
        (("train", "2-2-1", "--data", "nowhere.csv"), "cannot read 'nowhere.csv'"),
        (("train", "2-2-1", "--data", "xo"), "no data called 'xo'; did you mean 'xor'"),
        (("train", "2-2-1", "--steps", "0"), "from 1 to 1000000 steps"),
        (("show", "x y", "x=1", "y=2", "--entry", "0"), "--entry goes with --zoom"),
        (("show", "W x", "W=[[1,2]]", "x=[1,2]", "--zoom", "--entry", "a"), "an entry is a place such as 1, or 0,2"),
    ],
    ids=str,
)
def test_what_cannot_be_done_is_said(args: tuple[str, ...], said: str) -> None:
    assert said in refusal(*args)


def test_a_network_is_counted_and_drawn(tmp_path: Path) -> None:
    target = tmp_path / "net.svg"
    lines = told("network", "8-10-10-3", "--output", "softmax", "--save", str(target))
    assert "  weights: 80 + 100 + 30 = 210" in lines
    assert "  biases: 10 + 10 + 3 = 23, counted apart" in lines
    assert "  h = softmax(z3)" in lines
    assert "  backward in all:               340" in lines
    assert target.read_text(encoding="utf-8").startswith("<svg")


def test_two_networks_are_compared() -> None:
    lines = told("network", "100-100", "100-10-100", "--activation", "linear")
    assert "  weights                         10 000    2000" in lines
    assert "  rank of the map, at most        100       10" in lines


def test_a_network_from_equations() -> None:
    lines = told("network", "-", stdin="x in R^2\nW1 in R^(3 x 2)\nb1 in R^3\na1 = relu(W1 x + b1)\n")
    assert "  in all: 6 + 3 = 9" in lines
    assert "  not counted, since it is data: x" in lines


def test_training_tells_what_it_shows(tmp_path: Path) -> None:
    lines = told("train", "2-3-1", "--init", "equal", "--steps", "20")
    assert "gradient descent: 20 steps of rate 0.5 on 4 examples" in lines
    assert "weights begin all 0.5; biases begin 0" in lines
    assert any(line.startswith("The 3 units of hidden layer 1 began equal and got equal gradients") for line in lines)
    table = tmp_path / "or.csv"
    table.write_text("a,b,or\n0,0,0\n0,1,1\n1,0,1\n1,1,1\n", encoding="utf-8")
    assert told("train", "2-2-1", "--data", str(table), "--steps", "5") == told(
        "train", "2-2-1", "--data", "or", "--steps", "5"
    )
    assert told("train", "2-2-1", "--init", "0.25", "--steps", "5")[14] == "weights begin all 0.25; biases begin 0"


def test_show_zooms_in(tmp_path: Path) -> None:
    target = tmp_path / "net.svg"
    lines = told("show", "f = σ(W x + b)", "W=[[2,-1]]", "x=[1,3]", "b=[0.5]", "--zoom", "--save", str(target))
    assert any(line.split() == ["w_11", "input", "2", "0.235", "f·(1", "-", "f)·x_1"] for line in lines)
    assert "w_12·x_2" in target.read_text(encoding="utf-8")
    assert any("= 39" in line for line in told("show", "W x", "W=[[1,2],[3,4]]", "x=[5,6]", "--zoom", "--entry", "1"))


def test_the_page_shows_what_is_printed() -> None:
    page = (Path(__file__).parents[2] / "docs" / "networks.md").read_text(encoding="utf-8")
    command, _, printed = page.split("```console\n$ chalkgrad ")[1].split("```")[0].partition("\n")
    assert "\n".join(told(*command.split())) + "\n" == printed


@pytest.mark.parametrize("module", ["api.conv", "api.network", "api.train", "api.zoom", "ops.windows"])
def test_the_examples_in_docstrings_are_true(module: str) -> None:
    found = doctest.testmod(importlib.import_module(f"chalkgrad.{module}"))
    assert (found.failed, found.attempted > 0) == (0, True)

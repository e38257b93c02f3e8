"""TikZ: the SVG's coordinates, and a document that compiles wherever there is a TeX."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import chalkgrad as cg
from chalkgrad.ir.build import Builder
from chalkgrad.ir.types import SCALAR

S9 = "g = x + y; h = g z; f = h + x"
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def s9() -> cg.Work:
    return cg.work(S9, x=-2, y=5, z=-4)


def test_same_coordinates_as_the_svg() -> None:
    drawing = cg.draw(s9())
    svg, tikz = drawing.svg, drawing.tikz
    wires = re.findall(r'<path d="(M[^"]+)"/>', svg.split('<g fill="none"')[1].split("</g>")[0])
    drawn = re.findall(r"\\draw\[chalkwire[^\]]*\] ([^;]+);", tikz)
    assert [NUMBER.findall(w) for w in wires] == [NUMBER.findall(d) for d in drawn]
    circles = re.findall(r'<circle cx="([^"]+)" cy="([^"]+)" r="13"/>', svg)
    assert circles == re.findall(r"\(([^,]+),([^)]+)\) circle\[radius=13pt\]", tikz)
    width, height = re.findall(r'viewBox="0 0 (\S+) ([^"]+)"', svg)[0]
    assert rf"rectangle ({width},{height});" in tikz


def test_values_stand_above_and_gradients_below() -> None:
    tikz = cg.draw(s9()).tikz
    places = {
        role: [(float(x), float(y)) for x, y in re.findall(rf"\\node\[chalk{role}\S*\] at \(([^,]+),([^)]+)\)", tikz)]
        for role in ("value", "gradient")
    }
    assert len(places["value"]) == len(places["gradient"]) == 8
    for (x1, above), (x2, below) in zip(places["value"], places["gradient"], strict=True):
        assert abs(x1 - x2) < 0.02
        assert above < below


def test_the_document_stands_alone_in_ascii() -> None:
    drawing = cg.draw(cg.work("σ(α x) + ½ ŷ", values={"α": 1, "x": 2, "ŷ": 3}))
    content = drawing._content(".tex").decode("ascii")
    assert content.startswith(r"\documentclass")
    assert content.rstrip().endswith(r"\end{document}")
    for one in (r"\begin{tikzpicture}", r"\hat{y}", r"\sigma", r"\frac{\partial f}{\partial\alpha}", "chalkgradient"):
        assert one in content
    assert content.count(r"\begin{") == content.count(r"\end{")


def test_a_blank_sheet_gives_nothing_away() -> None:
    content = cg.draw(s9(), blank=True)._content(".tex").decode()
    assert not re.search(r"\$-?(14|12|4|5)\$", content)
    assert content.count("dash pattern") == 15  # the output's gradient is given
    assert r"\partial f}{" not in content


def test_code_as_latex_has_the_tags_of_the_pseudocode() -> None:
    printed = cg.code(s9(), "latex")
    assert printed.count(r"\begin{align*}") == 2
    assert [int(t) for t in re.findall(r"\\#\((\d)\)", printed)] == [1, 2, 3, 3, 3, 2, 2, 1, 1]
    assert printed.count(r"\mathrel{+}=") == 1


def hostile() -> cg.Work:
    builder = Builder()
    names = [r"}\input{/etc/passwd}", r"\end{document}", "$x$ %#&~^_", "面积", "<b>|`*", "\x00\u202e"]
    inputs = [builder.value(builder.input(name, SCALAR)) for name in names]
    total = inputs[0]
    for x in inputs[1:]:
        total = total * x
    return cg.work(builder.program(r"\evil{", total.atom), *range(1, 7))


def test_hostile_names_are_no_commands() -> None:
    content = cg.draw(hostile())._content(".tex").decode("ascii")
    commands = re.findall(r"(?<!\\)\\(input|write|end)\b\{?(\w*)", content)
    allowed = {"document", "center", "tikzpicture", "tabular", "itemize"}
    assert {inside for _, inside in commands} <= allowed
    assert content.count(r"\end{document}") == 1


def long() -> cg.Work:
    """Wider than any length that TeX knows."""
    return cg.work("f(x) = " + "sin(" * 220 + "x" + ")" * 220, x=1)


def test_no_length_is_beyond_what_tex_knows() -> None:
    drawing = cg.draw(long())
    assert drawing._drawn[1].width > 16_383
    assert max(map(float, NUMBER.findall(drawing.tikz))) < 16_383


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="there is no pdflatex on this machine to compile with")
@pytest.mark.parametrize(
    "worked",
    [s9, hostile, long, lambda: cg.work("f(W, x) = sum(max(W x, 0))", W=[[1, 2], [3, -4.0]], x=[1, 0.5])],
    ids=["s9", "hostile", "long", "arrays"],
)
def test_it_compiles(worked: object, tmp_path: Path) -> None:
    assert callable(worked)
    cg.draw(worked()).save(tmp_path / "a.tex")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "a.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]

"""Saved pages: each format holds the same things, stands alone, escapes names, and repeats to the byte."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner

import chalkgrad as cg
from chalkgrad.cli.main import run
from chalkgrad.ir.build import Builder
from chalkgrad.ir.types import SCALAR
from chalkgrad.render.paper import paper

S9 = "g = x + y; h = g z; f = h + x"
S2 = "f = 1/(1 + e^{-(w_0x_0 + w_1x_1 + w_2)})"
AT_S2 = {"w_0": 2, "x_0": -1, "w_1": -3, "x_1": -2, "w_2": -3}
PAGES = (".pdf", ".tex", ".html", ".md")


def s9() -> cg.Work:
    return cg.work(S9, x=-2, y=5, z=-4)


def saved(worked: cg.Work, suffix: str, folder: Path, **options: bool) -> bytes:
    return cg.draw(worked, **options).save(folder / f"page{suffix}").read_bytes()  # type: ignore[arg-type]


class Tags(HTMLParser):
    """Every tag and attribute of a page, and whether what was opened is closed."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.values: list[tuple[str, str]] = []
        self.open: list[str] = []
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.values += [(name, value or "") for name, value in attrs]
        if tag not in ("meta",):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.values += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("suffix", PAGES)
def test_same_bytes(suffix: str, tmp_path: Path) -> None:
    assert saved(s9(), suffix, tmp_path) == saved(s9(), suffix, tmp_path)


def test_what_a_page_holds() -> None:
    page = paper(s9())
    assert [head for head, _ in page.sections] == [
        "function",
        "local derivatives",
        "chain rule",
        "gradients",
        "gradient descent",
    ]
    values, edges = page.tables
    assert tuple(c.text for c in values.rows[0]) == ("x", "input", "-2", "-3")
    assert [c.text for c in edges.rows[0]] == ["f → h", "1", "1", "1", "1"]
    assert any("a fork adds" in line for line in page.words)


def test_notices_are_on_every_page(tmp_path: Path) -> None:
    worked = cg.work("f(x) = |x|", x=0)
    for suffix in (".tex", ".html", ".md"):
        assert b"subgradient" in saved(worked, suffix, tmp_path)


def test_html_stands_alone(tmp_path: Path) -> None:
    content = saved(s9(), ".html", tmp_path).decode()
    found = Tags(content)
    assert not found.open
    assert {"svg", "math", "table"} <= found.tags
    assert not found.tags & {"script", "link", "iframe", "img", "object", "embed", "foreignobject"}
    for name, value in found.values:
        assert not name.startswith("on")
        assert "://" not in value or name.startswith("xmlns")
    assert "default-src 'none'" in content


def test_markdown_has_tables_and_formulas(tmp_path: Path) -> None:
    content = saved(s9(), ".md", tmp_path).decode()
    assert r"- $\frac{\partial f}{\partial x} = z + 1$" in content
    assert "| $x$ | input | $-2$ | $-3$ |" in content
    rows = [line for line in content.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {5, 6}


def test_pdf_of_a_page_and_its_title(tmp_path: Path) -> None:
    content = saved(s9(), ".pdf", tmp_path)
    assert content.startswith(b"%PDF")
    assert len(content) < 200_000


@pytest.mark.parametrize("suffix", PAGES)
@pytest.mark.parametrize(
    "worked",
    [
        lambda: cg.work("f(x, y) = x y"),
        lambda: cg.work("f = 2 + 3"),
        lambda: cg.work("f(x) = x", x=2),
        lambda: cg.work("f(x, y) = x y", x=1, y=2, upstream=-3),
        lambda: cg.work("f(x) = log(x)", x=0),
        lambda: cg.work("z = w x; a = g(z); L = Loss(a, y)", abstract=("g", "Loss")),
    ],
    ids=["symbolic", "constant", "identity", "upstream", "infinite", "abstract"],
)
def test_every_kind_of_work_is_saved(worked: object, suffix: str, tmp_path: Path) -> None:
    assert callable(worked)
    assert saved(worked(), suffix, tmp_path)


def test_a_large_graph_is_a_page_without_formulas(tmp_path: Path) -> None:
    content = saved(cg.work("f(x) = " + " + ".join(["x x"] * 200), x=1), ".md", tmp_path).decode()
    assert "more rows are left out" in content
    assert "Gradients" not in content


@pytest.mark.parametrize("suffix", PAGES)
def test_a_blank_page_gives_nothing_away(suffix: str, tmp_path: Path) -> None:
    content = saved(cg.work("f(x, y) = x y + 7 x", x=31, y=23), suffix, tmp_path, blank=True)
    for answer in (b"713", b"930", b"partial f}{"):
        assert answer not in content


def test_hostile_names(tmp_path: Path) -> None:
    builder = Builder()
    names = ["<script>alert(1)</script>", '"><img src=x onerror=y>', "| a |\n# b", '$#read("secret")$', "`*_[x](y)"]
    inputs = [builder.value(builder.input(name, SCALAR)) for name in names]
    total = inputs[0]
    for x in inputs[1:]:
        total = total + x
    worked = cg.work(builder.program("f", total.atom), *range(5))
    found = Tags(saved(worked, ".html", tmp_path).decode())
    assert not found.tags & {"script", "img"}
    markdown = saved(worked, ".md", tmp_path).decode()
    assert "<" not in markdown.replace(r"\<", "").replace("    <", "")
    assert "\n# b" not in markdown
    assert saved(worked, ".pdf", tmp_path)


def test_suffix_and_folder_are_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(cg.ChalkgradError, match=r"\.md or \.json"):
        cg.draw(s9()).save(tmp_path / "a.docx")
    (tmp_path / "file").write_text("")
    with pytest.raises(cg.ChalkgradError, match="cannot write"):
        cg.draw(s9()).save(tmp_path / "file" / "a.md")


# --- one under another --------------------------------------------------------------------------------------


def test_whole_above_fine() -> None:
    whole, fine = (cg.work(S2, values=AT_S2, gates=gates) for gates in ("whole", "fine"))
    both = cg.draw(whole, fine)
    heights = [float(re.findall(r'height="([\d.]+)pt"', cg.draw(w).svg)[0]) for w in (whole, fine)]
    height = float(re.findall(r'height="([\d.]+)pt"', both.svg)[0])
    assert height > sum(heights)
    assert both.tikz.count("circle[radius=13pt]") == 5 + 8
    assert both.svg.count('role="row"') > cg.draw(whole).svg.count('role="row"')


def test_command_line(tmp_path: Path) -> None:
    names = [str(tmp_path / f"f{suffix}") for suffix in PAGES]
    options = [part for name in names for part in ("--save", name)]
    given = [f"{name}={value}" for name, value in AT_S2.items()]
    folder = tmp_path / "slides"
    done = CliRunner().invoke(run, ["show", S2, *given, "--gates", "both", *options, "--frames", str(folder)])
    assert done.exit_code == 0, done.output
    assert all(Path(name).stat().st_size for name in names)
    assert done.output.count("saved ") == 5
    assert (folder / "frames.pdf").read_bytes().startswith(b"%PDF")


def test_command_line_refuses_a_suffix(tmp_path: Path) -> None:
    done = CliRunner().invoke(run, ["show", "f = x", "x=1", "--save", str(tmp_path / "f.gif")])
    assert done.exit_code == 2

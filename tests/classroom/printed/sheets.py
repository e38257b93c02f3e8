"""The sheets that the printed tests print: the five seeds, and small ones."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from chalkgrad.classroom.printed.compose import layout
from chalkgrad.classroom.printed.layout import Layout
from chalkgrad.classroom.sheets.blank import Keyed, Question, Variant
from chalkgrad.classroom.sheets.key import keyed
from chalkgrad.classroom.sheets.reading import read_sheet
from chalkgrad.render import typeset

FOLDER = Path(__file__).parents[3] / "examples" / "sheets"
SEEDS = ("backprop", "section", "filters", "practice", "nets")
HEAD = 'name = "one"\ntitle = "One"\n[[problem]]\n'
S1 = HEAD + 'function = "q = x + y; f(x, y, z) = q z"\nvalues = { x = -2, y = 5, z = -4 }\n'


@cache
def seed(name: str) -> Keyed:
    return keyed(read_sheet((FOLDER / f"{name}.toml").read_text(encoding="utf-8")))


@cache
def seed_layout(name: str) -> Layout:
    return layout(seed(name))


def sheet(text: str, variant: Variant | None = None) -> Keyed:
    return keyed(read_sheet(text), variant or Variant())


def question(text: str) -> Question:
    return sheet(text).questions[0]


def pages_of(document: str, inputs: dict[str, str]) -> list[str]:
    """The pages of a typst document as SVG: what its PDF looks like."""
    found = typeset._compile(document, "svg", inputs)
    return [page.decode() for page in (found if isinstance(found, list) else [found])]

"""Every view of four sheets, byte for byte. `make golden` writes them anew; look at what changed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import chalkgrad as cg
from chalkgrad.render.data import to_json
from chalkgrad.render.html import html
from tests.sheets import SHEETS

VIEWS: dict[str, Callable[[cg.Work], str]] = {
    "svg": lambda w: cg.draw(w).svg,
    "blank.svg": lambda w: cg.draw(w, blank=True).svg,
    "txt": str,
    "html": html,
    "json": to_json,
    "pseudo.txt": lambda w: cg.code(w, "pseudocode"),
    "py.txt": lambda w: cg.code(w, "python"),
    "c.txt": lambda w: cg.code(w, "c"),
    "words.txt": lambda w: cg.explain(w) + "\n",
}


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("row", ["S1", "S2", "S9", "S10"])
def test_view(row: str, view: str, golden: Callable[[str, str], None]) -> None:
    sheet = SHEETS[row]
    gates = "whole" if row == "S10" else "typed"
    golden(f"{row}.{view}", VIEWS[view](cg.work(sheet.text, values=sheet.at, gates=gates)))


@pytest.mark.parametrize("row", ["S1", "S9"])
def test_symbolic(row: str, golden: Callable[[str, str], None]) -> None:
    golden(f"{row}.symbolic.txt", str(cg.work(SHEETS[row].text)))

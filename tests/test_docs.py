"""The pages of the views are what the program prints: `python docs/pages.py` writes them anew."""

from __future__ import annotations

import runpy
from pathlib import Path

DOCS = Path(__file__).parent.parent / "docs"


def test_pages_are_true() -> None:
    made = runpy.run_path(str(DOCS / "pages.py"))["pages"]()
    assert len(made) > 10
    for path, text in made.items():
        assert (DOCS / path).read_text(encoding="utf-8") == text, (
            f"{path}: run docs/pages.py and look at the difference"
        )

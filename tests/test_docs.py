"""The pages of the views are what the program prints: `python docs/pages.py` writes them anew."""

from __future__ import annotations

import doctest
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


def test_the_page_on_numpy_runs() -> None:
    from chalkgrad.ir.registry import OPS

    before = dict(OPS)
    try:
        failed, tried = doctest.testfile(str(DOCS / "numpy.md"), module_relative=False)
    finally:
        for name in OPS.keys() - before.keys():
            del OPS[name]
    assert tried > 20
    assert not failed


def test_the_page_on_matrices_runs() -> None:
    failed, tried = doctest.testfile(str(DOCS / "matrices.md"), module_relative=False)
    assert tried >= 8
    assert not failed


def test_the_page_on_functions_runs() -> None:
    failed, tried = doctest.testfile(str(DOCS / "functions.md"), module_relative=False)
    assert tried >= 5
    assert not failed

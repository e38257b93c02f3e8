"""The pages of the views are what the program prints: `python docs/pages.py` writes them anew."""

from __future__ import annotations

import doctest
import re
import runpy
from pathlib import Path

import pytest

import chalkgrad as cg

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


def test_the_page_on_machine_code_runs() -> None:
    failed, tried = doctest.testfile(str(DOCS / "native.md"), module_relative=False)
    assert tried >= 8
    assert not failed


def test_the_claims_on_the_page_on_checking_are_right() -> None:
    claims = re.findall(r"^```\n(.*?)^```", (DOCS / "check.md").read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert len(claims) == 2
    for claim in claims:
        assert cg.check(claim), str(cg.check(claim))


def test_the_scripts_on_the_page_on_views_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    page = (DOCS / "views.md").read_text(encoding="utf-8")
    scripts = re.findall(r"^```python\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    assert len(scripts) >= 2
    scope: dict[str, object] = {}
    for script in scripts:
        exec(script, scope)  # a page of ours

"""A pytest plugin: `-p tests.mutants.plugin --mutant "× not swapped"` runs the tests with that rule in the op table."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--mutant", default="", help="the wrong rule to put into the op table")


def pytest_configure(config: pytest.Config) -> None:
    name = config.getoption("--mutant")
    if name:
        from tests.mutants.mutants import MUTANTS

        MUTANTS[name].move_in()

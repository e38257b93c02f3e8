"""What `import chalkgrad` offers: the list of names, a docstring for each, and every example in them."""

from __future__ import annotations

import doctest
import inspect
import sys
from types import FunctionType

import numpy as np
import pytest

import chalkgrad as cg
from chalkgrad.ir.registry import OPS

# What a function gives back (Drawing, Equality, Verdict …) stays in the function's own module.
NAMES = [
    "ChalkgradError",
    "GradientError",
    "MatrixError",
    "NotationError",
    "ProgramError",
    "ShapeError",
    "SheetError",
    "TooLarge",
    "TraceError",
    "UnknownName",
    "ValueNeeded",
    "VariantError",
    "Work",
    "backprop",
    "batch",
    "check",
    "check_gradients",
    "code",
    "compile",
    "conv1d",
    "conv2d",
    "convolution",
    "draw",
    "elementwise",
    "equal",
    "explain",
    "formulas",
    "grad",
    "hessian",
    "jacobian",
    "jvp",
    "network",
    "parse",
    "scan",
    "shapes",
    "structured",
    "threads",
    "trace",
    "train",
    "value_and_grad",
    "vjp",
    "vmap",
    "work",
    "worksheet",
    "zoom",
]
FUNCTIONS = [name for name in NAMES if isinstance(getattr(cg, name), FunctionType)]


def test_the_list_of_names() -> None:
    assert cg.__all__ == NAMES


def test_nothing_else_is_offered() -> None:
    offered = {name for name, thing in vars(cg).items() if not name.startswith("_") and not inspect.ismodule(thing)}
    assert offered == set(NAMES)


def test_every_error_is_offered() -> None:
    errors = {name for name, thing in vars(cg.errors).items() if inspect.isclass(thing) and "chalkgrad" in str(thing)}
    assert errors - set(NAMES) == set()


@pytest.mark.parametrize("name", NAMES)
def test_each_says_what_it_is(name: str) -> None:
    said = inspect.getdoc(getattr(cg, name))
    assert said
    assert said.splitlines()[0].endswith(".")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_function_has_examples_and_they_run(name: str) -> None:
    function = getattr(cg, name)
    before = dict(OPS)
    finder = doctest.DocTestFinder(recurse=False)
    module = sys.modules[function.__module__]
    failed = tried = 0
    try:
        for test in finder.find(function, name, module, extraglobs={"np": np}):
            found = doctest.DocTestRunner().run(test)
            failed, tried = failed + found.failed, tried + found.attempted
    finally:
        for made in OPS.keys() - before.keys():
            del OPS[made]
    assert tried >= 1
    assert failed == 0


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_function_says_what_it_refuses(name: str) -> None:
    """Those that take what a person wrote; the rest say whose errors they raise."""
    said = inspect.getdoc(getattr(cg, name)) or ""
    assert "aises" in said or "errors are those of" in said, name

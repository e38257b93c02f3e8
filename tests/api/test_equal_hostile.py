"""Texts that are out to waste time: an answer or a refusal comes in about a second, and nothing else is raised."""

from __future__ import annotations

import contextlib
import time

import pytest

import chalkgrad as cg
from chalkgrad.errors import ChalkgradError
from tests.pace import in_time

LIMIT = 3.0  # seconds of processor time on an idle machine, which needs about one
HOSTILE = {
    "a long sum": "x + " * 15000 + "x",
    "deep brackets": "(" * 30000 + "x" + ")" * 30000,
    "deep exponentials": "e^(" * 12000 + "x" + ")" * 12000,
    "nested sines": "sin(" * 8000 + "x" + ")" * 8000,
    "nested logs": "log(" * 8000 + "x" + ")" * 8000,
    "nested fractions": "1/(1 + " * 6000 + "x" + ")" * 6000,
    "a tower": "9^9^9^9^9^9^x",
    "a huge power": "(1 + x)^(10^15)",
    "a product to be multiplied out": "(x + y + z + 1)^60",
    "many sums multiplied": " ".join(f"(x + {k})" for k in range(200)),
    "many names": " + ".join(f"x_{k}" for k in range(5000)),
    "many logs": " + ".join(f"log(x^2 + {k})" for k in range(3000)),
    "stages doubled": "a0 = x + x\n" + "\n".join(f"a{k} = a{k - 1} a{k - 1}" for k in range(1, 2000)),
    "a large array": "x ∈ R^(1000000); sum(x)",
    "a matrix": "A ∈ R^(1000 x 1000); sum(A @ A)",
    "many digits": "0." + "1" * 60000 + " x",
    "a far sine": "sin(10^300 x)",
    "iterated exponentials": "exp(exp(exp(exp(exp(exp(x))))))",
    "not maths": "\x00" * 60000,
    "code": "__import__('os').system('true')",
    "branches": " + ".join(f"relu(x - {k})" for k in range(2000)),
    "too long": "x" * 70000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_an_answer_in_time(name: str) -> None:
    start = time.process_time()
    with contextlib.suppress(ChalkgradError):
        found = cg.equal(HOSTILE[name], HOSTILE[name] + " + 0")
        assert found.verdict in ("yes", "undecided") or found.counterexample is not None
    assert in_time(time.process_time() - start, LIMIT)


def test_out_of_time_is_undecided() -> None:
    found = cg.equal(HOSTILE["many logs"], HOSTILE["many logs"] + " + 0", seconds=0.0)
    assert found.verdict == "undecided"
    assert "time" in found.reason


@pytest.mark.parametrize("text", ["y·(0/0)^0", "tanh(1/0)·y", "y + 1/(1/0)"])
def test_what_has_no_value_on_the_way_is_not_made_whole_by_what_follows(text: str) -> None:
    assert cg.equal(text, "y").verdict == "undecided"
    assert cg.check(f"f(x, y) = x y\nclaim: df/dx = {text}").undecided


@pytest.mark.parametrize("text", ["sum(y)", "mean(y)", "where(x > 0, y·x^½/sqrt(x), y)"])
def test_of_one_number_and_of_branches_not_taken(text: str) -> None:
    assert cg.equal(text, "y").verdict == "yes"
    assert cg.check(f"f(x, y) = x y\nclaim: df/dx = {text}").right


def test_the_norm_of_one_number_is_its_size() -> None:
    assert cg.equal("norm(y)", "abs(y)").verdict == "yes"
    assert cg.check("f(x, y) = x y\nclaim: df/dx = norm(y)").line == 2

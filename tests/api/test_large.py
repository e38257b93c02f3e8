"""Long programs: no recursion, time linear in their length, and a summary where the whole would be too long."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest

import chalkgrad as cg
from chalkgrad.ir.program import Program
from chalkgrad.render.data import to_json
from chalkgrad.render.html import html


def chain(steps: int) -> Program:
    def f(x: Any) -> Any:
        y = x
        for _ in range(steps // 2):
            y = np.sin(y) + x
        return y

    return cg.trace(f, 0.3)


@pytest.fixture(scope="module")
def long() -> cg.Work:
    return cg.work(chain(100_000), x=0.3)


VIEWS: dict[str, Callable[[cg.Work], str]] = {
    "pseudocode": lambda w: cg.code(w, "pseudocode"),
    "python": lambda w: cg.code(w, "python"),
    "json": to_json,
    "html": html,
    "text": str,
    "svg": lambda w: cg.draw(w).svg,
    "words": cg.explain,
}


@pytest.fixture(scope="module")
def shown(long: cg.Work) -> Callable[[str], str]:
    """Each view by its name, made once: of so many steps that takes seconds."""
    return cache(lambda view: VIEWS[view](long))


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_of_a_hundred_thousand_steps(shown: Callable[[str], str], view: str) -> None:
    assert shown(view)


def test_the_number_is_right(long: cg.Work) -> None:
    y, slope = 0.3, 1.0
    for _ in range(50_000):
        y, slope = float(np.sin(y)) + 0.3, float(np.cos(y)) * slope + 1.0
    assert long.value == pytest.approx(y)
    assert long.gradients["x"] == pytest.approx(slope)


def test_the_file_has_the_whole_and_the_terminal_a_summary(shown: Callable[[str], str]) -> None:
    assert len(json.loads(shown("json"))["nodes"]) == 100_001
    told = shown("text")
    assert len(told) < 30_000
    assert "more of 100001: --save FILE.json writes them all" in told
    assert "a summary: 100001 values are too many to draw" in shown("svg")


def test_time_is_linear() -> None:
    def seconds(steps: int) -> float:
        best = np.inf
        for _ in range(3):
            program = chain(steps)
            start = time.perf_counter()
            cg.work(program, x=0.3)
            best = min(best, time.perf_counter() - start)
        return best

    # ten times the steps, with room for a noisy machine; a quadratic pass would take a hundred times as long
    assert seconds(20_000) < 30 * seconds(2_000)


def test_doubled_sixty_times_stays_sixty_steps() -> None:
    text = "\n".join(["a_0 = x + x"] + [f"a_{i} = a_{i - 1} + a_{i - 1}" for i in range(1, 60)])
    w = cg.work(text, x=1)
    assert len(w.program.steps) == 60
    assert w.gradients["x"] == 2.0**60
    assert w.value == 2.0**60
    for view in VIEWS.values():
        assert len(view(w)) < 400_000


def test_doubled_sixty_times_without_values() -> None:
    text = "\n".join(["a_0 = sin(x)·sin(x)"] + [f"a_{i} = a_{i - 1}·a_{i - 1}" for i in range(1, 60)])
    assert len(str(cg.work(text))) < 40_000

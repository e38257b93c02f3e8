"""The GradBench tool: its protocol, and its answers at small sizes, against those of GradBench's own C++.

For `particle` and `saddle` it has none, but the answers themselves.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

TOOL = Path(__file__).parents[2] / "benchmarks" / "gradbench" / "tool.py"
CASES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "gradbench.json").read_text())


def said(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the tool says to the messages, line by line."""
    lines = "".join(json.dumps({"id": k, **m}) + "\n" for k, m in enumerate(messages))
    done = subprocess.run([sys.executable, str(TOOL)], input=lines, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def answers() -> list[dict[str, Any]]:
    keys = ("module", "function", "input")
    runs = {"min_runs": 2, "min_seconds": 0}
    messages = [{"kind": "evaluate", **{k: case[k] for k in keys}} for case in CASES]
    for message in messages:
        if isinstance(message["input"], dict):
            message["input"] = message["input"] | runs
    return said(messages)


def far(expected: Any, found: Any) -> float:
    """The largest distance of two numbers in nests that must be alike, over their size."""
    if isinstance(expected, dict):
        assert expected.keys() == found.keys()
        return max(far(expected[k], found[k]) for k in expected)
    if isinstance(expected, list):
        assert len(expected) == len(found)
        return max(map(far, expected, found))
    assert isinstance(found, (int, float))
    return abs(expected - found) / max(1.0, abs(expected))


@pytest.mark.parametrize("place", range(len(CASES)), ids=lambda k: f"{CASES[k]['module']}-{CASES[k]['function']}-{k}")
def test_answers_are_those_of_the_reference(answers: list[dict[str, Any]], place: int) -> None:
    answer = answers[place]
    assert answer["id"] == place
    assert answer["success"], answer.get("error")
    assert far(CASES[place]["output"], answer["output"]) < 1e-11


def test_every_eval_and_function_is_there() -> None:
    assert {(c["module"], c["function"]) for c in CASES} == {
        ("hello", "square"),
        ("hello", "double"),
        *((m, f) for m in ("lse", "llsq", "ode", "det") for f in ("primal", "gradient")),
        *((m, f) for m in ("gmm", "lstm", "ba", "ht") for f in ("objective", "jacobian")),
        *((m, f) for m in ("particle", "saddle") for f in ("ff", "fr", "rf", "rr")),
        ("kmeans", "cost"),
        ("kmeans", "dir"),
    }


def test_timings_are_one_a_run_and_the_preparation_apart(answers: list[dict[str, Any]]) -> None:
    for case, answer in zip(CASES, answers, strict=True):
        names = [t["name"] for t in answer["timings"]]
        assert names == ["prepare", *["evaluate"] * (2 if isinstance(case["input"], dict) else 1)]
        assert all(t["nanoseconds"] > 0 for t in answer["timings"])


def test_protocol() -> None:
    given = {"x": [0.0, 1.0], "min_runs": 3, "min_seconds": 0.05}
    found = said(
        [
            {"kind": "start", "eval": "lse"},
            {"kind": "define", "module": "lse"},
            {"kind": "define", "module": "os"},
            {"kind": "evaluate", "module": "lse", "function": "gradient", "input": given},
            {"kind": "evaluate", "module": "lse", "function": "gradient", "input": {"y": 1}},
            {"kind": "analysis", "of": 3, "valid": True},
        ]
    )
    assert [f["id"] for f in found] == list(range(6))
    assert found[0] == {"id": 0, "tool": "chalkgrad"}
    assert found[1] == {"id": 1, "success": True}
    assert not found[2]["success"]
    assert "'os' is not served" in found[2]["error"]
    spent = [t["nanoseconds"] for t in found[3]["timings"] if t["name"] == "evaluate"]
    assert len(spent) >= 3
    assert sum(spent) >= 0.05e9
    assert not found[4]["success"]
    assert "KeyError" in found[4]["error"]
    assert found[5] == {"id": 5}

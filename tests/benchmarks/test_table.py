"""The table of speed: turns, ratios, bars, and what the page says of them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from speed import clock, report, rows
from speed.clock import Contestant
from speed.rows import ROWS, Row


def turns(*ours_and_theirs: tuple[float, float], peer: str = "jax") -> dict[str, Any]:
    found = [{"ours": a, peer: b} for a, b in ours_and_theirs]
    return {"turns": found, "times": found[len(found) // 2], "first": {}}


def test_a_race_times_each_in_every_turn() -> None:
    seen: list[int] = []
    slow = Contestant(sum, (range(20_000),))
    found = clock.race({"slow": slow, "quick": Contestant(seen.append, (1,))}, 0.01)
    assert len(found["turns"]) >= clock.FEWEST
    assert all(t["slow"] > 10 * t["quick"] > 0 for t in found["turns"])
    assert set(found["times"]) == set(found["first"]) == {"slow", "quick"}
    assert seen


def test_what_stands_behind_a_call_is_run() -> None:
    waited: list[str] = []

    class Result:
        def wait(self) -> None:
            waited.append("so")

    Contestant(lambda x: Result(), (1,), ".wait()").once()
    assert waited == ["so"]


@pytest.mark.parametrize(
    ("bar", "ratio", "holds"),
    [
        (rows.faster(60, "jax"), 1 / 61, True),
        (rows.faster(60, "jax"), 1 / 59, False),
        (rows.most(0.3, "manual"), 0.3, True),
        (rows.most(0.3, "manual"), 0.31, False),
        (rows.told("torch"), 9.0, None),
    ],
)
def test_bars(bar: rows.Bar, ratio: float, holds: bool | None) -> None:
    assert bar.holds(ratio) is holds


def test_a_ratio_is_taken_within_a_turn() -> None:
    found = turns((1.0, 4.0), (100.0, 400.0), (1.0, 2.0))
    assert report.ratios(found, rows.most(1, "jax")) == (0.25, 0.25, 0.5)


def test_the_best_of_several_is_the_best_of_each_turn() -> None:
    found = {"turns": [{"ours": 1.0, "jax": 2.0, "torch": 4.0}, {"ours": 1.0, "jax": 4.0, "torch": 2.0}] * 2}
    found |= {"times": {"ours": 1.0, "jax": 3.0, "torch": 3.0}}
    seen = report.ratios(found, rows.faster(1, "jax", "torch"))
    assert seen is not None
    assert seen[0] == 0.5


def test_lines_say_what_is_met_missed_and_not_here() -> None:
    row = Row("g", "c", "work", (rows.faster(3, "jax"), rows.most(0.1, "jax"), rows.most(1, "manual")))
    first, second, third = report.rows_of(row, turns((1e-3, 4e-3), (1e-3, 4e-3), (1e-3, 4e-3)))
    assert first == ["work", "1 ms", "JAX jit", "4 ms", "4× faster (4–4)", "≥ 3× faster", "met"]
    assert second[4:] == ["0.25× (0.25–0.25)", "≤ 0.1×", "**missed**"]
    assert third[4:] == ["not here", "≤ 1×", ""]


def test_keys_are_each_for_one_row() -> None:
    keys = [row.key for row in ROWS]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize(("seconds", "said"), [(2.0, "2 s"), (0.0123, "12.3 ms"), (4.5e-6, "4.5 µs"), (9e-8, "90 ns")])
def test_times(seconds: float, said: str) -> None:
    assert report.time(seconds) == said


def lines(trace: float, run: float) -> dict[str, Any]:
    stages = {"trace": trace, "differentiate": trace, "whole": 2 * trace, "run": run}
    slower = {stage: 2 * seconds for stage, seconds in stages.items()}
    return {"stages": {"ours": stages, "casadi": slower, "jax": {"trace": 3 * trace}}}


def test_straight_lines_are_held_against_both_and_against_the_size() -> None:
    found = {"lines 1000": lines(0.1, 1e-5), "lines 10000": lines(1.1, 3e-4)}
    said = "\n".join(report.straight(found))
    assert "| 1,000  | JAX jit         | 300 ms |      not done | not done | not done |" in said
    assert "- 1,000 steps, whole: 0.5× CasADi buffer(); must be below both: met." in said
    growth = "trace 1.10×, differentiate 1.10×, whole 1.10×, run 3.00×"
    assert f"- a step at 10,000 over one at 1,000: {growth}; must be ≤ 1.2×: **missed**." in said


def test_a_slower_run_than_a_peer_is_missed() -> None:
    found = lines(0.1, 1e-5)
    found["stages"]["casadi"]["run"] = 0.9e-5
    assert "run: 1.11× CasADi buffer(); must be below both: **missed**" in "\n".join(
        report.straight({"lines 1000": found})
    )


def test_the_report_counts_and_explains_what_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    row = Row("g", "c", "work", (rows.most(0.5, "jax"), rows.told("jax"), rows.most(2, "jax")), "there is a reason")
    monkeypatch.setattr(report, "ROWS", (row,))
    firsts = {"first": {"ours": 0.25, "jax": 2.0}, "ready": {"ours": 0.5, "jax": 2.5}}
    found = turns((1.0, 1.0), (1.0, 1.0), (1.0, 1.0)) | firsts
    said = "\n".join(report.report({row.key: found}))
    assert "1 of 2 met." in said
    assert "- work: there is a reason" in said
    assert "| work |     250 ms |       500 ms |         2 s |" in said


def test_what_is_kept_makes_the_page_and_a_failed_row_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import run

    monkeypatch.setattr(run, "KEPT", tmp_path / "kept" / "results.json")
    monkeypatch.setattr(run, "PAGE", tmp_path / "README.md")
    answers: dict[str, Any] = {"S2": turns((1e-7, 1e-5), (1e-7, 1e-5), (1e-7, 1e-5)), "S10": "it broke"}
    monkeypatch.setattr(run, "measured", lambda group, case, quick: answers[case])
    run.write({"rows": {"scalars S10": answers["S2"], "cold S2": answers["S2"]}, "sections": {"startup": ["old"]}})
    monkeypatch.setattr(sys, "argv", ["run.py", "--only", "scalars"])
    with pytest.raises(SystemExit, match="scalars S10: it broke"):
        run.main()
    assert set(run.read()["rows"]) == {"scalars S2", "cold S2"}
    page = run.PAGE.read_text(encoding="utf-8")
    assert "100× faster (100–100)" in page
    assert "## Start-up" in page
    assert "\nold\n" in page
    assert "S10" not in page
    assert page in capsys.readouterr().out

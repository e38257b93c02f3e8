"""`chalkgrad check ANSWERS --sheet SHEET.toml`: what is printed, and the exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from chalkgrad.cli import marking
from chalkgrad.cli.main import run

SHEET = """
name = "mini"
title = "A small sheet"

[[problem]]
function = "q = x + y; f(x, y, z) = q z"
values = { x = -2, y = 5, z = -4 }
blank = ["values", "gradients"]
"""
HEAD = "student,variant,blank,answer\n"
RIGHT = HEAD + "".join(
    [f"Ann,,{b},{a}\n" for b, a in [("q.value", 3), ("f.value", -12), ("q.gradient", -4), ("z.gradient", 3)]]
    + ["Ann,,x.gradient,-4\n", "Ann,,y.gradient,-4\n"]
)


def call(tmp_path: Path, answers: str, *args: str, sheet: str = SHEET, name: str = "answers.csv") -> Result:
    (tmp_path / "sheet.toml").write_text(sheet, encoding="utf-8")
    (tmp_path / name).write_text(answers, encoding="utf-8")
    words = ["check", str(tmp_path / name), "--sheet", str(tmp_path / "sheet.toml"), *args]
    return CliRunner().invoke(run, words, catch_exceptions=False)


def test_one_person_in_words(tmp_path: Path) -> None:
    right = call(tmp_path, RIGHT)
    assert right.exit_code == 0
    assert right.stdout == "Ann · mini-0-00 · 6 of 6 points\nEverything is right.\n"
    wrong = RIGHT.replace("q.gradient,-4", "q.gradient,4").replace("x.gradient,-4", "x.gradient,4")
    told = call(tmp_path, wrong)
    assert told.exit_code == 1
    lines = told.stdout.splitlines()
    assert lines[0] == "Ann · mini-0-00 · 5 of 6 points"
    assert lines[2].startswith("First wrong: ∂f/∂q (q.gradient): you wrote 4")
    assert lines[2].endswith("(sign)")
    assert any("∂f/∂x (x.gradient)  4  consistent" in line for line in lines)
    assert any("∂f/∂y (y.gradient)  -4: right, but it does not follow" in line for line in lines)
    assert lines[-1].startswith("Right: ") or lines[-1].startswith("    ")


def test_exit_codes(tmp_path: Path) -> None:
    assert call(tmp_path, RIGHT.replace("q.value,3", "q.value,?")).exit_code == 3
    assert call(tmp_path, RIGHT + "Ann,,q.valeu,3\n").exit_code == 3  # something was left out
    assert call(tmp_path, RIGHT.replace("q.value,3", "q.value,")).exit_code == 1
    assert call(tmp_path, "student\nAnn\n").exit_code == 2
    assert call(tmp_path, RIGHT, sheet="title = 3").exit_code == 2
    assert call(tmp_path, RIGHT, "--roster", str(tmp_path / "none.csv")).exit_code == 2
    assert call(tmp_path, RIGHT, "x=3").exit_code == 2
    assert call(tmp_path, RIGHT, "--out-put", "x").exit_code == 2
    alone = CliRunner().invoke(run, ["check", str(tmp_path / "answers.csv"), "--seed", "7"])
    assert alone.exit_code == 2
    assert "--seed is for answers to a worksheet: give --sheet" in alone.output


def test_remarks_go_to_standard_error(tmp_path: Path) -> None:
    told = call(tmp_path, RIGHT + "Ann,,q.valeu,3\n")
    assert "Everything is right." in told.stdout
    assert "line 8: this sheet has no blank 'q.valeu'; did you mean 'q.value'?; left out" in told.stderr


def test_a_class_has_a_summary(tmp_path: Path) -> None:
    bob = RIGHT.replace("Ann", "Bob").replace("q.value,3", "q.value,7").removeprefix(HEAD)
    told = call(tmp_path, RIGHT + bob, "--jobs", "0")
    assert told.exit_code == 1
    assert "Ann  mini-0-00  6 of 6\n" in told.stdout
    assert "2 sheets, 1 all right" in told.stdout
    out = tmp_path / "out"
    (tmp_path / "roster.csv").write_text("student\nBob\nAnn\nEve\n", encoding="utf-8")
    kept = call(tmp_path, RIGHT + bob, "--jobs", "0", "-o", str(out), "--roster", str(tmp_path / "roster.csv"))
    assert kept.exit_code == 1
    assert "nothing came from 1 of the roster" in kept.stderr
    names = {p.name for p in out.iterdir()}
    assert {"gradebook.csv", "marks.csv", "feedback", "statistics.html", "statistics.json", "journal.jsonl"} <= names
    assert ".lock" not in names
    again = call(tmp_path, RIGHT + bob, "--jobs", "0", "-o", str(out))
    assert "2 sheets were marked before" in again.stderr


def test_json_for_machines(tmp_path: Path) -> None:
    told = call(tmp_path, RIGHT, "--json")
    assert told.exit_code == 0
    data = json.loads(told.stdout)
    assert data["students"][0]["student"] == "Ann"
    assert {r["verdict"] for r in data["students"][0]["rows"]} == {"right"}
    assert data["statistics"]["sheets"] == 1


def test_standard_input(tmp_path: Path) -> None:
    (tmp_path / "sheet.toml").write_text(SHEET, encoding="utf-8")
    told = CliRunner().invoke(run, ["check", "-", "--sheet", str(tmp_path / "sheet.toml")], input=RIGHT)
    assert told.exit_code == 0
    by_json = json.dumps({"student": "Ann", "answers": {"q.value": "3"}})
    told = CliRunner().invoke(run, ["check", "-", "--sheet", str(tmp_path / "sheet.toml")], input=by_json)
    assert told.stdout.startswith("Ann · mini-0-00 · 1 of 6 points")


def test_ctrl_c_says_what_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*given: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(marking, "mark_class", stopped)
    told = call(tmp_path, RIGHT, "-o", str(tmp_path / "out"))
    assert told.exit_code == 130
    assert "the same command goes on from there" in told.stderr


def test_what_is_printed_for_a_roster_is_marked_by_the_roster(tmp_path: Path) -> None:
    sheet, roster, out = tmp_path / "sheet.toml", tmp_path / "class.csv", tmp_path / "out"
    sheet.write_text(SHEET, encoding="utf-8")
    roster.write_text('name;id\n"Lee; Ann";1\nBob;2\nZoë;3\n', encoding="utf-8")
    seats = ["--roster", str(roster), "--seed", "7"]
    made = CliRunner().invoke(
        run, ["worksheet", str(sheet), "-o", str(out), *seats, "--format", "html", "--export", "json"]
    )
    assert made.exit_code == 0, made.output
    (tmp_path / "by code").mkdir()
    lines = ["student,blank,answer"]
    for form in sorted((out / "json").glob("*.answers.json")):
        data = json.loads(form.read_text(encoding="utf-8"))
        key = json.loads(form.with_name(form.name.replace(".answers.", ".key.")).read_text(encoding="utf-8"))
        data["answers"] = {id: str(key["answers"][id]["exact"]) for id in data["answers"]}
        (tmp_path / "by code" / form.name).write_text(json.dumps(data), encoding="utf-8")
        lines += [f'"{data["student"]}",{id},{answer}' for id, answer in data["answers"].items()]
    by_seat = tmp_path / "by seat.csv"
    by_seat.write_text("\n".join(lines), encoding="utf-8")
    for answers in (by_seat, tmp_path / "by code"):
        told = CliRunner().invoke(run, ["check", str(answers), "--sheet", str(sheet), *seats, "--jobs", "0", "--json"])
        assert told.exit_code == 0, told.output
        data = json.loads(told.stdout)
        assert [(s["student"], s["code"]) for s in data["students"]] == [
            ("Lee; Ann", "mini-7-01"),
            ("Bob", "mini-7-02"),
            ("Zoë", "mini-7-03"),
        ]
        assert data["remarks"] == []
    other = CliRunner().invoke(run, ["check", str(by_seat), "--sheet", str(sheet), "--jobs", "0"])
    assert other.exit_code == 1  # marked as the published sheet, whose numbers are others

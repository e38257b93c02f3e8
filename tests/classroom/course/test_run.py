"""A class marked from end to end: what is written, what is resumed, and what one bad sheet costs the others."""

from __future__ import annotations

import csv
import io
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

import chalkgrad as cg
from chalkgrad.classroom.course import run as running
from chalkgrad.classroom.course import workers
from chalkgrad.classroom.course.files import locked
from chalkgrad.classroom.course.run import Course, Settings, mark_class
from chalkgrad.classroom.marking.mark import mark
from chalkgrad.classroom.sheets.key import keyed
from chalkgrad.classroom.sheets.reading import read_sheet
from chalkgrad.errors import ChalkgradError

SHEETS = Path(__file__).parents[3] / "examples" / "sheets"

SHEET = """
name = "mini"
title = "A small sheet"

[[problem]]
prose = "Let $f = (x + y)z$ with $q = x + y$."
function = "q = x + y; f(x, y, z) = q z"
values = { x = -2, y = 5, z = -4 }
blank = ["values", "gradients"]
"""
KEY = {"q.value": "3", "f.value": "-12", "q.gradient": "-4", "x.gradient": "-4", "y.gradient": "-4", "z.gradient": "3"}
RUN = [sys.executable, "-c", "from chalkgrad.cli.main import main; main()", "check"]


def rows(student: str, variant: str = "", **other: str) -> str:
    answers = {**KEY, **{k.replace("_", "."): v for k, v in other.items()}}
    out = io.StringIO()
    csv.writer(out).writerows([[student, variant, blank, answer] for blank, answer in answers.items()])
    return out.getvalue()


def written(tmp_path: Path, *people: str) -> str:
    file = tmp_path / "answers.csv"
    file.write_text("student,variant,blank,answer\n" + "".join(people), encoding="utf-8", newline="")
    return str(file)


def marked(answers: str, out: Path | None = None, *, sheet: str = SHEET, **settings: object) -> Course:
    return mark_class(sheet, answers, Settings("1", out=out, **{"jobs": 0, **settings}))  # type: ignore[arg-type]  # by name


def table(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))


def contents(out: Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(out)): p.read_bytes() for p in out.rglob("*") if p.is_file() and p.name != "journal.jsonl"
    }


def test_what_is_written(tmp_path: Path) -> None:
    wrong = rows("Bob", q_gradient="4", x_gradient="4", y_gradient="4")
    answers = written(tmp_path, rows("Ann"), wrong, rows("Cem", z_gradient="?"), rows("Dan", z_gradient=""))
    course = marked(answers, tmp_path / "out", roster=("Dan", "Cem", "Bob", "Ann", "Eve"))
    assert [r.student for r in course.records] == ["Dan", "Cem", "Bob", "Ann"]
    book = {row["student"]: row for row in table(tmp_path / "out" / "gradebook.csv")}
    assert list(book) == ["Dan", "Cem", "Bob", "Ann", "Eve"]
    assert (book["Ann"]["points"], book["Ann"]["of"], book["Ann"]["percent"]) == ("6", "6", "100")
    assert (book["Bob"]["first wrong"], book["Bob"]["mistake"], book["Bob"]["points"]) == ("q.gradient", "sign", "5")
    assert (book["Cem"]["cannot tell"], book["Cem"]["points"]) == ("1", "5")
    assert (book["Eve"]["points"], book["Eve"]["first wrong"]) == ("", "nothing came")
    marks = [(r["blank"], r["verdict"]) for r in table(tmp_path / "out" / "marks.csv") if r["student"] == "Bob"]
    assert [b for b, v in marks if v == "wrong"] == ["q.gradient"]
    assert {b for b, v in marks if v == "consistent"} == {"x.gradient", "y.gradient"}
    page = (tmp_path / "out" / book["Bob"]["feedback"]).read_text(encoding="utf-8")
    assert "The first wrong step" in page
    assert "<svg" in page
    assert "it follows from your own ∂f/∂q = 4" in page
    assert "q.gradient" not in page
    told = json.loads((tmp_path / "out" / "statistics.json").read_text(encoding="utf-8"))
    assert (told["sheets"], told["all_right"], told["mistakes"]) == (4, 1, {"sign": 1})
    assert next(b for b in told["blanks"] if b["blank"] == "q.gradient")["verdicts"] == {"right": 3, "wrong": 1}
    assert "first wrong step" in (tmp_path / "out" / "statistics.txt").read_text(encoding="utf-8")
    assert "<title>" in (tmp_path / "out" / "statistics.html").read_text(encoding="utf-8")


def test_the_same_answers_give_the_same_bytes(tmp_path: Path) -> None:
    answers = written(tmp_path, rows("Ann"), rows("Bob", q_value="7"))
    marked(answers, tmp_path / "one")
    marked(answers, tmp_path / "two", jobs=2)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_what_is_done_is_not_done_again(tmp_path: Path) -> None:
    out = tmp_path / "out"
    answers = written(tmp_path, rows("Ann"), rows("Bob"))
    assert marked(answers, out).resumed == 0
    before = contents(out)
    assert marked(answers, out).resumed == 2
    assert contents(out) == before
    changed = written(tmp_path, rows("Ann"), rows("Bob", q_value="7"))
    assert marked(changed, out).resumed == 1
    assert table(out / "gradebook.csv")[1]["points"] != "6"
    assert marked(written(tmp_path, rows("Ann"), rows("Bob")), out).resumed == 1  # Bob's page is of other answers
    assert contents(out) == before
    assert marked(answers, out, sheet=SHEET + "\npoints = 12\n").resumed == 0
    assert mark_class(SHEET, answers, Settings("2", out=out, jobs=0)).resumed == 0
    (out / "feedback" / next((out / "feedback").iterdir()).name).write_text("torn", encoding="utf-8")
    assert mark_class(SHEET, answers, Settings("2", out=out, jobs=0)).resumed == 1
    assert contents(out) == before


def test_pages_of_those_who_are_gone_go(tmp_path: Path) -> None:
    out = tmp_path / "out"
    marked(written(tmp_path, rows("Ann"), rows("Bob")), out)
    (out / "feedback" / "mine.html").write_text("a page of the instructor's own", encoding="utf-8")
    marked(written(tmp_path, rows("Ann")), out)
    assert len(list((out / "feedback").iterdir())) == 2


def test_a_run_that_is_killed_ends_in_the_same_bytes(tmp_path: Path) -> None:
    people = [rows(f"Student {n}", q_gradient=str(n % 7 - 5)) for n in range(60)]
    answers = written(tmp_path, *people)
    sheet = tmp_path / "sheet.toml"
    sheet.write_text(SHEET, encoding="utf-8")
    out = tmp_path / "out"
    chance = random.Random(6)
    kept: list[int] = []
    for jobs in ("0", "1", "0"):
        process = subprocess.Popen(
            [*RUN, answers, "--sheet", str(sheet), "-o", str(out), "--jobs", jobs],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wanted = len(kept) and kept[-1] + chance.randrange(1, 12)
        end = time.monotonic() + 60
        while len(list(out.glob("feedback/*.html"))) <= wanted and process.poll() is None and time.monotonic() < end:
            time.sleep(chance.random() * 0.01)
        process.kill()
        process.wait()
        kept.append(len(list(out.glob("feedback/*.html"))))
        assert not (out / "gradebook.csv").exists() or process.returncode == 1
    assert kept == sorted(kept)
    journal = out / "journal.jsonl"
    synced = journal.read_bytes().count(b"\n")
    journal.write_bytes(journal.read_bytes() + b'{"key": "torn')
    version = cg.__version__
    last = mark_class(SHEET, answers, Settings(version, out=out, jobs=0))
    assert last.resumed >= synced
    calm = tmp_path / "calm"
    assert mark_class(SHEET, answers, Settings(version, out=calm, jobs=0)).resumed == 0
    assert contents(out) == contents(calm)
    assert len(table(out / "gradebook.csv")) == 60
    assert all(json.loads(line) for line in journal.read_bytes().splitlines())


def test_a_killed_run_keeps_what_was_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    answers = written(tmp_path, *[rows(f"Student {n}") for n in range(12)])
    monkeypatch.setattr(running, "SYNCED", 5)

    class Stopped(Exception):
        pass

    def stop(done: int, of: int) -> None:
        if done == 8:
            raise Stopped

    with pytest.raises(Stopped):
        mark_class(SHEET, answers, Settings("1", out=out, jobs=0), stop)
    assert marked(answers, out).resumed == 8


def test_two_runs_in_one_folder(tmp_path: Path) -> None:
    answers = written(tmp_path, rows("Ann"))
    with locked(tmp_path / "out"), pytest.raises(ChalkgradError, match="at work"):
        marked(answers, tmp_path / "out")
    assert marked(answers, tmp_path / "out").records[0].right


WORKER = """
import os, signal, time
from chalkgrad.classroom.course import worker

plain = worker.Marker.mark

def mark(self, task):
    if task.student == "Dies":
        os.kill(os.getpid(), signal.SIGKILL)
    if task.student == "Hangs":
        time.sleep(600)
    return plain(self, task)

def serve(*given):
    worker.Marker.mark = mark
    worker.serve(*given)
"""


def test_one_that_dies_or_hangs_costs_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own_worker.py").write_text(WORKER, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    import own_worker  # type: ignore[import-not-found]  # written above

    people = ["Ann", "Dies", "Bob", "Hangs", "Cem", "Eve"]
    answers = written(tmp_path, *[rows(name) for name in people])
    with monkeypatch.context() as patched:
        patched.setattr(workers, "serve", own_worker.serve)
        course = marked(answers, tmp_path / "out", jobs=1, seconds=4.0)
    assert [r.student for r in course.records] == people
    assert [r.right for r in course.records] == [True, False, True, False, True, True]
    dies, hangs = course.records[1], course.records[3]
    assert dies.failed == "the process that marked it ended"
    assert hangs.failed == "marking was given up after 4 s"
    assert {r.verdict for r in dies.rows} == {"cannot tell"}
    assert dies.points == 0
    assert course.statistics.sheets == 4
    assert "could not be marked" in next((tmp_path / "out" / "feedback").glob("dies-*")).read_text(encoding="utf-8")
    assert marked(answers, tmp_path / "out").resumed == 4  # what failed is tried again


HOSTILE = [
    "__import__('os').system('touch pwned')",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "]]></style><svg onload=alert(1)>",
    "=HYPERLINK(\"http://x\",1)",
    "=cmd|'/C calc'!A0",
    "#raw(read(\"/etc/passwd\"))",
    "\\input{/etc/passwd}",
    "(" * 1_000_000,
    "[" * 1_000_000,
    "9" * 1_000_000,
    "9**9**9**9",
    "1e999999999",
    "\u202e3\u202c",
    "3\u200b",
    "3\x00",
    "٣",
    "𝟑 = nan",
    "nan",
    "inf",
    "0/0",
    "{{x}}",
    "${7*7}",
    "../../etc/passwd",
    "\U0001f600",
    "q" * 100_000,
    "f(" * 5_000,
    "-" * 5_000 + "3",
    "x" + "'" * 5_000,
    "\n" * 10_000,
]  # fmt: skip


def test_hostile_answers_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    people = [rows(f"Student {n}", q_value=text) for n, text in enumerate(HOSTILE)]
    course = marked(written(tmp_path, rows("Ann"), *people), tmp_path / "out", jobs=1)
    assert course.records[0].right
    assert len(course.records) == len(HOSTILE) + 1
    for record, text in zip(course.records[1:], HOSTILE, strict=True):
        row = record.row("q.value")
        assert not record.failed, text[:40]
        assert row is not None
        assert row.verdict in ("wrong", "cannot tell", "empty"), (text[:40], row)
        assert row.credit == 0
        others = {r.verdict for r in record.rows if r.blank not in ("q.value", "f.value", "z.gradient")}
        assert others == {"right"}, (text[:40], record.rows)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["answers.csv", "out"]
    for page in (tmp_path / "out" / "feedback").iterdir():
        text = page.read_text(encoding="utf-8")
        assert "<script" not in text
        assert "<img" not in text
        assert "onload=" not in text.replace("&gt;&lt;svg onload=alert", "")
        assert "\u202e" not in text
    for row in table(tmp_path / "out" / "marks.csv"):
        for cell in row.values():
            assert not cell.lstrip().startswith(("=", "@", "+"))
            assert not cell.startswith("-") or cell[1:2].isdigit()
            assert len(cell) < 5_000
    said = " ".join([r.text for r in course.remarks.kept])
    assert "U+202E" in said
    assert "U+200B" in said
    assert "U+0000" in said


def test_hostile_names(tmp_path: Path) -> None:
    names = ["../../x", "=1+1", "<b>Ann</b>", "a\u202eb", "CON", "x" * 500, "a/b", "..", "Ann\nBob", "@SUM(A1)"]
    course = marked(written(tmp_path, *[rows(name) for name in names]), tmp_path / "out")
    assert all(r.right for r in course.records)
    files = sorted(p.relative_to(tmp_path) for p in tmp_path.rglob("*.html"))
    assert len(files) == len(names) + 1
    assert all(f.parts[:-1] in (("out",), ("out", "feedback")) for f in files)
    book = table(tmp_path / "out" / "gradebook.csv")
    assert [row["student"] for row in book][1:4] == ["'=1+1", "<b>Ann</b>", "a<U+202E>b"]
    assert book[9]["student"] == "'@SUM(A1)"
    assert "<b>Ann" not in "".join([(tmp_path / "out" / row["feedback"]).read_text(encoding="utf-8") for row in book])


def test_variants_that_do_not_exist_cost_their_own_sheets_only(tmp_path: Path) -> None:
    fixed = SHEET + "vary = false\n"
    answers = written(tmp_path, rows("Ann"), rows("Bob", "4"), rows("Cem", "mini-7-02"))
    course = marked(answers, sheet=fixed, seed=7)
    assert [r.student for r in course.records] == ["Ann"]
    assert course.remarks.left_out == 2
    assert "'Bob' has variant 4 of seed 7" in str(course.remarks.kept[0])
    with pytest.raises(ChalkgradError, match="nothing to mark"):
        marked(written(tmp_path, rows("Bob", "4")), sheet=fixed, seed=7)


def test_a_key_that_few_agree_with_is_doubted(tmp_path: Path) -> None:
    people = [rows(f"Student {n}", q_value="8.37") for n in range(4)] + [rows(f"Other {n}") for n in range(5)]
    course = marked(written(tmp_path, *people))
    told = "4 of 9 are first wrong at q.value, and no known mistake explains it"
    assert [r.text for r in course.remarks.kept] == [
        f"{told}: was the sheet, or the program, changed after it was printed?"
    ]
    assert not course.remarks.left_out
    named = marked(written(tmp_path, *[rows(f"Student {n}", z_gradient="-3") for n in range(9)]))
    assert not named.remarks.count


def test_orphaned_workers_end(tmp_path: Path) -> None:
    if not Path("/proc").exists():
        pytest.skip("children are looked for in /proc")
    sheet = tmp_path / "sheet.toml"
    sheet.write_text(SHEET, encoding="utf-8")
    answers = written(tmp_path, *[rows(f"Student {n}") for n in range(200)])
    process = subprocess.Popen(
        [*RUN, answers, "--sheet", str(sheet), "-o", str(tmp_path / "out")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    children: list[int] = []
    end = time.monotonic() + 60
    while len(children) < 2 and process.poll() is None and time.monotonic() < end:
        told = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="utf-8")
        children = [int(c) for c in told.split()]
        time.sleep(0.01)
    process.kill()
    process.wait()
    end = time.monotonic() + 20
    while any(_running(c) for c in children) and time.monotonic() < end:
        time.sleep(0.05)
    assert not [c for c in children if _running(c)]


def _running(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z" and os.path.exists(f"/proc/{pid}")


@pytest.mark.parametrize("name", ["backprop", "section", "filters", "practice", "nets"])
def test_no_blank_of_any_kind_gives_credit_for_what_is_no_answer(name: str) -> None:
    sheet = keyed(read_sheet((SHEETS / f"{name}.toml").read_text(encoding="utf-8")))
    for text in (
        "__import__('os').getpid()",
        "<script>",
        "=cmd|'/C calc'!A0",
        "1/0",
        "10^400",
        "0/0",
        "nan",
        "\u202e1",
    ):
        for found in mark(sheet, {b.id: text for b in sheet.blanks}).marks:
            assert found.verdict in ("wrong", "cannot tell"), (text, found)
            assert found.credit == 0

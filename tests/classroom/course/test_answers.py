"""Answers as classes hand them in: tables, JSON, folders; what names nothing is said, and the rest is read."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest

from chalkgrad.classroom.course.answers import read_answers
from chalkgrad.classroom.course.blanks import BlankNames
from chalkgrad.classroom.course.collect import Collected
from chalkgrad.errors import ChalkgradError

NAMES = BlankNames(["1:q.value", "1:x.gradient", "2:x.gradient", "2:x>q.local"])


def read(tmp_path: Path, content: str | bytes, name: str = "answers.csv") -> Collected:
    file = tmp_path / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_answers(str(file), BlankNames(NAMES.ids))


def plain(collected: Collected) -> dict[str, dict[str, dict[str, str]]]:
    return {
        p.student: {variant: {id: text for id, (text, _) in theirs.items()} for variant, theirs in p.sheets.items()}
        for p in collected.people.values()
    }


def remarks(collected: Collected) -> list[str]:
    return [str(r) for r in collected.remarks.kept]


ANN = {"Ann": {"3": {"1:q.value": "3", "2:x.gradient": "-4"}}}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "student,variant,blank,answer\nAnn,3,q.value,3\nAnn,3,2:x.gradient,-4\n"),
        ("a.csv", "\ufeffStudent;Variant;Blank;Answer\r\nAnn;3;q.value;3\r\n\r\nAnn;3;2:x.gradient;-4\r\n"),
        ("a.tsv", "student\tvariant\tblank\tanswer\nAnn\t3\tq.value\t3\nAnn\t3\t2:x.gradient\t-4"),
        ("a.csv", "sep=;\nstudent;variant;blank;answer\nAnn;3;q.value;3\nAnn;3;2:x.gradient;-4\n"),
        ("a.csv", 'answer,"blank",student,variant\n"3",q.value,Ann,3\n-4, 2:x.gradient ,Ann,3\n'),
        ("a.csv", "student,variant,q.value,2:x.gradient,x>q.local\nAnn,3,3,-4,\n"),
        ("Ann.csv", "variant,q.value,2:x.gradient\n3,3,-4\n"),
        ("a.json", '[{"student":"Ann","variant":3,"blank":"q.value","answer":3},'
                   '{"student":"Ann","variant":"3","blank":"2:x.gradient","answer":"-4"}]'),
        ("a.json", '{"Ann": {"variant": 3, "answers": {"q.value": 3, "2:x.gradient": -4}}}'),
        ("a.json", '[{"student": "Ann", "variant": "3", "answers": {"q.value": "3", "2:x.gradient": "-4"}}]'),
        ("Ann.json", '{"code": "3", "format": 1, "answers": {"q.value": "3", "2:x.gradient": "-4"}}'),
        ("a.jsonl", '{"student":"Ann","variant":3,"blank":"q.value","answer":3}\n\n'
                    '{"student":"Ann","variant":3,"answers":{"2:x.gradient":"-4"}}\n'),
    ],
)  # fmt: skip
def test_every_form_reads_alike(tmp_path: Path, name: str, content: str) -> None:
    collected = read(tmp_path, content, name)
    assert plain(collected) == ANN
    assert remarks(collected) == []


def test_numbers_in_json_keep_their_digits(tmp_path: Path) -> None:
    answers = '{"q.value": 0.40, "2:x.gradient": [1.50, -2, 1e3], "1:x.gradient": NaN, "x>q.local": null}'
    assert plain(read(tmp_path, f'{{"Ann": {{"answers": {answers}}}}}', "a.json"))["Ann"][""] == {
        "1:q.value": "0.40",
        "2:x.gradient": "[1.50, -2, 1e3]",
        "1:x.gradient": "NaN",
        "2:x>q.local": "",
    }


def test_a_line_break_in_quotes_and_the_line_behind_it(tmp_path: Path) -> None:
    collected = read(tmp_path, 'student,blank,answer\nAnn,q.value,"dq = 1\ndx = 2"\nAnn,q.valeu,3\n')
    assert plain(collected)["Ann"][""] == {"1:q.value": "dq = 1\ndx = 2"}
    assert remarks(collected) == ["line 4: this sheet has no blank 'q.valeu'; did you mean 'q.value'?; left out"]


def test_what_is_said_twice_is_said(tmp_path: Path) -> None:
    collected = read(tmp_path, "student,blank,answer\nAnn,q.value,3\nAnn,1:q.value,4\nAnn,q.value,4\n")
    assert plain(collected)["Ann"][""] == {"1:q.value": "4"}
    assert remarks(collected) == [
        "line 3: 1:q.value was answered at line 2 already: '3' there, '4' here, which counts",
        "line 4: 1:q.value was answered at line 3 already: the same there",
    ]
    twice = read(tmp_path, '{"Ann": {"answers": {"q.value": "3", "q.value": "4"}}}', "a.json")
    assert plain(twice)["Ann"][""] == {"1:q.value": "4"}
    assert len(remarks(twice)) == 1


def test_names_of_blanks_are_exact(tmp_path: Path) -> None:
    rows = ["x.gradient", "Q.value", "х>q.local", "", "3:q.value"]
    collected = read(tmp_path, "student,blank,answer\n" + "".join([f"Ann,{r},1\n" for r in rows]))
    assert plain(collected)["Ann"][""] == {}
    said = remarks(collected)
    assert collected.remarks.left_out == len(rows) == len(said)
    assert "'x.gradient' is in several questions: write '1:x.gradient' or '2:x.gradient'" in said[0]
    assert "did you mean 'q.value'" in said[1]
    assert "did you mean 'x>q.local'" in said[2]
    assert "no blank is named" in said[3]


def test_an_answer_with_commas_and_no_quotes_is_not_cut(tmp_path: Path) -> None:
    collected = read(tmp_path, 'student,blank,answer\nAnn,q.value,(7, -6, 3)\nBob,q.value,"(7, -6, 3)"\n')
    assert plain(collected) == {"Bob": {"": {"1:q.value": "(7, -6, 3)"}}}
    assert "line 2: more stands behind the last column" in remarks(collected)[0]


def test_a_column_that_is_no_blank_is_left_out_once(tmp_path: Path) -> None:
    collected = read(tmp_path, "Timestamp,student,q.value\n" + "2026,Ann,3\n" * 1 + "2026,Bob,4\n")
    assert set(plain(collected)) == {"Ann", "Bob"}
    assert remarks(collected) == ["line 1, column 1: this sheet has no blank 'Timestamp'; the column is left out"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "there are no answers"),
        ("a,b\n1,2\n", "no column is a blank of this sheet"),
        ("student,blank\nAnn,q.value\n", "no column is called answer"),
        ('student,blank,answer\nAnn,q.value,3\nBob,q.value,"3\nCem,q.value,4\n', "never closed in the row of line 3"),
        ('student,blank,answer\nAnn,q.value,"3"x\n', "line 2 is no CSV"),
        (b"student,blank,answer\nAnn,q.value,\xe9\n", "not UTF-8"),
        ("student,blank,answer\nAnn,q.value,3\n".encode("utf-16"), "UTF-16"),
    ],
)
def test_what_cannot_be_read_is_refused(tmp_path: Path, content: str | bytes, said: str) -> None:
    with pytest.raises(ChalkgradError) as refused:
        read(tmp_path, content)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[[[", "no JSON"),
        ('{"Ann": ', "line 1, column"),
        ("[" * 200_000, "too deep"),
        ("3", "answers in JSON are"),
    ],
)
def test_json_that_cannot_be_read_is_refused(tmp_path: Path, content: str, said: str) -> None:
    with pytest.raises(ChalkgradError) as refused:
        read(tmp_path, content, "a.json")
    assert said in str(refused.value)


def test_odd_entries_of_json_are_left_out(tmp_path: Path) -> None:
    content = json.dumps(
        [{"student": "Ann", "answers": {"q.value": {"run": "me"}, "x>q.local": "1"}}, 7, {"answers": {}}]
    )
    collected = read(tmp_path, content, "Bob.json")
    assert plain(collected) == {"Ann": {"": {"2:x>q.local": "1"}}, "Bob": {"": {}}}
    assert collected.remarks.left_out == 2
    lines = read(tmp_path, '{"student":"Ann","blank":"q.value","answer":"1"}\n{"stud\n', "a.jsonl")
    assert plain(lines) == {"Ann": {"": {"1:q.value": "1"}}}
    assert lines.remarks.left_out == 1


def test_a_folder_one_a_person(tmp_path: Path) -> None:
    (tmp_path / "Ann.csv").write_text("variant,blank,answer\n3,q.value,3\n3,2:x.gradient,-4\n", encoding="utf-8")
    (tmp_path / "Bob").mkdir()
    (tmp_path / "Bob" / "answers.json").write_text('{"answers": {"q.value": "3"}}', encoding="utf-8")
    (tmp_path / "Cem.csv").write_text('variant,blank,answer\n3,q.value,"3\n', encoding="utf-8")
    (tmp_path / "essay.pdf").write_bytes(b"%PDF")
    (tmp_path / ".hidden.csv").write_text("nothing", encoding="utf-8")
    (tmp_path / "link.csv").symlink_to("/etc/passwd")
    collected = read_answers(str(tmp_path), BlankNames(NAMES.ids))
    assert plain(collected) == {**ANN, "Bob": {"": {"1:q.value": "3"}}}
    said = remarks(collected)
    assert len(said) == 3
    assert said[0].startswith("essay.pdf: answers stand in .csv")
    assert said[1] == "link.csv: this is no plain file; left out"
    assert said[2].startswith("Cem.csv: a quote is opened and never closed")


def test_files_of_one_name_in_several_folders_are_several_people(tmp_path: Path) -> None:
    for place in ("Ann/work.csv", "Bob/work.csv", "Both/Cem.csv", "Both/Dan.csv"):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).write_text("blank,answer\nq.value,3\n", encoding="utf-8")
    assert list(read_answers(str(tmp_path), BlankNames(NAMES.ids)).people) == ["Ann", "Bob", "Both/Cem", "Both/Dan"]


def test_a_pipe_is_read_like_a_file(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=("student,blank,answer\nAnn,q.value,3\n",))
    writer.start()
    collected = read_answers(str(pipe), BlankNames(NAMES.ids))
    writer.join()
    assert plain(collected) == {"Ann": {"": {"1:q.value": "3"}}}


def test_no_file_and_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "answers.csv").write_text("x", encoding="utf-8")
    with pytest.raises(ChalkgradError, match=r"there is no file .*did you mean 'answers.csv'"):
        read_answers(str(tmp_path / "anwers.csv"), NAMES)
    (tmp_path / "none").mkdir()
    with pytest.raises(ChalkgradError, match="holds no answers"):
        read_answers(str(tmp_path / "none"), NAMES)


def test_tricks_with_characters_are_said(tmp_path: Path) -> None:
    rows = [
        "Ann,q.value,3",
        "An\u200bn,q.value,3",
        "Аnn,q.value,3",
        "ann,q.value,3",
        "Bob,q.value,\u202e3",
        "Cem,q.value,3\x00",
    ]
    collected = read(tmp_path, "student,blank,answer\n" + "\n".join(rows) + "\n")
    assert len(collected.people) == 6
    said = remarks(collected)
    assert "holds the invisible character U+200B" in said[0]
    assert "look alike" in said[1]
    assert "letters of Latin and Cyrillic in one word" in said[2]
    assert "'ann' and 'Ann' look alike" in said[3]
    assert "the answer to 1:q.value holds the invisible character U+202E" in said[4]
    assert "U+0000" in said[5]


def test_one_name_in_two_normal_forms_is_one_person(tmp_path: Path) -> None:
    collected = read(tmp_path, "student,blank,answer\nZoe\u0301,q.value,3\nZo\u00e9,2:x>q.local,1\n")
    assert plain(collected) == {"Zo\u00e9": {"": {"1:q.value": "3", "2:x>q.local": "1"}}}


def test_a_megabyte_of_brackets_costs_one_answer(tmp_path: Path) -> None:
    content = "student,blank,answer\nAnn,q.value," + "(" * 1_000_000 + "\nBob,q.value,3\n"
    theirs = plain(read(tmp_path, content))
    assert set(theirs["Ann"][""]["1:q.value"]) == {"("}
    assert theirs["Bob"] == {"": {"1:q.value": "3"}}


def test_a_surrogate_from_json_is_no_trouble_later(tmp_path: Path) -> None:
    theirs = plain(read(tmp_path, '{"A\\ud800": {"answers": {"q.value": "\\udfff3"}}}', "a.json"))
    assert theirs == {"A\ufffd": {"": {"1:q.value": "\ufffd3"}}}

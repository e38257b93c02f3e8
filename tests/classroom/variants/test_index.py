"""The list of what was printed: people are marked by the numbers on their sheets, whatever a search would find."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

import chalkgrad as cg
from chalkgrad.classroom.variants.index import numbers_text, read_index
from chalkgrad.cli.main import run

SHEET = """
name = "one"
title = "One"
[[problem]]
function = "q = x + y; f = q z"
values = { x = -2, y = 5, z = -4 }
blank = ["values"]
[[problem]]
function = "f = sum(v * w)"
values = { v = [3, -5, 4], w = [4, 3, -6] }
blank = ["f.value"]
"""


def test_an_index_gives_back_the_variants(tmp_path: Path) -> None:
    made = cg.worksheet(SHEET).variants(4, seed=7)
    made.save(tmp_path, formats=["html"], key=False)
    found = read_index((tmp_path / "one-7.csv").read_text(encoding="utf-8"), "one")
    assert [(v.number, v.seed) for v in made.seats] == [(n, s) for s, n in found]
    for seat in made.seats:
        assert numbers_text(found[7, seat.number]) == numbers_text(seat)


def test_answers_are_marked_by_the_numbers_that_were_printed(tmp_path: Path) -> None:
    sheet, index, answers = tmp_path / "one.toml", tmp_path / "one-7.csv", tmp_path / "answers.csv"
    sheet.write_text(SHEET, encoding="utf-8")
    numbers = '"{""1"": {""x"": 4, ""y"": 7, ""z"": 3}}"'
    index.write_text(f"student,variant,code,file,numbers\n,1,one-7-01,one-7-01.pdf,{numbers}\n", encoding="utf-8")
    answers.write_text(
        "student,variant,blank,answer\nAnn,1,1:q.value,11\nAnn,1,1:f.value,33\nBob,2,1:q.value,3\n", encoding="utf-8"
    )
    result = CliRunner().invoke(run, ["check", str(answers), "--sheet", str(sheet), "--index", str(index), "--json"])
    assert '"points": 2' in result.output
    assert "'Bob' has variant 2 of seed 7, which is not in the index" in result.output


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("student,code\nAnn,one-7-01\n", "no columns"),
        ("code,numbers\ntwo-7-01,{}\n", "of the sheet 'two'"),
        ("code,numbers\none-7-00,{}\n", "no code of a variant"),
        ("code,numbers\none-7-01,[1]\n", "numbers cannot be read"),
        ('code,numbers\none-7-01,"{""1"": {""x"": NaN}}"\n', "numbers cannot be read"),
        ('code,numbers\none-7-01,"{""1"": {""x"": ""y""}}"\n', "numbers cannot be read"),
    ],
)
def test_what_is_no_index_is_refused_with_its_line(text: str, said: str) -> None:
    with pytest.raises(cg.VariantError, match=said):
        read_index(text, "one")

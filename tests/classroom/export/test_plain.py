"""Plain JSON: as its schema says, the blank without the key, and a form that can be handed in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

import chalkgrad.classroom.export.plain as module
from chalkgrad.classroom.course.answers import read_answers
from chalkgrad.classroom.course.blanks import BlankNames
from chalkgrad.classroom.export.plain import plain
from chalkgrad.classroom.marking.mark import mark
from chalkgrad.classroom.sheets.blank import FormulaKey, Keyed, NumberKey, ShapeKey, TextKey
from tests.classroom.export.shared import SHEETS, hostile, seats, sheet

SCHEMA = json.loads(Path(module.__file__).with_name("plain.schema.json").read_text(encoding="utf-8"))


def of(keyed: Keyed) -> tuple[Any, Any, Any]:
    made = plain([keyed])
    assert list(made) == [f"{keyed.code}.{part}.json" for part in ("blank", "key", "answers")]
    return tuple([json.loads(data) for data in made.values()])  # type: ignore[return-value]  # three of them


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", [*SHEETS, "hostile"])
def test_each_part_is_what_the_schema_says(name: str) -> None:
    keyed = hostile() if name == "hostile" else sheet(name)
    for part in of(keyed):
        jsonschema.validate(part, SCHEMA)
    wrong = {**of(keyed)[0], "more": 1}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, SCHEMA)


@pytest.mark.parametrize("name", SHEETS)
def test_the_key_comes_back(name: str) -> None:
    keyed = sheet(name)
    blank, key, answers = of(keyed)
    ids = [b.id for b in keyed.blanks]
    assert [b["id"] for q in blank["questions"] for b in q["blanks"]] == ids == list(key["answers"])
    assert list(answers["answers"]) == ids
    for found in keyed.blanks:
        said = key["answers"][found.id]
        match found.key:
            case NumberKey(exact):
                assert np.array_equal(np.asarray(said["exact"]), np.asarray(exact, float))
            case FormulaKey(text):
                assert said["formula"] == text
            case ShapeKey(text):
                assert said["shape"] == text
            case TextKey(text, rubric):
                assert said["text"] == text
                assert said["rubric"] == list(rubric)


@pytest.mark.parametrize("name", SHEETS)
def test_the_blank_has_no_key(name: str) -> None:
    keyed = sheet(name)
    text = json.dumps(of(keyed)[0], ensure_ascii=False)
    assert '"exact"' not in text
    for found in keyed.blanks:
        if isinstance(found.key, NumberKey) and np.ndim(found.key.exact) == 0:
            number = f"{float(found.key.exact):.4f}"
            assert number.endswith("00") or number not in text
        if isinstance(found.key, TextKey) and len(found.key.text) > 40:
            assert found.key.text not in text


def test_a_form_that_is_filled_in_is_marked() -> None:
    for keyed in seats():
        _, key, answers = of(keyed)
        filled = {id: str(key["answers"][id]["exact"]) for id in answers["answers"]}
        assert {m.verdict for m in mark(keyed, filled).marks} == {"right"}
        assert answers["variant"] == keyed.code


def test_a_form_is_read_by_check(tmp_path: Path) -> None:
    keyed = seats()[1]
    form = of(keyed)[2]
    form["answers"]["f.value"] = "0.5"
    (tmp_path / "Ann.json").write_text(json.dumps(form), encoding="utf-8")
    collected = read_answers(str(tmp_path), BlankNames([b.id for b in keyed.blanks]))
    assert collected.remarks.count == 0
    (person,) = collected.people.values()
    assert person.student == "Ann"
    assert person.sheets[keyed.code]["f.value"][0] == "0.5"


def test_same_bytes() -> None:
    assert plain([sheet("section")]) == plain([sheet("section")])

"""A sheet as JSON: the blanks without the key, the key, and a form for answers that `chalkgrad check` reads.

`plain.schema.json` beside this file describes all three.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chalkgrad.classroom.export.accepted import Reading, entries, written
from chalkgrad.classroom.export.markup import legal
from chalkgrad.classroom.sheets.blank import Blank, FormulaKey, Keyed, NumberKey, Question, ShapeKey, TextKey

FORMAT = "chalkgrad-worksheet"
VERSION = 1


def plain(variants: Sequence[Keyed]) -> Mapping[str, bytes]:
    """Three files a variant: `CODE.blank.json`, `CODE.key.json`, `CODE.answers.json`."""
    files: dict[str, bytes] = {}
    for keyed in variants:
        files[f"{keyed.code}.blank.json"] = _json({**_head(keyed, "blank"), "questions": _questions(keyed)})
        files[f"{keyed.code}.key.json"] = _json({**_head(keyed, "key"), "answers": _answers(keyed)})
        empty = {b.id: "" for b in keyed.blanks}
        files[f"{keyed.code}.answers.json"] = _json(
            {"student": keyed.variant.student, "variant": keyed.code, "answers": empty}
        )
    return files


def _head(keyed: Keyed, part: str) -> dict[str, Any]:
    sheet = keyed.sheet
    return {
        "format": FORMAT,
        "version": VERSION,
        "part": part,
        "sheet": sheet.name,
        "title": legal(sheet.title),
        "code": keyed.code,
        "seed": keyed.variant.seed,
        "variant": keyed.variant.number,
        "student": legal(keyed.variant.student),
    }


def _questions(keyed: Keyed) -> list[dict[str, Any]]:
    return [
        {
            "number": q.number,
            "title": legal(q.problem.title),
            "prose": [legal(t) for t in (q.problem.prose, q.part.prose) if t],
            "given": _given(q),
            "digits": q.part.digits,
            "blanks": [_blank(b) for b in q.blanks],
        }
        for q in keyed.questions
    ]


def _given(question: Question) -> dict[str, Any]:
    work = question.work
    if work is None or work.symbolic:
        return {}
    return {v.hint: _number(work.number(v)) for v in work.program.inputs}


def _blank(blank: Blank) -> dict[str, Any]:
    """What is asked: of a number its decimals and its shape, of a formula the names that it may be written in."""
    made: dict[str, Any] = {"id": blank.id, "kind": blank.kind, "ask": legal(blank.ask), "points": blank.points}
    if isinstance(blank.key, NumberKey):
        made |= {"digits": blank.key.digits, "shape": list(np.shape(blank.key.exact))}
    if isinstance(blank.key, FormulaKey) and blank.key.names:
        made["names"] = list(blank.key.names)
    if blank.hint:
        made["hint"] = legal(blank.hint)
    return made


def _answers(keyed: Keyed) -> dict[str, Any]:
    return {b.id: _answer(b, q) for q in keyed.questions for b in q.blanks}


def _answer(blank: Blank, question: Question) -> dict[str, Any]:
    match blank.key:
        case NumberKey(exact, stepwise, digits):
            return {
                "exact": _number(exact),
                "stepwise": _number(stepwise),
                "digits": digits,
                "entries": [
                    {
                        "index": list(e.index),
                        "right": [_reading(r) for r in e.accepted.right],
                        "mistakes": [_reading(r) for r in e.accepted.wrong],
                    }
                    for e in entries(blank, question)
                ],
            }
        case FormulaKey(text, names, given, head):
            return {"formula": legal(text), "names": list(names), "given": legal(given), "head": legal(head)}
        case ShapeKey(text):
            return {"shape": legal(text)}
        case TextKey(text, rubric, given):
            return {"text": legal(text), "rubric": [legal(r) for r in rubric], "given": legal(given)}


def _reading(reading: Reading) -> dict[str, str]:
    made = {"number": written(reading.number), "tolerance": written(reading.tolerance)}
    return made | ({"why": legal(reading.why)} if reading.why else {})


def _number(value: Any) -> Any:
    found = np.asarray(value, float) + 0.0  # -0 is 0
    return found.tolist()


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()

"""Marking on the seed sheets: the key handed in is right, and each fault of the published answers is found."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from chalkgrad.classroom.marking.mark import mark
from chalkgrad.classroom.sheets.blank import Blank, Keyed, NumberKey
from chalkgrad.classroom.sheets.key import keyed
from chalkgrad.classroom.sheets.reading import read_sheet

SHEETS = Path(__file__).parents[2] / "examples" / "sheets"
CLAIMS = Path(__file__).parent / "claims"


@cache
def sheet(name: str) -> Keyed:
    return keyed(read_sheet((SHEETS / f"{name}.toml").read_text(encoding="utf-8")))


def written(one: Blank) -> str:
    """What a person would write who knows the key."""
    key = one.key
    if not isinstance(key, NumberKey):
        return key.text
    rounded = np.round(np.asarray(key.exact, np.float64), key.digits)
    return str(rounded.tolist())


@pytest.mark.parametrize("name", ["backprop", "section", "filters", "practice", "nets"])
def test_the_key_handed_in_is_right(name: str) -> None:
    asked = [b for b in sheet(name).blanks if b.kind not in ("text", "graph")]
    marks = {m.blank: m for m in mark(sheet(name), {b.id: written(b) for b in asked}).marks}
    for one in asked:
        assert marks[one.id].verdict == "right", (one.id, marks[one.id])


def published(claim: str, start: str) -> str:
    """The solution that was printed with a sheet, from where it starts."""
    whole = (CLAIMS / claim).read_text(encoding="utf-8")
    return whole[whole.index(start) :]


@pytest.mark.parametrize(
    ("name", "id", "answer", "mistake"),
    [
        ("practice", "2b:passes", published("s003_q2b.txt", "b) forward"), "overwrite"),
        ("practice", "4d:staged", published("s003_q4d.txt", "forward:"), "overwrite"),
        # ∂z_1/∂a_1 for ∂z_1/∂w_1
        ("nets", "1.5:w_1.chain", "∂Loss/∂a_2 · ∂a_2/∂z_2 · ∂z_2/∂a_1 · ∂a_1/∂z_1 · ∂z_1/∂a_1", "link"),
        ("section", "3.1:Y.shape", r"m \times 1", "transpose"),
        ("section", "3.2:d1", r"y^{(i)}/\hat{y}^{(i)} - (1 - y^{(i)})/(1 - \hat{y}^{(i)})", "misnamed"),
        (
            "section",
            "3.7:d6",
            r"-\frac{1}{m} \sum_i \delta_1^{(i)} * \delta_2^{(i)} * "
            r"(\delta_3^{(i)} \circ \delta_4^{(i)}) * \delta_5^{(i)}",
            "shapes",
        ),
        # the last line of 003 q2b as a number: one path stands for both
        ("practice", "2c:x.gradient", "-4", "overwrite"),
    ],
)
def test_published_faults_are_marked(name: str, id: str, answer: str, mistake: str) -> None:
    marked = mark(sheet(name), {id: answer})
    found = next(m for m in marked.marks if m.blank == id)
    assert (found.verdict, found.mistake) == ("wrong", mistake), found
    assert [m.blank for m in marked.first] == [id]


def test_multiplying_before_sorting_is_marked() -> None:
    """001 p4.3."""
    (found,) = [m for m in mark(sheet("section"), {"5:x.gradient": "(-3, 6, -1.5)"}).marks if m.answer]
    assert found.verdict == "wrong"


@pytest.mark.parametrize(
    ("id", "answer"), [("1c:y.gradient.formula", "1{y >= x}"), ("1c:x.gradient.formula", "1{x > y}")]
)
def test_a_side_of_a_tie_is_a_convention(id: str, answer: str) -> None:
    (found,) = [m for m in mark(sheet("practice"), {id: answer}).marks if m.answer]
    assert found.verdict == "right"
    assert ("convention" in " ".join(found.notes)) == (">=" in answer)

"""Variants of a sheet: the same for the same seed, no two alike, and refused with the constraint that failed."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from chalkgrad.classroom.sheets.blank import Variant
from chalkgrad.classroom.sheets.key import keyed, unwitnessed
from chalkgrad.classroom.sheets.reading import read_sheet
from chalkgrad.classroom.sheets.sheet import Sheet
from chalkgrad.classroom.slips.find import slips
from chalkgrad.classroom.variants.find import examined, variants
from chalkgrad.errors import VariantError

GOLDEN = Path(__file__).parent / "golden.json"


def sheet(*problems: str, name: str = "v") -> Sheet:
    """A sheet of these problems, each its lines after the heading."""
    text = "\n".join(f"[[problem]]\nprose = 'Work it.'\n{p}" for p in problems)
    return read_sheet(f"name = '{name}'\ntitle = 'Variants'\n{text}\n")


def problem(function: str, values: str, *more: str, blank: str = "'values', 'gradients'") -> str:
    """The lines of a problem."""
    return "\n".join([f"function = '{function}'", f"values = {{ {values} }}", f"blank = [{blank}]", *more])


S1 = problem("q = x + y; f(x, y, z) = q z", "x = -2, y = 5, z = -4", blank="'values', 'gradients', 'locals'")
S2 = problem("f = 1/(1 + e^(-(w_0 x_0 + w_1 x_1 + w_2)))", "w_0 = 2, w_1 = -3, w_2 = -3, x_0 = -1, x_1 = -2")
SORTED = problem("f = x[0] sort(x)", "x = [3, -1, 2]", "upstream = [0.5, -2, 1]")
FEW = problem("f = relu(x)", "x = -1", "upstream = -3")
FIXED = S1 + "\nvary = false"


def plain(found: Any) -> list[dict[str, Any]]:
    """Variants as JSON writes them."""
    return [
        {
            "number": v.number,
            "seed": v.seed,
            "values": {str(k): dict(values) for k, values in v.values.items()},
            "student": v.student,
            "hidden": [list(h) for h in v.hidden],
        }
        for v in found
    ]


def bytes_of(found: Any) -> str:
    return json.dumps(plain(found), indent=1, ensure_ascii=False) + "\n"


def test_same_seed_same_bytes() -> None:
    """Also on another machine and another day: the file was written once."""
    made = bytes_of(variants(sheet(S1, S2, SORTED, name="golden"), 5, 7))
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(made, encoding="utf-8")
    assert made == GOLDEN.read_text(encoding="utf-8")


def test_a_variant_does_not_depend_on_how_many_there_are() -> None:
    one = sheet(S1, S2, FEW)
    assert plain(variants(one, 30, 3))[:10] == plain(variants(one, 10, 3))


def test_seeds_names_and_problems_give_other_numbers() -> None:
    first, other = variants(sheet(S1), 5, 1), variants(sheet(S1), 5, 2)
    assert [v.values for v in first] != [v.values for v in other]
    assert [v.values for v in first] != [v.values for v in variants(sheet(S1, name="w"), 5, 1)]
    both = variants(sheet(S1, S1), 5, 1)
    assert all(v.values[1] != v.values[2] for v in both)
    assert [v.values[1] for v in both] == [v.values[1] for v in first]


def test_no_two_seats_have_the_same_numbers() -> None:
    found = variants(sheet(S1, FEW), 150, 4)
    assert len({json.dumps(plain([v])[0]["values"]) for v in found}) == 150
    assert [v.number for v in found] == list(range(1, 151))
    own = {1: {"x": -2.0, "y": 5.0, "z": -4.0}}
    assert all(v.values[1] != own[1] for v in found)


def test_combinations_are_used_when_every_problem_is_used_up() -> None:
    """A unit that is dead for -1 … -9 has eight other values, and two such sheets sixty-four pairs."""
    two = sheet(FEW, FEW)
    singles = len(_all(sheet(FEW)))
    found = _all(two)
    assert len(found) == singles**2
    assert len({json.dumps(plain([v])[0]["values"]) for v in found}) == singles**2
    assert plain(found)[:3] == plain(variants(two, 3, 1))


def _all(few: Sheet) -> tuple[Variant, ...]:
    """As many variants as there are."""
    with pytest.raises(VariantError) as told:
        variants(few, 1000, 1)
    found = re.search(r"there are (\d+)", str(told.value))
    assert found
    return variants(few, int(found[1]), 1)


def test_too_few_names_the_constraint_and_its_count() -> None:
    narrow = problem("q = x + y; f = q z", "x = -2, y = 5, z = -4", "vary = { ranges = { x = [-4, -2], y = [1, 5] } }")
    with pytest.raises(VariantError, match=r"200 variants of v are asked for, and there are \d+\.") as told:
        variants(sheet(narrow), 200, 1)
    lines = str(told.value).splitlines()
    found = re.fullmatch(r"problem 1: (\d+) among all (\d+) candidates pass", lines[1])
    assert found
    refused = [re.match(r"  (\w+) refused (\d+): ", line) for line in lines[2:]]
    assert {r[1] for r in refused if r} == {"own", "signs", "size", "mistakes"}
    assert int(found[1]) + sum(int(r[2]) for r in refused if r) == int(found[2]) == 3 * 5 * 9


def test_too_few_because_there_are_no_other_values() -> None:
    with pytest.raises(VariantError, match="8 among all 9 candidates pass\n  own refused 1"):
        variants(sheet(FEW), 9, 1)


NONE = [
    (problem("f = σ(x y)", "x = 2, y = 1", "vary = { ranges = { x = [4, 9] } }"), "saturation"),
    (problem("f = relu(x - y)", "x = 3, y = 2", "vary = { fixed = ['x'], ranges = { y = [3, 4] } }"), "kink"),
    (problem("f = x + y", "x = 2, y = 3", "vary = { ranges = { x = [-9, -4], y = [1, 3] } }"), "signs"),
    (problem("f = log(x - y)", "x = 5, y = 2", "vary = { ranges = { x = [1, 2], y = [2, 9] } }"), "domain"),
    (problem("f = a b", "a = 3, b = 2", "vary = { fixed = ['b'], ranges = { a = [2, 3] } }"), "mistakes"),
]


@pytest.mark.parametrize(("lines", "name"), NONE, ids=[n for _, n in NONE])
def test_no_variant_at_all_names_the_constraint(lines: str, name: str) -> None:
    with pytest.raises(VariantError, match=f"no variant at all(.|\n)*{name} refused"):
        variants(sheet(lines), 2, 1)


def test_a_sheet_on_which_nothing_varies_is_refused() -> None:
    with pytest.raises(VariantError, match="every seat would have the same sheet"):
        variants(sheet(FIXED), 2, 1)


def test_problems_that_do_not_vary_keep_their_values() -> None:
    assert all(set(v.values) == {2} for v in variants(sheet(FIXED, S1), 3, 1))


def test_words_that_say_a_number_are_refused() -> None:
    direct = S1 + "\nhint = 'here x = -2'"
    with pytest.raises(VariantError, match=r"problem 1 of v says `x = -2`"):
        variants(sheet(direct), 2, 1)
    listed = S2 + "\nhint = 'weights $w = [2, -3, -3]$'"
    with pytest.raises(VariantError, match=r"says `\[2, -3, -3\]`"):
        variants(sheet(listed), 2, 1)
    filled = S1 + "\nhint = 'here x = {{x}}'"
    assert len(variants(sheet(filled), 2, 1)) == 2


def test_a_roster_is_seated_in_its_order() -> None:
    names = ("Ada", "Ben")
    found = variants(sheet(S1), 3, 1, names)
    assert [v.student for v in found] == ["Ada", "Ben", ""]
    more = variants(sheet(S1), 3, 1, (*names, "Cyd"))
    assert plain(more)[:2] == plain(found)[:2]
    with pytest.raises(VariantError, match="the roster has 2 students, and 1 variants"):
        variants(sheet(S1), 1, 1, names)


@pytest.mark.parametrize("count", [0, -1, 10_001])
def test_the_count_is_bounded(count: int) -> None:
    with pytest.raises(VariantError, match="from 1 to 10000"):
        variants(sheet(S1), count, 1)


def test_decimals_are_kept() -> None:
    text = problem("f = σ(w x + v y + b)", "w = 2, x = -1, v = 3, y = 2, b = 0.5", "digits = 4")
    for variant in variants(sheet(text), 20, 1):
        values = variant.values[1]
        assert float(values["w"]).is_integer()
        assert float(values["x"]).is_integer()
        assert round(values["b"] * 10) == values["b"] * 10
        assert not float(values["b"]).is_integer()


def test_every_mistake_shows_in_a_variant() -> None:
    """What cannot show at any values is listed, and nothing else is."""
    one = sheet(S1)
    for variant in variants(one, 20, 5):
        found = keyed(one, variant)
        assert examined(found).hidden == variant.hidden
        for question in found.questions:
            for blank in question.blanks:
                right = float(blank.key.exact)  # type: ignore[union-attr]  # every blank of this sheet is a number
                by_kind: dict[str, list[float]] = {}
                for slip in slips(blank, question):
                    assert abs(float(slip.value) - right) > 0.02
                    by_kind.setdefault(slip.kind, []).append(float(slip.value))


def test_what_cannot_show_on_the_published_sheet_is_listed() -> None:
    """At a 2, 2x and x² are one number; in a variant they are not."""
    one = sheet(problem("f = x^2 y", "x = 2, y = 3"))
    shown = examined(unwitnessed(one))
    blanks = [b.id for b in unwitnessed(one).blanks if b.id.endswith(".value")]
    assert any(id in blanks and kind == "power" for id, kind in shown.hidden)
    for variant in variants(one, 5, 1):
        assert variant.values[1]["x"] != 2
        assert not any(id in blanks and kind == "power" for id, kind in variant.hidden)

"""Where a convention, an infinity or a NaN decided a number, it is said; and only there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import chalkgrad as cg
from chalkgrad.evaluate.worked import work
from tests.ops.kink_points import POINTS

KINKS: dict[str, dict[str, Any]] = {
    e["point"]: e for e in json.loads((Path(__file__).parent.parent / "ops" / "kinks.json").read_text())
}


@pytest.mark.parametrize("name", POINTS)
def test_a_notice_goes_with_the_number_as_the_table_says(name: str) -> None:
    program = POINTS[name].program()
    w = work(program, {v.hint: x for v, x in zip(program.inputs, POINTS[name].values, strict=True)})
    assert bool(w.notices) == KINKS[name]["notice"], w.notices
    rule: str = KINKS[name]["rule"]
    if w.notices and not rule.startswith("value NaN"):
        assert any(n.rule.startswith(rule) for n in w.notices), w.notices


def rules(text: str, **at: Any) -> list[str]:
    return [n.rule for n in cg.work(text, values=at).notices]


def test_a_form_with_a_value_is_offered() -> None:
    assert any("xlogy has a value there" in r for r in rules("x log x", x=0))


def test_kinks_that_combine_are_said_to_be_no_derivative() -> None:
    assert rules("relu(x) - relu(-x)", x=0)[-1].startswith("each is a convention, and together")
    assert not any(r.startswith("each") for r in rules("relu(x)", x=0))


def test_a_kink_that_nothing_flows_through_is_silent() -> None:
    assert cg.work("f(x, y) = relu(x) + y", x=0, y=1, wrt="y").notices == ()
    assert rules("where(y > 0, relu(x), 1)", x=0, y=-1) == []


def test_a_rewrite_does_not_hide_a_kink_before_it() -> None:
    found = rules("sqrt((relu(x))^2)", x=0)
    assert any(r.startswith("evaluated as abs(x)") for r in found)
    assert any(r.startswith("0, as the frameworks do") for r in found)


def test_ordinary_points_are_silent() -> None:
    assert rules("1/(1 + e^-x) + log(1 + e^x) + max(x, 2) + |x|", x=1) == []


def test_choices_are_said_as_chosen() -> None:
    assert [n.rule for n in cg.work("relu(x)", x=0, relu_at_zero=1).notices] == ["as chosen: 1 at 0"]
    assert [n.rule for n in cg.work("max(x, y)", x=1, y=1, tie="first").notices] == [
        "as chosen: at a tie the first wins"
    ]


def test_every_view_shows_it() -> None:
    w = cg.work("relu(x)", x=0)
    assert "0, as the frameworks do" in str(w)
    assert "0, as the frameworks do" in cg.explain(w)
    assert "0, as the frameworks do" in w._repr_html_()

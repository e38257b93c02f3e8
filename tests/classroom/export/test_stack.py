"""STACK questions: the tree leads where the tests in the file say, and the formulas have the key's values."""

from __future__ import annotations

import math
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest

from chalkgrad.classroom.export.formulas import formula_of
from chalkgrad.classroom.export.maxima import maxima_name
from chalkgrad.classroom.export.moodle import moodle
from chalkgrad.classroom.export.prairielearn_server import Formula
from tests.classroom.export.shared import SHEETS, of, sheet


def stack(name: str) -> list[Element]:
    made = next((d for n, d in moodle([sheet(name)]).items() if n.endswith("-stack.xml")), b"<quiz/>")
    return ElementTree.fromstring(made).findall("question[@type='stack']")


@pytest.mark.parametrize("name", SHEETS)
def test_formulas_have_the_keys_values(name: str) -> None:
    for question in sheet(name).questions:
        for blank in question.blanks:
            formula = formula_of(blank, question)
            if formula is None:
                continue
            for at, expected in formula.points:
                found = Formula(formula.key).value(dict(at), formula.stages)
                assert math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-12), blank.id


@pytest.mark.parametrize("name", SHEETS)
def test_the_tree_is_whole(name: str) -> None:
    for question in stack(name):
        text = question.findtext("questiontext/text") or ""
        assert "[[input:ans1]]" in text
        assert "[[validation:ans1]]" in text
        assert question.findtext("specificfeedback/text") == "[[feedback:prt1]]"
        (answer,) = question.findall("input")
        assert answer.findtext("forbidfloat") == "0"
        nodes = {n.findtext("name"): n for n in question.findall("prt/node")}
        notes = {
            n.findtext(f"{b}answernote"): n.findtext(f"{b}score") for n in nodes.values() for b in ("true", "false")
        }
        for node in nodes.values():
            for branch in ("true", "false"):
                after = node.findtext(f"{branch}nextnode")
                assert after == "-1" or int(after or "") > int(node.findtext("name") or ""), "a tree has no way back"
                assert after == "-1" or after in nodes
        tests = question.findall("qtest")
        assert tests
        for test in tests:
            expected = test.find("expected")
            assert expected is not None
            note = expected.findtext("expectedanswernote")
            assert float(expected.findtext("expectedscore") or "") == float(notes[note] or "")
        assert tests[0].findtext("testinput/value") == "ta"


def test_what_cannot_be_trusted_to_it_is_refused() -> None:
    keyed = of(
        'name = "k"\ntitle = "K"\n[[problem]]\nprose = "p"\nfunction = "f = max(x, y) * z"\n'
        'values = { x = 1, y = 2, z = 3 }\nblank = ["gradients.formula"]\n'
    )
    (question,) = keyed.questions
    taken = {b.id: formula_of(b, question) is not None for b in question.blanks}
    assert taken, "something was asked"
    assert not taken["x.gradient.formula"], "a case distinction has no normal form in Maxima"


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("w_0", "w_0"),
        ("D_{a_1}", "D_a_1"),
        ("y^*", "y_star"),
        ("ŷ", "yhat"),
        ("α", "alpha"),
        ("ℓ", "ell"),
        ("x'", "x_prime"),
        ("e", None),
        ("i", None),
        ("sum", None),
        ("x;y", None),
        ("🎓", None),
    ],
)
def test_names(name: str, typed: str | None) -> None:
    assert maxima_name(name) == typed

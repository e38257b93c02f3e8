"""A question's drawing: what is asked for is open, what is given is printed, and nothing else is."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from chalkgrad.classroom.printed.compose import layout
from chalkgrad.classroom.printed.drawing import (
    asked_elsewhere,
    drawing,
    drawn,
    has_drawing,
    on_drawing,
    plain_drawing,
)
from chalkgrad.classroom.printed.html import html
from chalkgrad.classroom.sheets.blank import Question
from chalkgrad.render.graph import diagram
from tests.classroom.printed.sheets import HEAD, S1, question, seed, sheet


def texts(made: Question, role: str, *, key: bool) -> list[str]:
    placed = drawn(made).placed if key else drawn(made).empty
    return sorted(text.text for text in placed.texts if text.role == role)


def test_only_the_asked_places_are_open() -> None:
    made = question(S1 + 'blank = ["q.value", "x.gradient"]\n')
    assert drawn(made).ids == {"q.value", "x.gradient"}
    assert texts(made, "value", key=False) == ["-12", "-2", "-4", "5"]
    assert texts(made, "gradient", key=False) == ["1"]  # the given one, and no gradient that is not asked
    assert texts(made, "value", key=True) == ["-12", "-2", "-4", "3", "5"]
    assert texts(made, "gradient", key=True) == ["-4", "1"]


def test_the_given_upstream_is_printed_unless_it_is_asked() -> None:
    made = question(S1 + 'upstream = 2.125\nblank = ["gradients"]\n')
    assert texts(made, "gradient", key=False) == ["2.125"]
    asked = question(S1 + 'blank = ["f.gradient"]\n')
    assert texts(asked, "gradient", key=False) == []
    assert texts(asked, "gradient", key=True) == ["1"]


def test_a_given_value_is_printed_in_full() -> None:
    made = question(HEAD + 'function = "f = x y"\nvalues = { x = 0.125, y = 3 }\nblank = ["f.value"]\n')
    assert "0.125" in texts(made, "value", key=False)


def test_a_fork_has_its_sum_at_the_stub_and_products_on_the_wires() -> None:
    made = question(
        HEAD
        + 'function = "g = x + y; h = g z; f(x, y, z) = h + x"\nvalues = { x = -2, y = 5, z = -4 }\n'
        + 'blank = ["x.gradient", "products"]\n'
    )
    assert {"x.gradient", "x>f.product", "x>g.product", "y>g.product"} <= drawn(made).ids
    assert texts(made, "gradient", key=True).count("-4") >= 2
    slots = {slot.id: slot for slot in drawn(made).placed.slots}
    assert slots["x.gradient"].x < slots["x>g.product"].x


def test_a_gradient_stands_where_its_only_product_would() -> None:
    made = question(S1 + 'blank = ["products", "gradients"]\n')
    assert drawn(made).ids == {"q.gradient", "x.gradient", "y.gradient", "z.gradient"}
    page = html(layout(sheet(S1 + 'blank = ["products", "gradients"]\n')), key=False)
    assert "to fill in: ∂f/∂q · ∂q/∂x" in page
    alone = question(S1 + 'blank = ["products"]\n')
    assert drawn(alone).ids == {"q>f.product", "z>f.product", "x>q.product", "y>q.product"}


def test_what_is_asked_on_lines_is_not_on_the_drawing() -> None:
    first = seed("section").questions[0]
    assert on_drawing(first) == ()
    assert texts(first, "gradient", key=False) == ["1"]
    lost = question(S1 + 'blank = ["f.loss"]\n')
    assert "-12" not in texts(lost, "value", key=True)


def test_what_another_question_asks_is_not_read_off() -> None:
    keyed = sheet(
        S1
        + '[[problem.part]]\nprose = "(a)"\nblank = ["q.value"]\n[[problem.part]]\nprose = "b"\nblank = ["gradients"]\n'
    )
    second = keyed.questions[1]
    assert asked_elsewhere(keyed, second) == {"q"}
    assert "3" in {t.text for t in drawn(second).empty.texts}
    assert "3" not in {t.text for t in drawn(second, asked_elsewhere(keyed, second)).empty.texts}


def test_no_words_say_a_formula_that_is_asked() -> None:
    made = question(S1 + 'show = "graph"\nblank = ["q.formula"]\n')
    svg = drawing(made, key=False)
    root = ET.fromstring(svg)
    said = " ".join(root.itertext())
    assert "x + y" not in said
    assert "gate +, from x and y" in said
    other = question(S1 + 'blank = ["values"]\n')
    assert "x + y" in " ".join(ET.fromstring(drawing(other, key=False)).itertext())


def test_a_person_s_own_answers() -> None:
    made = question(S1 + 'blank = ["q.value", "x.gradient"]\n')
    own = drawing(made, key=False, answers={"q.value": "7", "x.gradient": "<b>"})
    root = ET.fromstring(own)
    said = list(root.itertext())
    assert "7" in said
    assert "<b>" in said
    assert "3" not in said


def test_drawings_in_a_page_do_not_share_outlines() -> None:
    one, other = (question(S1 + f'blank = ["{id}"]\n') for id in ("q.value", "f.value"))
    first, second = (drawing(made, key=False) for made in (one, other))
    found = [{e.get("id") for e in ET.fromstring(svg).iter() if e.get("id")} for svg in (first, second)]
    assert found[0].isdisjoint(found[1])


def test_without_a_graph_there_is_no_drawing() -> None:
    made = question(S1 + 'show = "none"\nblank = ["values"]\n')
    assert not has_drawing(made)
    assert drawing(made, key=False) == ""
    assert plain_drawing(made) is not None


def test_a_drawing_that_asks_for_nothing_is_the_plain_one() -> None:
    made = question(S1 + 'blank = ["values"]\n')
    assert made.work is not None
    assert diagram(made.work).rooms == ()
    assert repr(diagram(made.work)).count("rooms") == 0

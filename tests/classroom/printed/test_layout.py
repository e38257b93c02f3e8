"""The blank sheet and its key are one layout: every blank stands in it once, and nothing moves between the two."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest

from chalkgrad.classroom.printed.answers import solution
from chalkgrad.classroom.printed.compose import layout
from chalkgrad.classroom.printed.html import html
from chalkgrad.classroom.printed.layout import Code, Figure, Grid, Item, Layout, Line, Lines, Pictures, Space, Writing
from chalkgrad.classroom.printed.notes import note
from chalkgrad.classroom.printed.pdf import Print, inputs
from chalkgrad.classroom.printed.prose import Formula, as_text, pieces_text
from chalkgrad.errors import SheetError
from chalkgrad.render.placed import Box
from tests.classroom.printed.sheets import HEAD, S1, SEEDS, seed, seed_layout, sheet


def ids(item: Item) -> Iterator[str]:
    match item:
        case Figure(drawn):
            yield from drawn.ids
        case Lines(lines):
            yield from (a.id for line in lines for a in line.answers if a is not None)
        case Code(lines):
            yield from (line.answer.id for line in lines if line.answer is not None)
        case Grid(_, rows):
            yield from (c.id for row in rows for c in row if not isinstance(c, tuple))
        case Writing() | Space():
            yield item.id
        case _:
            return


def items(made: Layout) -> list[Item]:
    return [item for problem in made.problems for item in problem.items]


@pytest.mark.parametrize("name", SEEDS)
def test_every_blank_stands_once(name: str) -> None:
    found = Counter(id for item in items(seed_layout(name)) for id in ids(item))
    wanted = {b.id for b in seed(name).blanks if not (b.kind == "graph" and b.lines <= 1 and not b.figure)}
    assert found == Counter(wanted)


def stripped(data: Any) -> Any:
    """The data of a document without what only a key has."""
    if isinstance(data, dict):
        empty = {"model", "notes", "key"} | ({"pieces"} if "room" in data else set())
        return {k: None if k in empty or k == "svg" else stripped(v) for k, v in data.items()}
    return [stripped(x) for x in data] if isinstance(data, list) else data


@pytest.mark.parametrize("name", SEEDS)
@pytest.mark.parametrize("large", [False, True])
def test_the_key_is_the_blank_sheet_filled_in(name: str, large: bool) -> None:
    made = seed_layout(name)
    blank, key = (
        json.loads(inputs([Print(made, answered)], paper="a4", large=large)["sheets"]) for answered in (False, True)
    )
    assert stripped(blank) == stripped(key)
    assert blank["sheets"][0]["notes"] == []


@pytest.mark.parametrize("name", SEEDS)
def test_drawings_do_not_move(name: str) -> None:
    for item in items(seed_layout(name)):
        if isinstance(item, Figure):
            drawn = item.drawn
            assert drawn.empty.slots == drawn.placed.slots
            assert drawn.empty.gates == drawn.placed.gates
            assert drawn.empty.lines == drawn.placed.lines
            answers = [text for text in drawn.placed.texts if text.slot]
            assert drawn.empty.texts == tuple(text for text in drawn.placed.texts if not text.slot)
            assert {text.slot for text in answers} == drawn.ids
            slots = {slot.id: slot.box for slot in drawn.placed.slots}
            assert all(inside(text.box, slots[text.slot]) for text in answers)


def inside(box: Box, other: Box) -> bool:
    return box[0] >= other[0] and box[1] >= other[1] and box[2] <= other[2] and box[3] <= other[3]


def apart(one: Box, other: Box) -> bool:
    return one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]


@pytest.mark.parametrize("name", SEEDS)
def test_nothing_in_a_drawing_overlaps(name: str) -> None:
    for item in items(seed_layout(name)):
        if isinstance(item, Figure):
            placed = item.drawn.empty
            things = [t.box for t in placed.texts if t.role != "sign"]
            things += [s.box for s in placed.slots] + [g.box for g in placed.gates]
            assert all(apart(one, other) for one, other in combinations(things, 2))
            assert all(inside(box, (0, 0, placed.width, placed.height)) for box in things)


def line_of(made: Layout, id: str) -> Line:
    return next(
        line
        for item in items(made)
        if isinstance(item, Lines)
        for line in item.lines
        if any(a is not None and a.id == id for a in line.answers)
    )


def test_formula_and_number_stand_side_by_side() -> None:
    line = line_of(seed_layout("section"), "1:x>q.local")
    assert [a.id for a in line.answers if a is not None] == ["1:x>q.local.formula", "1:x>q.local"]
    columns = [item.columns for item in items(seed_layout("section")) if isinstance(item, Lines)]
    assert columns[0] == ("Symbolically", "Evaluated")


def test_lines_stand_in_the_order_of_the_file() -> None:
    first = next(item for item in items(seed_layout("section")) if isinstance(item, Lines))
    heads = [a.ask for line in first.lines for a in line.answers[:1] if a is not None]
    assert heads == ["∂f/∂q", "∂q/∂x", "∂q/∂y", "∂f/∂z", "∂f/∂x", "∂f/∂y"]


def test_a_sum_shows_its_terms() -> None:
    made = layout(sheet(S1.replace("f(x, y, z) = q z", "f(x, y, z) = q z + x") + 'blank = ["x.sum"]\n'))
    (answer,) = [a for item in items(made) if isinstance(item, Lines) for line in item.lines for a in line.answers]
    assert answer is not None
    (said,) = answer.pieces
    assert isinstance(said, Formula)
    assert said.source == "1 + (-4) = -3"


def test_both_roundings_stand_on_the_key() -> None:
    made = layout(
        sheet(
            HEAD
            + 'function = "f = 1/(1 + e^-(w_0 x_0 + w_1 x_1 + w_2))"\nshow = "none"\n'
            + 'values = { w_0 = 2, x_0 = -1, w_1 = -3, x_1 = -2, w_2 = -3 }\nblank = ["x_0.gradient"]\n'
        )
    )
    page = html(made, key=True)
    assert "<mn>0.39</mn>" in page
    assert "<mn>0.40</mn>" in page
    assert "Both are right." in page
    assert "0.39" not in html(made, key=False)


def test_a_sheet_with_code_and_one_with_a_table() -> None:
    code = layout(sheet(S1 + 'blank = ["code.backward"]\n'))
    (found,) = [item for item in items(code) if isinstance(item, Code)]
    assert [line.text for line in found.lines if line.answer is None] == [
        "forward",
        "q = x + y",
        "f = q·z",
        "backward",
    ]
    assert sum(line.answer is not None for line in found.lines) == 5
    table = layout(sheet(S1 + 'show = "table"\nblank = ["values", "gradients"]\n'))
    (grid,) = [item for item in items(table) if isinstance(item, Grid)]
    assert set(ids(grid)) == {"q.value", "f.value", "q.gradient", "x.gradient", "y.gradient", "z.gradient"}
    assert "-12" not in html(table, key=False)


def test_a_problem_says_its_points() -> None:
    made = layout(sheet(S1 + 'points = 8\nblank = ["values"]\n'))
    assert made.problems[0].points == "8 points"
    assert layout(sheet(S1 + 'blank = ["values"]\n')).problems[0].points == ""


def test_a_figure_that_is_none_is_refused() -> None:
    with pytest.raises(SheetError, match="figure"):
        layout(sheet(S1 + 'figure = "ketwork 10-10"\nblank = ["values"]\n'))


def test_the_figures_of_a_sheet() -> None:
    made = seed_layout("practice")
    (networks,) = [item for item in items(made) if isinstance(item, Pictures)]
    assert [p.drawing.title for p in networks.pictures] == [
        "Network A: 100, 100 units",
        "Network B: 100, 10, 100 units",
    ]
    (row,) = [item for item in items(seed_layout("filters")) if isinstance(item, Space)]
    assert row.printed is not None
    assert row.model is not None
    assert len(row.printed.drawing.shapes) == 10


def test_a_rounding_that_is_too_far_off_is_not_called_right() -> None:
    """Rounded at every step, ∂ℓ/∂w_2 comes to 1.17, four units from 1.13: that is consistent, and no second answer."""
    (question,) = [q for q in seed("backprop").questions if q.number == "4"]
    assert question.work is not None
    names = frozenset(question.work.called.values())
    said = {b.id: pieces_text(solution(b, names, question.work)) for b in question.blanks}
    assert said["4:w_2.gradient"] == "1.13"
    made = note(question)
    assert made is not None
    assert "1.17 instead of 1.13. These follow from the rounded numbers" in as_text(made.blocks)

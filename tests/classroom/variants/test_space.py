"""Which numbers an input may take: of its sign, its decimals and its size; and candidates in a fixed order."""

from __future__ import annotations

import numpy as np
import pytest

from chalkgrad.classroom.sheets.sheet import Part, Problem, Vary
from chalkgrad.classroom.variants.space import EXHAUSTIVE, Space, decimals, space_of
from chalkgrad.errors import VariantError

VARY = Vary()


def space(values: dict[str, object], vary: Vary | None = VARY, key: str = "k") -> Space:
    """The space of a problem of one part."""
    return space_of(Problem(1, "", "", (Part("", "", "f = x", values=values),), vary), key)


def choices(own: float, **more: tuple[float, ...]) -> tuple[float, ...]:
    """What one input may be, its own number left in."""
    found = space({"x": own}, Vary(ranges=more))
    return found.slots[0].choices if found.slots else (own,)


@pytest.mark.parametrize(
    ("own", "least", "greatest", "count"),
    [
        (3.0, 1, 9, 9),
        (-3.0, -9, -1, 9),
        (10.0, 2, 20, 19),
        (40.0, 5, 80, 76),
        (0.5, 0.1, 0.9, 9),
        (-1.5, -2.9, -0.2, 26),
        (0.25, 0.04, 0.49, 42),
        (120.0, 20, 240, 23),
        (1000.0, 200, 2000, 19),
        (1e300, 2e299, 2e300, 19),
    ],
)
def test_sign_decimals_and_size_are_the_sheets(own: float, least: float, greatest: float, count: int) -> None:
    found = choices(own)
    assert min(found) == least
    assert max(found) == greatest
    assert len(found) == len(set(found)) == count
    assert own in found
    assert {decimals(x) for x in found} == {decimals(own)}


@pytest.mark.parametrize("own", [0.0, 1 / 3, float("inf"), float("nan"), 123456.7890123])
def test_labels_and_numbers_that_nobody_writes_stay(own: float) -> None:
    assert len(choices(own)) == 1


def test_many_figures_are_few_choices() -> None:
    assert len(choices(123_456_789.0)) < 10_001
    assert len(choices(123_456.789)) < 10_001


def test_ranges_are_taken_as_they_are_given() -> None:
    assert choices(2.0, x=(-1, 2)) == (-1, 0, 1, 2)
    assert choices(2.0, x=(0, 2, 0.5)) == (0, 0.5, 1, 1.5, 2)
    assert choices(0.0, x=(1, 3)) == (1, 2, 3)
    assert choices(0.5, x=(1, 2)) == tuple(n / 10 for n in range(10, 21))
    with pytest.raises(VariantError, match="the range of x has 1000001 numbers"):
        choices(2.0, x=(0, 1_000_000))


def test_what_is_fixed_or_differs_from_part_to_part_has_no_slot() -> None:
    parts = (Part("a", "", "f = x y", values={"x": 2.0, "y": 3.0}), Part("b", "", "f = x", values={"x": 4.0}))
    assert [s.name for s in space_of(Problem(1, "", "", parts, VARY), "k").slots] == ["y"]
    assert [s.name for s in space({"x": 2.0, "y": 3.0}, Vary(fixed=("x",))).slots] == ["y"]
    assert space({"x": 2.0}, None).size == 1


def test_a_small_space_is_looked_through_once_in_the_order_of_the_seed() -> None:
    first, other = space({"x": 2.0, "y": -3.0}), space({"x": 2.0, "y": -3.0}, key="l")
    rows = np.concatenate(list(first.chunks(7)))
    assert first.exhaustive
    assert len(rows) == len({tuple(r) for r in rows.tolist()}) == first.size == 81
    assert np.array_equal(rows, np.concatenate(list(first.chunks())))
    assert not np.array_equal(rows, np.concatenate(list(other.chunks())))


def test_a_large_space_is_drawn_from_and_every_second_chunk_is_near() -> None:
    own = [[2.0, -3.0, 5.0], [4.0, 6.0, -7.0]]
    large = space({"x": own})
    assert large.size > EXHAUSTIVE
    far, near = list(large.chunks(100, 200))
    flat = np.array(own)
    assert np.max(np.abs(large.columns(near)["x"] - flat)) == 2
    assert np.max(np.abs(large.columns(far)["x"] - flat)) > 2
    assert np.all(np.sign(large.columns(near)["x"]) == np.sign(flat))
    share = large.changed(large.columns(near))
    assert np.array_equal(share, np.mean((large.columns(near)["x"] != flat).reshape(100, 6), axis=1))

"""What must stand at a blank, given what a person wrote before it."""

from __future__ import annotations

import pytest

from chalkgrad.classroom.sheets.blank import Keyed
from chalkgrad.classroom.slips.follows import Followed, follows
from tests.classroom.marking.asking import ALL, AT, FORK, NEURON, NEURON_AT, TWO, asking


def at(keyed: Keyed, id: str, own: dict[str, float]) -> Followed:
    (question,) = keyed.questions
    return follows(question.blank(id), question, own)


def test_from_the_neighbours_at_the_gate() -> None:
    keyed = asking(TWO, ALL, AT)
    found = at(keyed, "f.value", {"q.value": 7})
    assert (found.value, found.used, found.missing) == (-28, ("q.value",), ())
    found = at(keyed, "z>f.local", {"q.value": 7, "q.gradient": 9})
    assert (found.value, found.used) == (7, ("q.value",))  # z's slope reads q, and no gradient
    found = at(keyed, "x>q.product", {"q.gradient": 9, "x>q.local": 2})
    assert (found.value, set(found.used)) == (18, {"q.gradient", "x>q.local"})


def test_a_missing_neighbour_is_the_keys() -> None:
    keyed = asking(TWO, ALL, AT)
    found = at(keyed, "x>q.product", {"x>q.local": 2})
    assert (found.value, found.missing) == (-8, ("q.gradient",))


def test_a_constant_slope_hangs_on_nothing() -> None:
    found = at(asking(TWO, ALL, AT), "x>q.local", {"q.value": 7})
    assert (found.value, found.used, found.missing) == (1, (), ())


def test_what_was_not_asked_is_computed() -> None:
    keyed = asking(FORK, ("q.value", "f.value", "x.gradient"), AT)
    assert at(keyed, "f.value", {"q.value": 7}).value == -30  # through h, which nobody was asked for
    assert at(keyed, "x.gradient", {"q.value": 7}).value == -3


def test_sums_of_own_products() -> None:
    keyed = asking(FORK, ALL, AT)
    assert at(keyed, "x.gradient", {"x>f.product": 2, "x>q.product": 5}).value == 7


def test_descent_and_the_loss_after_it() -> None:
    keyed = asking(TWO, ("gradients", "next", "f.next"), AT)
    assert at(keyed, "x.next", {"x.gradient": 10}).value == pytest.approx(-3)
    own = {"x.next": -3.0, "y.next": 5.0, "z.next": -4.0}
    assert at(keyed, "f.next", own).value == pytest.approx(-8)


def test_the_slope_of_a_result() -> None:
    keyed = asking("h = σ(z); f(z) = h^2", ALL, "z = 1")
    found = at(keyed, "z>h.local", {"h.value": 0.5})
    assert found.value == pytest.approx(0.25)


def test_no_own_numbers_give_the_key() -> None:
    keyed = asking(NEURON, ALL, NEURON_AT)
    for blank in keyed.blanks:
        assert at(keyed, blank.id, {}).value == pytest.approx(blank.key.exact, abs=1e-12)  # type: ignore[union-attr]  # numbers

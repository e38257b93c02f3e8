"""The five verdicts, each from the person's own numbers at that gate; what is first; what earns points."""

from __future__ import annotations

import pytest

from chalkgrad.classroom.marking.mark import mark
from tests.classroom.marking.asking import ALL, AT, FORK, NEURON, NEURON_AT, TWO, asking, one, verdicts

S1 = asking(TWO, ALL, AT)
S9 = asking(FORK, ALL, AT)
S2 = asking(NEURON, ("gradients",), NEURON_AT)


def test_all_right() -> None:
    answers = {b.id: str(float(b.key.exact)) for b in S9.blanks}  # type: ignore[union-attr]  # numbers
    found = mark(S9, answers, "Ann")
    assert {m.verdict for m in found.marks} == {"right"}
    assert (found.points, found.of, found.first, found.student, found.code) == (20, 20, (), "Ann", "t-0-00")


def test_nothing_written() -> None:
    found = mark(S9, {})
    assert {m.verdict for m in found.marks} == {"empty"}
    assert found.points == 0
    assert len(found.marks) == len(S9.blanks)


def test_an_early_error_is_carried_on() -> None:
    found = verdicts(S1, {"q.value": "7", "f.value": "-28", "z>f.local": "7", "z>f.product": "7", "z.gradient": "7"})
    assert found == {
        "q.value": "wrong",
        **dict.fromkeys(["f.value", "z>f.local", "z>f.product", "z.gradient"], "consistent"),
    }
    m = one(S1, "f.value", "-28", **{"q.value": "7"})
    assert "q.value = 7" in m.why
    assert m.should == "-12"
    assert m.credit == 1


def test_right_but_not_from_ones_own() -> None:
    m = one(S1, "f.value", "-12", **{"q.value": "7"})
    assert (m.verdict, m.credit) == ("unfollowed", 1)
    assert m.why == "right, but it does not follow from your own q.value = 7, which gives -28"


def test_a_missing_neighbour_takes_the_keys_value() -> None:
    m = one(S1, "x.gradient", "4", **{"q.gradient": "4"})
    assert (m.verdict, m.mistake) == ("wrong", "sign")  # the product between is empty: -4 stands there
    assert m.notes == ("nothing to go by at x>q.product: the key's number stands there",)


@pytest.mark.parametrize(("own", "follows"), [("0", "0"), ("1", "-4"), ("-1", "4")])
def test_consistent_is_refused_where_the_step_would_not_show(own: str, follows: str) -> None:
    m = one(S1, "f.value", follows, **{"q.value": own})
    assert (m.verdict, m.credit) == ("wrong", 0)
    assert "cannot be seen" in m.why


def test_a_nought_in_the_place_of_a_one_hides_too() -> None:
    m = one(S1, "x>q.product", "0", **{"x>q.local": "0"})  # the key's local is 1
    assert (m.verdict, m.credit) == ("wrong", 0)


def test_a_one_that_is_the_keys_own_hides_nothing() -> None:
    keyed = asking("q = x + y; f(x, y, z) = q z", ALL, "x = -2, y = 3, z = -4")  # q is 1
    assert verdicts(keyed, {"q.value": "-1", "f.value": "4"})["f.value"] == "consistent"


def test_the_credit_of_a_consistent_answer_is_the_sheets() -> None:
    keyed = asking(TWO, ALL, AT, top="credit = 0.5")
    assert one(keyed, "f.value", "-28", **{"q.value": "7"}).credit == 0.5
    assert one(keyed, "f.value", "-12").credit == 1


def test_the_first_wrong_and_all_that_are_independent() -> None:
    found = mark(S9, {"q.value": "7", "h.value": "3", "h>f.local": "-1", "z>h.product": "5"})
    # h hangs on q; what was left empty before z's product stands as on the key, so that hangs on nothing wrong
    assert [m.blank for m in found.first] == ["q.value", "h>f.local", "z>h.product"]
    assert found.above("h.value") == {"q.value"}


@pytest.mark.parametrize(
    ("id", "text", "own", "kind"),
    [
        ("q.value", "-7", {}, "sign"),
        ("q>f.local", "3", {}, "swap"),
        ("x>q.product", "1", {}, "upstream"),
        ("q>f.product", "1", {}, "local"),
        ("x>q.product", "3", {"z.gradient": "3"}, "wrong upstream"),
        ("x>q.product", "-7", {"q.gradient": "7"}, "sign"),
    ],
)
def test_mistakes_have_names(id: str, text: str, own: dict[str, str], kind: str) -> None:
    m = one(S1, id, text, **own)
    assert (m.verdict, m.mistake) == ("wrong", kind)
    assert m.why


@pytest.mark.parametrize(("text", "kind"), [("-4", "overwrite"), ("1", "missing"), ("-7", "twice"), ("3", "sign")])
def test_mistakes_at_a_fork(text: str, kind: str) -> None:
    assert one(S9, "x.gradient", text).mistake == kind


def test_a_mistake_at_a_gate_that_nobody_was_asked_about() -> None:
    keyed = asking(NEURON, ("inputs.gradient",), NEURON_AT)
    m = one(keyed, "w_1.gradient", "0.39")
    assert m.mistake == "sign"
    # (-1/d²)·(-1)·x_1, without the slope of e^-z: that, or the gradient of another value taken for the upstream one
    assert one(keyed, "w_1.gradient", "1.07").mistake in ("local", "wrong upstream")


def test_a_sum_that_is_written_out() -> None:
    keyed = asking(FORK, ("x.sum", "x.gradient"), AT)
    assert [one(keyed, "x.sum", t).verdict for t in ("1 + -4", "-4 + 1", "-3")] == ["right"] * 3
    m = one(keyed, "x.sum", "-1 + -2")
    assert (m.verdict, m.credit) == ("wrong", 0)
    assert "1 + -4" in m.why or "-4 + 1" in m.why


def test_arrays() -> None:
    keyed = asking("F(x) = x[0] x", ("gradients",), "x = [3, -1, 2]", "upstream = [0.5, -2, 1]")
    assert one(keyed, "x.gradient", "(7, -6, 3)").verdict == "right"
    assert one(keyed, "x.gradient", "[5.5, -6, 3]").mistake == "x0·x0"
    m = one(keyed, "x.gradient", "[7, -6]")
    assert m.verdict == "wrong"
    assert "shape" in m.why


def test_what_cannot_be_read_earns_nothing() -> None:
    for text in ("∂f/∂q", "z", "1/0", "nan", "3, 4", "x" * 20_000):
        m = one(S1, "q.gradient", text)
        assert (m.verdict, m.credit) == ("cannot tell", 0)
        assert m.why


def test_strange_ids_are_left_alone() -> None:
    assert mark(S1, {"nothing": "3", "q.value": "3"}).points == 1


def test_a_slope_may_be_made_of_the_result_or_of_its_input() -> None:
    # -1/b² at one's own b, where one's own a/b does not fit it: -y/b is another number
    keyed = asking("f(a, b) = a/b", ALL, "a = 3, b = 4")
    assert one(keyed, "b>f.local", "-0.19", **{"f.value": "1.33"}).verdict == "right"
    assert one(keyed, "b>f.local", "-0.33", **{"f.value": "1.33"}).verdict == "consistent"


def test_a_gradient_is_the_sum_that_was_written() -> None:
    keyed = asking(FORK, ("x.sum", "x.gradient"), AT)
    assert verdicts(keyed, {"x.sum": "1 + 4", "x.gradient": "5"}) == {"x.sum": "wrong", "x.gradient": "consistent"}
    assert verdicts(keyed, {"x.sum": "1 + 4", "x.gradient": "-3"})["x.gradient"] == "unfollowed"
    keyed = asking(TWO, ("f.value", "f.loss"), AT)
    assert verdicts(keyed, {"f.value": "7", "f.loss": "7"})["f.loss"] == "consistent"


def test_what_nothing_reaches() -> None:
    keyed = asking("q = 2 y; f(x, y) = x^2", ("gradients",), "x = 3, y = 4")
    assert one(keyed, "y.gradient", "0").verdict == "right"
    assert one(keyed, "y.gradient", "2").verdict == "wrong"
    assert one(keyed, "x.gradient", "6").verdict == "right"


def test_the_loss_after_a_step() -> None:
    keyed = asking(FORK, ("gradients", "next", "f.next"), AT)  # x = -1.7, y = 5.4, z = -4.3: f = -17.61
    assert one(keyed, "f.next", "-17.61").verdict == "right"
    assert one(keyed, "f.next", "-14").mistake == "old"
    assert one(keyed, "f.next", "-13.5").verdict == "wrong"
    bare = asking(FORK, ("f.next",), AT)
    assert one(bare, "f.next", "-13.5").verdict == "wrong"
    own = {"x.next": "-2", "y.next": "5", "z.next": "-4"}
    assert one(keyed, "f.next", "-14", **own).verdict == "consistent"


def test_no_mistake_is_named_for_a_number_near_its_own() -> None:
    # 0.24 is tanh'(1.33), from an upside-down quotient; σ's rule would give 0.2317
    chain = asking("a = x/y; b = tanh(a); f = a b", ALL, "x = 3, y = 4")
    found = {m.blank: m for m in mark(chain, {"a.value": "1.33", "a>b.local": "0.24"}).marks}
    assert (found["a>b.local"].verdict, found["a>b.local"].mistake) == ("wrong", "")
    assert one(chain, "a>b.local", "0.23").mistake == "rule"

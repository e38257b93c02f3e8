"""Formulas: yes, no or undecided as functions of the inputs; from one's own formulas; mistakes by name."""

from __future__ import annotations

import pytest

from chalkgrad.classroom.marking.mark import mark
from tests.classroom.marking.asking import TWO, asking, one

KINDS = ("formulas", "gradients.formula", "locals.formula", "products.formula", "updates")
S1 = asking(TWO, KINDS)
NET = asking("z = w_0 x_0 + w_1 x_1 + w_2; α = 1/(1 + e^{-z})", ("inputs.gradient.formula",))
CHAIN = "z_1 = x w_1; a_1 = g_1(z_1); z_2 = a_1 w_2; a_2 = g_2(z_2); L = Loss(a_2, y^*)"
ABSTRACT = asking(CHAIN, ("formulas",), more='abstract = ["g_1", "g_2", "Loss"]')


@pytest.mark.parametrize(
    ("id", "text"),
    [
        ("q.formula", "y + x"),
        ("q.formula", "q = x + y"),
        ("f.formula", "(x + y) z"),
        ("f.formula", "q·z"),
        ("z.gradient.formula", "x + y"),
        ("z.gradient.formula", "∂f/∂z = q"),
        ("x.gradient.formula", "∂f/∂x = ∂f/∂q · ∂q/∂x = z · 1 = z"),
        ("x>q.local.formula", "1"),
        ("q.formula", "x + y = q"),
        ("z.gradient.formula", "x + y;"),
        ("x.update", "x - α z"),
        ("x.update", "x - 0.1 z"),
        ("x.update", r"x \leftarrow x - \alpha z"),
        ("x.update", "x := x - lr·z"),
        ("x.update", "x -= η z"),
    ],
)
def test_right(id: str, text: str) -> None:
    m = one(S1, id, text)
    assert (m.verdict, m.credit) == ("right", 1), m.why


@pytest.mark.parametrize(
    "text",
    [
        "σ(z)(1 - σ(z)) w_0",
        "α(1-α)w0",
        r"\sigma(z)(1-\sigma(z)) w_{0}",
        "e^-z/(1 + e^-z)^2 w_0",
        "sigma(z)(1 - sigma(z)) w₀",
    ],
)
def test_spellings_of_the_neuron(text: str) -> None:
    assert one(NET, "x_0.gradient.formula", text).verdict == "right"


def test_how_a_name_was_read_is_said() -> None:
    assert one(NET, "x_0.gradient.formula", "α(1-α)w0").notes == ("w0 is read as w_0",)


@pytest.mark.parametrize(
    ("id", "text", "kind"),
    [
        ("q.gradient.formula", "q", "swap"),
        ("q.formula", "x - y", "sign"),
        ("x>q.local.formula", "-1", "sign"),
        ("x.update", "x + α z", "uphill"),
        ("y.update", "y - z", "rate"),
        ("y.update", "y + 0.1 z", "uphill"),
        ("x>q.product.formula", "1", "upstream"),
    ],
)
def test_mistakes(id: str, text: str, kind: str) -> None:
    m = one(S1, id, text)
    assert (m.verdict, m.mistake, m.credit) == ("wrong", kind, 0)


def test_a_mistake_in_a_slope_of_several_gates() -> None:
    assert one(NET, "x_1.gradient.formula", "z(1-z) w_1").mistake == "argument"
    assert one(NET, "w_1.gradient.formula", "α x_1").mistake == "factor"


def test_a_wrong_formula_is_shown_numbers() -> None:
    m = one(NET, "w_0.gradient.formula", "σ(z)(1 + σ(z)) x_0")
    assert m.verdict == "wrong"
    assert m.why.startswith("at w_0 = ")
    assert m.should == "α·(1 - α)·x_0"


def test_from_ones_own_formulas() -> None:
    own = {"x>q.local.formula": "2", "q.gradient.formula": "q"}
    found = one(S1, "x>q.product.formula", "2 q", **own)
    assert (found.verdict, found.credit) == ("consistent", 1)
    right = one(S1, "x>q.product.formula", "z", **own)
    assert (right.verdict, right.credit) == ("unfollowed", 1)
    assert "q.gradient.formula" in right.why


def test_first_of_formulas() -> None:
    answers = {"q.gradient.formula": "q", "x>q.product.formula": "q", "x.gradient.formula": "q", "q.formula": "x - y"}
    found = mark(S1, answers)
    assert {m.blank for m in found.first} == {"q.formula", "q.gradient.formula"}


def test_in_terms_of() -> None:
    keyed = asking(
        "a_1 = σ(x w_1); a_2 = σ(a_1 w_2); L = ½(a_2 - y)^2",
        (),
        more='[[problem.ask]]\nblank = "w_2.gradient.formula"\nnames = ["y", "a_1", "a_2"]',
    )
    id = "w_2.gradient.formula"
    assert one(keyed, id, "(a2 - y) a2 (1 - a2) a1").verdict == "right"
    m = one(keyed, id, "(a_2 - y) a_2 (1 - a_2) σ(x w_1)")
    assert (m.verdict, m.why) == ("wrong", "it uses x, w_1; it is asked for in terms of y, a_1, a_2")


@pytest.mark.parametrize(
    ("id", "text"),
    [
        ("q.formula", "q"),
        ("q.formula", "f/z"),
        ("x.gradient.formula", "∂f/∂x"),
        ("x.gradient.formula", "df/dq·dq/dx"),
        ("x.gradient.formula", "foo"),
        ("x.gradient.formula", "z; z"),
        ("x.gradient.formula", "z\nz"),
        ("x.gradient.formula", "(" * 3000),
        ("x.gradient.formula", "z" * 11_000),
        ("x.gradient.formula", "z = q"),
        ("x.gradient.formula", "z·(0/0)"),
        ("x.gradient.formula", "broadcast_to(z, shape=(9999, 9999))"),
        ("x.update", "y ← x - α z"),
        ("x.update", "x - α ∂f/∂x"),
    ],
)
def test_no_credit_for_copies_and_for_what_cannot_be_read(id: str, text: str) -> None:
    m = one(S1, id, text)
    assert m.verdict in ("cannot tell", "wrong")
    assert m.credit == 0
    assert m.why


def test_a_convention_at_a_tie() -> None:
    keyed = asking("f(x, y) = max(x, y)", (), more='[[problem.ask]]\nblank = "x.gradient.formula"\nanswer = "1{x > y}"')
    m = one(keyed, "x.gradient.formula", "1{x >= y}")
    assert m.verdict == "right"
    assert "convention" in m.notes[0]
    assert one(keyed, "x.gradient.formula", "1{y > x}").mistake == "loser"
    assert one(keyed, "x.gradient.formula", "1{x > y} + 1{x > 5}").verdict == "wrong"


@pytest.mark.parametrize(
    ("id", "text", "verdict"),
    [
        ("a_1.formula", "g1(z1)", "right"),
        ("a_2.formula", "g_2(w_2 g_1(x w_1))", "right"),
        ("L.formula", "Loss(g_2(w_2·g_1(w_1·x)), y*)", "right"),
        ("a_2.formula", "g_2(a_1)", "wrong"),
        ("a_2.formula", "g_1(z_2)", "wrong"),
        ("L.formula", "Loss(y^*, a_2)", "wrong"),
    ],
)
def test_abstract_functions(id: str, text: str, verdict: str) -> None:
    assert one(ABSTRACT, id, text).verdict == verdict


def test_arrays() -> None:
    keyed = asking("f(x, w) = sum(x w)", ("inputs.gradient.formula",), "x = [1, 2], w = [3, 4]")
    assert one(keyed, "x.gradient.formula", "w").verdict == "right"
    assert one(keyed, "x.gradient.formula", "x").verdict == "wrong"
    assert one(keyed, "x.gradient.formula", "sum(w)").mistake == "shapes"

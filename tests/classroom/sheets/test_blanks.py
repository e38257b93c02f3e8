"""What a sheet can leave blank: ids, their order, points, and keys in numbers and in symbols."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from chalkgrad.classroom.sheets.blank import FormulaKey, Keyed, NumberKey, ShapeKey, TextKey, Variant
from chalkgrad.classroom.sheets.key import keyed
from chalkgrad.classroom.sheets.reading import read_sheet
from chalkgrad.errors import SheetError

FORK = 'function = "q = x + y; r = q z; f = r + x"\nvalues = { x = -2, y = 5, z = -4 }\n'


def sheet(body: str) -> Keyed:
    return keyed(read_sheet('name = "t"\ntitle = "T"\n[[problem]]\n' + body))


def fork(*patterns: str) -> dict[str, Any]:
    return keys(sheet(FORK + f"blank = {list(patterns)!r}\n"))


def keys(found: Keyed) -> dict[str, Any]:
    """By id: the number, or the text."""
    return {b.id: b.key.exact if isinstance(b.key, NumberKey) else b.key.text for b in found.blanks}


# By hand: q = 3, r = -12, f = -14; dr = 1, dq = z = -4, dz = q = 3, dy = -4, dx = 1 + (-4) = -3.
def test_numbers_of_a_fork() -> None:
    assert fork("values") == {"q.value": 3, "r.value": -12, "f.value": -14}
    gradients = {"r.gradient": 1, "q.gradient": -4, "z.gradient": 3, "x.gradient": -3, "y.gradient": -4}
    assert fork("gradients") == gradients
    assert fork("f.gradient", "x.sum", "loss") == {"f.gradient": 1, "x.sum": -3, "f.loss": -14}
    locals_ = {"r>f": 1, "x>f": 1, "q>r": -4, "z>r": 3, "x>q": 1, "y>q": 1}
    assert fork("locals") == {f"{edge}.local": n for edge, n in locals_.items()}
    products = {"r>f": 1, "x>f": 1, "q>r": -4, "z>r": 3, "x>q": -4, "y>q": -4}
    assert fork("products") == {f"{edge}.product": n for edge, n in products.items()}


def test_a_step_of_descent() -> None:
    found = fork("next", "f.next")
    there = {"x": -1.7, "y": 5.4, "z": -4.3}
    assert found == pytest.approx({**{f"{n}.next": v for n, v in there.items()}, "f.next": 3.7 * -4.3 - 1.7})


def test_numbers_of_a_person_who_rounds_at_every_gate() -> None:
    body = 'function = "p = σ(x); f = 3p"\nvalues = { x = 0.5 }\nrate = 1\n'
    found = sheet(body + 'blank = ["values", "gradients", "next", "f.next"]\n')
    steps = {b.id: b.key.stepwise for b in found.blanks if isinstance(b.key, NumberKey)}
    # 0.62246 is 0.62, and 3 of it 1.86; σ' is 0.62·0.38 = 0.24 to two decimals, times 3 is 0.72
    # x goes to 0.5 - 0.72 = -0.22, where σ is 0.45, and 3 of it 1.35
    assert steps == {
        "p.value": 0.62,
        "f.value": 1.86,
        "p.gradient": 3.0,
        "x.gradient": 0.72,
        "x.next": -0.22,
        "f.next": 1.35,
    }


def test_what_rounding_leaves_of_0_is_0() -> None:
    found = sheet('function = "f = 3x"\nvalues = { x = 0.3 }\nrate = 0.1\nblank = ["x.next"]\n')
    assert keys(found) == {"x.next": 0.0}  # 0.3 - 0.1·3 is -5.6e-17 in floats


def test_symbols() -> None:
    assert fork("formulas") == {"q.formula": "x + y", "r.formula": "q·z", "f.formula": "r + x"}
    assert fork("inputs.gradient.formula") == {
        "z.gradient.formula": "q",
        "x.gradient.formula": "z + 1",
        "y.gradient.formula": "z",
    }
    assert fork("x>q.local.formula", "q>r.local.formula") == {"q>r.local.formula": "z", "x>q.local.formula": "1"}
    chain = fork("x.chain")["x.chain"]
    assert chain == "∂f/∂r · ∂r/∂q · ∂q/∂x + ∂f/∂x"
    assert fork("x.update") == {"x.update": "x - α·(z + 1)"}


def test_code_lines() -> None:
    found = fork("code")
    assert list(found.values()) == [
        "q = x + y", "r = q·z", "f = r + x",
        "df = 1", "dr = 1", "dx = 1", "dq = dr · z", "dz = dr · q", "dx += dq · 1", "dy = dq · 1",
    ]  # fmt: skip
    assert list(fork("code.forward")) == ["code.1", "code.2", "code.3"]
    assert list(fork("code.9")) == ["code.9"]
    assert fork("code.4")["code.4"] == "df = 1"
    for upstream in (2, 3):
        seeded = sheet(FORK + f"upstream = {upstream}\nblank = ['code.4']\n")
        assert keys(seeded) == {"code.4": f"df = {upstream}"}
    with pytest.raises(SheetError, match=r"code\.1 to code\.10"):
        fork("code.11")


def test_globs_and_sets_of_inputs_and_stages() -> None:
    assert list(fork("*.next")) == ["x.next", "y.next", "z.next"]
    assert list(fork("x>*.local")) == ["x>f.local", "x>q.local"]
    assert list(fork("stages.value")) == ["q.value", "r.value", "f.value"]
    assert list(fork("*.gradient")) == list(fork("gradients"))


def test_blanks_stand_behind_what_they_are_made_of() -> None:
    order = list(fork("gradients", "values", "products", "locals", "x.sum", "next", "x.gradient.formula", "updates"))
    for before, after in [
        ("q.value", "f.value"), ("f.value", "r>f.local"), ("q>r.local", "q>r.product"), ("q>r.product", "q.gradient"),
        ("q.gradient", "x>q.product"), ("x>q.product", "x.sum"), ("x>f.product", "x.sum"), ("x.sum", "x.gradient"),
        ("x.gradient", "x.gradient.formula"), ("x.gradient", "x.next"), ("x.gradient.formula", "x.update"),
    ]:  # fmt: skip
        assert order.index(before) < order.index(after), (before, after)


def test_a_value_read_twice_by_one_step_has_two_edges() -> None:
    found = sheet('function = "f = x x"\nvalues = { x = 3 }\nblank = ["locals", "x.sum"]\n')
    assert keys(found) == {"x>f#1.local": 3, "x>f#2.local": 3, "x.sum": 6}


def test_arrays() -> None:
    body = 'function = "F = x[0] * sort(x)"\nvalues = { x = [3, -1, 2] }\nupstream = [0.5, -2, 1]\n'
    found = sheet(body + 'blank = ["x.gradient", "x.shape", "F.value"]\n')
    # F = 3·(-1, 2, 3); dx = sort's way back of 3u, and u·sort(x) to x_0: (3 - 1.5, 1.5, -6)
    np.testing.assert_allclose(keys(found)["x.gradient"], [1.5, 1.5, -6.0])
    np.testing.assert_allclose(keys(found)["F.value"], [-3.0, 6.0, 9.0])
    assert found.questions[0].blank("x.shape").key == ShapeKey("3")


def test_matrices_in_symbols() -> None:
    body = 'function = "J = sum((W x - y)^2)"\nvalues = { W = [[1, 2], [3, 5]], x = [1, -1], y = [1, 3] }\n'
    found = keys(sheet(body + 'blank = ["W.gradient", "W.gradient.formula"]\n'))
    residual = np.array([1 - 2 - 1, 3 - 5 - 3])
    np.testing.assert_allclose(found["W.gradient"], 2 * np.outer(residual, [1, -1]))
    assert found["W.gradient.formula"] == "2 (W x - y) xᵀ"


def test_what_nobody_would_write_is_no_key() -> None:
    body = 'function = "f = sum(sort(W[0]))"\nvalues = { W = [[1, 2], [3, 5]] }\n'
    with pytest.raises(SheetError, match="give one as an answer"):  # a scatter of a broadcast
        sheet(body + 'blank = ["W.gradient.formula"]\n')


def test_shapes_of_equations() -> None:
    given = "x^(i) in R^(D_x x 1), z1 in R^(D_a x 1)\nz1 = W1 x^(i) + b1\nL^(i) = sum(z1)\nJ = 1/m Σ_{i=1}^{m} L^(i)"
    found = sheet(f"given = '''{given}'''\nblank = ['W1.shape', 'X.shape']\n")
    assert keys(found) == {"W1.shape": "D_a×D_x", "X.shape": "D_x×m"}
    with pytest.raises(SheetError, match=r"no 'W2' in the equations; there is .*W1"):
        sheet(f"given = '''{given}'''\nblank = ['W2.shape']\n")


def test_a_number_by_a_formula_of_ones_own() -> None:
    body = "values = { W = 10, F = 7, P = 3, S = 3 }\n[[problem.ask]]\nkind = 'value'\nid = 'size'\nask = 'size'\n"
    assert keys(sheet(body + "answer = '(W - F + 2P)/S + 1'\n")) == {"size": 4.0}
    with pytest.raises(SheetError, match="reads 'T', which has no value"):
        sheet(body + "answer = 'T + 1'\n")
    text = 'name = "t"\ntitle = "T"\n[[problem]]\n' + body + "answer = '(W - F + 2P)/S + 1'\n"
    other = keyed(read_sheet(text), Variant(1, 1, {1: {"W": 13.0}}))
    assert keys(other) == {"size": 5.0}  # the variant's numbers, with no function either
    assert other.questions[0].part.values["W"] == 13.0
    for wrong in ("1/(W - 10)", "(1/(W - 10))^0"):
        with pytest.raises(SheetError, match="no finite number"):
            sheet(body + f"answer = '{wrong}'\n")
    stages = sheet(FORK + "[[problem.ask]]\nkind = 'value'\nid = 'twice'\nask = '2q'\nanswer = '2q + z'\n")
    assert keys(stages) == {"twice": 2.0}


def test_in_terms_of_names() -> None:
    net = 'function = "z = x w; a = σ(z); L = ½(a - y)^2"\n[[problem.ask]]\nblank = "w.gradient.formula"\n'
    found = sheet(net + 'names = ["x", "y", "a"]\n')
    (blank,) = found.blanks
    assert blank.kind == "terms"
    assert isinstance(blank.key, FormulaKey)
    assert blank.key.names == ("x", "y", "a")
    assert "z" not in blank.key.text
    assert keys(sheet(net + 'names = ["x", "y", "a"]\nanswer = "(a - y) a (1 - a) x"\n'))
    with pytest.raises(SheetError, match="is not what the gradient program computes"):
        sheet(net + 'names = ["x", "y", "a"]\nanswer = "(a - y) a (1 + a) x"\n')
    with pytest.raises(SheetError, match="holds z, which its names leave out"):
        sheet(net + 'names = ["x", "y", "a"]\nanswer = "(a - y) σ(z) (1 - a) x"\n')
    with pytest.raises(SheetError, match="not found in terms of y"):
        sheet(net + 'names = ["y"]\n')
    with pytest.raises(SheetError, match="no value 'b'"):
        sheet(net + 'names = ["b"]\n')


def test_an_update_of_ones_own_is_checked() -> None:
    net = 'function = "f = (x - 3)^2 y"\n[[problem.ask]]\nblank = "x.update"\n'
    assert keys(sheet(net + 'answer = "x ← x - α·2(x - 3) y"\n')) == {"x.update": "x - α·2(x - 3) y"}
    for wrong in ("x + α·2(x - 3) y", "x - 2(x - 3) y", "x - α (x - 3) y", "x - α·2(x - 3"):
        with pytest.raises(SheetError, match=r"x\.update"):
            sheet(net + f'answer = "{wrong}"\n')


def test_abstract_functions_have_stages_and_chains() -> None:
    net = 'function = "a = g(x w); L = h(a)"\nabstract = ["g", "h"]\n'
    assert keys(sheet(net + 'blank = ["a.formula", "w.chain"]\n')) == {
        "a.formula": "g(x·w)",
        "w.chain": "∂L/∂a · ∂a/∂w",
    }
    with pytest.raises(SheetError, match="derivatives of g, h, which are not given"):
        sheet(net + 'blank = ["w.gradient.formula"]\n')


def test_derivations_are_judged_before_they_are_a_key() -> None:
    ask = 'function = "f = (x - 3)^2 y"\n[[problem.ask]]\nkind = "claim"\nask = "∂f/∂x"\n'
    (blank,) = sheet(ask + 'answer = "df/dx = 2(x - 3) y"\n').blanks
    assert isinstance(blank.key, TextKey)
    assert blank.key.given == "f(x, y) = (x - 3)^2·y"
    with pytest.raises(SheetError, match=r"(?s)is not right.*constant factor 2"):
        sheet(ask + 'answer = "df/dx = (x - 3) y"\n')


def test_a_derivation_is_about_the_function_as_it_was_understood() -> None:
    ask = 'function = "f = xy"\nvalues = { x = 2, y = 3 }\n[[problem.ask]]\nkind = "claim"\nask = "both"\n'
    (blank,) = sheet(ask + 'answer = "df/dx = y"\n').blanks
    assert isinstance(blank.key, TextKey)
    assert blank.key.given == "f(x, y) = x·y"


def test_a_formula_of_ones_own_is_what_its_label_says() -> None:
    ask = 'function = "q = x y; f = q + x"\n[[problem.ask]]\nkind = "formula"\nask = "∂f/∂x"\n'
    assert keys(sheet(ask + 'answer = "1 + y"\n')) == {"formula": "1 + y"}
    with pytest.raises(SheetError, match="is not ∂f/∂x"):
        sheet(ask + 'answer = "y"\n')
    other = ask.replace("∂f/∂x", "∂q/∂y")
    (blank,) = sheet(other + 'answer = "x"\n').blanks
    assert isinstance(blank.key, FormulaKey)
    assert blank.key.head == "∂q/∂y"
    with pytest.raises(SheetError, match="is not right"):
        sheet(other + 'answer = "y"\n')
    with pytest.raises(SheetError, match="cannot be judged"):
        sheet(ask.replace("∂f/∂x", "the slope") + 'answer = "y"\n')


def test_words_and_drawings() -> None:
    ask = "[[problem.ask]]\nkind = 'text'\nask = 'why?'\nrubric = ['good']\nfigure = 'row 10'\n"
    found = sheet(ask + ask + "[[problem.ask]]\nkind = 'graph'\nask = 'draw it'\nanswer_figure = 'row 10'\n")
    assert [b.id for b in found.blanks] == ["text", "text.2", "graph"]
    assert found.blanks[0].key == TextKey("", ("good",))
    assert (found.blanks[0].figure, found.blanks[2].answer_figure) == ("row 10", "row 10")


def test_values_stand_in_the_words() -> None:
    text = 'name = "t"\ntitle = "T"\n[[problem]]\nprose = "at $x = {{x}}$"\n' + FORK.replace("x = -2", "x = -2.5")
    read = read_sheet(text + 'blank = ["f.value"]\n')
    assert keyed(read).questions[0].problem.prose == "at $x = -2.5$"
    other = keyed(read, Variant(3, 7, {1: {"x": 4.0}}))
    assert other.questions[0].problem.prose == "at $x = 4$"
    assert keys(other) == {"f.value": (4 + 5) * -4 + 4}
    words = "[[problem.ask]]\nkind = 'text'\nask = 'at {{x}}'\nanswer = 'at {{ x }}'\nhint = '$x^{{(i)}}$ at {{x}}'\n"
    (blank,) = keyed(read_sheet(text + words), Variant(1, 1, {1: {"x": 4.0}})).blanks
    assert isinstance(blank.key, TextKey)
    assert (blank.ask, blank.key.text, blank.hint) == ("at 4", "at 4", "$x^{{(i)}}$ at 4")
    with pytest.raises(SheetError, match=r"problem 1, prose: .*\{\{w\}\}, which has no value"):
        keyed(read_sheet(text.replace("{{x}}", "{{w}}") + 'blank = ["f.value"]\n'))


def test_a_variant_of_another_sheet_is_refused() -> None:
    read = read_sheet('name = "t"\ntitle = "T"\n[[problem]]\n' + FORK + 'blank = ["f.value"]\n')
    with pytest.raises(SheetError, match="problem 2, which the sheet does not have"):
        keyed(read, Variant(1, 1, {2: {"x": 1.0}}))
    with pytest.raises(SheetError, match="'w', which is no input"):
        keyed(read, Variant(1, 1, {1: {"w": 1.0}}))


def test_the_question_stands_in_front_where_there_are_several() -> None:
    parts = '[[problem.part]]\nblank = ["f.value"]\n[[problem.part]]\nlabel = "2"\nblank = ["f.value"]\n'
    found = sheet(FORK + parts)
    assert [b.id for b in found.blanks] == ["1a:f.value", "1.2:f.value"]


def test_numbers_on_the_drawing_and_on_lines() -> None:
    places = {b.id: b.place for b in sheet(FORK + 'blank = ["gradients", "x.gradient.formula", "code.1"]\n').blanks}
    assert places["x.gradient"] == "graph"
    assert places["x.gradient.formula"] == "line"
    assert places["code.1"] == "code"
    places = {b.id: b.place for b in sheet(FORK + 'blank = ["x.gradient", "x.gradient.formula"]\n').blanks}
    assert places["x.gradient"] == "line"


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("q.vale", "no blank 'q.vale' in this function; did you mean 'q.value'"),
        ("gradents", "did you mean 'gradients'"),
        ("x.value", "x is an input, whose value is given"),
        ("*.*.*.*.*.*", "more than 4 stars"),
        ("k*.value", "finds no blank"),
    ],
)
def test_an_unknown_blank_is_refused_with_the_nearest(pattern: str, said: str) -> None:
    with pytest.raises(SheetError, match=said.replace("*", r"\*")):
        fork(pattern)


def test_numbers_need_values_and_formulas_no_upstream() -> None:
    with pytest.raises(SheetError, match=r"gives no values; 'f\.formula' asks for symbols"):
        sheet('function = "f = x y"\nblank = ["f.value"]\n')
    with pytest.raises(SheetError, match="no upstream gradient given"):
        sheet(FORK + 'upstream = 2\nblank = ["x.gradient.formula"]\n')
    with pytest.raises(SheetError, match="asked for twice"):
        fork("values", "q.value", "q.value")


def test_an_id_counts_before_a_set_that_it_is_in() -> None:
    entries = '["values", { blank = "q.value", points = 5, hint = "x + y" }, "stages.value"]'
    found = sheet(FORK + f"blank = {entries}\n")
    assert [(b.id, b.points, b.hint) for b in found.blanks] == [
        ("q.value", 5.0, "x + y"),
        ("r.value", 1.0, ""),
        ("f.value", 1.0, ""),
    ]


# points


def points(body: str) -> dict[str, float]:
    return {b.id: b.points for b in sheet(body).blanks}


def test_points_are_1_a_blank_where_nothing_is_said() -> None:
    assert set(points(FORK + 'blank = ["values", "gradients"]\n').values()) == {1.0}


def test_points_of_a_problem_are_shared_equally() -> None:
    found = points(FORK + 'points = 10\nblank = ["values", { blank = "x.gradient", points = 4 }]\n')
    assert found == {"q.value": 2.0, "r.value": 2.0, "f.value": 2.0, "x.gradient": 4.0}
    parts = '[[problem.part]]\npoints = 2\nblank = ["values"]\n[[problem.part]]\nblank = ["x.gradient", "y.gradient"]\n'
    shared = points(FORK + "points = 5\n" + parts)
    assert sum(shared.values()) == pytest.approx(5.0)
    assert shared["1b:x.gradient"] == 1.5


@pytest.mark.parametrize("said", ["points = 3", "points = 5"])
def test_points_that_do_not_add_up_are_refused(said: str) -> None:
    with pytest.raises(SheetError, match="4 points in all"):
        sheet(FORK + f'{said}\nblank = [{{ blank = "x.gradient", points = 4 }}]\n')

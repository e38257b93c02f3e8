"""Keys that can be trusted: three witnesses, and what is refused where they cannot agree."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chalkgrad.classroom.sheets import blanks, function
from chalkgrad.classroom.sheets.blank import Keyed, NumberKey, Variant
from chalkgrad.classroom.sheets.key import keyed, unwitnessed
from chalkgrad.classroom.sheets.reading import read_sheet
from chalkgrad.classroom.sheets.slopes import Slopes
from chalkgrad.errors import SheetError
from chalkgrad.evaluate.worked import Worked, work
from chalkgrad.ir.registry import OPS
from chalkgrad.notation.read import read
from tests.mutants.mutants import MUTANTS, backward, both

SHEETS = Path(__file__).parents[3] / "examples" / "sheets"
HEAD = 'name = "t"\ntitle = "T"\n[[problem]]\n'


def sheet(body: str) -> Keyed:
    return keyed(read_sheet(HEAD + body))


def at(text: str, **values: float) -> Worked:
    return work(read(text, values).program, values)


# rules that are wrong


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Any:
    """`broken(mutant)`: from here on a rule of an op is wrong, in a table of its own."""

    def use(mutant: Any) -> None:
        monkeypatch.setitem(OPS, mutant.op, mutant.record())
        function._function.cache_clear()

    yield use
    function._function.cache_clear()


ASKED = ["gradients", "locals", "products", "inputs.gradient.formula", "x.sum", "x.next", "x.update", "x.chain"]


@pytest.mark.parametrize("pattern", ASKED)
@pytest.mark.parametrize("mutant", [backward, both], ids=["reverse mode", "both modes"])
def test_a_sheet_with_a_wrong_rule_is_refused(broken: Any, mutant: Any, pattern: str) -> None:
    body = f'function = "q = tanh(x); f = q x"\nvalues = {{ x = 0.5 }}\nblank = ["{pattern}"]\n'
    assert sheet(body).blanks
    broken(mutant("tanh", lambda y, x: (1 - y,)))  # the square lost
    with pytest.raises(SheetError, match="is not sure"):
        sheet(body)


@pytest.mark.parametrize("pattern", ["inputs.gradient.formula", "x.update", "x.chain", "q>r.local.formula"])
def test_a_wrong_rule_is_seen_where_no_values_are_given(broken: Any, pattern: str) -> None:
    body = f'function = "q = x^3; r = sin(q); f = r x"\nblank = ["{pattern}"]\n'
    assert sheet(body).blanks
    broken(backward("sin", lambda y, x: (x.apply("sin"),)))
    with pytest.raises(SheetError, match="is not sure"):
        sheet(body)


def test_a_wrong_rule_of_arrays_is_seen(broken: Any) -> None:
    body = 'function = "f = sum(exp(x) x)"\nvalues = { x = [1, -0.5] }\nblank = ["x.gradient"]\n'
    assert sheet(body).blanks
    broken(backward("exp", lambda y, x: (2 * y,)))
    with pytest.raises(SheetError, match=r"x\.gradient' is not sure"):
        sheet(body)


@pytest.mark.parametrize("mutant", [m for m in MUTANTS.values() if m.op == "sort"])
def test_the_inverse_permutation_in_sort_is_seen(broken: Any, mutant: Any) -> None:
    body = (
        'function = "F = x[0] * sort(x)"\nvalues = { x = [3, -1, 2] }\nupstream = [0.5, -2, 1]\nblank = ["gradients"]\n'
    )
    assert sheet(body).blanks
    broken(mutant)
    with pytest.raises(SheetError, match=r"'x\.gradient' is not sure"):
        sheet(body)


BIG = "[" + ", ".join(str(k / 10) for k in range(-9, 11)) + "]"


@pytest.mark.parametrize("pattern", ["x.gradient", "x.next"])
def test_a_wrong_rule_of_a_long_array_is_seen(broken: Any, pattern: str) -> None:
    body = f'function = "f = sum(tanh(x) x)"\nvalues = {{ x = {BIG} }}\nblank = ["{pattern}"]\n'
    assert sheet(body).blanks
    broken(both("tanh", lambda y, x: (1 - y,)))
    with pytest.raises(SheetError, match="is not sure"):
        sheet(body)


def test_a_wrong_rule_of_arrays_is_seen_where_no_values_are_given(broken: Any) -> None:
    body = 'function = "W in R^(m x n); x in R^n; f = sum(tanh(W x))"\nblank = ["W.gradient.formula"]\n'
    assert sheet(body).blanks
    broken(backward("tanh", lambda y, x: (1 - y,)))
    with pytest.raises(SheetError, match="is not sure"):
        sheet(body)


def test_a_wrong_rule_is_seen_beside_a_kink_that_is_meant(broken: Any) -> None:
    body = 'function = "f = tanh(x) + relu(y)"\nkinks = true\nvalues = { x = 0.5, y = 0 }\nblank = ["gradients"]\n'
    assert sheet(body).blanks
    broken(backward("tanh", lambda y, x: (1 - y,)))
    with pytest.raises(SheetError, match="is not sure"):
        sheet(body)


@pytest.mark.parametrize(
    "id", ["q.value", "x.gradient", "x>q.local", "x>q.product", "x.next", "f.next", "x.sum", "loss"]
)
def test_a_number_that_went_wrong_on_its_way_is_seen(monkeypatch: pytest.MonkeyPatch, id: str) -> None:
    """Whatever puts a number into a key, the witnesses start from the function anew."""
    right = blanks.Keys.number

    def slightly_off(self: Any, spec: Any) -> Any:
        return right(self, spec) * (1 + 1e-6)

    body = f'function = "q = x y; f = q + x"\nvalues = {{ x = 1.5, y = 2 }}\nblank = ["{id}"]\n'
    assert sheet(body).blanks
    monkeypatch.setattr(blanks.Keys, "number", slightly_off)
    with pytest.raises(SheetError, match="is not sure"):
        sheet(body)


# hard points


def test_a_tie_is_refused_unless_it_is_meant() -> None:
    body = 'function = "f = max(x, y)"\nvalues = { x = 1, y = 1 }\nblank = ["gradients"]\n'
    with pytest.raises(SheetError, match=r"problem 1: f = maximum at x = 1, y = 1: declared convention.*kinks = true"):
        sheet(body)
    (question,) = sheet("kinks = true\n" + body).questions
    assert question.work is not None
    assert question.work.notices  # the key says the convention
    assert [b.key.exact for b in question.blanks if isinstance(b.key, NumberKey)] == [0.5, 0.5]


def test_relu_at_0_is_a_kink_and_at_minus_1_is_none() -> None:
    body = 'function = "f = relu(x)"\nupstream = -3\nvalues = { x = 0 }\nblank = ["x.gradient"]\n'
    with pytest.raises(SheetError, match="kinks = true"):
        sheet(body)
    (blank,) = sheet(body.replace("x = 0", "x = -1")).blanks
    assert isinstance(blank.key, NumberKey)
    assert (float(blank.key.exact), math.copysign(1, blank.key.exact)) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("function_", "values", "said"),
    [
        ("log(x)", "x = -1", "is nan"),
        ("1/x", "x = 0", "is inf"),
        ("σ(x)", "x = 20", "is 0 to 2 decimals"),
        ("σ(x)", "x = 60", "saturated"),
        ("1/(1 + e^-x)", "x = 500", "saturated"),
        ("tanh(x)", "x = -30", "saturated"),
        ("x^2 + 1", "x = 0.001", "ask for more digits"),
        ("x^3", "x = 12345.67", "too long to be written"),
    ],
)
def test_numbers_that_nobody_can_write_are_refused(function_: str, values: str, said: str) -> None:
    with pytest.raises(SheetError, match=said):
        sheet(f'function = "f = {function_}"\nvalues = {{ {values} }}\nblank = ["values", "gradients"]\n')


def test_a_slope_of_0_at_a_flat_place_is_no_saturation() -> None:
    found = sheet('function = "f = (x - 7)^2 + cos(y)"\nvalues = { x = 7, y = 0 }\nblank = ["inputs.gradient"]\n')
    assert [b.key.exact for b in found.blanks if isinstance(b.key, NumberKey)] == [0.0, 0.0]


# differences


def test_slopes_of_every_value_at_once() -> None:
    found = at("f = 1/(1 + e^-(w x + b))", w=2.0, x=-1.0, b=0.25)
    variables = list(found.program.variables())
    slopes = Slopes(found.program, [found.number(v) for v in found.program.inputs], 1.0).of(variables)
    for var in variables:
        assert float(slopes[var].value) == pytest.approx(float(found.gradient(var)), rel=1e-12)
        assert slopes[var].error < 1e-12


def test_slopes_keep_to_the_domain_and_hold_what_comes_before() -> None:
    found = at("q = log(x); f = q + x^2", x=0.01)
    (x,) = found.program.inputs
    q = next(v for v in found.program.variables() if v.hint == "q")
    slopes = Slopes(found.program, [0.01], 1.0).of([x, q])
    assert float(slopes[x].value) == pytest.approx(100.02)
    assert float(slopes[q].value) == pytest.approx(1.0)


def test_a_local_slope_moves_one_place_of_two() -> None:
    found = at("f = x x", x=3.0)
    (step,) = found.program.steps
    slopes = Slopes(found.program, [3.0], 1.0)
    assert float(slopes.local(step, 1).value) == pytest.approx(3.0)


def test_where_differences_tell_nothing_the_sheet_is_refused() -> None:
    with pytest.raises(SheetError, match="is not sure"):
        sheet('function = "f = sqrt(abs(x - 1))"\nvalues = { x = 1.000000000001 }\nblank = ["x.gradient"]\n')


# speed, and one key a variant


def test_thirty_variants_are_keyed_quickly() -> None:
    read_ = read_sheet((SHEETS / "backprop.toml").read_text(encoding="utf-8"))
    s2 = replace(read_, problems=read_.problems[1:2])
    rng = np.random.default_rng(3)
    names = tuple(s2.problems[0].parts[0].values)
    keyed(s2)
    start = time.perf_counter()
    for number in range(1, 31):
        drawn = rng.choice([-1.0, -0.5, 0.5, 1.0], len(names))
        values = {n: float(v) for n, v in zip(names, drawn, strict=True)}
        assert len(keyed(s2, Variant(number, 3, {2: values})).blanks) == 21
    assert time.perf_counter() - start < 3  # 0.4 s on an idle machine


def test_ids_and_symbols_are_the_same_in_every_variant() -> None:
    read_ = read_sheet((SHEETS / "section.toml").read_text(encoding="utf-8"))
    one = keyed(read_)
    two = unwitnessed(read_, Variant(1, 1, {1: {"x": 3.0, "y": 4.0, "z": -2.0}}))
    assert [b.id for b in one.blanks] == [b.id for b in two.blanks]
    texts = [(a.key.text, b.key.text) for a, b in zip(one.blanks, two.blanks, strict=True) if hasattr(a.key, "text")]
    assert all(a == b for a, b in texts)
    assert one.code == "section3-0-00"
